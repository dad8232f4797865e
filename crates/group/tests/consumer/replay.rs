use ottla_group::consumer::{ConsumerGroup, Epoch};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::consumer_group_member_metadata::{
    ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue,
};
use ottla_wire::coordinator_record::group::consumer_group_metadata::ConsumerGroupMetadataKey;

use crate::coordinator::{Coordinator, GROUP, join, owns, replayed};

#[test]
fn a_log_in_its_bytes_gives_the_same_group() {
    let (mut coordinator, topic) = Coordinator::with_partitions(3);
    coordinator.send(&join("a", &["t"]));
    coordinator.send(&join("b", &["t"]));
    coordinator.send(&owns("a", 2, topic, &[0, 1, 2]));
    let mut group = None;
    for record in &coordinator.log {
        let (key, value) = (record.encode_key(), record.encode_value(0));
        let read = GroupRecord::decode(&key, value.as_deref())
            .unwrap()
            .unwrap();
        ConsumerGroup::replay(&mut group, &read);
    }
    assert_eq!(group, coordinator.group);
}

#[test]
fn tombstones_of_what_never_was_make_nothing() {
    let member = ConsumerGroupMemberMetadataKey {
        group_id: GROUP.into(),
        member_id: "a".into(),
    };
    let group = ConsumerGroupMetadataKey {
        group_id: GROUP.into(),
    };
    assert_eq!(
        replayed(&[
            GroupRecord::ConsumerGroupMemberMetadata(member, None),
            GroupRecord::ConsumerGroupMetadata(group, None),
        ]),
        None
    );
}

#[test]
fn a_member_alone_makes_a_group_in_its_first_epoch() {
    let member = ConsumerGroupMemberMetadataKey {
        group_id: GROUP.into(),
        member_id: "a".into(),
    };
    let value = ConsumerGroupMemberMetadataValue {
        subscribed_topic_names: vec!["t".into()],
        classic_member_metadata: None,
        ..Default::default()
    };
    let group = replayed(&[GroupRecord::ConsumerGroupMemberMetadata(
        member,
        Some(value),
    )])
    .unwrap();
    assert_eq!((group.epoch(), group.target_epoch()), (Epoch(1), Epoch(1)));
    assert!(group.is_subscribed_to("t"));
}
