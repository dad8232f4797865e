//! What a response holds, by the headers of its batches.

use ottla_model::Offset;
use ottla_wire::records::{Batch, BatchError, Batches};

use super::LoadError;

/// What whole batches hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// The offset behind them.
    pub(super) next: Offset,
}

/// `None` where there is no batch. The last one may be cut, as it is not where it would be the only one.
pub(super) fn read_batches(
    bytes: &[u8],
    mut see: impl FnMut(&Batch<'_>) -> Result<(), LoadError>,
) -> Result<Option<Read>, LoadError> {
    let mut read: Option<Read> = None;
    for batch in Batches::new(bytes) {
        let batch = match (batch, read) {
            (Ok(batch), _) => batch,
            (Err(BatchError::Truncated { .. }), Some(_)) => break,
            (Err(error), _) => return Err(error.into()),
        };
        see(&batch)?;
        let before = read.map_or((0, 0), |read| (read.records, read.bytes));
        read = Some(Read {
            records: before.0 + u64::try_from(batch.header.record_count).unwrap_or(0),
            bytes: before.1 + batch.header.size as u64,
            next: batch.header.next_offset(),
        });
    }
    Ok(read)
}

#[cfg(test)]
pub(super) mod tests {
    use ottla_model::Timestamp;
    use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

    use super::*;

    pub(in crate::load) fn batch(base_offset: i64, records: i64) -> Vec<u8> {
        let fields = BatchFields {
            base_offset: Offset(base_offset),
            ..BatchFields::default()
        };
        let mut builder = BatchBuilder::new(fields, Compression::None);
        for _ in 0..records {
            builder.push(Timestamp(1), None, Some(b"value"), []);
        }
        builder.build().to_vec()
    }

    #[test]
    fn whole_batches_are_counted_and_a_cut_last_one_is_left() {
        let whole = [batch(10, 3), batch(13, 2)].concat();
        let cut = &batch(15, 4)[..70];
        for bytes in [whole.clone(), [&whole, cut].concat()] {
            let mut seen = Vec::new();
            let read = read_batches(&bytes, |batch| {
                seen.push(batch.header.base_offset);
                Ok(())
            });
            let read = read.unwrap().unwrap();
            assert_eq!(seen, [Offset(10), Offset(13)]);
            let expected = Read {
                records: 5,
                bytes: whole.len() as u64,
                next: Offset(15),
            };
            assert_eq!(read, expected);
        }
        assert_eq!(read_batches(&[], |_| Ok(())).unwrap(), None);
        assert!(read_batches(cut, |_| Ok(())).is_err());
    }
}
