//! DescribeUserScramCredentials (KIP-554): which credentials users have; never what follows from their passwords.

use ottla_env::Env;
use ottla_metadata::ScramCredentials;
use ottla_model::ErrorCode;
use ottla_wire::message::describe_user_scram_credentials::{
    CredentialInfo, DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
    DescribeUserScramCredentialsResult,
};

use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeUserScramCredentialsRequest<'_>,
) -> DescribeUserScramCredentialsResponse<'static> {
    if !node.allowed(context.caller, Operation::Describe, Resource::Cluster) {
        return DescribeUserScramCredentialsResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed,
            error_message: Some("not authorized".into()),
            ..Default::default()
        };
    }
    let image = node.image();
    let scram = image.scram();
    let asked = request.users.filter(|users| !users.is_empty());
    let (users, twice) = match &asked {
        Some(users) => apart(users.iter().map(|user| &*user.name), |name| *name),
        None => {
            let mut all: Vec<&str> = scram.iter().map(|it| &*it.name).collect();
            all.dedup();
            (all, Vec::new())
        }
    };
    let found = users.into_iter().map(|user| described(scram, user));
    let duplicates = twice.into_iter().map(|user| {
        let message = format!(
            "Cannot describe SCRAM credentials for the same user twice in a single request: {user}"
        );
        refused(user, ErrorCode::DuplicateResource, message)
    });
    DescribeUserScramCredentialsResponse {
        results: found.chain(duplicates).collect(),
        ..Default::default()
    }
}

fn described(scram: &ScramCredentials, user: &str) -> DescribeUserScramCredentialsResult<'static> {
    let credential_infos: Vec<_> = scram
        .of_user(user)
        .map(|it| CredentialInfo {
            mechanism: it.mechanism,
            iterations: it.iterations,
        })
        .collect();
    if credential_infos.is_empty() {
        let message = format!("Attempt to describe a user credential that does not exist: {user}");
        return refused(user, ErrorCode::ResourceNotFound, message);
    }
    DescribeUserScramCredentialsResult {
        user: user.to_owned().into(),
        credential_infos,
        ..Default::default()
    }
}

fn refused(
    user: &str,
    error_code: ErrorCode,
    message: String,
) -> DescribeUserScramCredentialsResult<'static> {
    DescribeUserScramCredentialsResult {
        user: user.to_owned().into(),
        error_code,
        error_message: Some(message.into()),
        ..Default::default()
    }
}
