//! The runtime on a state machine that holds one number per name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use ottla_coordinator::{
    Coordinator, EncodedRecord, Loading, Now, Options, Outputs, StateMachine, States, StepOf,
    Ticket,
};
use ottla_model::{ErrorCode, Monotonic, ProducerId, Timestamp};
use ottla_wire::DecodeError;
use ottla_wire::records::{Batches, Compression};
use proptest::prelude::*;

/// Sums by name, and what open transactions would add.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sums {
    sums: BTreeMap<u8, u64>,
    pending: BTreeMap<ProducerId, Vec<(u8, u8)>>,
}

#[derive(Debug, Default)]
struct Adder {
    /// What it was reminded of.
    committed: Vec<u8>,
    lost: Vec<(u8, ErrorCode)>,
    deadline: Option<Monotonic>,
}

#[derive(Clone, Debug)]
enum Request {
    /// Adds so much to each name.
    Add {
        names: Vec<u8>,
        amount: u8,
    },
    Committed(u8),
    Newest(u8),
    /// Adds one to a name of its own when time has passed.
    Later,
}

impl StateMachine for Adder {
    type State = Sums;
    type Record = (u8, u8);
    type Request = Request;
    type Answer = u64;
    type Context = u8;

    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<(u8, u8)>, DecodeError> {
        let name = key[0];
        if name == u8::MAX {
            return Ok(None);
        }
        let value = value.and_then(|value| value.first());
        let amount = value.ok_or(DecodeError::UnknownType(u32::from(name)))?;
        Ok(Some((name, *amount)))
    }

    fn encode((name, amount): &(u8, u8)) -> EncodedRecord {
        EncodedRecord {
            key: Bytes::copy_from_slice(&[*name]),
            value: Some(Bytes::copy_from_slice(&[*amount])),
        }
    }

    fn replay(state: &mut Sums, (name, amount): (u8, u8), producer: Option<ProducerId>) {
        match producer {
            Some(producer) => state
                .pending
                .entry(producer)
                .or_default()
                .push((name, amount)),
            None => *state.sums.entry(name).or_default() += u64::from(amount),
        }
    }

    fn end_transaction(state: &mut Sums, producer: ProducerId, is_committed: bool) {
        for record in state.pending.remove(&producer).unwrap_or_default() {
            if is_committed {
                Self::replay(state, record, None);
            }
        }
    }

    fn loaded(&mut self, _: &Sums, now: Now) {
        self.deadline = Some(now.monotonic + Duration::from_secs(1));
    }

    fn request(
        &mut self,
        states: States<'_, Sums>,
        ticket: Ticket,
        request: Request,
        now: Now,
        step: &mut StepOf<Self>,
    ) -> Option<u8> {
        let of = |state: &Sums, name| state.sums.get(&name).copied().unwrap_or(0);
        match request {
            Request::Add { names, amount } => {
                let context = names.first().copied();
                let first = context.map_or(0, |name| of(states.newest, name) + u64::from(amount));
                step.answers.push((ticket, first));
                step.records
                    .extend(names.into_iter().map(|name| (name, amount)));
                context
            }
            Request::Committed(name) => {
                step.answers.push((ticket, of(states.committed, name)));
                None
            }
            Request::Newest(name) => {
                step.shows_newest = true;
                step.answers.push((ticket, of(states.newest, name)));
                None
            }
            Request::Later => {
                self.deadline = Some(now.monotonic);
                step.answers.push((ticket, 0));
                None
            }
        }
    }

    fn committed(
        &mut self,
        _: States<'_, Sums>,
        context: u8,
        _: Now,
        _: &mut StepOf<Self>,
    ) -> Option<u8> {
        self.committed.push(context);
        None
    }

    fn append_failed(
        &mut self,
        _: States<'_, Sums>,
        context: u8,
        error: ErrorCode,
        _: Now,
        _: &mut StepOf<Self>,
    ) -> Option<u8> {
        self.lost.push((context, error));
        None
    }

