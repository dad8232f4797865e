use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// Counts connections against `max.connections` and `max.connections.per.ip`.
pub(crate) struct ConnectionLimits {
    open: Mutex<Open>,
}

struct Open {
    max: usize,
    max_per_ip: usize,
    total: usize,
    per_ip: FxHashMap<IpAddr, usize>,
}

/// One counted connection; uncounted when dropped.
pub(crate) struct Admission {
    limits: Arc<ConnectionLimits>,
    ip: IpAddr,
}

impl ConnectionLimits {
    pub(crate) fn new(max: usize, max_per_ip: usize) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::new(Open {
                max,
                max_per_ip,
                total: 0,
                per_ip: FxHashMap::default(),
            }),
        })
    }

    /// From now on. Connections that are open stay so.
    pub(crate) fn set(&self, max: usize, max_per_ip: usize) {
        let mut open = self.open.lock();
        open.max = max;
        open.max_per_ip = max_per_ip;
    }

    /// `None` when a limit is reached.
    pub(crate) fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Admission> {
        let mut open = self.open.lock();
        let of_ip = open.per_ip.get(&ip).copied().unwrap_or(0);
        if open.total >= open.max || of_ip >= open.max_per_ip {
            return None;
        }
        open.total += 1;
        *open.per_ip.entry(ip).or_default() += 1;
        Some(Admission {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_connection_makes_room() {
        let limits = ConnectionLimits::new(3, 2);
        let (a, b) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let first = limits.admit(a).expect("empty");
        let _second = limits.admit(a).expect("two per address");
        assert!(limits.admit(a).is_none());
        let _third = limits.admit(b).expect("another address");
        assert!(limits.admit(b).is_none());
        drop(first);
        assert!(limits.admit(b).is_some());
    }

    #[test]
    fn a_limit_may_change_while_connections_are_open() {
        let limits = ConnectionLimits::new(1, 1);
        let ip = [127, 0, 0, 1].into();
        let _first = limits.admit(ip).expect("empty");
        assert!(limits.admit(ip).is_none());
        limits.set(2, 2);
        let _second = limits.admit(ip).expect("there is room now");
        limits.set(1, 1);
        assert!(limits.admit(ip).is_none());
    }
}
