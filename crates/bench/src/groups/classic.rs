//! A member of a classic group.

use ottla_model::{ErrorCode, PartitionIndex};
use ottla_wire::api::ApiKey;
use ottla_wire::consumer_protocol::{
    AssignedPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use ottla_wire::message::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use ottla_wire::message::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use ottla_wire::message::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity};
use ottla_wire::message::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use ottla_wire::{Str, version_prefix};

use super::arrange::range;
use super::line::Line;
use super::member::{
    Member, REBALANCE_TIMEOUT_MS, Standing, Subscribed, ask_coordinator, check,
    coordinator_answered, ended,
};
use crate::load::LoadError;

const PROTOCOL_TYPE: &str = "consumer";
/// The two that the Java client names.
const PROTOCOLS: [&str; 2] = ["range", "cooperative-sticky"];
const SESSION_TIMEOUT_MS: i32 = 45_000;

/// Of what members tell each other.
const CONSUMER_PROTOCOL_VERSION: i16 = 3;

pub(super) struct ClassicMember<'t> {
    line: Line,
    topic: &'t Subscribed,
    group: String,
    /// Empty until the coordinator gave it one.
    id: String,
    generation: i32,
    /// What it got in that generation; `None` until it has.
    part: Option<Vec<PartitionIndex>>,
}

impl<'t> ClassicMember<'t> {
    pub(super) fn new(line: Line, topic: &'t Subscribed) -> Self {
        Self {
            line,
            topic,
            group: String::new(),
            id: String::new(),
            generation: -1,
            part: None,
        }
    }

    fn join(&mut self) -> Result<(), LoadError> {
        self.part = None;
        let subscription = ConsumerProtocolSubscription {
            topics: vec![Str::Borrowed(&self.topic.name)],
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        };
        let metadata = version_prefix::encode(&subscription, CONSUMER_PROTOCOL_VERSION);
        let request = JoinGroupRequest {
            group_id: Str::Borrowed(&self.group),
            session_timeout_ms: SESSION_TIMEOUT_MS,
            rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
            member_id: Str::Borrowed(&self.id),
            group_instance_id: None,
            protocol_type: Str::Borrowed(PROTOCOL_TYPE),
            protocols: PROTOCOLS
                .iter()
                .map(|name| JoinGroupRequestProtocol {
                    name: Str::Borrowed(name),
                    metadata: (&metadata[..]).into(),
                })
                .collect(),
            reason: None,
        };
        self.line.ask(ApiKey::JoinGroup, &request)
    }

    fn joined(&mut self) -> Result<(), LoadError> {
        let response: JoinGroupResponse<'_> = self.line.answer()?;
        match response.error_code {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => {
                self.id = response.member_id.to_string();
                return self.join();
            }
            ErrorCode::RebalanceInProgress => return self.join(),
            code => return check("JoinGroup", code, None),
        }
        self.generation = response.generation_id;
        // The leader alone is told of all.
        let mut ids: Vec<String> = response
            .members
            .iter()
            .map(|member| member.member_id.to_string())
            .collect();
        ids.sort_unstable();
        self.sync(&ids)
    }

    /// Hands each of these members its range.
    fn sync(&mut self, ids: &[String]) -> Result<(), LoadError> {
        let parts: Vec<_> = (0..ids.len())
            .map(|place| {
                let assignment = ConsumerProtocolAssignment {
                    assigned_partitions: vec![AssignedPartitions {
                        topic: Str::Borrowed(&self.topic.name),
                        partitions: range(self.topic.partitions, place, ids.len()),
                    }],
                    user_data: None,
                };
                version_prefix::encode(&assignment, CONSUMER_PROTOCOL_VERSION)
            })
            .collect();
        let request = SyncGroupRequest {
            group_id: Str::Borrowed(&self.group),
            generation_id: self.generation,
            member_id: Str::Borrowed(&self.id),
            group_instance_id: None,
            protocol_type: Some(Str::Borrowed(PROTOCOL_TYPE)),
            protocol_name: Some(Str::Borrowed(PROTOCOLS[0])),
            assignments: ids
                .iter()
                .zip(&parts)
                .map(|(id, part)| SyncGroupRequestAssignment {
                    member_id: Str::Borrowed(id),
                    assignment: (&part[..]).into(),
                })
                .collect(),
        };
        self.line.ask(ApiKey::SyncGroup, &request)
    }

    fn synced(&mut self) -> Result<(), LoadError> {
        let response: SyncGroupResponse<'_> = self.line.answer()?;
        match response.error_code {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => return self.join(),
            code => return check("SyncGroup", code, None),
        }
        let failed = |error| LoadError::Decode("an assignment", error);
        let assignment: ConsumerProtocolAssignment<'_> =
            version_prefix::decode(&response.assignment).map_err(failed)?;
        let topics = assignment.assigned_partitions.into_iter();
        self.part = Some(topics.flat_map(|topic| topic.partitions).collect());
        Ok(())
    }

    fn heard(&mut self) -> Result<(), LoadError> {
        let response: HeartbeatResponse = self.line.answer()?;
        match response.error_code {
            ErrorCode::RebalanceInProgress => self.join(),
            code => check("Heartbeat", code, None),
        }
    }

    fn left(&mut self) -> Result<(), LoadError> {
        let response: LeaveGroupResponse<'_> = self.line.answer()?;
        let member = response.members.first().map(|member| member.error_code);
        let code = response.error_code;
        check("LeaveGroup", member.unwrap_or(code), None)
    }
}

impl Member for ClassicMember<'_> {
    fn line(&self) -> &Line {
        &self.line
    }

    fn arrive(&mut self, group: &str) -> Result<(), LoadError> {
        group.clone_into(&mut self.group);
        self.id.clear();
        ask_coordinator(&mut self.line, group)
    }

    fn receive(&mut self) -> Result<(), LoadError> {
        match self.line.awaited() {
            Some(ApiKey::FindCoordinator) => {
                coordinator_answered(&mut self.line)?;
                self.join()
            }
            Some(ApiKey::JoinGroup) => self.joined(),
            Some(ApiKey::SyncGroup) => self.synced(),
            Some(ApiKey::Heartbeat) => self.heard(),
            Some(ApiKey::LeaveGroup) => self.left(),
            _ => Err(ended()),
        }
    }

    fn heartbeat(&mut self) -> Result<(), LoadError> {
        let request = HeartbeatRequest {
            group_id: Str::Borrowed(&self.group),
            generation_id: self.generation,
            member_id: Str::Borrowed(&self.id),
            group_instance_id: None,
        };
        self.line.ask(ApiKey::Heartbeat, &request)
    }

    fn leave(&mut self) -> Result<(), LoadError> {
        self.part = None;
        let request = LeaveGroupRequest {
            group_id: Str::Borrowed(&self.group),
            member_id: Str::Borrowed(&self.id),
            members: vec![MemberIdentity {
                member_id: Str::Borrowed(&self.id),
                group_instance_id: None,
                reason: None,
            }],
        };
        self.line.ask(ApiKey::LeaveGroup, &request)
    }

    fn standing(&self) -> Option<Standing<'_>> {
        self.part.as_deref().map(|partitions| Standing {
            epoch: self.generation,
            partitions,
        })
    }
}
