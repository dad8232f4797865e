//! The file `quorum-state`: what a voter must not forget between an answer and a crash.

use ottla_model::{LeaderEpoch, NodeId, Uuid};
use serde_json::Value;
use thiserror::Error;

use crate::membership::Membership;
use crate::voter::ReplicaKey;

/// The name of the file, beside the metadata log's segments.
pub const FILE: &str = "quorum-state";

/// The newest epoch seen, who leads it, and whom this node voted for in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumState {
    /// -1 when nobody is known to lead.
    pub leader: NodeId,
    pub epoch: LeaderEpoch,
    /// Nobody where no vote was given in this epoch, and in one that this node leads itself. A vote for another stays when it is
    /// known who leads.
    pub voted: ReplicaKey,
}

impl QuorumState {
    /// Before anything happened.
    pub const NEW: Self = Self {
        leader: NodeId::NONE,
        epoch: LeaderEpoch(0),
        voted: ReplicaKey::NONE,
    };
}

/// The text is no `quorum-state`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected quorum-state of data_version 0 or 1, found {0:?}")]
pub struct ParseQuorumStateError(String);

/// Without spaces and line end. A static quorum writes data version 0, which knows no directories.
#[must_use]
pub fn to_text(state: &QuorumState, membership: &Membership) -> String {
    let QuorumState {
        leader,
        epoch,
        voted,
    } = state;
    if membership.kraft_version > 0 {
        return format!(
            "{{\"leaderId\":{leader},\"leaderEpoch\":{epoch},\"votedId\":{},\"votedDirectoryId\":\"{}\",\"data_version\":1}}",
            voted.id, voted.directory
        );
    }
    let voters: Vec<_> = membership
        .voters
        .iter()
        .map(|voter| format!("{{\"voterId\":{}}}", voter.key.id))
        .collect();
    format!(
        "{{\"clusterId\":\"\",\"leaderId\":{leader},\"leaderEpoch\":{epoch},\"votedId\":{},\"appliedOffset\":0,\
         \"currentVoters\":[{}],\"data_version\":0}}",
        voted.id,
        voters.join(",")
    )
}

/// # Errors
/// When a field is missing or of another type.
pub fn parse(text: &str) -> Result<QuorumState, ParseQuorumStateError> {
    let wrong = || ParseQuorumStateError(text.to_owned());
    let fields: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let number = |name: &str| {
        let value = fields.get(name).and_then(Value::as_i64);
        value
            .and_then(|value| i32::try_from(value).ok())
            .ok_or_else(wrong)
    };
    let voted_directory = match number("data_version")? {
        0 => Uuid::ZERO,
        1 => {
            let text = fields
                .get("votedDirectoryId")
                .and_then(Value::as_str)
                .ok_or_else(wrong)?;
            text.parse().map_err(|_| wrong())?
        }
        _ => return Err(wrong()),
    };
    let epoch = number("leaderEpoch")?;
    // The next election needs a later one.
    if !(0..i32::MAX).contains(&epoch) {
        return Err(wrong());
    }
    Ok(QuorumState {
        leader: NodeId(number("leaderId")?),
        epoch: LeaderEpoch(epoch),
        voted: ReplicaKey {
            id: NodeId(number("votedId")?),
            directory: voted_directory,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voter::Voter;

    fn voter(id: i32, directory: u128) -> ReplicaKey {
        ReplicaKey {
            id: NodeId(id),
            directory: Uuid::from_u128(directory),
        }
    }

    #[test]
    fn each_kraft_version_has_its_text() {
        let state = QuorumState {
            leader: NodeId::NONE,
            epoch: LeaderEpoch(7),
            voted: voter(1, 77),
        };
        let membership = |kraft_version| Membership {
            kraft_version,
            voters: vec![Voter {
                key: voter(1, 0),
                endpoints: Vec::new(),
            }],
        };
        let text = to_text(&state, &membership(1));
        let expected = "{\"leaderId\":-1,\"leaderEpoch\":7,\"votedId\":1,\
                        \"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAATQ\",\"data_version\":1}";
        assert_eq!(text, expected);
        assert_eq!(parse(&text), Ok(state));
        let text = to_text(&state, &membership(0));
        let expected = "{\"clusterId\":\"\",\"leaderId\":-1,\"leaderEpoch\":7,\"votedId\":1,\"appliedOffset\":0,\
                        \"currentVoters\":[{\"voterId\":1}],\"data_version\":0}";
        assert_eq!(text, expected);
        let voted = voter(1, 0);
        assert_eq!(parse(&text), Ok(QuorumState { voted, ..state }));
    }

    #[test]
    fn what_lacks_a_field_or_is_of_a_later_version_is_refused() {
        assert!(parse("{}").is_err());
        let of_version = |version| {
            format!(
                "{{\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,\"data_version\":{version}}}"
            )
        };
        assert!(parse(&of_version(0)).is_ok());
        assert!(parse(&of_version(1)).is_err());
        assert!(parse(&of_version(2)).is_err());
        let epoch = of_version(0).replace("leaderEpoch\":1", "leaderEpoch\":2147483647");
        assert!(parse(&epoch).is_err());
    }
}
