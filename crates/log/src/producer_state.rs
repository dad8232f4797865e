use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ottla_model::{ErrorCode, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use ottla_wire::control_record::EndTxnMarker;
use ottla_wire::records::BatchHeader;
use thiserror::Error;

/// How many of a producer's last batches are recognised when they come again: as many as a producer may have in flight.
const REMEMBERED_BATCHES: usize = 5;

/// What is remembered of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchTrace {
    pub(crate) last_sequence: Sequence,
    pub(crate) last_offset: Offset,
    pub(crate) offset_delta: i32,
    pub(crate) timestamp: Timestamp,
}

impl BatchTrace {
    fn first_sequence(&self) -> Sequence {
        let back = self.last_sequence.0 - self.offset_delta;
        // The batch crossed the end of the sequence numbers.
        Sequence(if back < 0 { back + i32::MAX + 1 } else { back })
    }

    pub(crate) fn first_offset(&self) -> Offset {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// One producer in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) epoch: ProducerEpoch,
    /// The newest last; at most five.
    pub(crate) batches: VecDeque<BatchTrace>,
    pub(crate) last_timestamp: Timestamp,
    pub(crate) coordinator_epoch: i32,
    pub(crate) transaction_start: Option<Offset>,
}

impl Producer {
    fn check_transaction(&self, batch: &BatchHeader) -> Result<(), ProducerError> {
        if self.transaction_start.is_some() && !batch.attributes.is_transactional() {
            let producer = batch.producer_id;
            return Err(ProducerError::OutsideTransaction { producer });
        }
        Ok(())
    }
}

/// What the log remembers of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    pub id: ProducerId,
    pub epoch: ProducerEpoch,
    /// -1 where only the end of a transaction is known of it.
    pub last_sequence: Sequence,
    pub last_timestamp: Timestamp,
    /// -1 where no transaction of it has ended here.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins.
    pub transaction_start: Option<Offset>,
}

/// A transaction whose end is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EndedTransaction {
    start: Offset,
    marker: Offset,
}

/// Why a batch of an idempotent producer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProducerError {
    #[error("producer {producer} has epoch {known}, the batch {found}")]
    Fenced {
        producer: ProducerId,
        known: ProducerEpoch,
        found: ProducerEpoch,
    },
    #[error("producer {producer}: expected sequence {expected}, found {found}")]
    OutOfOrder {
        producer: ProducerId,
        expected: Sequence,
        found: Sequence,
    },
    #[error("producer {producer} has a transaction open, and the batch is not part of it")]
    OutsideTransaction { producer: ProducerId },
}

impl ProducerError {
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Fenced { .. } => ErrorCode::InvalidProducerEpoch,
            Self::OutOfOrder { .. } => ErrorCode::OutOfOrderSequenceNumber,
            Self::OutsideTransaction { .. } => ErrorCode::InvalidTxnState,
        }
    }
}

/// What an idempotent batch is to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Next,
    /// It is there already: this is its trace.
    Duplicate(BatchTrace),
}

/// The producers of a partition: what makes a repeated batch count once (KIP-98).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProducerState {
    pub(crate) producers: BTreeMap<ProducerId, Producer>,
    /// Those whose markers are not replicated yet: readers may not know of their ends.
    ended: Vec<EndedTransaction>,
}

