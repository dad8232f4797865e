use proptest::prelude::*;

use super::*;
use crate::checkpoint::SnapshotId;

const OWN: ReplicaKey = key(1, 500);
const OTHER: ReplicaKey = key(2, 600);

const fn key(id: i32, directory: u128) -> ReplicaKey {
    ReplicaKey {
        id: NodeId(id),
        directory: Uuid::from_u128(directory),
    }
}

fn options(end: i64) -> Options {
    Options {
        node: OWN.id,
        directory: OWN.directory,
        membership: Membership {
            kraft_version: 1,
            voters: vec![Voter {
                key: OWN,
                endpoints: Vec::new(),
            }],
        },
        endpoints: Vec::new(),
        stored: Some(QuorumState {
            epoch: LeaderEpoch(3),
            ..QuorumState::NEW
        }),
        log_epoch: LeaderEpoch(4),
        log_end: Offset(end),
        election_timeout: Duration::from_secs(1),
        fetch_timeout: Duration::from_secs(2),
    }
}

/// The same where the configuration says who votes.
fn static_options(end: i64) -> Options {
    let key = ReplicaKey {
        directory: Uuid::ZERO,
        ..OWN
    };
    Options {
        membership: Membership {
            kraft_version: 0,
            voters: vec![Voter {
                key,
                endpoints: Vec::new(),
            }],
        },
        endpoints: begin(OWN.id, 0).endpoints,
        ..options(end)
    }
}

fn at(ms: u64) -> Monotonic {
    Monotonic(Duration::from_millis(ms))
}

/// A voter, and what a node that carries out its decisions would have on its disk.
struct Node {
    raft: Raft,
    now: Monotonic,
    disk: QuorumState,
    /// What the log says of the quorum, and where each ends.
    log: Vec<(Offset, Membership)>,
}

impl Node {
    /// Leads epoch 5 from offset 10 on, with one record in it.
    fn leading() -> Self {
        let mut node = Self::new(options(10));
        node.step(Input::Start);
        node.settle();
        node
    }

    fn new(options: Options) -> Self {
        Self {
            disk: options.stored.unwrap_or(QuorumState::NEW),
            log: vec![(options.log_end, options.membership.clone())],
            raft: Raft::new(options).unwrap(),
            now: at(0),
        }
    }

    fn step(&mut self, input: Input) -> Outputs {
        let mut out = Vec::new();
        self.raft.step(self.now, input, &mut out);
        for output in &out {
            match output {
                Output::Persist(state) => self.disk = *state,
                Output::Lead { control, .. } | Output::Append(control) => {
                    let end = self.raft.end + 1;
                    if let Some(written) = membership_in(control) {
                        self.log.push((end, written));
                    }
                    let mut none = Vec::new();
                    self.raft.step(self.now, Input::Appended { end }, &mut none);
                    assert_eq!(none, []);
                }
                Output::Resign | Output::Committed(_) | Output::Answer(_) => {}
            }
        }
        out
    }

    /// What the log says of the quorum below `offset`.
    fn written_below(&self, offset: Offset) -> &Membership {
        let mut written = self.log.iter().rev();
        let newest = written.find(|(end, _)| *end <= offset);
        &newest.expect("it began with one").1
    }

    fn settle(&mut self) -> Outputs {
        self.step(Input::Synced { end: self.raft.end })
    }

    fn ask(&mut self, request: Request) -> Answer {
        answer_in(self.step(Input::Request(request)))
    }

    fn fetch(&mut self, fetch: Fetch) -> Answer {
        let log = LogView {
            start: Offset::ZERO,
            end_of_epoch: (fetch.last_epoch, self.raft.end),
            snapshots: None,
        };
        answer_in(self.step(Input::Fetch { fetch, log }))
    }

    fn describe(&mut self) -> Description {
        match self.ask(Request::DescribeQuorum).body {
            Body::DescribeQuorum(description) => description,
            other => panic!("{other:?}"),
        }
    }
}

