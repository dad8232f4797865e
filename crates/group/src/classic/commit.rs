//! Who may commit and fetch offsets of the group.

use ottla_coordinator::Now;
use ottla_model::ErrorCode;

use super::group::ClassicGroup;
use super::phase::Phase;

impl ClassicGroup {
    /// `generation` is negative, and `member_id` empty, for who does not use the group's membership.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION; REBALANCE_IN_PROGRESS for a member that is to sync first.
    pub fn validate_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        if self.is_empty() && generation < 0 {
            return Ok(());
        }
        let names_member = generation >= 0 || !member_id.is_empty() || instance_id.is_some();
        if names_member {
            self.check_generation(member_id, instance_id, generation)?;
        } else {
            return Err(ErrorCode::UnknownMemberId);
        }
        match self.phase {
            Phase::Completing(_) => Err(ErrorCode::RebalanceInProgress),
            Phase::Empty | Phase::Preparing(_) | Phase::Stable(_) => Ok(()),
        }
    }

    /// The same for a commit that is part of a transaction. Old producers do not say for which member they commit.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION.
    pub fn validate_transactional_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        let names_member = generation >= 0 || !member_id.is_empty() || instance_id.is_some();
        if !names_member || self.is_empty() && generation < 0 {
            return Ok(());
        }
        self.check_generation(member_id, instance_id, generation)
    }

    fn check_generation(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        self.check_member(member_id, instance_id)?;
        if generation == self.generation {
            Ok(())
        } else {
            Err(ErrorCode::IllegalGeneration)
        }
    }

    /// A member that commits is alive. Before it syncs, its commit is refused and says nothing.
    pub fn committed_offsets_keep_session(&mut self, member_id: &str, now: Now) {
        if matches!(self.phase, Phase::Preparing(_) | Phase::Stable(_)) {
            self.restart_session(member_id, now);
        }
    }

    /// # Errors
    /// NON_EMPTY_GROUP: only of an empty group, and of consumers, may offsets be deleted.
    pub fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() || self.uses_consumer_protocol() {
            Ok(())
        } else {
            Err(ErrorCode::NonEmptyGroup)
        }
    }

    /// # Errors
    /// NON_EMPTY_GROUP.
    pub fn validate_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(ErrorCode::NonEmptyGroup)
        }
    }
}
