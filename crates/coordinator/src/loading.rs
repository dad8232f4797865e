//! From a partition's log to the state that it made.

use ottla_model::ProducerId;
use ottla_wire::DecodeError;
use ottla_wire::control_record::ControlRecord;
use ottla_wire::records::{Batch, BatchError};
use thiserror::Error;

use crate::state_machine::StateMachine;

/// What the records of a batch may come to, decompressed. Bytes.
const MAX_UNCOMPRESSED: usize = i32::MAX as usize;

/// Why a log cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Record(#[from] DecodeError),
}

/// The state of a log that is being read, batch by batch from its start.
#[derive(Debug)]
pub struct Loading<M: StateMachine> {
    state: M::State,
    /// Records that were passed over, for another release wrote them.
    unknown: u64,
}

impl<M: StateMachine> Default for Loading<M> {
    fn default() -> Self {
        Self {
            state: M::State::default(),
            unknown: 0,
        }
    }
}

impl<M: StateMachine> Loading<M> {
    /// Takes up the next batch of the log.
    ///
    /// # Errors
    /// For one that cannot be read.
    pub fn batch(&mut self, batch: &Batch<'_>) -> Result<(), LoadError> {
        let attributes = batch.header.attributes;
        let producer = attributes
            .is_transactional()
            .then_some(batch.header.producer_id);
        let uncompressed = batch.uncompressed(MAX_UNCOMPRESSED)?;
        for record in batch.records(&uncompressed) {
            let record = record?;
            if attributes.is_control() {
                if let Some(producer) = producer {
                    self.marker(producer, record.key, record.value)?;
                }
                continue;
            }
            // One without a key can be of no use to anybody.
            let known = record.key.map(|key| M::decode(key, record.value));
            match known.transpose()?.flatten() {
                Some(known) => M::replay(&mut self.state, known, producer),
                None => self.unknown += 1,
            }
        }
        Ok(())
    }

    fn marker(
        &mut self,
        producer: ProducerId,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), LoadError> {
        let (Some(key), Some(value)) = (key, value) else {
            return Ok(());
        };
        let is_committed = match ControlRecord::decode(key, value)? {
            Some(ControlRecord::Commit(_)) => true,
            Some(ControlRecord::Abort(_)) => false,
            _ => return Ok(()),
        };
        M::end_transaction(&mut self.state, producer, is_committed);
        Ok(())
    }

    /// How many records another release wrote.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    pub(crate) fn into_state(self) -> M::State {
        self.state
    }
}
