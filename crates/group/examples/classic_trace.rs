//! `classic_trace SEED GROUPS`: what random requests make of so many classic groups, line by line, for whoever compares it with what
//! Apache Kafka makes of them. A line is something that happens, or, behind a `=`, something that comes of it; its fields are separated
//! by tabs. Bytes are in hexadecimal, `-` is nothing, and `.` is the empty text.

#[path = "../tests/classic/coordinator.rs"]
#[expect(dead_code, clippy::panic, reason = "it serves the tests, too")]
mod coordinator;
#[path = "trace/text.rs"]
mod text;

use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Ticket;
use ottla_group::classic::Answer;
use ottla_model::ErrorCode;
use ottla_wire::coordinator_record::GroupRecord;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use coordinator::{Client, Coordinator, SECOND};
use text::{hex, list, optional, text};

/// What happens to one group.
const STEPS: u32 = 400;
const MOST_MEMBERS: usize = 6;

struct Trace {
    coordinator: Coordinator,
    dice: ChaCha8Rng,
    /// Ids that were given out, with their instances.
    ids: Vec<(String, Option<String>)>,
    /// What has come of what has happened last.
    lines: Vec<String>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || -> u64 {
        let argument = arguments.next().expect("usage: classic_trace SEED GROUPS");
        argument.parse().expect("a number")
    };
    let (seed, groups) = (number(), number());
    for seed in seed..seed + groups {
        let mut trace = Trace {
            coordinator: Coordinator::default(),
            dice: ChaCha8Rng::seed_from_u64(seed),
            ids: Vec::new(),
            lines: Vec::new(),
        };
        trace.play(seed);
    }
}

