//! Classic groups among the other groups of their partition. What members do with each other is tested with the classic protocol.

use std::sync::Arc;

use ottla_group::classic::{Answer as ClassicAnswer, Heartbeat, Join, JoinAnswer, Leave, Sync};
use ottla_group::{Answer, GroupFilter, Reply, Request};
use ottla_model::{ErrorCode, Offset, Uuid};
use ottla_wire::message::heartbeat::HeartbeatRequest;
use ottla_wire::message::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_wire::message::leave_group::LeaveGroupRequest;
use ottla_wire::message::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use crate::offsets::{NOTHING, codes, commit_of};
use crate::partition::{CHECK, Partition, RETENTION};

/// The subscription to the topic "t".
const SUBSCRIPTION: &[u8] = b"\0\0\0\0\0\x01\0\x01t\xff\xff\xff\xff";
/// A version of JoinGroup whose clients need not know their id first.
const JOIN_VERSION: i16 = 3;
/// Seconds that a new group waits for more members.
const DELAY: u64 = 3;

fn join(member_id: &str) -> Request {
    let request = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.to_owned().into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: SUBSCRIPTION.into(),
        }],
        ..Default::default()
    };
    let uuid = Uuid::from_u128(1);
    let join = Join::of(&request, JOIN_VERSION, "client", "/127.0.0.1", uuid);
    Request::Join(Arc::from("g"), Box::new(join))
}

fn sync(member_id: &str) -> Request {
    let request = SyncGroupRequest {
        generation_id: 1,
        member_id: member_id.to_owned().into(),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: member_id.to_owned().into(),
            assignment: b"all".into(),
        }],
        ..Default::default()
    };
    let sync = Sync::of(&request, 0).expect("the version asks for no protocol");
    Request::Sync(Arc::from("g"), sync)
}

fn commit(member_id: &str, generation: i32, topic: &str) -> Request {
    let mut commit = commit_of("g", topic, 7);
    commit.member.member_id = Arc::from(member_id);
    commit.member.generation_or_epoch = generation;
    Request::CommitOffsets(commit)
}

fn joined(answer: Option<Answer>) -> JoinAnswer {
    match answer {
        Some(Ok(Reply::Classic(ClassicAnswer::Join(answer)))) => answer,
        other => unreachable!("a join is answered, and not {other:?}"),
    }
}

impl Partition {
    /// A group with a member that has its part. Gives the member's id.
    fn with_member(&mut self) -> String {
        let ticket = self.begin(join(""));
        assert_eq!(self.answer(ticket), None);
        self.expire(DELAY);
        let member_id = joined(self.answer(ticket)).member_id.to_string();
        let answer = self.ask(sync(&member_id));
        let Ok(Reply::Classic(ClassicAnswer::Sync(answer))) = answer else {
            unreachable!("a sync is answered, and not {answer:?}");
        };
        assert_eq!(&answer.assignment[..], b"all");
        member_id
    }

    fn heartbeat(&mut self, member_id: &str) -> Answer {
        let request = HeartbeatRequest {
            generation_id: 1,
            member_id: member_id.into(),
            ..Default::default()
        };
        self.ask(Request::Heartbeat(Arc::from("g"), Heartbeat::of(&request)))
    }

    fn leave(&mut self, member_id: &str) {
        let request = LeaveGroupRequest {
            member_id: member_id.into(),
            ..Default::default()
        };
        let left = self.ask(Request::Leave(Arc::from("g"), Leave::of(&request, 0)));
        assert!(left.is_ok());
    }

    /// Beats until then.
    fn live_until(&mut self, member_id: &str, seconds: u64) {
        for now in (DELAY..seconds).step_by(8) {
            self.expire(now);
            assert_eq!(self.heartbeat(member_id), codes(&[ErrorCode::None]));
        }
    }

    fn state(&mut self) -> String {
        let answer = self.ask(Request::DescribeGroups(vec![Arc::from("g")]));
        let Ok(Reply::Described(groups)) = answer else {
            unreachable!("groups are described, and not {answer:?}");
        };
        groups[0].group_state.to_string()
    }
}

