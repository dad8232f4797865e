//! `consumer_trace SEED GROUPS`: what random requests make of so many consumer groups, some of which were classic ones, line by line, for whoever compares it with what
//! Apache Kafka makes of them. A line is something that happens, or, behind a `=`, something that comes of it; its fields are separated
//! by tabs. Bytes and ids are in hexadecimal, `-` is nothing, and `.` is the empty text or list.

mod classic;
mod consumer;
mod owned;
#[path = "../trace/text.rs"]
mod text;
#[path = "../../tests/consumer/topics.rs"]
#[expect(clippy::unwrap_used, reason = "it serves the tests, too")]
mod topics;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_coordinator::{Coordinator, Loading, Now, Options, Outputs, Ticket};
use ottla_group::classic::ClassicSettings;
use ottla_group::consumer::assignor::Assignor;
use ottla_group::consumer::{ConsumerSettings, MigrationPolicy, TopicsView};
use ottla_group::{Answer, GroupFilter, Groups, Reply, Request, Settings, SharedTopics};
use ottla_model::{Monotonic, Timestamp};
use ottla_wire::message::list_groups::ListedGroup;
use ottla_wire::records::{BatchBuilder, BatchFields, Batches, Compression};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use classic::Classic;
use consumer::Consumer;
use owned::show_id;
use text::{hex, list};
use topics::Topics;

/// What happens to one group.
const STEPS: u32 = 400;
const GROUP: &str = "readers";
const NAMES: [&str; 4] = ["t1", "t2", "t3", "t4"];
const OPTIONS: Options = Options {
    max_batch_bytes: 1 << 20,
    compression: Compression::None,
};

struct Trace {
    dice: ChaCha8Rng,
    settings: Settings,
    topics: Topics,
    coordinator: Coordinator<Groups>,
    log: Vec<Bytes>,
    now: Duration,
    tickets: u64,
    consumers: BTreeMap<&'static str, Consumer>,
    classics: BTreeMap<String, Classic>,
    /// Of the classic member that joins just now.
    joining: Option<&'static str>,
    /// The id of the one that syncs just now.
    syncing: String,
    /// What has come of what has happened last.
    lines: Vec<String>,
    /// The group as it was listed behind the last step.
    listed: Option<ListedGroup<'static>>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || -> u64 {
        let argument = arguments.next().expect("usage: consumer_trace SEED GROUPS");
        argument.parse().expect("a number")
    };
    let (seed, groups) = (number(), number());
    for seed in seed..seed + groups {
        Trace::new(seed).play();
    }
}

fn settings(interval: Duration, max_size: usize) -> Settings {
    Settings {
        max_offset_metadata: 4096,
        offsets_retention: Duration::from_hours(24),
        retention_check: Duration::from_hours(100_000),
        classic: ClassicSettings {
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_mins(30),
            initial_rebalance_delay: Duration::ZERO,
            max_size: 1000,
        },
        consumer: ConsumerSettings {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(5),
            assignment_interval: interval,
            max_size,
            regex_refresh_interval: Duration::from_mins(10),
            assignors: vec![Assignor::Range],
            migration: MigrationPolicy::Bidirectional,
            classic_max_size: 1000,
        }
        .into(),
    }
}

impl Trace {
    fn new(seed: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let interval = [0, 0, 1000, 3000][dice.next_u64() as usize % 4];
        let max_size = if dice.next_u64().is_multiple_of(4) {
            4
        } else {
            100
        };
        println!("group\t{seed}\t{interval}\t{max_size}");
        let settings = settings(Duration::from_millis(interval), max_size);
        let topics = Topics::default();
        let now = Duration::from_secs(1_000_000);
        Self {
            coordinator: load(&settings, &topics, &[], now),
            dice,
            settings,
            topics,
            log: Vec::new(),
            now,
            tickets: 0,
            consumers: BTreeMap::new(),
            classics: BTreeMap::new(),
            joining: None,
            syncing: String::new(),
            lines: Vec::new(),
            listed: None,
        }
    }

    fn play(mut self) {
        self.change_topic("t1");
        if self.below(2) == 0 {
            self.begin_classic();
        }
        for _ in 0..STEPS {
            let was_classic = self.is("classic");
            self.step();
            self.send(Request::ListGroups(GroupFilter::default()));
            if self.is("classic") && !was_classic {
                // From here on it is as any classic group.
                return;
            }
        }
    }

    /// The group is a classic one that was written down before.
    fn begin_classic(&mut self) {
        let record = self.classic_group();
        let (key, value) = (record.encode_key(), record.encode_value(3));
        let value = value.expect("it is no tombstone");
        println!("given\t{}\t{}", hex(&key), hex(&value));
        let mut batch = BatchBuilder::new(BatchFields::default(), Compression::None);
        batch.push(Timestamp(5), Some(&key), Some(&value), []);
        self.log.push(batch.build());
        self.load();
        self.send(Request::ListGroups(GroupFilter::default()));
    }

