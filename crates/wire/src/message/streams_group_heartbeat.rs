//! `StreamsGroupHeartbeat` (88): joins, keeps and leaves a streams group (KIP-1071).

use ottla_model::{ErrorCode, Offset, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 88, versions = 0, flexible = 0..)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    #[field(default = None)]
    pub instance_id: Option<Str<'a>>,
    #[field(default = None)]
    pub rack_id: Option<Str<'a>>,
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    #[field(default = None)]
    pub topology: Option<Topology<'a>>,
    #[field(default = None)]
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    #[field(default = None)]
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    #[field(default = None)]
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    #[field(default = None)]
    pub process_id: Option<Str<'a>>,
    #[field(default = None)]
    pub user_endpoint: Option<Endpoint<'a>>,
    #[field(default = None)]
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    #[field(default = None)]
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    #[field(default = None)]
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    pub shutdown_application: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Topology<'a> {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Subtopology<'a> {
    pub subtopology_id: Str<'a>,
    pub source_topics: Vec<Str<'a>>,
    pub source_topic_regex: Vec<Str<'a>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_sink_topics: Vec<Str<'a>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicInfo<'a> {
    pub name: Str<'a>,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TaskIds<'a> {
    pub subtopology_id: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Endpoint<'a> {
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct KeyValue<'a> {
    pub key: Str<'a>,
    pub value: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TaskOffset<'a> {
    pub subtopology_id: Str<'a>,
    pub partition: PartitionIndex,
    pub offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 88, versions = 0, flexible = 0..)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub member_id: Str<'a>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub acceptable_recovery_lag: i32,
    pub task_offset_interval_ms: i32,
    pub status: Option<Vec<Status<'a>>>,
    #[field(default = None)]
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    #[field(default = None)]
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    #[field(default = None)]
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    pub endpoint_information_epoch: i32,
    #[field(default = None)]
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Status<'a> {
    pub status_code: i8,
    pub status_detail: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct EndpointToPartitions<'a> {
    pub user_endpoint: Endpoint<'a>,
    pub active_partitions: Vec<TopicPartition<'a>>,
    pub standby_partitions: Vec<TopicPartition<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicPartition<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
