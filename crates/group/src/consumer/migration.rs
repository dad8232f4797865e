//! A group changes its kind while it has members: from classic to consumer group and back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::records::Record;
use super::{ConsumerGroup, Context, Rejection};

/// The classic group that a consumer group has become.
#[derive(Clone, Debug, PartialEq)]
pub struct Downgrade {
    /// Its members are to join again.
    pub rebalance: bool,
}

impl ConsumerGroup {
    pub(super) fn downgrade_without(
        &self,
        _gone: &BTreeSet<Arc<str>>,
        _context: &Context<'_>,
    ) -> Result<Option<(Vec<Record>, Downgrade)>, Rejection> {
        Ok(None)
    }
}
