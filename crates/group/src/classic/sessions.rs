//! Until when each member must be heard of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ottla_model::Monotonic;
use rustc_hash::FxHashMap;

/// The deadlines of a group's members and of those that were told an id.
///
/// A heartbeat moves a deadline further away, which is a lookup: the member stays in the queue where it was, and finds its later place
/// when its turn comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    by_member: FxHashMap<Arc<str>, Session>,
    /// Each member of `by_member` once, at its `queued`.
    queue: BTreeSet<(Monotonic, Arc<str>)>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    deadline: Monotonic,
    /// Not after `deadline`.
    queued: Monotonic,
}

impl Sessions {
    /// The member must be heard of within `timeout`, whatever held before.
    pub(super) fn restart(&mut self, member: &Arc<str>, now: Monotonic, timeout: Duration) {
        let deadline = now + timeout;
        if let Some(session) = self.by_member.get_mut(member) {
            session.deadline = deadline;
            if deadline < session.queued {
                self.queue.remove(&(session.queued, member.clone()));
                session.queued = deadline;
                self.queue.insert((deadline, member.clone()));
            }
        } else {
            let session = Session {
                deadline,
                queued: deadline,
            };
            self.by_member.insert(member.clone(), session);
            self.queue.insert((deadline, member.clone()));
        }
    }

    pub(super) fn end(&mut self, member: &str) {
        if let Some((member, session)) = self.by_member.remove_entry(member) {
            self.queue.remove(&(session.queued, member));
        }
    }

    /// When to look for one that has expired. Nobody expires before; perhaps nobody does then.
    pub(super) fn next_deadline(&self) -> Option<Monotonic> {
        self.queue.first().map(|(queued, _)| *queued)
    }

    /// Ends the session that is over first, if one is over.
    pub(super) fn pop_expired(&mut self, now: Monotonic) -> Option<Arc<str>> {
        while self.next_deadline().is_some_and(|queued| queued <= now) {
            let (_, member) = self.queue.pop_first().expect("there was a first one");
            let session = self
                .by_member
                .get_mut(&member)
                .expect("who is in the queue has a session");
            if session.deadline <= now {
                self.by_member.remove(&member);
                return Some(member);
            }
            session.queued = session.deadline;
            self.queue.insert((session.deadline, member));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    #[test]
    fn a_session_ends_at_its_last_deadline() {
        let (ada, bob) = (Arc::from("ada"), Arc::from("bob"));
        let mut sessions = Sessions::default();
        sessions.restart(&ada, at(0), 10 * SECOND);
        sessions.restart(&bob, at(0), 12 * SECOND);
        sessions.restart(&ada, at(5), 10 * SECOND);
        assert_eq!(sessions.pop_expired(at(11)), None);
        assert_eq!(sessions.pop_expired(at(12)), Some(bob));
        assert_eq!(sessions.next_deadline(), Some(at(15)));
        assert_eq!(sessions.pop_expired(at(14)), None);
        assert_eq!(sessions.pop_expired(at(15)), Some(ada));
        assert_eq!(sessions.next_deadline(), None);
    }

    #[test]
    fn a_shorter_timeout_holds_at_once() {
        let ada = Arc::from("ada");
        let mut sessions = Sessions::default();
        sessions.restart(&ada, at(0), 300 * SECOND);
        sessions.restart(&ada, at(1), 6 * SECOND);
        assert_eq!(sessions.next_deadline(), Some(at(7)));
        assert_eq!(sessions.pop_expired(at(7)), Some(ada));
        assert_eq!(sessions.pop_expired(at(400)), None);
    }

    #[test]
    fn who_has_left_does_not_expire() {
        let ada: Arc<str> = Arc::from("ada");
        let mut sessions = Sessions::default();
        sessions.restart(&ada, at(0), SECOND);
        sessions.restart(&ada, at(1), SECOND);
        sessions.end(&ada);
        assert_eq!(sessions.next_deadline(), None);
        assert_eq!(sessions.pop_expired(at(9)), None);
    }
}
