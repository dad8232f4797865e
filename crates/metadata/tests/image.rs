//! The image is what the records say, in any order they may come, and its own records say all of it.

use ottla_metadata::{ApplyError, Image, Resource, TransactionBuffer};
use ottla_model::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, ProducerId, TopicId,
    Uuid,
};
use ottla_wire::metadata_record::{
    AbortTransactionRecord, AccessControlEntryRecord, BeginTransactionRecord,
    BrokerRegistrationChangeRecord, ClearElrRecord, ClientQuotaRecord, ConfigRecord,
    DelegationTokenRecord, EndTransactionRecord, EntityData, FeatureLevelRecord, FenceBrokerRecord,
    MetadataRecord, PartitionChangeRecord, PartitionRecord, ProducerIdsRecord,
    RegisterBrokerRecord, RegisterControllerRecord, RemoveAccessControlEntryRecord,
    RemoveDelegationTokenRecord, RemoveTopicRecord, RemoveUserScramCredentialRecord, TopicRecord,
    UnfenceBrokerRecord, UnregisterBrokerRecord, UserScramCredentialRecord,
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

fn feature(name: &str, feature_level: i16) -> MetadataRecord<'static> {
    FeatureLevelRecord {
        name: name.to_owned().into(),
        feature_level,
    }
    .into()
}

