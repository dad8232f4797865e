use ottla_model::{Offset, Timestamp};

use super::{BatchError, BatchHeader, TimestampType, varint};

/// One record, borrowed from its batch's uncompressed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub offset: Offset,
    pub timestamp: Timestamp,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: i32,
}

/// One of a record's headers. The value may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub key: &'a str,
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// In their order, with their duplicates. They were checked when the record was read.
    pub fn headers(&self) -> impl Iterator<Item = Header<'a>> {
        let mut rest = self.headers;
        (0..self.header_count).map_while(move |_| take_header(&mut rest).ok())
    }
}

/// The records of a batch, in order, each checked as it is read: lengths, varints and nothing else.
pub struct RecordIter<'a> {
    header: BatchHeader,
    rest: &'a [u8],
    index: i32,
}

impl<'a> RecordIter<'a> {
    /// `records` are uncompressed.
    #[must_use]
    pub fn new(header: &BatchHeader, records: &'a [u8]) -> Self {
        Self {
            header: *header,
            rest: records,
            index: 0,
        }
    }

    fn record(&mut self) -> Result<Record<'a>, &'static str> {
        let length = varint::take_i32(&mut self.rest).ok_or("its length is cut or too long")?;
        let mut body = take_bytes(&mut self.rest, length).ok_or("it is longer than the batch")?;
        let body = &mut body;
        let (_attributes, rest) = body.split_first().ok_or("it has no attributes")?;
        *body = rest;
        let timestamp_delta = varint::take_i64(body).ok_or("its timestamp is cut or too long")?;
        let offset_delta = varint::take_i32(body).ok_or("its offset is cut or too long")?;
        let key = take_nullable(body).ok_or("its key is longer than the record")?;
        let value = take_nullable(body).ok_or("its value is longer than the record")?;
        let header_count = varint::take_i32(body)
            .filter(|count| *count >= 0)
            .ok_or("its number of headers is invalid")?;
        let headers = *body;
        for _ in 0..header_count {
            take_header(body)?;
        }
        if !body.is_empty() {
            return Err("bytes are left behind its headers");
        }
        let timestamp = match self.header.attributes.timestamp_type() {
            TimestampType::LogAppendTime => self.header.max_timestamp,
            TimestampType::CreateTime => {
                Timestamp(self.header.base_timestamp.0.wrapping_add(timestamp_delta))
            }
        };
        let base_offset = self.header.base_offset.0;
        let offset = base_offset
            .checked_add(i64::from(offset_delta))
            .map(Offset)
            .ok_or("its offset is beyond the last possible one")?;
        Ok(Record {
            offset,
            timestamp,
            key,
            value,
            headers,
            header_count,
        })
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, BatchError>;

    /// Ends after the first error, after the batch's number of records, and with an error if bytes are left then.
    fn next(&mut self) -> Option<Self::Item> {
        let index = self.index;
        if index >= self.header.record_count {
            let is_done = self.rest.is_empty() || index > self.header.record_count;
            self.rest = &[];
            let problem = "bytes are left behind the last record";
            return (!is_done).then_some(Err(BatchError::Record { index, problem }));
        }
        self.index += 1;
        let record = self.record();
        if record.is_err() {
            self.index = i32::MAX;
            self.rest = &[];
        }
        Some(record.map_err(|problem| BatchError::Record { index, problem }))
    }
}

fn take_bytes<'a>(from: &mut &'a [u8], length: i32) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    Some(taken)
}

/// The outer `None` is a length that cannot be. Below zero is null, as for Apache Kafka, which takes and keeps such records.
fn take_nullable<'a>(from: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match varint::take_i32(from)? {
        ..0 => Some(None),
        length => take_bytes(from, length).map(Some),
    }
}

fn take_header<'a>(from: &mut &'a [u8]) -> Result<Header<'a>, &'static str> {
    let length = varint::take_i32(from).ok_or("a header key's length is cut or too long")?;
    let key = take_bytes(from, length).ok_or("a header key is longer than the record, or null")?;
    let key = std::str::from_utf8(key).map_err(|_| "a header key is not UTF-8")?;
    let value = take_nullable(from).ok_or("a header value is longer than the record")?;
    Ok(Header { key, value })
}
