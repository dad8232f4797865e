//! How much clients may have: what they use is counted, and who uses more is told for how long to be silent (KIP-124, KIP-219, KIP-599).
//!
//! Where nobody has a quota, that costs one look at a pointer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ottla_config::QuotaWindows;
use ottla_controller::Permits;
use ottla_env::{Clock, Env};
use ottla_metadata::ClientQuotas as Quotas;
use ottla_model::Monotonic;
use ottla_security::{ClientLimits, Kind, Limit, Meter, Meters, Rate, TokenBucket, Windows};
use parking_lot::Mutex;

use crate::node::Node;
use crate::request::{Caller, Context};

pub(crate) struct ClientQuotas {
    limits: ArcSwapOption<ClientLimits>,
    produce: Mutex<Meters<Rate>>,
    fetch: Mutex<Meters<Rate>>,
    request: Mutex<Meters<Rate>>,
    mutations: Mutex<Meters<TokenBucket>>,
}

impl ClientQuotas {
    /// `windows` of bytes and time, `of_mutations` of changes of the metadata.
    pub(crate) fn new(windows: QuotaWindows, of_mutations: QuotaWindows) -> Self {
        let over = |windows: QuotaWindows| Windows {
            count: windows.count,
            length: windows.length,
        };
        Self {
            limits: ArcSwapOption::empty(),
            produce: Mutex::new(Meters::new(over(windows))),
            fetch: Mutex::new(Meters::new(over(windows))),
            request: Mutex::new(Meters::new(over(windows))),
            mutations: Mutex::new(Meters::new(over(of_mutations))),
        }
    }

    /// From now on. What was counted stays so, until nobody has a quota any more.
    pub(crate) fn configure(&self, quotas: &Quotas) {
        let limits = ClientLimits::of(quotas).map(Arc::new);
        let has_limits = limits.is_some();
        self.limits.store(limits);
        if !has_limits {
            self.produce.lock().clear();
            self.fetch.lock().clear();
            self.request.lock().clear();
            self.mutations.lock().clear();
        }
    }

    /// `None` where the client may have as much as it likes.
    pub(crate) fn limit(&self, kind: Kind, context: Context<'_>) -> Option<Limit> {
        let limits = self.limits.load();
        let limits = limits.as_ref()?;
        // Nodes among themselves are not clients.
        if context.caller.is_controller_listener && kind != Kind::ControllerMutation {
            return None;
        }
        limits.limit(
            kind,
            context.caller.user(),
            context.client_id.unwrap_or_default(),
        )
    }

    /// The most bytes that one answer may have: what all windows together allow, so that none is too large for ever.
    pub(crate) fn most_fetched(&self, limit: &Limit) -> f64 {
        let over = self.fetch.lock().over();
        limit.bound * over.length.as_secs_f64() * (over.count - 1).max(1) as f64
    }

    /// Counts a produce request, and says for how long its client should be silent.
    pub(crate) fn produced(&self, limit: &Limit, bytes: usize, now: Monotonic) -> Duration {
        counted(&self.produce, limit, bytes as f64, now)
    }

    /// The same of an answer to a fetch.
    pub(crate) fn fetched(&self, limit: &Limit, bytes: u64, now: Monotonic) -> Duration {
        counted(&self.fetch, limit, bytes as f64, now)
    }

    /// What was counted at that moment as fetched is not sent after all.
    pub(crate) fn unsent(&self, limit: &Limit, bytes: u64, now: Monotonic) {
        self.fetch.lock().record(limit, -(bytes as f64), now);
    }

    /// Counts the time that requests took of a thread. Nobody is silent for it for longer than a window.
    pub(crate) fn worked(&self, limit: &Limit, spent: Duration, now: Monotonic) -> Duration {
        let percent = spent.as_secs_f64() * 100.0;
        let excess = counted(&self.request, limit, percent, now);
        excess.min(self.request.lock().over().length)
    }

    /// How many partitions a request may create or delete. `is_strict`: its client knows the error.
    pub(crate) fn permits(&self, limit: &Limit, is_strict: bool, now: Monotonic) -> Permits {
        let mut meters = self.mutations.lock();
        let over = meters.over();
        let bucket = meters.of(limit, now);
        Permits(is_strict.then(|| bucket.tokens(limit.bound, now, over)))
    }

    /// Counts partitions that were created or deleted.
    pub(crate) fn mutated(&self, limit: &Limit, partitions: usize, now: Monotonic) -> Duration {
        counted(&self.mutations, limit, partitions as f64, now)
    }
}

fn counted<M: Meter>(
    meters: &Mutex<Meters<M>>,
    limit: &Limit,
    value: f64,
    now: Monotonic,
) -> Duration {
    let mut meters = meters.lock();
    meters.record(limit, value, now);
    meters.excess(limit, now)
}

/// What a request may do to the metadata, and what it did.
pub(crate) struct MutationQuota {
    limit: Option<Limit>,
    pub(crate) permits: Permits,
}

impl MutationQuota {
    /// Below version `strict_from` clients do not know THROTTLING_QUOTA_EXCEEDED: they get what they ask, and are silent for it.
    pub(crate) fn of<E: Env>(node: &Node<E>, context: Context<'_>, strict_from: i16) -> Self {
        let limit = node.client_quotas.limit(Kind::ControllerMutation, context);
        let is_strict = context.version >= strict_from;
        let now = node.env.clock().monotonic();
        let permits = limit
            .as_ref()
            .map(|limit| node.client_quotas.permits(limit, is_strict, now));
        Self {
            limit,
            permits: permits.unwrap_or_default(),
        }
    }

    /// The throttle time of the answer, in milliseconds.
    pub(crate) fn used<E: Env>(
        self,
        node: &Node<E>,
        caller: &Caller,
        partitions: usize,
        was_refused: bool,
    ) -> i32 {
        let Some(limit) = self.limit else {
            return 0;
        };
        let now = node.env.clock().monotonic();
        let excess = node.client_quotas.mutated(&limit, partitions, now);
        // Who was refused nothing keeps to the quota.
        if self.permits.0.is_some() && !was_refused {
            return 0;
        }
        caller.mute(excess, now)
    }
}

/// What the future makes, and how long it kept a thread busy for that.
pub(crate) async fn timed<T>(clock: &impl Clock, future: impl Future<Output = T>) -> (T, Duration) {
    let mut future = pin!(future);
    let mut spent = Duration::ZERO;
    let made = poll_fn(|task| {
        let began = clock.monotonic();
        let polled = future.as_mut().poll(task);
        spent += clock.monotonic() - began;
        polled
    });
    let made = made.await;
    (made, spent)
}

#[cfg(test)]
mod tests {
    use ottla_security::Whose;

    use super::*;

    const WINDOWS: QuotaWindows = QuotaWindows {
        count: 11,
        length: Duration::from_secs(1),
    };

    fn limit() -> Limit {
        let whose = Whose {
            user: None,
            client_id: Some(Arc::from("c")),
        };
        Limit {
            bound: 100.0,
            whose,
        }
    }

    #[test]
    fn an_answer_that_is_not_sent_counts_for_nothing() {
        let (quotas, limit) = (ClientQuotas::new(WINDOWS, WINDOWS), limit());
        let now = Monotonic(Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(quotas.fetched(&limit, 1000, now), Duration::ZERO);
            assert!(quotas.fetched(&limit, 1000, now) > Duration::ZERO);
            quotas.unsent(&limit, 2000, now);
        }
    }
}
