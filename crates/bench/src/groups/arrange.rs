//! Who is to have which partition.

use ottla_model::PartitionIndex;

use super::member::Standing;

/// The range of partitions of the member at `place` of so many: the first get one more where there are some left.
pub(super) fn range(partitions: i32, place: usize, members: usize) -> Vec<PartitionIndex> {
    let partitions = usize::try_from(partitions).unwrap_or(0);
    let (quota, extra) = (partitions / members, partitions % members);
    let from = place * quota + place.min(extra);
    let to = from + quota + usize::from(place < extra);
    (from..to)
        .map(|index| PartitionIndex(i32::try_from(index).expect("partitions are counted in i32")))
        .collect()
}

/// Whether all members have what they are to have: they agree on their epoch, each partition is one member's, and none has two more
/// than another.
pub(super) fn is_settled<'a>(
    members: impl Iterator<Item = Option<Standing<'a>>>,
    partitions: i32,
) -> bool {
    let mut owned = vec![false; usize::try_from(partitions).unwrap_or(0)];
    let mut epoch = None;
    let (mut fewest, mut most, mut all) = (usize::MAX, 0, 0);
    for standing in members {
        let Some(standing) = standing else {
            return false;
        };
        if *epoch.get_or_insert(standing.epoch) != standing.epoch {
            return false;
        }
        for partition in standing.partitions {
            let place = usize::try_from(partition.0).ok();
            match place.and_then(|place| owned.get_mut(place)) {
                Some(owned @ false) => *owned = true,
                _ => return false,
            }
        }
        let count = standing.partitions.len();
        (fewest, most, all) = (fewest.min(count), most.max(count), all + count);
    }
    all == owned.len() && most <= fewest.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(partitions: i32, members: usize) -> Vec<Vec<PartitionIndex>> {
        (0..members)
            .map(|place| range(partitions, place, members))
            .collect()
    }

    fn settled(parts: &[(i32, &[PartitionIndex])], partitions: i32) -> bool {
        let standings = parts.iter().map(|(epoch, partitions)| {
            Some(Standing {
                epoch: *epoch,
                partitions,
            })
        });
        is_settled(standings, partitions)
    }

    #[test]
    fn ranges_make_a_group_that_is_settled() {
        for (partitions, members) in [(1, 1), (11, 10), (10, 10), (3, 5), (1000, 7)] {
            let ranges = ranges(partitions, members);
            let parts: Vec<_> = ranges.iter().map(|range| (3, &range[..])).collect();
            assert!(settled(&parts, partitions), "{partitions} {members}");
        }
    }

    #[test]
    fn a_group_is_not_settled_before_all_have_their_part() {
        let [a, b, c] = [0, 1, 2].map(PartitionIndex);
        assert!(settled(&[(1, &[a, b]), (1, &[c])], 3));
        // Another epoch, a partition of nobody, of two, one that is not, and one member that has too many.
        assert!(!settled(&[(1, &[a, b]), (2, &[c])], 3));
        assert!(!settled(&[(1, &[a]), (1, &[c])], 3));
        assert!(!settled(&[(1, &[a, b]), (1, &[b, c])], 3));
        assert!(!settled(&[(1, &[a, b]), (1, &[PartitionIndex(3)])], 3));
        assert!(!settled(&[(1, &[a, b, c]), (1, &[])], 3));
        assert!(!is_settled([None].into_iter(), 0));
    }
}
