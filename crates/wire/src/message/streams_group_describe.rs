//! `StreamsGroupDescribe` (89): tells the state of streams groups.

use ottla_model::{ErrorCode, Offset, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 89, versions = 0, flexible = 0..)]
pub struct StreamsGroupDescribeRequest<'a> {
    pub group_ids: Vec<Str<'a>>,
    pub include_authorized_operations: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 89, versions = 0, flexible = 0..)]
pub struct StreamsGroupDescribeResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub group_id: Str<'a>,
    pub group_state: Str<'a>,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    #[field(default = None)]
    pub topology: Option<Topology<'a>>,
    pub members: Vec<Member<'a>>,
    #[field(default = i32::MIN)]
    pub authorized_operations: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Topology<'a> {
    pub epoch: i32,
    #[field(default = None)]
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Subtopology<'a> {
    pub subtopology_id: Str<'a>,
    pub source_topics: Vec<Str<'a>>,
    pub repartition_sink_topics: Vec<Str<'a>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicInfo<'a> {
    pub name: Str<'a>,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct KeyValue<'a> {
    pub key: Str<'a>,
    pub value: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Member<'a> {
    pub member_id: Str<'a>,
    pub member_epoch: i32,
    #[field(default = None)]
    pub instance_id: Option<Str<'a>>,
    #[field(default = None)]
    pub rack_id: Option<Str<'a>>,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    pub topology_epoch: i32,
    pub process_id: Str<'a>,
    #[field(default = None)]
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Vec<KeyValue<'a>>,
    pub task_offsets: Vec<TaskOffset<'a>>,
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    pub assignment: Assignment<'a>,
    pub target_assignment: Assignment<'a>,
    pub is_classic: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Endpoint<'a> {
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TaskOffset<'a> {
    pub subtopology_id: Str<'a>,
    pub partition: PartitionIndex,
    pub offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Assignment<'a> {
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TaskIds<'a> {
    pub subtopology_id: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
