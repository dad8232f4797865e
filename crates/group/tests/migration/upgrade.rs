use std::time::Duration;

use ottla_group::ConsumerOverrides;
use ottla_group::consumer::MigrationPolicy;
use ottla_model::ErrorCode;
use ottla_wire::message::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use ottla_wire::message::join_group::JoinGroupRequest;
use ottla_wire::message::sync_group::SyncGroupRequest;

use crate::partition::{
    PARTITIONS, Partition, TOPIC, alive, assigned, assigning, classic, consumer, sync, told,
};

#[test]
fn members_of_both_protocols_share_the_partitions() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let ([first, second], generation) = partition.with_two_classic_members();
    let joined = partition.consumer(consumer("c"));
    assert_eq!(joined.error_code, ErrorCode::None);
    assert_eq!(assigned(&joined).len(), 0, "the others still have all");
    assert_eq!(partition.listed().unwrap().0, "consumer");

    let called = partition.heartbeat(&first, generation);
    assert_eq!(called, ErrorCode::RebalanceInProgress);
    let (_, of_first) = partition.follow(&first, vec![0, 1, 2]);
    let (_, of_second) = partition.follow(&second, vec![3, 4, 5]);
    let answer = partition.consumer(consumer("c"));
    let mut all = [of_first, of_second, assigned(&answer)].concat();
    all.sort_unstable();
    assert_eq!(all, (0..PARTITIONS).collect::<Vec<_>>());

    // Each has joined once more since, for which the group has begun new epochs.
    partition.restart();
    for member in [&first, &second] {
        assert_ne!(partition.leave(member), ErrorCode::UnknownMemberId);
    }
    let epoch = partition.consumer(consumer("c")).member_epoch;
    let answer = partition.consumer(consumer("c"));
    assert_eq!(assigned(&answer).len(), PARTITIONS as usize);
    assert_eq!(answer.member_epoch, epoch);
    assert_eq!(
        partition.listed(),
        Some(("consumer".to_owned(), "Stable".to_owned()))
    );
}

#[test]
fn a_classic_member_that_does_not_join_in_time_is_gone() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let ([first, second], generation) = partition.with_two_classic_members();
    let mut epoch = partition.consumer(consumer("c")).member_epoch;
    partition.follow(&second, vec![3, 4, 5]);
    for _ in 0..8 {
        partition.heartbeat(&first, generation);
        partition.follow(&second, Vec::new());
        epoch = partition
            .consumer(alive("c", epoch))
            .member_epoch
            .max(epoch);
        partition.pass(10);
    }
    assert_eq!(
        partition.heartbeat(&first, generation),
        ErrorCode::UnknownMemberId
    );
}

#[test]
fn a_group_is_not_upgraded_where_that_is_disabled() {
    for policy in [MigrationPolicy::Disabled, MigrationPolicy::Downgrade] {
        let mut partition = Partition::new(policy);
        partition.with_two_classic_members();
        let refused = partition.consumer(consumer("c"));
        assert_eq!(refused.error_code, ErrorCode::GroupIdNotFound);
        assert_eq!(
            refused.error_message.as_deref(),
            Some(
                "Cannot upgrade classic group group to consumer group because online upgrade is disabled."
            )
        );
    }
}

#[test]
fn a_classic_member_is_not_called_before_there_is_something_to_join_for() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let ([first, second], generation) = partition.with_two_classic_members();
    partition.configure(ConsumerOverrides {
        assignment_interval: Some(Duration::from_secs(60)),
        ..Default::default()
    });
    // The target of the new epoch is the first one, and waits for nothing; that of the next has to.
    partition.consumer(consumer("c"));
    let (generation_of_first, _) = partition.follow(&first, vec![0, 1, 2]);
    partition.follow(&second, vec![3, 4, 5]);
    assert_ne!(generation_of_first, generation);
    partition.consumer(consumer("d"));
    assert_eq!(
        partition.heartbeat(&first, generation_of_first),
        ErrorCode::None
    );
    let synced = partition.sync(sync(&first, generation_of_first));
    assert_eq!(synced.error, ErrorCode::None);
}

#[test]
fn a_classic_member_that_was_giving_up_partitions_has_no_longer_for_it_with_the_next_coordinator() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let ([first, _], generation) = partition.with_two_classic_members();
    partition.consumer(consumer("c"));
    // It has joined, and still has what others wait for.
    let join = JoinGroupRequest {
        rebalance_timeout_ms: 10_000,
        ..classic(&first, &[0, 1, 2])
    };
    assert_eq!(partition.join(join).generation, generation);
    partition.restart();
    partition.pass(11);
    let silent = partition.heartbeat(&first, generation);
    assert_eq!(silent, ErrorCode::UnknownMemberId);
}

#[test]
fn a_group_that_has_had_no_generation_is_in_an_epoch_all_the_same() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let member = partition.new_classic_member();
    partition.begin_join(classic(&member, &[]));
    let joined = partition.consumer(ConsumerGroupHeartbeatRequest {
        subscribed_topic_names: None,
        subscribed_topic_regex: Some(TOPIC.into()),
        ..consumer("c")
    });
    assert_eq!(joined.error_code, ErrorCode::None);
    assert!(joined.member_epoch > 0, "0 is that of who is no member");
}

#[test]
fn who_takes_the_place_of_a_static_member_has_what_that_one_did_not_know_of() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let instance = || Some("i".into());
    let join = partition.begin_join(JoinGroupRequest {
        group_instance_id: instance(),
        ..classic("", &[])
    });
    partition.pass(0);
    let joined = partition.joined(join);
    // The topic has grown since the leader looked at it.
    let member = &*joined.member_id;
    let synced = partition.sync(SyncGroupRequest {
        group_instance_id: instance(),
        ..assigning(member, joined.generation, &[(member, &[0, 1, 2])])
    });
    assert_eq!(told(&synced), [0, 1, 2]);
    let answer = partition.consumer(ConsumerGroupHeartbeatRequest {
        instance_id: instance(),
        ..consumer("c")
    });
    assert_eq!(assigned(&answer).len(), PARTITIONS as usize);
}

#[test]
fn where_no_consumer_is_left_classic_members_are_called_for_the_next_target() {
    let mut partition = Partition::new(MigrationPolicy::Upgrade);
    let ([first, second], _) = partition.with_two_classic_members();
    partition.consumer(consumer("c"));
    let (generation, _) = partition.follow(&first, vec![0, 1, 2]);
    partition.follow(&second, vec![3, 4, 5]);
    partition.configure(ConsumerOverrides {
        assignment_interval: Some(Duration::from_secs(10)),
        ..Default::default()
    });
    partition.consumer(alive("c", -1));
    // There is no other target for now.
    assert_eq!(partition.heartbeat(&first, generation), ErrorCode::None);
    partition.pass(11);
    assert_eq!(
        partition.heartbeat(&first, generation),
        ErrorCode::RebalanceInProgress
    );
    let (_, of_first) = partition.follow(&first, Vec::new());
    let (_, of_second) = partition.follow(&second, Vec::new());
    let mut all = [of_first, of_second].concat();
    all.sort_unstable();
    assert_eq!(all, (0..PARTITIONS).collect::<Vec<_>>());
}
