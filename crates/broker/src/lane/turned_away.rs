//! Producers of whose batches some were turned away before the log saw them.
//!
//! A log takes whatever an idempotent producer sends first for its beginning. So what a new one has sent behind a batch that was turned away
//! must be turned away, too, until that batch comes again: once it was in front, the other would be out of order for ever.
//!
//! This holds of what a lane turns away where it has the log, or recovers it, and for whatever reason: no room, another leadership, too few in
//! sync. It goes with the log to another directory. It does not outlast the process, and says nothing of what never came to such a lane: where
//! nobody leads yet, or the log has just gone.

use std::time::Duration;

use ottla_model::{Monotonic, ProducerEpoch, ProducerId, Sequence};
use ottla_wire::records::BatchHeader;
use rustc_hash::FxHashMap;

/// Clients try again for so long by default (`delivery.timeout.ms`). Who goes on without the batch after that goes on.
const PATIENCE: Duration = Duration::from_secs(120);

/// Producers of a partition that are remembered. Who sends under ever new ids need not have them in order.
const MOST: usize = 1000;

struct First {
    epoch: ProducerEpoch,
    sequence: Sequence,
    /// When it was turned away last.
    at: Monotonic,
}

/// Those that the log of a partition does not know.
#[derive(Default)]
pub(super) struct TurnedAway {
    first: FxHashMap<ProducerId, First>,
}

impl TurnedAway {
    /// `batch` is turned away. Of several the first counts.
    pub(super) fn add(&mut self, batch: &BatchHeader, now: Monotonic) {
        if !batch.has_producer() || self.is_behind(batch, now) {
            return;
        }
        if self.first.len() >= MOST {
            self.first.retain(|_, first| !first.is_forgotten(now));
        }
        if self.first.len() < MOST || self.first.contains_key(&batch.producer_id) {
            let first = First {
                epoch: batch.producer_epoch,
                sequence: batch.base_sequence,
                at: now,
            };
            self.first.insert(batch.producer_id, first);
        }
    }

    /// Whether `batch` was sent behind one that was turned away and has not come again. One that was not is what was waited for.
    pub(super) fn holds_up(&self, batch: &BatchHeader, now: impl FnOnce() -> Monotonic) -> bool {
        !self.first.is_empty() && self.is_behind(batch, now())
    }

    /// `batch` goes to the log, which knows from then on what comes next.
    pub(super) fn remove(&mut self, batch: &BatchHeader) {
        if !self.first.is_empty() {
            self.first.remove(&batch.producer_id);
        }
    }

    /// With those of a lane that had the log before.
    pub(super) fn extend(&mut self, before: Self) {
        self.first.extend(before.first);
    }

    fn is_behind(&self, batch: &BatchHeader, now: Monotonic) -> bool {
        self.first.get(&batch.producer_id).is_some_and(|first| {
            batch.producer_epoch == first.epoch
                && batch.base_sequence != first.sequence
                && !first.is_forgotten(now)
        })
    }
}

impl First {
    fn is_forgotten(&self, now: Monotonic) -> bool {
        now >= self.at + PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

    use super::*;

    fn batch(id: i64, epoch: i16, sequence: i32) -> BatchHeader {
        let fields = BatchFields {
            producer_id: ProducerId(id),
            producer_epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
            ..BatchFields::default()
        };
        let mut batch = BatchBuilder::new(fields, Compression::None);
        batch.push(ottla_model::Timestamp(0), None, None, []);
        BatchHeader::parse(&batch.build()).expect("it was just built")
    }

    #[test]
    fn what_comes_behind_a_batch_that_was_turned_away_waits_until_that_comes_again() {
        let now = Monotonic::default();
        let mut turned_away = TurnedAway::default();
        assert!(!turned_away.holds_up(&batch(7, 0, 4), || now));
        turned_away.add(&batch(7, 0, 0), now);
        turned_away.add(&batch(7, 0, 4), now);
        assert!(turned_away.holds_up(&batch(7, 0, 8), || now));
        assert!(!turned_away.holds_up(&batch(8, 0, 8), || now), "another's");
        assert!(
            !turned_away.holds_up(&batch(-1, -1, -1), || now),
            "nobody's"
        );
        assert!(!turned_away.holds_up(&batch(7, 0, 0), || now));
        assert!(turned_away.holds_up(&batch(7, 0, 4), || now), "not taken");
        turned_away.remove(&batch(7, 0, 0));
        assert!(!turned_away.holds_up(&batch(7, 0, 4), || now));
    }

    #[test]
    fn who_begins_a_new_epoch_or_gives_it_up_goes_on() {
        let now = Monotonic::default();
        let mut turned_away = TurnedAway::default();
        turned_away.add(&batch(7, 0, 0), now);
        assert!(!turned_away.holds_up(&batch(7, 1, 0), || now));
        turned_away.add(&batch(7, 1, 0), now);
        assert!(turned_away.holds_up(&batch(7, 1, 5), || now));
        assert!(!turned_away.holds_up(&batch(7, 1, 5), || now + PATIENCE));
    }

    #[test]
    fn not_more_are_remembered_than_there_is_room_for() {
        let now = Monotonic::default();
        let mut turned_away = TurnedAway::default();
        for id in 0..MOST as i64 + 10 {
            turned_away.add(&batch(id, 0, 0), now);
        }
        assert_eq!(turned_away.first.len(), MOST);
        turned_away.add(&batch(-1, -1, -1), now + PATIENCE);
        turned_away.add(&batch(1, 0, 0), now + PATIENCE);
        assert_eq!(turned_away.first.len(), 1);
    }
}
