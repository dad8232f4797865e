use ottla_model::ErrorCode;

use crate::coordinator::{Coordinator, alive, assigned, join, owns};

#[test]
fn nobody_is_kept_alive_who_is_not_there() {
    let (mut coordinator, _) = Coordinator::with_partitions(1);
    assert_eq!(
        coordinator.error(&alive("a", 1)),
        ErrorCode::GroupIdNotFound
    );
    coordinator.send(&join("a", &["t"]));
    let refused = coordinator.try_send(&alive("b", 2), 1).unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnknownMemberId);
    assert_eq!(refused.message, "Member b is not a member of group group.");
}

#[test]
fn an_epoch_that_never_was_is_fenced() {
    let (mut coordinator, _) = Coordinator::with_partitions(1);
    coordinator.send(&join("a", &["t"]));
    let refused = coordinator.try_send(&alive("a", 3), 1).unwrap_err();
    assert_eq!(refused.error, ErrorCode::FencedMemberEpoch);
    assert_eq!(
        refused.message,
        "The consumer group member has a greater member epoch (3) than the one known by the group coordinator (2). The member must \
         abandon all its partitions and rejoin."
    );
}

#[test]
fn the_previous_epoch_is_good_for_who_has_nothing_but_its_own() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.topics.grow("t", 3);
    coordinator.timers.metadata_changed();
    let lost = coordinator.send(&owns("a", 2, topic, &[0, 1]));
    assert_eq!(lost.member_epoch, 3);
    let again = coordinator.send(&owns("a", 2, topic, &[0, 1]));
    assert_eq!(again.member_epoch, 3);
    for request in [alive("a", 2), owns("a", 2, topic, &[0, 7]), alive("a", 1)] {
        assert_eq!(coordinator.error(&request), ErrorCode::FencedMemberEpoch);
    }
}

#[test]
fn a_member_may_always_begin_anew() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    let answer = coordinator.send(&join("a", &["t"]));
    assert_eq!((answer.member_epoch, assigned(&answer)), (2, vec![0, 1]));
}

#[test]
fn who_is_silent_for_a_session_is_gone() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.pass(44);
    coordinator.send(&alive("a", 2));
    coordinator.pass(45);
    assert!(coordinator.group().is_empty());
    assert_eq!(coordinator.group().state().name(), "Empty");
    assert_eq!(
        coordinator.error(&alive("a", 2)),
        ErrorCode::UnknownMemberId
    );
}

#[test]
fn who_does_not_give_up_in_time_is_gone() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.send(&join("b", &["t"]));
    for _ in 0..3 {
        coordinator.send(&owns("a", 2, topic, &[0, 1]));
        coordinator.send(&alive("b", 3));
        coordinator.pass(20);
    }
    assert_eq!(
        coordinator.error(&owns("a", 2, topic, &[0, 1])),
        ErrorCode::UnknownMemberId
    );
    let answer = coordinator.send(&alive("b", 3));
    assert_eq!(assigned(&answer), [0, 1]);
}

#[test]
fn a_new_coordinator_gives_everybody_their_full_time() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.send(&join("b", &["t"]));
    coordinator.send(&owns("a", 2, topic, &[0, 1]));
    coordinator.pass(40);
    coordinator.restart();
    coordinator.pass(40);
    coordinator.send(&alive("a", 2));
    coordinator.send(&alive("b", 3));
    coordinator.pass(20);
    assert_eq!(
        coordinator.error(&alive("a", 2)),
        ErrorCode::UnknownMemberId,
        "its rebalance timeout has run since the restart"
    );
}
