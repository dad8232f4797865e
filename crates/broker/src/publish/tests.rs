use std::path::Path;

use ottla_env::Disk;
use ottla_log::dir::{FutureLog, LogDirectory};
use ottla_model::{LeaderEpoch, PartitionIndex};
use ottla_wire::metadata_record::{
    ConfigRecord, FeatureLevelRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    RegisterBrokerRecord, TopicRecord,
};

use super::*;
use crate::client_quotas::ClientQuotas;
use crate::groups::GroupCoordinators;
use crate::idle_env::IdleEnv;
use crate::log_dirs::LogDirs;
use crate::moves::Moves;
use crate::net::ConnectionLimits;
use crate::partitions::Partitions;
use crate::telemetry::Telemetry;

const NODE: NodeId = NodeId(1);
const DIRECTORY: Uuid = Uuid::from_u128(101);
const TOPIC: TopicId = TopicId(Uuid::from_u128(7));
const KEY: PartitionKey = PartitionKey {
    topic: TOPIC,
    index: PartitionIndex(0),
};
const NAME: &str = "topic";
const PROPERTIES: &str = "process.roles=broker,controller\nnode.id=1\n\
    listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n\
    controller.quorum.bootstrap.servers=localhost:9093\nlog.dirs=/data\n";

/// A publisher of a node with one lane, and what it publishes to. `has_offline`: another directory cannot be used. `in_doubt`: of
/// the topic's log there is a copy.
fn publisher(
    env: &IdleEnv,
    has_offline: bool,
    in_doubt: bool,
) -> (Publisher<IdleEnv>, Arc<Partitions<IdleEnv>>) {
    let lane = env.lane("/data", DIRECTORY);
    let (config, _) =
        ServerConfig::load("server.properties", PROPERTIES, &[]).expect("it is well-formed");
    let adjustable = Adjustable::of(config.settings());
    let groups = GroupCoordinators::new(
        env.clone(),
        Arc::default(),
        config.groups(),
        &config.consumer_groups(),
        &adjustable,
    );
    let windows = config.quota_windows();
    let (listeners, _) = WantedListeners::new(&config);
    let to = Published {
        image: Arc::default(),
        partitions: Arc::default(),
        groups: Arc::new(groups),
        moves: Arc::new(Moves::new(Vec::new()).0),
        log_dirs: Arc::new(LogDirs::new(
            vec!["/data".into()],
            &[("/data".into(), DIRECTORY)],
        )),
        client_quotas: Arc::new(ClientQuotas::new(windows, windows)),
        telemetry: Arc::new(Telemetry::new(false, 1)),
        connection_limits: ConnectionLimits::new(&config, adjustable.connections),
        listener_settings: listeners.taken(),
    };
    let partitions = Arc::clone(&to.partitions);
    let publisher = Publisher::new(
        &config,
        listeners,
        to,
        vec![(DIRECTORY, lane)],
        FoundLogs {
            logs: FxHashMap::default(),
            has_offline,
            in_doubt: in_doubt.then_some(KEY).into_iter().collect(),
        },
        mpsc::unbounded().0,
        mpsc::unbounded().0,
    );
    (publisher, partitions)
}

fn with(image: &Image, records: Vec<MetadataRecord<'_>>) -> Arc<Image> {
    let mut next = image.clone();
    for record in records {
        let offset = next.offset().next();
        let applied = next.apply(&record, offset);
        applied.expect("the records fit each other");
    }
    Arc::new(next)
}

fn max_message_bytes(value: Option<&str>) -> Vec<MetadataRecord<'static>> {
    let record = ConfigRecord {
        resource_type: Resource::TOPIC,
        resource_name: NAME.into(),
        name: "max.message.bytes".into(),
        value: value.map(|value| value.to_owned().into()),
    };
    vec![record.into()]
}

