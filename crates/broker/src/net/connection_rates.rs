//! How many connections may come a second: to the broker, and from each address (KIP-612).

use std::net::IpAddr;
use std::time::Duration;

use ottla_metadata::{ClientQuotas, QuotaEntity};
use ottla_model::Monotonic;
use ottla_security::{Rate, Windows};
use rustc_hash::FxHashMap;

const KEY: &str = "connection_creation_rate";

/// Addresses that are counted before those from which nobody has come for long are looked for.
const FIRST_SWEEP: usize = 1024;

pub(super) struct ConnectionRates {
    over: Windows,
    /// Through all listeners but a protected one.
    all: Bounded,
    /// In their order.
    listeners: Vec<Bounded>,
    /// The listener of brokers among themselves, where there are others: it is held to its own rate alone.
    protected: Option<usize>,
    by_address: FxHashMap<IpAddr, f64>,
    of_others: Option<f64>,
    seen: FxHashMap<IpAddr, Rate>,
    sweep_at: usize,
}

/// A rate that is held to a bound, where there is one.
#[derive(Default)]
struct Bounded {
    /// Connections a second; `None` where it is as large as can be.
    bound: Option<f64>,
    rate: Rate,
}

impl Bounded {
    fn set(&mut self, bound: i32) {
        self.bound = (bound < i32::MAX).then_some(f64::from(bound));
    }

    /// Counts one. How long to wait for the bound to be kept.
    fn come(&mut self, now: Monotonic, over: Windows) -> Duration {
        let Some(bound) = self.bound else {
            return Duration::ZERO;
        };
        self.rate.record(1.0, now, over);
        self.rate.excess(bound, now, over)
    }
}

impl ConnectionRates {
    /// No listener is known, and nothing has a bound.
    pub(super) fn new(over: Windows) -> Self {
        Self {
            over,
            all: Bounded::default(),
            listeners: Vec::new(),
            protected: None,
            by_address: FxHashMap::default(),
            of_others: None,
            seen: FxHashMap::default(),
            sweep_at: FIRST_SWEEP,
        }
    }

    /// Of all, and of each listener in their order, behind which there may be new ones; and which of them is protected.
    pub(super) fn set_bounds(
        &mut self,
        of_all: i32,
        of_listeners: impl Iterator<Item = i32>,
        protected: Option<usize>,
    ) {
        self.all.set(of_all);
        for (place, bound) in of_listeners.enumerate() {
            if place == self.listeners.len() {
                self.listeners.push(Bounded::default());
            }
            self.listeners[place].set(bound);
        }
        self.protected = protected;
    }

    pub(super) fn configure(&mut self, quotas: &ClientQuotas) {
        self.by_address.clear();
        self.of_others = None;
        for entity in quotas.entities() {
            let (Some(address), Some(bound)) =
                (entity.part(QuotaEntity::IP), quotas.get(entity, KEY))
            else {
                continue;
            };
            // What is no address was written by a node that asks a resolver.
            match address.map(str::parse::<IpAddr>) {
                None => self.of_others = Some(bound),
                Some(Ok(address)) => drop(self.by_address.insert(address.to_canonical(), bound)),
                Some(Err(_)) => {}
            }
        }
    }

    /// Counts a connection through a listener: how long whoever comes after it waits. At most a window, as in Apache Kafka: then the rate
    /// may be another, and one of zero is not a listener that is closed for ever.
    pub(super) fn come(&mut self, listener: usize, now: Monotonic) -> Duration {
        let over = self.over;
        let of_all = match self.protected == Some(listener) {
            true => Duration::ZERO,
            false => self.all.come(now, over),
        };
        let own = self.listeners[listener].come(now, over);
        own.max(of_all).min(over.length)
    }

