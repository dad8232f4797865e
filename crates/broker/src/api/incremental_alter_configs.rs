//! IncrementalAlterConfigs (KIP-339): single configs set, deleted, and as lists added to or taken from.

use ottla_controller::{Alteration, ConfigChange, Refusal, Reply, Request};
use ottla_env::Env;
use ottla_metadata::Resource as ConfigResource;
use ottla_model::ErrorCode;
use ottla_wire::message::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::{Caller, Context};

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: IncrementalAlterConfigsRequest<'_>,
) -> IncrementalAlterConfigsResponse<'static> {
    let wanted = request.resources.iter().map(alteration).collect();
    let results = alter(node, context.caller, wanted, request.validate_only).await;
    let responses = request
        .resources
        .iter()
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
        if node.allowed(caller, Operation::AlterConfigs, resource) {
            Ok(alteration)
        } else {
            Err(Refusal {
                code,
                message: "not authorized".to_owned(),
            })
        }
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