impl Trace {
    fn play(&mut self, seed: u64) {
        let delay = Duration::from_millis(self.below(4000));
        self.coordinator.settings.initial_rebalance_delay = delay;
        let max_size = if self.below(4) == 0 { 4 } else { 100 };
        self.coordinator.settings.max_size = max_size;
        println!("group\t{seed}\t{}\t{max_size}", delay.as_millis());
        for _ in 0..STEPS {
            self.step();
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.next_u64() % bound
    }

    fn index(&mut self, len: usize) -> usize {
        let len = u64::try_from(len).expect("it is short");
        usize::try_from(self.below(len)).expect("it is short")
    }

    fn step(&mut self) {
        match self.below(100) {
            0..38 => self.join(),
            38..58 => self.sync(),
            58..70 => self.heartbeat(),
            70..74 => self.leave(),
            74..79 => self.check_commit(),
            79..92 => {
                let longest = if self.below(4) == 0 { 30_000 } else { 1500 };
                let time = self.below(longest) + 1;
                self.pass(time);
            }
            92..96 => self.commit(),
            96 => self.fail(),
            97 => self.load(),
            _ => {}
        }
    }

    /// Prints what happened, and what has come of it; `records` had been written before.
    fn show(&mut self, what: &str, records: usize) {
        println!("{what}");
        for (ticket, outcome) in std::mem::take(&mut self.coordinator.answers) {
            // The runtime says that a record is lost; what the group says itself is compared.
            if let Ok(answer) = outcome {
                let line = self.answer(ticket, &answer);
                self.lines.push(line);
            }
        }
        let written = self.coordinator.in_flight().skip(records).map(record);
        self.lines.extend(written);
        self.lines.push(self.state());
        self.lines.sort();
        for line in std::mem::take(&mut self.lines) {
            println!("={line}");
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: &Answer) -> String {
        let Ticket(ticket) = ticket;
        match answer {
            Answer::Join(answer) => {
                let is_known = self.ids.iter().any(|(id, _)| *id == *answer.member_id);
                if !answer.member_id.is_empty() && !is_known {
                    let instance = answer.member_id.strip_prefix("static");
                    let instance = instance.map(|rest| format!("static{}", &rest[..1]));
                    self.ids.push((answer.member_id.to_string(), instance));
                }
                let mut members: Vec<String> = answer
                    .members
                    .iter()
                    .map(|member| {
                        let instance = optional(member.instance_id.as_deref());
                        format!("{}:{instance}:{}", member.member_id, hex(&member.metadata))
                    })
                    .collect();
                members.sort();
                format!(
                    "join\t{ticket}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    answer.error as i16,
                    answer.generation,
                    optional(answer.protocol_type.as_deref()),
                    optional(answer.protocol.as_deref()),
                    text(&answer.leader),
                    text(&answer.member_id),
                    answer.skip_assignment,
                    list(members, "-"),
                )
            }
            Answer::Sync(answer) => format!(
                "sync\t{ticket}\t{}\t{}\t{}\t{}",
                answer.error as i16,
                optional(answer.protocol_type.as_deref()),
                optional(answer.protocol.as_deref()),
                hex(&answer.assignment),
            ),
            Answer::Leave(answer) => {
                let errors = answer.members.iter();
                let errors: Vec<String> = errors
                    .map(|member| (member.error as i16).to_string())
                    .collect();
                format!("leave\t{ticket}\t{}", list(errors, "-"))
            }
        }
    }

    fn state(&self) -> String {
        let Some(group) = &self.coordinator.group else {
            return "state\t-".to_owned();
        };
        let described = group.described();
        let mut members: Vec<String> = described
            .members
            .iter()
            .map(|member| format!("{}:{}", member.member_id, hex(&member.member_assignment)))
            .collect();
        members.sort();
        let GroupRecord::GroupMetadata(_, Some(record)) = group.assigned_record() else {
            unreachable!("a group writes itself");
        };
        format!(
            "state\t{}\t{}\t{}\t{}\t{}\t{}",
            group.state().name(),
            group.generation(),
            text(&described.protocol_type),
            text(&described.protocol_data),
            list(members, "-"),
            optional(record.leader.as_deref()),
        )
    }

    fn members(&self) -> Vec<(String, Option<String>)> {
        let Some(group) = &self.coordinator.group else {
            return Vec::new();
        };
        let members = group.described().members.into_iter();
        members
            .map(|member| {
                let instance = member.group_instance_id.map(String::from);
                (member.member_id.into_owned(), instance)
            })
            .collect()
    }

    fn generation(&mut self) -> i32 {
        let group = self.coordinator.group.as_ref();
        let generation = group.map_or(0, |group| group.generation());
        match self.below(12) {
            0 => generation - 1,
            1 => -1,
            _ => generation,
        }
    }

    /// Somebody who was given an id.
    fn known(&mut self) -> (String, Option<String>) {
        let index = self.index(self.ids.len());
        self.ids[index].clone()
    }

    /// Mostly a member, sometimes who was one or may become one, or nobody.
    fn who(&mut self) -> (String, Option<String>) {
        let members = self.members();
        let (id, instance) = match self.below(10) {
            0..7 if !members.is_empty() => members[self.index(members.len())].clone(),
            0..9 if !self.ids.is_empty() => self.known(),
            _ => ("stranger".to_owned(), None),
        };
        match self.below(20) {
            0 => (id, Some(format!("static{}", self.below(3)))),
            1 => (id, None),
            _ => (id, instance),
        }
    }

    fn join(&mut self) {
        let has_room = self.members().len() < MOST_MEMBERS;
        let (member_id, instance_id) = match self.below(10) {
            0..3 if has_room => {
                let instance = self.below(6);
                let instance_id = (instance < 3).then(|| format!("static{instance}"));
                (String::new(), instance_id)
            }
            3..5 if has_room && !self.ids.is_empty() => self.known(),
            _ => self.who(),
        };
        let version = match self.below(4) {
            0 if instance_id.is_none() => 3,
            1 => 8,
            _ => 9,
        };
        let metadata = vec![u8::try_from(self.below(2)).expect("it is small")];
        let names: &[&str] = match self.below(20) {
            0 => &["sticky"],
            1..7 => &["range", "sticky"],
            _ => &["range"],
        };
        let client = Client {
            version,
            member_id,
            instance_id,
            protocol_type: if self.below(30) == 0 {
                "connect"
            } else {
                "consumer"
            },
            protocols: names.iter().map(|name| (*name, metadata.clone())).collect(),
            session_timeout: Duration::from_millis(6000 + self.below(15_000)),
            rebalance_timeout: Duration::from_millis(1 + self.below(40_000)),
        };
        let names = names
            .iter()
            .map(|name| format!("{name}:{}", hex(&metadata)));
        let records = self.coordinator.in_flight().len();
        let is_new = self.coordinator.group.is_none();
        let Ticket(ticket) = self.coordinator.join(&client);
        let what = format!(
            "join\t{ticket}\t{version}\t{}\t{}\t{}\t{}\t{}\t{}",
            text(&client.member_id),
            optional(client.instance_id.as_deref()),
            client.protocol_type,
            client.session_timeout.as_millis(),
            client.rebalance_timeout.as_millis(),
            list(names, "-"),
        );
        self.show(&what, records);
        if is_new {
            self.commit_all();
        }
    }

    fn sync(&mut self) {
        let (id, instance) = self.who();
        let generation = self.generation();
        let members = self.members();
        let nonce = self.below(1000);
        let parts: Vec<(String, String)> = members
            .iter()
            .map(|(id, _)| (id.clone(), format!("{nonce} for {}", id.len())))
            .filter(|_| !self.dice.next_u64().is_multiple_of(10))
            .collect();
        let shown: Vec<String> = parts
            .iter()
            .map(|(id, part)| format!("{id}:{}", hex(part.as_bytes())))
            .collect();
        let parts: Vec<(&str, &str)> = parts.iter().map(|(id, part)| (&**id, &**part)).collect();
        let protocol = if self.below(20) == 0 {
            "sticky"
        } else {
            "range"
        };
        let records = self.coordinator.in_flight().len();
        let instance = instance.as_deref();
        let Ticket(ticket) = self
            .coordinator
            .sync_following("consumer", protocol, &id, instance, generation, &parts);
        let what = format!(
            "sync\t{ticket}\t{id}\t{}\t{generation}\tconsumer\t{protocol}\t{}",
            optional(instance),
            list(shown, "-"),
        );
        self.show(&what, records);
        if self.below(3) > 0 {
            self.commit_all();
        }
    }

    fn heartbeat(&mut self) {
        let (id, instance) = self.who();
        let generation = self.generation();
        let instance = instance.as_deref();
        let error = self.coordinator.heartbeat(&id, instance, generation);
        self.lines.push(format!("heartbeat\t{}", error as i16));
        let what = format!("heartbeat\t{id}\t{}\t{generation}", optional(instance));
        let records = self.coordinator.in_flight().len();
        self.show(&what, records);
    }

    fn leave(&mut self) {
        let count = 1 + self.below(2);
        let mut leaving: Vec<(String, Option<String>)> = (0..count).map(|_| self.who()).collect();
        if self.below(5) == 0 {
            leaving[0].0.clear();
        }
        let members: Vec<(&str, Option<&str>)> = leaving
            .iter()
            .map(|(id, instance)| (&**id, instance.as_deref()))
            .collect();
        let records = self.coordinator.in_flight().len();
        let Ticket(ticket) = self.coordinator.leave(&members);
        let shown: Vec<String> = members
            .iter()
            .map(|(id, instance)| format!("{}:{}", text(id), optional(*instance)))
            .collect();
        self.show(&format!("leave\t{ticket}\t{}", list(shown, "-")), records);
        if self.coordinator.in_flight().len() > records {
            self.commit_all();
        }
    }

    fn check_commit(&mut self) {
        let Some(group) = &self.coordinator.group else {
            return;
        };
        let group = Arc::new(group.clone());
        let (id, instance) = self.who();
        let id = if self.below(4) == 0 {
            String::new()
        } else {
            id
        };
        let generation = self.generation();
        let instance = instance.as_deref();
        let is_transactional = self.below(3) == 0;
        let checked = if is_transactional {
            group.validate_transactional_commit(&id, instance, generation)
        } else {
            group.validate_commit(&id, instance, generation)
        };
        let error = checked.err().unwrap_or(ErrorCode::None);
        self.lines.push(format!("check\t{}", error as i16));
        let what = format!(
            "check\t{}\t{}\t{generation}\t{is_transactional}",
            text(&id),
            optional(instance)
        );
        let records = self.coordinator.in_flight().len();
        self.show(&what, records);
    }

    fn pass(&mut self, milliseconds: u64) {
        let records = self.coordinator.in_flight().len();
        self.coordinator.pass(Duration::from_millis(milliseconds));
        self.show(&format!("pass\t{milliseconds}"), records);
        if self.coordinator.in_flight().len() > records {
            self.commit_all();
        }
    }

    fn commit(&mut self) {
        if self.coordinator.commit() {
            let records = self.coordinator.in_flight().len();
            self.show("commit", records);
        }
    }

    fn commit_all(&mut self) {
        while self.coordinator.has_in_flight() {
            self.commit();
        }
    }

    fn fail(&mut self) {
        if self.coordinator.has_in_flight() {
            self.coordinator.fail(ErrorCode::NotEnoughReplicas);
            self.show(&format!("fail\t{}", ErrorCode::NotEnoughReplicas as i16), 0);
        }
    }

    fn load(&mut self) {
        self.coordinator.restart();
        self.show("load", 0);
        self.pass(SECOND.as_millis() as u64);
    }
}

fn record(record: &GroupRecord<'static>) -> String {
    let GroupRecord::GroupMetadata(_, Some(value)) = record else {
        unreachable!("a group writes itself");
    };
    let mut members: Vec<String> = value
        .members
        .iter()
        .map(|member| {
            format!(
                "{}:{}:{}:{}:{}:{}:{}:{}",
                member.member_id,
                optional(member.group_instance_id.as_deref()),
                member.client_id,
                member.client_host,
                member.rebalance_timeout,
                member.session_timeout,
                hex(&member.subscription),
                hex(&member.assignment),
            )
        })
        .collect();
    members.sort();
    format!(
        "record\t{}\t{}\t{}\t{}\t{}\t{}",
        text(&value.protocol_type),
        value.generation,
        optional(value.protocol.as_deref()),
        optional(value.leader.as_deref()),
        value.current_state_timestamp,
        list(members, "-"),
    )
}
