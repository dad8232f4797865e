//! One voter of the quorum, as a state machine.

use std::sync::Arc;
use std::time::Duration;

use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, NodeId, Offset, Uuid};
use ottla_wire::control_record::{ControlRecord, LeaderChangeMessage, LeaderChangeVoter};
use thiserror::Error;

use crate::membership::{Membership, Memberships};
use crate::observers::Observers;
use crate::position::{LogView, Position};
use crate::quorum_state::QuorumState;
use crate::request::{
    Answer, BeginQuorumEpoch, Body, Description, EndQuorumEpoch, Fetch, Fetched, ReplicaState,
    Request, Vote,
};
use crate::voter::{Endpoint, MAX_KRAFT_VERSION, ReplicaKey, Voter};

#[cfg(test)]
mod tests;

/// A request that claims this epoch is refused. Whoever reaches the listener may raise the epoch, and when there are no more, no
/// leader can be elected ever again: half of them are kept for elections.
const IMPLAUSIBLE_EPOCH: LeaderEpoch = LeaderEpoch(i32::MAX / 2);

/// A leader has an endpoint for each listener of the controllers. Whoever reaches one of ours may claim to lead, and what it says of
/// itself is kept.
const MAX_ENDPOINTS: usize = 64;

/// What the quorum is, and what this node found on its disk.
#[derive(Clone, Debug)]
pub struct Options {
    pub node: NodeId,
    pub directory: Uuid,
    pub membership: Membership,
    /// Where this node listens for the others. A dynamic quorum keeps it in its log.
    pub endpoints: Vec<Endpoint>,
    /// `None` where `quorum-state` cannot be understood.
    pub stored: Option<QuorumState>,
    /// Of the last batch in the log; -1 for an empty one.
    pub log_epoch: LeaderEpoch,
    /// The end of the log, all of it on disk.
    pub log_end: Offset,
    /// `controller.quorum.election.timeout.ms`: how long an epoch may be without a leader.
    pub election_timeout: Duration,
    /// `controller.quorum.fetch.timeout.ms`: how long another leader may be silent.
    pub fetch_timeout: Duration,
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

/// What happened. Between the inputs whose `log` is asked for, everything said to be appended is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Start,
    /// The log ends here now; nothing is said about the disk.
    Appended {
        end: Offset,
    },
    /// Everything below is on disk.
    Synced {
        end: Offset,
    },
    /// Time has passed: see [`Raft::deadline`].
    Tick,
    /// The level of the quorum goes up: voters that the configuration names go into the log (KIP-853).
    UpgradeKRaftVersion {
        to: i16,
    },
    Request(Request),
    Fetch {
        fetch: Fetch,
        /// What the log says to that replica.
        log: LogView,
    },
}

/// What is to be done: in order, each to its end before the next, and all before the next input.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Write and sync `quorum-state`.
    Persist(QuorumState),
    /// This node leads: append these as the epoch's first batch.
    Lead {
        epoch: LeaderEpoch,
        control: Vec<ControlRecord<'static>>,
    },
    /// Append these as the next batch.
    Append(Vec<ControlRecord<'static>>),
    /// This node leads no more: append nothing until it leads again.
    Resign,
    /// Everything below will never be taken back.
    Committed(Offset),
    /// To the request of this step.
    Answer(Answer),
}

pub type Outputs = Vec<Output>;

#[derive(Clone, Debug)]
enum Role {
    /// Not started.
    New,
    /// In an epoch without a known leader, until it stands for election itself.
    Unattached { until: Monotonic },
    /// In another's epoch, until that one has been silent for too long. A sole voter does not fetch: whoever leads without its
    /// vote cannot commit anything, and is outvoted after the time-out.
    Follower {
        endpoints: Arc<[Endpoint]>,
        until: Monotonic,
    },
    Leader {
        epoch_start: Offset,
        /// Known once a record of this epoch is committed.
        high_watermark: Option<Offset>,
        observers: Observers,
    },
}

