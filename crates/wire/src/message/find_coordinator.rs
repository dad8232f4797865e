//! `FindCoordinator` (10): names the broker that coordinates a group, a transactional id or a share partition.

use ottla_model::{ErrorCode, NodeId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 10, versions = 0..=6, flexible = 3..)]
pub struct FindCoordinatorRequest<'a> {
    #[field(versions = ..=3)]
    pub key: Str<'a>,
    #[field(versions = 1..)]
    pub key_type: i8,
    /// KIP-699.
    #[field(versions = 4..)]
    pub coordinator_keys: Vec<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 10, versions = 0..=6, flexible = 3..)]
pub struct FindCoordinatorResponse<'a> {
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = ..=3)]
    pub error_code: ErrorCode,
    #[field(versions = 1..=3, ignorable)]
    pub error_message: Option<Str<'a>>,
    #[field(versions = ..=3)]
    pub node_id: NodeId,
    #[field(versions = ..=3)]
    pub host: Str<'a>,
    #[field(versions = ..=3)]
    pub port: i32,
    /// KIP-699.
    #[field(versions = 4..)]
    pub coordinators: Vec<Coordinator<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Coordinator<'a> {
    pub key: Str<'a>,
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: i32,
    pub error_code: ErrorCode,
    #[field(ignorable)]
    pub error_message: Option<Str<'a>>,
}
