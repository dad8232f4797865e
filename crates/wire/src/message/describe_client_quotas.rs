//! `DescribeClientQuotas` (48): lists client quotas.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 48, versions = 0..=1, flexible = 1..)]
pub struct DescribeClientQuotasRequest<'a> {
    pub components: Vec<ComponentData<'a>>,
    pub strict: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ComponentData<'a> {
    pub entity_type: Str<'a>,
    pub match_type: i8,
    pub r#match: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 48, versions = 0..=1, flexible = 1..)]
pub struct DescribeClientQuotasResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub entries: Option<Vec<EntryData<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub values: Vec<ValueData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct EntityData<'a> {
    pub entity_type: Str<'a>,
    pub entity_name: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ValueData<'a> {
    pub key: Str<'a>,
    pub value: f64,
}
