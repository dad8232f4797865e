//! What the controller makes of requests, one after the other, on a cluster of one node.

#![expect(clippy::panic, reason = "a test that meets another reply has failed")]

use ottla_config::ServerConfig;
use ottla_controller::{
    Alteration, AssignedDirectory, ConfigChange, Controller, NewPartitions, NewTopic, Options,
    Registration, Reply, Request, TopicName,
};
use ottla_metadata::Resource;
use ottla_metadata::features::{self, MetadataVersion};
use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::{ConfigRecord, MetadataRecord, PartitionRecord, TopicRecord};

struct Cluster {
    controller: Controller,
    next: Offset,
    epoch: BrokerEpoch,
    /// Of the broker's next start.
    directories: Vec<Uuid>,
}

impl Cluster {
    fn new() -> Self {
        Self::at(MetadataVersion::LATEST)
    }

    fn at(version: MetadataVersion) -> Self {
        let config = ServerConfig::of_default_node("data");
        let options = Options {
            settings: config.settings().clone(),
            default_partitions: 1,
            default_replication_factor: 1,
            deletes_topics: true,
            bootstrap: features::bootstrap(version),
        };
        let mut cluster = Self {
            controller: Controller::new(options),
            next: Offset(1),
            epoch: BrokerEpoch::NONE,
            directories: vec![Uuid::from_u128(500)],
        };
        cluster.ask(Request::Activate);
        cluster.start(BrokerEpoch::NONE);
        cluster
    }

    fn alter(&mut self, alterations: Vec<Alteration>) -> Vec<Result<(), ErrorCode>> {
        let request = Request::AlterConfigs {
            alterations,
            validate_only: false,
        };
        match self.ask(request) {
            Reply::Items(items) => items
                .into_iter()
                .map(|item| item.map_err(|refusal| refusal.code))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, request: Request) -> Reply {
        let outcome = self.controller.handle(&request, self.next);
        for record in &outcome.records {
            self.controller
                .replay(record, self.next)
                .expect("what the controller writes it can read");
            self.next = self.next.next();
        }
        outcome.reply
    }

    /// Starts the broker anew. `cleanly_stopped`: the epoch in the clean shutdown file.
    fn start(&mut self, cleanly_stopped: BrokerEpoch) {
        assert_eq!(self.ask(Request::Fence { broker: NodeId(1) }), Reply::Done);
        let directories = self.directories.clone();
        self.epoch = self.register(NodeId(1), directories, cleanly_stopped);
    }

    /// Another broker comes.
    fn join(&mut self, id: i32) -> BrokerEpoch {
        let directory = Uuid::from_u128(500 + u128::from(id.unsigned_abs()));
        self.register(NodeId(id), vec![directory], BrokerEpoch::NONE)
    }

    fn register(
        &mut self,
        broker: NodeId,
        directories: Vec<Uuid>,
        cleanly_stopped: BrokerEpoch,
    ) -> BrokerEpoch {
        let registration = Registration {
            id: broker,
            incarnation: Uuid::from_u128(900),
            listeners: Vec::new(),
            rack: None,
            directories,
            cleanly_stopped,
        };
        let Reply::Registered(epoch) = self.ask(Request::RegisterBroker(registration)) else {
            panic!("refused")
        };
        let unfenced = self.ask(Request::Unfence { broker, epoch });
        assert_eq!(unfenced, Reply::Done);
        epoch
    }

    fn create(&mut self, name: &str, partitions: i32) -> Result<(), ErrorCode> {
        let topic = NewTopic {
            name: name.to_owned(),
            id: TopicId(Uuid::from_u128(1000 + self.next.0 as u128)),
            partitions,
            replication_factor: -1,
            assignments: Vec::new(),
            configs: Vec::new(),
        };
        let reply = self.ask(Request::CreateTopics {
            topics: vec![topic],
            validate_only: false,
        });
        let Reply::TopicsCreated(replies) = reply else {
            panic!("{reply:?}")
        };
        replies
            .into_iter()
            .next()
            .expect("a reply per topic")
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    }

    fn stop(&mut self) {
        let (broker, epoch) = (NodeId(1), self.epoch);
        assert_eq!(self.ask(Request::ShutDown { broker, epoch }), Reply::Done);
        assert_eq!(self.ask(Request::Fence { broker }), Reply::Done);
    }

    fn partition(&self, topic: &str) -> Partition {
        let topic = self.controller.image().topics().by_name(topic);
        let partition = topic
            .and_then(|topic| topic.partition(PartitionIndex(0)))
            .expect("it was created");
        let raw = |ids: &[NodeId]| ids.iter().map(|id| id.0).collect();
        Partition {
            leader: partition.leader.0,
            leader_epoch: partition.leader_epoch.0,
            isr: raw(&partition.isr),
            elr: raw(&partition.elr),
            last_known: raw(&partition.last_known_elr),
            is_recovering: partition.leader_recovery_state != 0,
        }
    }

    /// The names of the records that a request makes.
    fn records_of(&mut self, request: Request) -> Vec<&'static str> {
        let outcome = self.controller.handle(&request, self.next);
        let names = outcome.records.iter().map(MetadataRecord::name).collect();
        self.ask(request);
        names
    }
}