/// One voter's view of its quorum.
#[derive(Clone, Debug)]
pub struct Raft {
    /// Whether the log says of the voters what is true.
    is_written: bool,
    options: Options,
    memberships: Memberships,
    state: QuorumState,
    role: Role,
    /// Of the last batch in the log.
    last_epoch: LeaderEpoch,
    end: Offset,
    synced: Offset,
}

impl Raft {
    /// # Errors
    /// When the quorum has other voters, or this node is none.
    pub fn new(options: Options) -> Result<Self, NotSoleVoter> {
        let own = ReplicaKey {
            id: options.node,
            directory: options.directory,
        };
        let mut membership = options.membership.clone();
        let is_sole = match &membership.voters[..] {
            [voter] => voter.key.id == own.id && voter.key.addresses(own),
            _ => false,
        };
        if !is_sole {
            let found = membership.voters.iter().map(|voter| voter.key.id).collect();
            return Err(NotSoleVoter {
                node: options.node,
                directory: options.directory,
                found,
            });
        }
        let mut is_written = true;
        // A static quorum has its voters from the configuration, not from what they say of themselves.
        if membership.kraft_version > 0 {
            let own = &mut membership.voters[0];
            is_written = options.log_end > Offset::ZERO && own.endpoints == options.endpoints;
            own.endpoints.clone_from(&options.endpoints);
        }
        Ok(Self {
            is_written,
            memberships: Memberships::new(membership),
            // Nobody else has a vote: whatever it promised made nobody a leader, and each epoch that it led begins in its log.
            state: options.stored.unwrap_or(QuorumState::NEW),
            role: Role::New,
            last_epoch: options.log_epoch,
            end: options.log_end,
            synced: options.log_end,
            options,
        })
    }

    #[must_use]
    pub fn epoch(&self) -> LeaderEpoch {
        self.state.epoch
    }

