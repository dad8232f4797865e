//! The topic of a load: its creation, its leaders, its end.

use std::collections::BTreeMap;

use ottla_model::{ErrorCode, PartitionIndex, TopicId};
use ottla_wire::Str;
use ottla_wire::api::ApiKey;
use ottla_wire::message::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_wire::message::delete_topics::{
    DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_wire::message::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};

use super::connection::Connection;
use super::offsets::{EARLIEST, list_offsets};
use super::patience::patiently;
use super::{LoadError, Target};

const TIMEOUT_MS: i32 = 30_000;

/// A topic all of whose partitions have leaders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) id: TopicId,
    /// By the address of the leader, ascending.
    pub(super) led: BTreeMap<String, Vec<PartitionIndex>>,
}

/// Finds the topic, creates it first where it is missing, and waits until its leaders know that they are.
pub(super) fn find_or_create(target: &Target) -> Result<Topic, LoadError> {
    let mut connection = Connection::open(&target.bootstrap)?;
    let topic = patiently(|| match look(&mut connection, &target.topic) {
        Err(missing) if missing.is(ErrorCode::UnknownTopicOrPartition) => {
            let (name, configs) = (&target.topic, &target.topic_configs);
            match create_topic(&mut connection, name, target.partitions, configs) {
                // The brokers may not have heard of it yet.
                Ok(()) => Err(missing),
                Err(problem) if problem.is(ErrorCode::TopicAlreadyExists) => Err(missing),
                Err(problem) => Err(problem),
            }
        }
        found => found,
    })?;
    for (address, partitions) in &topic.led {
        let mut leader = Connection::open(address)?;
        patiently(|| list_offsets(&mut leader, &topic.name, partitions, EARLIEST))?;
    }
    Ok(topic)
}

/// By which newer versions name the topic. Nothing is said about its partitions.
pub(crate) fn topic_id(connection: &mut Connection, name: &str) -> Result<TopicId, LoadError> {
    let response: MetadataResponse<'_> = connection.call(ApiKey::Metadata, &metadata_of(name))?;
    let topic = response.topics.first();
    let topic = topic.ok_or_else(|| LoadError::Unfit("Metadata names no topic".to_owned()))?;
    LoadError::check(|| "Metadata".to_owned(), topic.error_code, None)?;
    Ok(topic.topic_id)
}

fn metadata_of(name: &str) -> MetadataRequest<'_> {
    MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            topic_id: TopicId::NONE,
            name: Some(Str::Borrowed(name)),
        }]),
        allow_auto_topic_creation: false,
        include_cluster_authorized_operations: false,
        include_topic_authorized_operations: false,
    }
}

fn look(connection: &mut Connection, name: &str) -> Result<Topic, LoadError> {
    let response: MetadataResponse<'_> = connection.call(ApiKey::Metadata, &metadata_of(name))?;
    let addresses: BTreeMap<_, _> = response
        .brokers
        .iter()
        .map(|broker| (broker.node_id, format!("{}:{}", broker.host, broker.port)))
        .collect();
    let what = || format!("Metadata of topic {name}");
    let [topic] = &response.topics[..] else {
        return Err(LoadError::Unfit(format!(
            "{} is answered with {} topics",
            what(),
            response.topics.len()
        )));
    };
    LoadError::check(what, topic.error_code, None)?;
    let mut led = BTreeMap::<_, Vec<_>>::new();
    for partition in &topic.partitions {
        LoadError::check(what, partition.error_code, None)?;
        let address = addresses.get(&partition.leader_id);
        let address = address.ok_or_else(|| LoadError::Refused {
            what: what(),
            code: ErrorCode::LeaderNotAvailable,
            detail: String::new(),
        })?;
        led.entry(address.clone())
            .or_default()
            .push(partition.partition_index);
    }
    led.values_mut().for_each(|partitions| partitions.sort());
    Ok(Topic {
        name: name.to_owned(),
        id: topic.topic_id,
        led,
    })
}

/// Makes a topic, as many replicas of which as the broker makes by default.
///
/// # Errors
/// Also when it is there already.
pub(crate) fn create_topic(
    connection: &mut Connection,
    name: &str,
    partitions: i32,
    configs: &[(String, String)],
) -> Result<(), LoadError> {
    let configs = configs.iter().map(|(key, value)| CreatableTopicConfig {
        name: Str::Borrowed(key),
        value: Some(Str::Borrowed(value)),
    });
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: Str::Borrowed(name),
            num_partitions: partitions,
            replication_factor: -1,
            assignments: Vec::new(),
            configs: configs.collect(),
        }],
        timeout_ms: TIMEOUT_MS,
        validate_only: false,
    };
    let response: CreateTopicsResponse<'_> = connection.call(ApiKey::CreateTopics, &request)?;
    response.topics.iter().try_for_each(|topic| {
        let what = || format!("CreateTopics of {name}");
        LoadError::check(what, topic.error_code, topic.error_message.as_deref())
    })
}

/// Deletes the topic; there may be none.
pub(super) fn delete(target: &Target) -> Result<(), LoadError> {
    let mut connection = Connection::open(&target.bootstrap)?;
    let name = Str::Borrowed(&*target.topic);
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: Some(name.clone()),
            topic_id: TopicId::NONE,
        }],
        topic_names: vec![name],
        timeout_ms: TIMEOUT_MS,
    };
    let response: DeleteTopicsResponse<'_> = connection.call(ApiKey::DeleteTopics, &request)?;
    response
        .responses
        .iter()
        .filter(|topic| topic.error_code != ErrorCode::UnknownTopicOrPartition)
        .try_for_each(|topic| {
            let what = || format!("DeleteTopics of {}", target.topic);
            LoadError::check(what, topic.error_code, topic.error_message.as_deref())
        })
}