#[derive(Debug, PartialEq)]
struct Partition {
    leader: i32,
    leader_epoch: i32,
    isr: Vec<i32>,
    elr: Vec<i32>,
    last_known: Vec<i32>,
    is_recovering: bool,
}

/// Led by the one broker, or by nobody.
fn led(leader_epoch: i32, is_recovering: bool) -> Partition {
    Partition {
        leader: 1,
        leader_epoch,
        isr: vec![1],
        elr: Vec::new(),
        last_known: Vec::new(),
        is_recovering,
    }
}

#[test]
fn a_new_cluster_is_at_the_newest_level() {
    let cluster = Cluster::new();
    let image = cluster.controller.image();
    assert_eq!(image.features().metadata_version(), MetadataVersion::LATEST);
    assert_eq!(image.features().level("transaction.version"), 2);
    assert!(image.cluster().is_alive(NodeId(1)));
    assert_eq!(
        image
            .cluster()
            .broker(NodeId(1))
            .expect("registered")
            .epoch(),
        cluster.epoch
    );
}

#[test]
fn topics_are_created_once_under_good_names() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.create("a.b", 3), Ok(()));
    assert_eq!(cluster.create("a.b", 3), Err(ErrorCode::TopicAlreadyExists));
    assert_eq!(
        cluster.create("a_b", 3),
        Err(ErrorCode::InvalidTopicException)
    );
    assert_eq!(
        cluster.create("a b", 3),
        Err(ErrorCode::InvalidTopicException)
    );
    // Its directory would be that of the metadata log.
    assert_eq!(
        cluster.create("__cluster_metadata", 1),
        Err(ErrorCode::InvalidRequest)
    );
    assert_eq!(cluster.create("none", 0), Err(ErrorCode::InvalidPartitions));
    assert_eq!(cluster.partition("a.b"), led(0, false));
}

#[test]
fn of_topics_that_metrics_would_not_tell_apart_a_request_creates_the_first() {
    let mut cluster = Cluster::new();
    let topic = |name: &str, id| NewTopic {
        id: TopicId(Uuid::from_u128(id)),
        ..new_topic(name.to_owned(), 1)
    };
    let reply = cluster.ask(Request::CreateTopics {
        topics: vec![topic("a.b", 5001), topic("a_b", 5002)],
        validate_only: false,
    });
    let Reply::TopicsCreated(replies) = reply else {
        panic!("{reply:?}")
    };
    assert!(replies[0].is_ok());
    let refusal = replies[1].as_ref().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::InvalidTopicException);
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
fn a_deleted_topic_can_be_created_anew() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    let reply = cluster.ask(Request::DeleteTopics(vec![
        TopicName::Name("t".into()),
        TopicName::Name("u".into()),
    ]));
    let Reply::TopicsDeleted(replies) = reply else {
        panic!("{reply:?}")
    };
    assert!(replies[0].is_ok());
    assert_eq!(
        replies[1].as_ref().expect_err("it does not exist").code,
        ErrorCode::UnknownTopicOrPartition
    );
    assert_eq!(cluster.create("t", 1), Ok(()));
}