/// What a reader of the log makes of the records.
fn membership_in(control: &[ControlRecord<'static>]) -> Option<Membership> {
    let mut rest = control.iter().skip_while(|record| record.type_code() == 2);
    match (rest.next(), rest.next(), rest.next()) {
        (None, ..) => None,
        (
            Some(ControlRecord::KRaftVersion(version)),
            Some(ControlRecord::KRaftVoters(voters)),
            None,
        ) => Some(Membership {
            kraft_version: version.kraft_version,
            voters: voters
                .voters
                .iter()
                .cloned()
                .map(Voter::from_record)
                .collect(),
        }),
        _ => panic!("{control:?}"),
    }
}

fn answer_in(out: Outputs) -> Answer {
    let mut answers = out.into_iter().filter_map(|output| match output {
        Output::Answer(answer) => Some(answer),
        _ => None,
    });
    let answer = answers.next().unwrap();
    assert_eq!(answers.next(), None);
    answer
}

/// Up to date with a leader of epoch 5 at offset 11.
fn vote(epoch: i32) -> Vote {
    Vote {
        voter: OWN,
        candidate: OTHER,
        epoch: LeaderEpoch(epoch),
        last_epoch: LeaderEpoch(5),
        end: Offset(11),
        is_pre_vote: false,
    }
}

fn begin(leader: NodeId, epoch: i32) -> BeginQuorumEpoch {
    BeginQuorumEpoch {
        voter: OWN,
        leader,
        epoch: LeaderEpoch(epoch),
        endpoints: vec![Endpoint {
            name: "CONTROLLER".to_owned(),
            host: "other".to_owned(),
            port: 9093,
        }],
    }
}

fn fetch(replica: ReplicaKey, offset: i64) -> Fetch {
    Fetch {
        replica,
        epoch: LeaderEpoch(5),
        offset: Offset(offset),
        last_epoch: LeaderEpoch(5),
        max_wait_ms: 0,
    }
}

fn granted(answer: &Answer) -> bool {
    match answer.body {
        Body::Vote { is_granted } => is_granted,
        _ => panic!("{answer:?}"),
    }
}

#[test]
fn a_sole_voter_that_has_lost_its_state_leads_an_epoch_above_its_log() {
    let mut node = Node::new(Options {
        stored: None,
        ..options(10)
    });
    node.step(Input::Start);
    assert!(node.raft.is_leader());
    assert_eq!(node.raft.epoch(), LeaderEpoch(5));
}

#[test]
fn it_leads_an_epoch_above_all_it_has_seen_once_its_vote_is_on_disk() {
    let out = Node::new(options(10)).step(Input::Start);
    let [
        Output::Persist(candidate),
        Output::Persist(leader),
        Output::Lead { epoch, control },
    ] = &out[..]
    else {
        panic!("{out:?}")
    };
    let expected = QuorumState {
        leader: NodeId::NONE,
        epoch: LeaderEpoch(5),
        voted: OWN,
    };
    assert_eq!(*candidate, expected);
    let expected = QuorumState {
        leader: OWN.id,
        epoch: LeaderEpoch(5),
        voted: ReplicaKey::NONE,
    };
    assert_eq!(*leader, expected);
    assert_eq!((*epoch, control.len()), (LeaderEpoch(5), 1));
}

#[test]
fn the_first_epoch_writes_the_voters_down() {
    let out = Node::new(options(0)).step(Input::Start);
    let Some(Output::Lead { control, .. }) = out.last() else {
        panic!("{out:?}")
    };
    let types: Vec<_> = control.iter().map(ControlRecord::type_code).collect();
    assert_eq!(types, [2, 5, 6]);
}

#[test]
fn a_voter_that_has_moved_writes_down_where_to() {
    let mut options = options(10);
    options.endpoints = begin(OWN.id, 0).endpoints;
    let voter = Voter {
        key: OWN,
        endpoints: options.endpoints.clone(),
    };
    let mut node = Node::new(options);
    let out = node.step(Input::Start);
    let Some(Output::Lead { control, .. }) = out.last() else {
        panic!("{out:?}")
    };
    let written = membership_in(control).unwrap();
    assert_eq!(
        (written.kraft_version, &written.voters[..]),
        (1, &[voter.clone()][..])
    );
    assert_eq!(node.describe().members, [voter]);
    // Once is enough.
    node.ask(Request::Vote(vote(20)));
    node.now = at(1000);
    let out = node.step(Input::Tick);
    assert!(matches!(out.last(), Some(Output::Lead { control, .. }) if control.len() == 1));
    // Those of a static quorum are not in its log.
    let mut node = Node::new(static_options(10));
    let out = node.step(Input::Start);
    assert!(matches!(out.last(), Some(Output::Lead { control, .. }) if control.len() == 1));
    assert_eq!(node.describe().members[0].endpoints, []);
}

#[test]
fn the_voter_of_the_configuration_goes_into_the_log_with_the_level_that_needs_it_there() {
    let options = static_options(10);
    let own = Voter {
        key: OWN,
        endpoints: options.endpoints.clone(),
    };
    let mut node = Node::new(options);
    node.step(Input::Start);
    node.settle();
    assert_eq!(node.describe().voters[0].replica.directory, Uuid::ZERO);
    let out = node.step(Input::UpgradeKRaftVersion { to: 1 });
    let upgraded = Membership {
        kraft_version: 1,
        voters: vec![own.clone()],
    };
    assert_eq!(out, [Output::Append(upgraded.records())]);
    assert_eq!(node.written_below(Offset(12)), &upgraded);
    // It counts at once, and for those who must not see it go again when it is committed.
    assert_eq!(node.raft.membership(), &upgraded);
    assert_eq!(node.raft.committed_membership().kraft_version, 0);
    assert_eq!(node.settle(), [Output::Committed(Offset(12))]);
    assert_eq!(node.raft.committed_membership(), &upgraded);
    let described = node.describe();
    assert_eq!(described.voters[0].replica, OWN);
    assert_eq!(described.members, [own]);
}

#[test]
fn nothing_is_committed_before_this_epoch_is_on_disk() {
    let mut node = Node::new(options(10));
    node.step(Input::Start);
    assert_eq!(node.step(Input::Synced { end: Offset(10) }), []);
    assert_eq!(node.describe().high_watermark, None);
    assert_eq!(
        node.step(Input::Synced { end: Offset(11) }),
        [Output::Committed(Offset(11))]
    );
    assert_eq!(node.step(Input::Synced { end: Offset(11) }), []);
    assert_eq!(node.describe().high_watermark, Some(Offset(11)));
}

#[test]
fn a_quorum_with_others_is_refused() {
    let mut other = options(0);
    other.membership.voters[0].key.directory = Uuid::from_u128(501);
    assert!(Raft::new(other).is_err());
    let mut more = options(0);
    more.membership.voters.push(Voter {
        key: OTHER,
        endpoints: Vec::new(),
    });
    assert_eq!(Raft::new(more).unwrap_err().found, [NodeId(1), NodeId(2)]);
}

#[test]
fn a_leader_grants_nobody_its_epoch() {
    let mut node = Node::leading();
    let same = Vote {
        last_epoch: LeaderEpoch(4),
        end: Offset(1000),
        ..vote(5)
    };
    let answer = node.ask(Request::Vote(same));
    assert_eq!((answer.code, granted(&answer)), (ErrorCode::None, false));
    assert_eq!((answer.leader, answer.epoch), (OWN.id, LeaderEpoch(5)));
    let pre = Vote {
        is_pre_vote: true,
        ..vote(5)
    };
    assert!(!granted(&node.ask(Request::Vote(pre))));
    assert!(node.raft.is_leader());
}

#[test]
fn votes_that_cannot_be_are_refused() {
    let mut node = Node::leading();
    let mut code = |vote| node.ask(Request::Vote(vote)).code;
    assert_eq!(code(vote(4)), ErrorCode::InvalidRequest);
    let older = Vote {
        last_epoch: LeaderEpoch(3),
        ..vote(4)
    };
    assert_eq!(code(older), ErrorCode::FencedLeaderEpoch);
    // A candidate cannot have a record of the epoch it stands in; who only asks may have.
    let of_own_epoch = Vote {
        last_epoch: LeaderEpoch(6),
        ..vote(6)
    };
    assert_eq!(code(of_own_epoch), ErrorCode::InvalidRequest);
    let candidate = ReplicaKey::NONE;
    assert_eq!(
        code(Vote {
            candidate,
            ..vote(6)
        }),
        ErrorCode::InvalidRequest
    );
    // Else one request could use up all epochs.
    assert_eq!(code(vote(i32::MAX)), ErrorCode::InvalidRequest);
    assert_eq!(code(vote(i32::MAX / 2)), ErrorCode::InvalidRequest);
    let candidate = OWN;
    assert_eq!(
        code(Vote {
            candidate,
            ..vote(6)
        }),
        ErrorCode::InvalidRequest
    );
    let end = Offset(-1);
    assert_eq!(code(Vote { end, ..vote(6) }), ErrorCode::InvalidRequest);
    assert!(node.raft.is_leader());
}

#[test]
fn a_request_for_another_voter_is_refused() {
    let mut node = Node::leading();
    let mut code = |voter| {
        let older = LeaderEpoch(4);
        let vote = Vote {
            voter,
            last_epoch: older,
            ..vote(5)
        };
        let of_vote = node.ask(Request::Vote(vote)).code;
        let begin = BeginQuorumEpoch {
            voter,
            ..begin(OWN.id, 5)
        };
        assert_eq!(node.ask(Request::BeginQuorumEpoch(begin)).code, of_vote);
        of_vote
    };
    assert_eq!(code(OTHER), ErrorCode::InvalidVoterKey);
    assert_eq!(code(key(1, 501)), ErrorCode::InvalidVoterKey);
    assert_eq!(code(key(1, 0)), ErrorCode::None);
    assert_eq!(code(key(-1, 501)), ErrorCode::None);
}

#[test]
fn a_vote_in_a_later_epoch_is_given_once_and_kept() {
    let mut node = Node::leading();
    let out = node.step(Input::Request(Request::Vote(vote(20))));
    let promise = QuorumState {
        leader: NodeId::NONE,
        epoch: LeaderEpoch(20),
        voted: OTHER,
    };
    // Nothing is promised before it is on disk.
    assert_eq!(out[..2], [Output::Resign, Output::Persist(promise)]);
    assert!(granted(&answer_in(out)));
    let third = Vote {
        candidate: key(3, 700),
        ..vote(20)
    };
    assert!(!granted(&node.ask(Request::Vote(third))));
    assert!(granted(&node.ask(Request::Vote(vote(20)))));
    assert_eq!(node.disk, promise);
}

#[test]
fn a_candidate_with_a_shorter_log_gets_no_vote_but_ends_the_epoch() {
    let mut node = Node::leading();
    let shorter = Vote {
        end: Offset(10),
        ..vote(20)
    };
    let answer = node.ask(Request::Vote(shorter));
    assert!(!granted(&answer));
    assert_eq!(
        (answer.leader, answer.epoch),
        (NodeId::NONE, LeaderEpoch(20))
    );
    assert!(!node.raft.is_leader());
}

#[test]
fn it_stands_again_when_the_epoch_stays_without_a_leader() {
    let mut node = Node::leading();
    node.ask(Request::Vote(vote(20)));
    assert_eq!(node.raft.deadline(), Some(at(1000)));
    assert_eq!(node.step(Input::Tick), []);
    // Another candidate does not put it off.
    node.now = at(900);
    node.ask(Request::Vote(vote(21)));
    node.now = at(1000);
    let out = node.step(Input::Tick);
    assert_eq!(out.len(), 3);
    assert_eq!(
        (node.disk.epoch, node.disk.leader),
        (LeaderEpoch(22), OWN.id)
    );
    assert_eq!(node.raft.deadline(), None);
    assert_eq!(node.settle(), [Output::Committed(Offset(12))]);
}

#[test]
fn it_lets_another_lead_while_that_one_is_heard_of() {
    let mut node = Node::leading();
    let answer = node.ask(Request::BeginQuorumEpoch(begin(OTHER.id, 40)));
    assert_eq!(answer.code, ErrorCode::None);
    assert_eq!((answer.leader, answer.epoch), (OTHER.id, LeaderEpoch(40)));
    assert_eq!(answer.endpoints[0].port, 9093);
    assert_eq!(
        node.ask(Request::DescribeQuorum).code,
        ErrorCode::NotLeaderOrFollower
    );
    // In its epoch nobody else leads or is voted for.
    let third = begin(NodeId(3), 40);
    assert_eq!(
        node.ask(Request::BeginQuorumEpoch(third)).code,
        ErrorCode::InvalidRequest
    );
    let candidate = Vote {
        end: Offset(1000),
        ..vote(40)
    };
    assert!(!granted(&node.ask(Request::Vote(candidate))));
    node.now = at(1999);
    assert_eq!(node.step(Input::Tick), []);
    node.now = at(2000);
    node.step(Input::Tick);
    assert_eq!(
        (node.disk.epoch, node.disk.leader),
        (LeaderEpoch(41), OWN.id)
    );
}

#[test]
fn a_leader_that_says_again_what_is_known_gains_no_time() {
    let mut node = Node::leading();
    let says = || Request::BeginQuorumEpoch(begin(OTHER.id, 40));
    node.ask(says());
    node.now = at(1500);
    assert_eq!(node.ask(says()).code, ErrorCode::None);
    assert_eq!(node.raft.deadline(), Some(at(2000)));
}

#[test]
fn a_vote_is_remembered_when_somebody_leads_the_epoch() {
    let mut node = Node::leading();
    assert!(granted(&node.ask(Request::Vote(vote(20)))));
    node.ask(Request::BeginQuorumEpoch(begin(NodeId(3), 20)));
    let led = QuorumState {
        leader: NodeId(3),
        epoch: LeaderEpoch(20),
        voted: OTHER,
    };
    assert_eq!(node.disk, led);
}

#[test]
fn a_leader_has_so_many_endpoints_and_no_more() {
    let mut node = Node::leading();
    let endpoints = |count| vec![begin(OTHER.id, 6).endpoints[0].clone(); count];
    let begins = |epoch, count| {
        Request::BeginQuorumEpoch(BeginQuorumEpoch {
            endpoints: endpoints(count),
            ..begin(OTHER.id, epoch)
        })
    };
    let ends = |epoch, count| {
        Request::EndQuorumEpoch(EndQuorumEpoch {
            leader: OTHER.id,
            epoch: LeaderEpoch(epoch),
            endpoints: endpoints(count),
        })
    };
    for refused in [begins(6, 65), ends(6, 65)] {
        assert_eq!(node.ask(refused).code, ErrorCode::InvalidRequest);
        assert!(node.raft.is_leader());
    }
    for (epoch, request) in [(6, begins(6, 64)), (7, ends(7, 64))] {
        let answer = node.ask(request);
        assert_eq!(answer.code, ErrorCode::None);
        assert_eq!(answer.epoch, LeaderEpoch(epoch));
        assert_eq!(answer.endpoints.len(), 64);
    }
}

#[test]
fn it_stands_at_once_when_the_other_leader_goes() {
    let mut node = Node::leading();
    let goes = |epoch, endpoints| {
        Request::EndQuorumEpoch(EndQuorumEpoch {
            leader: OTHER.id,
            epoch: LeaderEpoch(epoch),
            endpoints,
        })
    };
    assert_eq!(
        node.ask(goes(4, Vec::new())).code,
        ErrorCode::FencedLeaderEpoch
    );
    // Nobody knows that leader, and it does not say where it is.
    assert_eq!(
        node.ask(goes(40, Vec::new())).code,
        ErrorCode::InvalidRequest
    );
    assert!(node.raft.is_leader());
    node.ask(Request::BeginQuorumEpoch(begin(OTHER.id, 40)));
    assert_eq!(node.ask(goes(40, Vec::new())).code, ErrorCode::None);
    node.step(Input::Tick);
    assert!(node.raft.is_leader());
}

#[test]
fn nobody_tells_a_leader_that_it_leads_another_epoch() {
    let mut node = Node::leading();
    let mut code = |leader, epoch| {
        node.ask(Request::BeginQuorumEpoch(begin(leader, epoch)))
            .code
    };
    assert_eq!(code(OWN.id, 5), ErrorCode::None);
    assert_eq!(code(OWN.id, 6), ErrorCode::InvalidRequest);
    assert_eq!(code(OWN.id, 4), ErrorCode::FencedLeaderEpoch);
    assert_eq!(code(OTHER.id, 5), ErrorCode::InvalidRequest);
    assert_eq!(code(NodeId::NONE, 5), ErrorCode::InvalidRequest);
    assert!(node.raft.is_leader());
}

#[test]
fn a_fetch_belongs_to_the_epoch_of_the_leader() {
    let mut node = Node::leading();
    let mut code = |epoch, last_epoch| {
        let (epoch, last_epoch) = (LeaderEpoch(epoch), LeaderEpoch(last_epoch));
        let fetch = Fetch {
            epoch,
            last_epoch,
            ..fetch(OTHER, 3)
        };
        node.fetch(fetch).code
    };
    assert_eq!(code(5, 5), ErrorCode::None);
    assert_eq!(code(4, 4), ErrorCode::FencedLeaderEpoch);
    assert_eq!(code(6, 5), ErrorCode::UnknownLeaderEpoch);
    assert_eq!(code(4, 5), ErrorCode::InvalidRequest);
    assert_eq!(code(5, -1), ErrorCode::InvalidRequest);
    assert_eq!(
        node.fetch(fetch(OWN, 3)).code,
        ErrorCode::UnknownServerError
    );
    node.ask(Request::Vote(vote(6)));
    let later = Fetch {
        epoch: LeaderEpoch(6),
        ..fetch(OTHER, 3)
    };
    assert_eq!(node.fetch(later).code, ErrorCode::NotLeaderOrFollower);
}

#[test]
fn what_observers_fetch_is_described() {
    let mut node = Node::leading();
    node.now = at(50);
    node.fetch(fetch(OTHER, 3));
    node.fetch(fetch(key(3, 700), 11));
    // Who is no replica is not one.
    node.fetch(fetch(ReplicaKey::NONE, 11));
    node.now = at(80);
    let description = node.describe();
    let own = ReplicaState {
        replica: OWN,
        end: Offset(11),
        last_fetch: at(80),
        last_caught_up: Some(at(80)),
    };
    assert_eq!(description.voters, [own]);
    let expected = [
        ReplicaState {
            replica: OTHER,
            end: Offset(3),
            last_fetch: at(50),
            last_caught_up: None,
        },
        ReplicaState {
            replica: key(3, 700),
            end: Offset(11),
            last_fetch: at(50),
            last_caught_up: Some(at(50)),
        },
    ];
    assert_eq!(description.observers, expected);
}

#[test]
fn an_observer_that_must_begin_anew_is_none_yet() {
    let mut node = Node::leading();
    let newest = SnapshotId {
        end_offset: Offset(10),
        epoch: LeaderEpoch(4),
    };
    let log = LogView {
        start: Offset(10),
        end_of_epoch: (LeaderEpoch(0), Offset(10)),
        snapshots: Some((newest, newest)),
    };
    let fetch = Fetch {
        last_epoch: LeaderEpoch(0),
        ..fetch(OTHER, 0)
    };
    let answer = answer_in(node.step(Input::Fetch { fetch, log }));
    let Body::Fetch(fetched) = answer.body else {
        panic!("{answer:?}")
    };
    assert_eq!(fetched.position, Position::Snapshot(newest));
    assert_eq!(node.describe().observers, []);
}

fn any_key() -> impl Strategy<Value = ReplicaKey> {
    let id = prop_oneof![Just(-1), Just(1), Just(2), Just(3)];
    let directory = prop_oneof![Just(0), Just(500), Just(600)];
    (id, directory).prop_map(|(id, directory)| key(id, directory))
}

/// Mostly around the epochs that a run comes through.
fn any_epoch() -> impl Strategy<Value = LeaderEpoch> {
    let epoch = prop_oneof![20 => -1..20, 1 => Just(i32::MAX), 1 => Just(i32::MAX / 2 - 1), 1 => Just(i32::MIN)];
    epoch.prop_map(LeaderEpoch)
}

fn any_offset() -> impl Strategy<Value = Offset> {
    prop_oneof![-1..40_i64, Just(i64::MAX)].prop_map(Offset)
}

fn any_request() -> impl Strategy<Value = Request> {
    let endpoints = || {
        let endpoint = Just(begin(OTHER.id, 0).endpoints.remove(0));
        prop::collection::vec(endpoint, 0..3)
    };
    let vote = (
        any_key(),
        any_key(),
        any_epoch(),
        any_epoch(),
        any_offset(),
        any::<bool>(),
    );
    let vote = vote.prop_map(|(voter, candidate, epoch, last_epoch, end, is_pre_vote)| {
        Request::Vote(Vote {
            voter,
            candidate,
            epoch,
            last_epoch,
            end,
            is_pre_vote,
        })
    });
    let begin = (any_key(), any_key(), any_epoch(), endpoints());
    let begin = begin.prop_map(|(voter, leader, epoch, endpoints)| {
        Request::BeginQuorumEpoch(BeginQuorumEpoch {
            voter,
            leader: leader.id,
            epoch,
            endpoints,
        })
    });
    let end = (any_key(), any_epoch(), endpoints());
    let end = end.prop_map(|(leader, epoch, endpoints)| {
        Request::EndQuorumEpoch(EndQuorumEpoch {
            leader: leader.id,
            epoch,
            endpoints,
        })
    });
    let snapshot = any_epoch().prop_map(|epoch| Request::FetchSnapshot { epoch });
    prop_oneof![4 => vote, 2 => begin, 2 => end, 1 => snapshot, 1 => Just(Request::DescribeQuorum)]
}

#[derive(Clone, Debug)]
enum Event {
    Request(Request),
    Fetch(Fetch),
    Append,
    Upgrade,
    Sync,
    Pass(u64),
    /// The node dies and comes back with what is on its disk.
    Crash,
}

fn any_event() -> impl Strategy<Value = Event> {
    let fetch = (any_key(), any_epoch(), any_offset(), any_epoch(), -1..2);
    let fetch = fetch.prop_map(|(replica, epoch, offset, last_epoch, max_wait_ms)| {
        Event::Fetch(Fetch {
            replica,
            epoch,
            offset,
            last_epoch,
            max_wait_ms,
        })
    });
    prop_oneof![
        8 => any_request().prop_map(Event::Request),
        2 => fetch,
        3 => Just(Event::Append),
        2 => Just(Event::Upgrade),
        3 => Just(Event::Sync),
        3 => (0..2500_u64).prop_map(Event::Pass),
        1 => Just(Event::Crash),
    ]
}

proptest! {
    /// Raft's promises of one voter, whatever it is asked and whenever it dies.
    #[test]
    fn its_promises_hold_in_every_run(is_static: bool, events in prop::collection::vec(any_event(), 0..60)) {
        let first = if is_static { static_options(10) } else { options(10) };
        let mut node = Node::new(first.clone());
        let mut watch = Watch::default();
        watch.see(&node.step(Input::Start));
        for event in events {
            let epoch = node.raft.epoch();
            let out = match event {
                Event::Request(request) => {
                    let out = node.step(Input::Request(request));
                    answer_in(out.clone());
                    out
                }
                Event::Fetch(fetch) => {
                    let answer = node.fetch(fetch);
                    // Whoever only reads changes nothing.
                    prop_assert_eq!(answer.epoch, epoch);
                    Vec::new()
                }
                Event::Append if node.raft.is_leader() => node.step(Input::Appended { end: node.raft.end + 1 }),
                Event::Upgrade if node.raft.is_leader() && node.raft.membership().kraft_version == 0 => {
                    node.step(Input::UpgradeKRaftVersion { to: 1 })
                }
                Event::Append | Event::Upgrade => Vec::new(),
                Event::Sync => node.settle(),
                Event::Pass(ms) => {
                    node.now = node.now + Duration::from_millis(ms);
                    node.step(Input::Tick)
                }
                Event::Crash => {
                    let found = Options {
                        stored: Some(node.disk),
                        log_epoch: node.raft.last_epoch,
                        log_end: node.raft.synced,
                        membership: node.written_below(node.raft.synced).clone(),
                        ..first.clone()
                    };
                    let now = node.now;
                    node = Node::new(found);
                    node.now = now;
                    node.step(Input::Start)
                }
            };
            prop_assert!(node.raft.epoch() >= epoch, "epochs never go back");
            prop_assert_eq!(node.disk, node.raft.state, "nothing is answered that a crash takes back");
            prop_assert_eq!(node.raft.membership(), node.written_below(node.raft.end));
            if let Some(Output::Committed(offset)) = out.last() {
                prop_assert_eq!(node.raft.committed_membership(), node.written_below(*offset));
            }
            watch.see(&out);
        }
        // Whatever was asked of it, it leads again.
        node.now = node.now + Duration::from_secs(2);
        node.step(Input::Tick);
        node.settle();
        prop_assert!(node.raft.is_leader());
    }
}

/// What was seen of a voter over all its lives.
#[derive(Default)]
struct Watch {
    promised: Option<QuorumState>,
    committed: Option<Offset>,
    led: Option<LeaderEpoch>,
}

impl Watch {
    fn see(&mut self, out: &[Output]) {
        for output in out {
            match output {
                Output::Persist(state) => {
                    if let Some(before) = self.promised {
                        let is_same = state.epoch == before.epoch;
                        assert!(state.epoch >= before.epoch);
                        let is_known = |id: NodeId| id != NodeId::NONE;
                        assert!(
                            !is_same || !is_known(before.leader) || state.leader == before.leader
                        );
                        let votes_again = is_known(before.voted.id) && is_known(state.voted.id);
                        assert!(!is_same || !votes_again || state.voted == before.voted);
                    }
                    self.promised = Some(*state);
                }
                Output::Lead { epoch, .. } => {
                    assert!(Some(*epoch) > self.led, "an epoch is led once");
                    self.led = Some(*epoch);
                }
                Output::Committed(offset) => {
                    assert!(Some(*offset) > self.committed, "what is committed stays");
                    self.committed = Some(*offset);
                }
                Output::Append(_) | Output::Resign | Output::Answer(_) => {}
            }
        }
    }
}
