//! Configs of topics: what they are created with, what becomes of them, and that nothing that was answered is forgotten.

use std::collections::BTreeMap;

use ottla_model::{ErrorCode, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
};
use ottla_wire::message::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::admin::insist;
use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use crate::{SimEnv, World};

/// The resource type of topics, and that a value is the topic's own.
const TOPIC: i8 = 2;
const OF_TOPIC: i8 = 1;
/// Operations on a config.
const SET: i8 = 0;
const DELETE: i8 = 1;

/// Lets segments be smaller than users may have them.
const INTERNAL: &str = "internal.segment.bytes";
const RETENTION: [&str; 2] = ["retention.ms", "retention.bytes"];
const OTHERS: [&str; 7] = [
    INTERNAL,
    "segment.ms",
    "index.interval.bytes",
    "segment.index.bytes",
    "file.delete.delay.ms",
    "flush.ms",
    COMPRESSION,
];
const COMPRESSION: &str = "compression.type";
const CODECS: [&str; 5] = ["producer", "uncompressed", "gzip", "snappy", "lz4"];

/// A value; one that makes for many small files.
fn value(world: &World, name: &str) -> String {
    let (least, range) = match name {
        // Room for the largest batch.
        INTERNAL => (16_000, 20_000),
        // Records are a millisecond apart.
        "segment.ms" => (20, 400),
        "index.interval.bytes" => (100, 1000),
        "segment.index.bytes" => (40, 100),
        "file.delete.delay.ms" => (0, 5000),
        "flush.ms" => (10, 10_000),
        "retention.ms" => (1, 60_000),
        "retention.bytes" => (0, 30_000),
        COMPRESSION => return CODECS[world.choose(CODECS.len() as u64) as usize].to_owned(),
        other => unreachable!("{other} is not one of those that are set here"),
    };
    (least + world.choose(range)).to_string()
}

/// Those that a topic is created with.
pub(super) fn choose(world: &World, retains_little: bool) -> BTreeMap<String, String> {
    let retention = RETENTION.iter().filter(|_| retains_little);
    let chosen = OTHERS.iter().chain(retention);
    chosen
        .filter(|_| world.choose(2) == 0)
        .map(|name| ((*name).to_owned(), value(world, name)))
        .collect()
}

/// Sets one of the topic's configs, or takes it away, however often it takes.
pub(super) async fn alter(world: &World, env: &SimEnv, ledger: &Ledger, id: TopicId) {
    let names: Vec<&str> = if ledger.retains_little(id) {
        RETENTION.into_iter().chain(OTHERS).collect()
    } else {
        OTHERS.into()
    };
    let name = names[world.choose(names.len() as u64) as usize];
    let value = (world.choose(4) > 0).then(|| value(world, name));
    let altered = insist(world, env, ledger, || {
        try_alter(env, ledger, id, name, value.as_deref())
    });
    if let Some(()) = altered.await {
        ledger.configured(id, name, value.as_deref());
        describe(world, env, ledger, id).await;
    }
}

/// Judges the topic's configs. Nobody may alter them meanwhile.
pub(super) async fn describe(world: &World, env: &SimEnv, ledger: &Ledger, id: TopicId) {
    let described = insist(world, env, ledger, || try_describe(env, ledger, id));
    let found = described.await;
    let expected = ledger.topics().remove(&id).map(|topic| topic.configs);
    if let (Some(found), Some(expected)) = (found, expected)
        && found != expected
    {
        ledger.violate(format!(
            "topic {id} has configs {found:?} where {expected:?} were set"
        ));
    }
}

async fn try_alter(
    env: &SimEnv,
    ledger: &Ledger,
    id: TopicId,
    name: &str,
    value: Option<&str>,
) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: ledger.name(id).into(),
            configs: vec![AlterableConfig {
                name: name.into(),
                config_operation: if value.is_some() { SET } else { DELETE },
                value: value.map(Into::into),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = connection
        .ask(ApiKey::IncrementalAlterConfigs, 1, &request)
        .await?;
    let response: IncrementalAlterConfigsResponse<'_> = answer.decode()?;
    match response.responses.first().map(|result| result.error_code) {
        Some(ErrorCode::None) => Ok(()),
        Some(ErrorCode::NotController) => Err(Trouble::Lost),
        _ => Err(Trouble::Wrong(format!(
            "topic {id} is not configured: {:?}",
            response.responses
        ))),
    }
}

/// The topic's own.
async fn try_describe(
    env: &SimEnv,
    ledger: &Ledger,
    id: TopicId,
) -> Result<BTreeMap<String, String>, Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    // With `flush.messages`, which is set at creation or never, all that can be set.
    let names = RETENTION.iter().chain(&OTHERS);
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: ledger.name(id).into(),
            configuration_keys: Some(names.map(|name| (*name).into()).collect()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = connection.ask(ApiKey::DescribeConfigs, 4, &request).await?;
    let response: DescribeConfigsResponse<'_> = answer.decode()?;
    let result = response
        .results
        .first()
        .filter(|result| result.error_code == ErrorCode::None)
        .ok_or_else(|| {
            Trouble::Wrong(format!(
                "the configs of {id} are not told: {:?}",
                response.results
            ))
        })?;
    let own = result
        .configs
        .iter()
        .filter(|config| config.config_source == OF_TOPIC);
    Ok(own
        .map(|config| {
            let value = config.value.as_deref().unwrap_or_default();
            (config.name.to_string(), value.to_owned())
        })
        .collect())
}
