//! `UpdateRaftVoter` (82): changes the endpoints and versions of a voter.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 82, versions = 0, flexible = 0..)]
pub struct UpdateRaftVoterRequest<'a> {
    pub cluster_id: Option<Str<'a>>,
    pub current_leader_epoch: LeaderEpoch,
    pub voter_id: NodeId,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    pub kraft_version_feature: KRaftVersionFeature,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Listener<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 82, versions = 0, flexible = 0..)]
pub struct UpdateRaftVoterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(tag = 0)]
    pub current_leader: CurrentLeader<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CurrentLeader<'a> {
    #[field(default = NodeId::NONE)]
    pub leader_id: NodeId,
    #[field(default = LeaderEpoch::NONE)]
    pub leader_epoch: LeaderEpoch,
    pub host: Str<'a>,
    pub port: i32,
}
