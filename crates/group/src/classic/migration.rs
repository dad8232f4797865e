//! A group changes its kind while it has members.

use std::sync::Arc;

use ottla_coordinator::Now;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;

use super::Step;
use super::group::ClassicGroup;
use super::load::InvalidGroup;
use super::member::Member;
use super::settings::ClassicSettings;

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

    /// What was a consumer group, as its first record has it: without a leader. Its members learn with their heartbeats that they are called together.
    ///
    /// # Errors
    /// When the record contradicts itself.
    pub(crate) fn downgraded(
        id: Arc<str>,
        value: &GroupMetadataValue<'_>,
        now: Now,
        settings: &ClassicSettings,
    ) -> Result<Self, InvalidGroup> {
        let mut group = Self::from_record(id, value)?;
        let mut step = Step::default();
        let write = group.loaded(now, settings, &mut step);
        assert!(
            write.is_none() && step.answers.is_empty(),
            "nobody waits for a group that has just begun"
        );
        Ok(group)
    }
}
