//! A leader that is the one replica of its partition.

use std::time::Duration;

use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset};
use ottla_replica::{Acks, Input, Leader, Leadership, Options, Output, Outputs, Refusal};
use proptest::prelude::*;

const RELAXED: Options = Options {
    min_in_sync: 1,
    flush_messages: i64::MAX,
    flush_after: Duration::MAX,
};
const CAREFUL: Options = Options {
    flush_messages: 1,
    ..RELAXED
};
const ALONE: Leadership = Leadership {
    epoch: LeaderEpoch(3),
    replicas: 1,
    in_sync: 1,
};

fn at(seconds: u64) -> Monotonic {
    Monotonic(Duration::from_secs(seconds))
}

fn leader(options: Options, end: i64, synced: i64) -> Leader<u32> {
    Leader::new(options, ALONE, Offset(end), Offset(synced), at(0))
}

fn step(leader: &mut Leader<u32>, seconds: u64, input: Input<u32>) -> Outputs<u32> {
    let mut out = Vec::new();
    leader.step(at(seconds), input, &mut out);
    out
}

fn wait(offset: i64, producer: u32) -> Input<u32> {
    Input::Wait {
        offset: Offset(offset),
        producer,
    }
}

fn appended(end: i64) -> Input<u32> {
    Input::Appended { end: Offset(end) }
}

fn synced(end: i64) -> Input<u32> {
    Input::Synced { end: Offset(end) }
}

#[test]
fn a_batch_counts_once_it_is_appended() {
    let mut leader = leader(RELAXED, 5, 5);
    assert_eq!(step(&mut leader, 0, wait(8, 1)), []);
    let expected = [Output::HighWatermark(Offset(8)), Output::Acknowledge(1)];
    assert_eq!(step(&mut leader, 0, appended(8)), expected);
}

#[test]
fn a_batch_counts_once_it_is_synced_where_each_append_is() {
    let mut leader = leader(CAREFUL, 5, 5);
    step(&mut leader, 0, wait(8, 1));
    assert_eq!(step(&mut leader, 0, appended(8)), [Output::Sync]);
    let expected = [Output::HighWatermark(Offset(8)), Output::Acknowledge(1)];
    assert_eq!(step(&mut leader, 0, synced(8)), expected);
}

#[test]
fn a_sync_is_wanted_again_for_what_was_written_meanwhile() {
    let mut leader = leader(CAREFUL, 0, 0);
    step(&mut leader, 0, appended(2));
    step(&mut leader, 0, appended(3));
    let expected = [Output::HighWatermark(Offset(2)), Output::Sync];
    assert_eq!(step(&mut leader, 0, synced(2)), expected);
}

#[test]
fn a_repeated_batch_waits_for_its_own_offset_only() {
    let mut leader = leader(CAREFUL, 5, 5);
    step(&mut leader, 0, wait(8, 1));
    step(&mut leader, 0, wait(11, 2));
    step(&mut leader, 0, appended(11));
    assert_eq!(step(&mut leader, 0, wait(8, 3)), []);
    assert_eq!(step(&mut leader, 0, wait(4, 4)), [Output::Acknowledge(4)]);
    let expected = [
        Output::HighWatermark(Offset(8)),
        Output::Acknowledge(1),
        Output::Acknowledge(3),
        Output::Sync,
    ];
    assert_eq!(step(&mut leader, 0, synced(8)), expected);
}

#[test]
fn a_sync_is_due_after_so_many_records_or_so_much_time() {
    let options = Options {
        flush_messages: 10,
        flush_after: Duration::from_secs(5),
        ..RELAXED
    };
    let mut leader = leader(options, 0, 0);
    assert!(!step(&mut leader, 1, appended(9)).contains(&Output::Sync));
    assert!(step(&mut leader, 1, appended(10)).contains(&Output::Sync));
    step(&mut leader, 2, synced(9));
    assert_eq!(step(&mut leader, 6, Input::Tick), []);
    assert_eq!(step(&mut leader, 7, Input::Tick), [Output::Sync]);
    step(&mut leader, 7, synced(10));
    assert_eq!(step(&mut leader, 20, Input::Tick), []);
}

#[test]
fn what_is_found_unsynced_in_the_log_is_synced_in_time() {
    let options = Options {
        flush_after: Duration::from_secs(5),
        ..RELAXED
    };
    let mut leader = leader(options, 9, 4);
    assert_eq!(step(&mut leader, 4, Input::Tick), []);
    assert_eq!(step(&mut leader, 5, Input::Tick), [Output::Sync]);
}

#[test]
fn a_sync_that_ends_after_a_later_one_takes_nothing_back() {
    let mut leader = leader(CAREFUL, 0, 0);
    step(&mut leader, 0, appended(3));
    step(&mut leader, 0, synced(3));
    assert_eq!(step(&mut leader, 0, synced(2)), []);
}

#[test]
fn what_is_found_unsynced_in_the_log_is_synced_before_it_is_shown_where_each_append_is() {
    let mut leader = leader(CAREFUL, 9, 4);
    assert_eq!(leader.high_watermark(), Offset(4));
    assert_eq!(step(&mut leader, 0, Input::Lead(ALONE)), [Output::Sync]);
    step(&mut leader, 0, synced(9));
    assert_eq!(leader.high_watermark(), Offset(9));
}