    #[must_use]
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    /// The quorum as of the last record of its log, committed or not.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        self.memberships.newest()
    }

    /// The quorum as far as it is committed, or was found on the disk.
    #[must_use]
    pub fn committed_membership(&self) -> &Membership {
        self.memberships.committed()
    }

    /// When [`Input::Tick`] is due, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Monotonic> {
        match self.role {
            Role::New | Role::Leader { .. } => None,
            Role::Unattached { until } | Role::Follower { until, .. } => Some(until),
        }
    }

    /// Adds to `out` what is to be done. `now` never goes back.
    ///
    /// # Panics
    /// When an input contradicts those before it: a second start, an append of one who does not lead, the log cut, more synced than
    /// appended, a level that is no later one or not known here. No request can make it.
    pub fn step(&mut self, now: Monotonic, input: Input, out: &mut Outputs) {
        match input {
            Input::Start => {
                assert!(
                    matches!(self.role, Role::New),
                    "a voter starts once in its life"
                );
                self.stand(out);
            }
            Input::Appended { end } => {
                // The first that is appended is what the epoch begins with.
                self.is_written = true;
                assert!(self.is_leader(), "only a leader appends");
                assert!(end > self.end, "a leader never cuts its log");
                self.end = end;
                self.last_epoch = self.state.epoch;
                self.memberships.appended(end);
            }
            Input::Synced { end } => {
                assert!(end <= self.end, "what is synced was appended");
                self.synced = self.synced.max(end);
                self.commit(out);
            }
            Input::Tick => {
                if self.deadline().is_some_and(|deadline| deadline <= now) {
                    self.stand(out);
                }
            }
            Input::UpgradeKRaftVersion { to } => self.upgrade(to, out),
            Input::Request(request) => self.answer(now, request, out),
            Input::Fetch { fetch, log } => {
                let answer = match self.fetch(now, &fetch, &log) {
                    Ok(fetched) => self.say(ErrorCode::None, Body::Fetch(fetched)),
                    Err(code) => self.say(code, Body::None),
                };
                out.push(Output::Answer(answer));
            }
        }
    }

    fn own_key(&self) -> ReplicaKey {
        ReplicaKey {
            id: self.options.node,
            directory: self.options.directory,
        }
    }

    /// The one voter needs nobody else's vote; its own must be on disk before it counts.
    fn stand(&mut self, out: &mut Outputs) {
        let epoch = self.state.epoch.max(self.last_epoch).next();
        self.state = QuorumState {
            leader: NodeId::NONE,
            epoch,
            voted: self.own_key(),
        };
        out.push(Output::Persist(self.state));
        self.state = QuorumState {
            leader: self.options.node,
            epoch,
            voted: ReplicaKey::NONE,
        };
        out.push(Output::Persist(self.state));
        self.role = Role::Leader {
            epoch_start: self.end,
            high_watermark: None,
            observers: Observers::default(),
        };
        out.push(Output::Lead {
            epoch,
            control: self.first_batch(),
        });
    }

    /// The voters of a dynamic quorum go into the log with its first epoch, as the snapshot they came in is nobody else's, and again
    /// when this one has moved.
    fn first_batch(&self) -> Vec<ControlRecord<'static>> {
        let voters: Vec<_> = self
            .membership()
            .voters
            .iter()
            .map(|voter| LeaderChangeVoter {
                voter_id: voter.key.id,
                voter_directory_id: voter.key.directory,
            })
            .collect();
        let mut records = vec![ControlRecord::LeaderChange(LeaderChangeMessage {
            version: 0,
            leader_id: self.options.node,
            granting_voters: voters.clone(),
            voters,
        })];
        if !self.is_written {
            records.extend(self.membership().records());
        }
        records
    }

    /// The one voter of the configuration is this node, which knows of itself what the log has to say of it.
    fn upgrade(&mut self, to: i16, out: &mut Outputs) {
        assert!(self.is_leader(), "only a leader appends");
        let levels = self.membership().kraft_version + 1..=MAX_KRAFT_VERSION;
        assert!(levels.contains(&to), "{to} is none of {levels:?}");
        let upgraded = Membership {
            kraft_version: to,
            voters: vec![Voter {
                key: self.own_key(),
                endpoints: self.options.endpoints.clone(),
            }],
        };
        out.push(Output::Append(upgraded.records()));
        self.memberships.change(upgraded);
    }

    /// An earlier epoch's records count only together with one of this epoch.
    fn commit(&mut self, out: &mut Outputs) {
        let Role::Leader {
            epoch_start,
            high_watermark,
            ..
        } = &mut self.role
        else {
            return;
        };
        if self.synced > *epoch_start && Some(self.synced) > *high_watermark {
            *high_watermark = Some(self.synced);
            self.memberships.commit(self.synced);
            out.push(Output::Committed(self.synced));
        }
    }

    fn answer(&mut self, now: Monotonic, request: Request, out: &mut Outputs) {
        let before = (self.state, self.is_leader());
        let result = match request {
            Request::Vote(vote) => self.vote(now, &vote),
            Request::BeginQuorumEpoch(begin) => self.begin(now, begin),
            Request::EndQuorumEpoch(end) => self.end(now, end),
            Request::FetchSnapshot { epoch } => self.check_leads(epoch).map(|()| Body::None),
            Request::DescribeQuorum => self.describe(now),
        };
        if before.1 && !self.is_leader() {
            out.push(Output::Resign);
        }
        // A promise counts once it survives a crash.
        if before.0 != self.state {
            out.push(Output::Persist(self.state));
        }
        let answer = match result {
            Ok(body) => self.say(ErrorCode::None, body),
            Err(code) => self.say(code, Body::None),
        };
        out.push(Output::Answer(answer));
    }

    fn say(&self, code: ErrorCode, body: Body) -> Answer {
        let endpoints = match &self.role {
            Role::Follower { endpoints, .. } => Arc::clone(endpoints),
            _ => Arc::default(),
        };
        Answer {
            code,
            leader: self.state.leader,
            epoch: self.state.epoch,
            endpoints,
            body,
        }
    }

    fn vote(&mut self, now: Monotonic, vote: &Vote) -> Result<Body, ErrorCode> {
        // A candidate stands in an epoch of which it cannot have a record yet.
        let is_from_later = if vote.is_pre_vote {
            vote.last_epoch > vote.epoch
        } else {
            vote.last_epoch >= vote.epoch
        };
        if vote.end < Offset::ZERO || vote.last_epoch < LeaderEpoch(0) || is_from_later {
            return Err(ErrorCode::InvalidRequest);
        }
        self.check_epoch(vote.candidate.id, vote.epoch)?;
        if vote.epoch > self.state.epoch {
            if vote.candidate.id == self.options.node {
                return Err(ErrorCode::InvalidRequest);
            }
            self.detach(now, vote.epoch);
        }
        if !vote.voter.addresses(self.own_key()) {
            return Err(ErrorCode::InvalidVoterKey);
        }
        let is_granted = self.grants(vote);
        if is_granted && !vote.is_pre_vote {
            self.state.voted = vote.candidate;
        }
        Ok(Body::Vote { is_granted })
    }

    fn grants(&self, vote: &Vote) -> bool {
        let is_up_to_date = (vote.last_epoch, vote.end) >= (self.last_epoch, self.end);
        match &self.role {
            Role::New => false,
            // Nobody else has shown yet that this leader, or the one it follows, is there.
            Role::Leader { high_watermark, .. } => {
                vote.is_pre_vote && is_up_to_date && high_watermark.is_none()
            }
            Role::Follower { .. } => vote.is_pre_vote && is_up_to_date,
            Role::Unattached { .. } if vote.is_pre_vote => is_up_to_date,
            Role::Unattached { .. } if self.state.voted.id != NodeId::NONE => {
                self.state.voted.addresses(vote.candidate)
            }
            Role::Unattached { .. } => is_up_to_date,
        }
    }

    fn begin(&mut self, now: Monotonic, begin: BeginQuorumEpoch) -> Result<Body, ErrorCode> {
        self.check_epoch(begin.leader, begin.epoch)?;
        self.heard_of(now, begin.leader, begin.epoch, begin.endpoints)?;
        if !begin.voter.addresses(self.own_key()) {
            return Err(ErrorCode::InvalidVoterKey);
        }
        Ok(Body::None)
    }

    fn end(&mut self, now: Monotonic, end: EndQuorumEpoch) -> Result<Body, ErrorCode> {
        self.check_epoch(end.leader, end.epoch)?;
        self.heard_of(now, end.leader, end.epoch, end.endpoints)?;
        if let Role::Follower { until, .. } = &mut self.role {
            // There is nobody else whose turn it could be.
            *until = now;
        }
        Ok(Body::None)
    }

    /// Takes note of who leads an epoch that is not over.
    fn heard_of(
        &mut self,
        now: Monotonic,
        leader: NodeId,
        epoch: LeaderEpoch,
        endpoints: Vec<Endpoint>,
    ) -> Result<(), ErrorCode> {
        if endpoints.len() > MAX_ENDPOINTS {
            return Err(ErrorCode::InvalidRequest);
        }
        let is_this_epoch = epoch == self.state.epoch;
        if leader == self.options.node {
            // It would know.
            let leads = is_this_epoch && self.is_leader();
            return leads.then_some(()).ok_or(ErrorCode::InvalidRequest);
        }
        let known = self.state.leader;
        if is_this_epoch && known != NodeId::NONE && known != leader {
            return Err(ErrorCode::InvalidRequest);
        }
        let is_news = !is_this_epoch || known == NodeId::NONE;
        let has_more = matches!(&self.role, Role::Follower { endpoints: known, .. } if endpoints.len() > known.len());
        if !is_news && !has_more {
            return Ok(());
        }
        if endpoints.is_empty() {
            // Not a voter, and it does not say where it is: nobody to follow.
            return Err(ErrorCode::InvalidRequest);
        }
        let voted = if is_this_epoch {
            self.state.voted
        } else {
            ReplicaKey::NONE
        };
        self.state = QuorumState {
            leader,
            epoch,
            voted,
        };
        self.role = Role::Follower {
            endpoints: endpoints.into(),
            until: now + self.options.fetch_timeout,
        };
        Ok(())
    }

    /// Somebody stands in a later epoch.
    fn detach(&mut self, now: Monotonic, epoch: LeaderEpoch) {
        assert!(epoch > self.state.epoch, "epochs never go back");
        let until = match self.role {
            // What was waited for before is still waited for.
            Role::Unattached { until } => until,
            _ => now + self.options.election_timeout,
        };
        self.state = QuorumState {
            leader: NodeId::NONE,
            epoch,
            voted: ReplicaKey::NONE,
        };
        self.role = Role::Unattached { until };
    }

    /// What every voter asks of a request from `from`.
    fn check_epoch(&self, from: NodeId, epoch: LeaderEpoch) -> Result<(), ErrorCode> {
        if epoch < self.state.epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if from < NodeId(0) || epoch >= IMPLAUSIBLE_EPOCH {
            return Err(ErrorCode::InvalidRequest);
        }
        Ok(())
    }

    /// What a leader asks of a request from somebody who believes in `epoch`.
    fn check_leads(&self, epoch: LeaderEpoch) -> Result<(), ErrorCode> {
        if epoch < self.state.epoch {
            Err(ErrorCode::FencedLeaderEpoch)
        } else if epoch > self.state.epoch {
            Err(ErrorCode::UnknownLeaderEpoch)
        } else if !self.is_leader() {
            Err(ErrorCode::NotLeaderOrFollower)
        } else {
            Ok(())
        }
    }

    fn fetch(
        &mut self,
        now: Monotonic,
        fetch: &Fetch,
        log: &LogView,
    ) -> Result<Fetched, ErrorCode> {
        let is_negative = fetch.max_wait_ms < 0
            || fetch.offset < Offset::ZERO
            || fetch.last_epoch < LeaderEpoch(0)
            || fetch.epoch < LeaderEpoch(0);
        if is_negative || fetch.last_epoch > fetch.epoch {
            return Err(ErrorCode::InvalidRequest);
        }
        self.check_leads(fetch.epoch)?;
        let Role::Leader {
            high_watermark,
            observers,
            ..
        } = &mut self.role
        else {
            unreachable!("who leads was checked");
        };
        let position = log.position(fetch.offset, fetch.last_epoch);
        if position == Position::Valid && fetch.replica.id >= NodeId(0) {
            if fetch.replica.id == self.options.node {
                // Two nodes of one id: Kafka's leader has no better word for it.
                return Err(ErrorCode::UnknownServerError);
            }
            observers.fetched(now, fetch.replica, fetch.offset, self.end);
        }
        Ok(Fetched {
            high_watermark: *high_watermark,
            end: self.end,
            position,
        })
    }

    fn describe(&mut self, now: Monotonic) -> Result<Body, ErrorCode> {
        let Role::Leader {
            high_watermark,
            observers,
            ..
        } = &mut self.role
        else {
            return Err(ErrorCode::NotLeaderOrFollower);
        };
        // The leader always has what it has.
        let members = &self.memberships.newest().voters;
        let own = members.iter().map(|voter| ReplicaState {
            replica: voter.key,
            end: self.end,
            last_fetch: now,
            last_caught_up: Some(now),
        });
        Ok(Body::DescribeQuorum(Description {
            high_watermark: *high_watermark,
            voters: own.collect(),
            observers: observers.describe(now),
            members: members.clone(),
        }))
    }
}
