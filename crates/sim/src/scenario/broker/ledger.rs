//! What clients were told of the cluster, by which everything that they are told later is judged.
//!
//! Answers come late, so a floor, below which an answer may not be, is taken when the question is sent.

mod commits;
mod groups;
mod lives;
mod partition;
mod spans;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_model::{LeaderEpoch, Offset, ProducerId, Timestamp, TopicId};
use parking_lot::Mutex;

use groups::Groups;
pub(super) use groups::Since;
pub(super) use lives::Life;
use lives::Lives;
use partition::{Claim, Partition};

use super::content;
use super::users::Users;

/// A partition of one incarnation of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) topic: TopicId,
    pub(super) partition: i32,
}

/// What a producer may expect of the order and number of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Each once, in order.
    Idempotent,
    /// Each at least once, its first time in order.
    OneInFlight,
    /// Each at least once.
    Pipelined,
    /// Each at most once.
    Unacknowledged,
}

/// Who sent a record, and where to.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) producer: u64,
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) delivery: Delivery,
}

/// How a topic was created.
#[derive(Clone, Debug)]
pub(super) struct NewTopic {
    pub(super) name: String,
    pub(super) partitions: usize,
    /// `flush.messages=1`: what is acknowledged is on disk.
    pub(super) flushes: bool,
    /// Its retention is so short that records go.
    pub(super) retains_little: bool,
    /// All that is set for it.
    pub(super) configs: BTreeMap<String, String>,
}

/// Clones are the same ledger.
#[derive(Clone)]
pub(super) struct Ledger {
    state: Arc<Mutex<State>>,
}

struct State {
    /// The canary: a judge that believes every acknowledgement to be on disk.
    is_credulous: bool,
    lives: Lives,
    topics: BTreeMap<TopicId, Topic>,
    /// Names of topics whose records somebody has begun to delete.
    lose_records: BTreeSet<String>,
    sent: BTreeMap<u64, Sent>,
    producer_ids: BTreeSet<ProducerId>,
    groups: Groups,
    users: Users,
    kraft_version: i16,
    violation: Option<String>,
    judged: u64,
}