    fn expire(&mut self, _: States<'_, Sums>, _: Now, step: &mut StepOf<Self>) -> Option<u8> {
        self.deadline = None;
        step.records.push((200, 1));
        Some(200)
    }

    fn next_deadline(&self) -> Option<Monotonic> {
        self.deadline
    }
}

const OPTIONS: Options = Options {
    max_batch_bytes: 400,
    compression: Compression::None,
};
const START: Now = at(0);

const fn at(milliseconds: u64) -> Now {
    Now {
        wall: Timestamp(7),
        monotonic: Monotonic(Duration::from_millis(milliseconds)),
    }
}

fn coordinator() -> Coordinator<Adder> {
    Coordinator::new(Adder::default(), Loading::default(), OPTIONS, START)
}

fn ask(coordinator: &mut Coordinator<Adder>, ticket: u64, request: Request) -> Outputs<u64> {
    let mut out = Outputs::default();
    coordinator.request(Ticket(ticket), request, START, &mut out);
    out
}

fn add(coordinator: &mut Coordinator<Adder>, ticket: u64, name: u8, amount: u8) -> Outputs<u64> {
    let names = vec![name];
    ask(coordinator, ticket, Request::Add { names, amount })
}

fn appended(coordinator: &mut Coordinator<Adder>, result: Result<(), ErrorCode>) -> Outputs<u64> {
    let mut out = Outputs::default();
    coordinator.appended(result, START, &mut out);
    out
}

/// Loads the batches that went to a log.
fn load(log: &[Bytes]) -> Sums {
    let mut loading = Loading::<Adder>::default();
    for batch in log.iter().flat_map(|bytes| Batches::new(bytes)) {
        let batch = batch.expect("it is whole");
        loading.batch(&batch).expect("it was written here");
    }
    let loaded = Coordinator::new(Adder::default(), loading, OPTIONS, START);
    loaded.committed().clone()
}

#[test]
fn an_answer_goes_out_when_the_records_of_its_step_are_committed() {
    let mut coordinator = coordinator();
    let out = add(&mut coordinator, 1, 5, 10);
    assert!(out.answers.is_empty() && out.append.is_some());
    let read = ask(&mut coordinator, 2, Request::Committed(5));
    assert_eq!(read.answers, [(Ticket(2), Ok(0))]);
    assert_eq!(
        appended(&mut coordinator, Ok(())).answers,
        [(Ticket(1), Ok(10))]
    );
    let read = ask(&mut coordinator, 3, Request::Committed(5));
    assert_eq!(read.answers, [(Ticket(3), Ok(10))]);
    assert_eq!(coordinator.machine().committed, [5]);
}

#[test]
fn steps_that_come_while_a_batch_is_on_its_way_share_the_next_one() {
    let mut coordinator = coordinator();
    assert!(add(&mut coordinator, 1, 5, 1).append.is_some());
    assert!(add(&mut coordinator, 2, 5, 1).append.is_none());
    assert!(add(&mut coordinator, 3, 6, 1).append.is_none());
    let out = appended(&mut coordinator, Ok(()));
    assert_eq!(out.answers, [(Ticket(1), Ok(1))]);
    let batch = out.append.unwrap();
    let read = Batches::new(&batch).next().unwrap().unwrap();
    assert_eq!(read.header.record_count, 2);
    let out = appended(&mut coordinator, Ok(()));
    assert_eq!(out.answers, [(Ticket(2), Ok(2)), (Ticket(3), Ok(1))]);
    assert!(out.append.is_none());
}

#[test]
fn what_shows_the_newest_state_waits_for_what_made_it() {
    let mut coordinator = coordinator();
    add(&mut coordinator, 1, 5, 1);
    add(&mut coordinator, 2, 5, 1);
    assert!(
        ask(&mut coordinator, 3, Request::Newest(5))
            .answers
            .is_empty()
    );
    assert_eq!(appended(&mut coordinator, Ok(())).answers.len(), 1);
    let out = appended(&mut coordinator, Ok(()));
    assert_eq!(out.answers, [(Ticket(2), Ok(2)), (Ticket(3), Ok(2))]);
    let out = ask(&mut coordinator, 4, Request::Newest(5));
    assert_eq!(out.answers, [(Ticket(4), Ok(2))]);
}

