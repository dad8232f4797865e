//! Clients that come, go, fall silent and ask again, of a coordinator that loses records and restarts: a [`Judge`] sees all that they
//! are told, and when they are left in peace, they find together.
//!
//! `STEPS=1000000 cargo test -p ottla-group --test classic --release` explores; `SEED` plays one run again.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_coordinator::Ticket;
use ottla_group::classic::{Answer, JoinAnswer, SyncAnswer};
use ottla_model::ErrorCode;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::coordinator::{Client, Coordinator, Outcome, SECOND};
use crate::judge::{INSTANCE, Judge, part};
use crate::seeds::play_seeds;

/// Steps of one run, without those in which the clients find together.
const STEPS_OF_A_RUN: u64 = 500;
/// All steps, unless `STEPS` says otherwise.
const STEPS: u64 = 20_000;
const CLIENTS: usize = 6;
const INSTANCES: u64 = 3;
const LONGEST_REBALANCE: Duration = Duration::from_secs(40);
/// In which the sessions and rebalances of those who are gone end, one after the other.
const TO_FIND_TOGETHER: Duration = Duration::from_secs(400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// To be in the next generation.
    Join,
    /// Its part.
    Sync,
    /// Nothing: it is at work.
    Nothing,
}

/// A client as Kafka's are: it has one request under way, and asks again when it has lost its connection.
#[derive(Debug)]
struct Member {
    client: Client,
    generation: i32,
    protocol: String,
    /// Who is to be assigned something, if it leads.
    members: Vec<String>,
    wants: Wants,
    asked: Option<Ticket>,
}

/// Whose a ticket is, and what it was told then; it stays here when its client has lost it.
#[derive(Debug)]
enum Asked {
    Join,
    Sync { member_id: String, generation: i32 },
    Leave,
}

#[derive(Debug)]
struct World {
    coordinator: Coordinator,
    judge: Judge,
    dice: ChaCha8Rng,
    members: Vec<Member>,
    asked: BTreeMap<Ticket, Asked>,
    assignments: u64,
    steps: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            coordinator: Coordinator::default(),
            judge: Judge::default(),
            dice: ChaCha8Rng::seed_from_u64(seed),
            members: Vec::new(),
            asked: BTreeMap::new(),
            assignments: 0,
            steps: 0,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.next_u64() % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick(&mut self) -> Option<usize> {
        let count = u64::try_from(self.members.len()).expect("they are few");
        (count > 0).then(|| usize::try_from(self.below(count)).expect("they are few"))
    }

    fn protocols(&mut self) -> Vec<(&'static str, Vec<u8>)> {
        let metadata = self.below(3).to_string().into_bytes();
        let names: &[&str] = match self.below(12) {
            0..4 => &["range"],
            4..8 => &["range", "sticky"],
            8..11 => &["sticky", "range"],
            _ => &["sticky"],
        };
        let names = names.iter();
        names.map(|name| (*name, metadata.clone())).collect()
    }

    fn new_member(&mut self) -> Member {
        let instance = self.below(2 * INSTANCES);
        let instance_id = (instance < INSTANCES).then(|| format!("{INSTANCE}{instance}"));
        let version = match self.below(4) {
            0 if instance_id.is_none() => 3,
            1 => 8,
            _ => 9,
        };
        let client = Client {
            version,
            member_id: String::new(),
            instance_id,
            protocol_type: "consumer",
            protocols: self.protocols(),
            session_timeout: SECOND * (6 + self.below(15)) as u32,
            rebalance_timeout: LONGEST_REBALANCE - SECOND * self.below(38) as u32,
        };
        Member {
            client,
            generation: -1,
            protocol: String::new(),
            members: Vec::new(),
            wants: Wants::Join,
            asked: None,
        }
    }

    /// Anything may happen.
    fn step(&mut self) {
        match self.below(100) {
            0..45 => self.act(),
            45..50 => self.lose_connection(),
            50..53 => self.crash(),
            53..58 => self.start(),
            58..60 => self.leave(),
            60..62 => self.change_mind(),
            62..80 => {
                if self.coordinator.commit() {
                    self.judge.committed(&self.coordinator);
                }
            }
            80..82 => self.lose_records(),
            82 => self.restart(),
            83..85 => self.be_a_stranger(),
            85 => self.resize(),
            86..97 => {
                let time = Duration::from_millis(self.below(3000));
                self.coordinator.pass(time);
            }
            _ => {
                let time = SECOND * self.below(60) as u32;
                self.coordinator.pass(time);
            }
        }
        self.hear();
    }

    /// Hears all answers, and looks at the whole.
    fn hear(&mut self) {
        // What is due now is done before anybody looks.
        self.coordinator.pass(Duration::ZERO);
        for (ticket, outcome) in std::mem::take(&mut self.coordinator.answers) {
            self.told(ticket, outcome);
        }
        let patience = LONGEST_REBALANCE.max(self.coordinator.settings.initial_rebalance_delay);
        self.judge.look_at(&self.coordinator, patience);
        self.check_commits();
        self.steps += 1;
    }

