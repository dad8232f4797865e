//! Whatever the log of a partition of `__consumer_offsets` holds, its groups are loaded or it is said why not. They go on from there, and
//! what they write down makes the same groups again.
#![no_main]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_coordinator::{Coordinator, Loading, Now, Options, Outputs, Ticket};
use ottla_fuzz::checksums;
use ottla_group::classic::ClassicSettings;
use ottla_group::consumer::assignor::Assignor;
use ottla_group::consumer::{ConsumerSettings, MigrationPolicy, TopicsView};
use ottla_group::{Answer, GroupFilter, Groups, Request, Settings, SharedTopics};
use ottla_model::{Monotonic, PartitionIndex, Timestamp, TopicId, Uuid};
use ottla_wire::records::{Batches, Compression};

/// Members time out, offsets expire: each a deadline or more.
const DEADLINES: usize = 40;
/// Who is asked for by name: those of the seeds, and one that is not there.
const GROUPS: [&str; 4] = ["members-0", "members-1", "group-0", "nobody"];

fuzz_target!(|log: &[u8]| {
    let mut log = log.to_vec();
    checksums::of_batches(&mut log);
    let Some(loading) = load([log.as_slice()]) else {
        return;
    };
    let begin = Now {
        wall: Timestamp(1_800_000_000_000),
        monotonic: Monotonic(Duration::from_secs(1)),
    };
    let mut life = Life {
        groups: coordinator(loading, begin),
        written: Vec::new(),
        now: begin,
        tickets: 0,
    };
    life.ask(Request::ListGroups(GroupFilter::default()));
    let ids = GROUPS.map(Arc::from).to_vec();
    life.ask(Request::DescribeGroups(ids.clone()));
    life.ask(Request::DescribeConsumerGroups(ids.clone()));
    life.ask(Request::CommittedOffsets);
    for _ in 0..DEADLINES {
        let Some(next) = life.groups.next_deadline() else {
            break;
        };
        life.pass(next);
        let mut out = Outputs::default();
        life.groups.expire(life.now, &mut out);
        life.append(out);
    }
    life.ask(Request::ForgetTopics(BTreeSet::from([Arc::from("topic")])));
    life.ask(Request::DescribeConsumerGroups(ids.clone()));
    life.ask(Request::DeleteGroups(ids));
    let written = life.written.iter().map(|batch| &batch[..]);
    let again = load(std::iter::once(log.as_slice()).chain(written));
    let again = coordinator(again.expect("what is written is read"), life.now);
    assert_eq!(again.committed(), life.groups.committed());
});

struct Life {
    groups: Coordinator<Groups>,
    written: Vec<Bytes>,
    now: Now,
    tickets: u64,
}

impl Life {
    fn ask(&mut self, request: Request) {
        self.tickets += 1;
        let mut out = Outputs::default();
        self.groups
            .request(Ticket(self.tickets), request, self.now, &mut out);
        self.append(out);
    }

    /// Everything is committed at once.
    fn append(&mut self, mut out: Outputs<Answer>) {
        while let Some(batch) = out.append.take() {
            self.written.push(batch);
            self.groups.appended(Ok(()), self.now, &mut out);
        }
    }

    fn pass(&mut self, next: Monotonic) {
        let passes = next.0.saturating_sub(self.now.monotonic.0);
        self.now.monotonic = self.now.monotonic.max(next);
        let passes = i64::try_from(passes.as_millis()).unwrap_or(i64::MAX);
        self.now.wall = Timestamp(self.now.wall.0.saturating_add(passes));
    }
}

fn load<'a>(logs: impl IntoIterator<Item = &'a [u8]>) -> Option<Loading<Groups>> {
    let mut loading = Loading::default();
    for log in logs {
        for batch in Batches::new(log).map_while(Result::ok) {
            batch.check().ok()?;
            loading.batch(&batch).ok()?;
        }
    }
    Some(loading)
}

fn coordinator(loading: Loading<Groups>, now: Now) -> Coordinator<Groups> {
    let settings = Settings {
        max_offset_metadata: 4096,
        offsets_retention: Duration::from_secs(3600),
        retention_check: Duration::from_secs(60),
        classic: ClassicSettings {
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_secs(1800),
            initial_rebalance_delay: Duration::from_secs(3),
            max_size: usize::MAX,
        },
        consumer: ConsumerSettings {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(5),
            assignment_interval: Duration::from_secs(1),
            max_size: usize::MAX,
            regex_refresh_interval: Duration::from_secs(600),
            assignors: vec![Assignor::Uniform, Assignor::Range],
            migration: MigrationPolicy::Bidirectional,
            classic_max_size: usize::MAX,
        }
        .into(),
    };
    let options = Options {
        max_batch_bytes: 1 << 20,
        compression: Compression::None,
    };
    let groups = Groups::new(settings, SharedTopics(Arc::new(OneTopic)));
    Coordinator::new(groups, loading, options, now)
}

/// There is one topic, of three partitions.
struct OneTopic;

const TOPIC: TopicId = TopicId(Uuid::from_u128(77));

impl TopicsView for OneTopic {
    fn id(&self, name: &str) -> Option<TopicId> {
        (name == "topic").then_some(TOPIC)
    }

    fn name(&self, id: TopicId) -> Option<&str> {
        (id == TOPIC).then_some("topic")
    }

    fn partition_count(&self, id: TopicId) -> Option<i32> {
        (id == TOPIC).then_some(3)
    }

    fn racks(&self, _: TopicId, _: PartitionIndex) -> Vec<&str> {
        Vec::new()
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(std::iter::once("topic"))
    }

    fn version(&self) -> i64 {
        1
    }

    fn version_with_new_topics(&self) -> i64 {
        1
    }
}
