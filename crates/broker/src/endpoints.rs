//! The addresses a client is told.

use std::net::SocketAddr;

use ottla_config::ServerConfig;
use ottla_controller::Listener;
use ottla_env::Env;
use ottla_metadata::{Broker, Image, PartitionImage};
use ottla_model::{ErrorCode, NodeId};
use ottla_raft::Endpoint as QuorumEndpoint;

use crate::node::Node;
use crate::request::Caller;

/// What `advertised.listeners` says of a listener.
fn advertised<'a>(config: &'a ServerConfig, name: &str) -> Option<&'a ottla_config::Listener> {
    let mut all = config.advertised_listeners().unwrap_or_default().iter();
    all.find(|listener| listener.name == name)
}

/// Whether others are told of the listener `name` at all: an `advertised.listeners` leaves out those of clients that it does not
/// name. Controllers find each other either way.
pub(crate) fn is_registered(config: &ServerConfig, name: &str) -> bool {
    config.advertised_listeners().is_none()
        || config.is_controller_listener(name)
        || advertised(config, name).is_some()
}

/// What is registered of the listener `name` of this node, which is bound to `port`.
pub(crate) fn registered(config: &ServerConfig, name: &str, port: u16) -> Listener {
    let advertised = advertised(config, name);
    let mut configured = config.listeners().iter();
    let told = advertised
        .or_else(|| configured.find(|listener| listener.name == name))
        .expect("what is bound was configured")
        .told();
    Listener {
        name: told.name,
        host: told.host,
        port: advertised
            .map(|listener| listener.port)
            .filter(|port| *port != 0)
            .unwrap_or(port),
        protocol: told.protocol.code(),
    }
}

/// Where other controllers find the listener `name` of this node. Of one that is bound to every address the quorum's own configuration may
/// say more.
pub(crate) fn quorum_endpoint(config: &ServerConfig, name: &str, port: u16) -> QuorumEndpoint {
    let Listener {
        name, host, port, ..
    } = registered(config, name, port);
    let voter = config.static_voter();
    let voter = voter.filter(|(of, ..)| *of == name && is_told_nothing_of(config, &name));
    let host = voter.map_or(host, |(_, host, _)| host);
    QuorumEndpoint { name, host, port }
}

/// Whether no address of the listener `name` is configured that others could connect to.
fn is_told_nothing_of(config: &ServerConfig, name: &str) -> bool {
    let mut configured = config.listeners().iter();
    advertised(config, name).is_none()
        && configured.any(|listener| listener.name == name && listener.told() != *listener)
}

/// Where a broker or controller can be reached by this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) id: NodeId,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
    pub(crate) is_fenced: bool,
}

/// Who leads a partition, for clients of a listener.
///
/// # Errors
/// LEADER_NOT_AVAILABLE where nobody does, or a broker that is fenced or gone; LISTENER_NOT_FOUND where it cannot be reached.
pub(crate) fn reachable_leader(
    image: &Image,
    partition: &PartitionImage,
    listener: &str,
) -> Result<NodeId, ErrorCode> {
    let leader = partition.leader;
    let alive = image.cluster().broker(leader).filter(|b| !b.is_fenced());
    let alive = alive.ok_or(ErrorCode::LeaderNotAvailable)?;
    match has(alive, listener) {
        true => Ok(leader),
        false => Err(ErrorCode::ListenerNotFound),
    }
}

/// The replicas of a partition that are on brokers that are fenced, gone, or out of reach for clients of a listener.
pub(crate) fn offline_replicas(
    image: &Image,
    partition: &PartitionImage,
    listener: &str,
) -> Vec<NodeId> {
    let is_online = |id: &NodeId| {
        let broker = image.cluster().broker(*id);
        broker.is_some_and(|broker| !broker.is_fenced() && has(broker, listener))
    };
    let replicas = partition.replicas.iter().copied();
    replicas.filter(|id| !is_online(id)).collect()
}

fn has(broker: &Broker, listener: &str) -> bool {
    broker.endpoints().any(|endpoint| endpoint.name == listener)
}

impl<E: Env> Node<E> {
    /// The live brokers, by their listener of the name the caller came through.
    pub(crate) fn endpoints(&self, caller: &Caller) -> Vec<Endpoint> {
        self.all_endpoints(caller, false)
    }

    /// The brokers, with those fenced off if asked for.
    pub(crate) fn all_endpoints(&self, caller: &Caller, with_fenced: bool) -> Vec<Endpoint> {
        let image = self.image();
        image
            .cluster()
            .brokers()
            .filter(|broker| with_fenced || !broker.is_fenced())
            .filter_map(|broker| {
                let listener = broker
                    .endpoints()
                    .find(|endpoint| endpoint.name == &*caller.listener)?;
                let (host, port) = self.told(caller, broker.id(), listener.host, listener.port);
                Some(Endpoint {
                    id: broker.id(),
                    host,
                    port,
                    rack: broker.rack().map(str::to_owned),
                    is_fenced: broker.is_fenced(),
                })
            })
            .collect()
    }

