//! What the records of a batch say that decides whether it is taken, and how.

use ottla_model::Timestamp;
use ottla_wire::records::{Batch, TimestampType, Unpacked};

use super::{AppendRules, InvalidBatch, unreadable};

/// Records named in an error.
const NAMED_RECORDS: usize = 3;
/// Records told one by one of those at fault: of a small batch all, and a large one may unpack to millions.
const TOLD_RECORDS: usize = 1000;

/// Records at fault.
#[derive(Default)]
struct Faults {
    count: usize,
    /// At most [`TOLD_RECORDS`].
    told: Vec<(i32, String)>,
}

impl Faults {
    fn add(&mut self, index: i32, message: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < TOLD_RECORDS {
            self.told.push((index, message()));
        }
    }

    fn name(&self, what: &str) -> String {
        let indexes: Vec<String> = self
            .told
            .iter()
            .take(NAMED_RECORDS)
            .map(|(index, _)| index.to_string())
            .collect();
        let more = if self.count > NAMED_RECORDS {
            ", …"
        } else {
            ""
        };
        format!("{} {what}: {}{more}", self.count, indexes.join(", "))
    }
}

/// What the walk over the records found out.
pub(super) struct Walk {
    pub(super) max_timestamp: Timestamp,
    /// Offsets count 0, 1, 2, … from the batch's base.
    pub(super) is_dense: bool,
}

pub(super) fn walk(
    batch: &Batch<'_>,
    records: Unpacked<'_>,
    rules: &AppendRules,
    now: Timestamp,
) -> Result<Walk, InvalidBatch> {
    let mut walk = Walk {
        max_timestamp: Timestamp::NONE,
        is_dense: true,
    };
    let base_offset = batch.header.base_offset;
    let (earliest, latest) = match rules.timestamp_type {
        TimestampType::CreateTime => (
            now.0.saturating_sub(rules.before_max_ms),
            now.0.saturating_add(rules.after_max_ms),
        ),
        TimestampType::LogAppendTime => (i64::MIN, i64::MAX),
    };
    let (mut without_key, mut out_of_time) = (Faults::default(), Faults::default());
    let walked = batch.outline(records, |index, record| {
        walk.is_dense &= record.offset - base_offset == i64::from(index);
        walk.max_timestamp = walk.max_timestamp.max(record.timestamp);
        if rules.needs_keys && !record.has_key {
            without_key.add(index, || {
                "a compacted topic needs a key on every record".to_owned()
            });
        }
        if !(earliest..=latest).contains(&record.timestamp.0) && record.timestamp != Timestamp::NONE
        {
            out_of_time.add(index, || {
                let timestamp = record.timestamp;
                format!("timestamp {timestamp} lies outside {earliest}..={latest}")
            });
        }
    });
    walked.map_err(|error| unreadable(&error))?;
    if without_key.count > 0 {
        return Err(InvalidBatch::Records {
            message: without_key.name("records without a key on a compacted topic"),
            records: without_key.told,
        });
    }
    if out_of_time.count > 0 {
        return Err(InvalidBatch::Timestamp {
            message: out_of_time.name("records with a timestamp out of bounds"),
            records: out_of_time.told,
        });
    }
    Ok(walk)
}
