//! `ConsumerGroupHeartbeat` (68): joins, keeps and leaves a consumer group (KIP-848).

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(request = 68, versions = 0..=1, flexible = 0..)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
    pub member_epoch: i32,
    #[field(default = None)]
    pub instance_id: Option<Str<'a>>,
    #[field(default = None)]
    pub rack_id: Option<Str<'a>>,
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    #[field(default = None)]
    pub subscribed_topic_names: Option<Vec<Str<'a>>>,
    /// KIP-848.
    #[field(versions = 1.., default = None)]
    pub subscribed_topic_regex: Option<Str<'a>>,
    #[field(default = None)]
    pub server_assignor: Option<Str<'a>>,
    #[field(default = None)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicPartitions {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(response = 68, versions = 0..=1, flexible = 0..)]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    #[field(default = None)]
    pub member_id: Option<Str<'a>>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    #[field(default = None)]
    pub assignment: Option<Assignment>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}
