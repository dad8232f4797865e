use ottla_model::{LeaderEpoch, NodeId, Offset, Uuid};
use ottla_wire::control_record::{
    ControlRecord, Endpoint, KRaftVersionFeature, KRaftVersionRecord, LeaderChangeMessage,
    LeaderChangeVoter, Voter as VoterRecord, VotersRecord,
};
use thiserror::Error;

use crate::quorum_state::QuorumState;

/// The highest `kraft.version` this node works with.
const MAX_KRAFT_VERSION: i16 = 1;

/// A member of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    pub id: NodeId,
    /// Zero where the quorum is static and does not know it.
    pub directory: Uuid,
    /// Listener name, host, port.
    pub endpoints: Vec<(String, String, u16)>,
}

impl Voter {
    /// As the log and its snapshots keep it.
    #[must_use]
    pub fn record(&self) -> VoterRecord<'static> {
        let endpoints = self.endpoints.iter().map(|(name, host, port)| Endpoint {
            name: name.clone().into(),
            host: host.clone().into(),
            port: *port,
        });
        VoterRecord {
            voter_id: self.id,
            voter_directory_id: self.directory,
            endpoints: endpoints.collect(),
            kraft_version_feature: KRaftVersionFeature {
                min_supported_version: 0,
                max_supported_version: MAX_KRAFT_VERSION,
            },
        }
    }
}

/// What the quorum is, and what this node found on its disk.
#[derive(Clone, Debug)]
pub struct Options {
    pub node: NodeId,
    pub directory: Uuid,
    /// 0: the voters are those of the configuration. 1: those of the log (KIP-853).
    pub kraft_version: i16,
    pub voters: Vec<Voter>,
    pub stored: QuorumState,
    /// Of the last batch in the log; -1 for an empty one.
    pub log_epoch: LeaderEpoch,
    /// The end of the log, all of it on disk.
    pub log_end: Offset,
}

/// This node is not the one voter of its quorum.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected node {node} with directory {directory} as the one voter of the quorum, found {found:?}"
)]
pub struct NotSoleVoter {
    pub node: NodeId,
    pub directory: Uuid,
    pub found: Vec<NodeId>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Start,
    /// The state of [`Output::Persist`] is on disk.
    Persisted,
    /// The log ends here now; nothing is said about the disk.
    Appended {
        end: Offset,
    },
    /// Everything below is on disk.
    Synced {
        end: Offset,
    },
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Write and sync `quorum-state`, then say [`Input::Persisted`].
    Persist(QuorumState),
    /// This node leads: append these as the epoch's first batch.
    Lead {
        epoch: LeaderEpoch,
        control: Vec<ControlRecord<'static>>,
    },
    /// Everything below will never be taken back.
    Committed(Offset),
}

pub type Outputs = Vec<Output>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Unattached,
    /// Has voted for itself, and waits for that vote to be on disk.
    Candidate,
    Leader {
        epoch_start: Offset,
    },
}

/// One voter's view of its quorum.
#[derive(Clone, Debug)]
pub struct Raft {
    options: Options,
    state: QuorumState,
    role: Role,
    end: Offset,
    synced: Offset,
    high_watermark: Offset,
}

impl Raft {
    /// # Errors
    /// When the quorum has other voters, or this node is none.
    pub fn new(options: Options) -> Result<Self, NotSoleVoter> {
        let is_sole = match &options.voters[..] {
            [voter] => {
                let is_same_directory =
                    voter.directory == Uuid::ZERO || voter.directory == options.directory;
                voter.id == options.node && is_same_directory
            }
            _ => false,
        };
        if !is_sole {
            let found = options.voters.iter().map(|voter| voter.id).collect();
            return Err(NotSoleVoter {
                node: options.node,
                directory: options.directory,
                found,
            });
        }
        let (state, end) = (options.stored, options.log_end);
        Ok(Self {
            options,
            state,
            role: Role::Unattached,
            end,
            synced: end,
            high_watermark: Offset::ZERO,
        })
    }

    #[must_use]
    pub fn epoch(&self) -> LeaderEpoch {
        self.state.epoch
    }

    /// The finalized level of the feature.
    #[must_use]
    pub fn kraft_version(&self) -> i16 {
        self.options.kraft_version
    }

    pub fn step(&mut self, input: Input, out: &mut Outputs) {
        match (input, self.role) {
            (Input::Start, Role::Unattached) => self.stand(out),
            (Input::Persisted, Role::Candidate) => self.lead(out),
            (Input::Appended { end }, Role::Leader { .. }) => {
                assert!(end >= self.end, "a leader never cuts its log");
                self.end = end;
            }
            (Input::Synced { end }, Role::Leader { epoch_start }) => {
                assert!(end <= self.end, "what is synced was appended");
                self.synced = self.synced.max(end);
                self.commit(epoch_start, out);
            }
            (input, role) => unreachable!("{input:?} does not happen to a {role:?}"),
        }
    }

