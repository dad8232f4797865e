use ottla_group::consumer::assignor::Assignor;
use ottla_model::PartitionIndex;

use crate::coordinator::{Coordinator, join, owns};

#[test]
fn a_member_has_what_it_is_still_to_give_up() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.send(&join("b", &["t"]));
    coordinator.send(&owns("a", 2, topic, &[0, 1]));
    let group = coordinator
        .group()
        .describe(Assignor::Uniform, &coordinator.topics);
    assert_eq!(
        (
            &*group.group_state,
            group.group_epoch,
            group.assignment_epoch
        ),
        ("Reconciling", 3, 3)
    );
    assert_eq!(group.assignor_name, "uniform");
    let member = &group.members[0];
    assert_eq!((&*member.member_id, member.member_epoch), ("a", 2));
    assert_eq!(member.member_type, 1);
    let has = &member.assignment.topic_partitions[0];
    assert_eq!((&*has.topic_name, has.partitions.len()), ("t", 2));
    let target = &member.target_assignment.topic_partitions[0];
    assert_eq!(target.partitions, [PartitionIndex(0)]);
    assert_eq!(&*member.client_host, "/127.0.0.1");
}

#[test]
fn topics_that_are_gone_are_not_told() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.topics.delete("t");
    let group = coordinator
        .group()
        .describe(Assignor::Uniform, &coordinator.topics);
    assert_eq!(group.members[0].assignment.topic_partitions, []);
}
