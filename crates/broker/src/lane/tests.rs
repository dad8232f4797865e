mod turned_away;

use std::path::Path;

use ottla_config::{ServerConfig, TopicConfig};
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_log::validate::validate;
use ottla_model::{ErrorCode, LeaderEpoch, PartitionIndex, Timestamp, TopicId, Uuid};
use ottla_replica::Acks;
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

use super::*;
use crate::idle_env::{IdleEnv, MIN_FREE};
use crate::topic_rules::append_rules;

const DIRECTORY: Uuid = Uuid::from_u128(101);
const KEY: PartitionKey = key(0);
const EPOCH: LeaderEpoch = LeaderEpoch(3);
const LEADERSHIP: Leadership = Leadership {
    epoch: EPOCH,
    replicas: 1,
    in_sync: 1,
};

const fn key(index: i32) -> PartitionKey {
    PartitionKey {
        topic: TopicId(Uuid::from_u128(7)),
        index: PartitionIndex(index),
    }
}

/// A lane that leads one partition, each append of which is synced unless it is configured otherwise.
struct Leading {
    env: IdleEnv,
    lane: Lane<IdleEnv>,
    config: TopicConfig,
}

impl Leading {
    fn new() -> Self {
        Self::with("flush.messages", "1")
    }

    fn with(key: &str, value: &str) -> Self {
        let env = IdleEnv::new();
        let lane = env.lane("/data", DIRECTORY);
        let leading = Self::of(env, lane, (key, value));
        leading.lead(KEY);
        assert_eq!(leading.env.unblock(), 1, "the log is opened");
        leading.run();
        leading
    }

    /// It leads nothing yet.
    fn of(env: IdleEnv, lane: Lane<IdleEnv>, config: (&str, &str)) -> Self {
        let node = ServerConfig::of_default_node("data");
        let config = TopicConfig::new(node.settings(), [config].into_iter());
        Self { env, lane, config }
    }

    /// As long as one task has something to say to another.
    fn run(&self) {
        (0..8).for_each(|_| self.env.run());
    }

    fn partition(&self, key: PartitionKey) -> Arc<Partition<IdleEnv>> {
        let place = (DIRECTORY, self.lane.clone());
        let config = Arc::new(self.config.clone());
        Arc::new(Partition::new(key, "topic".into(), place, config))
    }

    fn lead(&self, key: PartitionKey) {
        self.lead_log(key, false);
    }

    fn lead_log(&self, key: PartitionKey, was_found: bool) {
        self.lane.send(Job::Lead {
            partition: self.partition(key),
            leadership: LEADERSHIP,
            was_found,
        });
        self.run();
    }

    fn append(&self, leader_epoch: LeaderEpoch) -> Answers {
        self.append_of(leader_epoch, BatchFields::default())
    }

    fn append_of(&self, leader_epoch: LeaderEpoch, fields: BatchFields) -> Answers {
        let mut builder = BatchBuilder::new(fields, Compression::None);
        builder.push(Timestamp(0), None, Some(b"value"), []);
        let rules = append_rules(&self.config);
        let answers = Answers::with_capacity(1);
        self.lane.send(Job::Append(vec![Append {
            key: KEY,
            batch: validate(builder.build(), &rules, Timestamp(0)).expect("it is right"),
            leader_epoch,
            acks: Acks::All,
            reply: answers.open(),
        }]));
        self.run();
        answers
    }

    /// Takes up much of the disk, and tells how much that is.
    fn fill_disk(&self) -> u64 {
        let disk = self.env.disk();
        let other = disk.open(Path::new("/data/other"), OpenMode::Create);
        let filled = other.and_then(|file| file.set_length(MIN_FREE * 8));
        filled.expect("the disk works");
        let space = disk.space(Path::new("/")).expect("the disk works");
        space.total - space.free
    }

    /// The disk has become as large as that, and the lane sees it.
    fn look(&self, capacity: Option<u64>) {
        self.env.disk().set_capacity(capacity);
        self.lane.send(Job::Housekeep);
        self.run();
    }

    fn has_checkpoint(&self) -> bool {
        self.lane.send(Job::Checkpoint);
        self.run();
        let file = Path::new("/data/recovery-point-offset-checkpoint");
        self.env
            .disk()
            .entry(file)
            .expect("the disk works")
            .is_some()
    }
}

/// The first offset of a batch that is answered.
fn base_offset(answers: &Answers) -> Option<Offset> {
    if !answers.is_complete() {
        return None;
    }
    match &answers.outcomes()[..] {
        [Outcome::Told(Ok(appended))] => Some(appended.base_offset),
        other => panic!("it is taken, and not {other:?}"),
    }
}

