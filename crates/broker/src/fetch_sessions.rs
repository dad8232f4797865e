//! Incremental fetch sessions (KIP-227): the node remembers what a client fetches, so that each request names only what
//! changed and each response only what is new.

use std::sync::Arc;
use std::time::Duration;

use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset, PartitionIndex, TopicId};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};

/// A session unused for this long gives way to any other.
const EVICTABLE_AFTER: Duration = Duration::from_secs(120);
/// Partitions of all sessions together, some hundred bytes each: they outlive the requests that named them.
const MOST_PARTITIONS: usize = 1 << 20;
/// Session id and epoch as the protocol numbers them.
pub(crate) const NO_SESSION: i32 = 0;
const INITIAL_EPOCH: i32 = 0;
const FINAL_EPOCH: i32 = -1;

/// A partition as the request names it: by topic id from version 13 on, by name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FetchKey {
    pub(crate) topic_id: TopicId,
    /// Empty where the id counts.
    pub(crate) topic: Arc<str>,
    pub(crate) partition: PartitionIndex,
}

/// What is asked of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) offset: Offset,
    pub(crate) current_leader_epoch: LeaderEpoch,
    pub(crate) last_fetched_epoch: LeaderEpoch,
    /// Bytes.
    pub(crate) max_bytes: i32,
}

/// The positions a response carries; a change of any is news to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Positions {
    pub(crate) high_watermark: Offset,
    pub(crate) last_stable_offset: Offset,
    pub(crate) log_start: Offset,
}

impl Positions {
    /// Where there is an error instead.
    pub(crate) const UNKNOWN: Self = Self {
        high_watermark: Offset::UNKNOWN,
        last_stable_offset: Offset::UNKNOWN,
        log_start: Offset::UNKNOWN,
    };
}

/// The session fields of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionFields {
    pub(crate) id: i32,
    pub(crate) epoch: i32,
    pub(crate) uses_topic_ids: bool,
}

/// What this fetch reads, and what of it the response may leave out.
#[derive(Debug)]
pub(crate) struct Fetch {
    /// In the order in which the byte limits are spent.
    pub(crate) partitions: Vec<(FetchKey, Wanted)>,
    /// 0 for a fetch without a session.
    pub(crate) session_id: i32,
    is_incremental: bool,
}

impl Fetch {
    /// The session, if there was one before: a new one is of no use to a client that gets nothing.
    pub(crate) fn continued_session(&self) -> i32 {
        if self.is_incremental {
            self.session_id
        } else {
            0
        }
    }
}

#[derive(Debug)]
struct Partition {
    key: FetchKey,
    wanted: Wanted,
    sent: Option<Positions>,
}

#[derive(Debug)]
struct Session {
    /// That of the next request.
    epoch: i32,
    uses_topic_ids: bool,
    last_used: Monotonic,
    partitions: Vec<Partition>,
}

#[derive(Default)]
struct Cache {
    sessions: FxHashMap<i32, Session>,
    /// Of all sessions.
    partitions: usize,
}

impl Cache {
    fn insert(&mut self, id: i32, session: Session) {
        self.partitions += session.partitions.len();
        let before = self.sessions.insert(id, session);
        assert!(before.is_none(), "a session's id is its own");
    }

    fn remove(&mut self, id: i32) {
        if let Some(session) = self.sessions.remove(&id) {
            self.partitions -= session.partitions.len();
        }
    }
}

/// `max.incremental.fetch.session.cache.slots` sessions at most.
pub(crate) struct FetchSessions {
    slots: usize,
    most_partitions: usize,
    cache: Mutex<Cache>,
}

