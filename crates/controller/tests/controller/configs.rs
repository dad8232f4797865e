//! The configs of topics and brokers.

use ottla_controller::{Alteration, ConfigChange, NewTopic, Permits, Reply, Request};
use ottla_metadata::Resource;
use ottla_metadata::features::MetadataVersion;
use ottla_model::{ErrorCode, NodeId, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::{ConfigRecord, MetadataRecord, PartitionRecord, TopicRecord};

use super::{Cluster, led, new_topic};

fn set(kind: i8, resource: &str, name: &str, value: &str) -> Alteration {
    Alteration {
        resource: Resource::new(kind, resource),
        changes: vec![(name.to_owned(), ConfigChange::Set(value.to_owned()))],
        replaces_all: false,
    }
}

fn altering(alterations: Vec<Alteration>) -> Request {
    Request::AlterConfigs {
        alterations,
        validate_only: false,
    }
}

#[test]
fn a_resource_that_is_named_twice_is_not_altered_at_all() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let topic = || Alteration {
        resource: Resource::new(Resource::TOPIC, "t"),
        changes: vec![("retention.ms".to_owned(), ConfigChange::Set("1".to_owned()))],
        replaces_all: false,
    };
    let twice = Err(ErrorCode::InvalidRequest);
    assert_eq!(cluster.alter(vec![topic(), topic()]), [twice, twice]);
    assert_eq!(cluster.alter(vec![topic()]), [Ok(())]);
}

#[test]
fn the_minimum_of_in_sync_replicas_is_the_clusters_while_replicas_are_eligible() {
    let mut cluster = Cluster::new();
    let mut alter = |broker, change: Option<ConfigChange>| {
        let changes = change.map(|change| ("min.insync.replicas".to_owned(), change));
        let alteration = Alteration {
            resource: Resource::new(Resource::BROKER, broker),
            replaces_all: changes.is_none(),
            changes: changes.into_iter().collect(),
        };
        cluster.alter(vec![alteration])[0]
    };
    let refused = Err(ErrorCode::InvalidConfig);
    let two = || Some(ConfigChange::Set("2".to_owned()));
    assert_eq!(alter("1", two()), refused);
    assert_eq!(alter("1", Some(ConfigChange::Delete)), refused);
    assert_eq!(alter("", Some(ConfigChange::Delete)), refused);
    assert_eq!(alter("", None), refused);
    assert_eq!(alter("1", None), Ok(()));
    assert_eq!(alter("", two()), Ok(()));
    // One that was set before replicas were eligible stays, too.
    let before = ConfigRecord {
        resource_type: Resource::BROKER,
        resource_name: "1".into(),
        name: "min.insync.replicas".into(),
        value: Some("2".into()),
    };
    let next = cluster.next;
    cluster.controller.replay(&before.into(), next).unwrap();
    cluster.next = next.next();
    let nothing = Alteration {
        resource: Resource::new(Resource::BROKER, "1"),
        replaces_all: true,
        changes: Vec::new(),
    };
    assert_eq!(cluster.alter(vec![nothing]), [refused]);
}

#[test]
fn with_another_minimum_of_in_sync_replicas_it_is_forgotten_who_is_eligible() {
    let minimum = |kind, name, value| set(kind, name, "min.insync.replicas", value);
    let both = |value| {
        vec![
            minimum(Resource::BROKER, "", value),
            minimum(Resource::TOPIC, "t", value),
        ]
    };
    const CONFIG: &str = "ConfigRecord";
    const CLEAR: &str = "ClearElrRecord";
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let records = cluster.records_of(altering(both("2")));
    assert_eq!(records, [CONFIG, CONFIG, CLEAR, CLEAR]);
    // What is the same is written for brokers only.
    let records = cluster.records_of(altering(both("2")));
    assert_eq!(records, [CONFIG, CLEAR]);
    let other = set(Resource::TOPIC, "t", "retention.ms", "5");
    assert_eq!(cluster.records_of(altering(vec![other])), [CONFIG]);
    let mut before = Cluster::at(MetadataVersion::parse("3.9-IV0").unwrap());
    before.create("t", 1).unwrap();
    assert_eq!(before.records_of(altering(both("2"))), [CONFIG, CONFIG]);
}

#[test]
fn the_last_that_can_be_elected_stays_eligible() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    cluster.stop();
    for (kind, name) in [(Resource::BROKER, ""), (Resource::TOPIC, "t")] {
        let lowered = set(kind, name, "min.insync.replicas", "1");
        assert_eq!(cluster.alter(vec![lowered]), [Ok(())]);
    }
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t"), led(2, false));
}

