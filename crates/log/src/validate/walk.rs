//! What the records of a batch say that decides whether it is taken, and how.

use ottla_model::Timestamp;
use ottla_wire::records::{Batch, TimestampType, Unpacked};
use thiserror::Error;

use super::{AppendRules, InvalidBatch, unreadable};

/// Records named in an error.
const NAMED_RECORDS: usize = 3;
/// Records told one by one of those at fault: of a small batch all, and a large one may unpack to millions.
const TOLD_RECORDS: usize = 1000;

/// Records at fault.
#[derive(Default)]
struct Faults {
    count: usize,
    /// Of some, their time is; then that is what the producer is told of the batch.
    of_time: bool,
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

    fn into_error(self) -> InvalidBatch {
        let indexes: Vec<String> = self
            .told
            .iter()
            .take(NAMED_RECORDS)
            .map(|(index, _)| index.to_string())
            .collect();
        let (count, indexes) = (self.count, indexes.join(", "));
        let more = if count > NAMED_RECORDS { ", …" } else { "" };
        let records = self.told;
        if self.of_time {
            let what = "records are refused, some for their timestamps";
            let message = format!("{count} {what}: {indexes}{more}");
            InvalidBatch::Timestamp { message, records }
        } else {
            let what = "records without a key on a compacted topic";
            let message = format!("{count} {what}: {indexes}{more}");
            InvalidBatch::Records { message, records }
        }
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
    let times = Times::new(batch, rules, now);
    let mut faults = Faults::default();
    let walked = batch.outline(records, |index, record| {
        walk.is_dense &= record.offset - base_offset == i64::from(index);
        walk.max_timestamp = walk.max_timestamp.max(record.timestamp);
        if rules.needs_keys && !record.has_key {
            faults.add(index, || {
                "a compacted topic needs a key on every record".to_owned()
            });
        } else if let Err(problem) = times.check(record.timestamp) {
            faults.of_time = true;
            faults.add(index, || problem.to_string());
        }
    });
    walked.map_err(|error| unreadable(&error))?;
    if faults.count > 0 {
        return Err(faults.into_error());
    }
    Ok(walk)
}

/// What a topic takes of timestamps.
struct Times {
    earliest: i64,
    latest: i64,
    /// The batch says that its time is that of a leader's clock.
    is_stamped: bool,
    /// The topic keeps the time that the producer gave.
    of_producer: bool,
}

#[derive(Debug, Error)]
enum TimeProblem {
    #[error("timestamp {found} lies outside {earliest}..={latest}")]
    OutOfBounds {
        found: Timestamp,
        earliest: i64,
        latest: i64,
    },
    #[error("a producer may not set the timestamp type to LogAppendTime")]
    Stamped,
}

impl Times {
    fn new(batch: &Batch<'_>, rules: &AppendRules, now: Timestamp) -> Self {
        Self {
            earliest: now.0.saturating_sub(rules.before_max_ms),
            latest: now.0.saturating_add(rules.after_max_ms),
            is_stamped: batch.header.attributes.timestamp_type() == TimestampType::LogAppendTime,
            of_producer: rules.timestamp_type == TimestampType::CreateTime,
        }
    }

    /// A batch that is stamped is taken, as Apache Kafka takes it, where its time lies within the bounds: its records have that time.
    fn check(&self, found: Timestamp) -> Result<(), TimeProblem> {
        if self.of_producer && found != Timestamp::NONE {
            if (self.earliest..=self.latest).contains(&found.0) {
                return Ok(());
            }
            return Err(TimeProblem::OutOfBounds {
                found,
                earliest: self.earliest,
                latest: self.latest,
            });
        }
        if self.is_stamped {
            Err(TimeProblem::Stamped)
        } else {
            Ok(())
        }
    }
}
