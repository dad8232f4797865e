use std::collections::BTreeSet;

use ottla_wire::coordinator_record::GroupRecord;

/// What a cleaner leaves of a log whose first `cleaned` records it has seen: of each key the last of them, and no tombstone if these are old.
pub(super) fn compacted(
    log: &[GroupRecord<'static>],
    cleaned: usize,
    tombstones: bool,
) -> Vec<GroupRecord<'static>> {
    let (head, tail) = log.split_at(cleaned);
    let mut seen = BTreeSet::new();
    let mut kept: Vec<GroupRecord<'static>> = head
        .iter()
        .rev()
        .filter(|record| seen.insert(record.encode_key().to_vec()))
        .filter(|record| tombstones || record.encode_value(0).is_some())
        .cloned()
        .collect();
    kept.reverse();
    kept.extend_from_slice(tail);
    kept
}
