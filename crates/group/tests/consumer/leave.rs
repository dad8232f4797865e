use ottla_model::ErrorCode;

use crate::coordinator::{Coordinator, alive, assigned, join, replayed};

#[test]
fn what_a_member_leaves_others_get() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.send(&join("b", &["t"]));
    coordinator.settle(&["a", "b"]);
    let answer = coordinator.send(&alive("a", -1));
    assert_eq!(
        (answer.member_id.as_deref(), answer.member_epoch),
        (Some("a"), -1)
    );
    let epoch = coordinator.member("b").epoch.0;
    let answer = coordinator.send(&alive("b", epoch));
    assert_eq!(assigned(&answer), [0, 1]);
}

#[test]
fn who_is_not_there_cannot_leave() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    assert_eq!(
        coordinator.error(&alive("b", -1)),
        ErrorCode::UnknownMemberId
    );
}

#[test]
fn a_group_stays_when_all_have_left_until_it_is_deleted() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.send(&alive("a", -1));
    assert!(coordinator.group().is_empty());
    assert!(!coordinator.group().is_subscribed_to("t"));
    let tombstones = coordinator.group().tombstones();
    coordinator.append(tombstones);
    assert_eq!(coordinator.group, None);
    assert_eq!(replayed(&coordinator.log), None);
}