#[test]
fn a_topic_that_is_named_both_ways_is_deleted_once() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let id = cluster
        .controller
        .image()
        .topics()
        .by_name("t")
        .map(|topic| topic.id);
    let names = vec![TopicName::Name("t".into()), TopicName::Id(id.unwrap())];
    let outcome = cluster
        .controller
        .handle(&Request::DeleteTopics(names), cluster.next);
    assert_eq!(outcome.records.len(), 1);
    let Reply::TopicsDeleted(replies) = outcome.reply else {
        panic!("{:?}", outcome.reply)
    };
    assert!(replies.iter().all(Result::is_ok));
}

#[test]
fn partitions_go_round_the_brokers_from_where_the_topic_ended() {
    let mut cluster = Cluster::new();
    cluster.join(2);
    cluster.join(3);
    let topic = NewTopic {
        replication_factor: 2,
        ..new_topic("t".to_owned(), 2)
    };
    cluster.ask(Request::CreateTopics {
        topics: vec![topic],
        validate_only: false,
    });
    cluster.ask(Request::CreatePartitions {
        topics: vec![NewPartitions {
            name: "t".to_owned(),
            count: 4,
            assignments: None,
        }],
        validate_only: false,
    });
    let topic = cluster.controller.image().topics().by_name("t").unwrap();
    let replicas = topic.partitions().map(|(_, partition)| {
        let ids = partition.replicas.iter().map(|id| id.0);
        ids.collect::<Vec<_>>()
    });
    let expected = [[1, 2], [2, 3], [3, 1], [1, 2]];
    assert_eq!(replicas.collect::<Vec<_>>(), expected);
}

#[test]
fn a_follower_that_stops_leaves_the_isr() {
    let mut cluster = Cluster::new();
    let (broker, epoch) = (NodeId(2), cluster.join(2));
    let topic = NewTopic {
        replication_factor: 2,
        ..new_topic("t".to_owned(), 1)
    };
    cluster.ask(Request::CreateTopics {
        topics: vec![topic],
        validate_only: false,
    });
    let both = Partition {
        isr: vec![1, 2],
        ..led(0, false)
    };
    assert_eq!(cluster.partition("t"), both);
    // It leads nothing, and so is fenced at once.
    let reply = cluster.ask(Request::ShutDown { broker, epoch });
    assert_eq!(reply, Reply::Done);
    assert!(!cluster.controller.image().cluster().is_alive(broker));
    assert_eq!(cluster.partition("t"), led(0, false));
}

#[test]
fn a_clean_stop_leaves_an_eligible_leader() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    let stopped = Partition {
        leader: -1,
        isr: Vec::new(),
        elr: vec![1],
        last_known: vec![1],
        ..led(1, false)
    };
    assert_eq!(cluster.partition("t"), stopped);
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t"), led(2, false));
}

#[test]
fn a_leader_that_comes_back_after_a_crash_is_elected_uncleanly() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.start(BrokerEpoch::NONE);
    assert_eq!(cluster.partition("t"), led(2, true));
}

#[test]
fn a_stop_counts_as_a_crash_when_the_directories_do_not_say_that_it_was_clean() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    cluster.start(BrokerEpoch(cluster.epoch.0 - 1));
    assert_eq!(cluster.partition("t"), led(2, true));
}

