//! A simulated member, of either protocol.

use std::net::TcpStream;

use ottla_model::{ErrorCode, PartitionIndex, TopicId};
use ottla_wire::Str;
use ottla_wire::api::ApiKey;
use ottla_wire::message::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};

use super::Protocol;
use super::classic::ClassicMember;
use super::consumer::ConsumerMember;
use super::line::Line;
use crate::load::LoadError;

/// `FindCoordinator` is asked for a group.
const GROUP_KEY: i8 = 0;

/// So long may a member take to give up its partitions, or to join again. Milliseconds.
pub(super) const REBALANCE_TIMEOUT_MS: i32 = 300_000;

/// The topic that all members subscribe to.
#[derive(Clone, Debug)]
pub(super) struct Subscribed {
    pub(super) name: String,
    pub(super) id: TopicId,
    pub(super) partitions: i32,
}

/// What a member has, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing<'a> {
    /// The generation, or the member's epoch.
    pub(super) epoch: i32,
    pub(super) partitions: &'a [PartitionIndex],
}

/// One that answers at once whatever it is told.
pub(super) trait Member {
    fn line(&self) -> &Line;

    /// Looks for the coordinator of this group, and joins.
    fn arrive(&mut self, group: &str) -> Result<(), LoadError>;

    /// Takes the answer that has come, and says what follows from it.
    fn receive(&mut self) -> Result<(), LoadError>;

    /// What comes next if nothing happens until then. Only of a member that waits for nothing.
    fn heartbeat(&mut self) -> Result<(), LoadError>;

    fn leave(&mut self) -> Result<(), LoadError>;

    /// `None` of one that has just arrived or left, or waits for an answer that may change what it has.
    fn standing(&self) -> Option<Standing<'_>>;
}

pub(super) fn socket(member: &dyn Member) -> &TcpStream {
    member.line().socket()
}

pub(super) fn new<'t>(
    protocol: Protocol,
    address: &str,
    number: usize,
    topic: &'t Subscribed,
) -> Result<Box<dyn Member + 't>, LoadError> {
    let line = Line::open(address)?;
    Ok(match protocol {
        Protocol::Classic => Box::new(ClassicMember::new(line, topic)),
        Protocol::Consumer => Box::new(ConsumerMember::new(line, number, topic)),
    })
}

pub(super) fn find_coordinator(group: &str) -> FindCoordinatorRequest<'_> {
    FindCoordinatorRequest {
        key: Str::Borrowed(group),
        key_type: GROUP_KEY,
        coordinator_keys: vec![Str::Borrowed(group)],
    }
}

/// # Errors
/// When there is none.
pub(super) fn check_coordinator(found: &FindCoordinatorResponse<'_>) -> Result<(), LoadError> {
    let code = found
        .coordinators
        .first()
        .map_or(found.error_code, |coordinator| coordinator.error_code);
    check("FindCoordinator", code, None)
}

pub(super) fn ask_coordinator(line: &mut Line, group: &str) -> Result<(), LoadError> {
    line.ask(ApiKey::FindCoordinator, &find_coordinator(group))
}

/// # Errors
/// When there is none.
pub(super) fn coordinator_answered(line: &mut Line) -> Result<(), LoadError> {
    check_coordinator(&line.answer()?)
}

/// Of a member that hears although it has asked for nothing.
pub(super) fn ended() -> LoadError {
    LoadError::Unfit("the broker ends a connection".to_owned())
}

pub(super) fn check(what: &str, code: ErrorCode, message: Option<&str>) -> Result<(), LoadError> {
    LoadError::check(|| what.to_owned(), code, message)
}
