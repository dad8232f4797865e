//! Clients of both protocols in one group, which is upgraded and downgraded, of a coordinator that loses records and restarts: no partition
//! is two members' at once, what was committed is found, and when they are left in peace, each partition is one's.
//!
//! `STEPS=1000000 cargo test -p ottla-group --test migration --release model` explores; `SEED` plays one run again.

mod client;
mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Ticket;
use ottla_group::classic::{Answer as ClassicAnswer, Heartbeat, Join, Leave, Sync};
use ottla_group::consumer::MigrationPolicy;
use ottla_group::offsets::{CommitOffsets, FetchOffsets, FetchTopic, PartitionCommit, TopicCommit};
use ottla_group::{Answer, Reply, Request};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId, Uuid};
use ottla_wire::message::heartbeat::HeartbeatRequest;
use ottla_wire::message::leave_group::{LeaveGroupRequest, MemberIdentity};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::partition::{GROUP, PARTITIONS, Partition, TOPIC};
use crate::seeds::play_seeds;
use client::{Client, Wants};
use judge::Judge;

/// Steps of one run, without those in which the clients find together.
const STEPS_OF_A_RUN: u64 = 500;
/// All steps, unless `STEPS` says otherwise.
const STEPS: u64 = 20_000;
const CLIENTS: usize = 6;
const INSTANCES: u64 = 2;
/// In which the sessions and rebalances of those who are gone end, one after the other.
const TO_FIND_TOGETHER: u64 = 400;
/// A topic's id is the number of the change that created it, and this one is the first.
const TOPIC_ID: TopicId = TopicId(Uuid::from_u128(1));

struct World {
    partition: Partition,
    judge: Judge,
    dice: ChaCha8Rng,
    clients: Vec<Client>,
    /// Commits that are not answered yet.
    commits: BTreeMap<Ticket, (i32, i64)>,
    steps: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut partition = Partition::new(MigrationPolicy::Bidirectional);
        partition.holds = true;
        Self {
            partition,
            judge: Judge::default(),
            dice: ChaCha8Rng::seed_from_u64(seed),
            clients: Vec::new(),
            commits: BTreeMap::new(),
            steps: 0,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        below(&mut self.dice, bound)
    }

    fn pick(&mut self) -> Option<usize> {
        let count = self.clients.len() as u64;
        (count > 0).then(|| self.below(count) as usize)
    }

    /// Anything may happen.
    fn step(&mut self) {
        match self.below(100) {
            0..50 => {
                if let Some(index) = self.pick() {
                    self.act(index);
                }
            }
            50..53 => {
                if let Some(index) = self.pick() {
                    self.clients[index].lose_connection();
                }
            }
            53..55 => {
                if let Some(index) = self.pick() {
                    self.clients.remove(index);
                }
            }
            55..60 => self.start(),
            60..63 => self.leave(),
            63..67 => self.commit(),
            67..71 => self.fetch(),
            71..87 => drop(self.partition.settle(Ok(()))),
            87..89 => drop(self.partition.settle(Err(ErrorCode::NotEnoughReplicas))),
            89 => self.restart(),
            90..98 => {
                let time = Duration::from_millis(self.below(3000));
                self.partition.pass_time(time);
            }
            _ => {
                let seconds = self.below(60);
                self.partition.pass(seconds);
            }
        }
        self.hear();
    }

    fn start(&mut self) {
        if self.clients.len() == CLIENTS {
            return;
        }
        let is_classic = self.below(2) == 0;
        let instance = self.below(3 * INSTANCES);
        let instance = (instance < INSTANCES).then(|| format!("static{instance}"));
        let is_taken = self.clients.iter().any(|other| other.instance == instance);
        let instance = instance.filter(|_| !is_taken);
        let id = if is_classic {
            String::new()
        } else {
            self.partition.new_uuid().to_string()
        };
        self.clients.push(Client::new(is_classic, id, instance));
    }

    /// A client does what it wants next.
    fn act(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if client.asked.is_some() {
            return;
        }
        let asked = self.judge.moment();
        let group: Arc<str> = GROUP.into();
        let request = if client.is_classic {
            match client.wants {
                Wants::Join => {
                    let uuid = self.partition.new_uuid();
                    let join = client.join_request();
                    let join = Join::of(&join, 9, "client", "/127.0.0.1", uuid);
                    Request::Join(group, Box::new(join))
                }
                Wants::Sync => Request::Sync(group, Sync::of(&client.sync_request(), 4).unwrap()),
                Wants::Nothing => {
                    let heartbeat = HeartbeatRequest {
                        member_id: client.id.clone().into(),
                        group_instance_id: client.instance.clone().map(Into::into),
                        generation_id: client.epoch,
                        ..Default::default()
                    };
                    Request::Heartbeat(group, Heartbeat::of(&heartbeat))
                }
            }
        } else {
            if below(&mut self.dice, 3) > 0 {
                client.give_up();
            }
            client.consumer_request(client.epoch, TOPIC_ID, self.partition.new_uuid())
        };
        let ticket = self.partition.send(request);
        self.clients[index].asked = Some((ticket, asked));
    }