    /// Only then do classic members share a group with others.
    fn has_consumers(&self) -> bool {
        self.is("consumer") && !self.is("Empty")
    }

    /// Whether that is its type or its state.
    fn is(&self, name: &str) -> bool {
        let listed = self.listed.as_ref();
        listed.is_some_and(|group| group.group_type == name || group.group_state == name)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.next_u64() % bound
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        let len = u64::try_from(of.len()).expect("it is short");
        of[usize::try_from(self.below(len)).expect("it is short")]
    }

    fn step(&mut self) {
        // No two members are out at the same moment.
        self.pass(1);
        match self.below(100) {
            0..20 if self.has_consumers() => self.classic(),
            0..75 => self.consumer_heartbeat(),
            75..92 => {
                let longest = self.any(&[500, 2000, 5000, 30_000, 60_000]);
                let time = self.below(longest) + 1;
                self.pass(time);
            }
            92..97 => {
                let name = self.any(&NAMES);
                self.change_topic(name);
            }
            97 => self.load(),
            _ => {}
        }
    }

    fn at(&self) -> Now {
        at(self.now)
    }

    fn carry_out(&mut self, mut out: Outputs<Answer>) {
        loop {
            for (ticket, answer) in out.answers.drain(..) {
                match answer {
                    Ok(Ok(Reply::ConsumerHeartbeat(answer))) => {
                        self.consumer_answered(ticket, &answer);
                    }
                    Ok(Ok(Reply::Listed(groups))) => {
                        self.listed = groups.into_iter().next();
                    }
                    Ok(Ok(Reply::Done)) => {}
                    Ok(Ok(reply)) => self.classic_answered(ticket, &reply),
                    other => unreachable!("{ticket:?} is answered {other:?}"),
                }
            }
            let Some(batch) = out.append.take() else {
                return;
            };
            for batch in Batches::new(&batch) {
                let batch = batch.expect("it was just made");
                let uncompressed = batch.uncompressed(1 << 20).expect("it is not compressed");
                for record in batch.records(&uncompressed) {
                    let record = record.expect("it was just made");
                    let value = record.value.map_or_else(|| "-".to_owned(), hex);
                    let key = hex(record.key.expect("it has one"));
                    self.lines.push(format!("record\t{key}\t{value}"));
                }
            }
            self.log.push(batch);
            let at = self.at();
            self.coordinator.appended(Ok(()), at, &mut out);
        }
    }

    /// Prints what happened, and what has come of it.
    fn show(&mut self, what: &str) {
        println!("{what}");
        for line in std::mem::take(&mut self.lines) {
            println!("={line}");
        }
    }

    fn send(&mut self, request: Request) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        let mut out = Outputs::default();
        let at = self.at();
        self.coordinator.request(ticket, request, at, &mut out);
        self.carry_out(out);
        ticket
    }

    fn pass(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        while let Some(Monotonic(at)) = self.coordinator.next_deadline()
            && at <= until
        {
            self.now = self.now.max(at);
            let mut out = Outputs::default();
            let at = self.at();
            self.coordinator.expire(at, &mut out);
            self.carry_out(out);
        }
        self.now = until;
        self.show(&format!("pass\t{milliseconds}"));
    }

    fn change_topic(&mut self, name: &'static str) {
        let partitions = self
            .topics
            .id(name)
            .and_then(|id| self.topics.partition_count(id));
        match partitions {
            None => {
                let partitions = i32::try_from(self.below(7)).expect("it is small") + 1;
                self.topics.create(name, partitions);
            }
            Some(partitions) if self.below(2) == 0 => self.topics.grow(name, partitions + 2),
            Some(_) => self.topics.delete(name),
        }
        let all = NAMES.into_iter().filter_map(|name| {
            let id = self.topics.id(name)?;
            let partitions = self.topics.partition_count(id)?;
            Some(format!("{name}:{}:{partitions}", show_id(id)))
        });
        let all = list(all, "-");
        let topics = SharedTopics(Arc::new(self.topics.clone()));
        let changed = BTreeSet::from([Arc::from(name)]);
        self.send(Request::FollowTopics(topics, changed));
        self.show(&format!("topics\t{all}"));
    }

    fn load(&mut self) {
        self.coordinator = load(&self.settings, &self.topics, &self.log, self.now);
        self.show("load");
    }
}

fn load(settings: &Settings, topics: &Topics, log: &[Bytes], now: Duration) -> Coordinator<Groups> {
    let mut loading = Loading::<Groups>::default();
    for batch in log.iter().flat_map(|bytes| Batches::new(bytes)) {
        let batch = batch.expect("it was written here");
        loading.batch(&batch).expect("it was written here");
    }
    let topics = SharedTopics(Arc::new(topics.clone()));
    Coordinator::new(
        Groups::new(settings.clone(), topics),
        loading,
        OPTIONS,
        at(now),
    )
}

fn at(now: Duration) -> Now {
    Now {
        wall: Timestamp(i64::try_from(now.as_millis()).expect("it is not long")),
        monotonic: Monotonic(now),
    }
}
