//! Lines about clients, such as of those that send what nobody understands: one for each, until they are too many to be of use to
//! anybody.

use std::time::Duration;

use ottla_model::Monotonic;
use parking_lot::Mutex;

/// Lines in [`SPAN`]: whoever looks for the reason of a closed connection finds it, and a flood of them fills no disk.
const MOST: u32 = 20;
const SPAN: Duration = Duration::from_secs(1);

/// Counts lines, so that there are no more than so many in a [`SPAN`]: [`MOST`] where nobody says.
pub(crate) struct Complaints {
    most: u32,
    span: Mutex<Span>,
}

#[derive(Default)]
struct Span {
    began: Monotonic,
    said: u32,
    unsaid: u64,
}

impl Default for Complaints {
    fn default() -> Self {
        Self::of_at_most(MOST)
    }
}

impl Complaints {
    /// `most`: lines in a second.
    pub(crate) fn of_at_most(most: u32) -> Self {
        Self {
            most,
            span: Mutex::default(),
        }
    }

    /// Whether a line may be written now: with how many were not since the last one, or `None`.
    pub(crate) fn admit(&self, now: Monotonic) -> Option<u64> {
        let mut span = self.span.lock();
        if now - span.began >= SPAN {
            span.began = now;
            span.said = 0;
        }
        if span.said == self.most {
            span.unsaid += 1;
            return None;
        }
        span.said += 1;
        Some(std::mem::take(&mut span.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_told_later() {
        let complaints = Complaints::default();
        let at = |milliseconds| Monotonic(Duration::from_millis(milliseconds));
        for _ in 0..MOST {
            assert_eq!(complaints.admit(at(5000)), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(complaints.admit(at(5999)), None);
        }
        assert_eq!(complaints.admit(at(6000)), Some(7));
        assert_eq!(complaints.admit(at(6000)), Some(0));
    }
}
