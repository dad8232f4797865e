use ottla_group::consumer::MemberState;

use crate::coordinator::{Coordinator, alive, assigned, join, owns};

#[test]
fn a_partition_is_given_to_another_only_when_its_owner_has_given_it_up() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    let second = coordinator.send(&join("b", &["t"]));
    assert_eq!((second.member_epoch, assigned(&second).len()), (3, 0));
    assert_eq!(
        coordinator.member("b").state,
        MemberState::UnreleasedPartitions
    );

    let told = coordinator.send(&owns("a", 2, topic, &[0, 1]));
    let kept = assigned(&told);
    assert_eq!((told.member_epoch, kept.len()), (2, 1));
    assert_eq!(
        coordinator.member("a").state,
        MemberState::UnrevokedPartitions
    );
    assert_eq!(coordinator.send(&alive("b", 3)).assignment, None);

    // Silence about what it has is not yet a word of having given it up.
    coordinator.send(&alive("a", 2));
    assert_eq!(coordinator.send(&alive("b", 3)).assignment, None);

    let done = coordinator.send(&owns("a", 2, topic, &kept));
    assert_eq!(done.member_epoch, 3);
    let given = assigned(&coordinator.send(&alive("b", 3)));
    assert_eq!(given.len(), 1);
    assert_ne!(given, kept);
    assert_eq!(coordinator.group().state().name(), "Stable");
}

#[test]
fn all_that_a_member_can_tell_is_answered_with_all_it_has() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    let mut full = join("a", &["t"]);
    full.member_epoch = 2;
    full.topic_partitions = owns("a", 2, topic, &[0, 1]).topic_partitions;
    assert_eq!(assigned(&coordinator.send(&full)), [0, 1]);
}

#[test]
fn a_topic_that_is_no_longer_subscribed_to_is_given_up_before_the_next_target() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.settings.assignment_interval = std::time::Duration::from_secs(10);
    coordinator.topics.create("u", 1);
    coordinator.send(&join("a", &["t"]));
    let mut other = alive("a", 2);
    other.subscribed_topic_names = join("a", &["u"]).subscribed_topic_names;
    let answer = coordinator.send(&other);
    assert_eq!((answer.member_epoch, assigned(&answer).len()), (2, 0));
    assert_eq!(
        coordinator.member("a").state,
        MemberState::UnrevokedPartitions
    );
    coordinator.send(&owns("a", 2, topic, &[]));
    coordinator.pass(10);
    let answer = coordinator.send(&alive("a", 2));
    assert_eq!((answer.member_epoch, assigned(&answer)), (3, vec![0]));
}
