//! `DescribeUserScramCredentials` (50): lists the SCRAM credentials of users.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 50, versions = 0, flexible = 0..)]
pub struct DescribeUserScramCredentialsRequest<'a> {
    pub users: Option<Vec<UserName<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct UserName<'a> {
    pub name: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 50, versions = 0, flexible = 0..)]
pub struct DescribeUserScramCredentialsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub results: Vec<DescribeUserScramCredentialsResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeUserScramCredentialsResult<'a> {
    pub user: Str<'a>,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub credential_infos: Vec<CredentialInfo>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CredentialInfo {
    pub mechanism: i8,
    pub iterations: i32,
}
