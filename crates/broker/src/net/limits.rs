use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::{Event, EventListener};
use ottla_config::{ConnectionBounds, ServerConfig};
use ottla_metadata::ClientQuotas;
use ottla_model::Monotonic;
use ottla_security::{ConnectionId, OpenBounds, OpenConnections, Reached, Windows};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::connection_rates::ConnectionRates;
use super::seat::Seat;

/// Counts connections, and how many come: those of the broker and those of the controller each by themselves, so that clients cannot
/// keep anybody from the controller.
pub(crate) struct ConnectionLimits {
    of_broker: Arc<RoleLimits>,
    of_controller: Arc<RoleLimits>,
    hosts: Mutex<Hosts>,
    /// There may be hosts to look up.
    new_hosts: Event,
}

/// What hosts may have, and what is known of their names.
struct Hosts {
    bounds: ConnectionBounds,
    addresses: BTreeMap<String, Vec<IpAddr>>,
    /// Named, and not looked up since the bounds were set.
    to_look_up: BTreeSet<String>,
}

impl Hosts {
    /// What is known of hosts that are still named holds until they are looked up anew.
    fn set(&mut self, bounds: ConnectionBounds) {
        let named = bounds.max_of_hosts.iter().map(|(host, _)| host);
        let named = named.filter(|host| host.parse::<IpAddr>().is_err());
        self.to_look_up = named.cloned().collect();
        let named = &self.to_look_up;
        self.addresses.retain(|host, _| named.contains(host));
        self.bounds = bounds;
    }
}

impl ConnectionLimits {
    pub(crate) fn new(config: &ServerConfig, bounds: ConnectionBounds) -> Arc<Self> {
        let between_brokers = config.inter_broker_listener();
        let role = |is_controller| {
            let listeners = config.listeners().iter().map(|listener| &*listener.name);
            let of_role = |name: &&str| config.is_controller_listener(name) == is_controller;
            let names: Vec<Arc<str>> = listeners.filter(of_role).map(Arc::from).collect();
            let protected = names.iter().position(|name| **name == *between_brokers);
            let protected = protected.filter(|_| names.len() > 1);
            let windows = config.quota_windows();
            let over = Windows {
                count: windows.count,
                length: windows.length,
            };
            RoleLimits::new(names, protected, &bounds, over)
        };
        let (of_broker, of_controller) = (role(false), role(true));
        let mut hosts = Hosts {
            bounds: bounds.clone(),
            addresses: BTreeMap::new(),
            to_look_up: BTreeSet::new(),
        };
        hosts.set(bounds);
        let limits = Self {
            of_broker,
            of_controller,
            hosts: Mutex::new(hosts),
            new_hosts: Event::new(),
        };
        limits.apply();
        Arc::new(limits)
    }

    /// From now on: who is too many by then is closed.
    pub(crate) fn set(&self, bounds: ConnectionBounds) {
        self.hosts.lock().set(bounds);
        self.apply();
        self.new_hosts.notify(usize::MAX);
    }

    /// Ready when there may be hosts to look up. Begin to listen before asking.
    pub(super) fn listen_for_hosts(&self) -> EventListener {
        self.new_hosts.listen()
    }

    /// Hosts with a bound of their own that were not looked up since the bounds were set.
    pub(super) fn hosts_to_look_up(&self) -> Vec<String> {
        self.hosts.lock().to_look_up.iter().cloned().collect()
    }

    /// The addresses of a host. They hold until bounds are set the next time, as in Apache Kafka.
    pub(super) fn learn(&self, host: String, addresses: Vec<IpAddr>) {
        let mut hosts = self.hosts.lock();
        // It may have lost its bound meanwhile.
        if hosts.to_look_up.remove(&host) {
            hosts.addresses.insert(host, addresses);
        }
        drop(hosts);
        self.apply();
    }

    fn apply(&self) {
        // Held until all is told, so that the last word is the newest.
        let hosts = self.hosts.lock();
        let mut max_of_ips = FxHashMap::default();
        for (host, max) in &hosts.bounds.max_of_hosts {
            let known = hosts.addresses.get(host);
            let literal = host.parse().ok();
            let addresses = known.into_iter().flatten().copied().chain(literal);
            max_of_ips.extend(addresses.map(|address| (address.to_canonical(), *max)));
        }
        for role in [&self.of_broker, &self.of_controller] {
            role.set(&hosts.bounds, max_of_ips.clone());
        }
    }

    /// The rates of addresses, from now on.
    pub(crate) fn set_rates_of_addresses(&self, quotas: &ClientQuotas) {
        for role in [&self.of_broker, &self.of_controller] {
            role.rates.lock().configure(quotas);
        }
    }

    /// Those of a listener.
    pub(super) fn of(&self, listener: &str) -> ListenerLimits {
        let of = |role: &Arc<RoleLimits>| {
            let mut names = role.listeners.iter();
            let listener = names.position(|name| **name == *listener)?;
            let role = Arc::clone(role);
            Some(ListenerLimits { role, listener })
        };
        let found = of(&self.of_broker).or_else(|| of(&self.of_controller));
        found.expect("every listener belongs to a role")
    }
}

