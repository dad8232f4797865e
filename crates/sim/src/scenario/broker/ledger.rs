//! What clients were told of the cluster, by which everything that they are told later is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_model::{LeaderEpoch, Offset, ProducerId, TopicId};
use parking_lot::Mutex;

/// A life of the process, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life(usize);

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

/// Clones are the same ledger.
#[derive(Clone)]
pub(super) struct Ledger {
    state: Arc<Mutex<State>>,
}

struct State {
    /// The canary: a judge that believes every acknowledgement to be on disk.
    is_credulous: bool,
    lives: Vec<LifeState>,
    topics: BTreeMap<TopicId, Topic>,
    sent: BTreeMap<u64, Sent>,
    producer_ids: BTreeSet<ProducerId>,
    violation: Option<String>,
    judged: u64,
}

#[derive(Clone, Copy, Default)]
struct LifeState {
    /// All logs were closed: nothing acknowledged before can be lost.
    was_stopped: bool,
    /// What was not synced may be lost.
    ended_in_power_cut: bool,
    /// Its disk failed on purpose.
    is_sick: bool,
}

struct Topic {
    name: String,
    flushes: bool,
    partitions: Vec<Partition>,
    deletion: Deletion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deletion {
    None,
    Asked,
    Done,
}

#[derive(Default)]
struct Partition {
    /// What is known to be, or to have been, at an offset, unless something else has been seen there since.
    log: BTreeMap<Offset, Known>,
    leader_epochs: BTreeMap<Life, LeaderEpoch>,
    high_watermark: Option<(Life, Offset)>,
}

#[derive(Clone, Copy)]
struct Known {
    number: u64,
    /// The last one in which it was known to be there.
    life: Life,
    /// As far as it is known: an acknowledgement does not tell it.
    epoch: Option<LeaderEpoch>,
    is_durable: bool,
}

impl Ledger {
    pub(super) fn new(is_credulous: bool) -> Self {
        let state = State {
            is_credulous,
            lives: Vec::new(),
            topics: BTreeMap::new(),
            sent: BTreeMap::new(),
            producer_ids: BTreeSet::new(),
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
        let mut state = self.state.lock();
        state.lives.push(LifeState::default());
        tracing::info!(life = ?state.life(), "start");
        state.life()
    }

    /// The present one.
    pub(super) fn life(&self) -> Life {
        self.state.lock().life()
    }

    /// From now on its disk fails on purpose.
    pub(super) fn fall_sick(&self) {
        tracing::info!("the disk fails");
        self.state.lock().present().is_sick = true;
    }

    pub(super) fn is_sick(&self, life: Life) -> bool {
        self.state.lock().lives[life.0].is_sick
    }

    /// The process has closed its logs.
    pub(super) fn stopped(&self) {
        tracing::info!("stopped");
        let mut state = self.state.lock();
        let life = state.life();
        if state.present().is_sick {
            return;
        }
        state.present().was_stopped = true;
        let lives = state.lives.clone();
        for topic in state.topics.values_mut() {
            for partition in &mut topic.partitions {
                for known in partition.log.values_mut() {
                    known.is_durable |= !may_be_lost(&lives, known, life);
                }
            }
        }
    }

    pub(super) fn power_was_cut(&self) {
        tracing::info!("power cut");
        self.state.lock().present().ended_in_power_cut = true;
    }

    pub(super) fn topic_created(&self, id: TopicId, name: &str, partitions: usize, flushes: bool) {
        let mut state = self.state.lock();
        state.judged += 1;
        tracing::info!(%id, name, partitions, flushes, "topic created");
        let topic = Topic {
            name: name.to_owned(),
            flushes,
            partitions: (0..partitions).map(|_| Partition::default()).collect(),
            deletion: Deletion::None,
        };
        if state.topics.insert(id, topic).is_some() {
            state.violate(format!("topic id {id} is given twice"));
        }
    }

    pub(super) fn deletion_asked(&self, id: TopicId) {
        self.state.lock().delete(id, Deletion::Asked);
    }

    pub(super) fn deleted(&self, id: TopicId) {
        self.state.lock().delete(id, Deletion::Done);
    }

    /// The topics that exist for certain, and those that certainly do not any more.
    pub(super) fn topics(&self) -> (Vec<TopicId>, Vec<TopicId>) {
        let state = self.state.lock();
        let of = |deletion| {
            let topics = state.topics.iter();
            topics
                .filter(move |(_, topic)| topic.deletion == deletion)
                .map(|(id, _)| *id)
                .collect()
        };
        (of(Deletion::None), of(Deletion::Done))
    }

    /// Whether the topic exists for certain.
    pub(super) fn exists(&self, id: TopicId) -> bool {
        self.state.lock().exists(id)
    }

    pub(super) fn name_and_partitions(&self, id: TopicId) -> Option<(String, usize)> {
        let state = self.state.lock();
        let topic = state.topics.get(&id)?;
        Some((topic.name.clone(), topic.partitions.len()))
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

    /// Whether something acknowledged in `life` or later may be lost by now.
    pub(super) fn may_have_lost(&self, place: Place, life: Life) -> bool {
        let state = self.state.lock();
        let flushes = state
            .topics
            .get(&place.topic)
            .is_some_and(|topic| topic.flushes);
        !flushes
            && state.lives[life.0..]
                .iter()
                .any(|life| life.ended_in_power_cut && !life.was_stopped)
    }

    pub(super) fn leader_epoch_seen(&self, place: Place, life: Life, epoch: LeaderEpoch) {
        let mut state = self.state.lock();
        let Some(partition) = state.partition(place) else {
            return;
        };
        tracing::debug!(topic = %place.topic, place.partition, ?life, %epoch, "leader");
        let epochs = &mut partition.leader_epochs;
        let same = epochs.insert(life, epoch).unwrap_or(epoch);
        let before = epochs.range(..life).next_back().map(|(_, epoch)| *epoch);
        let after = epochs
            .range(life..)
            .find(|(other, _)| **other > life)
            .map(|(_, epoch)| *epoch);
        let grows = before.is_none_or(|before| before < epoch)
            && after.is_none_or(|after| epoch < after)
            && same == epoch;
        if !grows {
            state.violate(format!(
                "{place:?}: leader epoch {epoch} in {life:?}, {same} in it before, {before:?} before it, {after:?} after it"
            ));
        }
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
        let mut state = self.state.lock();
        let is_durable = state.is_credulous;
        for (at, number) in (0..).zip(numbers) {
            state.claim(place, life, base + at, *number, epoch, is_durable);
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
        let mut state = self.state.lock();
        state.claim(place, life, offset, number, Some(epoch), false);
    }

    /// Below this no high watermark of a later answer may be.
    pub(super) fn floor(&self, place: Place, life: Life) -> Offset {
        let mut state = self.state.lock();
        let lives = state.lives.clone();
        let Some(partition) = state.partition(place) else {
            return Offset::ZERO;
        };
        let kept = partition
            .log
            .iter()
            .rev()
            .find(|(_, known)| !may_be_lost(&lives, known, life))
            .map_or(Offset::ZERO, |(offset, _)| offset.next());
        match partition.high_watermark {
            Some((seen, high_watermark)) if seen == life => kept.max(high_watermark),
            _ => kept,
        }
    }

    /// `floor`: as of when the question was sent.
    pub(super) fn high_watermark_seen(
        &self,
        place: Place,
        life: Life,
        floor: Offset,
        found: Offset,
    ) {
        let mut state = self.state.lock();
        state.judged += 1;
        tracing::debug!(topic = %place.topic, place.partition, ?life, %floor, %found, "high watermark");
        let Some(partition) = state.partition(place) else {
            return;
        };
        match &mut partition.high_watermark {
            Some((seen, high_watermark)) if *seen == life => {
                *high_watermark = (*high_watermark).max(found);
            }
            newest => *newest = Some((life, found)),
        }
        if found < floor {
            state.violate(format!(
                "{place:?}: high watermark {found} in {life:?} where {floor} was certain"
            ));
        }
    }

    /// The log ends at `end`, and all below has been read: nothing else may be missing.
    pub(super) fn whole_log_read(&self, place: Place, life: Life, end: Offset) {
        let mut state = self.state.lock();
        let lives = state.lives.clone();
        let Some(partition) = state.partition(place) else {
            return;
        };
        let missing = partition
            .log
            .range(end..)
            .find(|(_, known)| !may_be_lost(&lives, known, life))
            .map(|(offset, known)| (*offset, known.number));
        if let Some((offset, number)) = missing {
            state.violate(format!(
                "{place:?}: the log ends at {end}, and record {number} was at {offset}"
            ));
        }
    }
}

/// Whether a record known in its life may be gone in that of `now`.
fn may_be_lost(lives: &[LifeState], known: &Known, now: Life) -> bool {
    !known.is_durable
        && lives[known.life.0..now.0.max(known.life.0)]
            .iter()
            .any(|life| life.ended_in_power_cut)
}

impl State {
    fn life(&self) -> Life {
        Life(self.lives.len().saturating_sub(1))
    }

    fn present(&mut self) -> &mut LifeState {
        self.lives.last_mut().expect("the first life has begun")
    }

    fn violate(&mut self, what: String) {
        tracing::error!(what, "violation");
        self.violation.get_or_insert(what);
    }

    fn exists(&self, id: TopicId) -> bool {
        self.topics
            .get(&id)
            .is_some_and(|topic| topic.deletion == Deletion::None)
    }

    fn delete(&mut self, id: TopicId, deletion: Deletion) {
        if let Some(topic) = self.topics.get_mut(&id) {
            tracing::info!(%id, topic.name, ?deletion, "deletion");
            topic.deletion = topic.deletion.max(deletion);
        }
    }

    /// `None` for one that need not exist any more: nothing of it is judged.
    fn partition(&mut self, place: Place) -> Option<&mut Partition> {
        let topic = self.topics.get_mut(&place.topic)?;
        if topic.deletion > Deletion::None {
            return None;
        }
        topic
            .partitions
            .get_mut(usize::try_from(place.partition).ok()?)
    }

    /// Somebody was told that the record is, or was, at this offset in this life.
    fn claim(
        &mut self,
        place: Place,
        life: Life,
        offset: Offset,
        number: u64,
        epoch: Option<LeaderEpoch>,
        is_durable: bool,
    ) {
        self.judged += 1;
        tracing::debug!(topic = %place.topic, place.partition, ?life, %offset, number, ?epoch, "record");
        let flushes = self
            .topics
            .get(&place.topic)
            .is_some_and(|topic| topic.flushes);
        let is_durable = is_durable || flushes || self.lives[life.0].was_stopped;
        let lives = self.lives.clone();
        let Some(partition) = self.partition(place) else {
            return;
        };
        let before = partition.log.get(&offset).copied();
        let may_be_lost = |known: &Known| may_be_lost(&lives, known, life);
        let mut known = Known {
            number,
            life,
            epoch,
            is_durable,
        };
        let mut problem = None;
        match before {
            // With another epoch it is not the same: it was lost and sent again, and came to the place it had.
            Some(before)
                if before.number == number
                    && (epoch.is_none() || before.epoch.is_none() || epoch == before.epoch) =>
            {
                known.life = known.life.max(before.life);
                known.is_durable |= before.is_durable;
                let is_the_same = !may_be_lost(&before);
                known.epoch = epoch.or(before.epoch.filter(|_| is_the_same));
            }
            Some(before) => {
                if let (Some(old), Some(new)) = (before.epoch, epoch)
                    && new <= old
                {
                    problem = Some(format!(
                        "it has epoch {new}, and record {} was there with epoch {old}",
                        before.number
                    ));
                }
                // What was there is lost, and with it all that lay behind.
                let lost = |known: &Known| {
                    known.life < life
                        && lives[known.life.0..life.0]
                            .iter()
                            .any(|life| life.ended_in_power_cut)
                };
                if !lost(&before) {
                    problem = Some(format!(
                        "record {} was there in {:?}, and no power was cut since",
                        before.number, before.life
                    ));
                }
                let behind = partition.log.split_off(&offset);
                for (at, known) in behind {
                    if !lost(&known) {
                        partition.log.insert(at, known);
                    } else if known.is_durable {
                        problem = Some(format!(
                            "record {} at {at} was on disk and is lost",
                            known.number
                        ));
                    }
                }
            }
            None => {}
        }
        partition.log.insert(offset, known);
        if let Some(problem) = problem {
            self.violate(format!(
                "{place:?}: record {number} is at {offset} in {life:?}: {problem}"
            ));
        }
    }
}
