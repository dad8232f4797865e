//! What the controller makes of requests, one after the other, on a cluster of one node.

#![expect(clippy::panic, reason = "a test that meets another reply has failed")]

use ottla_config::ServerConfig;
use ottla_controller::{Controller, NewTopic, Options, Registration, Reply, Request, TopicName};
use ottla_metadata::features::MetadataVersion;
use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, PartitionIndex, TopicId, Uuid};

struct Cluster {
    controller: Controller,
    next: Offset,
    epoch: BrokerEpoch,
}

impl Cluster {
    fn new() -> Self {
        let config = ServerConfig::of_default_node("data");
        let options = Options {
            settings: config.settings().clone(),
            default_partitions: 1,
            default_replication_factor: 1,
            deletes_topics: true,
            bootstrap: MetadataVersion::LATEST,
        };
        let mut cluster = Self {
            controller: Controller::new(options),
            next: Offset(1),
            epoch: BrokerEpoch::NONE,
        };
        cluster.ask(Request::Activate);
        cluster.start();
        cluster
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

    fn start(&mut self) {
        let registration = Registration {
            id: NodeId(1),
            incarnation: Uuid::from_u128(900),
            listeners: Vec::new(),
            rack: None,
            directories: vec![Uuid::from_u128(500)],
        };
        let Reply::Registered(epoch) = self.ask(Request::RegisterBroker(registration)) else {
            panic!("refused")
        };
        self.epoch = epoch;
        assert_eq!(
            self.ask(Request::Unfence {
                broker: NodeId(1),
                epoch
            }),
            Reply::Done
        );
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

    /// Leader, leader epoch, in-sync replicas, eligible leaders, last known leaders.
    fn partition(&self, topic: &str) -> (i32, i32, usize, usize, usize) {
        let topic = self
            .controller
            .image()
            .topics()
            .by_name(topic)
            .expect("it was created");
        let partition = topic
            .partition(PartitionIndex(0))
            .expect("a topic has a first partition");
        let p = partition;
        (
            p.leader.0,
            p.leader_epoch.0,
            p.isr.len(),
            p.elr.len(),
            p.last_known_elr.len(),
        )
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
    assert_eq!(cluster.create("none", 0), Err(ErrorCode::InvalidPartitions));
    assert_eq!(cluster.partition("a.b"), (1, 0, 1, 0, 0));
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
fn a_clean_stop_leaves_an_eligible_leader() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    let epoch = cluster.epoch;
    assert_eq!(
        cluster.ask(Request::ShutDown {
            broker: NodeId(1),
            epoch
        }),
        Reply::Done
    );
    assert_eq!(cluster.partition("t"), (-1, 1, 0, 1, 0));
    cluster.start();
    assert_eq!(cluster.partition("t"), (1, 2, 1, 0, 0));
}

#[test]
fn a_crash_leaves_the_last_known_leader_and_a_new_epoch() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.start();
    assert_eq!(cluster.partition("t"), (1, 2, 1, 0, 0));
}

#[test]
fn an_earlier_incarnation_is_told_so() {
    let mut cluster = Cluster::new();
    let old = cluster.epoch;
    cluster.start();
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