/// Those of one role.
struct RoleLimits {
    listeners: Vec<Arc<str>>,
    open: Mutex<Open>,
    rates: Mutex<ConnectionRates>,
    /// There may be room now.
    room: Event,
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
    fn new(
        listeners: Vec<Arc<str>>,
        protected: Option<usize>,
        bounds: &ConnectionBounds,
        over: Windows,
    ) -> Arc<Self> {
        let of_open = open_bounds(&listeners, bounds, FxHashMap::default());
        Arc::new(Self {
            open: Mutex::new(Open {
                connections: OpenConnections::new(of_open, protected),
                seats: FxHashMap::default(),
            }),
            rates: Mutex::new(ConnectionRates::new(listeners.len(), protected, over)),
            listeners,
            room: Event::new(),
        })
    }

    fn set(&self, bounds: &ConnectionBounds, max_of_ips: FxHashMap<IpAddr, usize>) {
        let of_open = open_bounds(&self.listeners, bounds, max_of_ips);
        let mut open = self.open.lock();
        open.connections.set_bounds(of_open);
        open.make_room();
        drop(open);
        let of_listeners = self.listeners.iter();
        let of_listeners = of_listeners.map(|name| bounds.creation_rate_of(name));
        let mut rates = self.rates.lock();
        rates.set_bounds(bounds.creation_rate, of_listeners);
        drop(rates);
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

    /// Whether the connection has to make room for others, as soon as it can.
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures::FutureExt;
    use ottla_config::{Adjustable, Settings};

    use super::*;

    const LISTENERS: &str = "process.roles=broker,controller\nnode.id=1\n\
        listeners=PLAINTEXT://:0,OUT://:0,C://:0\ncontroller.listener.names=C\n\
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OUT:PLAINTEXT,C:PLAINTEXT\n\
        controller.quorum.bootstrap.servers=c:1\nlog.dirs=/data\n";
    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn bounds(configs: &[(&str, &str)]) -> ConnectionBounds {
        Adjustable::of(&Settings::dynamic(configs.iter().copied())).connections
    }

    fn limits(configs: &[(&str, &str)]) -> Arc<ConnectionLimits> {
        let config = ServerConfig::load("s", LISTENERS, &[]);
        let (config, _) = config.expect("it is well-formed");
        ConnectionLimits::new(&config, bounds(configs))
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    fn must_close(admission: &Admission) -> bool {
        let task = Context::from_waker(Waker::noop());
        admission.poll_must_close(&task).is_ready()
    }

    #[test]
    fn limits_may_change_while_connections_are_open() {
        let limits = limits(&[("max.connections", "1")]);
        for name in ["OUT", "C"] {
            let listener = limits.of(name);
            let first = listener.admit(IP, at(0)).expect("each role by itself");
            let room = listener.listen();
            assert_eq!(listener.admit(IP, at(0)).err(), Some(Reached::Max));
            limits.set(bounds(&[("max.connections", "2")]));
            assert!(room.now_or_never().is_some());
            let second = listener.admit(IP, at(1)).expect("there is room now");
            first.use_at(at(2));
            limits.set(bounds(&[("max.connections", "1")]));
            assert!(!must_close(&first) && must_close(&second));
        }
    }

    #[test]
    fn brokers_among_themselves_take_the_place_of_clients() {
        let limits = limits(&[("max.connections", "2")]);
        let (brokers, clients) = (limits.of("PLAINTEXT"), limits.of("OUT"));
        let idle = clients.admit(IP, at(0)).expect("empty");
        let busy = clients.admit(IP, at(0)).expect("two");
        busy.use_at(at(1));
        assert_eq!(clients.admit(IP, at(2)).err(), Some(Reached::Max));
        let _broker = brokers.admit(IP, at(2)).expect("it is protected");
        assert!(must_close(&idle) && !must_close(&busy));
    }

    #[test]
    fn a_host_by_its_name_counts_once_its_addresses_are_known() {
        let overrides = "max.connections.per.ip.overrides";
        let limits = limits(&[(overrides, "127.0.0.2:5,here:0")]);
        assert_eq!(limits.hosts_to_look_up(), ["here"]);
        let listener = limits.of("OUT");
        assert!(listener.admit(IP, at(0)).is_ok());
        limits.learn("here".to_owned(), vec![IP]);
        assert_eq!(limits.hosts_to_look_up(), [""; 0]);
        assert_eq!(listener.admit(IP, at(0)).err(), Some(Reached::MaxPerIp));
        let new_hosts = limits.listen_for_hosts();
        limits.set(bounds(&[(overrides, "here:1,there:2")]));
        assert!(new_hosts.now_or_never().is_some());
        // All anew; until then what was known holds.
        assert_eq!(limits.hosts_to_look_up(), ["here", "there"]);
        let one = listener.admit(IP, at(0)).expect("the first");
        assert_eq!(listener.admit(IP, at(0)).err(), Some(Reached::MaxPerIp));
        limits.learn("here".to_owned(), Vec::new());
        assert!(listener.admit(IP, at(0)).is_ok());
        drop(one);
    }

    #[test]
    fn a_host_that_is_named_no_longer_is_forgotten() {
        let overrides = "max.connections.per.ip.overrides";
        let limits = limits(&[(overrides, "here:0,gone:0")]);
        let listener = limits.of("OUT");
        limits.learn("here".to_owned(), vec![IP]);
        limits.set(bounds(&[]));
        // It was still being looked up.
        limits.learn("gone".to_owned(), vec![IP]);
        assert_eq!(limits.hosts_to_look_up(), [""; 0]);
        limits.set(bounds(&[(overrides, "here:0,gone:0")]));
        assert!(listener.admit(IP, at(0)).is_ok());
        limits.learn("gone".to_owned(), vec![IP]);
        assert_eq!(listener.admit(IP, at(0)).err(), Some(Reached::MaxPerIp));
    }
}
