use std::task::{Context, Poll, Waker};

use ottla_config::{ServerConfig, TopicConfig};
use ottla_group::offsets::{CommitOffsets, FetchOffsets, FetchTopic, PartitionCommit, TopicCommit};
use ottla_group::{GroupFilter, MemberClaim, Reply};
use ottla_model::{LeaderEpoch, NodeId, Offset, TopicId, Uuid};
use ottla_replica::Leadership;
use ottla_wire::metadata_record::{PartitionRecord, TopicRecord};

use super::*;
use crate::idle_env::IdleEnv;
use crate::lane::{Job as LaneJob, Lane};

const DIRECTORY: Uuid = Uuid::from_u128(101);
const KEY: PartitionKey = PartitionKey {
    topic: TopicId(Uuid::from_u128(7)),
    index: PartitionIndex(0),
};
const NODE: NodeId = NodeId(1);

/// A node with one partition of `__consumer_offsets`.
struct Coordinating {
    env: IdleEnv,
    lane: Lane<IdleEnv>,
    partition: Arc<Partition<IdleEnv>>,
    groups: Arc<GroupCoordinators<IdleEnv>>,
}

impl Coordinating {
    /// Nobody leads yet.
    fn new(configs: &[(&str, &str)]) -> Self {
        let env = IdleEnv::new();
        let lane = env.lane("/data", DIRECTORY);
        let node = ServerConfig::of_default_node("data");
        let config = TopicConfig::new(node.settings(), configs.iter().copied());
        let topic = Arc::from(GROUP_METADATA);
        let place = (DIRECTORY, lane.clone());
        let image = Arc::new(ArcSwap::from_pointee(image()));
        Self {
            partition: Arc::new(Partition::new(KEY, topic, place, Arc::new(config))),
            groups: Arc::new(GroupCoordinators::new(env.clone(), image, node.groups())),
            env,
            lane,
        }
    }

    fn lead(&self, epoch: i32) {
        self.lead_of(1, epoch);
    }

    /// Of so many replicas, no other of which is in sync.
    fn lead_of(&self, replicas: usize, epoch: i32) {
        let epoch = LeaderEpoch(epoch);
        self.partition.set_leader_epoch(Some(epoch));
        self.lane.send(LaneJob::Lead {
            partition: Arc::clone(&self.partition),
            leadership: Leadership {
                epoch,
                replicas,
                in_sync: 1,
            },
            was_found: false,
        });
        self.groups.lead(&self.partition);
        self.run();
    }

    fn resign(&self) {
        self.partition.set_leader_epoch(None);
        self.groups.resign(KEY);
        self.lane.send(LaneJob::Resign { key: KEY });
        self.run();
    }

    /// As long as one task has something to say to another.
    fn run(&self) {
        (0..16).for_each(|_| self.env.run());
    }

    /// What is answered without that anything blocks.
    fn ask(&self, request: Request) -> Answer {
        let mut asked = pin!(self.groups.ask("g", request));
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..16 {
            if let Poll::Ready(answer) = asked.as_mut().poll(&mut task) {
                return answer;
            }
            self.env.run();
        }
        unreachable!("it is answered without that anything blocks");
    }

    fn commit(&self, offset: i64) -> Answer {
        self.ask(Request::CommitOffsets(CommitOffsets {
            group: Arc::from("g"),
            member: MemberClaim {
                member_id: Arc::from(""),
                instance_id: None,
                generation_or_epoch: -1,
                version: 9,
            },
            kept_for: None,
            topics: vec![TopicCommit {
                name: Arc::from("t"),
                id: TopicId::NONE,
                partitions: vec![PartitionCommit {
                    partition: PartitionIndex(0),
                    offset: Offset(offset),
                    leader_epoch: LeaderEpoch::NONE,
                    metadata: String::new(),
                }],
            }],
        }))
    }

    fn fetch(&self) -> Result<Offset, ErrorCode> {
        let request = Request::FetchOffsets(FetchOffsets {
            group: Arc::from("g"),
            member_id: None,
            member_epoch: -1,
            topics: Some(vec![FetchTopic {
                name: Arc::from("t"),
                id: TopicId::NONE,
                partitions: vec![PartitionIndex(0)],
            }]),
            require_stable: false,
        });
        match self.ask(request)? {
            Reply::Fetched(topics) => Ok(topics[0].partitions[0].offset),
            other => unreachable!("it is a fetch, and not {other:?}"),
        }
    }
}