#[test]
fn the_high_watermark_stays_when_the_topic_begins_to_sync_each_append() {
    let mut leader = leader(RELAXED, 9, 4);
    let out = step(&mut leader, 0, Input::Configure(CAREFUL));
    assert_eq!(out, [Output::Sync]);
    assert_eq!(leader.high_watermark(), Offset(9));
    assert_eq!(step(&mut leader, 0, appended(10)), [Output::Sync]);
}

#[test]
fn a_batch_for_another_epoch_is_refused() {
    let mut leader = leader(RELAXED, 0, 0);
    assert_eq!(leader.admit(LeaderEpoch(3), Acks::All), Ok(()));
    step(
        &mut leader,
        0,
        Input::Lead(Leadership {
            epoch: LeaderEpoch(4),
            ..ALONE
        }),
    );
    let refusal = Refusal::NotLeader {
        expected: LeaderEpoch(3),
        found: LeaderEpoch(4),
    };
    assert_eq!(leader.admit(LeaderEpoch(3), Acks::Leader), Err(refusal));
}

#[test]
fn enough_replicas_must_be_in_sync_for_acks_of_all_and_no_more_than_there_are() {
    let strict = Options {
        min_in_sync: 2,
        ..RELAXED
    };
    let leader_of_one = leader(strict, 0, 0);
    assert_eq!(leader_of_one.admit(ALONE.epoch, Acks::All), Ok(()));
    let of_two = Leadership {
        replicas: 2,
        ..ALONE
    };
    let leader = Leader::<u32>::new(strict, of_two, Offset(0), Offset(0), at(0));
    assert_eq!(leader.admit(ALONE.epoch, Acks::Leader), Ok(()));
    let refusal = Refusal::NotEnoughReplicas {
        in_sync: 1,
        required: 2,
    };
    assert_eq!(leader.admit(ALONE.epoch, Acks::All), Err(refusal));
}

#[test]
fn who_waits_when_the_leadership_ends_is_told() {
    let mut leader = leader(CAREFUL, 0, 0);
    step(&mut leader, 0, wait(2, 1));
    step(&mut leader, 0, appended(2));
    assert_eq!(
        step(
            &mut leader,
            0,
            Input::Resign(ErrorCode::NotLeaderOrFollower)
        ),
        [Output::Abandon(1, ErrorCode::NotLeaderOrFollower)]
    );
    assert_eq!(
        step(&mut leader, 0, synced(2)),
        [Output::HighWatermark(Offset(2))]
    );
}

#[derive(Clone, Debug)]
enum Event {
    /// A batch of so many records.
    Append(i64),
    /// A batch again that began so many records before the end.
    Repeat(i64),
    /// A sync of all but the last so many records.
    Sync(i64),
    Configure(bool),
    Tick,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => (1_i64..5).prop_map(Event::Append),
        1 => (0_i64..9).prop_map(Event::Repeat),
        3 => (0_i64..9).prop_map(Event::Sync),
        1 => any::<bool>().prop_map(Event::Configure),
        1 => Just(Event::Tick),
    ];
    prop::collection::vec(event, 0..80)
}

proptest! {
    #[test]
    fn the_high_watermark_only_rises_and_each_producer_is_answered_when_it_is_reached(events in events()) {
        let mut leader = leader(RELAXED, 0, 0);
        let (mut end, mut on_disk, mut careful) = (0, 0, false);
        let mut high_watermark = 0;
        let mut waiting: Vec<(i64, u32)> = Vec::new();
        for (now, event) in (0..).zip(events) {
            let producer = u32::try_from(now).unwrap_or_default();
            let mut out = Vec::new();
            match event {
                Event::Append(records) => {
                    end += records;
                    waiting.push((end, producer));
                    out.extend(step(&mut leader, now, wait(end, producer)));
                    out.extend(step(&mut leader, now, appended(end)));
                }
                Event::Repeat(back) => {
                    let offset = (end - back).max(0);
                    waiting.push((offset, producer));
                    out.extend(step(&mut leader, now, wait(offset, producer)));
                }
                Event::Sync(but) => {
                    on_disk = on_disk.max(end - but);
                    out.extend(step(&mut leader, now, synced(on_disk)));
                }
                Event::Configure(to) => {
                    careful = to;
                    let options = if careful { CAREFUL } else { RELAXED };
                    out.extend(step(&mut leader, now, Input::Configure(options)));
                }
                Event::Tick => out.extend(step(&mut leader, now, Input::Tick)),
            }
            high_watermark = high_watermark.max(if careful { on_disk } else { end });
            prop_assert_eq!(leader.high_watermark(), Offset(high_watermark));
            let mut reached: Vec<_> = waiting.extract_if(.., |(offset, _)| *offset <= high_watermark).collect();
            reached.sort_by_key(|(offset, _)| *offset);
            let answered: Vec<_> = out
                .iter()
                .filter_map(|output| if let Output::Acknowledge(producer) = output { Some(*producer) } else { None })
                .collect();
            prop_assert_eq!(answered, reached.iter().map(|(_, producer)| *producer).collect::<Vec<_>>());
        }
    }
}
