use std::ops::Range;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What the seed decides, drawn in the order in which it is asked for.
#[derive(Debug)]
pub(crate) struct Dice {
    stream: ChaCha8Rng,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            stream: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// A number of `range`, which is not empty.
    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        assert!(!range.is_empty());
        // The bias of the remainder does not matter for ranges far below 2^64.
        range.start + self.bits() % (range.end - range.start)
    }

    /// A duration of up to `most`: mostly short, as delays are, now and then near the bound.
    pub(crate) fn delay(&mut self, most: Duration) -> Duration {
        let bound = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
        let divisor = 1 << self.within(0..8);
        Duration::from_nanos(self.within(0..bound) / divisor)
    }
}