fn image() -> Image {
    let topic = TopicRecord {
        name: GROUP_METADATA.into(),
        topic_id: KEY.topic,
    };
    let partition = PartitionRecord {
        partition_id: KEY.index,
        topic_id: KEY.topic,
        replicas: vec![NODE],
        isr: vec![NODE],
        leader: NODE,
        leader_epoch: LeaderEpoch(0),
        ..Default::default()
    };
    let mut image = Image::default();
    for record in [topic.into(), partition.into()] {
        let offset = image.offset().next();
        let applied = image.apply(&record, offset);
        applied.expect("the records fit each other");
    }
    image
}

fn is_done(answer: &Answer) -> bool {
    matches!(answer, Ok(Reply::Codes(codes)) if codes[..] == [ErrorCode::None])
}

#[test]
fn a_group_is_kept_where_kafka_keeps_it() {
    for (group, hash) in [
        ("", 0),
        ("g", 103),
        ("console-consumer", 648_006_740),
        // The one hash that has no absolute value.
        ("polygenelubricants", 0),
    ] {
        assert_eq!(partition_for(group, i32::MAX).0, hash, "{group}");
        assert_eq!(partition_for(group, 50).0, hash % 50, "{group}");
    }
}

#[test]
fn a_group_has_a_coordinator_while_its_partition_is_led_and_loaded() {
    let node = Coordinating::new(&[]);
    assert_eq!(node.fetch(), Err(ErrorCode::NotCoordinator));
    node.lead(0);
    assert_eq!(node.fetch(), Err(ErrorCode::CoordinatorLoadInProgress));
    assert_eq!(node.env.unblock(), 1, "the log is opened");
    node.run();
    assert_eq!(node.fetch(), Ok(Offset::UNKNOWN));
    assert!(is_done(&node.commit(7)));
    assert_eq!(node.fetch(), Ok(Offset(7)));
    node.resign();
    assert_eq!(node.fetch(), Err(ErrorCode::NotCoordinator));
    node.lead(1);
    assert_eq!(node.fetch(), Err(ErrorCode::CoordinatorLoadInProgress));
    assert_eq!(node.env.unblock(), 1, "the log is read");
    node.run();
    assert_eq!(node.fetch(), Ok(Offset(7)));
}

#[test]
fn a_leader_of_a_later_epoch_is_the_same_coordinator() {
    let node = Coordinating::new(&[]);
    node.lead(0);
    node.env.unblock();
    node.run();
    assert!(is_done(&node.commit(7)));
    node.lead(1);
    assert_eq!(node.fetch(), Ok(Offset(7)));
    assert!(is_done(&node.commit(8)));
    assert_eq!(node.env.unblock(), 0, "nothing is read again");
}

#[test]
fn what_too_few_replicas_would_have_is_not_committed() {
    let node = Coordinating::new(&[("min.insync.replicas", "2")]);
    node.lead_of(2, 0);
    node.env.unblock();
    node.run();
    let refused = Err(ErrorCode::CoordinatorNotAvailable);
    assert_eq!(node.commit(7), refused);
    assert_eq!(node.fetch(), Ok(Offset::UNKNOWN));
}

#[test]
fn all_groups_are_listed_of_the_partitions_that_are_led() {
    let node = Coordinating::new(&[]);
    let list = || {
        let request = Request::ListGroups(GroupFilter::default());
        let mut asked = pin!(node.groups.ask_all(&request));
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..16 {
            if let Poll::Ready(answers) = asked.as_mut().poll(&mut task) {
                return answers;
            }
            node.env.run();
        }
        unreachable!("it is answered without that anything blocks");
    };
    assert!(list().is_empty());
    node.lead(0);
    assert_eq!(list(), [Err(ErrorCode::CoordinatorLoadInProgress)]);
    node.env.unblock();
    node.run();
    assert!(is_done(&node.commit(7)));
    let listed = list();
    let [Ok(Reply::Listed(groups))] = &listed[..] else {
        unreachable!("one partition is led, and not {listed:?}");
    };
    assert_eq!(groups[0].group_id, "g");
    node.resign();
    assert!(list().is_empty());
}
