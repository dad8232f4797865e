use std::collections::{BTreeMap, BTreeSet};

use ottla_model::{LeaderEpoch, Offset};
use ottla_wire::records::Batches;

use super::connection::Trouble;
use super::content;
use super::ledger::{Delivery, Ledger, Life, Place};

/// More than the records of any batch come to.
const MAX_UNCOMPRESSED: usize = 1 << 20;

/// One reading of a partition in one life, from the log's beginning on.
pub(super) struct Pass {
    place: Place,
    life: Life,
    topic: String,
    pub(super) next: Offset,
    epoch: LeaderEpoch,
    from: Offset,
    /// The first number of each producer that was read.
    first: BTreeMap<u64, u64>,
    /// The newest number of each producer.
    newest: BTreeMap<u64, u64>,
    seen: BTreeSet<u64>,
}

impl Pass {
    pub(super) fn new(place: Place, life: Life, topic: String, from: Offset) -> Self {
        Self {
            place,
            life,
            topic,
            next: from,
            epoch: LeaderEpoch::NONE,
            from,
            first: BTreeMap::new(),
            newest: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Judges what a fetch from `next` brought.
    pub(super) fn take(&mut self, ledger: &Ledger, bytes: &[u8]) -> Result<(), Trouble> {
        let wrong = |what: String| Trouble::Wrong(what);
        let from = self.next;
        for batch in Batches::new(bytes) {
            let batch = match batch {
                Ok(batch) => batch,
                // Byte limits cut anywhere behind the first batch.
                Err(_) if self.next > from => break,
                Err(error) => return Err(wrong(format!("{:?}: {error}", self.place))),
            };
            let place = self.place;
            let at = |error| {
                wrong(format!(
                    "{place:?} at {}: {error}",
                    batch.header.base_offset
                ))
            };
            batch.check().map_err(at)?;
            let epoch = batch.header.leader_epoch;
            if epoch < self.epoch {
                return Err(wrong(format!(
                    "{:?}: epoch {epoch} behind epoch {}",
                    self.place, self.epoch
                )));
            }
            self.epoch = epoch;
            let records = batch.uncompressed(MAX_UNCOMPRESSED).map_err(at)?;
            for record in batch.records(&records) {
                let record = record.map_err(at)?;
                // A batch is sent whole, though it be read from its middle on.
                if record.offset < from {
                    continue;
                }
                if record.offset != self.next {
                    return Err(wrong(format!(
                        "{:?}: {} where {} is next",
                        self.place, record.offset, self.next
                    )));
                }
                let number = content::number_of(&record).ok_or_else(|| {
                    wrong(format!(
                        "{:?}: the record at {} is not as any was sent",
                        self.place, record.offset
                    ))
                })?;
                self.record(ledger, number)?;
                ledger.read(self.place, self.life, record.offset, number, epoch);
                self.next = record.offset.next();
            }
        }
        Ok(())
    }

    fn record(&mut self, ledger: &Ledger, number: u64) -> Result<(), Trouble> {
        let wrong = |what: &str| {
            Err(Trouble::Wrong(format!(
                "{:?} at {}: record {number} {what}",
                self.place, self.next
            )))
        };
        let Some(sent) = ledger.sender(number) else {
            return wrong("was never sent");
        };
        if (&sent.topic, sent.partition) != (&self.topic, self.place.partition) {
            return wrong("was sent elsewhere");
        }
        let is_new = self.seen.insert(number);
        let first = *self.first.entry(sent.producer).or_insert(number);
        // What is deleted may end within a batch that comes again.
        let may_come_again = self.from > Offset::ZERO && number < first;
        let newest = self.newest.entry(sent.producer).or_insert(number);
        let is_in_order = number >= *newest;
        *newest = number.max(*newest);
        match sent.delivery {
            Delivery::Idempotent | Delivery::Unacknowledged if !is_new => wrong("is there twice"),
            Delivery::Idempotent if is_new && !is_in_order => wrong("stands behind a later one"),
            Delivery::OneInFlight if is_new && !is_in_order && !may_come_again => {
                wrong("stands behind a later one")
            }
            _ => Ok(()),
        }
    }
}
