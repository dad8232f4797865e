//! Which protocol the members of a classic generation follow.

use std::collections::BTreeMap;

/// Each votes for what it likes best of what all know, and most votes win; of equals the first by name. `None` if there is nothing that all
/// know.
pub(crate) fn elected<'a, P>(
    known_by_all: impl Iterator<Item = &'a str>,
    likings: impl Iterator<Item = P>,
) -> Option<&'a str>
where
    P: IntoIterator<Item = &'a str>,
{
    let mut votes: BTreeMap<&str, usize> = known_by_all.map(|name| (name, 0)).collect();
    for liked in likings {
        let vote = liked.into_iter().find(|name| votes.contains_key(name));
        if let Some(name) = vote {
            *votes.entry(name).or_default() += 1;
        }
    }
    let mut elected: Option<(&str, usize)> = None;
    for (name, count) in votes {
        if elected.is_none_or(|(_, most)| count > most) {
            elected = Some((name, count));
        }
    }
    elected.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_votes_win_and_of_equals_the_first_by_name() {
        let vote = |likings: &[&[&'static str]]| {
            let likings = likings.iter().map(|liked| liked.iter().copied());
            elected(["a", "b"].into_iter(), likings)
        };
        assert_eq!(
            vote(&[&["b", "a"], &["c", "b", "a"], &["a", "b"]]),
            Some("b")
        );
        assert_eq!(vote(&[&["b", "a"], &["a", "b"]]), Some("a"));
        assert_eq!(elected([].into_iter(), [["c"]].into_iter()), None);
    }
}
