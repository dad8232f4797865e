//! What members are told, and how each version of the protocol says it.

use std::sync::Arc;

use bytes::Bytes;
use ottla_model::ErrorCode;
use ottla_wire::Str;
use ottla_wire::message::join_group::{JoinGroupResponse, JoinGroupResponseMember};
use ottla_wire::message::leave_group::{LeaveGroupResponse, MemberResponse};
use ottla_wire::message::sync_group::SyncGroupResponse;

use super::request::{Leave, Leaving};

/// The first version of `JoinGroup` in which there may be no protocol.
const WITHOUT_PROTOCOL: i16 = 7;
/// The first of `LeaveGroup` that answers for each member.
const FOR_EACH_MEMBER: i16 = 3;

/// To one of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Join(JoinAnswer),
    Sync(SyncAnswer),
    Leave(LeaveAnswer),
}

/// To `JoinGroup` (11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinAnswer {
    pub error: ErrorCode,
    /// -1 with most errors.
    pub generation: i32,
    pub protocol_type: Option<Arc<str>>,
    pub protocol: Option<Arc<str>>,
    /// Empty with most errors.
    pub leader: Arc<str>,
    /// The leader has nothing to assign: the group is stable.
    pub skip_assignment: bool,
    pub member_id: Arc<str>,
    /// For the leader alone.
    pub members: Vec<JoinedMember>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    pub member_id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
    pub metadata: Bytes,
}

impl JoinAnswer {
    #[must_use]
    pub fn error(member_id: &Arc<str>, error: ErrorCode) -> Self {
        Self {
            protocol: Some(Arc::default()),
            ..Self::without_protocol(member_id, error)
        }
    }

    /// The error of a client that is not the member it says it is, or that may not join: to these Kafka names no protocol, and to all
    /// others an empty one.
    #[must_use]
    pub fn without_protocol(member_id: &Arc<str>, error: ErrorCode) -> Self {
        Self {
            error,
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: Arc::default(),
            skip_assignment: false,
            member_id: member_id.clone(),
            members: Vec::new(),
        }
    }

    #[must_use]
    pub fn response(&self, version: i16) -> JoinGroupResponse<'_> {
        // An empty name and none are the same to clients: each version has its own word for it.
        let no_protocol = (version < WITHOUT_PROTOCOL).then_some("");
        let protocol = self.protocol.as_deref().filter(|name| !name.is_empty());
        let members = self.members.iter();
        JoinGroupResponse {
            error_code: self.error,
            generation_id: self.generation,
            protocol_type: self.protocol_type.as_deref().map(Str::Borrowed),
            protocol_name: protocol.or(no_protocol).map(Str::Borrowed),
            leader: Str::Borrowed(&self.leader),
            skip_assignment: self.skip_assignment,
            member_id: Str::Borrowed(&self.member_id),
            members: members
                .map(|member| JoinGroupResponseMember {
                    member_id: Str::Borrowed(&member.member_id),
                    group_instance_id: member.instance_id.as_deref().map(Str::Borrowed),
                    metadata: (&member.metadata[..]).into(),
                })
                .collect(),
            ..Default::default()
        }
    }
}

/// To `SyncGroup` (14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncAnswer {
    pub error: ErrorCode,
    pub protocol_type: Option<Arc<str>>,
    pub protocol: Option<Arc<str>>,
    pub assignment: Bytes,
}

impl SyncAnswer {
    #[must_use]
    pub fn error(error: ErrorCode) -> Self {
        Self {
            error,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn response(&self) -> SyncGroupResponse<'_> {
        SyncGroupResponse {
            error_code: self.error,
            protocol_type: self.protocol_type.as_deref().map(Str::Borrowed),
            protocol_name: self.protocol.as_deref().map(Str::Borrowed),
            assignment: (&self.assignment[..]).into(),
            ..Default::default()
        }
    }
}

/// To `LeaveGroup` (13): each member with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveAnswer {
    pub members: Vec<Left>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub member_id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
    pub error: ErrorCode,
}

impl LeaveAnswer {
    /// There is no such group, and so none of these members.
    #[must_use]
    pub fn unknown_group(leave: Leave) -> Self {
        let members = leave.members.into_iter();
        let unknown = |leaving| Left::of(leaving, ErrorCode::UnknownMemberId);
        Self {
            members: members.map(unknown).collect(),
        }
    }

    #[must_use]
    pub fn response(&self, version: i16) -> LeaveGroupResponse<'_> {
        if version < FOR_EACH_MEMBER {
            let error = self.members.first().map(|member| member.error);
            return LeaveGroupResponse {
                error_code: error.unwrap_or_default(),
                ..Default::default()
            };
        }
        let members = self.members.iter();
        LeaveGroupResponse {
            members: members
                .map(|member| MemberResponse {
                    member_id: Str::Borrowed(&member.member_id),
                    group_instance_id: member.instance_id.as_deref().map(Str::Borrowed),
                    error_code: member.error,
                })
                .collect(),
            ..Default::default()
        }
    }
}

impl Left {
    pub(crate) fn of(leaving: Leaving, error: ErrorCode) -> Self {
        Self {
            member_id: leaving.member_id,
            instance_id: leaving.instance_id,
            error,
        }
    }
}
