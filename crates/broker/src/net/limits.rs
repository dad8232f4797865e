use std::net::IpAddr;
use std::sync::Arc;

use event_listener::{Event, EventListener};
use ottla_config::{ConnectionBounds, ServerConfig};
use ottla_metadata::ClientQuotas;
use ottla_security::Windows;
use parking_lot::Mutex;

use super::hosts::Hosts;
use super::role_limits::{ListenerLimits, RoleLimits};

/// Counts connections, and how many come: those of the broker and those of the controller each by themselves, so that clients cannot
/// keep anybody from the controller.
pub(crate) struct ConnectionLimits {
    of_broker: Arc<RoleLimits>,
    of_controller: Arc<RoleLimits>,
    hosts: Mutex<Hosts>,
    /// There may be hosts to look up.
    new_hosts: Event,
}

impl ConnectionLimits {
    pub(crate) fn new(config: &ServerConfig, bounds: ConnectionBounds) -> Arc<Self> {
        let role = |is_controller| {
            let listeners = config.listeners().iter().map(|listener| &*listener.name);
            let of_role = |name: &&str| config.is_controller_listener(name) == is_controller;
            let names = listeners.filter(of_role).map(Arc::from).collect();
            let windows = config.quota_windows();
            let over = Windows {
                count: windows.count,
                length: windows.length,
            };
            RoleLimits::new(names, config.inter_broker_listener(), &bounds, over)
        };
        let limits = Self {
            of_broker: role(false),
            of_controller: role(true),
            hosts: Mutex::new(Hosts::new(bounds)),
            new_hosts: Event::new(),
        };
        limits.apply();
        Arc::new(limits)
    }

    /// There is a listener of the broker's more: one that is new, or was closed.
    pub(super) fn open(&self, listener: &str) {
        self.of_broker.open(listener);
        self.apply();
    }

    /// A listener of the broker's is no more: who came through it has to go.
    pub(super) fn close(&self, listener: &str) {
        self.of_broker.close(listener);
        self.apply();
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
        self.hosts.lock().to_look_up()
    }

    /// The addresses of a host. They hold until bounds are set the next time, as in Apache Kafka.
    pub(super) fn learn(&self, host: String, addresses: Vec<IpAddr>) {
        self.hosts.lock().learn(host, addresses);
        self.apply();
    }

    fn apply(&self) {
        // Held until all is told, so that the last word is the newest.
        let hosts = self.hosts.lock();
        let max_of_ips = hosts.max_of_ips();
        for role in [&self.of_broker, &self.of_controller] {
            role.set(hosts.bounds(), max_of_ips.clone());
        }
    }

    /// The rates of addresses, from now on.
    pub(crate) fn set_rates_of_addresses(&self, quotas: &ClientQuotas) {
        for role in [&self.of_broker, &self.of_controller] {
            role.set_rates_of_addresses(quotas);
        }
    }

    /// Those of a listener.
    pub(super) fn of(&self, listener: &str) -> ListenerLimits {
        let found = self.of_broker.of(listener);
        let found = found.or_else(|| self.of_controller.of(listener));
        found.expect("every listener belongs to a role")
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};
    use std::time::Duration;

    use futures::FutureExt;
    use ottla_config::dynamic::Level;
    use ottla_config::{Adjustable, Settings};
    use ottla_model::Monotonic;
    use ottla_security::Reached;

    use super::super::role_limits::Admission;
    use super::*;

    const LISTENERS: &str = "process.roles=broker,controller\nnode.id=1\n\
        listeners=PLAINTEXT://:0,OUT://:0,C://:0\ncontroller.listener.names=C\n\
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OUT:PLAINTEXT,C:PLAINTEXT\n\
        controller.quorum.bootstrap.servers=c:1\nlog.dirs=/data\n";
    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn bounds(configs: &[(&str, &str)]) -> ConnectionBounds {
        Adjustable::of(&Settings::dynamic(
            Level::ThisBroker,
            configs.iter().copied(),
        ))
        .connections
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
    fn who_came_through_a_listener_goes_with_it() {
        let limits = limits(&[("listener.name.out.max.connections", "1")]);
        let first = limits.of("OUT").admit(IP, at(0)).expect("empty");
        limits.close("OUT");
        assert!(must_close(&first));
        limits.open("OUT");
        let out = limits.of("OUT");
        let second = out.admit(IP, at(0)).err();
        assert_eq!(second, Some(Reached::Max), "the first has not gone yet");
        drop(first);
        assert!(!must_close(&out.admit(IP, at(0)).expect("it has")));
    }

    #[test]
    fn brokers_have_a_listener_of_their_own_while_clients_have_another() {
        let own = ("listener.name.new.max.connections", "0");
        let limits = limits(&[("max.connections", "1"), own]);
        let brokers = limits.of("PLAINTEXT");
        let _client = limits.of("OUT").admit(IP, at(0)).expect("empty");
        assert!(brokers.admit(IP, at(0)).is_ok());
        limits.close("OUT");
        assert_eq!(brokers.admit(IP, at(0)).err(), Some(Reached::Max));
        limits.open("NEW");
        assert!(brokers.admit(IP, at(0)).is_ok());
        limits.set(bounds(&[own]));
        let new = limits.of("NEW").admit(IP, at(0)).err();
        assert_eq!(new, Some(Reached::Max), "its own bound");
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