#[test]
fn the_records_of_stops_and_starts_are_kafkas() {
    const PARTITION_CHANGE: &str = "PartitionChangeRecord";
    const REGISTRATION_CHANGE: &str = "BrokerRegistrationChangeRecord";
    let mut cluster = Cluster::new();
    let (broker, epoch) = (NodeId(1), cluster.epoch);
    // It leads nothing: there is nothing to give up first.
    let stop = Request::ShutDown { broker, epoch };
    let stopped = cluster.records_of(stop);
    assert_eq!(stopped, [REGISTRATION_CHANGE]);
    assert!(!cluster.controller.image().cluster().is_alive(broker));
    assert_eq!(cluster.records_of(Request::Fence { broker }), [""; 0]);
    cluster.start(epoch);
    cluster.create("t", 2).expect("a good name");
    let epoch = cluster.epoch;
    let stop = Request::ShutDown { broker, epoch };
    let stopped = cluster.records_of(stop);
    let of_partitions = [PARTITION_CHANGE; 2];
    assert_eq!(stopped[..1], [REGISTRATION_CHANGE]);
    assert_eq!(stopped[1..], of_partitions);
    let fenced = cluster.records_of(Request::Fence { broker });
    assert_eq!(fenced, [REGISTRATION_CHANGE]);
    let returned = Request::Unfence { broker, epoch };
    let unfenced = cluster.records_of(returned);
    assert_eq!(unfenced[..1], [REGISTRATION_CHANGE]);
    assert_eq!(unfenced[1..], of_partitions);
}

#[test]
fn before_eligible_leaders_the_last_of_an_isr_stays_in_it() {
    let mut cluster = Cluster::at(MetadataVersion::MIN);
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    let stopped = Partition {
        leader: -1,
        ..led(1, false)
    };
    assert_eq!(cluster.partition("t"), stopped);
    cluster.start(BrokerEpoch::NONE);
    assert_eq!(cluster.partition("t"), led(2, false));
}

#[test]
fn a_cluster_begins_with_what_it_was_formatted_with() {
    let cluster = Cluster::at(MetadataVersion::MIN);
    let image = cluster.controller.image();
    assert_eq!(image.features().metadata_version(), MetadataVersion::MIN);
    let brokers = Resource::new(Resource::BROKER, "");
    assert_eq!(image.configs().get(&brokers, "min.insync.replicas"), None);
}

#[test]
fn an_earlier_incarnation_is_told_so() {
    let mut cluster = Cluster::new();
    let old = cluster.epoch;
    cluster.start(BrokerEpoch::NONE);
    let reply = cluster.ask(Request::AllocateProducerIds {
        broker: NodeId(1),
        epoch: old,
    });
    let Reply::Refused(refusal) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(refusal.code, ErrorCode::StaleBrokerEpoch);
}

#[test]
fn producer_ids_come_in_blocks() {
    let mut cluster = Cluster::new();
    let epoch = cluster.epoch;
    let mut first = || match cluster.ask(Request::AllocateProducerIds {
        broker: NodeId(1),
        epoch,
    }) {
        Reply::ProducerIds { first, count } => (first.0, count),
        other => panic!("{other:?}"),
    };
    assert_eq!([first(), first()], [(0, 1000), (1000, 1000)]);
}

const ONE: Uuid = Uuid::from_u128(501);
const TWO: Uuid = Uuid::from_u128(502);
/// What stands for a directory that the broker has not chosen yet.
const UNASSIGNED: Uuid = Uuid::from_u128(1);

/// A cluster whose broker has two directories.
fn with_two_directories() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.stop();
    cluster.directories = vec![ONE, TWO];
    cluster.start(cluster.epoch);
    cluster
}

impl Cluster {
    fn directories(&self, topic: &str) -> Vec<Uuid> {
        let topic = self.controller.image().topics().by_name(topic);
        let partition = topic.and_then(|topic| topic.partition(PartitionIndex(0)));
        partition.expect("it was created").directories.clone()
    }

    /// The broker has its replica of `topic` there.
    fn assign(&mut self, topic: &str, directory: Uuid) -> Vec<&'static str> {
        let topic = self.controller.image().topics().by_name(topic);
        let assigned = AssignedDirectory {
            topic: topic.expect("it was created").id,
            partition: PartitionIndex(0),
            directory,
        };
        let (broker, epoch) = (NodeId(1), self.epoch);
        self.records_of(Request::AssignDirectories {
            broker,
            epoch,
            assigned: vec![assigned],
        })
    }
}

