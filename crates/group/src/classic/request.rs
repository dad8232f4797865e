//! What members ask, the same for all versions of the protocol.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use ottla_model::{ErrorCode, Uuid};
use ottla_wire::message::heartbeat::HeartbeatRequest;
use ottla_wire::message::join_group::JoinGroupRequest;
use ottla_wire::message::leave_group::LeaveGroupRequest;
use ottla_wire::message::sync_group::SyncGroupRequest;
use rustc_hash::FxHashSet;

use super::member::{Protocol, Terms};

/// The first version of `JoinGroup` that has a rebalance timeout beside the session timeout.
const WITH_REBALANCE_TIMEOUT: i16 = 1;
/// The first whose clients come back with the id they are told.
const WITH_REQUIRED_MEMBER_ID: i16 = 4;
/// The first whose clients can lead without assigning.
const WITH_SKIPPED_ASSIGNMENT: i16 = 9;
/// The first of `SyncGroup` whose clients say which protocol they follow.
const WITH_PROTOCOL: i16 = 5;
/// The first of `LeaveGroup` that may name several members.
const WITH_MEMBERS: i16 = 3;

/// `JoinGroup` (11).
#[derive(Clone, Debug)]
pub struct Join {
    /// Empty for a client that has none.
    pub member_id: Arc<str>,
    pub(crate) instance_id: Option<Arc<str>>,
    pub(crate) client_id: Arc<str>,
    pub(crate) client_host: Arc<str>,
    pub(crate) protocol_type: Arc<str>,
    pub(crate) terms: Terms,
    /// A new member is told its id first, and joins with that.
    pub(crate) must_know_id: bool,
    /// The client leads without assigning when it is told to.
    pub(crate) can_skip_assignment: bool,
    /// Makes the id of a new member.
    pub(crate) uuid: Uuid,
}

impl Join {
    /// `client_host` is the client's address as Apache's tools show it, `/127.0.0.1`; `uuid` a random one, for the id of a new member.
    #[must_use]
    pub fn of(
        request: &JoinGroupRequest<'_>,
        version: i16,
        client_id: &str,
        client_host: &str,
        uuid: Uuid,
    ) -> Self {
        let rebalance_timeout_ms = if version < WITH_REBALANCE_TIMEOUT {
            request.session_timeout_ms
        } else {
            request.rebalance_timeout_ms
        };
        let mut names = FxHashSet::default();
        let protocols = request.protocols.iter();
        let protocols = protocols.filter(|protocol| names.insert(&*protocol.name));
        Self {
            member_id: Arc::from(&*request.member_id),
            instance_id: request.group_instance_id.as_deref().map(Arc::from),
            client_id: Arc::from(client_id),
            client_host: Arc::from(client_host),
            protocol_type: Arc::from(&*request.protocol_type),
            terms: Terms {
                protocols: protocols
                    .map(|protocol| Protocol {
                        name: Arc::from(&*protocol.name),
                        metadata: Bytes::copy_from_slice(&protocol.metadata),
                    })
                    .collect(),
                rebalance_timeout_ms,
                session_timeout_ms: request.session_timeout_ms,
            },
            must_know_id: version >= WITH_REQUIRED_MEMBER_ID,
            can_skip_assignment: version >= WITH_SKIPPED_ASSIGNMENT,
            uuid,
        }
    }

    /// The session timeout that the member wants, in milliseconds.
    #[must_use]
    pub fn session_timeout_ms(&self) -> i32 {
        self.terms.session_timeout_ms
    }

    pub(crate) fn new_member_id(&self) -> Arc<str> {
        let prefix = self.instance_id.as_ref().unwrap_or(&self.client_id);
        Arc::from(format!("{prefix}-{}", Hyphenated(self.uuid)))
    }
}

/// A UUID as RFC 9562 writes it; Kafka's own ones are written otherwise.
struct Hyphenated(Uuid);

impl fmt::Display for Hyphenated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0.as_u128());
        let (a, rest) = digits.split_at(8);
        let (b, rest) = rest.split_at(4);
        let (c, rest) = rest.split_at(4);
        let (d, e) = rest.split_at(4);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

/// `SyncGroup` (14).
#[derive(Clone, Debug)]
pub struct Sync {
    pub(crate) member_id: Arc<str>,
    pub(crate) instance_id: Option<Arc<str>>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<Arc<str>>,
    pub(crate) protocol: Option<Arc<str>>,
    /// What the leader assigns; of others nothing.
    pub(crate) assignments: Vec<(Arc<str>, Bytes)>,
}

impl Sync {
    /// # Errors
    /// INCONSISTENT_GROUP_PROTOCOL where the version asks for a protocol and the request has none.
    pub fn of(request: &SyncGroupRequest<'_>, version: i16) -> Result<Self, ErrorCode> {
        let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
        if version >= WITH_PROTOCOL && !names_protocol {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let assignments = request.assignments.iter();
        Ok(Self {
            member_id: Arc::from(&*request.member_id),
            instance_id: request.group_instance_id.as_deref().map(Arc::from),
            generation: request.generation_id,
            protocol_type: request.protocol_type.as_deref().map(Arc::from),
            protocol: request.protocol_name.as_deref().map(Arc::from),
            assignments: assignments
                .map(|part| {
                    let assignment = Bytes::copy_from_slice(&part.assignment);
                    (Arc::from(&*part.member_id), assignment)
                })
                .collect(),
        })
    }
}

/// `Heartbeat` (12).
#[derive(Clone, Debug)]
pub struct Heartbeat {
    pub(crate) member_id: Arc<str>,
    pub(crate) instance_id: Option<Arc<str>>,
    pub(crate) generation: i32,
}

impl Heartbeat {
    #[must_use]
    pub fn of(request: &HeartbeatRequest<'_>) -> Self {
        Self {
            member_id: Arc::from(&*request.member_id),
            instance_id: request.group_instance_id.as_deref().map(Arc::from),
            generation: request.generation_id,
        }
    }
}

/// `LeaveGroup` (13).
#[derive(Clone, Debug)]
pub struct Leave {
    pub(crate) members: Vec<Leaving>,
}

/// Who leaves: a static member may be named by its instance alone.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    pub(crate) member_id: Arc<str>,
    pub(crate) instance_id: Option<Arc<str>>,
}

impl Leave {
    #[must_use]
    pub fn of(request: &LeaveGroupRequest<'_>, version: i16) -> Self {
        if version < WITH_MEMBERS {
            let member = Leaving {
                member_id: Arc::from(&*request.member_id),
                instance_id: None,
            };
            return Self {
                members: vec![member],
            };
        }
        let members = request.members.iter();
        Self {
            members: members
                .map(|member| Leaving {
                    member_id: Arc::from(&*member.member_id),
                    instance_id: member.group_instance_id.as_deref().map(Arc::from),
                })
                .collect(),
        }
    }
}
