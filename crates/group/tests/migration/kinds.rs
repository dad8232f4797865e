use std::time::Duration;

use ottla_group::ConsumerOverrides;
use ottla_group::consumer::MigrationPolicy;
use ottla_model::ErrorCode;

use crate::partition::{Partition, alive, classic, consumer};

const OWN: ConsumerOverrides = ConsumerOverrides {
    session_timeout: Some(Duration::from_secs(10)),
    heartbeat_interval: Some(Duration::from_secs(3)),
    assignment_interval: None,
};

#[test]
fn an_empty_classic_group_makes_room_for_a_consumer_group() {
    let mut partition = Partition::new(MigrationPolicy::Disabled);
    let member = partition.new_classic_member();
    let join = partition.begin_join(classic(&member, &[]));
    partition.pass(0);
    partition.joined(join);
    partition.leave(&member);
    assert_eq!(partition.listed().unwrap().1, "Empty");
    assert_eq!(
        partition.consumer(consumer("c")).error_code,
        ErrorCode::None
    );
    assert_eq!(partition.listed().unwrap().0, "consumer");
    partition.restart();
    assert_eq!(partition.listed().unwrap().0, "consumer");
}

#[test]
fn an_empty_consumer_group_makes_room_for_a_classic_group() {
    let mut partition = Partition::new(MigrationPolicy::Disabled);
    partition.consumer(consumer("c"));
    partition.consumer(alive("c", -1));
    assert_eq!(
        partition.listed(),
        Some(("consumer".to_owned(), "Empty".to_owned()))
    );
    partition.new_classic_member();
    assert_eq!(partition.listed().unwrap().0, "classic");
    partition.restart();
    assert_eq!(partition.listed().unwrap().0, "classic");
}

#[test]
fn a_group_may_have_timeouts_of_its_own() {
    let mut partition = Partition::new(MigrationPolicy::Disabled);
    partition.configure(OWN);
    let answer = partition.consumer(consumer("c"));
    assert_eq!(answer.heartbeat_interval_ms, 3000);
    partition.pass(9);
    assert_eq!(partition.listed().unwrap().1, "Stable");
    partition.pass(1);
    assert_eq!(partition.listed().unwrap().1, "Empty");
}

#[test]
fn what_cannot_be_written_down_has_not_happened() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let ([first, _], generation) = partition.with_two_classic_members();
    partition.fails = true;
    assert!(partition.try_consumer(consumer("c")).is_err());
    assert_eq!(partition.listed().unwrap().0, "classic");
    assert_eq!(partition.heartbeat(&first, generation), ErrorCode::None);
    partition.restart();
    assert_eq!(partition.listed().unwrap().0, "classic");
}

#[test]
fn a_silent_member_whose_end_is_lost_ends_later() {
    let mut partition = Partition::new(MigrationPolicy::Disabled);
    partition.configure(OWN);
    partition.consumer(consumer("c"));
    partition.fails = true;
    partition.pass(10);
    assert_eq!(partition.listed().unwrap().1, "Stable");
    partition.pass(10);
    assert_eq!(partition.listed().unwrap().1, "Empty");
}

#[test]
fn a_member_that_leaves_and_is_still_there_ends_later() {
    let mut partition = Partition::new(MigrationPolicy::Disabled);
    partition.configure(OWN);
    partition.consumer(consumer("c"));
    partition.fails = true;
    assert!(partition.try_consumer(alive("c", -1)).is_err());
    assert_eq!(partition.listed().unwrap().1, "Stable");
    partition.pass(10);
    assert_eq!(partition.listed().unwrap().1, "Empty");
}

#[test]
fn so_does_a_classic_member_of_a_consumer_group() {
    let mut partition = Partition::new(MigrationPolicy::Upgrade);
    let ([first, _], _) = partition.with_two_classic_members();
    partition.consumer(consumer("c"));
    partition.fails = true;
    assert!(partition.try_leave(&first).is_err());
    partition.pass(100);
    assert_eq!(
        partition.listed(),
        Some(("consumer".to_owned(), "Empty".to_owned()))
    );
}