impl FetchSessions {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            slots,
            most_partitions: MOST_PARTITIONS,
            cache: Mutex::default(),
        }
    }

    /// Which partitions the request is about. `new_id` draws one at random if a session is to begin.
    ///
    /// # Errors
    /// FETCH_SESSION_ID_NOT_FOUND, also when the session has grown too large, INVALID_FETCH_SESSION_EPOCH,
    /// FETCH_SESSION_TOPIC_ID_ERROR: the client then begins anew.
    pub(crate) fn begin(
        &self,
        fields: SessionFields,
        changed: Vec<(FetchKey, Wanted)>,
        forgotten: &FxHashSet<FetchKey>,
        new_id: impl FnOnce() -> i32,
        now: Monotonic,
    ) -> Result<Fetch, ErrorCode> {
        let cache = &mut *self.cache.lock();
        if fields.epoch == INITIAL_EPOCH || fields.epoch == FINAL_EPOCH {
            cache.remove(fields.id);
            let opens = fields.epoch == INITIAL_EPOCH && !changed.is_empty();
            let session_id = if opens {
                self.open(cache, fields, &changed, new_id(), now)
            } else {
                NO_SESSION
            };
            return Ok(Fetch {
                partitions: changed,
                session_id,
                is_incremental: false,
            });
        }
        let session = cache
            .sessions
            .get_mut(&fields.id)
            .ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != fields.epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids != fields.uses_topic_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.epoch = next_epoch(session.epoch);
        session.last_used = now;
        cache.partitions -= session.partitions.len();
        session.update(changed, forgotten);
        cache.partitions += session.partitions.len();
        let partitions = session
            .partitions
            .iter()
            .map(|p| (p.key.clone(), p.wanted))
            .collect();
        if cache.partitions > self.most_partitions {
            cache.remove(fields.id);
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        Ok(Fetch {
            partitions,
            session_id: fields.id,
            is_incremental: true,
        })
    }

    /// Which partitions the response must name, of those in `answers` (key, positions, has data or an error), in order.
    pub(crate) fn finish(&self, fetch: &Fetch, answers: &[(Positions, bool)]) -> Vec<bool> {
        assert_eq!(
            fetch.partitions.len(),
            answers.len(),
            "an answer per partition"
        );
        let mut cache = self.cache.lock();
        let Some(session) = cache.sessions.get_mut(&fetch.session_id) else {
            return vec![true; answers.len()];
        };
        let index: FxHashMap<FetchKey, usize> = session
            .partitions
            .iter()
            .enumerate()
            .map(|(i, p)| (p.key.clone(), i))
            .collect();
        let mut named = Vec::with_capacity(answers.len());
        let mut had_data = vec![false; session.partitions.len()];
        for ((key, _), &(positions, has_data)) in fetch.partitions.iter().zip(answers) {
            let Some(&i) = index.get(key) else {
                named.push(true);
                continue;
            };
            let is_news = session.partitions[i].sent != Some(positions);
            session.partitions[i].sent = Some(positions);
            had_data[i] = has_data;
            named.push(!fetch.is_incremental || has_data || is_news);
        }
        // Whoever was served goes to the end of the queue: a busy partition must not starve the others of the byte limit.
        let mut had_data = had_data.into_iter();
        let (served, waiting): (Vec<_>, Vec<_>) = session
            .partitions
            .drain(..)
            .partition(|_| had_data.next().unwrap_or(false));
        session.partitions = waiting;
        session.partitions.extend(served);
        named
    }

    /// 0 when there is no slot or no room to be had.
    fn open(
        &self,
        cache: &mut Cache,
        fields: SessionFields,
        partitions: &[(FetchKey, Wanted)],
        id: i32,
        now: Monotonic,
    ) -> i32 {
        if id <= 0 || cache.sessions.contains_key(&id) {
            return NO_SESSION;
        }
        if cache.partitions + partitions.len() > self.most_partitions {
            return NO_SESSION;
        }
        if cache.sessions.len() >= self.slots {
            // Longest unused first; a larger session saves more than a smaller one.
            let victim = cache
                .sessions
                .iter()
                .filter(|(_, s)| {
                    now - s.last_used > EVICTABLE_AFTER || s.partitions.len() < partitions.len()
                })
                .min_by_key(|(id, s)| (s.last_used, s.partitions.len(), **id))
                .map(|(id, _)| *id);
            match victim {
                Some(victim) => cache.remove(victim),
                None => return NO_SESSION,
            };
        }
        let partitions = partitions
            .iter()
            .map(|(key, wanted)| Partition {
                key: key.clone(),
                wanted: *wanted,
                sent: None,
            })
            .collect();
        let epoch = next_epoch(INITIAL_EPOCH);
        cache.insert(
            id,
            Session {
                epoch,
                uses_topic_ids: fields.uses_topic_ids,
                last_used: now,
                partitions,
            },
        );
        id
    }
}

impl Session {
    fn update(&mut self, changed: Vec<(FetchKey, Wanted)>, forgotten: &FxHashSet<FetchKey>) {
        if !forgotten.is_empty() {
            self.partitions.retain(|p| !forgotten.contains(&p.key));
        }
        if changed.is_empty() {
            return;
        }
        let index: FxHashMap<FetchKey, usize> = self
            .partitions
            .iter()
            .enumerate()
            .map(|(i, p)| (p.key.clone(), i))
            .collect();
        for (key, wanted) in changed {
            match index.get(&key) {
                Some(&i) => self.partitions[i].wanted = wanted,
                None => self.partitions.push(Partition {
                    key,
                    wanted,
                    sent: None,
                }),
            }
        }
    }
}

fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> FxHashSet<FetchKey> {
        FxHashSet::default()
    }

    fn key(partition: i32) -> FetchKey {
        FetchKey {
            topic_id: TopicId::NONE,
            topic: "t".into(),
            partition: PartitionIndex(partition),
        }
    }

    fn wanted(offset: i64) -> Wanted {
        let none = LeaderEpoch::NONE;
        Wanted {
            offset: Offset(offset),
            current_leader_epoch: none,
            last_fetched_epoch: none,
            max_bytes: 1,
        }
    }

    fn at(high_watermark: i64) -> Positions {
        let high_watermark = Offset(high_watermark);
        Positions {
            high_watermark,
            last_stable_offset: high_watermark,
            log_start: Offset::ZERO,
        }
    }

    fn fields(id: i32, epoch: i32) -> SessionFields {
        SessionFields {
            id,
            epoch,
            uses_topic_ids: false,
        }
    }

    #[test]
    fn an_incremental_response_names_only_what_is_new() {
        let sessions = FetchSessions::new(2);
        let now = Monotonic::default();
        let both = vec![(key(0), wanted(0)), (key(1), wanted(0))];
        let first = sessions
            .begin(fields(0, 0), both, &none(), || 7, now)
            .unwrap();
        assert_eq!(first.session_id, 7);
        assert_eq!(
            sessions.finish(&first, &[(at(5), true), (at(0), false)]),
            [true, true]
        );

        let second = sessions
            .begin(fields(7, 1), vec![(key(0), wanted(5))], &none(), || 8, now)
            .unwrap();
        let asked: Vec<_> = second
            .partitions
            .iter()
            .map(|(k, w)| (k.partition.0, w.offset.0))
            .collect();
        assert_eq!(
            asked,
            [(1, 0), (0, 5)],
            "the served partition waits behind the other"
        );
        assert_eq!(
            sessions.finish(&second, &[(at(0), false), (at(6), false)]),
            [false, true]
        );
    }

    #[test]
    fn sessions_together_hold_so_many_partitions_and_no_more() {
        let sessions = FetchSessions {
            most_partitions: 3,
            ..FetchSessions::new(9)
        };
        let now = Monotonic::default();
        let two = || vec![(key(0), wanted(0)), (key(1), wanted(0))];
        let open = |id| {
            sessions
                .begin(fields(0, 0), two(), &none(), || id, now)
                .unwrap()
        };
        assert_eq!(open(7).session_id, 7);
        assert_eq!(open(8).session_id, NO_SESSION);
        let more = vec![(key(2), wanted(0)), (key(3), wanted(0))];
        let grown = sessions.begin(fields(7, 1), more, &none(), || 9, now);
        assert_eq!(grown.unwrap_err(), ErrorCode::FetchSessionIdNotFound);
        assert_eq!(open(8).session_id, 8, "what has grown too large is gone");
    }

    #[test]
    fn forgotten_partitions_are_gone_and_wrong_epochs_refused() {
        let sessions = FetchSessions::new(2);
        let now = Monotonic::default();
        let both = vec![(key(0), wanted(0)), (key(1), wanted(0))];
        sessions
            .begin(fields(0, 0), both, &none(), || 7, now)
            .unwrap();
        let next = sessions
            .begin(
                fields(7, 1),
                vec![],
                &[key(0)].into_iter().collect(),
                || 8,
                now,
            )
            .unwrap();
        assert_eq!(next.partitions.len(), 1);
        assert_eq!(
            sessions
                .begin(fields(7, 1), vec![], &none(), || 8, now)
                .unwrap_err(),
            ErrorCode::InvalidFetchSessionEpoch
        );
        assert_eq!(
            sessions
                .begin(fields(9, 1), vec![], &none(), || 8, now)
                .unwrap_err(),
            ErrorCode::FetchSessionIdNotFound
        );
        let by_id = SessionFields {
            id: 7,
            epoch: 2,
            uses_topic_ids: true,
        };
        assert_eq!(
            sessions
                .begin(by_id, vec![], &none(), || 8, now)
                .unwrap_err(),
            ErrorCode::FetchSessionTopicIdError
        );
        sessions
            .begin(fields(7, -1), vec![], &none(), || 8, now)
            .unwrap();
        assert_eq!(
            sessions
                .begin(fields(7, 2), vec![], &none(), || 8, now)
                .unwrap_err(),
            ErrorCode::FetchSessionIdNotFound
        );
    }

    #[test]
    fn a_full_cache_keeps_sessions_in_use() {
        let sessions = FetchSessions::new(1);
        let one = || vec![(key(0), wanted(0))];
        let start = Monotonic::default();
        assert_eq!(
            sessions
                .begin(fields(0, 0), one(), &none(), || 7, start)
                .unwrap()
                .session_id,
            7
        );
        assert_eq!(
            sessions
                .begin(fields(0, 0), one(), &none(), || 8, start)
                .unwrap()
                .session_id,
            NO_SESSION
        );
        let later = start + EVICTABLE_AFTER + Duration::from_secs(1);
        assert_eq!(
            sessions
                .begin(fields(0, 0), one(), &none(), || 8, later)
                .unwrap()
                .session_id,
            8
        );
    }
}
