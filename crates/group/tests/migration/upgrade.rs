use ottla_group::consumer::MigrationPolicy;
use ottla_model::ErrorCode;

use crate::partition::{PARTITIONS, Partition, alive, assigned, consumer};

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
