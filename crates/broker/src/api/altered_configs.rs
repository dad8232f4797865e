//! What AlterConfigs and IncrementalAlterConfigs have in common: who may alter what, and an answer for each resource.

use ottla_config::Settings;
use ottla_config::dynamic::{self, Level};
use ottla_controller::{Alteration, Refusal, Reply, Request};
use ottla_env::Env;
use ottla_metadata::Resource as ConfigResource;
use ottla_model::{ErrorCode, NodeId};

use super::broker_loggers;
use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::dynamic_configs::DynamicConfigs;
use crate::node::Node;
use crate::request::Caller;

/// A resource as a request names it.
pub(super) trait Named {
    fn resource_type(&self) -> i8;
    fn resource_name(&self) -> &str;
}

/// What became of one resource.
pub(super) struct Altered {
    pub(super) resource_type: i8,
    pub(super) resource_name: String,
    pub(super) error_code: ErrorCode,
    pub(super) error_message: Option<String>,
}

/// Alters what is well-formed and allowed. The answers are in the order of the request, those about resources that it names more
/// than once behind them.
pub(super) async fn alter<E: Env, R: Named>(
    node: &Node<E>,
    caller: &Caller,
    named: &[R],
    alteration: impl Fn(&R) -> Result<Alteration, Refusal>,
    validate_only: bool,
) -> Vec<Altered> {
    let (resources, duplicates) = apart(named, |resource| {
        (
            resource.resource_type(),
            resource.resource_name().to_owned(),
        )
    });
    let wanted = resources.iter().map(|resource| alteration(resource));
    let results = ask(node, caller, wanted.collect(), validate_only).await;
    let answered = resources.into_iter().zip(results);
    let answered = answered.map(|(resource, result)| {
        let (error_code, error_message) = match result {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(refusal.message)),
        };
        Altered {
            resource_type: resource.resource_type(),
            resource_name: resource.resource_name().to_owned(),
            error_code,
            error_message,
        }
    });
    let refused = duplicates
        .into_iter()
        .map(|(resource_type, resource_name)| Altered {
            resource_type,
            resource_name,
            error_code: ErrorCode::InvalidRequest,
            error_message: Some("the resource is named more than once".to_owned()),
        });
    answered.chain(refused).collect()
}

/// A broker changes its own configs and those of all brokers; the controller changes everybody's.
fn check_resource<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    resource: &ConfigResource,
) -> Result<(), Refusal> {
    let refused = |code, message| Err(Refusal { code, message });
    if caller.is_controller_listener && !ConfigResource::ALL.contains(&resource.kind) {
        let message = format!("resource type {} is unknown", resource.kind);
        return refused(ErrorCode::UnsupportedVersion, message);
    }
    let id = resource.name.parse().ok().map(NodeId);
    let (ConfigResource::BROKER, Some(id)) = (resource.kind, id.filter(|id| *id >= NodeId(0)))
    else {
        return Ok(());
    };
    let image = node.image();
    let cluster = image.cluster();
    let is_known = cluster.broker(id).is_some() || cluster.controller(id).is_some();
    if caller.is_controller_listener && !is_known {
        let message = format!("node {id} is not registered");
        return refused(ErrorCode::BrokerIdNotRegistered, message);
    }
    if !caller.is_controller_listener && id != node.id {
        let message = format!("expected this broker, {}, found {id}", node.id);
        return refused(ErrorCode::InvalidRequest, message);
    }
    Ok(())
}

/// Whether this broker may have what an alteration makes of its configs or of those of all brokers.
fn check_broker<E: Env>(node: &Node<E>, alteration: &Alteration) -> Result<(), Refusal> {
    let image = node.image();
    let level = match alteration.resource.name.is_empty() {
        true => Level::AllBrokers,
        false => Level::ThisBroker,
    };
    let current = image.configs().of(&alteration.resource);
    let current = current.filter(|(name, text)| dynamic::check_one(name, text, level).is_ok());
    let next = alteration.applied_to(current)?;
    let next = next.iter().map(|(name, text)| (&**name, &**text));
    let dynamic = DynamicConfigs::of(&image, node.id);
    let layers = dynamic.over(node.config.settings());
    dynamic::check(&layers, &node.listener_settings.load(), level, next).map_err(|message| {
        Refusal {
            code: ErrorCode::InvalidRequest,
            message,
        }
    })
}

/// Whether the controller may change the configs of a broker that it does not ask.
fn check_unasked<E: Env>(node: &Node<E>, alteration: &Alteration) -> Result<(), Refusal> {
    let image = node.image();
    let current = || image.configs().of(&alteration.resource);
    let next = alteration.applied_to(current())?;
    let next = next.iter().map(|(name, text)| (&**name, &**text));
    // Directories are nobody's but a broker's, and not cordoned for all of them either.
    let level = Level::ThisBroker;
    let before = Settings::dynamic(level, current());
    let next = Settings::dynamic(level, next);
    dynamic::check_of_controller(&before, &next).map_err(|message| Refusal {
        code: ErrorCode::InvalidConfig,
        message,
    })
}

/// What the controller makes of those that are well-formed and allowed, in the order of the request.
async fn ask<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    wanted: Vec<Result<Alteration, Refusal>>,
    validate_only: bool,
) -> Vec<Result<(), Refusal>> {
    let allowed = wanted.into_iter().map(|alteration| {
        let alteration = alteration?;
        let (resource, code) = match alteration.resource.kind {
            ConfigResource::TOPIC => (
                Resource::Topic(&alteration.resource.name),
                ErrorCode::TopicAuthorizationFailed,
            ),
            ConfigResource::GROUP => (
                Resource::Group(&alteration.resource.name),
                ErrorCode::GroupAuthorizationFailed,
            ),
            _ => (Resource::Cluster, ErrorCode::ClusterAuthorizationFailed),
        };
        if !node.allowed(caller, Operation::AlterConfigs, resource) {
            return Err(Refusal {
                code,
                message: "not authorized".to_owned(),
            });
        }
        let is_broker = alteration.resource.kind == ConfigResource::BROKER;
        if is_broker && caller.is_controller_listener {
            check_unasked(node, &alteration)?;
        }
        check_resource(node, caller, &alteration.resource)?;
        if is_broker && !caller.is_controller_listener {
            check_broker(node, &alteration)?;
        }
        Ok(alteration)
    });
    let (mut asked, mut results) = (Vec::new(), Vec::new());
    for alteration in allowed {
        results.push(match alteration {
            Ok(alteration) if alteration.resource.kind == ConfigResource::BROKER_LOGGER => {
                broker_loggers::alter(&*node.loggers, node.id, &alteration, validate_only)
                    .map(|()| Answer::Given)
            }
            Ok(alteration) => {
                asked.push(alteration);
                Ok(Answer::OfController)
            }
            Err(refusal) => Err(refusal),
        });
    }
    let count = asked.len();
    let reply = node
        .quorum
        .ask(Request::AlterConfigs {
            alterations: asked,
            validate_only,
        })
        .await;
    let answers = match reply {
        Ok(Reply::Items(answers)) => answers,
        other => vec![Err(super::no_such_reply(other)); count],
    };
    let mut answers = answers.into_iter();
    let results = results.into_iter().map(|result| match result? {
        Answer::Given => Ok(()),
        Answer::OfController => answers.next().expect("the controller answers each item"),
    });
    results.collect()
}

/// Who answers for an alteration that nothing speaks against.
enum Answer {
    Given,
    OfController,
}
