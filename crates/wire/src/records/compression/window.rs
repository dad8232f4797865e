use std::cell::Cell;

/// What of a window a thread keeps. Bytes.
const KEPT: usize = 256 << 10;

thread_local! {
    static KEPT_WINDOW: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Where a codec puts one piece after the other. Its memory is the thread's, so that it is made and cleared once and not for each
/// batch.
pub(super) struct Window {
    /// What is there to be written to: as long as the largest piece so far.
    room: Vec<u8>,
    filled: usize,
}

impl Window {
    /// Empty. A second one at the same time has memory of its own.
    pub(super) fn of_this_thread() -> Self {
        Self {
            room: KEPT_WINDOW.take(),
            filled: 0,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.filled]
    }

    /// So many bytes for the next piece, which may hold anything.
    pub(super) fn room(&mut self, length: usize) -> &mut [u8] {
        if self.room.len() < length {
            // What was in it is not needed any more, and not to be copied.
            self.room = vec![0; length];
        }
        &mut self.room[..length]
    }

    /// The first so many bytes of the room are the next piece.
    pub(super) fn fill(&mut self, filled: usize) {
        assert!(filled <= self.room.len(), "a piece lies within its window");
        self.filled = filled;
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if self.room.len() <= KEPT {
            // A thread that ends keeps nothing.
            let room = std::mem::take(&mut self.room);
            let _ = KEPT_WINDOW.try_with(|kept| kept.set(room));
        }
    }
}