/// A topic of one partition, which this node leads.
fn topic(assigned: Option<Uuid>) -> Vec<MetadataRecord<'static>> {
    let topic = TopicRecord {
        name: NAME.into(),
        topic_id: TOPIC,
    };
    let partition = PartitionRecord {
        partition_id: PartitionIndex(0),
        topic_id: TOPIC,
        replicas: vec![NODE],
        isr: vec![NODE],
        leader: NODE,
        leader_epoch: LeaderEpoch(0),
        directories: assigned.into_iter().collect(),
        ..Default::default()
    };
    vec![topic.into(), partition.into()]
}

#[test]
fn a_log_that_may_be_in_a_directory_that_cannot_be_used_is_not_begun_elsewhere() {
    // Where there is a copy the metadata names its directory, which can be used.
    for (has_offline, in_doubt, assigned, began) in [
        (true, false, None, false),
        (true, true, Some(DIRECTORY), false),
        (true, false, Some(DIRECTORY), true),
        (false, false, None, true),
    ] {
        let env = IdleEnv::new();
        let (mut publisher, partitions) = publisher(&env, has_offline, in_doubt);
        publisher.publish(&with(&Image::default(), topic(assigned)));
        (0..4).for_each(|_| env.run());
        env.unblock();
        let partition = partitions.get(TOPIC, PartitionIndex(0));
        let partition = partition.expect("this node has a replica");
        assert_eq!(partition.leader_epoch().is_some(), began);
        let log = env.disk().entry(Path::new("/data/topic-0"));
        assert_eq!(log.expect("the disk works").is_some(), began);
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_not_preferred() {
    const SECOND: Uuid = Uuid::from_u128(102);
    for (usable, expected) in [
        (vec![DIRECTORY, SECOND], SECOND),
        (vec![DIRECTORY], DIRECTORY),
    ] {
        let env = IdleEnv::new();
        let (mut publisher, partitions) = publisher(&env, false, false);
        let places = [("/data", DIRECTORY), ("/second", SECOND)];
        let lanes = places.map(|(path, id)| {
            (
                id,
                publisher
                    .places
                    .of(id)
                    .map(|(_, lane)| lane)
                    .unwrap_or_else(|| env.lane(path, id)),
            )
        });
        publisher.places = Places::new(lanes.into());
        publisher.to.moves.prefer(NAME, PartitionIndex(0), SECOND);
        let mut records = vec![broker(usable).into()];
        records.extend(topic(None));
        publisher.publish(&with(&Image::default(), records));
        let partition = partitions.get(TOPIC, PartitionIndex(0));
        let partition = partition.expect("this node has a replica");
        assert_eq!(partition.directory, expected);
    }
}

#[test]
fn a_log_that_cannot_be_handed_over_is_led_where_it_was() {
    const SECOND: Uuid = Uuid::from_u128(102);
    let env = IdleEnv::new();
    let (mut publisher, partitions) = publisher(&env, false, false);
    let first = publisher.places.of(DIRECTORY).expect("it is there");
    let second = LogDirectory::open(env.disk().clone(), Path::new("/second"));
    let second = Arc::new(second.expect("nobody else has it"));
    let lane = env.lane_of(Arc::clone(&second), SECOND);
    publisher.places = Places::new(vec![first, (SECOND, lane)]);
    let (assigned, mut told) = mpsc::unbounded();
    publisher.assigned = assigned;
    let run = || (0..8).for_each(|_| env.run());
    let created = with(&Image::default(), topic(Some(DIRECTORY)));
    publisher.publish(&created);
    run();
    env.unblock();
    run();
    let from = LogDirectory::open(env.disk().clone(), Path::new("/unused"));
    let from = Arc::new(from.expect("nobody else has it"));
    // Of another directory's log, which is not there: the rest cannot be copied.
    let future = FutureLog::begin(from, second, "topic-0", SECOND);
    publisher
        .to
        .moves
        .put_ready(KEY, DIRECTORY, SECOND, future.expect("the disk works"));
    let assign = |image: &Image, directory| {
        let change = PartitionChangeRecord {
            partition_id: PartitionIndex(0),
            topic_id: TOPIC,
            directories: Some(vec![directory]),
            ..Default::default()
        };
        with(image, vec![change.into()])
    };
    let moved = assign(&created, SECOND);
    publisher.publish(&moved);
    run();
    let partition = || {
        partitions
            .get(TOPIC, PartitionIndex(0))
            .expect("it is there")
    };
    assert!(partition().directory == SECOND && partition().open_reader().is_none());
    let stays = told.try_recv().expect("the controller is told");
    assert_eq!(stays.directory, DIRECTORY);
    publisher.publish(&assign(&moved, DIRECTORY));
    run();
    assert!(partition().directory == DIRECTORY && partition().open_reader().is_some());
    assert_eq!(partition().leader_epoch(), Some(LeaderEpoch(0)));
    assert!(publisher.staying.lock().is_empty());
}

#[test]
fn a_cordoned_directory_gets_no_new_partitions_once_the_cluster_knows_of_that() {
    const SECOND: Uuid = Uuid::from_u128(102);
    let env = IdleEnv::new();
    let (mut publisher, partitions) = publisher(&env, false, false);
    let first = publisher.places.of(DIRECTORY).expect("it is there");
    publisher.places = Places::new(vec![first, (SECOND, env.lane("/second", SECOND))]);
    let dirs = [("/data", DIRECTORY), ("/second", SECOND)];
    let usable = dirs.map(|(path, id)| (path.into(), id));
    let paths = dirs.map(|(path, _)| path.into()).to_vec();
    publisher.to.log_dirs = Arc::new(LogDirs::new(paths, &usable));
    let log_dirs = Arc::clone(&publisher.to.log_dirs);
    let (cordoned, mut told) = mpsc::unbounded();
    publisher.cordoned = cordoned;
    let cordon = ConfigRecord {
        resource_type: Resource::BROKER,
        resource_name: "1".into(),
        name: "cordoned.log.dirs".into(),
        value: Some("/data".into()),
    };
    let level = |level| FeatureLevelRecord {
        name: "metadata.version".into(),
        feature_level: level,
    };
    let both = vec![DIRECTORY, SECOND];
    let records = vec![level(29).into(), broker(both).into(), cordon.into()];
    let early = with(&Image::default(), records);
    publisher.publish(&early);
    assert!(log_dirs.cordoned().is_empty() && told.try_recv().is_err());
    let late = with(&early, vec![level(30).into()]);
    publisher.publish(&late);
    assert_eq!(told.try_recv(), Ok(vec![DIRECTORY]));
    publisher.publish(&with(&late, topic(None)));
    let partition = partitions.get(TOPIC, PartitionIndex(0));
    let partition = partition.expect("this node has a replica");
    assert_eq!(partition.directory, SECOND);
    assert!(told.try_recv().is_err());
}

fn broker(log_dirs: Vec<Uuid>) -> RegisterBrokerRecord<'static> {
    RegisterBrokerRecord {
        broker_id: NODE,
        log_dirs,
        ..Default::default()
    }
}

#[test]
fn a_config_that_is_changed_and_changed_back_while_the_lane_is_busy_is_as_it_was() {
    let env = IdleEnv::new();
    let (mut publisher, partitions) = publisher(&env, false, false);
    let created = with(&Image::default(), topic(None));
    let changed = with(&created, max_message_bytes(Some("1000")));
    let changed_back = with(&changed, max_message_bytes(None));
    publisher.publish(&created);
    env.run();
    let partition = partitions.get(TOPIC, PartitionIndex(0));
    let partition = partition.expect("this node has a replica");
    let at_first = partition.config();
    publisher.publish(&changed);
    assert_eq!(partition.config().max_message_bytes(), 1000);
    publisher.publish(&changed_back);
    env.run();
    assert!(at_first == partition.config());
}
