use ottla_group::consumer::MigrationPolicy;
use ottla_model::ErrorCode;
use ottla_wire::message::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

use crate::partition::{Partition, alive, assigning, classic, consumer, sync};

/// A consumer group of a consumer member `c` and a classic one. Gives the latter's id and generation.
fn mixed(partition: &mut Partition) -> (String, i32) {
    partition.consumer(consumer("c"));
    let member = partition.new_classic_member();
    let (generation, owned) = partition.follow(&member, Vec::new());
    assert_eq!(owned.len(), 0, "the other one still has all");
    (member, generation)
}

#[test]
fn the_last_consumer_member_that_leaves_leaves_a_classic_group() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let (member, _) = mixed(&mut partition);
    partition.consumer(alive("c", -1));
    assert_eq!(
        partition.listed(),
        Some(("classic".to_owned(), "PreparingRebalance".to_owned()))
    );
    let answer = partition.join(classic(&member, &[]));
    assert_eq!(answer.error, ErrorCode::None);
    assert_eq!(answer.leader, answer.member_id, "it leads from now on");
    partition.restart();
    // It has shared nothing yet.
    assert_eq!(
        partition.listed(),
        Some(("classic".to_owned(), "PreparingRebalance".to_owned()))
    );
}

#[test]
fn whoever_coordinates_a_group_that_has_just_become_classic_has_its_leader_share_what_others_left()
{
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let (member, generation) = mixed(&mut partition);
    partition.consumer(alive("c", -1));
    partition.restart();
    let called = partition.heartbeat(&member, generation);
    assert_eq!(called, ErrorCode::RebalanceInProgress);
    let answer = partition.join(classic(&member, &[]));
    assert_eq!(answer.leader, answer.member_id);
    let all = [(&*member, &[0, 1, 2, 3, 4, 5][..])];
    partition.sync(assigning(&member, answer.generation, &all));
    // Nothing is left out any more.
    partition.restart();
    let called = partition.heartbeat(&member, answer.generation);
    assert_eq!(called, ErrorCode::None);
}

#[test]
fn a_group_stays_a_consumer_group_where_that_is_asked_for() {
    let mut partition = Partition::new(MigrationPolicy::Upgrade);
    let (member, generation) = mixed(&mut partition);
    partition.consumer(alive("c", -1));
    assert_eq!(partition.listed().unwrap().0, "consumer");
    let called = partition.heartbeat(&member, generation);
    assert_eq!(called, ErrorCode::RebalanceInProgress);
    let (_, owned) = partition.follow(&member, Vec::new());
    assert_eq!(owned, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_downgrade_that_cannot_be_written_down_has_not_happened() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let (member, generation) = mixed(&mut partition);
    partition.fails = true;
    assert!(partition.try_consumer(alive("c", -1)).is_err());
    assert_eq!(partition.listed().unwrap().0, "consumer");
    assert_eq!(partition.heartbeat(&member, generation), ErrorCode::None);
    partition.restart();
}

#[test]
fn a_classic_member_that_takes_the_place_of_the_last_consumer_member_is_called_to_lead() {
    let mut partition = Partition::new(MigrationPolicy::Bidirectional);
    let instance = |mut request: ConsumerGroupHeartbeatRequest<'static>| {
        request.instance_id = Some("i".into());
        request
    };
    partition.consumer(instance(consumer("c")));
    partition.consumer(instance(alive("c", -2)));
    let of_instance = |member: &str, owned: &[i32]| {
        let mut join = classic(member, owned);
        join.group_instance_id = Some("i".into());
        join
    };
    let answer = partition.join(of_instance("", &[]));
    assert_eq!(answer.error, ErrorCode::None);
    assert_eq!(partition.listed().unwrap().0, "classic");
    let member = answer.member_id.to_string();
    // Whoever coordinates the group by then.
    partition.restart();
    let mut sync = sync(&member, answer.generation);
    sync.group_instance_id = Some("i".into());
    // It was a consumer group that it joined: it does not know yet that it is to watch how many partitions there are.
    let answer = partition.sync(sync);
    assert_eq!(answer.error, ErrorCode::RebalanceInProgress);
    let answer = partition.join(of_instance(&member, &[]));
    assert_eq!(answer.error, ErrorCode::None);
    assert_eq!(answer.leader, answer.member_id);
    partition.restart();
}
