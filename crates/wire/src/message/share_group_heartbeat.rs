//! `ShareGroupHeartbeat` (76): joins, keeps and leaves a share group (KIP-932).

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 76, versions = 1, flexible = 0..)]
pub struct ShareGroupHeartbeatRequest<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
    pub member_epoch: i32,
    #[field(default = None)]
    pub rack_id: Option<Str<'a>>,
    #[field(default = None)]
    pub subscribed_topic_names: Option<Vec<Str<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 76, versions = 1, flexible = 0..)]
pub struct ShareGroupHeartbeatResponse<'a> {
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

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicPartitions {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionIndex>,
}
