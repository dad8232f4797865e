//! `AddRaftVoter` (80): adds a voter to the metadata quorum.

use ottla_model::{ErrorCode, NodeId, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 80, versions = 0..=1, flexible = 0..)]
pub struct AddRaftVoterRequest<'a> {
    pub cluster_id: Option<Str<'a>>,
    pub timeout_ms: i32,
    pub voter_id: NodeId,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    #[field(versions = 1.., default = true)]
    pub ack_when_committed: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Listener<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 80, versions = 0..=1, flexible = 0..)]
pub struct AddRaftVoterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(ignorable)]
    pub error_message: Option<Str<'a>>,
}