#[test]
fn a_member_commits_in_its_generation_and_is_known_after_a_load() {
    let mut partition = Partition::new();
    let member = partition.with_member();
    for (member_id, generation, code) in [
        ("", -1, ErrorCode::UnknownMemberId),
        ("other", 1, ErrorCode::UnknownMemberId),
        (&*member, 2, ErrorCode::IllegalGeneration),
    ] {
        let answer = partition.ask(commit(member_id, generation, "t"));
        assert_eq!(answer, Err(code));
    }
    assert_eq!(
        partition.ask(commit(&member, 1, "t")),
        codes(&[ErrorCode::None])
    );
    let mut loaded = Partition::load(partition.log);
    assert_eq!(loaded.state(), "Stable");
    assert_eq!(loaded.heartbeat(&member), codes(&[ErrorCode::None]));
    assert_eq!(loaded.fetch("g", "t"), (Offset(7), ErrorCode::None));
    let deleted = loaded.ask(Request::DeleteGroups(vec![Arc::from("g")]));
    assert_eq!(deleted, codes(&[ErrorCode::NonEmptyGroup]));
    // Whoever is silent is out.
    loaded.expire(20);
    assert_eq!(loaded.state(), "Empty");
    assert_eq!(
        loaded.heartbeat(&member),
        codes(&[ErrorCode::UnknownMemberId])
    );
}

#[test]
fn a_group_whose_first_record_is_lost_is_not_there() {
    let mut partition = Partition::new();
    partition.is_full = true;
    let ticket = partition.begin(join(""));
    let answer = joined(partition.answer(ticket));
    assert_eq!(answer.error, ErrorCode::CoordinatorNotAvailable);
    partition.is_full = false;
    assert_eq!(partition.state(), "Dead");
    partition.with_member();
    assert_eq!(partition.state(), "Stable");
}

#[test]
fn a_group_that_cannot_be_deleted_is_as_it_was() {
    let mut partition = Partition::new();
    let member = partition.with_member();
    partition.leave(&member);
    let delete = || Request::DeleteGroups(vec![Arc::from("g")]);
    partition.is_full = true;
    assert_eq!(partition.ask(delete()), Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(partition.state(), "Empty");
    partition.is_full = false;
    assert_eq!(partition.ask(delete()), codes(&[ErrorCode::None]));
    assert_eq!(partition.state(), "Dead");
    assert!(partition.list().is_empty());
}

#[test]
fn a_simple_group_that_is_joined_keeps_its_offsets() {
    let mut partition = Partition::new();
    let answer = partition.commit("g", "t", 3);
    assert_eq!(answer, codes(&[ErrorCode::None]));
    partition.with_member();
    assert_eq!(partition.fetch("g", "t"), (Offset(3), ErrorCode::None));
    assert_eq!(partition.list(), ["g"]);
}

#[test]
fn offsets_expire_from_when_the_group_is_empty_but_for_what_nobody_is_subscribed_to() {
    let mut partition = Partition::new();
    let member = partition.with_member();
    for topic in ["t", "u"] {
        let answer = partition.ask(commit(&member, 1, topic));
        assert_eq!(answer, codes(&[ErrorCode::None]));
    }
    partition.live_until(&member, RETENTION + 2 * CHECK);
    assert_eq!(partition.fetch("g", "t"), (Offset(7), ErrorCode::None));
    assert_eq!(partition.fetch("g", "u"), NOTHING);
    partition.leave(&member);
    partition.expire(2 * RETENTION);
    assert_eq!(partition.fetch("g", "t"), (Offset(7), ErrorCode::None));
    partition.expire(2 * RETENTION + 4 * CHECK);
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert!(partition.list().is_empty());
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut partition = Partition::new();
    partition.with_member();
    assert!(partition.commit("h", "t", 3).is_ok());
    let mut list = |states: &[&str], types: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let filter = GroupFilter {
            states: owned(states),
            types: owned(types),
        };
        let answer = partition.ask(Request::ListGroups(filter));
        let Ok(Reply::Listed(groups)) = answer else {
            unreachable!("groups are listed, and not {answer:?}");
        };
        let ids = groups.iter().map(|group| group.group_id.to_string());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list(&[], &[]), ["g", "h"]);
    assert_eq!(list(&["stable"], &[]), ["g"]);
    assert_eq!(list(&["Empty", "Dead"], &["CLASSIC"]), ["h"]);
    assert!(list(&[], &["consumer"]).is_empty());
}
