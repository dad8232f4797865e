//! What is asked of the groups of a partition, and what they answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_model::ErrorCode;
use ottla_wire::message::consumer_group_describe;
use ottla_wire::message::consumer_group_heartbeat::ConsumerGroupHeartbeatResponse;
use ottla_wire::message::describe_groups::DescribedGroup;
use ottla_wire::message::list_groups::ListedGroup;

use crate::classic::{self, Heartbeat, Join, Leave, Sync};
use crate::consumer_configs::ConsumerConfigs;
use crate::consumer_groups::{ConsumerHeartbeat, SharedTopics};
use crate::listing::GroupFilter;
use crate::offsets::{CommitOffsets, DeleteOffsets, FetchOffsets, FetchedTopic, Offsets};

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
    /// Of all groups.
    CommittedOffsets,
    ListGroups(GroupFilter),
    DescribeGroups(Vec<Arc<str>>),
    DeleteGroups(Vec<Arc<str>>),
    /// Of the group with that id, as those below.
    Join(Arc<str>, Box<Join>),
    Sync(Arc<str>, Sync),
    Heartbeat(Arc<str>, Heartbeat),
    Leave(Arc<str>, Leave),
    ConsumerHeartbeat(Box<ConsumerHeartbeat>),
    DescribeConsumerGroups(Vec<Arc<str>>),
    /// There is another metadata image, in which the topics of these names are new, gone or not what they were.
    FollowTopics(SharedTopics, BTreeSet<Arc<str>>),
    /// This is configured of consumer groups from now on.
    Configure(ConsumerConfigs),
    /// Topics of these names are no more.
    ForgetTopics(BTreeSet<Arc<str>>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To commits and deletions: one for each partition, or for each group, in the order of the request. To a heartbeat: one.
    Codes(Vec<ErrorCode>),
    Fetched(Vec<FetchedTopic>),
    CommittedOffsets(Offsets),
    Listed(Vec<ListedGroup<'static>>),
    Described(Vec<DescribedGroup<'static>>),
    ConsumerHeartbeat(Box<ConsumerGroupHeartbeatResponse<'static>>),
    DescribedConsumerGroups(Vec<consumer_group_describe::DescribedGroup<'static>>),
    /// To joins, syncs and leaves.
    Classic(classic::Answer),
    /// To what has no more to say.
    Done,
}

/// A reply, or why there is none.
pub type Answer = Result<Reply, ErrorCode>;