    fn told(&mut self, ticket: Ticket, outcome: Outcome) {
        let asked = self.asked.remove(&ticket).expect("somebody asked");
        match (&asked, &outcome) {
            (Asked::Join, Ok(Answer::Join(answer))) => self.judge.joined(answer),
            (
                Asked::Sync {
                    member_id,
                    generation,
                },
                Ok(Answer::Sync(answer)),
            ) => self.judge.synced(member_id, *generation, answer),
            (Asked::Leave, Ok(Answer::Leave(_))) | (_, Err(_)) => {}
            _ => panic!("{asked:?} was told {outcome:?}"),
        }
        let mut members = self.members.iter();
        let Some(index) = members.position(|member| member.asked == Some(ticket)) else {
            return;
        };
        let member = &mut self.members[index];
        member.asked = None;
        let goes_on = match outcome {
            Ok(Answer::Join(answer)) => member.joined(&answer),
            Ok(Answer::Sync(answer)) => member.synced(&answer),
            Ok(Answer::Leave(_)) => panic!("who leaves does not wait for the answer"),
            Err(_) => {
                member.wants = Wants::Join;
                true
            }
        };
        if !goes_on {
            self.members.remove(index);
        }
    }

    /// A client does what it wants next.
    fn act(&mut self) {
        let Some(index) = self.pick() else {
            return;
        };
        if self.members[index].asked.is_none() {
            self.ask(index);
        }
    }

    fn ask(&mut self, index: usize) {
        let member = &mut self.members[index];
        match member.wants {
            Wants::Join => {
                let ticket = self.coordinator.join(&member.client);
                member.asked = Some(ticket);
                self.asked.insert(ticket, Asked::Join);
            }
            Wants::Sync => {
                self.assignments += 1;
                let assignment = self.assignments.to_string();
                let members = member.members.iter();
                let parts: Vec<(&str, String)> =
                    members.map(|id| (&**id, part(&assignment, id))).collect();
                let parts: Vec<(&str, &str)> =
                    parts.iter().map(|(id, part)| (*id, &**part)).collect();
                let ticket = self.coordinator.sync_following(
                    "consumer",
                    &member.protocol,
                    &member.client.member_id,
                    member.client.instance_id.as_deref(),
                    member.generation,
                    &parts,
                );
                member.asked = Some(ticket);
                let asked = Asked::Sync {
                    member_id: member.client.member_id.clone(),
                    generation: member.generation,
                };
                self.asked.insert(ticket, asked);
            }
            Wants::Nothing => {
                let instance = member.client.instance_id.as_deref();
                let id = &member.client.member_id;
                let error = self.coordinator.heartbeat(id, instance, member.generation);
                if !member.obey(error) {
                    self.members.remove(index);
                }
            }
        }
    }

    /// The client hears nothing of what it asked, and asks again.
    fn lose_connection(&mut self) {
        let Some(index) = self.pick() else {
            return;
        };
        if self.members[index].asked.take().is_some() {
            self.ask(index);
        }
    }

    /// Without a word.
    fn crash(&mut self) {
        if let Some(index) = self.pick() {
            self.members.remove(index);
        }
    }

    /// Perhaps as an instance that is running already.
    fn start(&mut self) {
        if self.members.len() < CLIENTS {
            let member = self.new_member();
            self.members.push(member);
        }
    }

    fn leave(&mut self) {
        let ticket = if self.one_in(5) {
            let instance = format!("{INSTANCE}{}", self.below(INSTANCES));
            self.coordinator.leave(&[("", Some(&instance))])
        } else {
            let Some(index) = self.pick() else {
                return;
            };
            let client = self.members.remove(index).client;
            let instance = client.instance_id.as_deref();
            self.coordinator.leave(&[(&client.member_id, instance)])
        };
        self.asked.insert(ticket, Asked::Leave);
    }

    /// Subscribes to something else.
    fn change_mind(&mut self) {
        let protocols = self.protocols();
        if let Some(index) = self.pick() {
            let member = &mut self.members[index];
            member.client.protocols = protocols;
            if member.asked.is_none() {
                member.wants = Wants::Join;
            }
        }
    }

    fn lose_records(&mut self) {
        if !self.coordinator.has_in_flight() {
            return;
        }
        let errors = [
            ErrorCode::NotEnoughReplicas,
            ErrorCode::RequestTimedOut,
            ErrorCode::MessageTooLarge,
        ];
        let which = usize::try_from(self.below(3)).expect("it is small");
        self.coordinator.fail(errors[which]);
        self.judge.failed(&self.coordinator);
    }

    fn restart(&mut self) {
        self.coordinator.restart();
        self.judge.restarted(&self.coordinator);
    }

    fn resize(&mut self) {
        self.coordinator.settings.max_size = match self.below(4) {
            0 => 2,
            1 => 4,
            _ => usize::MAX,
        };
        let delay = self.below(6);
        self.coordinator.settings.initial_rebalance_delay = SECOND * delay as u32;
    }