/// Each kind that is kept for features this node does not have, with what removes it again.
fn kept(number: u8) -> [(MetadataRecord<'static>, MetadataRecord<'static>); 4] {
    let name = || format!("user{number}");
    let quota = |remove| ClientQuotaRecord {
        entity: vec![EntityData {
            entity_type: "user".into(),
            entity_name: Some(name().into()),
        }],
        key: "request_percentage".into(),
        value: 5.0,
        remove,
    };
    let mechanism = 1;
    let id = Uuid::from_u128(2000 + u128::from(number));
    [
        (quota(false).into(), quota(true).into()),
        (
            UserScramCredentialRecord {
                name: name().into(),
                mechanism,
                iterations: 4096,
                ..Default::default()
            }
            .into(),
            RemoveUserScramCredentialRecord {
                name: name().into(),
                mechanism,
            }
            .into(),
        ),
        (
            DelegationTokenRecord {
                token_id: name().into(),
                ..Default::default()
            }
            .into(),
            RemoveDelegationTokenRecord {
                token_id: name().into(),
            }
            .into(),
        ),
        (
            AccessControlEntryRecord {
                id,
                ..Default::default()
            }
            .into(),
            RemoveAccessControlEntryRecord { id }.into(),
        ),
    ]
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
fn a_topics_name_and_its_id_are_its_own() {
    let mut image = applied(&[topic(1)]);
    let again = TopicRecord {
        name: "t2".into(),
        topic_id: topic_id(1),
    };
    assert_eq!(
        image.apply(&again.into(), Offset(1)),
        Err(ApplyError::TopicIdExists(topic_id(1)))
    );
    let again = TopicRecord {
        name: "t1".into(),
        topic_id: topic_id(2),
    };
    assert_eq!(
        image.apply(&again.into(), Offset(1)),
        Err(ApplyError::TopicExists("t1".into()))
    );
    assert_eq!(image, applied(&[topic(1)]));
}

#[test]
fn a_quota_that_is_no_number_is_none() {
    let quota = |value| ClientQuotaRecord {
        entity: vec![EntityData {
            entity_type: "user".into(),
            entity_name: None,
        }],
        key: "producer_byte_rate".into(),
        value,
        remove: false,
    };
    let image = applied(&[quota(5.0).into(), quota(f64::NAN).into()]);
    assert!(image.client_quotas().is_empty());
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
fn a_broker_that_shuts_down_does_so_until_it_registers_anew() {
    let mut image = applied(&[broker(1)]);
    let change = BrokerRegistrationChangeRecord {
        broker_id: NodeId(1),
        broker_epoch: BrokerEpoch(7),
        ..Default::default()
    };
    let unfenced = BrokerRegistrationChangeRecord {
        fenced: -1,
        ..change.clone()
    };
    let goodbye = BrokerRegistrationChangeRecord {
        in_controlled_shutdown: 1,
        ..change.clone()
    };
    for (offset, record) in [(1, unfenced), (2, goodbye), (3, change)] {
        image.apply(&record.into(), Offset(offset)).unwrap();
    }
    assert!(image.cluster().is_alive(NodeId(1)));
    assert!(!image.cluster().is_active(NodeId(1)));
    image.apply(&broker(1), Offset(4)).unwrap();
    let again = image.cluster().broker(NodeId(1)).unwrap();
    assert!(!again.is_shutting_down());
}

#[test]
fn a_brokers_directories_stay_unless_a_change_names_others() {
    let directories = |ids: &[u128]| ids.iter().copied().map(Uuid::from_u128).collect::<Vec<_>>();
    let registration = RegisterBrokerRecord {
        broker_id: NodeId(1),
        broker_epoch: BrokerEpoch(7),
        log_dirs: directories(&[501, 502]),
        ..Default::default()
    };
    let change = |log_dirs| BrokerRegistrationChangeRecord {
        broker_id: NodeId(1),
        broker_epoch: BrokerEpoch(7),
        log_dirs,
        ..Default::default()
    };
    let mut image = applied(&[registration.into()]);
    for (offset, named, expected) in [(1, &[][..], &[501, 502][..]), (2, &[502], &[502])] {
        let record = change(directories(named));
        image.apply(&record.into(), Offset(offset)).unwrap();
        let broker = image.cluster().broker(NodeId(1)).unwrap();
        assert_eq!(broker.log_dirs(), directories(expected));
    }
}

#[test]
fn who_is_eligible_is_forgotten_with_who_was_the_last_to_be_known() {
    let change = |elr: &[i32], last_known: &[i32]| {
        let ids = |ids: &[i32]| Some(ids.iter().copied().map(NodeId).collect());
        MetadataRecord::from(PartitionChangeRecord {
            partition_id: PartitionIndex(0),
            topic_id: topic_id(1),
            eligible_leader_replicas: ids(elr),
            last_known_elr: ids(last_known),
            ..Default::default()
        })
    };
    let clear = MetadataRecord::from(ClearElrRecord::default());
    for change in [change(&[1], &[]), change(&[], &[1])] {
        let image = applied(&[topic(1), partition(1, 0), change, clear.clone()]);
        let topics = image.topics();
        let partition = topics.partition(topic_id(1), PartitionIndex(0)).unwrap();
        assert!(partition.elr.is_empty() && partition.last_known_elr.is_empty());
        assert_eq!(partition.partition_epoch, PartitionEpoch(2));
    }
    // Of a partition that has neither there is nothing to forget.
    let image = applied(&[topic(1), partition(1, 0), clear]);
    let topics = image.topics();
    let partition = topics.partition(topic_id(1), PartitionIndex(0)).unwrap();
    assert_eq!(partition.partition_epoch, PartitionEpoch(0));
}

#[test]
fn a_feature_at_level_0_is_off_and_of_the_others_the_metadata_version_comes_first() {
    let image = applied(&[
        feature("group.version", 1),
        feature("eligible.leader.replicas.version", 1),
        feature("metadata.version", 29),
        feature("transaction.version", 2),
        feature("group.version", 0),
        // The quorum keeps it.
        feature("kraft.version", 1),
    ]);
    let expected = [
        feature("metadata.version", 29),
        feature("eligible.leader.replicas.version", 1),
        feature("transaction.version", 2),
    ];
    assert_eq!(image.records(), expected);
}

#[test]
fn what_is_kept_for_others_is_kept_until_it_is_removed() {
    for (record, removal) in kept(1) {
        let mut image = applied(std::slice::from_ref(&record));
        assert_eq!(image.records(), [record]);
        image.apply(&removal, Offset(1)).unwrap();
        assert_eq!(image.records(), []);
    }
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

fn any_replicas() -> impl Strategy<Value = Option<Vec<NodeId>>> {
    let replicas = proptest::collection::vec((0i32..3).prop_map(NodeId), 0..3);
    proptest::option::of(replicas)
}

fn any_partition_change() -> impl Strategy<Value = MetadataRecord<'static>> {
    let leader = prop_oneof![Just(-2), -1i32..3];
    let replicas = [(); 3].map(|()| any_replicas());
    (0u8..4, 0i32..3, leader, -1i8..2, replicas).prop_map(
        |(topic, index, leader, recovery, [isr, elr, last_known])| {
            PartitionChangeRecord {
                partition_id: PartitionIndex(index),
                topic_id: topic_id(topic),
                leader: NodeId(leader),
                leader_recovery_state: recovery,
                isr,
                eligible_leader_replicas: elr,
                last_known_elr: last_known,
                ..Default::default()
            }
            .into()
        },
    )
}

fn any_broker_change() -> impl Strategy<Value = MetadataRecord<'static>> {
    let directories = || proptest::collection::vec((500u128..503).prop_map(Uuid::from_u128), 0..3);
    let cordoned = proptest::option::of(directories());
    let signs = (-1i8..2, 0i8..2);
    (0i32..3, signs, directories(), cordoned).prop_map(
        |(id, (fenced, in_controlled_shutdown), log_dirs, cordoned_log_dirs)| {
            BrokerRegistrationChangeRecord {
                broker_id: NodeId(id),
                broker_epoch: BrokerEpoch(7),
                fenced,
                in_controlled_shutdown,
                log_dirs,
                cordoned_log_dirs,
            }
            .into()
        },
    )
}

/// Of a broker, by its id and epoch.
fn any_broker_event() -> impl Strategy<Value = MetadataRecord<'static>> {
    (0i32..3, 0..3).prop_map(|(id, kind)| {
        let (id, epoch) = (NodeId(id), BrokerEpoch(7));
        match kind {
            0 => FenceBrokerRecord { id, epoch }.into(),
            1 => UnfenceBrokerRecord { id, epoch }.into(),
            _ => UnregisterBrokerRecord {
                broker_id: id,
                broker_epoch: epoch,
            }
            .into(),
        }
    })
}

