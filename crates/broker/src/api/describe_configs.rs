//! DescribeConfigs (KIP-133, KIP-226, KIP-412, KIP-569): the configs of topics, groups, subscriptions to clients' metrics and of this
//! broker, with where each value comes from, and the levels of its loggers.

use std::collections::BTreeSet;

use ottla_config::describe::{self, Described, Layers, Source};
use ottla_config::{Kind, Settings, table};
use ottla_env::Env;
use ottla_metadata::{Image, Resource as ConfigResource};
use ottla_model::ErrorCode;
use ottla_wire::message::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use rustc_hash::FxHashSet;

use super::broker_loggers;
use crate::authorize::{Operation, Resource};
use crate::dynamic_configs::DynamicConfigs;
use crate::loggers::LogLevel;
use crate::node::Node;
use crate::request::{Caller, Context};

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    let image = node.image();
    let dynamic = DynamicConfigs::of(&image, node.id);
    let layers = dynamic.over(node.config.settings());
    let results = distinct(&request.resources, &layers)
        .map(|(asked, keys)| {
            let named = |described: &Described| {
                let keys = keys.as_ref();
                keys.is_none_or(|keys| keys.contains(&*described.name))
            };
            let found = find(node, context.caller, &image, &layers, asked);
            let (error_code, error_message, configs) = match found {
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

/// Of a config of which nobody knows what it is (KIP-569).
const UNKNOWN_TYPE: i8 = 0;

/// What a resource is to be described by: `None` for all there is.
type Keys<'a> = Option<BTreeSet<&'a str>>;

/// A resource by what it is, however it is written.
#[derive(PartialEq, Eq, Hash)]
enum Name<'a> {
    Broker(i32),
    Other(&'a str),
}

/// Each question once, with those of its keys that there are: an answer is far larger than the question, and one that comes again,
/// if in other words, would ask for as much anew.
fn distinct<'a>(
    resources: &'a [DescribeConfigsResource<'a>],
    layers: &'a Layers<'a>,
) -> impl Iterator<Item = (&'a DescribeConfigsResource<'a>, Keys<'a>)> {
    let mut seen = FxHashSet::default();
    resources.iter().filter_map(move |asked| {
        let of_brokers = [ConfigResource::BROKER, ConfigResource::BROKER_LOGGER];
        let is_broker = of_brokers.contains(&asked.resource_type);
        let is_known = |name: &str| match asked.resource_type {
            ConfigResource::BROKER => layers.has(name),
            ConfigResource::GROUP => table::group_key(name).is_some(),
            ConfigResource::CLIENT_METRICS => table::client_metrics_key(name).is_some(),
            ConfigResource::BROKER_LOGGER => true,
            _ => table::topic_key(name).is_some(),
        };
        let keys = asked.configuration_keys.as_ref();
        // Who names none wants all.
        let keys: Keys<'_> = keys.filter(|keys| !keys.is_empty()).map(|keys| {
            let names = keys.iter().map(|key| &**key);
            names.filter(|name| is_known(name)).collect()
        });
        let name = &*asked.resource_name;
        let id = name.parse().ok().filter(|_| is_broker);
        let name = id.map_or(Name::Other(name), Name::Broker);
        let is_new = seen.insert((asked.resource_type, name, keys.clone()));
        is_new.then_some((asked, keys))
    })
}

