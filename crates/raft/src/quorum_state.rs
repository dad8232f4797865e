//! The file `quorum-state`: what a voter must not forget between an answer and a crash.

use ottla_model::{LeaderEpoch, NodeId, Uuid};
use serde_json::Value;
use thiserror::Error;

/// The name of the file, beside the metadata log's segments.
pub const FILE: &str = "quorum-state";

/// The newest epoch seen, who leads it, and whom this node voted for in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumState {
    /// -1 when nobody is known to lead.
    pub leader: NodeId,
    pub epoch: LeaderEpoch,
    /// -1 for no vote in this epoch.
    pub voted: NodeId,
    pub voted_directory: Uuid,
}

impl QuorumState {
    /// Before anything happened.
    pub const NEW: Self = Self {
        leader: NodeId::NONE,
        epoch: LeaderEpoch(0),
        voted: NodeId::NONE,
        voted_directory: Uuid::ZERO,
    };
}

/// The text is no `quorum-state`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected quorum-state of data_version 0 or 1, found {0:?}")]
pub struct ParseQuorumStateError(String);

/// Data version 1, without spaces and line end.
#[must_use]
pub fn to_text(state: &QuorumState) -> String {
    format!(
        "{{\"leaderId\":{},\"leaderEpoch\":{},\"votedId\":{},\"votedDirectoryId\":\"{}\",\"data_version\":1}}",
        state.leader, state.epoch, state.voted, state.voted_directory
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
    Ok(QuorumState {
        leader: NodeId(number("leaderId")?),
        epoch: LeaderEpoch(number("leaderEpoch")?),
        voted: NodeId(number("votedId")?),
        voted_directory,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let state = QuorumState {
            leader: NodeId(1),
            epoch: LeaderEpoch(7),
            voted: NodeId(1),
            voted_directory: Uuid::from_u128(77),
        };
        assert_eq!(parse(&to_text(&state)), Ok(state));
        let old = "{\"clusterId\":\"\",\"leaderId\":3,\"leaderEpoch\":2,\"votedId\":-1,\"appliedOffset\":0,\
                   \"currentVoters\":[{\"voterId\":3}],\"data_version\":0}";
        let read = parse(old).unwrap();
        assert_eq!(
            (read.leader, read.epoch, read.voted),
            (NodeId(3), LeaderEpoch(2), NodeId::NONE)
        );
        assert!(parse("{}").is_err());
    }
}
