//! A batch that is not committed yet, and what waits for it.

use bytes::Bytes;
use ottla_model::Timestamp;
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

use crate::state_machine::EncodedRecord;
use crate::step::Ticket;

/// What a record takes besides key and value, at most. Bytes.
const RECORD_OVERHEAD: usize = 32;

#[derive(Debug)]
pub(crate) struct Uncommitted<Answer, Context> {
    /// `None` once it is on its way to the log.
    builder: Option<BatchBuilder>,
    /// Counts batches, and stands for the state that this one makes.
    pub(crate) number: u64,
    pub(crate) answers: Vec<(Ticket, Answer)>,
    pub(crate) contexts: Vec<Context>,
}

impl<Answer, Context> Uncommitted<Answer, Context> {
    pub(crate) fn new(number: u64, compression: Compression) -> Self {
        Self {
            builder: Some(BatchBuilder::new(BatchFields::default(), compression)),
            number,
            answers: Vec::new(),
            contexts: Vec::new(),
        }
    }

    pub(crate) fn is_on_its_way(&self) -> bool {
        self.builder.is_none()
    }

    /// Whether records of so many bytes can join it.
    pub(crate) fn has_room(&self, bytes: usize, max_bytes: usize) -> bool {
        let builder = self.builder.as_ref();
        builder.is_some_and(|builder| builder.size() + bytes <= max_bytes)
    }

    /// # Panics
    /// When it is on its way.
    pub(crate) fn push(&mut self, records: &[EncodedRecord], timestamp: Timestamp) {
        let builder = self.builder.as_mut().expect("what is sent takes no more");
        for EncodedRecord { key, value } in records {
            builder.push(timestamp, Some(key), value.as_deref(), []);
        }
    }

    /// The batch as it goes to the log, once.
    pub(crate) fn send(&mut self) -> Option<Bytes> {
        self.builder.take().map(BatchBuilder::build)
    }
}

/// The bytes that records take in a batch, at most.
pub(crate) fn size(records: &[EncodedRecord]) -> usize {
    records
        .iter()
        .map(|record| {
            RECORD_OVERHEAD + record.key.len() + record.value.as_ref().map_or(0, Bytes::len)
        })
        .sum()
}
