//! Which protocol a generation follows.

use std::sync::Arc;

use super::members::Members;
use crate::vote::elected;

impl Members {
    /// `None` without members, who are taken in only with a protocol that all know.
    pub(super) fn vote(&self) -> Option<Arc<str>> {
        let known = self.known_by_all().map(|name| &**name);
        let likings = self.iter().map(|(_, member)| {
            let protocols = member.terms.protocols.iter();
            protocols.map(|protocol| &*protocol.name)
        });
        let elected = elected(known, likings)?;
        self.known_by_all()
            .find(|name| ***name == *elected)
            .cloned()
    }
}