impl ProducerState {
    /// Whether the leader may append `batch`, whose offsets are not set yet. A batch without a producer id always may.
    pub(crate) fn check(&self, batch: &BatchHeader) -> Result<Verdict, ProducerError> {
        if !batch.has_producer() {
            return Ok(Verdict::Next);
        }
        let known = self.producers.get(&batch.producer_id);
        let epoch = known.map_or(ProducerEpoch::NONE, |known| known.epoch);
        if batch.producer_epoch < epoch {
            return Err(ProducerError::Fenced {
                producer: batch.producer_id,
                known: epoch,
                found: batch.producer_epoch,
            });
        }
        let Some(known) = known else {
            return Ok(Verdict::Next);
        };
        let expected = match known.batches.back() {
            _ if batch.producer_epoch > known.epoch => Sequence(0),
            Some(last) => last.last_sequence.plus(1),
            // Only a marker was seen of it: any sequence begins it.
            None => {
                known.check_transaction(batch)?;
                return Ok(Verdict::Next);
            }
        };
        let repeated = |trace: &&BatchTrace| {
            trace.first_sequence() == batch.base_sequence
                && trace.last_sequence == batch.last_sequence()
        };
        if batch.producer_epoch == known.epoch
            && let Some(trace) = known.batches.iter().find(repeated)
        {
            return Ok(Verdict::Duplicate(*trace));
        }
        if batch.base_sequence != expected {
            return Err(ProducerError::OutOfOrder {
                producer: batch.producer_id,
                expected,
                found: batch.base_sequence,
            });
        }
        known.check_transaction(batch)?;
        Ok(Verdict::Next)
    }

    pub(crate) fn knows(&self, id: ProducerId) -> bool {
        self.producers.contains_key(&id)
    }

    /// Takes note of an appended batch, its offsets set. Never refuses: what is in the log has happened. A marker is for
    /// [`end_transaction`](Self::end_transaction).
    pub(crate) fn update(&mut self, batch: &BatchHeader) {
        if !batch.has_producer() || batch.attributes.is_control() {
            return;
        }
        let producer = self.producer_of(batch);
        // A producer numbers its batches: one without a number was never appended by a node, and says nothing of the next.
        if batch.base_sequence.0 >= 0 {
            if producer.batches.len() == REMEMBERED_BATCHES {
                producer.batches.pop_front();
            }
            producer.batches.push_back(BatchTrace {
                last_sequence: batch.last_sequence(),
                last_offset: batch.last_offset(),
                offset_delta: batch.last_offset_delta,
                timestamp: batch.max_timestamp,
            });
        }
        producer.last_timestamp = batch.max_timestamp;
        if batch.attributes.is_transactional() && producer.transaction_start.is_none() {
            producer.transaction_start = Some(batch.base_offset);
        }
    }

    /// Takes note of the marker in `batch`. Commit or abort is for the readers to tell apart.
    pub(crate) fn end_transaction(&mut self, batch: &BatchHeader, marker: EndTxnMarker) {
        let producer = self.producer_of(batch);
        producer.last_timestamp = batch.max_timestamp;
        producer.coordinator_epoch = marker.coordinator_epoch;
        if let Some(start) = producer.transaction_start.take() {
            let marker = batch.base_offset;
            self.ended.push(EndedTransaction { start, marker });
        }
    }

    /// The producer as of the epoch of `batch`, of whose later batches none are known if it is new.
    fn producer_of(&mut self, batch: &BatchHeader) -> &mut Producer {
        let producer = self
            .producers
            .entry(batch.producer_id)
            .or_insert_with(|| Producer {
                epoch: batch.producer_epoch,
                batches: VecDeque::new(),
                last_timestamp: batch.max_timestamp,
                coordinator_epoch: -1,
                transaction_start: None,
            });
        if producer.epoch != batch.producer_epoch {
            producer.epoch = batch.producer_epoch;
            producer.batches.clear();
        }
        producer
    }

    /// Everything below `high_watermark` is replicated. True if the end of a transaction is among it that was not before.
    pub(crate) fn replicated(&mut self, high_watermark: Offset) -> bool {
        let before = self.ended.len();
        self.ended.retain(|ended| ended.marker >= high_watermark);
        self.ended.len() < before
    }

    /// Forgets producers that wrote nothing for `expiration` and have no transaction open.
    pub(crate) fn expire(&mut self, now: Timestamp, expiration: Duration) {
        let expiration = i64::try_from(expiration.as_millis()).unwrap_or(i64::MAX);
        self.producers.retain(|_, producer| {
            producer.transaction_start.is_some()
                || now.0.saturating_sub(producer.last_timestamp.0) < expiration
        });
    }