#[test]
fn the_broker_chooses_among_its_directories_and_says_which() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.create("t", 1), Ok(()));
    assert_eq!(cluster.directories("t"), [UNASSIGNED]);
    assert_eq!(cluster.assign("t", TWO), ["PartitionChangeRecord"]);
    assert_eq!(cluster.directories("t"), [TWO]);
    assert_eq!(cluster.assign("t", TWO), [""; 0]);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.partition("t").leader_epoch, 0);
}

#[test]
fn nobody_leads_a_partition_whose_directory_is_gone_until_it_is_back() {
    let mut cluster = with_two_directories();
    for (topic, directory) in [("t", ONE), ("u", TWO)] {
        assert_eq!(cluster.create(topic, 1), Ok(()));
        cluster.assign(topic, directory);
    }
    cluster.stop();
    cluster.directories = vec![ONE];
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.partition("u").leader, -1);
    cluster.stop();
    cluster.directories = vec![ONE, TWO];
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("u").leader, 1);
}

#[test]
fn a_partition_that_is_begun_anew_in_another_directory_is_led_again() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.create("t", 1), Ok(()));
    cluster.assign("t", TWO);
    cluster.stop();
    cluster.directories = vec![ONE];
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t").leader, -1);
    assert_eq!(cluster.assign("t", ONE), ["PartitionChangeRecord"]);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.directories("t"), [ONE]);
}

fn new_topic(name: String, partitions: i32) -> NewTopic {
    NewTopic {
        id: TopicId(Uuid::from_u128(5000)),
        name,
        partitions,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Vec::new(),
    }
}

