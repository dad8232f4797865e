//! IncrementalAlterConfigs (KIP-339): single configs set, deleted, and as lists added to or taken from.

use ottla_controller::{Alteration, ConfigChange, Refusal, Reply, Request};
use ottla_env::Env;
use ottla_metadata::Resource as ConfigResource;
use ottla_model::{ErrorCode, NodeId};
use ottla_wire::message::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::{Caller, Context};

/// Topics, brokers, loggers of brokers, client metrics, groups.
const KNOWN_RESOURCES: [i8; 5] = [2, 4, 8, 16, 32];

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: IncrementalAlterConfigsRequest<'_>,
) -> IncrementalAlterConfigsResponse<'static> {
    let (resources, duplicates) = apart(&request.resources, |resource| {
        (resource.resource_type, resource.resource_name.to_string())
    });
    let wanted = resources.iter().copied().map(alteration).collect();
    let results = alter(node, context.caller, wanted, request.validate_only).await;
    let mut responses: Vec<_> = resources
        .into_iter()
        .zip(results)
        .map(|(resource, result)| {
            let (error_code, error_message) = match result {
                Ok(()) => (ErrorCode::None, None),
                Err(refusal) => (refusal.code, Some(refusal.message.into())),
            };
            AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.to_string().into(),
            }
        })
        .collect();
    responses.extend(duplicates.into_iter().map(|(resource_type, name)| {
        AlterConfigsResourceResponse {
            error_code: ErrorCode::InvalidRequest,
            error_message: Some("the resource is named more than once".into()),
            resource_type,
            resource_name: name.into(),
        }
    }));
    IncrementalAlterConfigsResponse {
        responses,
        ..Default::default()
    }
}

fn alteration(resource: &AlterConfigsResource<'_>) -> Result<Alteration, Refusal> {
    Ok(Alteration {
        resource: ConfigResource::new(resource.resource_type, &resource.resource_name),
        changes: resource
            .configs
            .iter()
            .map(change)
            .collect::<Result<_, _>>()?,
        replaces_all: false,
    })
}

fn change(config: &AlterableConfig<'_>) -> Result<(String, ConfigChange), Refusal> {
    let invalid = |message| Refusal {
        code: ErrorCode::InvalidRequest,
        message,
    };
    let value = || {
        let value = config.value.as_deref().map(str::to_owned);
        value.ok_or_else(|| invalid(format!("{} has no value", config.name)))
    };
    let change = match config.config_operation {
        0 => ConfigChange::Set(value()?),
        1 => ConfigChange::Delete,
        2 => ConfigChange::Append(value()?),
        3 => ConfigChange::Subtract(value()?),
        other => {
            return Err(invalid(format!(
                "{}: expected an operation from 0 to 3, found {other}",
                config.name
            )));
        }
    };
    Ok((config.name.to_string(), change))
}

/// A broker changes its own configs and those of all brokers; the controller changes everybody's.
fn check_resource<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    resource: &ConfigResource,
) -> Result<(), Refusal> {
    let refused = |code, message| Err(Refusal { code, message });
    if caller.is_controller_listener && !KNOWN_RESOURCES.contains(&resource.kind) {
        let message = format!("resource type {} is unknown", resource.kind);
        return refused(ErrorCode::UnsupportedVersion, message);
    }
    let id = resource.name.parse().map(NodeId);
    let (ConfigResource::BROKER, Ok(id)) = (resource.kind, id) else {
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

/// What the controller makes of those that are well-formed and allowed, in the order of the request.
pub(super) async fn alter<E: Env>(
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
            _ => (Resource::Cluster, ErrorCode::ClusterAuthorizationFailed),
        };
        if !node.allowed(caller, Operation::AlterConfigs, resource) {
            return Err(Refusal {
                code,
                message: "not authorized".to_owned(),
            });
        }
        check_resource(node, caller, &alteration.resource)?;
        Ok(alteration)
    });
    let (mut asked, mut results) = (Vec::new(), Vec::new());
    for alteration in allowed {
        // What is asked of the controller is answered there; the place is kept.
        results.push(alteration.map(|alteration| asked.push(alteration)));
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
    for result in results.iter_mut().filter(|result| result.is_ok()) {
        *result = answers.next().expect("the controller answers each item");
    }
    results
}
