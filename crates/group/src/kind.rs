//! What a group is, as far as its offsets and its end depend on it.

use ottla_model::ErrorCode;

use crate::offsets::Expiry;
use crate::request::MemberClaim;

/// From this version of OffsetCommit on a client knows that a group may not be there.
const FIRST_COMMIT_THAT_KNOWS_ABSENT_GROUPS: i16 = 9;

/// A group of one partition of `__consumer_offsets`.
pub(crate) enum Kind {
    Absent,
    /// It has offsets, and never had members: its consumers share the work by themselves.
    Simple,
}

impl Kind {
    /// Whether the client may commit offsets.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn validate_commit(&self, member: &MemberClaim) -> Result<(), ErrorCode> {
        match self {
            // One that commits without being a member makes a simple group.
            Self::Absent if member.generation_or_epoch < 0 => Ok(()),
            Self::Absent if member.version >= FIRST_COMMIT_THAT_KNOWS_ABSENT_GROUPS => {
                Err(ErrorCode::GroupIdNotFound)
            }
            Self::Absent => Err(ErrorCode::IllegalGeneration),
            Self::Simple => {
                // It is empty, and there is nobody whom the client could be.
                if member.generation_or_epoch < 0 {
                    Ok(())
                } else {
                    Err(ErrorCode::UnknownMemberId)
                }
            }
        }
    }

    /// # Errors
    /// Why no offset of it may be deleted.
    pub(crate) fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Absent => Err(ErrorCode::GroupIdNotFound),
            Self::Simple => Ok(()),
        }
    }

    /// # Errors
    /// Why it may not be deleted.
    pub(crate) fn validate_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Absent => Err(ErrorCode::GroupIdNotFound),
            Self::Simple => Ok(()),
        }
    }

    pub(crate) fn is_subscribed_to(&self, _topic: &str) -> bool {
        match self {
            Self::Absent | Self::Simple => false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Absent | Self::Simple => true,
        }
    }

    pub(crate) fn expiry(&self) -> Expiry {
        match self {
            Self::Absent | Self::Simple => Expiry::FromCommit,
        }
    }
}