#[test]
fn a_lost_batch_takes_back_all_that_was_built_on_it_the_last_first() {
    let mut coordinator = coordinator();
    add(&mut coordinator, 1, 5, 1);
    appended(&mut coordinator, Ok(()));
    add(&mut coordinator, 2, 5, 1);
    add(&mut coordinator, 3, 6, 1);
    add(&mut coordinator, 4, 7, 1);
    ask(&mut coordinator, 5, Request::Newest(5));
    let lost = ErrorCode::NotEnoughReplicas;
    let mut out = appended(&mut coordinator, Err(lost));
    out.answers.sort();
    let expected = [2, 3, 4, 5].map(|ticket| (Ticket(ticket), Err(lost)));
    assert_eq!(out.answers, expected);
    assert!(out.append.is_none());
    assert_eq!(
        coordinator.machine().lost,
        [(7, lost), (6, lost), (5, lost)]
    );
    add(&mut coordinator, 6, 5, 1);
    let out = appended(&mut coordinator, Ok(()));
    assert_eq!(out.answers, [(Ticket(6), Ok(2))]);
}

#[test]
fn a_step_that_is_too_large_for_a_batch_is_refused_alone() {
    let mut coordinator = coordinator();
    add(&mut coordinator, 1, 5, 1);
    let names = vec![5; 100];
    let out = ask(&mut coordinator, 2, Request::Add { names, amount: 1 });
    let refused = ErrorCode::RecordListTooLarge;
    assert_eq!(out.answers, [(Ticket(2), Err(refused))]);
    assert_eq!(coordinator.machine().lost, [(5, refused)]);
    let out = appended(&mut coordinator, Ok(()));
    assert_eq!(out.answers, [(Ticket(1), Ok(1))]);
}

#[test]
fn what_is_due_is_done_once() {
    let mut coordinator = coordinator();
    let deadline = coordinator.next_deadline();
    assert_eq!(deadline, Some(at(1000).monotonic));
    let mut out = Outputs::default();
    coordinator.expire(at(999), &mut out);
    assert!(out.append.is_none());
    coordinator.expire(at(1000), &mut out);
    assert!(out.append.is_some());
    assert_eq!(coordinator.next_deadline(), None);
}

#[test]
fn records_of_another_release_are_passed_over_and_what_cannot_be_read_is_not() {
    use ottla_wire::records::{BatchBuilder, BatchFields};
    let batch = |key: u8, value: Option<&[u8]>| {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        builder.push(Timestamp(0), Some(&[key]), value, []);
        builder.build()
    };
    let mut loading = Loading::<Adder>::default();
    let mut take = |bytes: Bytes| {
        let batch = Batches::new(&bytes).next().unwrap().unwrap();
        loading.batch(&batch).map_err(|error| error.to_string())
    };
    assert_eq!(take(batch(u8::MAX, None)), Ok(()));
    assert_eq!(take(batch(1, Some(&[4]))), Ok(()));
    assert!(take(batch(2, None)).is_err());
    assert_eq!(loading.unknown(), 1);
}

