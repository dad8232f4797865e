use ottla_model::ErrorCode;
use ottla_wire::Str;

use crate::coordinator::{Coordinator, Request, alive, assigned, join, owns};

fn of_instance(request: Request) -> Request {
    Request {
        instance_id: Some(Str::Borrowed("i")),
        ..request
    }
}

#[test]
fn a_static_member_that_comes_back_has_what_it_had() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&of_instance(join("a", &["t"])));
    coordinator.send(&join("b", &["t"]));
    coordinator.settle(&["a", "b"]);
    let before = coordinator.member("a").assigned.clone();
    let epoch = coordinator.group().epoch();
    let left = coordinator.send(&of_instance(alive("a", -2)));
    assert_eq!(left.member_epoch, -2);
    let answer = coordinator.send(&of_instance(join("a2", &["t"])));
    assert_eq!(answer.member_epoch, epoch.0);
    let after = &coordinator.member("a2").assigned;
    assert!(
        before.keys().eq(after.keys())
            && before
                .values()
                .zip(after.values())
                .all(|(b, a)| b.keys().eq(a.keys()))
    );
    assert_eq!(coordinator.group().member("a"), None);
    assert_eq!(
        coordinator.group().epoch(),
        epoch,
        "nobody else has to move"
    );
}

#[test]
fn what_a_static_member_has_nobody_gets_until_its_session_ends() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&of_instance(join("a", &["t"])));
    coordinator.send(&of_instance(alive("a", -2)));
    let other = coordinator.send(&join("b", &["t"]));
    assert_eq!(assigned(&other).len(), 0);
    coordinator.pass(30);
    coordinator.send(&owns("b", other.member_epoch, topic, &[]));
    coordinator.pass(15);
    let answer = coordinator.send(&owns("b", other.member_epoch, topic, &[]));
    assert_eq!(assigned(&answer), [0, 1]);
}

#[test]
fn an_instance_belongs_to_one_member_at_a_time() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&of_instance(join("a", &["t"])));
    let refused = coordinator
        .try_send(&of_instance(join("b", &["t"])), 1)
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnreleasedInstanceId);
    assert_eq!(
        refused.message,
        "Static member b with instance id i cannot join the group because the instance id is owned by a member."
    );
}

#[test]
fn a_member_whose_instance_was_taken_is_fenced() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&of_instance(join("a", &["t"])));
    coordinator.send(&of_instance(alive("a", -2)));
    coordinator.send(&of_instance(join("b", &["t"])));
    let refused = coordinator
        .try_send(&of_instance(alive("a", 2)), 1)
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::FencedInstanceId);
    assert_eq!(
        refused.message,
        "Static member a with instance id i was fenced by member b."
    );
}

#[test]
fn an_instance_that_never_was_is_unknown() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    let refused = coordinator
        .try_send(&of_instance(alive("a", 2)), 1)
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnknownMemberId);
    assert_eq!(refused.message, "Instance id i is unknown.");
}
