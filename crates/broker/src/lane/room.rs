//! How much room a directory's file system has left, and what may still be written there.
//!
//! ```text
//!  free  ▲
//!        │  all is written
//!  mark ─┼─────────────────────────────────────────────
//!        │  batches of clients are refused; groups commit
//!  ¼     ┼─────────────────────────────────────────────
//!        │  metadata, checkpoints, and whatever it takes to delete
//!  0     └─────────────────────────────────────────────
//! ```
//!
//! A file system that refuses a write takes the directory offline, for nobody knows what is there of it. So clients are refused while
//! there is room for all that has to be written before something can be deleted.

use ottla_env::DiskSpace;

/// The mark lies no higher than at this part of a file system.
const GREATEST_PART: u64 = 4;
/// Below this part of the mark groups are refused, too.
const LEAST_PART: u64 = 4;
/// The room must come back to this much more than the mark, as a part of it, before clients are served: it would come and go otherwise.
const SLACK_PART: u64 = 8;
/// Bytes that are written before the room is looked at again; it is looked at every second as well, for others write there, too.
const UNSEEN: u64 = 16 << 20;

/// What may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// What nothing goes on without.
    Least,
    /// What the node itself needs.
    Scarce,
    Enough,
}

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    Client,
    /// The coordinator of groups: their members die where they cannot commit.
    Coordinator,
}

/// What is known of the room, and how far that goes.
#[derive(Debug)]
pub(super) struct Watermark {
    /// `log.dirs.min.free.bytes`; 0 refuses nothing.
    min_free: u64,
    room: Room,
    /// Bytes that may be written before it is to be looked at again.
    unseen: u64,
}

/// Whether so many bytes of a log that could be elsewhere fit above the mark.
pub(crate) fn has_room(min_free: u64, space: DiskSpace, bytes: u64) -> bool {
    space.free >= mark(min_free, space).saturating_add(bytes)
}

fn mark(min_free: u64, space: DiskSpace) -> u64 {
    min_free.min(space.total / GREATEST_PART)
}

impl Watermark {
    pub(super) fn new(min_free: u64) -> Self {
        Self {
            min_free,
            room: Room::Enough,
            unseen: 0,
        }
    }

    /// About to write so much: whether to look at the room first.
    pub(super) fn must_look(&mut self, bytes: u64) -> bool {
        let left = self.unseen.checked_sub(bytes);
        self.unseen = left.unwrap_or_default();
        // What does not come to anything changes nothing; time tells when it may again.
        left.is_none() && self.min_free > 0 && self.room == Room::Enough
    }

    /// Takes note of what was seen. The new room, if that is news.
    pub(super) fn look(&mut self, space: DiskSpace) -> Option<Room> {
        let mark = mark(self.min_free, space);
        let back = match self.room {
            Room::Enough => mark,
            Room::Scarce | Room::Least => mark + mark / SLACK_PART,
        };
        let room = if space.free >= back {
            Room::Enough
        } else if space.free >= mark / LEAST_PART {
            Room::Scarce
        } else {
            Room::Least
        };
        self.unseen = (space.free.saturating_sub(mark) / 2).min(UNSEEN);
        let is_news = room != std::mem::replace(&mut self.room, room);
        is_news.then_some(room)
    }

    pub(super) fn takes(&self, writer: Writer) -> bool {
        self.room
            >= match writer {
                Writer::Client => Room::Enough,
                Writer::Coordinator => Room::Scarce,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: u64 = 1000;

    fn space(free: u64) -> DiskSpace {
        DiskSpace {
            total: 1 << 40,
            free,
        }
    }

    #[test]
    fn clients_are_refused_below_the_mark_and_served_again_somewhat_above_it() {
        let mut watermark = Watermark::new(MARK);
        assert_eq!(watermark.look(space(MARK)), None);
        assert!(watermark.takes(Writer::Client));
        assert_eq!(watermark.look(space(MARK - 1)), Some(Room::Scarce));
        assert!(!watermark.takes(Writer::Client) && watermark.takes(Writer::Coordinator));
        assert_eq!(watermark.look(space(MARK)), None);
        assert_eq!(watermark.look(space(MARK / 4 - 1)), Some(Room::Least));
        assert!(!watermark.takes(Writer::Coordinator));
        assert_eq!(watermark.look(space(MARK + MARK / 8)), Some(Room::Enough));
        assert!(watermark.takes(Writer::Client));
    }

    #[test]
    fn the_room_is_looked_at_before_what_was_seen_of_it_can_be_used_up() {
        let mut watermark = Watermark::new(MARK);
        assert!(watermark.must_look(1));
        watermark.look(space(3 * MARK));
        assert!(!watermark.must_look(MARK));
        assert!(watermark.must_look(1));
        watermark.look(space(1 << 40));
        assert!(!watermark.must_look(UNSEEN));
        assert!(watermark.must_look(1));
    }

    #[test]
    fn what_could_be_elsewhere_comes_only_where_clients_are_served_behind_it() {
        assert!(has_room(MARK, space(MARK + 10), 10));
        assert!(!has_room(MARK, space(MARK + 10), 11));
    }

    #[test]
    fn a_small_file_system_can_be_used_and_a_mark_of_nothing_refuses_nothing() {
        let mut watermark = Watermark::new(MARK);
        let small = |free| DiskSpace { total: 400, free };
        assert_eq!(watermark.look(small(100)), None);
        assert_eq!(watermark.look(small(99)), Some(Room::Scarce));
        let mut none = Watermark::new(0);
        assert_eq!(none.look(space(0)), None);
        assert!(!none.must_look(u64::MAX) && none.takes(Writer::Client));
    }
}
