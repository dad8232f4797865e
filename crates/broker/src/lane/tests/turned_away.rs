//! What an idempotent producer has sent behind a batch that was turned away.

use ottla_model::{ProducerEpoch, ProducerId, Sequence};

use super::*;

impl Leading {
    fn flushed_late() -> Self {
        Self::with("flush.messages", "1000")
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

#[test]
fn it_does_not_come_before_one_that_found_no_room() {
    let leading = Leading::flushed_late();
    let used = leading.fill_disk();
    leading.look(Some(used + MIN_FREE / 2));
    assert!(is_held_up(leading.numbered(0)));
    leading.look(None);
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
    let used = leading.fill_disk();
    leading.look(Some(used + MIN_FREE / 2));
    assert!(is_held_up(leading.numbered(0)));
    leading.look(None);
    let refused = leading.numbered_under(LeaderEpoch(EPOCH.0 - 1), 0);
    assert_eq!(refusal(refused), ErrorCode::NotLeaderOrFollower);
    leading.takes_in_order(0..3);
}
