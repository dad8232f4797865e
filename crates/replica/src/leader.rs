use std::collections::VecDeque;
use std::time::Duration;

use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset};
use thiserror::Error;

/// What the topic's configuration says to its leaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `min.insync.replicas`
    pub min_in_sync: usize,
    /// `flush.messages`: so many records may be unsynced. At 1 a record counts only once it is synced: Kafka counts what is in the page
    /// cache of every in-sync replica, and who asks for a sync with each append asks for more.
    pub flush_messages: i64,
    /// `flush.ms`: for so long may a record be unsynced.
    pub flush_after: Duration,
}

impl Options {
    /// Whether a record counts only once it is synced.
    #[must_use]
    pub fn counts_once_synced(&self) -> bool {
        self.flush_messages == 1
    }
}

/// What the metadata says of the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leadership {
    pub epoch: LeaderEpoch,
    pub replicas: usize,
    /// How many of them are in sync, the leader among them.
    pub in_sync: usize,
}

/// How many replicas must have a batch before its producer is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// At most the leader.
    Leader,
    /// All that are in sync, and enough must be.
    All,
}

/// Why a batch is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the batch is for leader epoch {expected}, and this node leads in {found}")]
    NotLeader {
        expected: LeaderEpoch,
        found: LeaderEpoch,
    },
    #[error("{in_sync} replicas are in sync, and min.insync.replicas asks for {required}")]
    NotEnoughReplicas { in_sync: usize, required: usize },
}

impl Refusal {
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotLeader { .. } => ErrorCode::NotLeaderOrFollower,
            Self::NotEnoughReplicas { .. } => ErrorCode::NotEnoughReplicas,
        }
    }
}

/// What happened. `W` is whatever the driver needs to answer a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<W> {
    /// A batch that ends below `offset` is appended, or was before (a repeated batch of an idempotent producer).
    Wait { offset: Offset, producer: W },
    /// The log ends here now; nothing is said about the disk.
    Appended { end: Offset },
    /// Everything below is on disk.
    Synced { end: Offset },
    /// The metadata says something new.
    Lead(Leadership),
    /// The configuration says something new.
    Configure(Options),
    /// Time has passed.
    Tick,
    /// The log or the leadership is gone; what those are told who wait.
    Resign(ErrorCode),
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<W> {
    /// Everything below is replicated: let consumers read it.
    HighWatermark(Offset),
    Acknowledge(W),
    /// Nobody will know whether the batch is replicated.
    Abandon(W, ErrorCode),
    /// Sync all that is written, unless that is being done. It is said again until it is no longer wanted.
    Sync,
}

pub type Outputs<W> = Vec<Output<W>>;

/// A partition as its leader sees it.
#[derive(Clone, Debug)]
pub struct Leader<W> {
    options: Options,
    leadership: Leadership,
    end: Offset,
    synced: Offset,
    /// Since when there is something unsynced.
    unsynced_since: Option<Monotonic>,
    high_watermark: Offset,
    /// By the offset that the high watermark has to reach. Batches come in that order, but for repeated ones.
    waiting: VecDeque<(Offset, W)>,
}

impl<W> Leader<W> {
    /// Leads a log that ends at `end` and is on disk up to `synced`.
    #[must_use]
    pub fn new(
        options: Options,
        leadership: Leadership,
        end: Offset,
        synced: Offset,
        now: Monotonic,
    ) -> Self {
        let mut leader = Self {
            options,
            leadership,
            end,
            synced,
            unsynced_since: (synced < end).then_some(now),
            high_watermark: Offset::ZERO,
            waiting: VecDeque::new(),
        };
        leader.high_watermark = leader.replicated();
        leader
    }

    #[must_use]
    pub fn epoch(&self) -> LeaderEpoch {
        self.leadership.epoch
    }

    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Whether a batch that was checked under `epoch` may be appended.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn admit(&self, epoch: LeaderEpoch, acks: Acks) -> Result<(), Refusal> {
        let Leadership {
            epoch: found,
            replicas,
            in_sync,
        } = self.leadership;
        if epoch != found {
            return Err(Refusal::NotLeader {
                expected: epoch,
                found,
            });
        }
        // There cannot be more in sync than there are.
        let required = self.options.min_in_sync.min(replicas);
        if acks == Acks::All && in_sync < required {
            return Err(Refusal::NotEnoughReplicas { in_sync, required });
        }
        Ok(())
    }

    /// Adds to `out` what is to be done. `now` never goes back.
    ///
    /// # Panics
    /// When an input contradicts those before it: the log cut, more synced than appended, an earlier leader epoch.
    pub fn step(&mut self, now: Monotonic, input: Input<W>, out: &mut Outputs<W>) {
        match input {
            Input::Wait { offset, producer } => return self.wait(offset, producer, out),
            Input::Appended { end } => {
                assert!(end >= self.end, "a leader never cuts its log");
                self.end = end;
                if self.synced < end {
                    self.unsynced_since.get_or_insert(now);
                }
            }
            Input::Synced { end } => {
                assert!(end <= self.end, "what is synced was appended");
                self.synced = self.synced.max(end);
                self.unsynced_since = (self.synced < self.end).then_some(now);
            }
            Input::Lead(leadership) => {
                assert!(
                    leadership.epoch >= self.leadership.epoch,
                    "the epoch of a leader never goes back: {} after {}",
                    leadership.epoch,
                    self.leadership.epoch
                );
                self.leadership = leadership;
            }
            Input::Configure(options) => self.options = options,
            Input::Tick => {}
            Input::Resign(code) => {
                let abandoned = self.waiting.drain(..);
                out.extend(abandoned.map(|(_, producer)| Output::Abandon(producer, code)));
                return;
            }
        }
        self.advance(out);
        if self.wants_sync(now) {
            out.push(Output::Sync);
        }
    }

    fn wait(&mut self, offset: Offset, producer: W, out: &mut Outputs<W>) {
        if offset <= self.high_watermark {
            return out.push(Output::Acknowledge(producer));
        }
        let is_last = self.waiting.back().is_none_or(|(last, _)| *last <= offset);
        if is_last {
            self.waiting.push_back((offset, producer));
        } else {
            let place = self.waiting.partition_point(|(other, _)| *other <= offset);
            self.waiting.insert(place, (offset, producer));
        }
    }

    fn advance(&mut self, out: &mut Outputs<W>) {
        let replicated = self.replicated();
        if replicated <= self.high_watermark {
            return;
        }
        self.high_watermark = replicated;
        out.push(Output::HighWatermark(replicated));
        while let Some((_, producer)) = self
            .waiting
            .pop_front_if(|(offset, _)| *offset <= replicated)
        {
            out.push(Output::Acknowledge(producer));
        }
    }

    /// Where the log of every replica ends: of the one there is.
    fn replicated(&self) -> Offset {
        if self.options.counts_once_synced() {
            self.synced
        } else {
            self.end
        }
    }

    fn wants_sync(&self, now: Monotonic) -> bool {
        let is_due = |since: Monotonic| now - since >= self.options.flush_after;
        self.synced < self.end
            && (self.end - self.synced >= self.options.flush_messages
                || self.unsynced_since.is_some_and(is_due))
    }
}
