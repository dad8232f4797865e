//! Who may commit offsets, and delete them.

use ottla_model::ErrorCode;

use crate::coordinator::{Client, Coordinator, SECOND};

#[test]
fn a_member_commits_in_its_generation_alone() {
    let (coordinator, ids) = Coordinator::stable(1);
    let group = coordinator.group();
    assert_eq!(group.validate_commit(&ids[0], None, 1), Ok(()));
    for (member_id, instance, generation, error) in [
        (&*ids[0], None, 0, ErrorCode::IllegalGeneration),
        (&*ids[0], None, 2, ErrorCode::IllegalGeneration),
        (&*ids[0], None, -1, ErrorCode::IllegalGeneration),
        ("stranger", None, 1, ErrorCode::UnknownMemberId),
        ("stranger", None, -1, ErrorCode::UnknownMemberId),
        (&*ids[0], Some("nobody"), 1, ErrorCode::UnknownMemberId),
        ("", None, -1, ErrorCode::UnknownMemberId),
        ("", None, 1, ErrorCode::UnknownMemberId),
    ] {
        let commit = group.validate_commit(member_id, instance, generation);
        assert_eq!(commit, Err(error), "{member_id} {instance:?} {generation}");
    }
}

#[test]
fn of_an_empty_group_anybody_commits_who_claims_no_generation() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    coordinator.leave(&[(&ids[0], None)]);
    let group = coordinator.group();
    assert_eq!(group.validate_commit("", None, -1), Ok(()));
    assert_eq!(group.validate_commit("anybody", None, -1), Ok(()));
    assert_eq!(
        group.validate_commit(&ids[0], None, 1),
        Err(ErrorCode::UnknownMemberId)
    );
}

#[test]
fn a_member_commits_before_it_rejoins_but_not_before_it_syncs() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.join(&Client::named(&ids[0]));
    let commit = coordinator.group().validate_commit(&ids[1], None, 1);
    assert_eq!(commit, Ok(()));
    coordinator.join(&Client::named(&ids[1]));
    let commit = coordinator.group().validate_commit(&ids[1], None, 2);
    assert_eq!(commit, Err(ErrorCode::RebalanceInProgress));
    let commit = coordinator.group().validate_commit(&ids[1], None, 1);
    assert_eq!(commit, Err(ErrorCode::IllegalGeneration));
}

#[test]
fn within_a_transaction_a_member_need_not_be_named() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let group = coordinator.group();
    assert_eq!(group.validate_transactional_commit("", None, -1), Ok(()));
    assert_eq!(
        group.validate_transactional_commit(&ids[0], None, 0),
        Err(ErrorCode::IllegalGeneration)
    );
    assert_eq!(
        group.validate_transactional_commit("stranger", None, 1),
        Err(ErrorCode::UnknownMemberId)
    );
    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    let group = coordinator.group();
    let commit = group.validate_transactional_commit(&ids[0], None, 2);
    assert_eq!(commit, Ok(()), "whatever state the group is in");
}

#[test]
fn a_member_that_commits_is_alive() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    for _ in 0..5 {
        coordinator.pass(9 * SECOND);
        let now = coordinator.now;
        let group = coordinator.group.as_mut().expect("it is there");
        group.committed_offsets_keep_session(&ids[0], now);
    }
    assert_eq!(coordinator.state(), "Stable");
}

#[test]
fn a_group_with_members_is_not_deleted() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    let group = coordinator.group();
    assert_eq!(group.validate_delete(), Err(ErrorCode::NonEmptyGroup));
    assert_eq!(group.validate_offset_delete(), Ok(()), "of other topics");
    coordinator.leave(&[(&ids[0], None)]);
    assert_eq!(coordinator.group().validate_delete(), Ok(()));

    let mut coordinator = Coordinator::default();
    coordinator.join(&Client {
        protocol_type: "connect",
        ..Client::default().version(3)
    });
    assert_eq!(
        coordinator.group().validate_offset_delete(),
        Err(ErrorCode::NonEmptyGroup)
    );
}
