//! Produce requests that are built once, and changed in a few places each time that they are sent.

use bytes::Bytes;
use ottla_model::{PartitionIndex, Sequence};
use ottla_wire::api::ApiKey;
use ottla_wire::message::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_wire::records::BatchHeader;
use ottla_wire::{Message, Records, Str, Writer};

use super::connection::request_frame;
use super::stamp::Stamp;
use super::topic::Topic;

const TIMEOUT_MS: i32 = 30_000;

/// Where the correlation id stands in a request.
const CORRELATION_ID_AT: usize = 8;

/// A request with the same batch for several partitions.
#[derive(Clone, Debug)]
pub(super) struct PreparedRequest {
    frame: Vec<u8>,
    entries: Vec<Entry>,
    header: BatchHeader,
}

/// Where one partition's part of the request stands.
#[derive(Clone, Copy, Debug)]
struct Entry {
    index_at: usize,
    batch_at: usize,
}

impl PreparedRequest {
    /// `partitions` is how many the request is for.
    pub(super) fn new(
        version: i16,
        topic: &Topic,
        acks: i16,
        batch: &Bytes,
        partitions: usize,
    ) -> Self {
        let request = |records: Records<'static>| ProduceRequest {
            transactional_id: None,
            acks,
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![TopicProduceData {
                name: Str::Owned(topic.name.clone()),
                topic_id: topic.id,
                partition_data: vec![
                    PartitionProduceData {
                        index: 0,
                        records: Some(records),
                    };
                    partitions
                ],
            }],
        };
        let length = u32::try_from(batch.len()).expect("a batch is smaller than 2 GiB");
        // Written with holes in place of the batches, it tells where they belong.
        let mut body = Writer::new();
        request(Records::Hole(length)).encode(&mut body, version);
        let body = body.finish();
        let front = request_frame(ApiKey::Produce, version, 0, |_| {});
        let mut frame = Vec::with_capacity(front.len() + body.len());
        frame.extend_from_slice(&front);
        let mut entries = Vec::new();
        let mut copied = 0;
        for hole in &body.holes {
            frame.extend_from_slice(&body.bytes[copied..hole.at]);
            copied = hole.at;
            let batch_at = frame.len();
            frame.extend_from_slice(batch);
            entries.push(Entry {
                index_at: batch_at - length_bytes(version, length) - size_of::<i32>(),
                batch_at,
            });
        }
        frame.extend_from_slice(&body.bytes[copied..]);
        let size = i32::try_from(frame.len() - size_of::<i32>());
        let size = size.expect("a request is smaller than 2 GiB");
        frame[..4].copy_from_slice(&size.to_be_bytes());
        Self {
            frame,
            entries,
            header: BatchHeader::parse(batch).expect("a batch that was built here is one"),
        }
    }

    pub(super) fn frame(&self) -> &[u8] {
        &self.frame
    }

    pub(super) fn partitions(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn records_per_batch(&self) -> i32 {
        self.header.record_count
    }

    pub(super) fn records(&self) -> u64 {
        let records = u64::try_from(self.header.record_count);
        records.expect("a batch that was built here has records") * self.entries.len() as u64
    }

    pub(super) fn batch_bytes(&self) -> u64 {
        self.header.size as u64 * self.entries.len() as u64
    }

    pub(super) fn set_correlation_id(&mut self, id: i32) {
        self.put(CORRELATION_ID_AT, &id.to_be_bytes());
    }

    /// Says which partition the batch at `place` among those of the request is for.
    pub(super) fn set_partition(&mut self, place: usize, partition: PartitionIndex) {
        self.put(self.entries[place].index_at, &partition.0.to_be_bytes());
    }

    /// Says which of a producer's batches the one at `place` is.
    pub(super) fn set_sequence(&mut self, place: usize, stamp: &Stamp, sequence: Sequence) {
        self.put(self.entries[place].batch_at, &stamp.header(sequence));
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.frame[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// What the length of records takes in front of them: 32 bits, or a varint of one more than it.
fn length_bytes(version: i16, length: u32) -> usize {
    if !ApiKey::Produce.api().is_flexible(version) {
        return size_of::<i32>();
    }
    let mut writer = Writer::new();
    writer.uvarint(length + 1);
    writer.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ottla_model::{ProducerEpoch, ProducerId, Timestamp, TopicId, Uuid};
    use ottla_wire::Reader;
    use ottla_wire::frame::decode_request_header;
    use ottla_wire::records::{Batch, Compression};

    use super::*;
    use crate::load::batch::build_batch;
    use crate::size::{KIB, Size};

    fn topic() -> Topic {
        Topic {
            name: "loaded".to_owned(),
            id: TopicId(Uuid::from_u128(77)),
            led: BTreeMap::new(),
        }
    }

    fn batch(record_bytes: u64, batch_bytes: u64, compression: Compression) -> Bytes {
        build_batch(
            Size(record_bytes),
            Size(batch_bytes),
            compression,
            Timestamp(1000),
        )
    }

    /// Index and batch of every partition.
    fn decode(frame: &[u8], version: i16) -> Vec<(i32, Vec<u8>)> {
        let mut reader = Reader::new(&frame[4..]);
        let header = decode_request_header(&mut reader).unwrap();
        assert_eq!((header.api_version, header.correlation_id), (version, 9));
        let request = ProduceRequest::decode(&mut reader, version).unwrap();
        reader.finish().unwrap();
        assert_eq!(request.acks, -1);
        let [topic] = &request.topic_data[..] else {
            panic!("expected one topic")
        };
        let partitions = topic.partition_data.iter();
        partitions
            .map(|partition| match partition.records {
                Some(Records::Bytes(bytes)) => (partition.index, bytes.to_vec()),
                _ => panic!("expected records"),
            })
            .collect()
    }

    #[test]
    fn a_request_decodes_with_what_was_set_in_it() {
        for version in ApiKey::Produce.api().versions() {
            for record_bytes in [10, 1024] {
                let batch = batch(record_bytes, KIB, Compression::None);
                let mut request = PreparedRequest::new(version, &topic(), -1, &batch, 3);
                request.set_correlation_id(9);
                for (place, partition) in [5, 300, 0x0102_0304].into_iter().enumerate() {
                    request.set_partition(place, PartitionIndex(partition));
                }
                let expected = [5, 300, 0x0102_0304].map(|index| (index, batch.to_vec()));
                assert_eq!(decode(request.frame(), version), expected);
                assert_eq!(request.batch_bytes(), 3 * batch.len() as u64);
                let length = request.frame().len() - 4;
                assert_eq!(request.frame()[..4], (length as i32).to_be_bytes());
            }
        }
    }

    #[test]
    fn a_sequence_is_set_in_one_of_the_batches() {
        let batch = batch(100, KIB, Compression::Lz4);
        let mut request = PreparedRequest::new(13, &topic(), -1, &batch, 2);
        request.set_correlation_id(9);
        let stamp = Stamp::new(&batch, (ProducerId(7), ProducerEpoch(2)));
        for sequence in [0, 40] {
            request.set_sequence(1, &stamp, Sequence(sequence));
            let partitions = decode(request.frame(), 13);
            assert_eq!(partitions[0].1, batch);
            let changed = Batch::parse(&partitions[1].1).unwrap();
            assert_eq!(changed.check(), Ok(()));
            assert_eq!(changed.header.base_sequence, Sequence(sequence));
        }
    }
}
