use std::sync::Arc;

use parking_lot::Mutex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Entropy;

/// Bits that follow from a seed. Clones draw from the same stream.
#[derive(Clone, Debug)]
pub struct SeededEntropy {
    stream: Arc<Mutex<ChaCha8Rng>>,
}

impl SeededEntropy {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            stream: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))),
        }
    }
}

impl Entropy for SeededEntropy {
    fn bits(&self) -> u128 {
        let mut stream = self.stream.lock();
        u128::from(stream.next_u64()) << 64 | u128::from(stream.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bits_again_and_another_seed_others() {
        let first = SeededEntropy::new(1).bits();
        assert_eq!(first, SeededEntropy::new(1).bits());
        assert_ne!(first, SeededEntropy::new(2).bits());
    }
}
