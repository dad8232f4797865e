//! DescribeConfigs (KIP-133, KIP-226, KIP-569): the configs of topics and of this broker, with where each value comes from.

use ottla_config::Settings;
use ottla_config::describe::{self, Described};
use ottla_env::Env;
use ottla_metadata::Resource as ConfigResource;
use ottla_model::ErrorCode;
use ottla_wire::message::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use rustc_hash::FxHashSet;

use crate::authorize::{Operation, Resource};
use crate::dynamic_configs::DynamicConfigs;
use crate::node::Node;
use crate::request::{Caller, Context};

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    // One that is asked for again in the same words is answered: an answer is far larger than the question.
    let mut seen = FxHashSet::default();
    let results = request
        .resources
        .iter()
        .filter(|asked| {
            let keys = asked.configuration_keys.as_deref();
            seen.insert((asked.resource_type, &*asked.resource_name, keys))
        })
        .map(|asked| {
            let named = |described: &Described| match &asked.configuration_keys {
                None => true,
                Some(keys) => keys.iter().any(|key| **key == *described.key.name),
            };
            let (error_code, error_message, configs) = match find(node, context.caller, asked) {
                Ok(all) => {
                    let told = all.into_iter().filter(named);
                    let told = told.map(|described| tell(described, &request)).collect();
                    (ErrorCode::None, Some("".into()), told)
                }
                Err((code, message)) => (code, Some(message.into()), Vec::new()),
            };
            DescribeConfigsResult {
                error_code,
                error_message,
                resource_type: asked.resource_type,
                resource_name: asked.resource_name.to_string().into(),
                configs,
            }
        })
        .collect();
    DescribeConfigsResponse {
        results,
        ..Default::default()
    }
}

fn find<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    asked: &DescribeConfigsResource<'_>,
) -> Result<Vec<Described>, (ErrorCode, String)> {
    let image = node.image();
    let dynamic = DynamicConfigs::of(&image, node.id);
    let layers = dynamic.over(node.config.settings());
    let name = &*asked.resource_name;
    let allowed = |resource| node.allowed(caller, Operation::DescribeConfigs, resource);
    match asked.resource_type {
        ConfigResource::TOPIC => {
            if !allowed(Resource::Topic(name)) {
                let message = format!("not authorized to describe the configs of topic {name}");
                return Err((ErrorCode::TopicAuthorizationFailed, message));
            }
            if let Err(problem) = ottla_controller::topic_name::check(name) {
                return Err((ErrorCode::InvalidTopicException, problem));
            }
            if image.topics().by_name(name).is_none() {
                let message = format!("topic {name} does not exist");
                return Err((ErrorCode::UnknownTopicOrPartition, message));
            }
            let resource = ConfigResource::new(ConfigResource::TOPIC, name);
            let own = Settings::of_topic(image.configs().of(&resource));
            Ok(describe::topic(&layers, &own))
        }
        ConfigResource::BROKER => {
            if !allowed(Resource::Cluster) {
                let message = "not authorized to describe the configs of brokers".to_owned();
                return Err((ErrorCode::ClusterAuthorizationFailed, message));
            }
            if name.is_empty() {
                Ok(describe::all_brokers(&layers))
            } else if name.parse() == Ok(node.id.0) {
                Ok(describe::broker(&layers))
            } else {
                let message = format!(
                    "expected broker id {} or an empty string, found {name:?}",
                    node.id
                );
                Err((ErrorCode::InvalidRequest, message))
            }
        }
        kind => {
            let message = format!("configs of resource type {kind} cannot be described here");
            Err((ErrorCode::InvalidRequest, message))
        }
    }
}

fn tell(
    described: Described,
    request: &DescribeConfigsRequest<'_>,
) -> DescribeConfigsResourceResult<'static> {
    let synonyms = described
        .synonyms
        .into_iter()
        .filter(|_| request.include_synonyms)
        .map(|synonym| DescribeConfigsSynonym {
            name: synonym.name.into(),
            value: synonym.value.map(Into::into),
            source: synonym.source as i8,
        })
        .collect();
    DescribeConfigsResourceResult {
        name: described.key.name.into(),
        value: described.value.map(Into::into),
        read_only: described.is_read_only,
        config_source: described.source as i8,
        is_sensitive: described.key.is_sensitive(),
        synonyms,
        config_type: described.key.kind.code(),
        documentation: request
            .include_documentation
            .then(|| described.key.doc.into()),
    }
}
