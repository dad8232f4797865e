//! `RemoveRaftVoter` (81): removes a voter from the metadata quorum.

use ottla_model::{ErrorCode, NodeId, Uuid};

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 81, versions = 0, flexible = 0..)]
pub struct RemoveRaftVoterRequest<'a> {
    pub cluster_id: Option<Str<'a>>,
    pub voter_id: NodeId,
    pub voter_directory_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 81, versions = 0, flexible = 0..)]
pub struct RemoveRaftVoterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(ignorable)]
    pub error_message: Option<Str<'a>>,
}
