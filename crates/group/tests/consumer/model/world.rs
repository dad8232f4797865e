use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ottla_group::consumer::{Epoch, GroupState};
use ottla_wire::coordinator_record::GroupRecord;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::client::Client;
use super::compaction::compacted;
use crate::coordinator::{Coordinator, replayed};
use ottla_group::consumer::TopicsView;

const TOPICS: [&str; 4] = ["orders", "offers", "users", "logs"];
const REGEXES: [&str; 3] = ["o.*", "users|logs", ".*"];
const INSTANCES: [&str; 3] = ["i", "j", "k"];
const MAX_CLIENTS: usize = 8;
/// Between two compactions, beyond which the log is replaced by what is left of it.
const LONG_LOG: usize = 500;

pub(super) struct World {
    random: ChaCha8Rng,
    seed: u64,
    step: u64,
    coordinator: Coordinator,
    clients: Vec<Client>,
    born: u32,
    /// The largest that the group ever had.
    epoch: Epoch,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut coordinator = Coordinator::new();
        coordinator.settings.assignment_interval = Duration::from_secs(seed % 3);
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            seed,
            step: 0,
            coordinator,
            clients: Vec::new(),
            born: 0,
            epoch: Epoch::FIRST,
        }
    }

    pub(super) fn run(&mut self, steps: u64) {
        for step in 0..steps {
            self.step = step;
            self.act();
            self.check();
            if step % 400 == 399 {
                self.come_to_rest();
            }
        }
    }

    fn draw(&mut self, below: usize) -> usize {
        let below = u32::try_from(below).unwrap();
        usize::try_from(self.random.next_u32() % below).unwrap()
    }

    fn act(&mut self) {
        match self.draw(100) {
            0..60 => self.heartbeat(),
            60..72 => {
                if let Some(client) = self.any_client() {
                    self.clients[client].take_up();
                }
            }
            72..78 => self.start_client(),
            78..81 => self.leave(),
            81..83 => self.kill(),
            83..87 => {
                if let Some(client) = self.any_client() {
                    self.subscribe(client);
                }
            }
            87..93 => {
                let seconds = self.draw(8);
                self.coordinator.pass(seconds as u64);
            }
            93 => self.coordinator.pass(40),
            94..96 => self.change_topics(),
            96..98 => self.coordinator.restart(),
            _ => self.compact(),
        }
    }

    fn any_client(&mut self) -> Option<usize> {
        let count = self.clients.len();
        (count > 0).then(|| self.draw(count))
    }

    fn heartbeat(&mut self) {
        let Some(number) = self.any_client() else {
            return;
        };
        let fate = self.draw(20);
        self.coordinator.fails = fate == 0;
        self.heartbeat_of(number, fate == 1);
        self.coordinator.fails = false;
        if self.draw(2) == 0 {
            self.clients[number].take_up();
        }
    }

    fn heartbeat_of(&mut self, number: usize, lose_answer: bool) {
        let client = &mut self.clients[number];
        match self.coordinator.try_send(&client.heartbeat(), 1) {
            _ if lose_answer => client.missed_answer(),
            Ok(response) => client.answered(response),
            Err(refused) => client.refused(refused.error),
        }
    }

    fn start_client(&mut self) {
        if self.clients.len() == MAX_CLIENTS {
            return;
        }
        self.born += 1;
        let free = INSTANCES
            .into_iter()
            .find(|instance| self.clients.iter().all(|c| c.instance != Some(*instance)));
        let instance = if self.draw(3) == 0 { free } else { None };
        self.clients
            .push(Client::new(format!("c{}", self.born), instance));
        self.subscribe(self.clients.len() - 1);
    }

    fn subscribe(&mut self, number: usize) {
        let mut topics = BTreeSet::new();
        let mut regex = None;
        match self.draw(4) {
            0 => {
                let which = self.draw(REGEXES.len());
                regex = Some(REGEXES[which]);
            }
            1 => {
                for topic in TOPICS {
                    if self.draw(2) == 0 {
                        topics.insert(topic);
                    }
                }
            }
            _ => topics.extend(["orders", "users"]),
        }
        self.clients[number].subscribe(topics, regex);
    }

    fn leave(&mut self) {
        let Some(number) = self.any_client() else {
            return;
        };
        let client = self.clients.swap_remove(number);
        let comes_back = client.instance.is_some() && self.draw(2) == 0;
        let request = client.leave(if comes_back { -2 } else { -1 });
        // It may have been fenced, and may have never come to join.
        drop(self.coordinator.try_send(&request, 1));
    }

    fn kill(&mut self) {
        if let Some(number) = self.any_client() {
            self.clients.swap_remove(number);
        }
    }

    fn change_topics(&mut self) {
        let which = self.draw(TOPICS.len());
        let name = TOPICS[which];
        let topics = &self.coordinator.topics;
        let partitions = topics.id(name).and_then(|id| topics.partition_count(id));
        let more = i32::try_from(1 + self.draw(5)).unwrap();
        match partitions {
            None => drop(self.coordinator.topics.create(name, more)),
            Some(partitions) if self.draw(3) > 0 && partitions < 16 => {
                self.coordinator.topics.grow(name, partitions + more);
            }
            Some(_) => self.coordinator.topics.delete(name),
        }
        self.coordinator.timers.metadata_changed();
    }

    /// What a cleaner leaves gives the same group, and the same one when more records follow.
    fn compact(&mut self) {
        let tombstones = self.draw(2) == 0;
        let length = self.coordinator.log.len();
        let cleaned = self.draw(length + 1);
        let log = &self.coordinator.log;
        let left: Vec<GroupRecord<'static>> = compacted(log, cleaned, tombstones);
        assert_eq!(replayed(&left), self.coordinator.group, "{}", self.place());
        if length > LONG_LOG {
            self.coordinator.log = left;
        }
    }

    fn place(&self) -> String {
        format!("seed {}, step {}", self.seed, self.step)
    }

    fn check(&mut self) {
        let place = self.place();
        let Some(group) = &self.coordinator.group else {
            return;
        };
        assert!(
            group.epoch() >= self.epoch,
            "{place}: the group's epoch fell"
        );
        assert!(group.epoch() >= group.target_epoch(), "{place}");
        self.epoch = group.epoch();

        let mut owners = BTreeMap::new();
        for member in group.members() {
            assert!(member.epoch <= group.target_epoch(), "{place}: {member:?}");
            assert!(
                member.previous_epoch <= member.epoch || member.epoch < Epoch::JOIN,
                "{place}: {member:?}"
            );
            for (topic, partitions) in member.assigned.iter().chain(&*member.pending_revocation) {
                for (partition, epoch) in partitions {
                    let other = owners.insert((*topic, *partition), &member.id);
                    assert_eq!(other, None, "{place}: {topic}-{partition} has two owners");
                    assert!(group.is_owned(*topic, *partition), "{place}");
                    assert!(
                        *epoch <= member.epoch.max(Epoch::JOIN),
                        "{place}: {member:?}"
                    );
                }
            }
        }
        // What a client consumes that has not been fenced is its own.
        for client in &self.clients {
            let Some(member) = group.member(&client.id) else {
                continue;
            };
            for (topic, partitions) in &client.owned {
                for partition in partitions {
                    let owner = owners.get(&(*topic, *partition));
                    assert_eq!(
                        owner,
                        Some(&&member.id),
                        "{place}: {topic}-{partition} of {client:?}"
                    );
                }
            }
        }
    }

    /// Left alone, the clients have all partitions among them, and nothing moves any more.
    fn come_to_rest(&mut self) {
        for _ in 0..30 {
            for number in 0..self.clients.len() {
                self.clients[number].take_up();
                self.heartbeat_of(number, false);
                self.check();
            }
            self.coordinator.pass(4);
            self.check();
        }
        let place = self.place();
        let Some(group) = &self.coordinator.group else {
            assert!(self.clients.is_empty(), "{place}");
            return;
        };
        assert_eq!(group.members().count(), self.clients.len(), "{place}");
        if self.clients.is_empty() {
            assert_eq!(group.state(), GroupState::Empty, "{place}");
            return;
        }
        assert_eq!(group.state(), GroupState::Stable, "{place}: {group:#?}");
        let mut owned = BTreeMap::new();
        for client in &self.clients {
            let member = group.member(&client.id).unwrap();
            assert_eq!(Epoch(client.epoch), member.epoch, "{place}");
            assert_eq!(client.owned, *group.target(&client.id), "{place}");
            for (topic, partitions) in &client.owned {
                *owned.entry(*topic).or_insert(0) += partitions.len();
            }
        }
        for topic in TOPICS {
            let topics = &self.coordinator.topics;
            if let Some(id) = topics.id(topic)
                && group.is_subscribed_to(topic)
            {
                let all = usize::try_from(topics.partition_count(id).unwrap()).unwrap();
                assert_eq!(owned.get(&id), Some(&all), "{place}: {topic}");
            }
        }
    }
}