    pub(crate) fn active(&self) -> Vec<ActiveProducer> {
        let producers = self.producers.iter();
        let active = producers.map(|(id, producer)| ActiveProducer {
            id: *id,
            epoch: producer.epoch,
            last_sequence: producer
                .batches
                .back()
                .map_or(Sequence(-1), |last| last.last_sequence),
            last_timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            transaction_start: producer.transaction_start,
        });
        active.collect()
    }

    /// The first record of a transaction that is open, or whose end is not replicated.
    pub(crate) fn first_unstable(&self) -> Option<Offset> {
        let open = self.producers.values();
        open.filter_map(|producer| producer.transaction_start)
            .chain(self.ended.iter().map(|ended| ended.start))
            .min()
    }
}

#[cfg(test)]
mod tests {
    use ottla_wire::records::{Attributes, BatchBuilder, BatchFields, Compression};

    use super::*;

    fn batch(epoch: i16, sequence: i32, records: i32, offset: i64) -> BatchHeader {
        let fields = BatchFields {
            base_offset: Offset(offset),
            producer_id: ProducerId(9),
            producer_epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
            ..BatchFields::default()
        };
        let mut builder = BatchBuilder::new(fields, Compression::None);
        (0..records).for_each(|_| builder.push(Timestamp(5), None, None, []));
        BatchHeader::parse(&builder.build()).unwrap()
    }

    #[test]
    fn a_batch_that_its_producer_did_not_number_says_nothing_of_the_next() {
        let mut state = ProducerState::default();
        state.update(&batch(0, 0, 2, 10));
        for sequence in [-1, -7, i32::MIN] {
            state.update(&batch(0, sequence, 3, 12));
        }
        assert_eq!(state.check(&batch(0, 2, 1, 0)), Ok(Verdict::Next));
    }

    #[test]
    fn no_producer_has_an_epoch_below_none() {
        let state = ProducerState::default();
        assert_eq!(state.check(&batch(-1, 3, 1, 0)), Ok(Verdict::Next));
        let refused = state.check(&batch(-2, 0, 1, 0)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidProducerEpoch);
    }

    #[test]
    fn an_id_below_none_is_no_producer() {
        let mut state = ProducerState::default();
        let mut anonymous = batch(0, 0, 1, 10);
        for id in [ProducerId::NONE, ProducerId(-2), ProducerId(i64::MIN)] {
            anonymous.producer_id = id;
            assert_eq!(state.check(&anonymous), Ok(Verdict::Next));
            state.update(&anonymous);
        }
        assert_eq!(state, ProducerState::default());
    }

