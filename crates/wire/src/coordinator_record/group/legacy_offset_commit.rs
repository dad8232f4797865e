//! The position of a group in a partition as early releases wrote it: only read.

use ottla_model::{Offset, PartitionIndex, Timestamp};

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 0, versions = 0)]
pub struct LegacyOffsetCommitKey<'a> {
    pub group: Str<'a>,
    pub topic: Str<'a>,
    pub partition: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 0, versions = 0)]
pub struct LegacyOffsetCommitValue<'a> {
    pub offset: Offset,
    pub metadata: Str<'a>,
    pub commit_timestamp: Timestamp,
}
