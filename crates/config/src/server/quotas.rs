//! Over what the quotas of clients are taken.

use std::time::Duration;

use super::ServerConfig;

/// So many windows of that length, the one that is being filled among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaWindows {
    pub count: usize,
    pub length: Duration,
}

impl ServerConfig {
    /// Of bytes and of time: `quota.window.num`, `quota.window.size.seconds`.
    #[must_use]
    pub fn quota_windows(&self) -> QuotaWindows {
        self.windows("quota.window.num", "quota.window.size.seconds")
    }

    /// Of changes of the metadata: `controller.quota.window.num`, `controller.quota.window.size.seconds`.
    #[must_use]
    pub fn controller_quota_windows(&self) -> QuotaWindows {
        self.windows(
            "controller.quota.window.num",
            "controller.quota.window.size.seconds",
        )
    }

    fn windows(&self, count: &str, seconds: &str) -> QuotaWindows {
        QuotaWindows {
            count: usize::try_from(self.number(count)).unwrap_or(1),
            length: Duration::from_secs(self.number(seconds).unsigned_abs()),
        }
    }
}
