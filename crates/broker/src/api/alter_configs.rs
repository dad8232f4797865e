//! AlterConfigs (KIP-133): all the configs of a resource replaced at once. Deprecated in favour of IncrementalAlterConfigs.

use ottla_controller::{Alteration, ConfigChange, Refusal};
use ottla_env::Env;
use ottla_metadata::Resource;
use ottla_model::ErrorCode;
use ottla_wire::message::alter_configs::{
    AlterConfigsRequest, AlterConfigsResourceResponse, AlterConfigsResponse,
};

use super::duplicates::apart;
use super::incremental_alter_configs::alter;
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: AlterConfigsRequest<'_>,
) -> AlterConfigsResponse<'static> {
    let (resources, duplicates) = apart(&request.resources, |resource| {
        (resource.resource_type, resource.resource_name.to_string())
    });
    let wanted = resources.iter().map(|resource| {
        // What has no value is deleted like all that is not named; only a broker insists on one.
        let named = resource
            .configs
            .iter()
            .filter(|config| config.value.is_some() || !context.caller.is_controller_listener);
        let changes = named.map(|config| {
            let value = config.value.as_deref().ok_or_else(|| Refusal {
                code: ErrorCode::InvalidRequest,
                message: format!("{} has no value", config.name),
            })?;
            Ok((config.name.to_string(), ConfigChange::Set(value.to_owned())))
        });
        Ok(Alteration {
            resource: Resource::new(resource.resource_type, &resource.resource_name),
            changes: changes.collect::<Result<_, Refusal>>()?,
            replaces_all: true,
        })
    });
    let results = alter(
        node,
        context.caller,
        wanted.collect(),
        request.validate_only,
    )
    .await;
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
    AlterConfigsResponse {
        responses,
        ..Default::default()
    }
}
