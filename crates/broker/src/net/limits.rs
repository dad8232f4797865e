use std::net::IpAddr;
use std::sync::Arc;

use event_listener::{Event, EventListener};
use ottla_config::QuotaWindows;
use ottla_metadata::ClientQuotas;
use ottla_security::Windows;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::connection_rates::ConnectionRates;

/// Counts connections against `max.connections` and `max.connections.per.ip`: those of the broker and those of the controller
/// each by themselves, so that clients cannot keep anybody from the controller.
pub(crate) struct ConnectionLimits {
    of_broker: Arc<RoleLimits>,
    of_controller: Arc<RoleLimits>,
    rates: Mutex<ConnectionRates>,
}

impl ConnectionLimits {
    /// `windows`: over what rates are taken.
    pub(crate) fn new(max: usize, max_per_ip: usize, windows: QuotaWindows) -> Arc<Self> {
        let over = Windows {
            count: windows.count,
            length: windows.length,
        };
        Arc::new(Self {
            rates: Mutex::new(ConnectionRates::new(over)),
            of_broker: RoleLimits::new(max, max_per_ip),
            of_controller: RoleLimits::new(max, max_per_ip),
        })
    }

    /// From now on. Connections that are open stay so.
    pub(crate) fn set(&self, max: usize, max_per_ip: usize) {
        for role in [&self.of_broker, &self.of_controller] {
            role.set(max, max_per_ip);
        }
    }

    /// How many may come a second, from now on: `max.connection.creation.rate`.
    pub(crate) fn set_rate(&self, bound: i32) {
        self.rates.lock().set_bound(bound);
    }

    /// The rates of addresses, from now on.
    pub(crate) fn set_rates_of_addresses(&self, quotas: &ClientQuotas) {
        self.rates.lock().configure(quotas);
    }

    pub(super) fn rates(&self) -> &Mutex<ConnectionRates> {
        &self.rates
    }

    pub(super) fn of(&self, is_controller: bool) -> &Arc<RoleLimits> {
        match is_controller {
            true => &self.of_controller,
            false => &self.of_broker,
        }
    }
}

/// Those of one role.
pub(super) struct RoleLimits {
    open: Mutex<Open>,
    /// There may be room now.
    room: Event,
}

struct Open {
    max: usize,
    max_per_ip: usize,
    total: usize,
    per_ip: FxHashMap<IpAddr, usize>,
}

/// One counted connection; uncounted when dropped.
pub(super) struct Admission {
    limits: Arc<RoleLimits>,
    ip: IpAddr,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Max,
    MaxPerIp,
}

impl RoleLimits {
    fn new(max: usize, max_per_ip: usize) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::new(Open {
                max,
                max_per_ip,
                total: 0,
                per_ip: FxHashMap::default(),
            }),
            room: Event::new(),
        })
    }

    fn set(&self, max: usize, max_per_ip: usize) {
        let mut open = self.open.lock();
        open.max = max;
        open.max_per_ip = max_per_ip;
        drop(open);
        self.room.notify(usize::MAX);
    }

    /// Ready when there may be room. Begin to listen before asking, or it may be missed.
    pub(super) fn listen(&self) -> EventListener {
        self.room.listen()
    }

    /// The address is asked about when there is room at all, as in Apache Kafka.
    pub(super) fn admit(self: &Arc<Self>, ip: IpAddr) -> Result<Admission, Reached> {
        let mut open = self.open.lock();
        if open.total >= open.max {
            return Err(Reached::Max);
        }
        if open.per_ip.get(&ip).copied().unwrap_or(0) >= open.max_per_ip {
            return Err(Reached::MaxPerIp);
        }
        open.total += 1;
        *open.per_ip.entry(ip).or_default() += 1;
        Ok(Admission {
            limits: Arc::clone(self),
            ip,
        })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.limits.open.lock();
        open.total -= 1;
        let of_ip = open
            .per_ip
            .get_mut(&self.ip)
            .expect("every admission was counted for its address");
        *of_ip -= 1;
        if *of_ip == 0 {
            open.per_ip.remove(&self.ip);
        }
        drop(open);
        // All, for one that is refused for its address leaves the room to another.
        self.limits.room.notify(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn reached(admitted: Result<Admission, Reached>) -> Option<Reached> {
        admitted.err()
    }

    #[test]
    fn a_closed_connection_makes_room() {
        let limits = RoleLimits::new(3, 2);
        let (a, b) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let first = limits.admit(a).expect("empty");
        let _second = limits.admit(a).expect("two per address");
        assert_eq!(reached(limits.admit(a)), Some(Reached::MaxPerIp));
        let _third = limits.admit(b).expect("another address");
        let room = limits.listen();
        assert_eq!(reached(limits.admit(b)), Some(Reached::Max));
        assert_eq!(reached(limits.admit(a)), Some(Reached::Max));
        drop(first);
        assert!(room.now_or_never().is_some());
        assert_eq!(reached(limits.admit(b)), None);
    }

    #[test]
    fn a_limit_may_change_while_connections_are_open() {
        let windows = QuotaWindows {
            count: 11,
            length: std::time::Duration::from_secs(1),
        };
        let limits = ConnectionLimits::new(1, 1, windows);
        let ip = [127, 0, 0, 1].into();
        for role in [limits.of(false), limits.of(true)] {
            let _first = role.admit(ip).expect("each role counts by itself");
            let room = role.listen();
            assert_eq!(reached(role.admit(ip)), Some(Reached::Max));
            limits.set(2, 2);
            assert!(room.now_or_never().is_some());
            let _second = role.admit(ip).expect("there is room now");
            limits.set(1, 1);
            assert_eq!(reached(role.admit(ip)), Some(Reached::Max));
        }
    }
}