struct Topic {
    /// As it is now.
    settings: NewTopic,
    /// Those asked for included; `settings` counts the ones that are certain.
    partitions: Vec<Partition>,
    deletion: Deletion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deletion {
    None,
    Asked,
    Done,
}

impl Ledger {
    pub(super) fn new(is_credulous: bool) -> Self {
        let state = State {
            is_credulous,
            lives: Lives::default(),
            topics: BTreeMap::new(),
            lose_records: BTreeSet::new(),
            sent: BTreeMap::new(),
            producer_ids: BTreeSet::new(),
            groups: Groups::default(),
            users: Users::default(),
            kraft_version: 0,
            violation: None,
            judged: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub(super) fn violate(&self, what: String) {
        self.state.lock().violate(what);
    }

    /// Whether there is anything left to find out.
    pub(super) fn is_over(&self) -> bool {
        self.state.lock().violation.is_some()
    }

    /// The first violation, or how many facts were judged.
    pub(super) fn verdict(&self) -> Result<u64, String> {
        let state = self.state.lock();
        match &state.violation {
            Some(violation) => Err(violation.clone()),
            None => Ok(state.judged),
        }
    }

    pub(super) fn begin_life(&self) -> Life {
        let life = self.state.lock().lives.begin();
        tracing::info!(?life, "start");
        life
    }

    /// The present one.
    pub(super) fn life(&self) -> Life {
        self.state.lock().lives.present()
    }

    /// From now on its disk fails on purpose.
    pub(super) fn fall_sick(&self) {
        tracing::info!("the disk fails");
        self.state.lock().lives.sicken();
    }

    /// From now on its disk may be nearly full.
    pub(super) fn fill_up(&self) {
        tracing::info!("the disk is nearly full");
        self.state.lock().lives.fill_up();
    }

    /// Whether records may be refused for want of a disk, or of room on it.
    pub(super) fn may_refuse_records(&self, life: Life) -> bool {
        self.state.lock().lives.may_refuse_records(life)
    }

    pub(super) fn is_sick(&self, life: Life) -> bool {
        self.state.lock().lives.is_sick(life)
    }

    /// The process is asked to stop.
    pub(super) fn leaving(&self) {
        tracing::info!("leaving");
        self.state.lock().lives.leave();
    }

    /// Whether the broker may have given up what it leads: it was asked to, or its directories failed.
    pub(super) fn may_lead_nothing(&self, life: Life) -> bool {
        self.state.lock().lives.may_lead_nothing(life)
    }

    /// The process has closed its logs.
    pub(super) fn stopped(&self) {
        tracing::info!("stopped");
        let state = &mut *self.state.lock();
        if !state.lives.stop() {
            return;
        }
        let life = state.lives.present();
        for topic in state.topics.values_mut() {
            for partition in &mut topic.partitions {
                partition.closed(&state.lives, life);
            }
        }
    }

    pub(super) fn power_was_cut(&self) {
        tracing::info!("power cut");
        self.state.lock().lives.cut_power();
    }

    pub(super) fn topic_created(&self, id: TopicId, settings: &NewTopic) {
        let mut state = self.state.lock();
        state.judged += 1;
        tracing::info!(%id, ?settings, "topic created");
        let topic = Topic {
            settings: settings.clone(),
            partitions: Vec::new(),
            deletion: Deletion::None,
        };
        if state.topics.insert(id, topic).is_some() {
            state.violate(format!("topic id {id} is given twice"));
        }
        state.grow(id, settings.partitions);
    }

    /// From now on the topic may have so many partitions.
    pub(super) fn growth_asked(&self, id: TopicId, partitions: usize) {
        self.state.lock().grow(id, partitions);
    }

    pub(super) fn grown(&self, id: TopicId, partitions: usize) {
        tracing::info!(%id, partitions, "grown");
        self.state
            .lock()
            .settle(id, |topic| topic.partitions = partitions);
    }

    pub(super) fn configured(&self, id: TopicId, name: &str, value: Option<&str>) {
        tracing::info!(%id, name, value, "configured");
        self.state.lock().settle(id, |topic| match value {
            Some(value) => drop(topic.configs.insert(name.to_owned(), value.to_owned())),
            None => drop(topic.configs.remove(name)),
        });
    }

    pub(super) fn deletion_asked(&self, id: TopicId) {
        self.state.lock().delete(id, Deletion::Asked);
    }

    pub(super) fn deleted(&self, id: TopicId) {
        self.state.lock().delete(id, Deletion::Done);
    }

    /// What users have for certain.
    pub(super) fn users(&self) -> Users {
        self.state.lock().users.clone()
    }

    pub(super) fn users_altered(&self, alter: impl FnOnce(&mut Users)) {
        let mut state = self.state.lock();
        alter(&mut state.users);
        tracing::info!(users = ?state.users, "users altered");
        state.judged += 1;
    }

    /// The level that the quorum has for certain, or a later one.
    pub(super) fn kraft_version(&self) -> i16 {
        self.state.lock().kraft_version
    }

    pub(super) fn kraft_version_told(&self, level: i16) {
        let mut state = self.state.lock();
        state.kraft_version = state.kraft_version.max(level);
        state.judged += 1;
    }

    /// The topics that exist for certain.
    pub(super) fn topics(&self) -> BTreeMap<TopicId, NewTopic> {
        let state = self.state.lock();
        let topics = state.topics.iter();
        topics
            .filter(|(_, topic)| topic.deletion == Deletion::None)
            .map(|(id, topic)| (*id, topic.settings.clone()))
            .collect()
    }

    /// The topics that certainly do not exist any more.
    pub(super) fn deleted_topics(&self) -> Vec<TopicId> {
        let state = self.state.lock();
        let topics = state.topics.iter();
        topics
            .filter(|(_, topic)| topic.deletion == Deletion::Done)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether the topic exists for certain.
    pub(super) fn exists(&self, id: TopicId) -> bool {
        self.state.lock().exists(id)
    }

    /// Of a topic that exists or did.
    pub(super) fn name(&self, id: TopicId) -> String {
        let state = self.state.lock();
        let topic = state.topics.get(&id);
        topic.map_or_else(String::new, |topic| topic.settings.name.clone())
    }

    pub(super) fn retains_little(&self, id: TopicId) -> bool {
        let state = self.state.lock();
        let topic = state.topics.get(&id);
        topic.is_some_and(|topic| topic.settings.retains_little)
    }

    /// Whether its logs begin at 0, however long they are.
    pub(super) fn keeps_all(&self, id: TopicId) -> bool {
        let state = self.state.lock();
        let topic = state.topics.get(&id);
        topic.is_some_and(|topic| {
            let NewTopic {
                name,
                retains_little,
                ..
            } = &topic.settings;
            !retains_little && !state.lose_records.contains(name)
        })
    }

    /// From now on records of the topic may be deleted, and of any later one of its name.
    pub(super) fn records_deletion_asked(&self, id: TopicId) {
        let state = &mut *self.state.lock();
        if let Some(topic) = state.topics.get(&id) {
            state.lose_records.insert(topic.settings.name.clone());
        }
    }

    /// The log begins at `start`, and never again below.
    pub(super) fn records_deleted(&self, place: Place, life: Life, start: Offset) {
        tracing::debug!(topic = %place.topic, place.partition, ?life, %start, "records deleted");
        self.judge(place, |_, partition| {
            partition.records_deleted(start);
            Ok(())
        });
    }

    /// How many partitions the topic may have.
    pub(super) fn most_partitions(&self, id: TopicId) -> usize {
        let state = self.state.lock();
        let topic = state.topics.get(&id);
        topic.map_or(0, |topic| topic.partitions.len())
    }

    pub(super) fn producer_id_given(&self, id: ProducerId) {
        let mut state = self.state.lock();
        state.judged += 1;
        if !state.producer_ids.insert(id) {
            state.violate(format!("producer id {id} is given twice"));
        }
    }

    /// The number of a new record, about to be sent.
    pub(super) fn sending(&self, sent: Sent) -> u64 {
        let mut state = self.state.lock();
        let number = state.sent.len() as u64;
        state.sent.insert(number, sent);
        number
    }

    pub(super) fn sender(&self, number: u64) -> Option<Sent> {
        self.state.lock().sent.get(&number).cloned()
    }

    /// Whether something acknowledged in `life` may be lost by now.
    pub(super) fn may_have_lost(&self, place: Place, life: Life) -> bool {
        let state = self.state.lock();
        let now = state.lives.present();
        !state.flushes(place) && state.lives.lose_between(life, now)
    }

    pub(super) fn leader_epoch_seen(&self, place: Place, life: Life, epoch: LeaderEpoch) {
        tracing::debug!(topic = %place.topic, place.partition, ?life, %epoch, "leader");
        self.judge(place, |_, partition| {
            partition.leader_epoch_seen(life, epoch)
        });
    }

    /// Records were acknowledged, the first at `base`. `epoch`: the one they have, if that is certain.
    pub(super) fn acknowledged(
        &self,
        place: Place,
        life: Life,
        base: Offset,
        numbers: &[u64],
        epoch: Option<LeaderEpoch>,
    ) {
        let is_durable = self.state.lock().is_credulous;
        for (at, number) in (0..).zip(numbers) {
            let claim = Claim {
                offset: base + at,
                number: *number,
                life,
                epoch,
                is_durable,
            };
            self.claim(place, claim);
        }
    }

    /// A consumer has read a record.
    pub(super) fn read(
        &self,
        place: Place,
        life: Life,
        offset: Offset,
        number: u64,
        epoch: LeaderEpoch,
    ) {
        let claim = Claim {
            offset,
            number,
            life,
            epoch: Some(epoch),
            is_durable: false,
        };
        self.claim(place, claim);
    }

    pub(super) fn high_watermark_floor(&self, place: Place, life: Life) -> Offset {
        self.ask(place, |lives, partition| {
            partition.high_watermark_floor(lives, life)
        })
    }

    pub(super) fn high_watermark_seen(
        &self,
        place: Place,
        life: Life,
        floor: Offset,
        found: Offset,
    ) {
        tracing::debug!(topic = %place.topic, place.partition, ?life, %floor, %found, "high watermark");
        self.judge(place, |_, partition| {
            partition.high_watermark_seen(life, floor, found)
        });
    }

    pub(super) fn log_start_floor(&self, place: Place, life: Life) -> Offset {
        self.ask(place, |lives, partition| {
            partition.log_start_floor(lives, life)
        })
    }

    pub(super) fn log_start_seen(&self, place: Place, life: Life, floor: Offset, found: Offset) {
        tracing::debug!(topic = %place.topic, place.partition, ?life, %floor, %found, "log start");
        let keeps_all = self.keeps_all(place.topic);
        self.judge(place, |_, partition| {
            if keeps_all && found != Offset::ZERO {
                return Err(format!("the log begins at {found}, and nothing may go"));
            }
            partition.log_start_seen(life, floor, found)
        });
    }

    /// The log ends at `end`, and all below has been read: nothing else may be missing.
    pub(super) fn whole_log_read(&self, place: Place, life: Life, end: Offset) {
        self.judge(place, |lives, partition| {
            match partition.missing_from(lives, life, end) {
                Some(known) => Err(format!(
                    "the log ends at {end}, and record {} was at {}",
                    known.number, known.offset
                )),
                None => Ok(()),
            }
        });
    }

    /// The first record that must be found by this timestamp, or one before it.
    pub(super) fn first_since(
        &self,
        place: Place,
        life: Life,
        timestamp: Timestamp,
    ) -> Option<Offset> {
        self.ask(place, |lives, partition| {
            partition.first_since(lives, life, timestamp)
        })
    }

    /// The largest timestamp of what must be there.
    pub(super) fn newest(&self, place: Place, life: Life) -> Option<Timestamp> {
        self.ask(place, |lives, partition| partition.newest(lives, life))
    }

    /// A record with this timestamp was said to be at `offset`.
    pub(super) fn timestamp_seen(
        &self,
        place: Place,
        life: Life,
        offset: Offset,
        timestamp: Timestamp,
    ) {
        self.judge(place, |lives, partition| {
            match partition.at(lives, life, offset) {
                Some(known) if content::timestamp_of(known.number) != timestamp => Err(format!(
                    "{offset} was found by timestamp {timestamp}, and record {} is there",
                    known.number
                )),
                _ => Ok(()),
            }
        });
    }

    /// Between which offsets the epoch must end.
    pub(super) fn epoch_end(
        &self,
        place: Place,
        life: Life,
        epoch: LeaderEpoch,
    ) -> (Offset, Option<Offset>) {
        self.ask(place, |lives, partition| {
            partition.epoch_end(lives, life, epoch)
        })
    }

    fn claim(&self, place: Place, mut claim: Claim) {
        let Claim {
            offset,
            number,
            life,
            epoch,
            ..
        } = claim;
        tracing::debug!(topic = %place.topic, place.partition, ?life, %offset, number, ?epoch, "record");
        {
            let state = self.state.lock();
            claim.is_durable |= state.flushes(place) || state.lives.was_stopped(life);
        }
        self.judge(place, |lives, partition| {
            let claimed = partition.claim(lives, claim);
            claimed
                .map_err(|problem| format!("record {number} is at {offset} in {life:?}: {problem}"))
        });
    }

    /// Asks what is known; nothing is, of a partition that need not exist any more.
    fn ask<T: Default>(&self, place: Place, ask: impl FnOnce(&Lives, &Partition) -> T) -> T {
        let state = &mut *self.state.lock();
        let partition = partition(&mut state.topics, place);
        partition.map_or_else(T::default, |partition| ask(&state.lives, partition))
    }

    /// Judges what was said, unless the partition need not exist any more.
    fn judge(
        &self,
        place: Place,
        judge: impl FnOnce(&Lives, &mut Partition) -> Result<(), String>,
    ) {
        let state = &mut *self.state.lock();
        let Some(partition) = partition(&mut state.topics, place) else {
            return;
        };
        state.judged += 1;
        if let Err(problem) = judge(&state.lives, partition) {
            state.violate(format!("{place:?}: {problem}"));
        }
    }
}

/// `None` for one that need not exist any more: nothing of it is judged.
fn partition(topics: &mut BTreeMap<TopicId, Topic>, place: Place) -> Option<&mut Partition> {
    let topic = topics.get_mut(&place.topic)?;
    if topic.deletion > Deletion::None {
        return None;
    }
    topic
        .partitions
        .get_mut(usize::try_from(place.partition).ok()?)
}

impl State {
    fn violate(&mut self, what: String) {
        tracing::error!(what, "violation");
        self.violation.get_or_insert(what);
    }

    fn exists(&self, id: TopicId) -> bool {
        let topic = self.topics.get(&id);
        topic.is_some_and(|topic| topic.deletion == Deletion::None)
    }

    fn flushes(&self, place: Place) -> bool {
        let topic = self.topics.get(&place.topic);
        topic.is_some_and(|topic| topic.settings.flushes)
    }

    fn grow(&mut self, id: TopicId, partitions: usize) {
        if let Some(topic) = self.topics.get_mut(&id) {
            let most = partitions.max(topic.partitions.len());
            topic.partitions.resize_with(most, Partition::default);
        }
    }

    fn settle(&mut self, id: TopicId, settle: impl FnOnce(&mut NewTopic)) {
        self.judged += 1;
        if let Some(topic) = self.topics.get_mut(&id) {
            settle(&mut topic.settings);
        }
    }

    fn delete(&mut self, id: TopicId, deletion: Deletion) {
        if let Some(topic) = self.topics.get_mut(&id) {
            tracing::info!(%id, topic.settings.name, ?deletion, "deletion");
            topic.deletion = topic.deletion.max(deletion);
        }
    }
}
