//! What the records hold: all of it follows from a record's number, so that a change of any byte shows.

use ottla_model::Timestamp;
use ottla_wire::records::{BatchBuilder, Header, Record};

/// Longer than any index interval and most fetches.
const LONG: u64 = 1500;
const SHORT: u64 = 100;
const NUMBER_BYTES: usize = 8;
/// When a world begins: retention goes by the records' own time.
pub(super) const FIRST_TIMESTAMP: i64 = 1_767_225_600_000;

/// Adds the record of this number.
pub(super) fn push(batch: &mut BatchBuilder, number: u64) {
    let content = Content::of(number);
    let header = content.header.as_ref().map(|value| Header {
        key: "number",
        value: Some(value),
    });
    batch.push(
        content.timestamp,
        content.key.as_deref(),
        Some(&content.value),
        header,
    );
}

pub(super) fn timestamp_of(number: u64) -> Timestamp {
    Timestamp(FIRST_TIMESTAMP + i64::try_from(number).expect("numbers are few"))
}

/// The number of a record that is as it was sent.
pub(super) fn number_of(record: &Record<'_>) -> Option<u64> {
    let number = u64::from_be_bytes(*record.value?.first_chunk::<NUMBER_BYTES>()?);
    let content = Content::of(number);
    let is_intact = record.timestamp == content.timestamp
        && record.key == content.key.as_deref()
        && record.value == Some(&content.value)
        && record
            .headers()
            .map(|header| header.value.map(<[u8]>::to_vec))
            .eq(content.header.map(Some));
    is_intact.then_some(number)
}

struct Content {
    timestamp: Timestamp,
    key: Option<Vec<u8>>,
    value: Vec<u8>,
    header: Option<Vec<u8>>,
}

impl Content {
    fn of(number: u64) -> Self {
        // SplitMix64's finish: neighbours look nothing alike.
        let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits ^= bits >> 27;
        let bound = if bits.is_multiple_of(16) { LONG } else { SHORT };
        let filler = bits.to_le_bytes();
        let mut value = number.to_be_bytes().to_vec();
        value.extend((0..(bits >> 8) % bound).map(|at| filler[at as usize % filler.len()]));
        Self {
            timestamp: timestamp_of(number),
            key: (bits & 32 == 0).then(|| number.to_string().into_bytes()),
            value,
            header: (bits & 64 == 0).then(|| filler.to_vec()),
        }
    }
}
