//! DescribeClientQuotas (KIP-546): the quotas of entities that a filter finds.

use ottla_env::Env;
use ottla_metadata::QuotaEntity;
use ottla_model::ErrorCode;
use ottla_wire::message::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse, EntityData,
    EntryData, ValueData,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// Which names of a type are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match<'a> {
    Exact(&'a str),
    /// That which stands for all.
    Default,
    Any,
}

type Refused = (ErrorCode, String);

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeClientQuotasRequest<'_>,
) -> DescribeClientQuotasResponse<'static> {
    let refused = |(error_code, message): Refused| DescribeClientQuotasResponse {
        error_code,
        error_message: Some(message.into()),
        entries: None,
        ..Default::default()
    };
    if !node.allowed(
        context.caller,
        Operation::DescribeConfigs,
        Resource::Cluster,
    ) {
        let code = ErrorCode::ClusterAuthorizationFailed;
        return refused((code, "not authorized".to_owned()));
    }
    let filter = match filter(&request.components) {
        Ok(filter) => filter,
        Err(refusal) => return refused(refusal),
    };
    let image = node.image();
    let quotas = image.client_quotas();
    let found = quotas
        .entities()
        .filter(|it| finds(&filter, request.strict, it));
    let entries = found.map(|entity| EntryData {
        entity: entity
            .parts()
            .map(|(kind, name)| EntityData {
                entity_type: kind.to_owned().into(),
                entity_name: name.map(|name| name.to_owned().into()),
            })
            .collect(),
        values: quotas
            .of(entity)
            .map(|(key, value)| ValueData {
                key: key.to_owned().into(),
                value,
            })
            .collect(),
    });
    DescribeClientQuotasResponse {
        entries: Some(entries.collect()),
        ..Default::default()
    }
}

/// All types that are named must be the entity's; where it is strict, these and no others. Without any, everything is looked for, or
/// what has no parts: nothing.
fn finds(filter: &[(&str, Match<'_>)], strict: bool, entity: &QuotaEntity) -> bool {
    let is_found = |(kind, wanted): &(&str, Match<'_>)| match (entity.part(kind), wanted) {
        (Some(Some(name)), Match::Exact(wanted)) => name == *wanted,
        (Some(None), Match::Default) | (Some(_), Match::Any) => true,
        _ => false,
    };
    filter.iter().all(is_found) && (!strict || entity.parts().count() == filter.len())
}

fn filter<'a>(components: &'a [ComponentData<'_>]) -> Result<Vec<(&'a str, Match<'a>)>, Refused> {
    let invalid = |message: String| Err((ErrorCode::InvalidRequest, message));
    let mut filter: Vec<(&str, Match<'_>)> = Vec::new();
    for component in components {
        let kind = &*component.entity_type;
        let wanted = match (component.match_type, component.r#match.as_deref()) {
            (0, Some(name)) => Match::Exact(name),
            (1, None) => Match::Default,
            (2, None) => Match::Any,
            (0, None) => return invalid("an exact match needs a name".to_owned()),
            (1 | 2, Some(name)) => {
                return invalid(format!("a match by type has no name, found {name:?}"));
            }
            (other, _) => {
                return invalid(format!("expected a match type from 0 to 2, found {other}"));
            }
        };
        match kind {
            QuotaEntity::USER | QuotaEntity::CLIENT_ID | QuotaEntity::IP => {}
            "" => return invalid("an entity type may not be empty".to_owned()),
            _ => {
                let message = format!("entity type {kind:?} is unknown");
                return Err((ErrorCode::UnsupportedVersion, message));
            }
        }
        if filter.iter().any(|(other, _)| *other == kind) {
            return invalid(format!("entity type {kind} is named more than once"));
        }
        filter.push((kind, wanted));
    }
    if filter.len() > 1 && filter.iter().any(|(kind, _)| *kind == QuotaEntity::IP) {
        return invalid("quotas of addresses are those of no user or client".to_owned());
    }
    Ok(filter)
}
