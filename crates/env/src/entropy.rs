use ottla_model::Uuid;

/// Unpredictable bits.
pub trait Entropy: Clone + Send + Sync + 'static {
    fn bits(&self) -> u128;

    /// A version 4 UUID fit for a topic, directory, incarnation or cluster.
    fn uuid(&self) -> Uuid {
        loop {
            if let Some(uuid) = Uuid::from_random_bits(self.bits()) {
                return uuid;
            }
        }
    }
}
