//! The leader assigns, and each member gets its part once that is committed.

use ottla_model::ErrorCode;
use ottla_wire::message::sync_group::SyncGroupRequest;

use crate::coordinator::{Client, Coordinator, SECOND};

/// Two members in generation 2, neither of which has synced.
fn completing() -> (Coordinator, Vec<String>) {
    let (mut coordinator, ids) = Coordinator::stable(2);
    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    assert_eq!(coordinator.state(), "CompletingRebalance");
    coordinator.answers.clear();
    (coordinator, ids)
}

#[test]
fn each_member_gets_what_the_leader_assigned_it() {
    let (mut coordinator, ids) = completing();
    let follower = coordinator.sync(&ids[1], None, 2, &[(&ids[1], "not its to say")]);
    let parts = [(&*ids[0], "first half"), (&*ids[1], "second half")];
    let leader = coordinator.sync(&ids[0], None, 2, &parts);
    assert!(coordinator.is_waiting(follower) && coordinator.is_waiting(leader));
    assert_eq!(coordinator.state(), "CompletingRebalance");
    coordinator.commit();
    assert_eq!(coordinator.state(), "Stable");
    let synced = coordinator.synced(leader);
    assert_eq!(&synced.assignment[..], b"first half");
    assert_eq!(synced.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(synced.protocol.as_deref(), Some("range"));
    assert_eq!(&coordinator.synced(follower).assignment[..], b"second half");
}

#[test]
fn who_comes_late_or_again_gets_its_part_at_once() {
    let (mut coordinator, ids) = completing();
    coordinator.sync(&ids[0], None, 2, &[(&ids[1], "everything")]);
    coordinator.commit();
    for _ in 0..2 {
        let ticket = coordinator.sync(&ids[1], None, 2, &[]);
        assert_eq!(&coordinator.synced(ticket).assignment[..], b"everything");
    }
}

#[test]
fn whom_the_leader_forgets_gets_nothing() {
    let (mut coordinator, ids) = completing();
    let follower = coordinator.sync(&ids[1], None, 2, &[]);
    coordinator.sync(&ids[0], None, 2, &[(&ids[0], "everything")]);
    coordinator.commit();
    let synced = coordinator.synced(follower);
    assert_eq!(
        (synced.error, synced.assignment.len()),
        (ErrorCode::None, 0)
    );
}

#[test]
fn a_leader_that_asks_again_assigns_once() {
    let (mut coordinator, ids) = completing();
    let given_up = coordinator.sync(&ids[0], None, 2, &[(&ids[0], "first")]);
    let again = coordinator.sync(&ids[0], None, 2, &[(&ids[0], "second")]);
    let answer = coordinator.synced(given_up);
    assert_eq!(answer.error, ErrorCode::RebalanceInProgress);
    coordinator.commit();
    assert!(!coordinator.has_in_flight());
    assert_eq!(&coordinator.synced(again).assignment[..], b"first");
    let record = coordinator.log.as_ref().expect("the group is written");
    assert_eq!(&record.members[0].assignment[..], b"first");
}

#[test]
fn a_sync_must_be_of_a_member_of_this_generation() {
    let (mut coordinator, ids) = completing();
    for (member_id, instance, generation, error) in [
        ("stranger", None, 2, ErrorCode::UnknownMemberId),
        (&*ids[0], Some("nobody"), 2, ErrorCode::UnknownMemberId),
        (&*ids[0], None, 1, ErrorCode::IllegalGeneration),
        (&*ids[0], None, 3, ErrorCode::IllegalGeneration),
    ] {
        let ticket = coordinator.sync(member_id, instance, generation, &[]);
        assert_eq!(coordinator.synced(ticket).error, error, "{member_id}");
    }
}

#[test]
fn a_sync_must_follow_the_protocol_of_the_generation() {
    let (mut coordinator, ids) = completing();
    for (protocol_type, protocol) in [("connect", "range"), ("consumer", "sticky")] {
        let ticket = coordinator.sync_following(protocol_type, protocol, &ids[0], None, 2, &[]);
        let answer = coordinator.synced(ticket);
        assert_eq!(answer.error, ErrorCode::InconsistentGroupProtocol);
    }
    let without = SyncGroupRequest::default();
    let sync = ottla_group::classic::Sync::of(&without, 5);
    assert_eq!(
        sync.expect_err("version 5 names it"),
        ErrorCode::InconsistentGroupProtocol
    );
    assert!(ottla_group::classic::Sync::of(&without, 4).is_ok());
}

#[test]
fn a_sync_during_a_rebalance_is_told_to_join() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.join(&Client::named(&ids[0]));
    let ticket = coordinator.sync(&ids[1], None, 1, &[]);
    let error = coordinator.synced(ticket).error;
    assert_eq!(error, ErrorCode::RebalanceInProgress);
}

#[test]
fn nobody_syncs_with_an_empty_group() {
    let mut coordinator = Coordinator::default();
    let ticket = coordinator.sync("stranger", None, 0, &[]);
    assert_eq!(coordinator.synced(ticket).error, ErrorCode::UnknownMemberId);
    let id = coordinator.new_id(&Client::default());
    let ticket = coordinator.sync(&id, None, 0, &[]);
    assert_eq!(coordinator.synced(ticket).error, ErrorCode::UnknownMemberId);
}

#[test]
fn if_the_assignment_is_lost_all_join_again() {
    for (lost, told) in [
        (
            ErrorCode::NotEnoughReplicas,
            ErrorCode::CoordinatorNotAvailable,
        ),
        (
            ErrorCode::RequestTimedOut,
            ErrorCode::CoordinatorNotAvailable,
        ),
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator),
        (ErrorCode::KafkaStorageError, ErrorCode::NotCoordinator),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
        (ErrorCode::RecordListTooLarge, ErrorCode::UnknownServerError),
        (
            ErrorCode::GroupAuthorizationFailed,
            ErrorCode::GroupAuthorizationFailed,
        ),
    ] {
        let (mut coordinator, ids) = completing();
        let tickets = [1, 0].map(|i| coordinator.sync(&ids[i], None, 2, &[(&ids[0], "half")]));
        coordinator.fail(lost);
        assert_eq!(coordinator.state(), "PreparingRebalance");
        for ticket in tickets {
            assert_eq!(coordinator.synced(ticket).error, told, "{lost}");
        }
        for member in coordinator.group().described().members {
            assert!(member.member_assignment.is_empty());
        }
        for id in &ids {
            coordinator.join(&Client::named(id));
        }
        coordinator.assign();
        assert_eq!(coordinator.state(), "Stable");
        assert_eq!(coordinator.group().generation(), 3);
    }
}

#[test]
fn an_assignment_that_is_lost_after_the_group_went_on_is_nobodys_loss() {
    let (mut coordinator, ids) = completing();
    let parts = [(&*ids[0], "first half")];
    let ticket = coordinator.sync(&ids[0], None, 2, &parts);
    coordinator.leave(&[(&ids[1], None)]);
    let answer = coordinator.synced(ticket);
    assert_eq!(answer.error, ErrorCode::RebalanceInProgress);
    let ticket = coordinator.join(&Client::named(&ids[0]));
    assert_eq!(coordinator.joined(ticket).generation, 3);
    coordinator.fail(ErrorCode::NotEnoughReplicas);
    assert_eq!(coordinator.state(), "CompletingRebalance");
    coordinator.pass(SECOND);
    coordinator.assign();
    assert_eq!(coordinator.state(), "Stable");
}