#[test]
fn what_a_transaction_wrote_counts_when_it_is_committed() {
    use ottla_wire::control_record::{ControlRecord, EndTxnMarker};
    use ottla_wire::records::{Attributes, BatchBuilder, BatchFields};
    let batch = |producer: i64, control: Option<ControlRecord<'_>>, name: u8| {
        let attributes = Attributes::default().transactional();
        let fields = BatchFields {
            attributes: if control.is_some() {
                attributes.control()
            } else {
                attributes
            },
            producer_id: ProducerId(producer),
            ..BatchFields::default()
        };
        let mut builder = BatchBuilder::new(fields, Compression::None);
        let (key, value) = control.map_or_else(
            || (vec![name], vec![3]),
            |control| {
                (
                    control.encode_key().to_vec(),
                    control.encode_value().to_vec(),
                )
            },
        );
        builder.push(Timestamp(0), Some(&key), Some(&value), []);
        builder.build()
    };
    let marker = EndTxnMarker::default();
    let open = [batch(1, None, 10), batch(2, None, 20), batch(3, None, 30)];
    let ended = [
        batch(1, Some(ControlRecord::Commit(marker.clone())), 0),
        batch(2, Some(ControlRecord::Abort(marker)), 0),
    ];
    assert!(load(&open).sums.is_empty());
    let loaded = load(&[&open[..], &ended[..]].concat());
    assert_eq!(loaded.sums, BTreeMap::from([(10, 3)]));
    assert_eq!(loaded.pending.len(), 1);
}

/// What happens to a coordinator.
#[derive(Clone, Debug)]
enum Event {
    Ask(Request),
    Appended { is_lost: bool },
    Expire,
}

fn event() -> impl Strategy<Value = Event> {
    let add = (proptest::collection::vec(0..4u8, 1..12), 1..9u8)
        .prop_map(|(names, amount)| Request::Add { names, amount });
    let request = prop_oneof![
        4 => add,
        1 => (0..4u8).prop_map(Request::Committed),
        1 => (0..4u8).prop_map(Request::Newest),
        1 => Just(Request::Later),
    ];
    prop_oneof![
        3 => request.prop_map(Event::Ask),
        2 => proptest::bool::weighted(0.2).prop_map(|is_lost| Event::Appended { is_lost }),
        1 => Just(Event::Expire),
    ]
}

proptest! {
    /// Every request is answered once; what was acknowledged is in the log, and the log makes the committed state.
    #[test]
    fn the_log_is_what_the_committed_state_is_made_of(
        events in proptest::collection::vec(event(), 1..200),
    ) {
        let mut coordinator = coordinator();
        let (mut log, mut on_its_way) = (Vec::<Bytes>::new(), None);
        let mut open = BTreeSet::new();
        let mut acknowledged = 0;
        let mut amounts = BTreeMap::new();
        let events = events.into_iter().enumerate();
        // In the end all is answered.
        let ends = (0..50).map(|at| (1000 + at, Event::Appended { is_lost: false }));
        for (ticket, event) in events.chain(ends) {
            let mut out = Outputs::default();
            match event {
                Event::Ask(request) => {
                    let ticket = Ticket(ticket as u64);
                    open.insert(ticket);
                    if let Request::Add { names, amount } = &request {
                        amounts.insert(ticket, names.len() as u64 * u64::from(*amount));
                    }
                    coordinator.request(ticket, request, START, &mut out);
                }
                Event::Appended { is_lost } => {
                    let Some(batch) = on_its_way.take() else { continue };
                    let result = if is_lost { Err(ErrorCode::NotEnoughReplicas) } else { Ok(()) };
                    if !is_lost {
                        log.push(batch);
                    }
                    coordinator.appended(result, START, &mut out);
                }
                Event::Expire => coordinator.expire(START, &mut out),
            }
            for (ticket, answer) in out.answers {
                prop_assert!(open.remove(&ticket), "{ticket:?} is answered twice");
                if answer.is_ok() {
                    acknowledged += amounts.get(&ticket).copied().unwrap_or(0);
                }
            }
            if let Some(batch) = out.append {
                prop_assert!(batch.len() <= OPTIONS.max_batch_bytes);
                prop_assert!(on_its_way.replace(batch).is_none());
            }
            let loaded = load(&log);
            prop_assert_eq!(&loaded, coordinator.committed());
            let added: u64 = loaded.sums.iter().filter(|(name, _)| **name < 4).map(|(_, sum)| sum).sum();
            prop_assert_eq!(added, acknowledged);
        }
        prop_assert!(open.is_empty());
    }
}
