//! `AlterClientQuotas` (49): sets and removes client quotas.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 49, versions = 0..=1, flexible = 1..)]
pub struct AlterClientQuotasRequest<'a> {
    pub entries: Vec<RequestEntryData<'a>>,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestEntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub ops: Vec<OpData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct EntityData<'a> {
    pub entity_type: Str<'a>,
    pub entity_name: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OpData<'a> {
    pub key: Str<'a>,
    pub value: f64,
    pub remove: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 49, versions = 0..=1, flexible = 1..)]
pub struct AlterClientQuotasResponse<'a> {
    pub throttle_time_ms: i32,
    pub entries: Vec<ResponseEntryData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseEntryData<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub entity: Vec<EntityData<'a>>,
}
