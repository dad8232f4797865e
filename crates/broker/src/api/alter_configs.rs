//! AlterConfigs (KIP-133): all the configs of a resource replaced at once. Deprecated in favour of IncrementalAlterConfigs.

use ottla_controller::{Alteration, ConfigChange, Refusal};
use ottla_env::Env;
use ottla_metadata::Resource;
use ottla_model::ErrorCode;
use ottla_wire::message::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};

use super::altered_configs::{Named, alter};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: AlterConfigsRequest<'_>,
) -> AlterConfigsResponse<'static> {
    let is_controller_listener = context.caller.is_controller_listener;
    let altered = alter(
        node,
        context.caller,
        &request.resources,
        |resource| alteration(resource, is_controller_listener),
        request.validate_only,
    )
    .await;
    let responses = altered
        .into_iter()
        .map(|altered| AlterConfigsResourceResponse {
            error_code: altered.error_code,
            error_message: altered.error_message.map(Into::into),
            resource_type: altered.resource_type,
            resource_name: altered.resource_name.into(),
        })
        .collect();
    AlterConfigsResponse {
        responses,
        ..Default::default()
    }
}

fn alteration(
    resource: &AlterConfigsResource<'_>,
    is_controller_listener: bool,
) -> Result<Alteration, Refusal> {
    // What has no value is deleted like all that is not named; only a broker insists on one.
    let named = resource
        .configs
        .iter()
        .filter(|config| config.value.is_some() || !is_controller_listener);
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
}

impl Named for AlterConfigsResource<'_> {
    fn resource_type(&self) -> i8 {
        self.resource_type
    }

    fn resource_name(&self) -> &str {
        &self.resource_name
    }
}
