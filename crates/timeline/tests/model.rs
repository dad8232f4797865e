//! A timeline against the simplest thing that could be one: a list of all states that ever were.

use ottla_timeline::Timeline;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    /// So many offsets on from the newest state or the commit, whichever is further.
    Push(u64),
    /// So many on from the last commit.
    Commit(u64),
    RollBack(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1_u64..5).prop_map(Step::Push),
        2 => (0_u64..8).prop_map(Step::Commit),
        1 => (0_u64..8).prop_map(Step::RollBack),
    ];
    prop::collection::vec(step, 0..60)
}

/// All states, and what is committed; nothing is ever dropped but by a roll-back.
struct Model {
    states: Vec<(u64, u32)>,
    commit: u64,
}

impl Model {
    fn at(&self, offset: u64) -> u32 {
        let below = self.states.iter().rfind(|(at, _)| *at <= offset);
        below.expect("the first state is at 0").1
    }

    fn end(&self) -> u64 {
        self.states.last().expect("the first state stays").0
    }
}

proptest! {
    #[test]
    fn it_is_the_list_of_all_states(steps in steps()) {
        let mut timeline = Timeline::new(0, 0);
        let mut model = Model { states: vec![(0, 0)], commit: 0 };
        for (state, step) in (1..).zip(steps) {
            match step {
                Step::Push(more) => {
                    let offset = model.end().max(model.commit) + more;
                    timeline.push(offset, state);
                    model.states.push((offset, state));
                }
                Step::Commit(more) => {
                    let before = model.at(model.commit);
                    model.commit += more;
                    let after = model.at(model.commit);
                    let expected = (after != before).then_some(after);
                    prop_assert_eq!(timeline.commit(model.commit).copied(), expected);
                }
                Step::RollBack(more) => {
                    let offset = model.commit + more;
                    timeline.roll_back(offset);
                    model.states.retain(|(at, _)| *at <= offset);
                }
            }
            prop_assert_eq!(*timeline.newest(), model.at(u64::MAX));
            prop_assert_eq!(*timeline.committed(), model.at(model.commit));
            for offset in model.commit..model.end() + 2 {
                prop_assert_eq!(timeline.at(offset).copied(), Some(model.at(offset)));
            }
        }
    }
}

#[test]
fn what_is_older_than_the_committed_state_is_gone() {
    let mut timeline = Timeline::new(0, "empty");
    timeline.push(5, "five");
    timeline.push(9, "nine");
    assert_eq!(timeline.commit(7), Some(&"five"));
    assert_eq!(timeline.at(4), None);
    assert_eq!(timeline.at(8), Some(&"five"));
    assert_eq!(timeline.commit(8), None);
}

#[test]
#[should_panic(expected = "cannot be rolled back")]
fn a_committed_state_cannot_be_rolled_back() {
    let mut timeline = Timeline::new(0, ());
    timeline.push(5, ());
    timeline.commit(5);
    timeline.roll_back(4);
}

#[test]
#[should_panic(expected = "cannot go back")]
fn a_commit_does_not_go_back() {
    let mut timeline = Timeline::new(3, ());
    timeline.commit(2);
}

#[test]
#[should_panic(expected = "cannot follow")]
fn states_come_in_the_order_of_the_log() {
    let mut timeline = Timeline::new(0, ());
    timeline.push(5, ());
    timeline.push(5, ());
}

#[test]
fn only_the_newest_state_that_is_not_committed_can_be_changed() {
    let mut timeline = Timeline::new(0, 'a');
    assert_eq!(timeline.newest_mut(0), None);
    timeline.push(1, 'b');
    timeline.push(2, 'c');
    assert_eq!(timeline.newest_mut(1), None);
    *timeline.newest_mut(2).unwrap() = 'd';
    assert_eq!((timeline.at(1), timeline.newest()), (Some(&'b'), &'d'));
    timeline.commit(2);
    assert_eq!(timeline.newest_mut(2), None);
    assert_eq!(timeline.committed(), &'d');
}
