//! Quotas and credentials of users, who are none of the clients here: nothing of them that was answered is forgotten.

use std::collections::BTreeMap;

use ottla_model::ErrorCode;
use ottla_wire::api::ApiKey;
use ottla_wire::message::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, EntityData, OpData, RequestEntryData,
};
use ottla_wire::message::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, ScramCredentialDeletion,
    ScramCredentialUpsertion,
};
use ottla_wire::message::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse,
};
use ottla_wire::message::describe_user_scram_credentials::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};

use super::admin::insist;
use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use crate::{SimEnv, World};

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const KEY: &str = "producer_byte_rate";

/// What users have: a quota, and the iterations of credentials by mechanism.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Users {
    pub(super) quotas: BTreeMap<String, f64>,
    pub(super) credentials: BTreeMap<(String, i8), i32>,
}

/// One change. `None` takes away.
#[derive(Clone, Copy, Debug)]
enum Change {
    Quota(&'static str, Option<f64>),
    Credential(&'static str, i8, Option<i32>),
}

/// Alters what users have, so many times, and looks each time whether all of it is there.
pub(super) async fn alter(world: World, env: SimEnv, ledger: Ledger) {
    for _ in 0..world.choose(20) {
        let user = USERS[world.choose(USERS.len() as u64) as usize];
        let is_set = world.choose(3) > 0;
        let change = match world.choose(2) {
            0 => Change::Quota(user, is_set.then(|| 1.0 + world.choose(1000) as f64)),
            _ => {
                let mechanism = 1 + world.choose(2) as i8;
                let iterations = is_set.then(|| 4096 + world.choose(1000) as i32);
                Change::Credential(user, mechanism, iterations)
            }
        };
        insist(&world, &env, &ledger, || try_alter(&env, &ledger, change)).await;
        judge(&world, &env, &ledger).await;
    }
}

/// Judges what users have. Nobody may alter it meanwhile.
pub(super) async fn judge(world: &World, env: &SimEnv, ledger: &Ledger) {
    let described = insist(world, env, ledger, || describe(env, ledger));
    let Some(found) = described.await else {
        return;
    };
    let expected = ledger.users();
    if found != expected {
        ledger.violate(format!("users have {found:?} where {expected:?} was set"));
    }
}

async fn try_alter(env: &SimEnv, ledger: &Ledger, change: Change) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let code = match change {
        Change::Quota(user, value) => set_quota(&mut connection, user, value).await?,
        Change::Credential(user, mechanism, iterations) => {
            set_credential(&mut connection, user, mechanism, iterations).await?
        }
    };
    match code {
        ErrorCode::None => {}
        // Never there, or gone by an earlier request whose answer was lost.
        ErrorCode::ResourceNotFound if matches!(change, Change::Credential(.., None)) => {}
        ErrorCode::NotController => return Err(Trouble::Lost),
        code => return Err(Trouble::Wrong(format!("{change:?} is refused: {code}"))),
    }
    ledger.users_altered(|users| match change {
        Change::Quota(user, value) => {
            users.quotas.remove(user);
            users
                .quotas
                .extend(value.map(|value| (user.to_owned(), value)));
        }
        Change::Credential(user, mechanism, iterations) => {
            let key = (user.to_owned(), mechanism);
            users.credentials.remove(&key);
            users
                .credentials
                .extend(iterations.map(|iterations| (key, iterations)));
        }
    });
    Ok(())
}

pub(super) async fn set_quota(
    connection: &mut Connection,
    user: &str,
    value: Option<f64>,
) -> Result<ErrorCode, Trouble> {
    let request = AlterClientQuotasRequest {
        entries: vec![RequestEntryData {
            entity: vec![EntityData {
                entity_type: "user".into(),
                entity_name: Some(user.into()),
            }],
            ops: vec![OpData {
                key: KEY.into(),
                value: value.unwrap_or_default(),
                remove: value.is_none(),
            }],
        }],
        validate_only: false,
    };
    let answer = connection
        .ask(ApiKey::AlterClientQuotas, 1, &request)
        .await?;
    let response: AlterClientQuotasResponse<'_> = answer.decode()?;
    let entry = response.entries.first();
    entry
        .map(|entry| entry.error_code)
        .ok_or_else(|| Trouble::Wrong("an answer without the user".to_owned()))
}

async fn set_credential(
    connection: &mut Connection,
    user: &str,
    mechanism: i8,
    iterations: Option<i32>,
) -> Result<ErrorCode, Trouble> {
    let deletion = ScramCredentialDeletion {
        name: user.into(),
        mechanism,
    };
    let upsertion = iterations.map(|iterations| ScramCredentialUpsertion {
        name: user.into(),
        mechanism,
        iterations,
        salt: (&b"salt"[..]).into(),
        salted_password: (&b"salted"[..]).into(),
    });
    let request = AlterUserScramCredentialsRequest {
        deletions: iterations
            .is_none()
            .then_some(deletion)
            .into_iter()
            .collect(),
        upsertions: upsertion.into_iter().collect(),
    };
    let answer = connection
        .ask(ApiKey::AlterUserScramCredentials, 0, &request)
        .await?;
    let response: AlterUserScramCredentialsResponse<'_> = answer.decode()?;
    let result = response.results.first();
    result
        .map(|result| result.error_code)
        .ok_or_else(|| Trouble::Wrong("an answer without the user".to_owned()))
}

async fn describe(env: &SimEnv, ledger: &Ledger) -> Result<Users, Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let mut users = Users::default();
    let request = DescribeClientQuotasRequest {
        components: Vec::new(),
        strict: false,
    };
    let answer = connection
        .ask(ApiKey::DescribeClientQuotas, 1, &request)
        .await?;
    let response: DescribeClientQuotasResponse<'_> = answer.decode()?;
    for entry in response.entries.iter().flatten() {
        let user = entry
            .entity
            .first()
            .and_then(|part| part.entity_name.as_deref());
        let values = entry.values.iter().map(|it| it.value);
        users
            .quotas
            .extend(values.map(|value| (user.unwrap_or_default().to_owned(), value)));
    }
    let request = DescribeUserScramCredentialsRequest { users: None };
    let answer = connection
        .ask(ApiKey::DescribeUserScramCredentials, 0, &request)
        .await?;
    let response: DescribeUserScramCredentialsResponse<'_> = answer.decode()?;
    for result in &response.results {
        let own = result.credential_infos.iter();
        users
            .credentials
            .extend(own.map(|it| ((result.user.to_string(), it.mechanism), it.iterations)));
    }
    Ok(users)
}