fn refusal_of(reply: Reply) -> ErrorCode {
    match reply {
        Reply::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_creates_as_much_as_fits_one_operation() {
    let mut cluster = Cluster::new();
    let mut create = |topics: Vec<NewTopic>| {
        let request = Request::CreateTopics {
            topics,
            validate_only: false,
        };
        cluster.ask(request)
    };
    let halves = || {
        ["t", "u"]
            .map(|name| new_topic(name.to_owned(), 5_001))
            .to_vec()
    };
    assert_eq!(refusal_of(create(halves())), ErrorCode::PolicyViolation);
    let assigned = |name: &str| NewTopic {
        assignments: (0..10_001)
            .map(|index| (PartitionIndex(index), vec![NodeId(1)]))
            .collect(),
        ..new_topic(name.to_owned(), -1)
    };
    let code = refusal_of(create(vec![assigned("t")]));
    assert_eq!(code, ErrorCode::PolicyViolation);
    // Each takes two records: its own and that of its partition.
    let many = (0..5_001).map(|i| new_topic(format!("t{i}"), -1)).collect();
    assert_eq!(refusal_of(create(many)), ErrorCode::PolicyViolation);
    assert_eq!(cluster.controller.image().topics().iter().count(), 0);
}

#[test]
fn a_partition_begins_with_a_broker_that_can_lead_it() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let (broker, epoch) = (NodeId(1), cluster.epoch);
    for goodbye in [
        Request::ShutDown { broker, epoch },
        Request::Fence { broker },
    ] {
        assert_eq!(cluster.ask(goodbye), Reply::Done);
        let assigned = NewTopic {
            assignments: vec![(PartitionIndex(0), vec![broker])],
            ..new_topic("u".to_owned(), -1)
        };
        let reply = cluster.ask(Request::CreateTopics {
            topics: vec![assigned, new_topic("v".to_owned(), 1)],
            validate_only: false,
        });
        let Reply::TopicsCreated(replies) = reply else {
            panic!("{reply:?}")
        };
        let codes = replies.into_iter().map(|reply| reply.unwrap_err().code);
        assert_eq!(
            codes.collect::<Vec<_>>(),
            [
                ErrorCode::InvalidReplicaAssignment,
                ErrorCode::InvalidReplicationFactor
            ]
        );
        for (assignments, code) in [
            (
                Some(vec![vec![broker]]),
                ErrorCode::InvalidReplicaAssignment,
            ),
            (None, ErrorCode::InvalidReplicationFactor),
        ] {
            let reply = cluster.ask(Request::CreatePartitions {
                topics: vec![NewPartitions {
                    name: "t".to_owned(),
                    count: 2,
                    assignments,
                }],
                validate_only: false,
            });
            let Reply::Items(replies) = reply else {
                panic!("{reply:?}")
            };
            assert_eq!(replies[0].as_ref().unwrap_err().code, code);
        }
    }
    cluster.start(epoch);
    assert_eq!(cluster.create("u", 1), Ok(()));
}

#[test]
fn topics_grow_by_as_much_as_fits_one_operation() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    cluster.create("u", 1).unwrap();
    let grown = |name: &str, count| NewPartitions {
        name: name.to_owned(),
        count,
        assignments: None,
    };
    let mut grow = |topics| {
        let request = Request::CreatePartitions {
            topics,
            validate_only: false,
        };
        match cluster.ask(request) {
            Reply::Items(items) => items
                .into_iter()
                .map(|item| item.map_err(|refusal| refusal.code))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    let refused = Err(ErrorCode::PolicyViolation);
    assert_eq!(grow(vec![grown("t", i32::MAX)]), [refused]);
    assert_eq!(grow(vec![grown("t", 10_002)]), [refused]);
    let both = grow(vec![grown("t", 6_001), grown("u", 6_001)]);
    assert_eq!(both, [Ok(()), refused]);
    assert_eq!(grow(vec![grown("u", 10_001)]), [Ok(())]);
    let not_more = Err(ErrorCode::InvalidPartitions);
    assert_eq!(grow(vec![grown("u", 10_001)]), [not_more]);
    assert_eq!(grow(vec![grown("u", 10_000)]), [not_more]);
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

impl Cluster {
    fn fail(&mut self, directory: Uuid) -> Vec<&'static str> {
        let (broker, epoch) = (NodeId(1), self.epoch);
        self.records_of(Request::FailDirectories {
            broker,
            epoch,
            failed: vec![directory],
        })
    }
}

#[test]
fn nobody_leads_what_was_in_a_directory_that_fails() {
    const PARTITION_CHANGE: &str = "PartitionChangeRecord";
    const REGISTRATION_CHANGE: &str = "BrokerRegistrationChangeRecord";
    let mut cluster = with_two_directories();
    for (topic, directory) in [("t", ONE), ("u", TWO)] {
        assert_eq!(cluster.create(topic, 1), Ok(()));
        cluster.assign(topic, directory);
    }
    let failed = cluster.fail(TWO);
    assert_eq!(failed, [PARTITION_CHANGE, REGISTRATION_CHANGE]);
    assert_eq!(cluster.fail(TWO), [""; 0]);
    assert_eq!(cluster.partition("t"), led(0, false));
    let lost = Partition {
        leader: -1,
        isr: Vec::new(),
        elr: vec![1],
        last_known: vec![1],
        ..led(1, false)
    };
    assert_eq!(cluster.partition("u"), lost);
    let broker = cluster.controller.image().cluster().broker(NodeId(1));
    assert_eq!(broker.expect("registered").log_dirs(), [ONE]);
    // What is new goes where there is a place left.
    assert_eq!(cluster.create("v", 1), Ok(()));
    assert_eq!(cluster.directories("v"), [ONE]);
    cluster.stop();
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("u"), led(2, false));
}

#[test]
fn a_replica_that_is_put_into_a_directory_after_that_has_failed_is_lost_with_it() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.create("t", 1), Ok(()));
    cluster.fail(TWO);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.assign("t", TWO), ["PartitionChangeRecord"; 2]);
    assert_eq!(cluster.directories("t"), [TWO]);
    assert_eq!(cluster.partition("t").leader, -1);
}
