//! `group.max.size`.

use ottla_model::ErrorCode;

use crate::coordinator::{Client, Coordinator};

#[test]
fn a_full_group_takes_nobody_in() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.settings.max_size = 2;
    let ticket = coordinator.join(&Client::default());
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::GroupMaxSizeReached);
    assert_eq!(&*answer.member_id, "");
    assert_eq!(coordinator.state(), "Stable");
    let ticket = coordinator.join(&Client::named(&ids[1]));
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::None);
}

#[test]
fn who_was_told_an_id_finds_the_group_full() {
    let (mut coordinator, _) = Coordinator::stable(2);
    let late = coordinator.new_id(&Client::default());
    coordinator.settings.max_size = 2;
    let ticket = coordinator.join(&Client::named(&late));
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::GroupMaxSizeReached);
}

#[test]
fn a_group_that_has_become_too_large_keeps_the_first_that_come_back() {
    let (mut coordinator, ids) = Coordinator::stable(3);
    coordinator.settings.max_size = 2;
    coordinator.restart();
    assert_eq!(coordinator.state(), "PreparingRebalance");
    let first = coordinator.join(&Client::named(&ids[2]));
    let second = coordinator.join(&Client::named(&ids[1]));
    let again = coordinator.join(&Client::named(&ids[2]));
    assert!(coordinator.is_waiting(again), "it has its place already");
    assert_eq!(
        coordinator.joined(first).error,
        ErrorCode::RebalanceInProgress
    );
    let third = coordinator.join(&Client::named(&ids[0]));
    let refused = coordinator.joined(third);
    assert_eq!(refused.error, ErrorCode::GroupMaxSizeReached);
    assert_eq!(coordinator.joined(second).error, ErrorCode::None);
    assert_eq!(coordinator.group().described().members.len(), 2);
}

#[test]
fn the_initial_delay_does_not_end_because_somebody_is_refused() {
    let mut coordinator = Coordinator::default();
    coordinator.settings.max_size = 1;
    let ticket = coordinator.join(&Client::default().version(3));
    let refused = coordinator.join(&Client::default().version(3));
    let answer = coordinator.joined(refused);
    assert_eq!(answer.error, ErrorCode::GroupMaxSizeReached);
    assert!(coordinator.is_waiting(ticket));
}
