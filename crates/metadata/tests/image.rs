//! The image is what the records say, in any order they may come, and its own records say all of it.

use ottla_metadata::{ApplyError, Image, Resource, TransactionBuffer};
use ottla_model::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, TopicId, Uuid,
};
use ottla_wire::metadata_record::{
    AbortTransactionRecord, BeginTransactionRecord, BrokerRegistrationChangeRecord, ConfigRecord,
    EndTransactionRecord, FeatureLevelRecord, MetadataRecord, PartitionChangeRecord,
    PartitionRecord, RegisterBrokerRecord, RemoveTopicRecord, TopicRecord,
};
use proptest::prelude::*;

fn topic_id(topic: u8) -> TopicId {
    TopicId(Uuid::from_u128(1000 + u128::from(topic)))
}

fn topic(topic: u8) -> MetadataRecord<'static> {
    TopicRecord {
        name: format!("t{topic}").into(),
        topic_id: topic_id(topic),
    }
    .into()
}

fn partition(topic: u8, index: i32) -> MetadataRecord<'static> {
    PartitionRecord {
        partition_id: PartitionIndex(index),
        topic_id: topic_id(topic),
        replicas: vec![NodeId(1)],
        isr: vec![NodeId(1)],
        leader: NodeId(1),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        directories: vec![Uuid::from_u128(500)],
        ..Default::default()
    }
    .into()
}

fn broker(id: i32) -> MetadataRecord<'static> {
    RegisterBrokerRecord {
        broker_id: NodeId(id),
        broker_epoch: BrokerEpoch(7),
        ..Default::default()
    }
    .into()
}

fn config(topic: u8, value: Option<&str>) -> MetadataRecord<'static> {
    ConfigRecord {
        resource_type: Resource::TOPIC,
        resource_name: format!("t{topic}").into(),
        name: "retention.ms".into(),
        value: value.map(|value| value.to_owned().into()),
    }
    .into()
}

fn applied(records: &[MetadataRecord<'_>]) -> Image {
    let mut image = Image::default();
    for (offset, record) in (0..).zip(records) {
        image
            .apply(record, Offset(offset))
            .expect("the records fit each other");
    }
    image
}

#[test]
fn a_change_counts_epochs() {
    let mut image = applied(&[topic(1), partition(1, 0)]);
    let leave = PartitionChangeRecord {
        partition_id: PartitionIndex(0),
        topic_id: topic_id(1),
        isr: Some(vec![]),
        leader: NodeId::NONE,
        eligible_leader_replicas: Some(vec![NodeId(1)]),
        ..Default::default()
    };
    image.apply(&leave.into(), Offset(2)).unwrap();
    let partition = image
        .topics()
        .partition(topic_id(1), PartitionIndex(0))
        .unwrap();
    assert_eq!(
        (partition.leader, partition.leader_epoch),
        (NodeId::NONE, LeaderEpoch(1))
    );
    assert_eq!(
        (partition.partition_epoch, &partition.elr[..]),
        (PartitionEpoch(1), &[NodeId(1)][..])
    );
    assert_eq!(partition.replicas, [NodeId(1)]);

    let shrink = PartitionChangeRecord {
        partition_id: PartitionIndex(0),
        topic_id: topic_id(1),
        ..Default::default()
    };
    image.apply(&shrink.into(), Offset(3)).unwrap();
    let partition = image
        .topics()
        .partition(topic_id(1), PartitionIndex(0))
        .unwrap();
    assert_eq!(
        (partition.leader_epoch, partition.partition_epoch),
        (LeaderEpoch(1), PartitionEpoch(2))
    );
}

#[test]
fn a_removed_topic_takes_its_configs_along() {
    let mut image = applied(&[topic(1), config(1, Some("5"))]);
    assert_eq!(
        image
            .configs()
            .get(&Resource::new(Resource::TOPIC, "t1"), "retention.ms"),
        Some("5")
    );
    image
        .apply(
            &RemoveTopicRecord {
                topic_id: topic_id(1),
            }
            .into(),
            Offset(2),
        )
        .unwrap();
    assert_eq!(image.configs().resources().count(), 0);
    assert!(image.topics().by_name("t1").is_none());
}

#[test]
fn a_broker_is_fenced_by_its_epoch_only() {
    let mut image = applied(&[broker(1)]);
    assert!(!image.cluster().is_alive(NodeId(1)));
    let change = |epoch| BrokerRegistrationChangeRecord {
        broker_id: NodeId(1),
        broker_epoch: BrokerEpoch(epoch),
        fenced: -1,
        ..Default::default()
    };
    image.apply(&change(7).into(), Offset(1)).unwrap();
    assert!(image.cluster().is_alive(NodeId(1)));
    assert_eq!(
        image.apply(&change(8).into(), Offset(2)),
        Err(ApplyError::UnknownBroker(NodeId(1), BrokerEpoch(8)))
    );
}

#[test]
fn a_transaction_counts_when_it_ends() {
    let (mut image, mut buffer) = (Image::default(), TransactionBuffer::default());
    let mut take = |image: &mut Image, offset, record: MetadataRecord<'_>| {
        buffer.take(image, &record, Offset(offset))
    };
    take(&mut image, 0, BeginTransactionRecord::default().into()).unwrap();
    take(&mut image, 1, topic(1)).unwrap();
    assert!(image.topics().is_empty());
    take(&mut image, 2, EndTransactionRecord::default().into()).unwrap();
    assert_eq!(image.topics().len(), 1);
    take(&mut image, 3, BeginTransactionRecord::default().into()).unwrap();
    take(&mut image, 4, topic(2)).unwrap();
    take(&mut image, 5, AbortTransactionRecord::default().into()).unwrap();
    assert_eq!(image.topics().len(), 1);
    let unopened = take(&mut image, 6, EndTransactionRecord::default().into());
    assert_eq!(unopened, Err(ApplyError::Transaction(Offset(6))));
}

