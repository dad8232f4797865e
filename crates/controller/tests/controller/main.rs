//! What the controller makes of requests, one after the other, on a cluster that begins with one node.

#![expect(clippy::panic, reason = "a test that meets another reply has failed")]

mod brokers;
mod configs;
mod directories;
mod feature_levels;
mod replicas;
mod topics;
mod users;

use ottla_config::ServerConfig;
use ottla_controller::{
    Alteration, Controller, NewTopic, Options, Permits, Registration, Reply, Request,
};
use ottla_metadata::features::{self, MetadataVersion};
use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::MetadataRecord;

struct Cluster {
    controller: Controller,
    next: Offset,
    /// The quorum's level.
    kraft_version: i16,
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
            node: NodeId(1),
            settings: config.settings().clone(),
            default_partitions: 1,
            default_replication_factor: 1,
            deletes_topics: true,
            bootstrap: features::bootstrap(version),
        };
        let mut cluster = Self {
            controller: Controller::new(options),
            next: Offset(1),
            kraft_version: 1,
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
        let outcome = self
            .controller
            .handle(&request, self.next, self.kraft_version);
        self.kraft_version = outcome.kraft_version.unwrap_or(self.kraft_version);
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
        let unfenced = self.ask(Request::Unfence {
            broker,
            epoch,
            cordoned: Vec::new(),
        });
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
            permits: Permits::default(),
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
        let outcome = self
            .controller
            .handle(&request, self.next, self.kraft_version);
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
