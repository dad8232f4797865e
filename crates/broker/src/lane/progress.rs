//! How far the recovery of a directory's logs is, for whoever waits for them after an unclean stop.

use std::time::Duration;

use ottla_model::Monotonic;

/// What ends sooner is not worth a line.
const QUIET: Duration = Duration::from_secs(1);
const BETWEEN_REPORTS: Duration = Duration::from_secs(5);

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Recovering { done: usize, logs: usize },
    Recovered { logs: usize, took: Duration },
}

#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Since when, as long as logs are left.
    begun: Option<Monotonic>,
    reported: Option<Monotonic>,
}

impl Progress {
    /// What to tell now that `left` of all `logs` are still to be recovered.
    pub(super) fn report(&mut self, left: usize, logs: usize, now: Monotonic) -> Option<Report> {
        if left == 0 {
            let Self { begun, reported } = std::mem::take(self);
            let took = now - begun?;
            return reported.map(|_| Report::Recovered { logs, took });
        }
        let begun = *self.begun.get_or_insert(now);
        let due = match self.reported {
            Some(reported) => reported + BETWEEN_REPORTS,
            None => begun + QUIET,
        };
        if now < due {
            return None;
        }
        self.reported = Some(now);
        let done = logs - left;
        Some(Report::Recovering { done, logs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic(Duration::from_millis(milliseconds))
    }

    #[test]
    fn what_is_quickly_done_is_not_told_of() {
        let mut progress = Progress::default();
        assert_eq!(progress.report(0, 0, at(0)), None);
        assert_eq!(progress.report(3, 3, at(10)), None);
        assert_eq!(progress.report(1, 3, at(1009)), None);
        assert_eq!(progress.report(0, 3, at(1500)), None);
        assert_eq!(progress.report(0, 3, at(5000)), None);
    }

    #[test]
    fn what_takes_its_time_is_told_now_and_then_and_at_its_end() {
        let mut progress = Progress::default();
        assert_eq!(progress.report(400, 400, at(0)), None);
        let recovering = |done| Some(Report::Recovering { done, logs: 400 });
        assert_eq!(progress.report(390, 400, at(1000)), recovering(10));
        assert_eq!(progress.report(380, 400, at(2000)), None);
        assert_eq!(progress.report(300, 400, at(6000)), recovering(100));
        assert_eq!(progress.report(1, 400, at(10_999)), None);
        let took = Duration::from_secs(11);
        let recovered = Some(Report::Recovered { logs: 400, took });
        assert_eq!(progress.report(0, 400, at(11_000)), recovered);
        assert_eq!(progress.report(0, 400, at(20_000)), None);
    }
}