    /// Somebody claims to be a member, in some generation.
    fn be_a_stranger(&mut self) {
        let generation = self.below(40) as i32 - 1;
        let id = match self.pick() {
            Some(index) if self.one_in(2) => self.members[index].client.member_id.clone(),
            _ => format!("stranger{}", self.below(9)),
        };
        let is_current = self
            .coordinator
            .group
            .as_ref()
            .is_some_and(|group| group.generation() == generation);
        if is_current && !id.starts_with("stranger") {
            // It would be that member.
            return;
        }
        let ticket = self.coordinator.sync(&id, None, generation, &[]);
        self.asked.insert(
            ticket,
            Asked::Sync {
                member_id: id.clone(),
                generation,
            },
        );
        let told = self.coordinator.heartbeat(&id, None, generation);
        assert_ne!(told, ErrorCode::None);
    }

    /// Only members of this generation commit, unless it is nobody's.
    fn check_commits(&mut self) {
        let Some(group) = &self.coordinator.group else {
            return;
        };
        let members = group.described().members;
        let is_completing = group.state().name() == "CompletingRebalance";
        for member in &self.members {
            let client = &member.client;
            let instance = client.instance_id.as_deref();
            let commit = group.validate_commit(&client.member_id, instance, member.generation);
            let is_member = members.iter().any(|known| {
                *known.member_id == *client.member_id
                    && known.group_instance_id.as_deref() == instance
            });
            let is_current = is_member && member.generation == group.generation();
            let may_commit =
                is_current && !is_completing || group.is_empty() && member.generation < 0;
            assert_eq!(commit.is_ok(), may_commit, "{client:?}: {commit:?}");
        }
    }

    /// In peace, all who are alive come to be the members of one generation, and those who are gone are not.
    fn find_together(&mut self) {
        self.coordinator.settings.max_size = usize::MAX;
        let end = self.coordinator.now.monotonic + TO_FIND_TOGETHER;
        while self.coordinator.now.monotonic < end {
            for index in (0..self.members.len()).rev() {
                if self.members[index].asked.is_none() {
                    self.ask(index);
                    self.hear();
                }
            }
            while self.coordinator.commit() {
                self.judge.committed(&self.coordinator);
                self.hear();
            }
            self.coordinator.pass(Duration::from_millis(900));
            self.hear();
        }
        assert!(self.coordinator.waiting.is_empty());
        assert!(self.asked.is_empty(), "all were answered");
        let Some(group) = &self.coordinator.group else {
            assert!(self.members.is_empty());
            return;
        };
        let known = group.described().members;
        assert_eq!(known.len(), self.members.len());
        for member in &self.members {
            assert_eq!(member.wants, Wants::Nothing);
            assert_eq!(member.generation, group.generation());
            let mut known = known.iter();
            assert!(known.any(|known| *known.member_id == *member.client.member_id));
        }
        let state = if self.members.is_empty() {
            "Empty"
        } else {
            "Stable"
        };
        assert_eq!(group.state().name(), state);
    }
}

impl Member {
    /// Whether it goes on.
    fn joined(&mut self, answer: &JoinAnswer) -> bool {
        match answer.error {
            ErrorCode::None => {
                let leads = answer.leader == answer.member_id && !answer.skip_assignment;
                let members = answer.members.iter().filter(|_| leads);
                self.members = members.map(|member| member.member_id.to_string()).collect();
                self.client.member_id = answer.member_id.to_string();
                self.generation = answer.generation;
                self.protocol = answer.protocol.as_deref().unwrap_or_default().to_owned();
                self.wants = Wants::Sync;
                true
            }
            ErrorCode::MemberIdRequired => {
                self.client.member_id = answer.member_id.to_string();
                true
            }
            error => self.obey(error),
        }
    }

    fn synced(&mut self, answer: &SyncAnswer) -> bool {
        if answer.error == ErrorCode::None {
            self.wants = Wants::Nothing;
            return true;
        }
        self.obey(answer.error)
    }

    /// What an error asks of a client. Whether it goes on.
    fn obey(&mut self, error: ErrorCode) -> bool {
        match error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::UnknownServerError => self.wants = Wants::Join,
            ErrorCode::IllegalGeneration => {
                self.wants = Wants::Join;
                self.generation = -1;
            }
            ErrorCode::UnknownMemberId => {
                self.wants = Wants::Join;
                self.generation = -1;
                self.client.member_id.clear();
            }
            ErrorCode::FencedInstanceId
            | ErrorCode::GroupMaxSizeReached
            | ErrorCode::InconsistentGroupProtocol => return false,
            other => panic!("{self:?} was told {other}"),
        }
        true
    }
}

/// How many steps it has taken.
fn play(seed: u64) -> u64 {
    let mut world = World::new(seed);
    while world.steps < STEPS_OF_A_RUN {
        world.step();
    }
    world.find_together();
    world.steps
}

#[test]
fn whatever_happens_members_of_a_generation_agree_and_find_together_in_the_end() {
    play_seeds(STEPS, play);
}
