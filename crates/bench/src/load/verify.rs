//! Whether a broker has what it acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ottla_env::Clock;
use ottla_model::{Offset, PartitionIndex};
use ottla_runtime::RealClock;
use ottla_wire::records::Batch;

use super::LoadError;
use super::connection::Connection;
use super::consumer::Consumer;
use super::interval::pause;
use super::offsets::{LATEST, list_offsets};
use super::topic::Topic;

/// What may pass until consumers see what was acknowledged by its leader alone.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What was acknowledged of each partition, by all connections together.
#[derive(Debug)]
pub(super) struct Ledger {
    topic: Topic,
    partitions: BTreeMap<PartitionIndex, Account>,
}

/// One partition's.
#[derive(Debug)]
struct Account {
    /// Where it ended before the load.
    start: Offset,
    /// Records since.
    acknowledged: AtomicU64,
}

impl Account {
    /// Where the partition must end.
    fn end(&self) -> Offset {
        let records = i64::try_from(self.acknowledged.load(Ordering::Relaxed));
        Offset(self.start.0 + records.expect("offsets are 63 bits"))
    }
}

impl Ledger {
    /// Before the load, which must be the only one on the topic.
    pub(super) fn open(topic: &Topic) -> Result<Self, LoadError> {
        let mut accounts = BTreeMap::new();
        for (address, partitions) in &topic.led {
            let mut leader = Connection::open(address)?;
            let ends = list_offsets(&mut leader, &topic.name, partitions, LATEST)?;
            accounts.extend(ends.into_iter().map(|(partition, start)| {
                let acknowledged = AtomicU64::new(0);
                (
                    partition,
                    Account {
                        start,
                        acknowledged,
                    },
                )
            }));
        }
        Ok(Self {
            topic: topic.clone(),
            partitions: accounts,
        })
    }

    /// So many more records of the partition are acknowledged.
    pub(super) fn acknowledge(
        &self,
        partition: PartitionIndex,
        records: u64,
    ) -> Result<(), LoadError> {
        let account = self.account(partition)?;
        account.acknowledged.fetch_add(records, Ordering::Relaxed);
        Ok(())
    }

    fn account(&self, partition: PartitionIndex) -> Result<&Account, LoadError> {
        self.partitions.get(&partition).ok_or_else(|| {
            let name = &self.topic.name;
            LoadError::Unfit(format!("nobody asked for partition {partition} of {name}"))
        })
    }

    /// After the load: every partition ends where it must, and all that was acknowledged is read once and is whole. Returns how
    /// many records that were.
    ///
    /// # Errors
    /// Where it is not so, with what is missing after `patience` too.
    pub(super) fn verify(&self, patience: Duration) -> Result<u64, LoadError> {
        let mut records = 0;
        for (address, partitions) in &self.topic.led {
            self.await_ends(address, partitions, patience)?;
            records += self.read_back(address, partitions)?;
        }
        Ok(records)
    }

    fn await_ends(
        &self,
        address: &str,
        partitions: &[PartitionIndex],
        patience: Duration,
    ) -> Result<(), LoadError> {
        let clock = RealClock::new();
        let deadline = clock.monotonic() + patience;
        let mut leader = Connection::open(address)?;
        loop {
            let ends = list_offsets(&mut leader, &self.topic.name, partitions, LATEST)?;
            let ends = ends.into_iter().map(|(partition, end)| {
                let expected = self.account(partition)?.end();
                Ok((partition, end, expected))
            });
            let ends = ends.collect::<Result<Vec<_>, LoadError>>()?;
            let wrong = ends.into_iter().find(|(_, end, expected)| end != expected);
            let Some((partition, end, expected)) = wrong else {
                return Ok(());
            };
            if end > expected || clock.monotonic() >= deadline {
                return Err(LoadError::Unfit(format!(
                    "{}-{partition} ends at {end}, and by what was acknowledged at {expected}",
                    self.topic.name
                )));
            }
            pause(BETWEEN_LOOKS);
        }
    }

    fn read_back(&self, address: &str, partitions: &[PartitionIndex]) -> Result<u64, LoadError> {
        let name = &self.topic.name;
        let mut next: BTreeMap<_, _> = partitions
            .iter()
            .map(|partition| (*partition, self.partitions[partition].start))
            .collect();
        let starts = next.iter().map(|(partition, start)| (*partition, *start));
        let mut consumer = Consumer::open_at(address, &self.topic, starts)?;
        let mut read = 0;
        loop {
            consumer.keep(|partition, next| next < self.partitions[&partition].end());
            if !consumer.has_partitions() {
                return Ok(read);
            }
            let (records, _) = consumer.fetch(|partition, batch| {
                let next = next.get_mut(&partition);
                follows(batch, next.expect("a consumer reads what it was told to"))
                    .map_err(|problem| LoadError::Unfit(format!("{name}-{partition}: {problem}")))
            })?;
            if records == 0 {
                let problem = format!("{name} is not read to its end: there is nothing more");
                return Err(LoadError::Unfit(problem));
            }
            read += records;
        }
    }
}

/// Whether the batch is whole, and begins where the one before it ends, which `next` tells and then of this one.
fn follows(batch: &Batch<'_>, next: &mut Offset) -> Result<(), String> {
    let header = &batch.header;
    batch.check().map_err(|error| error.to_string())?;
    if header.base_offset != *next {
        return Err(format!(
            "a batch begins at {} where {next} is next",
            header.base_offset
        ));
    }
    *next = header.next_offset();
    if header.base_offset.0 + i64::from(header.record_count) != next.0 {
        return Err(format!(
            "the batch at {} has {} records, and the next begins at {next}",
            header.base_offset, header.record_count
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::batches::tests::batch;

    #[test]
    fn batches_that_follow_each_other_are_whole_and_without_a_gap() {
        let mut next = Offset(10);
        for (base_offset, records) in [(10, 3), (13, 1)] {
            let bytes = batch(base_offset, records);
            follows(&Batch::parse(&bytes).unwrap(), &mut next).unwrap();
        }
        assert_eq!(next, Offset(14));
    }

    #[test]
    fn a_gap_a_repetition_and_a_changed_byte_are_found() {
        for base_offset in [9, 11] {
            let bytes = batch(base_offset, 3);
            assert!(follows(&Batch::parse(&bytes).unwrap(), &mut Offset(10)).is_err());
        }
        let mut bytes = batch(10, 3);
        *bytes.last_mut().unwrap() ^= 1;
        assert!(follows(&Batch::parse(&bytes).unwrap(), &mut Offset(10)).is_err());
    }
}
