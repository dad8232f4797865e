//! What becomes of a group when its record is committed, or lost.

use ottla_coordinator::Now;
use ottla_model::ErrorCode;

use super::Step;
use super::group::ClassicGroup;
use super::phase::{Completing, Phase};
use super::settings::ClassicSettings;
use super::static_member::Replacement;
use super::sync::Assignment;

/// What the group waits for with a record that a step has made: goes to [`ClassicGroup::committed`] or
/// [`ClassicGroup::append_failed`].
#[derive(Clone, Debug)]
#[must_use = "the members that wait for the record would wait for ever"]
pub struct Write(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Creation,
    Emptied,
    Assignment(Assignment),
    StaticMember(Box<Replacement>),
}

impl Write {
    pub(super) fn creation() -> Self {
        Self(Kind::Creation)
    }

    pub(super) fn emptied() -> Self {
        Self(Kind::Emptied)
    }

    pub(super) fn assignment(assignment: Assignment) -> Self {
        Self(Kind::Assignment(assignment))
    }

    pub(super) fn static_member(replacement: Replacement) -> Self {
        Self(Kind::StaticMember(Box::new(replacement)))
    }
}

/// What members are told of a record that is lost: where to go, or to try again.
#[must_use]
pub fn append_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge
        | ErrorCode::RecordListTooLarge
        | ErrorCode::InvalidFetchSize => ErrorCode::UnknownServerError,
        other => other,
    }
}

impl ClassicGroup {
    /// The record of `write` is committed.
    pub fn committed(&mut self, write: Write, now: Now, step: &mut Step) {
        match write.0 {
            Kind::Creation | Kind::Emptied => {}
            Kind::Assignment(assignment) => self.assigned(&assignment, now, step),
            Kind::StaticMember(replacement) => self.replaced(&replacement, step),
        }
    }

    /// The record of `write` is lost. Where several are, the last comes first: each is taken back to what was before it.
    /// A group whose creation it was is not there: nobody waits for it any more, and it is to be dropped.
    #[must_use]
    pub fn append_failed(
        &mut self,
        write: Write,
        error: ErrorCode,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let error = append_error(error);
        match write.0 {
            Kind::Creation => self.unload(error, step),
            // Should this node stop before the next record, the members of the generation before come back to life, and expire.
            Kind::Emptied => {}
            Kind::Assignment(assignment) => {
                if self.completing(assignment.generation).is_some() {
                    self.take_back_assignment(error, now, step);
                    return self.prepare_rebalance(now, settings, step);
                }
            }
            Kind::StaticMember(replacement) => {
                self.revert_replacement(*replacement, error, now, step);
            }
        }
        None
    }

    /// The wait for the assignment of `generation`, unless the group has gone on.
    pub(super) fn completing(&self, generation: i32) -> Option<&Completing> {
        match &self.phase {
            Phase::Completing(completing) if self.generation == generation => Some(completing),
            _ => None,
        }
    }
}
