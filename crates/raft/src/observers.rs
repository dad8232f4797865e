//! The replicas that follow the log without a vote, as its leader sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_model::{Monotonic, Offset};

use crate::request::ReplicaState;
use crate::voter::ReplicaKey;

/// Who has not fetched for this long is gone.
const SESSION: Duration = Duration::from_secs(300);

/// The most that are remembered: more than any cluster has, for whoever reaches the listener may make them up.
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Observer {
    end: Offset,
    last_fetch: Monotonic,
    last_caught_up: Option<Monotonic>,
    /// Where the leader's log ended at the last fetch.
    leader_end: Offset,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Observers {
    by_key: BTreeMap<ReplicaKey, Observer>,
}

impl Observers {
    /// `key` has all below `end` and asks for more. The leader's log ends at `leader_end`.
    pub(crate) fn fetched(
        &mut self,
        now: Monotonic,
        key: ReplicaKey,
        end: Offset,
        leader_end: Offset,
    ) {
        if !self.by_key.contains_key(&key) && self.by_key.len() >= MOST {
            self.forget_absent(now);
            if self.by_key.len() >= MOST {
                return;
            }
        }
        let before = self.by_key.get(&key);
        let last_caught_up = match before {
            _ if end >= leader_end => Some(now),
            Some(before) if end >= before.leader_end => Some(before.last_fetch),
            Some(before) => before.last_caught_up,
            None => None,
        };
        let observer = Observer {
            end,
            last_fetch: now,
            last_caught_up,
            leader_end,
        };
        self.by_key.insert(key, observer);
    }

    pub(crate) fn describe(&mut self, now: Monotonic) -> Vec<ReplicaState> {
        self.forget_absent(now);
        let all = self.by_key.iter();
        all.map(|(replica, observer)| ReplicaState {
            replica: *replica,
            end: observer.end,
            last_fetch: observer.last_fetch,
            last_caught_up: observer.last_caught_up,
        })
        .collect()
    }

    fn forget_absent(&mut self, now: Monotonic) {
        self.by_key
            .retain(|_, observer| now - observer.last_fetch < SESSION);
    }
}

#[cfg(test)]
mod tests {
    use ottla_model::{NodeId, Uuid};

    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    fn fetched(
        observers: &mut Observers,
        seconds: u64,
        end: i64,
        leader_end: i64,
    ) -> Option<Monotonic> {
        let key = ReplicaKey {
            id: NodeId(7),
            directory: Uuid::ZERO,
        };
        observers.fetched(at(seconds), key, Offset(end), Offset(leader_end));
        observers.describe(at(seconds))[0].last_caught_up
    }

    #[test]
    fn an_observer_is_caught_up_as_of_when_it_had_all_there_was() {
        let mut observers = Observers::default();
        assert_eq!(fetched(&mut observers, 1, 0, 10), None);
        assert_eq!(fetched(&mut observers, 2, 9, 20), None);
        // It now has what the leader had at second 2.
        assert_eq!(fetched(&mut observers, 3, 20, 30), Some(at(2)));
        assert_eq!(fetched(&mut observers, 4, 25, 40), Some(at(2)));
        assert_eq!(fetched(&mut observers, 5, 40, 40), Some(at(5)));
    }

    #[test]
    fn made_up_observers_are_not_remembered_without_end() {
        let mut observers = Observers::default();
        let fetch = |observers: &mut Observers, seconds, id, end| {
            let key = ReplicaKey {
                id: NodeId(id),
                directory: Uuid::ZERO,
            };
            observers.fetched(at(seconds), key, Offset(end), Offset(10));
        };
        for id in 0..10_010 {
            fetch(&mut observers, 0, id, 0);
        }
        // Those that are known go on.
        fetch(&mut observers, 0, 3, 10);
        let known = observers.describe(at(0));
        assert_eq!((known.len(), known[3].end), (MOST, Offset(10)));
        // When the others are gone there is room.
        fetch(&mut observers, 300, 20_000, 5);
        let known = observers.by_key.values();
        assert_eq!(known.map(|it| it.end).collect::<Vec<_>>(), [Offset(5)]);
    }

    #[test]
    fn an_observer_that_does_not_fetch_is_forgotten() {
        let mut observers = Observers::default();
        fetched(&mut observers, 0, 0, 10);
        assert_eq!(observers.describe(at(299)).len(), 1);
        assert_eq!(observers.describe(at(300)).len(), 0);
    }
}
