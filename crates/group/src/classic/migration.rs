//! What a consumer group takes over of the classic one that it was.

use std::sync::Arc;

use super::group::ClassicGroup;
use super::member::Member;

impl ClassicGroup {
    pub(crate) fn members(&self) -> impl Iterator<Item = (&Arc<str>, &Member)> {
        self.members.iter()
    }

    pub(crate) fn member_count(&self) -> usize {
        self.members.len()
    }

    /// What the members of this generation follow.
    pub(crate) fn protocol(&self) -> Option<&Arc<str>> {
        self.protocol.as_ref()
    }
}
