//! AlterUserScramCredentials (KIP-554): credentials are set and deleted. Salted passwords go no further than this.

use ottla_controller::{Reply, Request, ScramAlteration};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_security::{Keys, Mechanism};
use ottla_wire::message::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    AlterUserScramCredentialsResult, ScramCredentialUpsertion,
};
use ottla_wire::metadata_record::UserScramCredentialRecord;

use crate::authorize::Operation;
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: AlterUserScramCredentialsRequest<'_>,
) -> AlterUserScramCredentialsResponse<'static> {
    let deletions = request.deletions.iter().map(|it| ScramAlteration::Delete {
        user: it.name.to_string(),
        mechanism: it.mechanism,
    });
    let upsertions = request.upsertions.iter().map(upsertion);
    let asked = Request::AlterUserScramCredentials(deletions.chain(upsertions).collect());
    let reply = super::alter_cluster(node, context.caller, Operation::Alter, None, asked).await;
    let results = match reply {
        Ok(Reply::ScramAltered(results)) => results,
        other => {
            let refusal = super::no_such_reply(other);
            let deleted = request.deletions.iter().map(|it| &it.name);
            let users = deleted.chain(request.upsertions.iter().map(|it| &it.name));
            users
                .map(|user| (user.to_string(), Err(refusal.clone())))
                .collect()
        }
    };
    let results = results.into_iter().map(|(user, result)| {
        let refusal = result.err();
        AlterUserScramCredentialsResult {
            user: user.into(),
            error_code: refusal.as_ref().map_or(ErrorCode::None, |it| it.code),
            error_message: refusal.map(|it| it.message.into()),
        }
    });
    AlterUserScramCredentialsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

fn upsertion(asked: &ScramCredentialUpsertion<'_>) -> ScramAlteration {
    // Of a mechanism that is unknown there are no keys, nor of a password of nothing, and the controller refuses it.
    let keys = Mechanism::of_code(asked.mechanism)
        .filter(|_| !asked.salted_password.is_empty())
        .map(|mechanism| Keys::of(mechanism, &asked.salted_password));
    let (stored_key, server_key) = keys
        .map(|keys| (keys.stored, keys.server))
        .unwrap_or_default();
    ScramAlteration::Upsert(UserScramCredentialRecord {
        name: asked.name.to_string().into(),
        mechanism: asked.mechanism,
        salt: asked.salt.to_vec().into(),
        stored_key: stored_key.into(),
        server_key: server_key.into(),
        iterations: asked.iterations,
    })
}
