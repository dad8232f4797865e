//! The batches in which the controller's records go to the metadata log. One that the next start would not read must never be
//! written.

use bytes::Bytes;
use ottla_metadata::features::{self, METADATA_VERSION, MetadataVersion};
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::records::BATCH_OVERHEAD;

/// The most that a batch comes to: Kafka's default of `internal.metadata.max.batch.size.in.bytes`.
const MAX_BYTES: usize = 8 << 20;
/// The most records of a batch, as of a request.
const MAX_RECORDS: usize = 10_000;
/// What a record takes besides its value, at most. Bytes.
const RECORD_OVERHEAD: usize = 32;

/// The records do not fit one batch, and cannot be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// The values of the records, batch by batch. `at`: the level before them.
///
/// # Errors
/// [`TooLarge`].
pub(super) fn plan(
    records: &[MetadataRecord<'_>],
    at: MetadataVersion,
    is_atomic: bool,
) -> Result<Vec<Vec<Bytes>>, TooLarge> {
    // The level may be among the records themselves: the newer one is what they are written in.
    let version = at.max(MetadataVersion(features::level_in(
        records,
        METADATA_VERSION,
    )));
    let mut batches = Vec::<Vec<Bytes>>::new();
    let mut size = 0;
    for record in records {
        let value = record.encode(version.record_version(record));
        let taken = RECORD_OVERHEAD + value.len();
        if BATCH_OVERHEAD + taken > MAX_BYTES {
            return Err(TooLarge);
        }
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_RECORDS && size + taken <= MAX_BYTES => {
                batch.push(value);
                size += taken;
            }
            _ => {
                batches.push(vec![value]);
                size = BATCH_OVERHEAD + taken;
            }
        }
    }
    if is_atomic && batches.len() > 1 {
        return Err(TooLarge);
    }
    Ok(batches)
}

#[cfg(test)]
mod tests {
    use ottla_wire::metadata_record::ConfigRecord;

    use super::*;

    fn config(bytes: usize) -> MetadataRecord<'static> {
        ConfigRecord {
            value: Some("x".repeat(bytes).into()),
            ..Default::default()
        }
        .into()
    }

    fn sizes(records: &[MetadataRecord<'_>], is_atomic: bool) -> Result<Vec<usize>, TooLarge> {
        let planned = plan(records, MetadataVersion::LATEST, is_atomic)?;
        Ok(planned.iter().map(Vec::len).collect())
    }

    #[test]
    fn what_fits_is_one_batch() {
        assert_eq!(sizes(&[], true), Ok(vec![]));
        assert_eq!(sizes(&vec![config(1); 10_000], true), Ok(vec![10_000]));
        assert_eq!(sizes(&vec![config(1 << 20); 7], true), Ok(vec![7]));
    }

    #[test]
    fn what_does_not_fit_is_divided_or_not_written_at_all() {
        let many = vec![config(1); 10_001];
        assert_eq!(sizes(&many, false), Ok(vec![10_000, 1]));
        assert_eq!(sizes(&many, true), Err(TooLarge));
        let large = vec![config(1 << 20); 15];
        assert_eq!(sizes(&large, false), Ok(vec![7, 7, 1]));
        assert_eq!(sizes(&large, true), Err(TooLarge));
        assert_eq!(sizes(&[config(8 << 20)], false), Err(TooLarge));
    }
}
