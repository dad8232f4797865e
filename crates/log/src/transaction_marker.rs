use std::io;

use ottla_wire::control_record::{ControlRecord, EndTxnMarker};
use ottla_wire::records::{Batch, BatchHeader};

/// A marker takes a few bytes; what a batch of one claims to be decompressed has to stay near that.
const MAX_UNCOMPRESSED: usize = 1 << 16;

/// Whether the batch is there to end a transaction. Those of the quorum have no producer.
pub(crate) fn ends_transaction(header: &BatchHeader) -> bool {
    header.attributes.is_control() && header.has_producer()
}

/// The marker in the batch; `None` when it holds none: a compaction took the whole transaction, or it is of another kind.
///
/// # Errors
/// `InvalidData` when it is there to end a transaction and does not say how: where readers may read to cannot be known.
pub(crate) fn read_marker(batch: &Batch<'_>) -> io::Result<Option<EndTxnMarker>> {
    if !ends_transaction(&batch.header) {
        return Ok(None);
    }
    let invalid = |problem: String| {
        let place = batch.header.base_offset;
        let message = format!("the transaction marker at offset {place}: {problem}");
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let records = batch
        .uncompressed(MAX_UNCOMPRESSED)
        .map_err(|error| invalid(error.to_string()))?;
    let Some(record) = batch.records(&records).next() else {
        return Ok(None);
    };
    let record = record.map_err(|error| invalid(error.to_string()))?;
    let (key, value) = (
        record.key.unwrap_or_default(),
        record.value.unwrap_or_default(),
    );
    match ControlRecord::decode(key, value).map_err(|error| invalid(error.to_string()))? {
        Some(ControlRecord::Commit(marker) | ControlRecord::Abort(marker)) => Ok(Some(marker)),
        _ => Err(invalid("it is of another type".to_owned())),
    }
}