    #[test]
    fn sequences_go_on_or_repeat() {
        let mut state = ProducerState::default();
        assert_eq!(
            state.check(&batch(0, 40, 2, 0)),
            Ok(Verdict::Next),
            "of an unknown producer any will do"
        );
        state.update(&batch(0, 0, 2, 10));
        state.update(&batch(0, 2, 3, 12));
        assert_eq!(state.check(&batch(0, 5, 1, 0)), Ok(Verdict::Next));
        let Ok(Verdict::Duplicate(trace)) = state.check(&batch(0, 0, 2, 0)) else {
            panic!("it is a repetition")
        };
        assert_eq!(trace.first_offset(), Offset(10));
        assert!(matches!(
            state.check(&batch(0, 6, 1, 0)),
            Err(ProducerError::OutOfOrder { .. })
        ));
        assert!(matches!(
            state.check(&batch(0, 0, 1, 0)),
            Err(ProducerError::OutOfOrder { .. })
        ));
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_fences_the_old() {
        let mut state = ProducerState::default();
        state.update(&batch(1, 0, 2, 10));
        assert!(matches!(
            state.check(&batch(0, 2, 1, 0)),
            Err(ProducerError::Fenced { .. })
        ));
        assert!(matches!(
            state.check(&batch(2, 2, 1, 0)),
            Err(ProducerError::OutOfOrder { .. })
        ));
        assert_eq!(state.check(&batch(2, 0, 1, 0)), Ok(Verdict::Next));
    }

    #[test]
    fn the_sixth_batch_back_is_forgotten() {
        let mut state = ProducerState::default();
        (0..6).for_each(|i| state.update(&batch(0, i, 1, i64::from(i))));
        assert!(matches!(
            state.check(&batch(0, 1, 1, 0)),
            Ok(Verdict::Duplicate(_))
        ));
        assert!(matches!(
            state.check(&batch(0, 0, 1, 0)),
            Err(ProducerError::OutOfOrder { .. })
        ));
    }

    #[test]
    fn a_batch_may_cross_the_last_sequence() {
        let mut state = ProducerState::default();
        state.update(&batch(0, i32::MAX, 2, 0));
        assert_eq!(state.check(&batch(0, 1, 1, 0)), Ok(Verdict::Next));
        assert!(matches!(
            state.check(&batch(0, i32::MAX, 2, 0)),
            Ok(Verdict::Duplicate(_))
        ));
    }

    #[test]
    fn a_marker_ends_the_transaction_and_readers_see_it_when_it_is_replicated() {
        let with = |attributes: Attributes, header: BatchHeader| BatchHeader {
            attributes,
            ..header
        };
        let in_transaction = Attributes::default().transactional();
        let mut state = ProducerState::default();
        state.update(&with(in_transaction, batch(1, 0, 2, 10)));
        state.update(&with(in_transaction, batch(1, 2, 3, 12)));
        assert_eq!(state.first_unstable(), Some(Offset(10)));
        let outside = batch(1, 5, 1, 0);
        let refused = state.check(&outside).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidTxnState);
        // The coordinator raises the epoch as it ends the transaction (KIP-890).
        let marker = with(in_transaction.control(), batch(2, -1, 1, 15));
        let coordinator_epoch = 7;
        state.end_transaction(&marker, EndTxnMarker { coordinator_epoch });
        let producer = &state.producers[&ProducerId(9)];
        assert_eq!(producer.epoch, ProducerEpoch(2));
        assert_eq!(producer.coordinator_epoch, coordinator_epoch);
        assert_eq!(producer.transaction_start, None);
        assert!(producer.batches.is_empty());
        assert!(!state.replicated(Offset(15)));
        assert_eq!(state.first_unstable(), Some(Offset(10)));
        assert!(state.replicated(Offset(16)));
        assert_eq!(state.first_unstable(), None);
    }

    #[test]
    fn a_marker_is_no_batch_of_its_producer() {
        let mut state = ProducerState::default();
        state.update(&batch(0, 0, 1, 10));
        let before = state.clone();
        let marker = BatchHeader {
            attributes: Attributes::default().transactional().control(),
            ..batch(0, -1, 1, 11)
        };
        state.update(&marker);
        assert_eq!(state, before);
    }

    #[test]
    fn who_has_a_transaction_open_is_not_forgotten() {
        let mut state = ProducerState::default();
        state.update(&BatchHeader {
            attributes: Attributes::default().transactional(),
            ..batch(0, 0, 1, 0)
        });
        state.expire(Timestamp(1005), Duration::from_secs(1));
        assert_eq!(state.first_unstable(), Some(Offset(0)));
    }

    #[test]
    fn silence_is_forgotten() {
        let mut state = ProducerState::default();
        state.update(&batch(0, 0, 1, 0));
        state.expire(Timestamp(1004), Duration::from_secs(1));
        assert_eq!(state.producers.len(), 1);
        state.expire(Timestamp(1005), Duration::from_secs(1));
        assert_eq!(state.producers.len(), 0);
    }
}
