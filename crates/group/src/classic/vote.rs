//! Which protocol a generation follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::members::Members;

impl Members {
    /// Each votes for what it likes best of what all know, and most votes win; of equals the first by name. `None` without members.
    ///
    /// # Panics
    /// When there is nothing that all know: nobody becomes a member with such terms.
    pub(super) fn vote(&self) -> Option<Arc<str>> {
        let mut votes: BTreeMap<&Arc<str>, usize> =
            self.known_by_all().map(|name| (name, 0)).collect();
        for (_, member) in self.iter() {
            let mut liked = member.terms.protocols.iter().map(|protocol| &protocol.name);
            let vote = liked.find(|name| votes.contains_key(name));
            let vote = vote.expect("members are taken in only with a protocol that all know");
            *votes.entry(vote).or_default() += 1;
        }
        let mut elected: Option<(&Arc<str>, usize)> = None;
        for (name, count) in votes {
            if elected.is_none_or(|(_, most)| count > most) {
                elected = Some((name, count));
            }
        }
        elected.map(|(name, _)| name.clone())
    }
}
