//! What a streams group computes: the subtopologies, and the topics that they read and write.

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 23, versions = 0)]
pub struct StreamsGroupTopologyKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 23, versions = 0, flexible = 0..)]
pub struct StreamsGroupTopologyValue<'a> {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Subtopology<'a> {
    pub subtopology_id: Str<'a>,
    pub source_topics: Vec<Str<'a>>,
    pub source_topic_regex: Vec<Str<'a>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_sink_topics: Vec<Str<'a>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

/// Positions in the lists of the subtopology.
#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicInfo<'a> {
    pub name: Str<'a>,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<TopicConfig<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicConfig<'a> {
    pub key: Str<'a>,
    pub value: Str<'a>,
}
