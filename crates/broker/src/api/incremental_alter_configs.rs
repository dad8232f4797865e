//! IncrementalAlterConfigs (KIP-339): single configs set, deleted, and as lists added to or taken from.

use ottla_controller::{Alteration, ConfigChange, Refusal};
use ottla_env::Env;
use ottla_metadata::Resource;
use ottla_model::ErrorCode;
use ottla_wire::message::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::altered_configs::{Named, alter};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: IncrementalAlterConfigsRequest<'_>,
) -> IncrementalAlterConfigsResponse<'static> {
    let altered = alter(
        node,
        context.caller,
        &request.resources,
        alteration,
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
    IncrementalAlterConfigsResponse {
        responses,
        ..Default::default()
    }
}

fn alteration(resource: &AlterConfigsResource<'_>) -> Result<Alteration, Refusal> {
    Ok(Alteration {
        resource: Resource::new(resource.resource_type, &resource.resource_name),
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

impl Named for AlterConfigsResource<'_> {
    fn resource_type(&self) -> i8 {
        self.resource_type
    }

    fn resource_name(&self) -> &str {
        &self.resource_name
    }
}
