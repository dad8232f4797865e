use std::time::Duration;

use ottla_model::{Monotonic, Timestamp};

/// The two clocks: one tells the date and may be set, the other only ever goes on.
pub trait Clock: Clone + Send + Sync + 'static {
    /// The date. May jump in either direction.
    fn wall(&self) -> Timestamp;

    /// For timeouts and durations.
    fn monotonic(&self) -> Monotonic;

    /// Ready at `deadline` or soon after. Dropping the future is giving it up.
    fn sleep_until(&self, deadline: Monotonic) -> impl Future<Output = ()> + Send;

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.sleep_until(self.monotonic() + duration)
    }
}