fn any_record() -> impl Strategy<Value = MetadataRecord<'static>> {
    prop_oneof![
        2 => (0u8..4).prop_map(topic),
        3 => (0u8..4, 0i32..3).prop_map(|(topic, index)| partition(topic, index)),
        3 => any_partition_change(),
        1 => proptest::option::of(0u8..4).prop_map(|topic| {
            let topic_name = topic.map_or_else(String::new, |topic| format!("t{topic}"));
            ClearElrRecord { topic_name: topic_name.into() }.into()
        }),
        2 => (0i32..3).prop_map(broker),
        2 => any_broker_change(),
        1 => any_broker_event(),
        1 => (0i32..3).prop_map(|id| RegisterControllerRecord {
            controller_id: NodeId(id),
            ..Default::default()
        }
        .into()),
        2 => (0u8..4, proptest::option::of("[a-z]{1,3}"))
            .prop_map(|(topic, value)| config(topic, value.as_deref())),
        1 => (0u8..4).prop_map(|topic| RemoveTopicRecord {
            topic_id: topic_id(topic)
        }
        .into()),
        1 => (0i16..9).prop_map(|level| feature("group.version", level)),
        1 => (0i64..9).prop_map(|id| ProducerIdsRecord {
            next_producer_id: ProducerId(1000 * id),
            ..Default::default()
        }
        .into()),
        2 => (0u8..2, 0usize..4, any::<bool>()).prop_map(|(number, kind, is_removal)| {
            let (record, removal) = kept(number)[kind].clone();
            if is_removal { removal } else { record }
        }),
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
        let copy = Image::restore(image.records(), image.offset());
        prop_assert_eq!(copy, Ok(image));
    }
}
