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
    /// `max.connection.creation.rate`; `None` where it is as large as can be.
    bound: Option<f64>,
    all: Rate,
    by_address: FxHashMap<IpAddr, f64>,
    of_others: Option<f64>,
    seen: FxHashMap<IpAddr, Rate>,
    sweep_at: usize,
}

impl ConnectionRates {
    pub(super) fn new(over: Windows) -> Self {
        Self {
            over,
            bound: None,
            all: Rate::new(),
            by_address: FxHashMap::default(),
            of_others: None,
            seen: FxHashMap::default(),
            sweep_at: FIRST_SWEEP,
        }
    }

    pub(super) fn set_bound(&mut self, bound: i32) {
        self.bound = (bound < i32::MAX).then_some(f64::from(bound));
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

    /// Counts a connection to the broker: how long whoever comes after it waits. At most a window, as in Apache Kafka: then the rate
    /// may be another, and one of zero is not a listener that is closed for ever.
    pub(super) fn come(&mut self, now: Monotonic) -> Duration {
        let Some(bound) = self.bound else {
            return Duration::ZERO;
        };
        self.all.record(1.0, now, self.over);
        let excess = self.all.excess(bound, now, self.over);
        excess.min(self.over.length)
    }

    /// Counts one from the address; or does not, where there have been too many: it is let go after that time,
    /// which is at most a window: until then it takes the place of another.
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
        let mut rates = ConnectionRates::new(Windows {
            count: 11,
            length: Duration::from_secs(1),
        });
        rates.configure(image.client_quotas());
        rates
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

    #[test]
    fn nobody_waits_for_longer_than_a_window() {
        let mut rates = rates(&[(None, 0.0)]);
        rates.set_bound(0);
        let window = Duration::from_secs(1);
        assert_eq!(rates.come(at(0)), window);
        assert_eq!(rates.come_from([10, 0, 0, 1].into(), at(0)), window);
        rates.set_bound(1);
        assert_eq!(rates.come(at(1)), Duration::ZERO);
    }

    #[test]
    fn the_broker_lets_wait_who_comes_too_fast() {
        let mut rates = rates(&[]);
        assert_eq!(rates.come(at(0)), Duration::ZERO);
        rates.set_bound(1);
        let waits = (0..11).map(|_| rates.come(at(0))).last();
        assert_eq!(waits, Some(Duration::from_secs(1)));
        rates.set_bound(i32::MAX);
        assert_eq!(rates.come(at(0)), Duration::ZERO);
    }
}
