//! `AlterUserScramCredentials` (51): sets and removes SCRAM credentials.

use ottla_model::ErrorCode;

use crate::{Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 51, versions = 0, flexible = 0..)]
pub struct AlterUserScramCredentialsRequest<'a> {
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ScramCredentialDeletion<'a> {
    pub name: Str<'a>,
    pub mechanism: i8,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ScramCredentialUpsertion<'a> {
    pub name: Str<'a>,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Octets<'a>,
    pub salted_password: Octets<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 51, versions = 0, flexible = 0..)]
pub struct AlterUserScramCredentialsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterUserScramCredentialsResult<'a> {
    pub user: Str<'a>,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