#[test]
fn beside_one_that_only_the_eligible_can_lead_it_is_forgotten_of_the_others() {
    let mut cluster = Cluster::new();
    let topic_id = TopicId(Uuid::from_u128(7));
    let topic = TopicRecord {
        name: "t".into(),
        topic_id,
    };
    let partition = |index, leader, isr: &[i32]| PartitionRecord {
        partition_id: PartitionIndex(index),
        topic_id,
        replicas: vec![NodeId(1), NodeId(2)],
        isr: isr.iter().copied().map(NodeId).collect(),
        eligible_leader_replicas: Some(vec![NodeId(2)]),
        leader: NodeId(leader),
        ..Default::default()
    };
    let records: [MetadataRecord<'_>; 3] = [
        topic.into(),
        partition(0, 1, &[1]).into(),
        partition(1, -1, &[]).into(),
    ];
    for record in &records {
        cluster.controller.replay(record, cluster.next).unwrap();
        cluster.next = cluster.next.next();
    }
    let lowered = altering(vec![set(Resource::BROKER, "", "min.insync.replicas", "1")]);
    let records = cluster.records_of(lowered);
    assert_eq!(records, ["ConfigRecord", "PartitionChangeRecord"]);
    let topic = cluster.controller.image().topics().by_name("t").unwrap();
    let elr = |index| &topic.partition(PartitionIndex(index)).unwrap().elr[..];
    assert_eq!((elr(0), elr(1)), (&[][..], &[NodeId(2)][..]));
}

#[test]
fn a_broker_is_told_a_config_again_when_it_is_set_again() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    for (kind, name, key, written) in [
        (Resource::BROKER, "", "log.cleaner.threads", 1),
        (Resource::BROKER, "1", "log.cleaner.threads", 1),
        (Resource::TOPIC, "t", "retention.ms", 0),
    ] {
        let again = || altering(vec![set(kind, name, key, "7")]);
        assert_eq!(cluster.records_of(again()).len(), 1);
        assert_eq!(cluster.records_of(again()).len(), written, "{key}");
    }
}

#[test]
fn a_config_that_is_not_known_can_be_deleted_and_nothing_else() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let of_another_release = ConfigRecord {
        resource_type: Resource::TOPIC,
        resource_name: "t".into(),
        name: "unknown".into(),
        value: Some("2".into()),
    };
    let next = cluster.next;
    let replayed = cluster.controller.replay(&of_another_release.into(), next);
    replayed.unwrap();
    cluster.next = next.next();
    let change = |change| Alteration {
        resource: Resource::new(Resource::TOPIC, "t"),
        changes: vec![("unknown".to_owned(), change)],
        replaces_all: false,
    };
    let refused = Err(ErrorCode::InvalidConfig);
    for other in [ConfigChange::Set, ConfigChange::Append] {
        assert_eq!(cluster.alter(vec![change(other("1".into()))]), [refused]);
    }
    let delete = || altering(vec![change(ConfigChange::Delete)]);
    assert_eq!(cluster.records_of(delete()), ["ConfigRecord"]);
    assert_eq!(cluster.records_of(delete()), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_config_is_said_before_that_its_topic_is_missing() {
    let mut cluster = Cluster::new();
    for (kind, name, value, code) in [
        (Resource::TOPIC, "", "1", ErrorCode::InvalidRequest),
        (
            Resource::TOPIC,
            "a b",
            "x",
            ErrorCode::InvalidTopicException,
        ),
        (Resource::TOPIC, "t", "x", ErrorCode::InvalidConfig),
        (
            Resource::TOPIC,
            "t",
            "1",
            ErrorCode::UnknownTopicOrPartition,
        ),
        (Resource::BROKER, "x", "1", ErrorCode::InvalidRequest),
        (Resource::BROKER, "-1", "1", ErrorCode::InvalidRequest),
        (77, "t", "1", ErrorCode::InvalidRequest),
    ] {
        let alteration = set(kind, name, "retention.ms", value);
        assert_eq!(cluster.alter(vec![alteration]), [Err(code)], "{name:?}");
    }
}

#[test]
fn a_config_has_at_most_so_many_characters() {
    let mut cluster = Cluster::new();
    let value = |length: usize| {
        let item = "1:2,";
        let value = item.repeat(length / item.len() + 1);
        value[..length].to_owned()
    };
    const KEY: &str = "leader.replication.throttled.replicas";
    let mut create = |name: &str, length| {
        let topic = NewTopic {
            id: TopicId(Uuid::from_u128(6000 + length as u128)),
            configs: vec![(KEY.to_owned(), Some(value(length)))],
            ..new_topic(name.to_owned(), 1)
        };
        let request = Request::CreateTopics {
            topics: vec![topic],
            validate_only: false,
            permits: Permits::default(),
        };
        match cluster.ask(request) {
            Reply::TopicsCreated(replies) => replies[0].clone().map(|_| ()).map_err(|r| r.code),
            other => panic!("{other:?}"),
        }
    };
    let refused = Err(ErrorCode::InvalidConfig);
    assert_eq!(create("t", 32_767), Ok(()));
    assert_eq!(create("u", 32_768), refused);
    let mut alter = |change| {
        let alteration = Alteration {
            resource: Resource::new(Resource::TOPIC, "t"),
            changes: vec![(KEY.to_owned(), change)],
            replaces_all: false,
        };
        cluster.alter(vec![alteration])[0]
    };
    assert_eq!(alter(ConfigChange::Set(value(32_768))), refused);
    assert_eq!(alter(ConfigChange::Append("9:9".to_owned())), refused);
    assert_eq!(alter(ConfigChange::Subtract("1:2".to_owned())), Ok(()));
}
