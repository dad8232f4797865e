use bytes::Bytes;
use ottla_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

use super::{Attributes, BATCH_OVERHEAD, BatchHeader, Compression, Header, Level, varint};

/// The fields of a batch that its records do not decide.
#[derive(Clone, Copy, Debug)]
pub struct BatchFields {
    pub base_offset: Offset,
    pub leader_epoch: LeaderEpoch,
    /// The codec bits are set by the builder.
    pub attributes: Attributes,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub base_sequence: Sequence,
}

impl Default for BatchFields {
    /// As a producer without idempotence sends it.
    fn default() -> Self {
        Self {
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            attributes: Attributes::default(),
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
        }
    }
}

/// Puts records together to a batch.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    fields: BatchFields,
    compression: Compression,
    level: Level,
    records: Vec<u8>,
    count: i32,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
}

impl BatchBuilder {
    #[must_use]
    pub fn new(fields: BatchFields, compression: Compression) -> Self {
        Self {
            fields,
            compression,
            level: Level::Default,
            records: Vec::new(),
            count: 0,
            base_timestamp: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
        }
    }

    #[must_use]
    pub fn with_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Adds a record at the next offset.
    pub fn push<'a>(
        &mut self,
        timestamp: Timestamp,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl IntoIterator<Item = Header<'a>>,
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let mut body = vec![0];
        varint::put(&mut body, timestamp.0.wrapping_sub(self.base_timestamp.0));
        varint::put(&mut body, i64::from(self.count));
        put_nullable(&mut body, key);
        put_nullable(&mut body, value);
        let headers: Vec<_> = headers.into_iter().collect();
        varint::put(&mut body, headers.len() as i64);
        for header in headers {
            varint::put(&mut body, header.key.len() as i64);
            body.extend_from_slice(header.key.as_bytes());
            put_nullable(&mut body, header.value);
        }
        varint::put(&mut self.records, body.len() as i64);
        self.records.extend_from_slice(&body);
        self.count += 1;
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes so far, before compression.
    #[must_use]
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.records.len()
    }

    #[must_use]
    pub fn build(self) -> Bytes {
        let records = self.compression.compress(&self.records, self.level);
        let mut header = BatchHeader {
            base_offset: self.fields.base_offset,
            size: BATCH_OVERHEAD + records.len(),
            leader_epoch: self.fields.leader_epoch,
            crc: 0,
            attributes: self.fields.attributes.with_compression(self.compression),
            last_offset_delta: (self.count - 1).max(0),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: self.fields.producer_id,
            producer_epoch: self.fields.producer_epoch,
            base_sequence: self.fields.base_sequence,
            record_count: self.count,
        };
        header.crc = header.checksum(&records);
        let mut batch = Vec::with_capacity(header.size);
        batch.extend_from_slice(&header.to_bytes());
        batch.extend_from_slice(&records);
        batch.into()
    }
}

fn put_nullable(into: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint::put(into, -1),
        Some(bytes) => {
            varint::put(into, bytes.len() as i64);
            into.extend_from_slice(bytes);
        }
    }
}
