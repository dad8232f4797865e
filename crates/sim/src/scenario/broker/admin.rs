//! Creates topics, lets them grow, deletes them.

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
};
use ottla_wire::message::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_wire::message::delete_topics::{
    DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_wire::message::metadata::{MetadataRequest, MetadataResponse};

use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, NewTopic};
use crate::{SimEnv, World};

/// Creates the topic, however often it takes; `None` when a violation ends all.
pub(super) async fn create(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    topic: &NewTopic,
) -> Option<TopicId> {
    let created = insist(world, env, ledger, || try_create(world, env, ledger, topic));
    let id = created.await?;
    ledger.topic_created(id, topic);
    Some(id)
}

/// Adds a partition, however often it takes.
pub(super) async fn grow(world: &World, env: &SimEnv, ledger: &Ledger, id: TopicId) {
    let partitions = ledger.most_partitions(id) + 1;
    ledger.growth_asked(id, partitions);
    let grown = insist(world, env, ledger, || try_grow(env, ledger, id, partitions));
    if let Some(()) = grown.await {
        ledger.grown(id, partitions);
    }
}

/// Deletes the topic, however often it takes.
pub(super) async fn delete(world: &World, env: &SimEnv, ledger: &Ledger, id: TopicId) {
    ledger.deletion_asked(id);
    let deleted = insist(world, env, ledger, || try_delete(env, ledger, id));
    if let Some(()) = deleted.await {
        ledger.deleted(id);
    }
}

/// Tries until it succeeds, with a pause after each attempt that does not; `None` when a violation ends all.
pub(super) async fn insist<T, Attempt: Future<Output = Result<T, Trouble>>>(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    mut attempt: impl FnMut() -> Attempt,
) -> Option<T> {
    while !ledger.is_over() {
        match attempt().await {
            Ok(done) => return Some(done),
            Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("admin: {what}")),
        }
        let pause = Duration::from_millis(50 + world.choose(200));
        env.clock().sleep(pause).await;
    }
    None
}

/// One attempt to create the topic.
pub(super) async fn try_create(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    topic: &NewTopic,
) -> Result<TopicId, Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let flushes = topic.flushes.then_some(("flush.messages", "1")).into_iter();
    let others = topic.configs.iter();
    let configs = flushes.chain(others.map(|(name, value)| (name.as_str(), value.as_str())));
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: topic.name.as_str().into(),
            num_partitions: i32::try_from(topic.partitions).expect("partitions are few"),
            replication_factor: 1,
            configs: configs
                .map(|(name, value)| CreatableTopicConfig {
                    name: name.into(),
                    value: Some(value.into()),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        }],
        timeout_ms: 2000,
        validate_only: false,
        ..Default::default()
    };
    let version = 2 + world.choose(6) as i16;
    let answer = connection
        .ask(ApiKey::CreateTopics, version, &request)
        .await?;
    let response: CreateTopicsResponse<'_> = answer.decode()?;
    let result = response
        .topics
        .first()
        .ok_or_else(|| Trouble::Wrong("an answer without the topic".to_owned()))?;
    match result.error_code {
        ErrorCode::None if result.topic_id != TopicId::NONE => Ok(result.topic_id),
        // Created just now, or by an earlier request whose answer was lost.
        ErrorCode::None | ErrorCode::TopicAlreadyExists => find(&mut connection, &topic.name).await,
        ErrorCode::NotController | ErrorCode::RequestTimedOut => Err(Trouble::Lost),
        // No broker is left to take it.
        ErrorCode::InvalidReplicationFactor if ledger.may_lead_nothing(connection.life) => {
            Err(Trouble::Lost)
        }
        code => Err(Trouble::Wrong(format!(
            "{topic:?} is not created: {code}: {:?}",
            result.error_message
        ))),
    }
}

/// The id of a topic that exists.
async fn find(connection: &mut Connection, name: &str) -> Result<TopicId, Trouble> {
    let request = MetadataRequest {
        topics: None,
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let answer = connection.ask(ApiKey::Metadata, 12, &request).await?;
    let response: MetadataResponse<'_> = answer.decode()?;
    response
        .topics
        .iter()
        .find(|topic| topic.name.as_deref() == Some(name))
        .map(|topic| topic.topic_id)
        .ok_or_else(|| Trouble::Wrong(format!("topic {name} was created and is not there")))
}

async fn try_grow(
    env: &SimEnv,
    ledger: &Ledger,
    id: TopicId,
    partitions: usize,
) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: ledger.name(id).into(),
            count: i32::try_from(partitions).expect("partitions are few"),
            assignments: None,
            ..Default::default()
        }],
        timeout_ms: 2000,
        ..Default::default()
    };
    let answer = connection
        .ask(ApiKey::CreatePartitions, 3, &request)
        .await?;
    let response: CreatePartitionsResponse<'_> = answer.decode()?;
    match response.results.first().map(|result| result.error_code) {
        // Has as many just now, or by an earlier request whose answer was lost.
        Some(ErrorCode::None | ErrorCode::InvalidPartitions) => Ok(()),
        Some(ErrorCode::NotController | ErrorCode::RequestTimedOut) => Err(Trouble::Lost),
        // No broker is left to take them.
        Some(ErrorCode::InvalidReplicationFactor) if ledger.may_lead_nothing(connection.life) => {
            Err(Trouble::Lost)
        }
        _ => Err(Trouble::Wrong(format!(
            "topic {id} does not grow: {:?}",
            response.results
        ))),
    }
}

async fn try_delete(env: &SimEnv, ledger: &Ledger, id: TopicId) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            topic_id: id,
            ..Default::default()
        }],
        timeout_ms: 2000,
        ..Default::default()
    };
    let answer = connection.ask(ApiKey::DeleteTopics, 6, &request).await?;
    let response: DeleteTopicsResponse<'_> = answer.decode()?;
    match response.responses.first().map(|result| result.error_code) {
        // Gone just now, or by an earlier request whose answer was lost.
        Some(ErrorCode::None | ErrorCode::UnknownTopicId) => Ok(()),
        Some(ErrorCode::NotController | ErrorCode::RequestTimedOut) => Err(Trouble::Lost),
        code => Err(Trouble::Wrong(format!(
            "topic {id} is not deleted: {code:?}"
        ))),
    }
}