    fn leave(&mut self) {
        let Some(index) = self.pick() else {
            return;
        };
        let client = self.clients.remove(index);
        let request = if client.is_classic {
            let leave = LeaveGroupRequest {
                members: vec![MemberIdentity {
                    member_id: client.id.clone().into(),
                    group_instance_id: client.instance.map(Into::into),
                    ..Default::default()
                }],
                ..Default::default()
            };
            Request::Leave(GROUP.into(), Leave::of(&leave, 5))
        } else {
            let comes_back = client.instance.is_some() && self.below(2) == 0;
            let uuid = self.partition.new_uuid();
            client.consumer_request(if comes_back { -2 } else { -1 }, TOPIC_ID, uuid)
        };
        self.partition.send(request);
    }

    fn commit(&mut self) {
        let Some(index) = self.pick() else {
            return;
        };
        let client = &self.clients[index];
        let Some(partition) = client.has.keys().next().copied() else {
            return;
        };
        let position = self.judge.committing();
        let request = CommitOffsets {
            group: GROUP.into(),
            member: client.claim(),
            kept_for: None,
            topics: vec![TopicCommit {
                name: TOPIC.into(),
                id: TOPIC_ID,
                partitions: vec![PartitionCommit {
                    partition: PartitionIndex(partition),
                    offset: Offset(position),
                    leader_epoch: LeaderEpoch::NONE,
                    metadata: String::new(),
                }],
            }],
        };
        let ticket = self.partition.send(Request::CommitOffsets(request));
        self.commits.insert(ticket, (partition, position));
    }

    fn fetch(&mut self) {
        let partition = self.below(PARTITIONS.unsigned_abs().into()) as i32;
        // What is committed has been told before.
        self.hear();
        let request = FetchOffsets {
            group: GROUP.into(),
            member_id: None,
            member_epoch: -1,
            topics: Some(vec![FetchTopic {
                name: TOPIC.into(),
                id: TopicId::NONE,
                partitions: vec![PartitionIndex(partition)],
            }]),
            require_stable: false,
        };
        let ticket = self.partition.send(Request::FetchOffsets(request));
        let mut answers = self.partition.hear();
        match answers.remove(&ticket) {
            Some(Ok(Ok(Reply::Fetched(topics)))) => {
                let found = topics[0].partitions[0].offset;
                self.judge.fetched(partition, found.0);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Who waits hears nothing.
    fn restart(&mut self) {
        if self.below(2) == 0 {
            self.partition.restart();
        } else {
            for (partition, position) in std::mem::take(&mut self.commits).into_values() {
                self.judge.may_be_committed(partition, position);
            }
            self.partition.restart_with_what_is_held();
        }
        self.commits.clear();
        for client in &mut self.clients {
            if client.asked.is_some() {
                client.lose_connection();
            }
        }
    }

    fn hear(&mut self) {
        self.partition.pass(0);
        for (ticket, answer) in self.partition.hear() {
            let answer = answer.unwrap_or_else(Err);
            if let Some((partition, position)) = self.commits.remove(&ticket) {
                if answer == Ok(Reply::Codes(vec![ErrorCode::None])) {
                    self.judge.committed(partition, position);
                }
                continue;
            }
            self.told(ticket, answer);
        }
        self.steps += 1;
    }

    fn told(&mut self, ticket: Ticket, answer: Answer) {
        let is_its = |client: &&mut Client| client.asked.is_some_and(|(asked, _)| asked == ticket);
        let Some(client) = self.clients.iter_mut().find(is_its) else {
            return;
        };
        let (_, asked) = client.asked.take().expect("it was found by that");
        match answer {
            Ok(Reply::Classic(ClassicAnswer::Join(answer))) => client.joined(&answer),
            Ok(Reply::Classic(ClassicAnswer::Sync(answer))) => {
                client.synced(&answer, &mut self.judge);
            }
            Ok(Reply::Codes(codes)) => client.alive(codes[0], &mut self.judge, asked),
            Ok(Reply::ConsumerHeartbeat(answer)) => client.heard(&answer, &mut self.judge, asked),
            Err(code) => client.obey(code),
            other => panic!("{client:?} is told {other:?}"),
        }
    }

    /// In peace, each partition comes to be one member's.
    fn find_together(&mut self) {
        for _ in 0..TO_FIND_TOGETHER {
            for index in 0..self.clients.len() {
                self.act(index);
                self.hear();
            }
            while self.partition.settle(Ok(())) {
                self.hear();
            }
            self.partition.pass(1);
            self.hear();
        }
        let mut shared: Vec<i32> = Vec::new();
        for client in &self.clients {
            assert!(client.is_at_work(), "{client:?}");
            shared.extend(client.has.keys());
        }
        shared.sort_unstable();
        let all = 0..if self.clients.is_empty() {
            0
        } else {
            PARTITIONS
        };
        assert_eq!(shared, all.collect::<Vec<_>>(), "{:?}", self.clients);
        self.partition.restart();
    }
}

fn below(dice: &mut ChaCha8Rng, bound: u64) -> u64 {
    dice.next_u64() % bound
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
fn whatever_happens_members_of_both_protocols_share_the_partitions_and_find_what_they_commit() {
    play_seeds(STEPS, play);
}
