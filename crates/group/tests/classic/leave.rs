//! Members go.

use std::sync::Arc;

use ottla_group::classic::{Leave, LeaveAnswer};
use ottla_model::ErrorCode;
use ottla_wire::Str;
use ottla_wire::message::leave_group::LeaveGroupRequest;

use crate::coordinator::{Client, Coordinator, SECOND};

#[test]
fn the_last_to_leave_is_told_when_that_is_written() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    let ticket = coordinator.leave(&[(&ids[0], None)]);
    assert_eq!(coordinator.state(), "Empty");
    assert!(coordinator.is_waiting(ticket));
    coordinator.commit();
    assert_eq!(coordinator.left(ticket), [ErrorCode::None]);
    let record = coordinator.log.expect("the group is written");
    assert_eq!(record.generation, 2);
    assert!(record.members.is_empty());
}

#[test]
fn a_member_that_leaves_is_told_at_once_and_the_others_are_called() {
    let (mut coordinator, ids) = Coordinator::stable(3);
    let ticket = coordinator.leave(&[(&ids[1], None)]);
    assert_eq!(coordinator.left(ticket), [ErrorCode::None]);
    assert_eq!(coordinator.state(), "PreparingRebalance");
    coordinator.join(&Client::named(&ids[0]));
    let ticket = coordinator.join(&Client::named(&ids[2]));
    assert_eq!(coordinator.joined(ticket).generation, 2);
}

#[test]
fn the_next_leads_when_the_leader_leaves() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.leave(&[(&ids[0], None)]);
    let ticket = coordinator.join(&Client::named(&ids[1]));
    assert_eq!(*coordinator.joined(ticket).leader, *ids[1]);
}

#[test]
fn each_is_answered_for_itself() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let ticket = coordinator.join(&Client::instance("one"));
    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    let one = coordinator.joined(ticket).member_id.to_string();
    let pending = coordinator.new_id(&Client::default());
    let ticket = coordinator.leave(&[
        ("stranger", None),
        (&ids[0], Some("nobody")),
        (&ids[0], Some("one")),
        ("", Some("nobody")),
        ("", None),
        (&pending, None),
        (&ids[1], None),
        ("", Some("one")),
        (&one, Some("one")),
    ]);
    assert_eq!(
        coordinator.left(ticket),
        [
            ErrorCode::UnknownMemberId,
            ErrorCode::UnknownMemberId,
            ErrorCode::FencedInstanceId,
            ErrorCode::UnknownMemberId,
            ErrorCode::UnknownMemberId,
            ErrorCode::None,
            ErrorCode::None,
            ErrorCode::None,
            ErrorCode::UnknownMemberId,
        ]
    );
    let left = coordinator.group().described().members;
    let left: Vec<&str> = left.iter().map(|member| &*member.member_id).collect();
    assert_eq!(left, [&*ids[0]]);
}

#[test]
fn who_leaves_while_it_waits_is_answered() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let join = coordinator.join(&Client::named(&ids[0]));
    coordinator.leave(&[(&ids[0], None)]);
    assert_eq!(coordinator.joined(join).error, ErrorCode::UnknownMemberId);

    let (mut coordinator, ids) = Coordinator::stable(2);
    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    let sync = coordinator.sync(&ids[1], None, 2, &[]);
    coordinator.leave(&[(&ids[1], None)]);
    assert_eq!(coordinator.synced(sync).error, ErrorCode::UnknownMemberId);
}

#[test]
fn the_rebalance_does_not_wait_for_who_has_left() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let ticket = coordinator.join(&Client::named(&ids[0]));
    assert!(coordinator.is_waiting(ticket));
    coordinator.leave(&[(&ids[1], None)]);
    assert_eq!(coordinator.joined(ticket).members.len(), 1);
}

#[test]
fn the_initial_delay_does_not_end_because_somebody_leaves() {
    let mut coordinator = Coordinator::default();
    let pending = coordinator.new_id(&Client::default());
    let ticket = coordinator.join(&Client::default().version(3));
    coordinator.leave(&[(&pending, None)]);
    assert!(coordinator.is_waiting(ticket));
    coordinator.pass(3 * SECOND);
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::None);
}

#[test]
fn who_was_told_an_id_leaves_an_empty_group_empty() {
    let mut coordinator = Coordinator::default();
    let pending = coordinator.new_id(&Client::default());
    let ticket = coordinator.leave(&[(&pending, None)]);
    assert_eq!(coordinator.left(ticket), [ErrorCode::None]);
    assert_eq!(coordinator.state(), "Empty");
    assert_eq!(coordinator.group().next_deadline(), None);
}

#[test]
fn of_no_group_nobody_is_a_member() {
    let mut coordinator = Coordinator::default();
    let ticket = coordinator.leave(&[("a", None), ("", Some("one"))]);
    let unknown = ErrorCode::UnknownMemberId;
    assert_eq!(coordinator.left(ticket), [unknown, unknown]);
}

#[test]
fn before_version_3_one_leaves_and_is_answered_as_a_whole() {
    let request = LeaveGroupRequest {
        group_id: Str::Borrowed("readers"),
        member_id: Str::Borrowed("ada"),
        members: Vec::new(),
    };
    let answer = LeaveAnswer::unknown_group(Leave::of(&request, 2));
    assert_eq!(answer.members[0].member_id, Arc::from("ada"));
    let response = answer.response(2);
    assert_eq!(response.error_code, ErrorCode::UnknownMemberId);
    assert!(response.members.is_empty());
    let response = answer.response(3);
    assert_eq!(response.error_code, ErrorCode::None);
    assert_eq!(response.members[0].error_code, ErrorCode::UnknownMemberId);
}

#[test]
fn if_the_empty_group_cannot_be_written_it_is_empty_all_the_same() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    let ticket = coordinator.leave(&[(&ids[0], None)]);
    coordinator.fail(ErrorCode::NotEnoughReplicas);
    let answer = coordinator.answers.remove(&ticket);
    assert_eq!(answer, Some(Err(ErrorCode::NotEnoughReplicas)));
    assert_eq!(coordinator.state(), "Empty");
}