    /// The registered controllers, by their listener of the name the caller came through.
    pub(crate) fn controller_endpoints(&self, caller: &Caller) -> Vec<Endpoint> {
        let image = self.image();
        image
            .cluster()
            .controllers()
            .filter_map(|controller| {
                let listener = controller
                    .endpoints()
                    .find(|endpoint| endpoint.name == &*caller.listener)?;
                let (host, port) = self.told(caller, controller.id(), listener.host, listener.port);
                Some(Endpoint {
                    id: controller.id(),
                    host,
                    port,
                    rack: None,
                    is_fenced: false,
                })
            })
            .collect()
    }

    fn told(&self, caller: &Caller, id: NodeId, host: &str, port: u16) -> (String, u16) {
        match id == self.id {
            true => told_of_itself(&self.config, &caller.listener, caller.reached, (host, port)),
            false => (host.to_owned(), port),
        }
    }
}

/// What is registered of this node, if `advertised.listeners` gave it; else the address by which the caller came: it works for
/// that caller by proof.
fn told_of_itself(
    config: &ServerConfig,
    listener: &str,
    reached: SocketAddr,
    (host, port): (&str, u16),
) -> (String, u16) {
    let ip = || reached.ip().to_canonical().to_string();
    match advertised(config, listener) {
        Some(advertised) if advertised.host.is_empty() => (ip(), port),
        Some(_) => (host.to_owned(), port),
        None => (ip(), reached.port()),
    }
}

#[cfg(test)]
mod tests {
    use ottla_model::PartitionIndex;
    use ottla_wire::metadata_record::{BrokerEndpoint, RegisterBrokerRecord};

    use super::*;
    use crate::api::test_image::{id, image, topic};

    fn config(advertised: &str) -> ServerConfig {
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:1,INNER://i:2,C://:3\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INNER:PLAINTEXT,C:PLAINTEXT\n\
             controller.listener.names=C\ncontroller.quorum.bootstrap.servers=localhost:3\n{advertised}"
        );
        ServerConfig::load("", &text, &[]).unwrap().0
    }

    #[test]
    fn a_voter_is_found_where_the_quorum_is_configured_to_find_it() {
        for (text, host) in [
            ("", "localhost"),
            ("controller.quorum.voters=1@voter:3", "voter"),
            ("controller.quorum.voters=1@[::2]:3", "::2"),
            (
                "controller.quorum.voters=1@voter:3\nadvertised.listeners=PLAINTEXT://p:1,INNER://i:2,C://advertised:3",
                "advertised",
            ),
        ] {
            assert_eq!(quorum_endpoint(&config(text), "C", 3).host, host, "{text}");
        }
    }

    /// What is registered, and what whoever came to 10.0.0.1 is told.
    fn shown(config: &ServerConfig) -> Vec<String> {
        let names = ["PLAINTEXT", "INNER", "C"].into_iter();
        names
            .filter(|name| is_registered(config, name))
            .map(|name| {
                let Listener { host, port, .. } = registered(config, name, 1000);
                let reached = ([10, 0, 0, 1], 1000).into();
                let told = told_of_itself(config, name, reached, (&host, port));
                format!("{name} {host}:{port} {}:{}", told.0, told.1)
            })
            .collect()
    }

    #[test]
    fn without_advertised_listeners_the_way_a_client_came_is_told() {
        let expected = [
            "PLAINTEXT localhost:1000 10.0.0.1:1000",
            "INNER i:1000 10.0.0.1:1000",
            "C localhost:1000 10.0.0.1:1000",
        ];
        assert_eq!(shown(&config("")), expected);
    }

    #[test]
    fn an_advertised_listener_without_a_host_or_port_keeps_the_one_a_client_came_by() {
        let config = config("advertised.listeners=PLAINTEXT://:7,INNER://o:0,C://c:9");
        let expected = [
            "PLAINTEXT localhost:7 10.0.0.1:7",
            "INNER o:1000 o:1000",
            "C c:9 c:9",
        ];
        assert_eq!(shown(&config), expected);
    }

    #[test]
    fn a_listener_that_is_not_advertised_is_registered_only_if_it_is_the_controllers() {
        let config = config("advertised.listeners=PLAINTEXT://p:7");
        let expected = ["PLAINTEXT p:7 p:7", "C localhost:1000 10.0.0.1:1000"];
        assert_eq!(shown(&config), expected);
    }

    #[test]
    fn a_leader_is_shown_by_a_listener_that_leads_to_it() {
        let broker = |fenced| {
            let registration = RegisterBrokerRecord {
                broker_id: NodeId(1),
                fenced,
                end_points: vec![BrokerEndpoint {
                    name: "INNER".into(),
                    ..Default::default()
                }],
                ..Default::default()
            };
            vec![registration.into()]
        };
        let shown = |image: &Image, listener| {
            let index = PartitionIndex(0);
            let partition = image.topics().partition(id("a"), index).unwrap();
            (
                reachable_leader(image, partition, listener),
                offline_replicas(image, partition, listener),
            )
        };
        let alive = image(&[broker(false), topic("a", 1)]);
        assert_eq!(shown(&alive, "INNER"), (Ok(NodeId(1)), vec![]));
        let missing = Err(ErrorCode::ListenerNotFound);
        assert_eq!(shown(&alive, "OUTER"), (missing, vec![NodeId(1)]));
        for dead in [
            image(&[topic("a", 1)]),
            image(&[broker(true), topic("a", 1)]),
        ] {
            let missing = Err(ErrorCode::LeaderNotAvailable);
            assert_eq!(shown(&dead, "INNER"), (missing, vec![NodeId(1)]));
        }
    }
}
