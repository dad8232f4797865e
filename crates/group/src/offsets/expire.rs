//! Positions whose time is over. KIP-211.

use std::time::Duration;

use ottla_model::Timestamp;
use ottla_wire::coordinator_record::GroupRecord;

use super::commit::tombstone;
use super::{CommittedOffset, Offsets};
use crate::kind::Kind;

/// From when on the time of a group's positions runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// None expires, not even one that says itself when.
    Never,
    /// From their commit.
    FromCommit,
    /// From when the group became empty.
    FromEmpty(Timestamp),
}

impl Expiry {
    fn is_over(self, offset: &CommittedOffset, retention: Duration, now: Timestamp) -> bool {
        let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let since = match self {
            Self::Never => return false,
            Self::FromCommit => offset.committed_at,
            Self::FromEmpty(since) => since,
        };
        match offset.expires_at {
            Some(expires_at) => now >= expires_at,
            None => now.0.saturating_sub(since.0) >= retention,
        }
    }
}

/// Adds tombstones for the positions of the group whose time is over, up to `most` records. Gives whether nothing is left of them then.
pub(crate) fn expired(
    offsets: &Offsets,
    (id, group): (&str, &Kind<'_>),
    retention: Duration,
    now: Timestamp,
    most: usize,
    records: &mut Vec<GroupRecord<'static>>,
) -> bool {
    let has_pending = offsets.pending_of(id).next().is_some();
    let Some(topics) = offsets.of_group(id) else {
        return !has_pending;
    };
    let expiry = group.expiry();
    let mut is_all = !has_pending;
    for (topic, partitions) in topics {
        let is_subscribed = group.is_subscribed_to(topic);
        for (partition, offset) in partitions {
            let is_over = !is_subscribed
                && expiry.is_over(offset, retention, now)
                && !offsets.is_pending(id, topic, *partition);
            if is_over && records.len() < most {
                records.push(tombstone(id, topic, *partition));
            } else {
                is_all = false;
            }
        }
    }
    is_all
}
