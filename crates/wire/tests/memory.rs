//! What decoding allocates stays in proportion to the frame, whatever the lengths in it claim.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use ottla_wire::schema::all;

/// The system's allocator, counting what is held at once.
struct Counting {
    held: AtomicUsize,
    peak: AtomicUsize,
}

// SAFETY: everything is passed on to the system's allocator; the counters touch no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = self.held.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.peak.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller's promises about the layout are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.held.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `alloc` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting {
    held: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
};

#[test]
fn hostile_lengths_allocate_little() {
    const FRAME: usize = 256 << 10;
    let patterns: [&[u8]; 8] = [
        &[0],
        &[1],
        &[2],
        &[1, 1, 2],
        &[0, 1],
        &[0xff, 0xff, 0x07],
        &[0, 0, 0x7f, 0xff],
        &[0, 3, 0xff, 0],
    ];
    for pattern in patterns {
        let mut frame: Vec<u8> = pattern.iter().copied().cycle().take(FRAME).collect();
        // A count at the very beginning as large as the frame allows, compact or not.
        for count in [None, Some([0xf0, 0xff, 0x0f, 1]), Some([0, 3, 0xff, 0])] {
            if let Some(count) = count {
                frame[..4].copy_from_slice(&count);
            }
            for message in all() {
                for version in message.versions() {
                    let before = ALLOCATOR.held.load(Ordering::Relaxed);
                    ALLOCATOR.peak.store(before, Ordering::Relaxed);
                    let _ = (message.recode)(&frame, version.number);
                    let peak = ALLOCATOR.peak.load(Ordering::Relaxed) - before;
                    assert!(
                        peak <= 16 * FRAME + (2 << 20),
                        "{} {version:?} took {peak} bytes for {pattern:?}",
                        message.body.name
                    );
                }
            }
        }
    }
}
