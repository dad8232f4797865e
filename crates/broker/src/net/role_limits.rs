//! The limits of the listeners of one role, and what counts a connection against them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::{Event, EventListener};
use ottla_config::ConnectionBounds;
use ottla_metadata::ClientQuotas;
use ottla_model::Monotonic;
use ottla_security::{ConnectionId, OpenBounds, OpenConnections, Reached, Windows};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::connection_rates::ConnectionRates;
use super::seat::Seat;

/// Those of one role.
pub(super) struct RoleLimits {
    listeners: Mutex<RoleListeners>,
    open: Mutex<Open>,
    rates: Mutex<ConnectionRates>,
    /// There may be room now.
    room: Event,
}

/// Each keeps its place even when it is closed: some may still be counted there.
struct RoleListeners {
    names: Vec<Arc<str>>,
    closed: BTreeSet<usize>,
    /// The name of the one that brokers have among themselves.
    between_brokers: String,
}

impl RoleListeners {
    fn place(&self, listener: &str) -> Option<usize> {
        self.names.iter().position(|name| **name == *listener)
    }

    /// The brokers' own, where clients have others.
    fn protected(&self) -> Option<usize> {
        let has_others = self.names.len() - self.closed.len() > 1;
        let protected = self.place(&self.between_brokers);
        protected.filter(|_| has_others)
    }
}

struct Open {
    connections: OpenConnections,
    seats: FxHashMap<ConnectionId, Arc<Seat>>,
}

impl Open {
    fn make_room(&mut self) {
        let Self { connections, seats } = self;
        for id in connections.make_room(|id| seats[&id].last_used()) {
            seats[&id].tell_to_close();
        }
    }
}

impl RoleLimits {
    pub(super) fn new(
        names: Vec<Arc<str>>,
        between_brokers: String,
        bounds: &ConnectionBounds,
        over: Windows,
    ) -> Arc<Self> {
        let of_open = open_bounds(&names, bounds, FxHashMap::default());
        let listeners = RoleListeners {
            names,
            closed: BTreeSet::new(),
            between_brokers,
        };
        Arc::new(Self {
            open: Mutex::new(Open {
                connections: OpenConnections::new(of_open, listeners.protected()),
                seats: FxHashMap::default(),
            }),
            listeners: Mutex::new(listeners),
            rates: Mutex::new(ConnectionRates::new(over)),
            room: Event::new(),
        })
    }

    pub(super) fn open(&self, listener: &str) {
        let mut listeners = self.listeners.lock();
        match listeners.place(listener) {
            Some(place) => drop(listeners.closed.remove(&place)),
            None => listeners.names.push(listener.into()),
        }
    }

    pub(super) fn close(&self, listener: &str) {
        let mut listeners = self.listeners.lock();
        let place = listeners.place(listener);
        let place = place.expect("what is closed was opened");
        listeners.closed.insert(place);
        let mut open = self.open.lock();
        for id in open.connections.close_listener(place) {
            open.seats[&id].tell_to_close();
        }
    }

    /// The rates of addresses, from now on.
    pub(super) fn set_rates_of_addresses(&self, quotas: &ClientQuotas) {
        self.rates.lock().configure(quotas);
    }

    /// Those of a listener, if it is one of this role.
    pub(super) fn of(self: &Arc<Self>, listener: &str) -> Option<ListenerLimits> {
        let listener = self.listeners.lock().place(listener)?;
        let role = Arc::clone(self);
        Some(ListenerLimits { role, listener })
    }

    pub(super) fn set(&self, bounds: &ConnectionBounds, max_of_ips: FxHashMap<IpAddr, usize>) {
        let listeners = self.listeners.lock();
        let (names, protected) = (&listeners.names, listeners.protected());
        let of_open = open_bounds(names, bounds, max_of_ips);
        let mut open = self.open.lock();
        open.connections.set_bounds(of_open, protected);
        open.make_room();
        drop(open);
        let of_listeners = names.iter().map(|name| bounds.creation_rate_of(name));
        let mut rates = self.rates.lock();
        rates.set_bounds(bounds.creation_rate, of_listeners, protected);
        drop(rates);
        drop(listeners);
        self.room.notify(usize::MAX);
    }
}

fn open_bounds(
    listeners: &[Arc<str>],
    bounds: &ConnectionBounds,
    max_of_ips: FxHashMap<IpAddr, usize>,
) -> OpenBounds {
    OpenBounds {
        max: bounds.max,
        max_of_listeners: listeners.iter().map(|name| bounds.max_of(name)).collect(),
        max_per_ip: bounds.max_per_ip,
        max_of_ips,
    }
}

/// The limits as a listener sees them.
pub(super) struct ListenerLimits {
    role: Arc<RoleLimits>,
    /// Its place among those of the role.
    listener: usize,
}

impl ListenerLimits {
    /// Ready when there may be room. Begin to listen before asking, or it may be missed.
    pub(super) fn listen(&self) -> EventListener {
        self.role.room.listen()
    }

    pub(super) fn admit(&self, ip: IpAddr, now: Monotonic) -> Result<Admission, Reached> {
        let mut open = self.role.open.lock();
        let id = open.connections.admit(self.listener, ip)?;
        let seat = Arc::new(Seat::new(now));
        open.seats.insert(id, Arc::clone(&seat));
        open.make_room();
        drop(open);
        let role = Arc::clone(&self.role);
        Ok(Admission { role, id, seat })
    }

    /// See [`ConnectionRates::come`].
    pub(super) fn come(&self, now: Monotonic) -> Duration {
        self.role.rates.lock().come(self.listener, now)
    }

    /// See [`ConnectionRates::come_from`].
    pub(super) fn come_from(&self, ip: IpAddr, now: Monotonic) -> Duration {
        self.role.rates.lock().come_from(ip, now)
    }
}

/// One counted connection; uncounted when dropped.
pub(super) struct Admission {
    role: Arc<RoleLimits>,
    id: ConnectionId,
    seat: Arc<Seat>,
}

impl Admission {
    /// When a request of the connection or part of an answer last got through, or else it came.
    pub(super) fn last_used(&self) -> Monotonic {
        self.seat.last_used()
    }

    pub(super) fn use_at(&self, now: Monotonic) {
        self.seat.use_at(now);
    }

    /// Whether the connection has to close as soon as it can: to make room for others, or with its listener.
    pub(super) fn must_close(&self) -> bool {
        self.seat.must_close()
    }

    /// Ready when it has to.
    pub(super) fn poll_must_close(&self, task: &Context<'_>) -> Poll<()> {
        self.seat.poll_must_close(task)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.role.open.lock();
        open.connections.leave(self.id);
        open.seats.remove(&self.id);
        drop(open);
        // All, for one that is refused for its address leaves the room to another.
        self.role.room.notify(usize::MAX);
    }
}