fn find<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    image: &Image,
    layers: &Layers<'_>,
    asked: &DescribeConfigsResource<'_>,
) -> Result<Vec<Described>, (ErrorCode, String)> {
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
            Ok(describe::topic(layers, &own))
        }
        ConfigResource::BROKER => {
            if !allowed(Resource::Cluster) {
                let message = "not authorized to describe the configs of brokers".to_owned();
                return Err((ErrorCode::ClusterAuthorizationFailed, message));
            }
            if name.is_empty() {
                Ok(describe::all_brokers(layers))
            } else if name.parse() == Ok(node.id.0) {
                Ok(describe::broker(layers))
            } else {
                let message = format!(
                    "expected broker id {} or an empty string, found {name:?}",
                    node.id
                );
                Err((ErrorCode::InvalidRequest, message))
            }
        }
        ConfigResource::GROUP => {
            if !allowed(Resource::Group(name)) {
                let message = format!("not authorized to describe the configs of group {name}");
                return Err((ErrorCode::GroupAuthorizationFailed, message));
            }
            if name.is_empty() {
                let message = "groups have no configs in common: name one".to_owned();
                return Err((ErrorCode::InvalidRequest, message));
            }
            let resource = ConfigResource::new(ConfigResource::GROUP, name);
            let own = Settings::of_group(image.configs().of(&resource));
            Ok(describe::group(layers, &own))
        }
        ConfigResource::BROKER_LOGGER => {
            if !allowed(Resource::Cluster) {
                let message = "not authorized to describe the loggers of brokers".to_owned();
                return Err((ErrorCode::ClusterAuthorizationFailed, message));
            }
            let levels = broker_loggers::describe(&*node.loggers, node.id, name);
            let levels = levels.map_err(|refusal| (refusal.code, refusal.message))?;
            Ok(levels.into_iter().map(of_logger).collect())
        }
        ConfigResource::CLIENT_METRICS => {
            if !allowed(Resource::Cluster) {
                let message =
                    "not authorized to describe what clients are asked to tell".to_owned();
                return Err((ErrorCode::ClusterAuthorizationFailed, message));
            }
            if name.is_empty() {
                let message =
                    "subscriptions to clients' metrics have no configs in common: name one";
                return Err((ErrorCode::InvalidRequest, message.to_owned()));
            }
            let resource = ConfigResource::new(ConfigResource::CLIENT_METRICS, name);
            let own = Settings::of_client_metrics(image.configs().of(&resource));
            Ok(describe::client_metrics(&own))
        }
        kind => {
            let message = format!("configs of resource type {kind} cannot be described here");
            Err((ErrorCode::InvalidRequest, message))
        }
    }
}

fn of_logger((name, level): (String, LogLevel)) -> Described {
    Described {
        name: name.into(),
        kind: None,
        doc: None,
        value: Some(level.to_string()),
        source: Source::BrokerLogger,
        is_read_only: false,
        is_sensitive: false,
        synonyms: Vec::new(),
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
            name: synonym.name,
            value: synonym.value.map(Into::into),
            source: synonym.source as i8,
        })
        .collect();
    DescribeConfigsResourceResult {
        name: described.name,
        value: described.value.map(Into::into),
        read_only: described.is_read_only,
        config_source: described.source as i8,
        is_sensitive: described.is_sensitive,
        synonyms,
        config_type: described.kind.map_or(UNKNOWN_TYPE, Kind::code),
        documentation: described
            .doc
            .filter(|_| request.include_documentation)
            .map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsResource<'static> {
        let keys = keys.map(|keys| keys.iter().map(|key| (*key).to_owned().into()).collect());
        DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.to_owned().into(),
            configuration_keys: keys,
            ..Default::default()
        }
    }

    fn nothing() -> Layers<'static> {
        static NOTHING: std::sync::LazyLock<Settings> = std::sync::LazyLock::new(Settings::default);
        Layers {
            file: &NOTHING,
            all_brokers: &NOTHING,
            this_broker: &NOTHING,
        }
    }

    fn answered(resources: &[DescribeConfigsResource<'_>]) -> usize {
        distinct(resources, &nothing()).count()
    }

    #[test]
    fn a_question_in_other_words_is_answered_once() {
        let names = ["1", "01", "+1", "001"];
        let brokers = names.map(|name| asked(ConfigResource::BROKER, name, None));
        assert_eq!(answered(&brokers), 1);
        let keys = [
            &["retention.ms", "a"][..],
            &["b", "retention.ms", "retention.ms"],
            &["retention.ms"],
        ];
        let topics = keys.map(|keys| asked(ConfigResource::TOPIC, "t", Some(keys)));
        let layers = nothing();
        let told: Vec<_> = distinct(&topics, &layers)
            .map(|(_, keys)| keys.unwrap())
            .collect();
        assert_eq!(told, [BTreeSet::from(["retention.ms"])]);
        let all = [None, Some(&[][..])].map(|keys| asked(ConfigResource::TOPIC, "t", keys));
        let told: Vec<_> = distinct(&all, &layers).map(|(_, keys)| keys).collect();
        assert_eq!(told, [None]);
    }

    #[test]
    fn other_questions_are_all_answered() {
        let questions = [
            asked(ConfigResource::BROKER, "1", None),
            asked(ConfigResource::BROKER, "1", Some(&["log.dirs"])),
            asked(ConfigResource::BROKER, "1", Some(&["nope"])),
            asked(ConfigResource::BROKER, "", None),
            asked(ConfigResource::BROKER, "x", None),
            asked(ConfigResource::TOPIC, "1", None),
            asked(ConfigResource::TOPIC, "01", None),
            asked(ConfigResource::TOPIC, "1", Some(&["retention.ms"])),
            asked(ConfigResource::TOPIC, "1", Some(&["cleanup.policy"])),
        ];
        assert_eq!(answered(&questions), questions.len());
    }
}