#[test]
fn the_difference_of_two_images_names_what_changed() {
    let before = applied(&[topic(1), topic(2), topic(3)]);
    let mut after = before.clone();
    after.apply(&partition(1, 0), Offset(3)).unwrap();
    after
        .apply(
            &RemoveTopicRecord {
                topic_id: topic_id(2),
            }
            .into(),
            Offset(4),
        )
        .unwrap();
    after.apply(&topic(4), Offset(5)).unwrap();
    let changes: Vec<_> = after
        .topics()
        .changes_since(before.topics())
        .map(|(id, topic)| (id, topic.is_some()))
        .collect();
    assert_eq!(
        changes,
        [
            (topic_id(1), true),
            (topic_id(2), false),
            (topic_id(4), true)
        ]
    );
}

fn any_record() -> impl Strategy<Value = MetadataRecord<'static>> {
    prop_oneof![
        (0u8..4).prop_map(topic),
        (0u8..4, 0i32..3).prop_map(|(topic, index)| partition(topic, index)),
        (0i32..3).prop_map(broker),
        (0u8..4, proptest::option::of("[a-z]{1,3}"))
            .prop_map(|(topic, value)| config(topic, value.as_deref())),
        (0u8..4).prop_map(|topic| RemoveTopicRecord {
            topic_id: topic_id(topic)
        }
        .into()),
        (0i16..9).prop_map(|level| FeatureLevelRecord {
            name: "group.version".into(),
            feature_level: level
        }
        .into()),
    ]
}

proptest! {
    #[test]
    fn a_snapshot_says_all(records in proptest::collection::vec(any_record(), 0..60)) {
        let mut image = Image::default();
        let mut offset = 0;
        for record in records {
            // A record that does not fit changes nothing.
            if image.clone().apply(&record, Offset(offset)).is_ok() {
                image.apply(&record, Offset(offset)).unwrap();
                offset += 1;
            }
        }
        let copy = applied(&image.records());
        prop_assert_eq!(copy.topics(), image.topics());
        prop_assert_eq!(copy.cluster(), image.cluster());
        prop_assert_eq!(copy.configs(), image.configs());
        prop_assert_eq!(copy.features(), image.features());
        prop_assert_eq!(copy.records(), image.records());
    }
}