    /// Counts one from the address; or does not, where there have been too many: it is let go after that time,
    /// which is at most a window.
    pub(super) fn come_from(&mut self, address: IpAddr, now: Monotonic) -> Duration {
        let address = address.to_canonical();
        let own = self.by_address.get(&address).copied();
        let Some(bound) = own.or(self.of_others) else {
            return Duration::ZERO;
        };
        let over = self.over;
        if self.seen.len() >= self.sweep_at {
            self.seen.retain(|_, rate| !rate.is_idle(now, over));
            self.sweep_at = (self.seen.len() * 2).max(FIRST_SWEEP);
        }
        let rate = self.seen.entry(address).or_default();
        rate.record(1.0, now, over);
        let excess = rate.excess(bound, now, over);
        if !excess.is_zero() {
            rate.record(-1.0, now, over);
        }
        excess.min(over.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_metadata::Image;
    use ottla_model::Offset;

    fn rates(quotas: &[(Option<&str>, f64)]) -> ConnectionRates {
        let mut image = Image::default();
        for (offset, (address, bound)) in (0..).zip(quotas) {
            let entity = QuotaEntity::new([(QuotaEntity::IP, *address)]);
            let record = entity.quota(KEY, Some(*bound));
            image.apply(&record, Offset(offset)).expect("it fits");
        }
        let over = Windows {
            count: 11,
            length: Duration::from_secs(1),
        };
        let mut rates = ConnectionRates::new(over);
        set(&mut rates, i32::MAX, [i32::MAX; 2]);
        rates.configure(image.client_quotas());
        rates
    }

    /// Of two listeners, of which the second is that of the brokers among themselves.
    fn set(rates: &mut ConnectionRates, of_all: i32, of_listeners: [i32; 2]) {
        rates.set_bounds(of_all, of_listeners.into_iter(), Some(1));
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    #[test]
    fn an_address_has_its_own_rate_or_that_of_all_others() {
        let mut rates = rates(&[(Some("10.0.0.1"), 2.0), (None, 1.0)]);
        let own: IpAddr = [10, 0, 0, 1].into();
        let other: IpAddr = [10, 0, 0, 2].into();
        let admitted = |rates: &mut ConnectionRates, address, now| {
            (0..50)
                .filter(|_| rates.come_from(address, now).is_zero())
                .count()
        };
        assert_eq!(admitted(&mut rates, own, at(0)), 20);
        assert_eq!(admitted(&mut rates, other, at(0)), 10);
        assert_eq!(admitted(&mut rates, other, at(30)), 10);
    }

    /// How long whoever comes after eleven others at once has to wait.
    fn wait_of_eleven(rates: &mut ConnectionRates, listener: usize) -> Option<Duration> {
        (0..11).map(|_| rates.come(listener, at(0))).last()
    }

    const WINDOW: Duration = Duration::from_secs(1);

    #[test]
    fn nobody_waits_for_longer_than_a_window() {
        let mut rates = rates(&[(None, 0.0)]);
        set(&mut rates, 0, [i32::MAX; 2]);
        assert_eq!(rates.come(0, at(0)), WINDOW);
        assert_eq!(rates.come_from([10, 0, 0, 1].into(), at(0)), WINDOW);
        set(&mut rates, 1, [i32::MAX; 2]);
        assert_eq!(rates.come(0, at(1)), Duration::ZERO);
    }

    #[test]
    fn the_broker_lets_wait_who_comes_too_fast() {
        let mut rates = rates(&[]);
        assert_eq!(wait_of_eleven(&mut rates, 0), Some(Duration::ZERO));
        set(&mut rates, 1, [i32::MAX; 2]);
        assert_eq!(wait_of_eleven(&mut rates, 0), Some(WINDOW));
        set(&mut rates, i32::MAX, [i32::MAX; 2]);
        assert_eq!(rates.come(0, at(0)), Duration::ZERO);
    }

    #[test]
    fn a_listener_lets_wait_by_its_own_rate_and_the_brokers_own_by_that_alone() {
        let mut rates = rates(&[]);
        set(&mut rates, 1000, [1, i32::MAX]);
        assert_eq!(wait_of_eleven(&mut rates, 0), Some(WINDOW));
        set(&mut rates, 1, [i32::MAX; 2]);
        assert_eq!(wait_of_eleven(&mut rates, 1), Some(Duration::ZERO));
        set(&mut rates, 1000, [1000, 1]);
        assert_eq!(wait_of_eleven(&mut rates, 1), Some(WINDOW));
    }
}
