//! A partition of `__consumer_offsets` for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_coordinator::{Coordinator, Loading, Now, Options, Outputs, Ticket};
use ottla_group::classic::ClassicSettings;
use ottla_group::consumer::assignor::Assignor;
use ottla_group::consumer::{ConsumerSettings, MigrationPolicy};
use ottla_group::{Answer, GroupFilter, Groups, Reply, Request, Settings, SharedTopics};
use ottla_model::{ErrorCode, Monotonic, Timestamp};
use ottla_wire::records::{Batches, Compression};

use crate::topics::Topics;

const OPTIONS: Options = Options {
    max_batch_bytes: 1 << 20,
    compression: Compression::None,
};
pub(crate) const DAY: u64 = 24 * 3600;
/// Of offsets.
pub(crate) const RETENTION: u64 = 7 * DAY;
pub(crate) const CHECK: u64 = 600;

/// A time in seconds.
pub(crate) fn at(seconds: u64) -> Now {
    Now {
        wall: Timestamp(seconds as i64 * 1000),
        monotonic: Monotonic(Duration::from_secs(seconds)),
    }
}

fn groups() -> Groups {
    let settings = Settings {
        max_offset_metadata: 4,
        offsets_retention: Duration::from_secs(RETENTION),
        retention_check: Duration::from_secs(CHECK),
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
            assignors: vec![Assignor::Uniform],
            migration: MigrationPolicy::Bidirectional,
            classic_max_size: usize::MAX,
        }
        .into(),
    };
    Groups::new(settings, SharedTopics(Arc::new(Topics::default())))
}

/// A partition of `__consumer_offsets` whose appends have their outcome at once.
pub(crate) struct Partition {
    pub(crate) coordinator: Coordinator<Groups>,
    pub(crate) log: Vec<Bytes>,
    pub(crate) now: Now,
    /// It takes no batch.
    pub(crate) is_full: bool,
    /// Those that nobody has looked at.
    answers: BTreeMap<Ticket, Answer>,
    tickets: u64,
}

impl Partition {
    pub(crate) fn load(log: Vec<Bytes>) -> Self {
        let mut loading = Loading::<Groups>::default();
        for batch in log.iter().flat_map(|bytes| Batches::new(bytes)) {
            let batch = batch.expect("it is whole");
            loading.batch(&batch).expect("it can be read");
        }
        Self {
            coordinator: Coordinator::new(groups(), loading, OPTIONS, at(0)),
            log,
            now: at(0),
            is_full: false,
            answers: BTreeMap::new(),
            tickets: 0,
        }
    }

    pub(crate) fn new() -> Self {
        Self::load(Vec::new())
    }

    pub(crate) fn ask(&mut self, request: Request) -> Answer {
        let ticket = self.begin(request);
        self.answer(ticket).expect("it is answered at once")
    }

    /// Asks what may be answered later.
    pub(crate) fn begin(&mut self, request: Request) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        let mut out = Outputs::default();
        self.coordinator
            .request(ticket, request, self.now, &mut out);
        self.carry_out(out);
        ticket
    }

    /// The answer, once.
    pub(crate) fn answer(&mut self, ticket: Ticket) -> Option<Answer> {
        self.answers.remove(&ticket)
    }

    fn carry_out(&mut self, mut out: Outputs<Answer>) {
        while let Some(batch) = out.append.take() {
            let result = if self.is_full {
                Err(ErrorCode::NotEnoughReplicas)
            } else {
                self.log.push(batch);
                Ok(())
            };
            self.coordinator.appended(result, self.now, &mut out);
        }
        for (ticket, answer) in out.answers {
            let answer = answer.unwrap_or_else(Err);
            assert!(self.answers.insert(ticket, answer).is_none());
        }
    }

    /// Lets time pass.
    pub(crate) fn expire(&mut self, seconds: u64) {
        self.now = at(seconds);
        let mut out = Outputs::default();
        self.coordinator.expire(self.now, &mut out);
        self.carry_out(out);
    }

    pub(crate) fn list(&mut self) -> Vec<String> {
        let answer = self.ask(Request::ListGroups(GroupFilter::default()));
        let Ok(Reply::Listed(groups)) = answer else {
            unreachable!("{answer:?}");
        };
        groups
            .iter()
            .map(|group| group.group_id.to_string())
            .collect()
    }

    /// The records of the last batch.
    pub(crate) fn last(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let bytes = self.log.last().expect("something was written");
        let batch = Batches::new(bytes).next().expect("there is a batch");
        let batch = batch.expect("it is whole");
        let uncompressed = batch.uncompressed(1 << 20).expect("it is not compressed");
        let records = batch.records(&uncompressed);
        records
            .map(|record| {
                let record = record.expect("it is whole");
                let key = record.key.expect("every record has a key");
                (key.to_vec(), record.value.map(<[u8]>::to_vec))
            })
            .collect()
    }
}
