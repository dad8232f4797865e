use std::io::{ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker};

use ottla_config::{Adjustable, ServerConfig, TopicConfig};
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_group::offsets::{CommitOffsets, FetchOffsets, FetchTopic, PartitionCommit, TopicCommit};
use ottla_group::{ConsumerHeartbeat, GroupFilter, MemberClaim, Reply};
use ottla_metadata::Resource;
use ottla_model::{LeaderEpoch, NodeId, Offset, TopicId, Uuid};
use ottla_replica::Leadership;
use ottla_wire::message::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use ottla_wire::metadata_record::{ConfigRecord, PartitionRecord, TopicRecord};

use super::*;
use crate::group_lag::{self, GroupLag};
use crate::idle_env::{IdleEnv, MIN_FREE};
use crate::lane::{Job as LaneJob, Lane};
use crate::partitions::Partitions;

const DIRECTORY: Uuid = Uuid::from_u128(101);
const KEY: PartitionKey = PartitionKey {
    topic: TopicId(Uuid::from_u128(7)),
    index: PartitionIndex(0),
};
const NODE: NodeId = NodeId(1);

const LOG: &str = "/data/__consumer_offsets-0";

fn segment(base: i64) -> PathBuf {
    Path::new(LOG).join(format!("{base:020}.log"))
}

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
            groups: Arc::new(GroupCoordinators::new(
                env.clone(),
                image,
                node.groups(),
                &node.consumer_groups(),
                &Adjustable::of(node.settings()),
            )),
            env,
            lane,
        }
    }

    fn lead(&self, epoch: i32) {
        self.lead_of(1, epoch);
    }

    /// Of so many replicas, no other of which is in sync.
    fn lead_of(&self, replicas: usize, epoch: i32) {
        let was_found = self.env.disk().entry(Path::new(LOG)).unwrap().is_some();
        let epoch = LeaderEpoch(epoch);
        self.partition.set_leader_epoch(Some(epoch));
        self.lane.send(LaneJob::Lead {
            partition: Arc::clone(&self.partition),
            leadership: Leadership {
                epoch,
                replicas,
                in_sync: 1,
            },
            was_found,
        });
        self.groups.lead(&self.partition);
        self.run();
    }

    /// Leads in the first epoch, and has opened the log.
    fn lead_and_load(&self) {
        self.lead(0);
        self.env.unblock();
        self.run();
    }

    fn segment(&self, base: i64) -> Vec<u8> {
        let file = self
            .env
            .disk()
            .open(&segment(base), OpenMode::Read)
            .unwrap();
        let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
        let read = file.read_at(&mut bytes, 0).unwrap();
        assert_eq!(read, bytes.len());
        bytes
    }

    fn put_segment(&self, base: i64, bytes: &[u8]) {
        let disk = self.env.disk();
        disk.create_directories(Path::new(LOG)).unwrap();
        let file = disk.open(&segment(base), OpenMode::Create).unwrap();
        file.write_at(&mut [IoSlice::new(bytes)], 0).unwrap();
        file.sync().unwrap();
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

    fn ask(&self, request: Request) -> Answer {
        self.finish(self.groups.ask("g", request))
    }

    /// What comes without that anything blocks.
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..16 {
            if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
                return output;
            }
            self.env.run();
        }
        unreachable!("it comes without that anything blocks");
    }

    fn commit(&self, offset: i64) -> Answer {
        self.commit_in("t", offset)
    }

    fn commit_in(&self, topic: &str, offset: i64) -> Answer {
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
                name: Arc::from(topic),
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
fn a_log_that_the_disk_fails_to_give_is_read_again() {
    let node = Coordinating::new(&[]);
    node.lead(0);
    node.env.unblock();
    node.run();
    assert!(is_done(&node.commit(7)));
    node.resign();
    node.lead(1);
    node.env.disk().fail_next_read(ErrorKind::Other);
    assert_eq!(node.env.unblock(), 1, "the log is read, and is not");
    node.run();
    assert_eq!(node.fetch(), Err(ErrorCode::CoordinatorLoadInProgress));
    node.env.clock().advance(Duration::from_secs(5));
    node.run();
    assert_eq!(node.env.unblock(), 1, "the log is read");
    node.run();
    assert_eq!(node.fetch(), Ok(Offset(7)));
}

/// The batches of two commits to one partition.
fn two_commits() -> [Vec<u8>; 2] {
    let node = Coordinating::new(&[]);
    node.lead_and_load();
    assert!(is_done(&node.commit(7)));
    let length = node.segment(0).len();
    assert!(is_done(&node.commit(8)));
    let mut first = node.segment(0);
    let second = first.split_off(length);
    [first, second]
}

#[test]
fn a_log_whose_end_is_compacted_away_is_loaded_up_to_it() {
    let node = Coordinating::new(&[]);
    node.put_segment(0, &two_commits().concat());
    // Records that the cleaner has removed were here.
    node.put_segment(9, &[]);
    node.lead_and_load();
    node.env.unblock();
    node.run();
    assert_eq!(node.fetch(), Ok(Offset(8)));
}

#[test]
fn a_log_with_a_hole_has_no_coordinator() {
    let node = Coordinating::new(&[]);
    let [first, second] = two_commits();
    node.put_segment(0, &first);
    node.put_segment(1, &second);
    node.lead_and_load();
    node.env.unblock();
    node.run();
    assert_eq!(node.fetch(), Ok(Offset(8)));
    node.resign();
    // No magic of any version: where the batch ends is not known.
    node.env.disk().corrupt(&segment(0), 16).unwrap();
    node.lead(1);
    node.env.unblock();
    node.run();
    assert_eq!(node.fetch(), Err(ErrorCode::NotCoordinator));
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
fn what_there_is_no_room_for_is_not_committed_and_the_groups_stay_loaded() {
    let coordinating = Coordinating::new(&[]);
    coordinating.lead_and_load();
    assert!(is_done(&coordinating.commit(1)));
    let disk = coordinating.env.disk();
    let look = |capacity| {
        disk.set_capacity(capacity);
        coordinating.lane.send(LaneJob::Housekeep);
        coordinating.run();
    };
    let filler = disk.open(Path::new("/filler"), OpenMode::Create).unwrap();
    filler.set_length(MIN_FREE * 8).unwrap();
    let used = disk.space(Path::new("/")).unwrap();
    look(Some(used.total - used.free + 1));
    assert_eq!(coordinating.commit(2), Err(ErrorCode::NotCoordinator));
    assert_eq!(coordinating.fetch(), Ok(Offset(1)));
    assert_eq!(coordinating.env.unblock(), 0, "nothing is loaded again");
    look(None);
    assert!(is_done(&coordinating.commit(3)));
    assert_eq!(coordinating.fetch(), Ok(Offset(3)));
}

#[test]
fn all_groups_are_listed_of_the_partitions_that_are_led() {
    let node = Coordinating::new(&[]);
    let list = || {
        let request = Request::ListGroups(GroupFilter::default());
        node.finish(node.groups.ask_all(&request))
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

#[test]
fn what_is_configured_of_a_group_holds_for_who_coordinates_it_and_for_who_will() {
    let node = Coordinating::new(&[]);
    let configured = ServerConfig::of_default_node("data");
    let configure = |interval: &str| {
        let mut image = Image::default();
        let record = ConfigRecord {
            resource_type: Resource::GROUP,
            resource_name: "g".into(),
            name: "consumer.heartbeat.interval.ms".into(),
            value: Some(interval.to_owned().into()),
        };
        let offset = image.offset().next();
        image.apply(&record.into(), offset).unwrap();
        node.groups.configure(configured.settings(), &image);
    };
    let told = || {
        let heartbeat = ConsumerHeartbeat {
            request: ConsumerGroupHeartbeatRequest {
                group_id: "g".into(),
                member_id: "m".into(),
                rebalance_timeout_ms: 60_000,
                subscribed_topic_names: Some(vec!["t".into()]),
                topic_partitions: Some(Vec::new()),
                ..Default::default()
            },
            version: 1,
            client_id: Arc::from("client"),
            client_host: Arc::from("/127.0.0.1"),
            uuid: Uuid::from_u128(1),
        };
        match node.ask(Request::ConsumerHeartbeat(Box::new(heartbeat))) {
            Ok(Reply::ConsumerHeartbeat(response)) => response.heartbeat_interval_ms,
            other => panic!("{other:?}"),
        }
    };
    configure("7000");
    node.lead(0);
    node.env.unblock();
    node.run();
    assert_eq!(told(), 7000);
    configure("8000");
    assert_eq!(told(), 8000);
    // Beyond the bound of the broker.
    configure("60000");
    assert_eq!(told(), 15_000);
}

#[test]
fn a_group_lags_behind_the_end_of_what_it_reads() {
    let node = Coordinating::new(&[]);
    let partitions = Partitions::default();
    partitions.insert(Arc::clone(&node.partition));
    let lags = || node.finish(group_lag::all(&node.groups, &partitions, &image()));
    node.lead(0);
    assert_eq!(lags(), []);
    node.env.unblock();
    node.run();
    // The one topic that there is holds the commits themselves.
    assert!(is_done(&node.commit_in(GROUP_METADATA, 0)));
    assert!(is_done(&node.commit_in("deleted", 0)));
    let lag = |committed, end| GroupLag {
        group: Arc::from("g"),
        topic: Arc::from(GROUP_METADATA),
        partition: KEY.index,
        committed: Offset(committed),
        end: Offset(end),
    };
    assert_eq!(lags(), [lag(0, 2)]);
    assert!(is_done(&node.commit_in(GROUP_METADATA, 7)));
    assert_eq!(lags(), [lag(7, 3)]);
    assert_eq!(lag(7, 3).offsets(), -4);
    node.resign();
    assert_eq!(lags(), []);
}
