//! AlterClientQuotas (KIP-546): quotas are set and removed.

use ottla_controller::{QuotaAlteration, Reply, Request};
use ottla_env::Env;
use ottla_metadata::QuotaEntity;
use ottla_model::ErrorCode;
use ottla_wire::message::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, EntityData, RequestEntryData,
    ResponseEntryData,
};

use crate::authorize::Operation;
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: AlterClientQuotasRequest<'_>,
) -> AlterClientQuotasResponse<'static> {
    let alterations = request.entries.iter().map(|entry| QuotaAlteration {
        entity: entity(entry),
        changes: entry
            .ops
            .iter()
            .map(|op| (op.key.to_string(), (!op.remove).then_some(op.value)))
            .collect(),
    });
    let asked = Request::AlterClientQuotas {
        alterations: alterations.collect(),
        validate_only: request.validate_only,
    };
    let reply =
        super::alter_cluster(node, context.caller, Operation::AlterConfigs, None, asked).await;
    let results = match reply {
        Ok(Reply::QuotasAltered(results)) => results,
        other => {
            let refusal = super::no_such_reply(other);
            let entries = request.entries.iter();
            entries
                .map(|it| (entity(it), Err(refusal.clone())))
                .collect()
        }
    };
    let entries = results.into_iter().map(|(entity, result)| {
        let refusal = result.err();
        ResponseEntryData {
            error_code: refusal.as_ref().map_or(ErrorCode::None, |it| it.code),
            error_message: refusal.map(|it| it.message.into()),
            entity: entity
                .parts()
                .map(|(kind, name)| EntityData {
                    entity_type: kind.to_owned().into(),
                    entity_name: name.map(|name| name.to_owned().into()),
                })
                .collect(),
        }
    });
    AlterClientQuotasResponse {
        entries: entries.collect(),
        ..Default::default()
    }
}

fn entity(entry: &RequestEntryData<'_>) -> QuotaEntity {
    let parts = entry.entity.iter();
    QuotaEntity::new(parts.map(|part| (&*part.entity_type, part.entity_name.as_deref())))
}
