//! Sequences of an idempotent producer in a batch that is sent again and again.

use bytes::Bytes;
use ottla_model::{ProducerEpoch, ProducerId, Sequence};
use ottla_wire::records::{BATCH_OVERHEAD, BatchHeader};

/// Bits of a sequence, which is never negative.
const BITS: usize = 31;

/// The header of a producer's batches, of which all but the first sequence stays as it is.
///
/// A checksum covers the sequence, and need not be computed anew for it: by being linear over the bits of what it covers
/// it changes, for each bit that does, by what that bit changes alone, whatever the others are.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    /// Of sequence 0.
    header: BatchHeader,
    /// What each bit of the sequence does to the checksum.
    changes: [u32; BITS],
}

impl Stamp {
    pub(super) fn new(batch: &Bytes, producer: (ProducerId, ProducerEpoch)) -> Self {
        let built = BatchHeader::parse(batch).expect("a batch that was built here is one");
        let records = &batch[BATCH_OVERHEAD..];
        let first = BatchHeader {
            producer_id: producer.0,
            producer_epoch: producer.1,
            base_sequence: Sequence(0),
            ..built
        };
        let crc = first.checksum(records);
        let changes = std::array::from_fn(|bit| {
            let header = BatchHeader {
                base_sequence: Sequence(1 << bit),
                ..first
            };
            header.checksum(records) ^ crc
        });
        Self {
            header: BatchHeader { crc, ..first },
            changes,
        }
    }

    /// The header of the batch whose first record has this sequence.
    pub(super) fn header(&self, sequence: Sequence) -> [u8; BATCH_OVERHEAD] {
        assert!(sequence.0 >= 0, "sequences begin again at 0");
        let is_set = |bit: usize| sequence.0 >> bit & 1 == 1;
        let changes = (0..BITS).filter(|bit| is_set(*bit));
        let header = BatchHeader {
            base_sequence: sequence,
            crc: changes.fold(self.header.crc, |crc, bit| crc ^ self.changes[bit]),
            ..self.header
        };
        header.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use ottla_model::Timestamp;
    use ottla_wire::records::{Batch, Compression};

    use super::*;
    use crate::load::batch::build_batch;
    use crate::size::Size;

    #[test]
    fn a_stamped_batch_is_as_if_it_had_been_built_so() {
        let producer = (ProducerId(0x0102_0304_0506), ProducerEpoch(7));
        for (batch_bytes, compression) in [(100, Compression::None), (16 << 10, Compression::Lz4)] {
            let batch = build_batch(Size(100), Size(batch_bytes), compression, Timestamp(1000));
            let stamp = Stamp::new(&batch, producer);
            for sequence in [0, 1, 148, 0x5555_5555, 0x2aaa_aaaa, i32::MAX] {
                let mut stamped = batch.to_vec();
                stamped[..BATCH_OVERHEAD].copy_from_slice(&stamp.header(Sequence(sequence)));
                let stamped = Batch::parse(&stamped).unwrap();
                assert_eq!(stamped.check(), Ok(()), "{sequence}");
                let header = stamped.header;
                assert_eq!((header.producer_id, header.producer_epoch), producer);
                assert_eq!(header.base_sequence, Sequence(sequence));
                assert_eq!(header.record_count, stamp.header.record_count);
            }
        }
    }
}
