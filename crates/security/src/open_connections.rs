use std::collections::BTreeMap;
use std::net::IpAddr;

use ottla_model::Monotonic;
use rustc_hash::FxHashMap;

/// How many connections there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBounds {
    /// Through all listeners.
    pub max: usize,
    /// Through each listener, in their order.
    pub max_of_listeners: Vec<usize>,
    pub max_per_ip: usize,
    /// Other bounds than `max_per_ip`.
    pub max_of_ips: FxHashMap<IpAddr, usize>,
}

/// Which bound is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Of the listener or of all of them: whoever waits gets in when another leaves.
    Max,
    /// Of the address.
    MaxPerIp,
}

/// An open connection, of those of one node and role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

#[derive(Clone, Copy, Debug)]
struct Seat {
    listener: usize,
    ip: IpAddr,
    /// It has been told to go, and counts until it is gone.
    is_closing: bool,
}

/// The connections that are open, and who may come (KIP-402).
///
/// A protected listener, that of the brokers among themselves where there are others, is not bound by what all listeners may have
/// together: who comes that way takes the place of the connection of another listener that was idle for longest.
#[derive(Debug)]
pub struct OpenConnections {
    bounds: OpenBounds,
    protected: Option<usize>,
    seats: BTreeMap<ConnectionId, Seat>,
    next: u64,
    of_listeners: Vec<usize>,
    of_ips: FxHashMap<IpAddr, usize>,
    closing: usize,
}

impl OpenConnections {
    /// `protected`: the place of that listener among those that `bounds` speaks of.
    #[must_use]
    pub fn new(bounds: OpenBounds, protected: Option<usize>) -> Self {
        let listeners = bounds.max_of_listeners.len();
        assert!(protected.is_none_or(|protected| protected < listeners));
        Self {
            bounds,
            protected,
            seats: BTreeMap::new(),
            next: 0,
            of_listeners: vec![0; listeners],
            of_ips: FxHashMap::default(),
            closing: 0,
        }
    }

    /// From now on, with the listeners in the order that they had, and new ones behind them. Ask [`Self::make_room`] who has to go.
    pub fn set_bounds(&mut self, bounds: OpenBounds, protected: Option<usize>) {
        let listeners = bounds.max_of_listeners.len();
        assert!(
            listeners >= self.of_listeners.len(),
            "a listener keeps its place"
        );
        assert!(protected.is_none_or(|protected| protected < listeners));
        self.of_listeners.resize(listeners, 0);
        self.bounds = bounds;
        self.protected = protected;
    }

    /// Whom to close because their listener is. Each is named once.
    pub fn close_listener(&mut self, listener: usize) -> Vec<ConnectionId> {
        let seats = self.seats.iter_mut();
        let of_listener = seats.filter(|(_, seat)| seat.listener == listener && !seat.is_closing);
        let closing = of_listener.map(|(id, seat)| {
            seat.is_closing = true;
            *id
        });
        let closing: Vec<_> = closing.collect();
        self.closing += closing.len();
        closing
    }

    /// Counts a connection through a listener, or does not. The address is asked about when there is room at all, as in Apache Kafka.
    ///
    /// # Errors
    /// Which bound is reached.
    pub fn admit(&mut self, listener: usize, ip: IpAddr) -> Result<ConnectionId, Reached> {
        let ip = ip.to_canonical();
        let is_protected = self.protected == Some(listener);
        let is_full = self.seats.len() >= self.bounds.max && !is_protected;
        if is_full || self.of_listeners[listener] >= self.bounds.max_of_listeners[listener] {
            return Err(Reached::Max);
        }
        let own = self.bounds.max_of_ips.get(&ip).copied();
        let of_ip = self.of_ips.get(&ip).copied().unwrap_or(0);
        if of_ip >= own.unwrap_or(self.bounds.max_per_ip) {
            return Err(Reached::MaxPerIp);
        }
        let id = ConnectionId(self.next);
        self.next += 1;
        let seat = Seat {
            listener,
            ip,
            is_closing: false,
        };
        self.seats.insert(id, seat);
        self.of_listeners[listener] += 1;
        *self.of_ips.entry(ip).or_default() += 1;
        Ok(id)
    }

    /// A connection is closed.
    pub fn leave(&mut self, id: ConnectionId) {
        let seat = self.seats.remove(&id);
        let seat = seat.expect("a connection leaves once, after it was admitted");
        self.closing -= usize::from(seat.is_closing);
        self.of_listeners[seat.listener] -= 1;
        let of_ip = self.of_ips.get_mut(&seat.ip);
        let of_ip = of_ip.expect("every connection is counted for its address");
        *of_ip -= 1;
        if *of_ip == 0 {
            self.of_ips.remove(&seat.ip);
        }
    }

