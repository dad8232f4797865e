//! `Heartbeat`: a member is alive, and learns whether it is to rejoin.

use ottla_coordinator::Now;
use ottla_model::ErrorCode;

use super::group::ClassicGroup;
use super::phase::Phase;
use super::request::Heartbeat;

impl ClassicGroup {
    /// The code to answer with: none, REBALANCE_IN_PROGRESS for a member that is to join again, UNKNOWN_MEMBER_ID,
    /// FENCED_INSTANCE_ID, ILLEGAL_GENERATION.
    #[must_use]
    pub fn heartbeat(&mut self, heartbeat: &Heartbeat, now: Now) -> ErrorCode {
        let instance_id = heartbeat.instance_id.as_deref();
        if let Err(error) = self.check_member(&heartbeat.member_id, instance_id) {
            return error;
        }
        if heartbeat.generation != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        self.restart_session(&heartbeat.member_id, now);
        match self.phase {
            Phase::Preparing(_) => ErrorCode::RebalanceInProgress,
            Phase::Empty | Phase::Completing(_) | Phase::Stable(_) => ErrorCode::None,
        }
    }
}
