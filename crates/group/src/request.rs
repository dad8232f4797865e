//! What is asked of the groups of a partition, and what they answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_model::ErrorCode;

use crate::listing::{GroupFilter, ListedGroup};
use crate::offsets::{CommitOffsets, DeleteOffsets, FetchOffsets, FetchedTopic};

/// Whom a client says it is.
#[derive(Clone, Debug)]
pub struct MemberClaim {
    /// Empty where it is no member.
    pub member_id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
    /// Of a classic group its generation, of another the member's epoch; -1 where it is no member.
    pub generation_or_epoch: i32,
    /// That of its OffsetCommit.
    pub version: i16,
}

#[derive(Clone, Debug)]
pub enum Request {
    CommitOffsets(CommitOffsets),
    FetchOffsets(FetchOffsets),
    DeleteOffsets(DeleteOffsets),
    ListGroups(GroupFilter),
    DeleteGroups(Vec<Arc<str>>),
    /// Topics of these names are no more.
    ForgetTopics(BTreeSet<Arc<str>>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To commits and deletions: one for each partition, or for each group, in the order of the request.
    Codes(Vec<ErrorCode>),
    Fetched(Vec<FetchedTopic>),
    Listed(Vec<ListedGroup>),
    /// To what has no more to say.
    Done,
}

/// A reply, or why there is none.
pub type Answer = Result<Reply, ErrorCode>;