    /// Whom to close because there are more than all listeners may have: of unprotected listeners those that were used least recently.
    /// Each is named once.
    pub fn make_room(
        &mut self,
        last_used: impl Fn(ConnectionId) -> Monotonic,
    ) -> Vec<ConnectionId> {
        let excess = (self.seats.len() - self.closing).saturating_sub(self.bounds.max);
        if excess == 0 {
            return Vec::new();
        }
        let protected = self.protected;
        let may_go = self
            .seats
            .iter()
            .filter(|(_, seat)| !seat.is_closing && Some(seat.listener) != protected);
        let mut idlest: Vec<_> = may_go.map(|(id, _)| (last_used(*id), *id)).collect();
        idlest.sort_unstable();
        idlest.truncate(excess);
        self.closing += idlest.len();
        for (_, id) in &idlest {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.is_closing = true;
            }
        }
        idlest.into_iter().map(|(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

    fn bounds(max: usize, max_of_listeners: &[usize], max_per_ip: usize) -> OpenBounds {
        OpenBounds {
            max,
            max_of_listeners: max_of_listeners.to_vec(),
            max_per_ip,
            max_of_ips: FxHashMap::default(),
        }
    }

    /// The earlier it came, the longer it is idle.
    fn by_age(id: ConnectionId) -> Monotonic {
        Monotonic(Duration::from_secs(id.0))
    }

    #[test]
    fn a_closed_connection_makes_room() {
        let mut open = OpenConnections::new(bounds(3, &[3], 2), None);
        let first = open.admit(0, A).expect("empty");
        open.admit(0, A).expect("two per address");
        assert_eq!(open.admit(0, A), Err(Reached::MaxPerIp));
        open.admit(0, B).expect("another address");
        assert_eq!(open.admit(0, B), Err(Reached::Max));
        assert_eq!(open.admit(0, A), Err(Reached::Max));
        open.leave(first);
        assert!(open.admit(0, B).is_ok());
    }

    #[test]
    fn an_address_may_have_its_own_bound() {
        let mut own = bounds(10, &[10], 1);
        own.max_of_ips.insert(A, 2);
        own.max_of_ips.insert(B, 0);
        let mut open = OpenConnections::new(own, None);
        let mapped: IpAddr = "::ffff:127.0.0.1".parse().expect("it is an address");
        assert!(open.admit(0, A).is_ok() && open.admit(0, mapped).is_ok());
        assert_eq!(open.admit(0, A), Err(Reached::MaxPerIp));
        assert_eq!(open.admit(0, B), Err(Reached::MaxPerIp));
        let other: IpAddr = [127, 0, 0, 3].into();
        assert!(open.admit(0, other).is_ok());
        assert_eq!(open.admit(0, other), Err(Reached::MaxPerIp));
    }

    #[test]
    fn a_listener_may_have_its_own_bound() {
        let mut open = OpenConnections::new(bounds(3, &[1, 3], 10), None);
        assert!(open.admit(0, A).is_ok());
        assert_eq!(open.admit(0, A), Err(Reached::Max));
        assert!(open.admit(1, A).is_ok() && open.admit(1, A).is_ok());
        assert_eq!(open.admit(1, A), Err(Reached::Max));
    }

    #[test]
    fn the_protected_listener_takes_the_place_of_the_idlest_of_another() {
        let mut open = OpenConnections::new(bounds(2, &[2, 2], 10), Some(1));
        let idlest = open.admit(0, A).expect("empty");
        let other = open.admit(0, A).expect("two");
        assert_eq!(open.admit(0, A), Err(Reached::Max));
        assert!(open.make_room(by_age).is_empty());
        assert!(open.admit(1, A).is_ok());
        assert_eq!(open.make_room(by_age), [idlest]);
        assert!(open.make_room(by_age).is_empty(), "one is on its way out");
        open.leave(idlest);
        assert!(open.make_room(by_age).is_empty());
        assert!(open.admit(1, A).is_ok());
        assert_eq!(open.make_room(by_age), [other]);
        open.leave(other);
        assert_eq!(open.admit(1, A), Err(Reached::Max), "its own bound");
    }

    #[test]
    fn a_lower_bound_closes_who_is_too_many_and_never_a_broker() {
        let mut open = OpenConnections::new(bounds(9, &[9, 9], 10), Some(1));
        let ids: Vec<_> = (0..3).map(|_| open.admit(0, A).expect("few")).collect();
        open.admit(1, A).expect("few");
        open.set_bounds(bounds(2, &[2, 2], 10), Some(1));
        assert_eq!(open.make_room(by_age), ids[..2]);
        open.set_bounds(bounds(0, &[0, 0], 10), Some(1));
        assert_eq!(open.make_room(by_age), ids[2..]);
    }

    #[test]
    fn those_of_a_closed_listener_go_and_leave_room() {
        let mut open = OpenConnections::new(bounds(3, &[3, 3], 10), None);
        let stays = open.admit(0, A).expect("empty");
        let goes = open.admit(1, A).expect("two");
        assert_eq!(open.close_listener(1), [goes]);
        assert!(open.close_listener(1).is_empty());
        open.set_bounds(bounds(1, &[1, 1], 10), None);
        assert!(open.make_room(by_age).is_empty(), "one is on its way out");
        open.leave(goes);
        // Another one behind them, and the first is the brokers' own from now on.
        open.set_bounds(bounds(1, &[9, 9, 9], 10), Some(0));
        assert_eq!(open.admit(2, A), Err(Reached::Max));
        assert!(open.admit(0, A).is_ok());
        open.leave(stays);
        assert_eq!(open.admit(2, A), Err(Reached::Max));
    }

    proptest! {
        #[test]
        fn once_those_who_are_told_have_gone_there_is_nobody_too_many(
            steps in prop::collection::vec((0..2_usize, 0..4_u8, 1..6_usize), 1..60),
        ) {
            let of = |max: usize| bounds(max, &[max, 6], 6);
            let mut open = OpenConnections::new(of(6), Some(1));
            for (listener, kind, max) in steps {
                match (kind, open.seats.first_key_value().map(|(id, _)| *id)) {
                    (0, Some(id)) => open.leave(id),
                    (1, _) => open.set_bounds(of(max), Some(1)),
                    _ => drop(open.admit(listener, A)),
                }
                for id in open.make_room(by_age) {
                    open.leave(id);
                }
                let of_brokers = open.of_listeners[1];
                prop_assert!(open.seats.len() <= open.bounds.max.max(of_brokers));
                prop_assert_eq!(open.of_listeners.iter().sum::<usize>(), open.seats.len());
                prop_assert_eq!(open.of_ips.values().sum::<usize>(), open.seats.len());
                prop_assert_eq!(open.closing, 0);
            }
        }
    }
}
