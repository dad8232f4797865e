//! Judges what a coordinator tells its members, whatever they do.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_coordinator::Ticket;
use ottla_group::classic::{JoinAnswer, SyncAnswer};
use ottla_model::{ErrorCode, Monotonic};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;

use crate::coordinator::Coordinator;

/// Instances are called by this and a number, so that their members are known by their ids.
pub(crate) const INSTANCE: &str = "static";

/// What has been told of a generation.
#[derive(Debug, Default)]
struct Generation {
    protocol: Option<String>,
    /// Whoever it is: see [`identity`].
    leader: Option<String>,
    /// Which of the assignments that its leader has sent holds.
    assignment: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Judge {
    generations: BTreeMap<i32, Generation>,
    /// When a record was last on its way: whoever waits for it may wait.
    last_in_flight: Monotonic,
    /// That the group is empty could not be written.
    is_behind: bool,
}

/// The same for all ids that an instance has, one after the other.
pub(crate) fn identity(member_id: &str) -> &str {
    if member_id.starts_with(INSTANCE) {
        member_id.split('-').next().unwrap_or_default()
    } else {
        member_id
    }
}

/// What a leader assigns to a member.
pub(crate) fn part(assignment: &str, member_id: &str) -> String {
    format!("{assignment} {}", identity(member_id))
}

impl Judge {
    /// One generation has one leader and one protocol.
    pub(crate) fn joined(&mut self, answer: &JoinAnswer) {
        if answer.error != ErrorCode::None {
            assert!(answer.members.is_empty(), "{answer:?}");
            return;
        }
        let known = self.generations.entry(answer.generation).or_default();
        let protocol = answer.protocol.as_deref().expect("a generation has one");
        let agreed = known.protocol.get_or_insert_with(|| protocol.to_owned());
        assert_eq!(protocol, agreed, "generation {}", answer.generation);
        let leader = identity(&answer.leader);
        let agreed = known.leader.get_or_insert_with(|| leader.to_owned());
        assert_eq!(leader, agreed, "generation {}", answer.generation);
        if answer.leader == answer.member_id {
            let mut members = answer.members.iter();
            assert!(members.any(|member| member.member_id == answer.member_id));
        } else {
            assert!(answer.members.is_empty(), "the leader alone assigns");
            assert!(!answer.skip_assignment);
        }
    }

    /// Each member gets what its leader assigned it, and all of a generation the same assignment's parts.
    pub(crate) fn synced(&mut self, member_id: &str, generation: i32, answer: &SyncAnswer) {
        if answer.error != ErrorCode::None {
            assert!(answer.assignment.is_empty(), "{answer:?}");
            return;
        }
        self.assigned(member_id, generation, &answer.assignment);
    }

    fn assigned(&mut self, member_id: &str, generation: i32, assigned: &[u8]) {
        let assigned = std::str::from_utf8(assigned).expect("the leader wrote it");
        let (assignment, _) = assigned
            .split_once(' ')
            .expect("all are assigned something");
        let known = self.generations.entry(generation).or_default();
        let agreed = known
            .assignment
            .get_or_insert_with(|| assignment.to_owned());
        assert_eq!(assigned, part(agreed, member_id), "generation {generation}");
    }

    /// After a record has been committed.
    pub(crate) fn committed(&mut self, coordinator: &Coordinator) {
        self.is_behind = false;
        let Some(record) = &coordinator.log else {
            return;
        };
        for member in &record.members {
            self.assigned(&member.member_id, record.generation, &member.assignment);
        }
    }

    /// After all records that were on their way have been lost.
    pub(crate) fn failed(&mut self, coordinator: &Coordinator) {
        match &coordinator.group {
            Some(group) => self.is_behind = group.is_empty(),
            None => *self = Self::default(),
        }
    }

    /// The generations that have not been written down are forgotten.
    pub(crate) fn restarted(&mut self, coordinator: &Coordinator) {
        self.is_behind = false;
        let written = coordinator
            .log
            .as_ref()
            .map_or(0, |record| record.generation);
        self.generations
            .retain(|generation, _| *generation <= written);
    }

    /// After every step: nobody waits longer than `patience`, and the log has what the group is.
    pub(crate) fn look_at(&mut self, coordinator: &Coordinator, patience: Duration) {
        if coordinator.has_in_flight() {
            self.last_in_flight = coordinator.now.monotonic;
        }
        for (Ticket(ticket), since) in &coordinator.waiting {
            let waited = coordinator.now.monotonic - (*since).max(self.last_in_flight);
            assert!(waited <= patience, "ticket {ticket} waits for {waited:?}");
        }
        let Some(group) = &coordinator.group else {
            assert!(coordinator.waiting.is_empty());
            return;
        };
        if let Some(deadline) = group.next_deadline() {
            assert!(deadline > coordinator.now.monotonic, "something is overdue");
        }
        let is_written = ["Stable", "Empty"].contains(&group.state().name());
        if is_written && !coordinator.has_in_flight() && !self.is_behind {
            let loaded = coordinator.loaded().expect("it is in the log");
            let live = without_time(group.assigned_record());
            assert_eq!(without_time(loaded.assigned_record()), live);
            assert_eq!(loaded.state(), group.state());
        }
    }
}

/// The time is that of the state in which the record was made, and the group has come into another one by it.
fn without_time(record: GroupRecord<'static>) -> GroupMetadataValue<'static> {
    let GroupRecord::GroupMetadata(_, Some(value)) = record else {
        panic!("a group writes itself");
    };
    GroupMetadataValue {
        current_state_timestamp: ottla_model::Timestamp::NONE,
        ..value
    }
}
