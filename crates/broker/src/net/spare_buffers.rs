//! Buffers of frames that are done with, for frames to come.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use bytes::BytesMut;
use parking_lot::Mutex;

/// All that are kept, and the largest of them. Bytes. It is memory beside the budget of requests.
const MAX_KEPT: usize = 8 << 20;
const MAX_BUFFER: usize = 2 << 20;
/// Smaller ones the allocator gives as fast.
const MIN_BUFFER: usize = 32 << 10;

/// An allocator gives large buffers back to the system, which then clears each page anew for the next frame: that costs as much as to
/// receive it. Cheap to clone; clones share the buffers.
#[derive(Clone, Default)]
pub(super) struct SpareBuffers {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    /// The smallest first.
    buffers: Vec<BytesMut>,
    bytes: usize,
}

/// What is made for so many bytes: a little more where that lets it be of use again.
pub(super) fn rounded(bytes: usize) -> usize {
    match bytes {
        MIN_BUFFER..=MAX_BUFFER => bytes.next_power_of_two(),
        other => other,
    }
}

/// A buffer that goes back to the others when it is dropped.
pub(super) struct Buffer {
    bytes: BytesMut,
    home: SpareBuffers,
}

impl SpareBuffers {
    /// An empty buffer with room for `bytes`, and for not much more, if one is spare: a small frame keeps no large one from others.
    pub(super) fn take(&self, bytes: usize) -> Option<Buffer> {
        let mut kept = self.kept.lock();
        let place = kept.place_of(bytes);
        let most = rounded(bytes.max(MIN_BUFFER));
        kept.buffers
            .get(place)
            .filter(|buffer| buffer.capacity() <= most)?;
        let bytes = kept.buffers.remove(place);
        kept.bytes -= bytes.capacity();
        Some(Buffer {
            bytes,
            home: self.clone(),
        })
    }

    /// An empty buffer of the allocator with room for `bytes`, [rounded].
    pub(super) fn allocate(&self, bytes: usize) -> Buffer {
        Buffer {
            bytes: BytesMut::with_capacity(rounded(bytes)),
            home: self.clone(),
        }
    }

    fn keep(&self, mut buffer: BytesMut) {
        let capacity = buffer.capacity();
        if !(MIN_BUFFER..=MAX_BUFFER).contains(&capacity) {
            return;
        }
        buffer.clear();
        let mut kept = self.kept.lock();
        let place = kept.place_of(capacity);
        kept.buffers.insert(place, buffer);
        kept.bytes += capacity;
        while kept.bytes > MAX_KEPT {
            let smallest = kept.buffers.remove(0);
            kept.bytes -= smallest.capacity();
        }
    }
}

impl Kept {
    /// Of the first that has room for so many bytes.
    fn place_of(&self, bytes: usize) -> usize {
        self.buffers
            .partition_point(|buffer| buffer.capacity() < bytes)
    }
}

impl Deref for Buffer {
    type Target = BytesMut;

    fn deref(&self) -> &BytesMut {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.keep(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_is_done_with_serves_the_next_frame_that_fits() {
        let spare = SpareBuffers::default();
        let mut buffer = spare.allocate(100_000);
        buffer.extend_from_slice(b"of the first");
        let place = buffer.as_ptr();
        drop(buffer);
        assert!(spare.take(200_000).is_none(), "it is too small for that");
        let again = spare.take(120_000).expect("it is spare");
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        assert!(spare.take(1).is_none(), "it is in use");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let spare = SpareBuffers::default();
        let buffers: Vec<_> = (0..9).map(|_| spare.allocate(MAX_BUFFER)).collect();
        let large = spare.allocate(MAX_BUFFER + 1);
        let small = spare.allocate(MIN_BUFFER - 1);
        drop((buffers, large, small));
        let kept = spare.kept.lock();
        assert_eq!((kept.buffers.len(), kept.bytes), (4, MAX_KEPT));
    }

    #[test]
    fn small_ones_make_room_for_large_ones() {
        let spare = SpareBuffers::default();
        let [small, large] = [MIN_BUFFER, MAX_BUFFER].map(|bytes| {
            let buffers = (0..MAX_KEPT / bytes).map(|_| spare.allocate(bytes));
            buffers.collect::<Vec<_>>()
        });
        drop(large);
        drop(small);
        assert!(spare.take(MAX_BUFFER).is_some());
        assert!(spare.take(MIN_BUFFER).is_none(), "only large ones are left");
    }
}
