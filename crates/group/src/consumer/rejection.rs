//! Why a request is refused.

use std::fmt::Display;

use ottla_model::ErrorCode;

use super::Epoch;

/// What the client is told. A refused request changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub error: ErrorCode,
    /// For the APIs whose answers have room for it; word for word Kafka's.
    pub message: String,
}

impl Rejection {
    #[must_use]
    pub fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
        }
    }

    #[must_use]
    pub fn invalid_request(message: &str) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    #[must_use]
    pub fn unknown_member(member_id: &str, group_id: &str) -> Self {
        Self::new(
            ErrorCode::UnknownMemberId,
            format!("Member {member_id} is not a member of group {group_id}."),
        )
    }

    /// No group of that name, where a request of that epoch may not make one.
    #[must_use]
    pub fn group_not_found(group_id: &str, epoch: Epoch) -> Self {
        let kind = if epoch < Epoch::JOIN {
            "Group"
        } else {
            "Consumer group"
        };
        Self::new(
            ErrorCode::GroupIdNotFound,
            format!("{kind} {group_id} not found."),
        )
    }

    /// The group is of another kind.
    #[must_use]
    pub fn not_a_consumer_group(group_id: &str) -> Self {
        Self::new(
            ErrorCode::GroupIdNotFound,
            format!("Group {group_id} is not a consumer group."),
        )
    }

    pub(super) fn fenced_epoch(than_known: &str, received: Epoch, known: impl Display) -> Self {
        Self::new(
            ErrorCode::FencedMemberEpoch,
            format!(
                "The consumer group member has a {than_known} member epoch ({received}) than the one known by the group coordinator \
                 ({known}). The member must abandon all its partitions and rejoin."
            ),
        )
    }
}