#[test]
fn while_a_sync_runs_none_other_begins() {
    let leading = Leading::new();
    let first = leading.append(EPOCH);
    let others = [leading.append(EPOCH), leading.append(EPOCH)];
    assert_eq!(base_offset(&first), None);
    assert_eq!(leading.env.unblock(), 1);
    leading.run();
    assert_eq!(base_offset(&first), Some(Offset(0)));
    assert_eq!(others.each_ref().map(base_offset), [None, None]);
    assert_eq!(leading.env.unblock(), 1, "one sync for both");
    leading.run();
    let answered = others.each_ref().map(base_offset);
    assert_eq!(answered, [Some(Offset(1)), Some(Offset(2))]);
    assert_eq!(leading.env.unblock(), 0);
}

#[test]
fn a_batch_that_was_checked_under_another_leadership_is_refused() {
    let leading = Leading::new();
    let refused = leading.append(LeaderEpoch(EPOCH.0 - 1));
    let refused = refused.into_outcomes();
    assert!(
        matches!(&refused[..], [Outcome::Told(Err(failure))] if failure.code == ErrorCode::NotLeaderOrFollower && failure.is_refused),
        "{refused:?}"
    );
    let taken = leading.append(EPOCH);
    leading.env.unblock();
    leading.run();
    assert_eq!(base_offset(&taken), Some(Offset(0)));
}

#[test]
fn while_a_log_is_being_opened_the_checkpoints_stay_as_they_are() {
    let leading = Leading::new();
    leading.lead(key(1));
    assert!(!leading.has_checkpoint());
    assert_eq!(leading.env.unblock(), 1);
    leading.run();
    assert!(leading.has_checkpoint());
}

#[test]
fn a_lane_closes_when_the_last_sync_has_ended() {
    let leading = Leading::new();
    let _unanswered = leading.append(EPOCH);
    let (closed, mut done) = oneshot::channel();
    leading.lane.send(Job::Close { closed });
    leading.run();
    assert!(done.try_recv().expect("it closes one day").is_none());
    assert_eq!(leading.env.unblock(), 1);
    leading.run();
    let result = done.try_recv().expect("it closes").expect("by now");
    result.expect("the disk works");
}

#[test]
fn what_a_log_holds_is_given_back_once_nobody_uses_it_and_it_is_on_disk() {
    let leading = Leading::new();
    let _unanswered = leading.append(EPOCH);
    let open_after_a_round = || {
        leading.lane.send(Job::GiveBack);
        leading.run();
        leading.env.disk().open_files()
    };
    assert_eq!(open_after_a_round(), 1, "it was just written");
    assert_eq!(open_after_a_round(), 1, "it is not on disk");
    assert_eq!(leading.env.unblock(), 1, "one sync is enough");
    leading.run();
    assert_eq!(open_after_a_round(), 1, "it was just synced");
    assert_eq!(open_after_a_round(), 0);
    let taken = leading.append(EPOCH);
    assert_eq!(leading.env.disk().open_files(), 1);
    leading.env.unblock();
    leading.run();
    assert_eq!(base_offset(&taken), Some(Offset(1)));
}

#[test]
fn what_is_not_synced_is_synced_when_nobody_uses_it() {
    let leading = Leading::with("flush.messages", "1000");
    let answer = leading.append(EPOCH);
    assert_eq!(base_offset(&answer), Some(Offset(0)));
    for syncs in [0, 1] {
        leading.lane.send(Job::GiveBack);
        leading.run();
        assert_eq!(leading.env.unblock(), syncs);
    }
}

#[test]
fn a_disk_that_is_nearly_full_takes_nothing_of_clients_and_does_again_when_it_has_room() {
    let leading = Leading::with("flush.messages", "1000");
    let used = leading.fill_disk();
    leading.look(Some(used + MIN_FREE * 8));
    assert_eq!(base_offset(&leading.append(EPOCH)), Some(Offset(0)));
    leading.look(Some(used + MIN_FREE / 2));
    let refused = leading.append(EPOCH).into_outcomes();
    assert!(
        matches!(&refused[..], [Outcome::Told(Err(failure))] if failure.code == ErrorCode::KafkaStorageError && failure.is_refused),
        "{refused:?}"
    );
    let (reply, mut told) = oneshot::channel();
    leading.lane.send(Job::DeleteRecords(DeleteRecords {
        key: KEY,
        leader_epoch: EPOCH,
        before: None,
        reply,
    }));
    leading.run();
    assert_eq!(told.try_recv(), Ok(Some(Ok(Offset(1)))));
    leading.look(None);
    assert_eq!(base_offset(&leading.append(EPOCH)), Some(Offset(1)));
}
