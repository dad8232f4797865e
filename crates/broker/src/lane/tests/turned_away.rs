//! What an idempotent producer has sent behind a batch that was turned away.

use ottla_env::fake::SeededDisk;
use ottla_log::dir::FutureLog;
use ottla_model::{ProducerEpoch, ProducerId, Sequence};

use super::*;

const FLUSHED_LATE: (&str, &str) = ("flush.messages", "1000");

impl Leading {
    fn flushed_late() -> Self {
        Self::with(FLUSHED_LATE.0, FLUSHED_LATE.1)
    }

    /// A lane that does not know what the last one left in the directory, and has yet to recover it.
    fn recovering(env: IdleEnv, directory: Arc<LogDirectory<SeededDisk>>) -> Self {
        let lane = env.lane_after(false, directory, DIRECTORY);
        let leading = Self::of(env, lane, FLUSHED_LATE);
        leading.lead_log(KEY, true);
        leading
    }

    fn opened(&self) {
        assert_eq!(self.env.unblock(), 1, "the log is opened");
        self.run();
    }

    /// One record of a producer that numbers them.
    fn numbered(&self, sequence: i32) -> Answers {
        self.numbered_under(EPOCH, sequence)
    }

    fn numbered_under(&self, leader_epoch: LeaderEpoch, sequence: i32) -> Answers {
        let fields = BatchFields {
            producer_id: ProducerId(7),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(sequence),
            ..BatchFields::default()
        };
        self.append_of(leader_epoch, fields)
    }

    /// The first batch of the producer finds no room, which there is again then.
    fn found_no_room(&self) {
        let used = self.fill_disk();
        self.look(Some(used + MIN_FREE / 2));
        assert!(is_held_up(self.numbered(0)));
        self.look(None);
    }

    /// The first batch of the producer comes again, and the others behind it.
    fn takes_in_order(&self, sequences: std::ops::Range<i32>) {
        assert!(is_held_up(self.numbered(1)));
        for sequence in sequences {
            let offset = Some(Offset(i64::from(sequence)));
            assert_eq!(base_offset(&self.numbered(sequence)), offset);
        }
    }
}

fn refusal(answers: Answers) -> ErrorCode {
    match &answers.into_outcomes()[..] {
        [Outcome::Told(Err(failure))] => failure.code,
        other => panic!("it is refused, and not {other:?}"),
    }
}

fn is_held_up(answers: Answers) -> bool {
    refusal(answers) == ErrorCode::KafkaStorageError
}

fn directory(env: &IdleEnv, path: &str) -> Arc<LogDirectory<SeededDisk>> {
    let directory = LogDirectory::open(env.disk().clone(), Path::new(path));
    Arc::new(directory.expect("nobody else has it"))
}

#[test]
fn it_does_not_come_before_one_that_found_no_room() {
    let leading = Leading::flushed_late();
    leading.found_no_room();
    assert!(is_held_up(leading.numbered(1)));
    assert_eq!(base_offset(&leading.append(EPOCH)), Some(Offset(0)));
    assert_eq!(base_offset(&leading.numbered(0)), Some(Offset(1)));
    assert_eq!(base_offset(&leading.numbered(1)), Some(Offset(2)));
}

#[test]
fn it_does_not_come_before_one_that_was_checked_under_another_leadership() {
    let leading = Leading::flushed_late();
    let refused = leading.numbered_under(LeaderEpoch(EPOCH.0 - 1), 0);
    assert_eq!(refusal(refused), ErrorCode::NotLeaderOrFollower);
    leading.takes_in_order(0..3);
}

#[test]
fn it_does_not_come_before_one_that_came_again_and_was_turned_away_again() {
    let leading = Leading::flushed_late();
    leading.found_no_room();
    let refused = leading.numbered_under(LeaderEpoch(EPOCH.0 - 1), 0);
    assert_eq!(refusal(refused), ErrorCode::NotLeaderOrFollower);
    leading.takes_in_order(0..3);
}

#[test]
fn it_does_not_come_before_one_that_came_while_the_log_was_being_recovered() {
    let env = IdleEnv::new();
    let leading = Leading::recovering(env.clone(), directory(&env, "/data"));
    let refused = leading.numbered(0);
    assert_eq!(refusal(refused), ErrorCode::NotLeaderOrFollower);
    leading.opened();
    leading.takes_in_order(0..3);
}

#[test]
fn a_log_that_knows_the_producer_says_what_comes_next() {
    let env = IdleEnv::new();
    let directory = directory(&env, "/data");
    let before = Leading::of(
        env.clone(),
        env.lane_of(Arc::clone(&directory), DIRECTORY),
        FLUSHED_LATE,
    );
    before.lead(KEY);
    before.opened();
    assert_eq!(base_offset(&before.numbered(0)), Some(Offset(0)));
    let leading = Leading::recovering(env, directory);
    let refused = leading.numbered(1);
    assert_eq!(refusal(refused), ErrorCode::NotLeaderOrFollower);
    leading.opened();
    let too_early = leading.numbered(2);
    assert_eq!(refusal(too_early), ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(base_offset(&leading.numbered(0)), Some(Offset(0)), "known");
    assert_eq!(base_offset(&leading.numbered(1)), Some(Offset(1)));
}

#[test]
fn it_does_not_come_before_that_in_another_directory() {
    const SECOND: Uuid = Uuid::from_u128(102);
    let env = IdleEnv::new();
    let (first, second) = (directory(&env, "/data"), directory(&env, "/second"));
    let lane = |directory: &Arc<_>, id| env.lane_of(Arc::clone(directory), id);
    let leading = Leading::of(env.clone(), lane(&first, DIRECTORY), FLUSHED_LATE);
    leading.lead(KEY);
    leading.opened();
    leading.found_no_room();
    let moved = Leading::of(env.clone(), lane(&second, SECOND), FLUSHED_LATE);
    let partition = moved.partition(KEY);
    let future = FutureLog::begin(first, second, &partition.name(), SECOND);
    moved.lane.send(Job::Expect {
        partition: Arc::clone(&partition),
        leadership: LEADERSHIP,
    });
    leading.lane.send(Job::HandOver(Box::new(HandOver {
        key: KEY,
        future: future.expect("the disk works"),
        arrival: Arrival::new(partition, EPOCH),
        stay: Box::new(|_| panic!("it can be handed over")),
    })));
    leading.run();
    moved.takes_in_order(0..3);
}