    /// The one voter needs nobody else's vote; its own must be on disk before it counts.
    fn stand(&mut self, out: &mut Outputs) {
        let epoch = self.state.epoch.max(self.options.log_epoch).next();
        self.state = QuorumState {
            leader: NodeId::NONE,
            epoch,
            voted: self.options.node,
            voted_directory: self.options.directory,
        };
        self.role = Role::Candidate;
        out.push(Output::Persist(self.state));
    }

    fn lead(&mut self, out: &mut Outputs) {
        self.state.leader = self.options.node;
        self.role = Role::Leader {
            epoch_start: self.end,
        };
        out.push(Output::Lead {
            epoch: self.state.epoch,
            control: self.first_batch(),
        });
    }

    /// The voters of a dynamic quorum go into the log with its first epoch: the snapshot they came in is nobody else's.
    fn first_batch(&self) -> Vec<ControlRecord<'static>> {
        let voters: Vec<_> = self
            .options
            .voters
            .iter()
            .map(|voter| LeaderChangeVoter {
                voter_id: voter.id,
                voter_directory_id: voter.directory,
            })
            .collect();
        let mut records = vec![ControlRecord::LeaderChange(LeaderChangeMessage {
            version: 0,
            leader_id: self.options.node,
            granting_voters: voters.clone(),
            voters,
        })];
        if self.end == Offset::ZERO && self.options.kraft_version > 0 {
            let kraft_version = self.options.kraft_version;
            records.push(ControlRecord::KRaftVersion(KRaftVersionRecord {
                version: 0,
                kraft_version,
            }));
            let voters = self.options.voters.iter().map(Voter::record).collect();
            records.push(ControlRecord::KRaftVoters(VotersRecord {
                version: 0,
                voters,
            }));
        }
        records
    }

    /// An earlier epoch's records count only together with one of this epoch.
    fn commit(&mut self, epoch_start: Offset, out: &mut Outputs) {
        if self.synced > epoch_start && self.synced > self.high_watermark {
            self.high_watermark = self.synced;
            out.push(Output::Committed(self.high_watermark));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(end: i64) -> Options {
        Options {
            node: NodeId(1),
            directory: Uuid::from_u128(500),
            kraft_version: 1,
            voters: vec![Voter {
                id: NodeId(1),
                directory: Uuid::from_u128(500),
                endpoints: Vec::new(),
            }],
            stored: QuorumState {
                epoch: LeaderEpoch(3),
                ..QuorumState::NEW
            },
            log_epoch: LeaderEpoch(4),
            log_end: Offset(end),
        }
    }

    fn step(raft: &mut Raft, input: Input) -> Outputs {
        let mut out = Vec::new();
        raft.step(input, &mut out);
        out
    }

    #[test]
    fn it_leads_an_epoch_above_all_it_has_seen_once_its_vote_is_on_disk() {
        let mut raft = Raft::new(options(10)).unwrap();
        let out = step(&mut raft, Input::Start);
        let [Output::Persist(state)] = &out[..] else {
            panic!("{out:?}")
        };
        assert_eq!((state.epoch, state.voted), (LeaderEpoch(5), NodeId(1)));
        let out = step(&mut raft, Input::Persisted);
        let [Output::Lead { epoch, control }] = &out[..] else {
            panic!("{out:?}")
        };
        assert_eq!((*epoch, control.len()), (LeaderEpoch(5), 1));
    }

    #[test]
    fn the_first_epoch_writes_the_voters_down() {
        let mut raft = Raft::new(options(0)).unwrap();
        step(&mut raft, Input::Start);
        let out = step(&mut raft, Input::Persisted);
        let [Output::Lead { control, .. }] = &out[..] else {
            panic!("{out:?}")
        };
        let types: Vec<_> = control.iter().map(ControlRecord::type_code).collect();
        assert_eq!(types, [2, 5, 6]);
    }

    #[test]
    fn nothing_is_committed_before_this_epoch_is_on_disk() {
        let mut raft = Raft::new(options(10)).unwrap();
        step(&mut raft, Input::Start);
        step(&mut raft, Input::Persisted);
        assert_eq!(step(&mut raft, Input::Appended { end: Offset(11) }), []);
        assert_eq!(step(&mut raft, Input::Synced { end: Offset(10) }), []);
        assert_eq!(
            step(&mut raft, Input::Synced { end: Offset(11) }),
            [Output::Committed(Offset(11))]
        );
        assert_eq!(step(&mut raft, Input::Synced { end: Offset(11) }), []);
    }

    #[test]
    fn a_quorum_with_others_is_refused() {
        let mut other = options(0);
        other.voters[0].directory = Uuid::from_u128(501);
        assert!(Raft::new(other).is_err());
        let mut more = options(0);
        more.voters.push(Voter {
            id: NodeId(2),
            directory: Uuid::ZERO,
            endpoints: Vec::new(),
        });
        assert_eq!(Raft::new(more).unwrap_err().found, [NodeId(1), NodeId(2)]);
    }
}
