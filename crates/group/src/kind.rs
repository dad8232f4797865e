//! What a group is, as far as its offsets and its end depend on it.

use ottla_model::ErrorCode;

use crate::classic::{ClassicGroup, State};
use crate::offsets::Expiry;
use crate::request::MemberClaim;

/// From this version of OffsetCommit on a client knows that a group may not be there.
const FIRST_COMMIT_THAT_KNOWS_ABSENT_GROUPS: i16 = 9;

/// A group of one partition of `__consumer_offsets`.
pub(crate) enum Kind<'a> {
    Absent,
    /// It has offsets, and never had members: its consumers share the work by themselves.
    Simple,
    Classic(&'a ClassicGroup),
}

impl Kind<'_> {
    /// Whether the client may commit offsets.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn validate_commit(&self, claim: &MemberClaim) -> Result<(), ErrorCode> {
        let is_member = claim.generation_or_epoch >= 0;
        match self {
            // One that commits without being a member makes a simple group.
            Self::Absent | Self::Simple if !is_member => Ok(()),
            Self::Absent if claim.version >= FIRST_COMMIT_THAT_KNOWS_ABSENT_GROUPS => {
                Err(ErrorCode::GroupIdNotFound)
            }
            Self::Absent => Err(ErrorCode::IllegalGeneration),
            Self::Simple => Err(ErrorCode::UnknownMemberId),
            Self::Classic(group) => group.validate_commit(
                &claim.member_id,
                claim.instance_id.as_deref(),
                claim.generation_or_epoch,
            ),
        }
    }

    /// # Errors
    /// Why no offset of it may be deleted.
    pub(crate) fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Absent => Err(ErrorCode::GroupIdNotFound),
            Self::Simple => Ok(()),
            Self::Classic(group) => group.validate_offset_delete(),
        }
    }

    /// # Errors
    /// Why it may not be deleted.
    pub(crate) fn validate_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Absent => Err(ErrorCode::GroupIdNotFound),
            Self::Simple => Ok(()),
            Self::Classic(group) => group.validate_delete(),
        }
    }

    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        match self {
            Self::Absent | Self::Simple => false,
            Self::Classic(group) => group.is_subscribed_to(topic),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Absent | Self::Simple => true,
            Self::Classic(group) => group.is_empty(),
        }
    }

    pub(crate) fn expiry(&self) -> Expiry {
        let Self::Classic(group) = self else {
            return Expiry::FromCommit;
        };
        if group.protocol_type().is_none() {
            return Expiry::FromCommit;
        }
        match group.state() {
            State::Empty => group
                .current_state_timestamp()
                .map_or(Expiry::FromCommit, Expiry::FromEmpty),
            // Of what nobody is subscribed to.
            State::Stable if group.subscriptions_known() => Expiry::FromCommit,
            _ => Expiry::Never,
        }
    }
}
