//! The addresses a client is told.

use ottla_config::ServerConfig;
use ottla_controller::Listener;
use ottla_env::Env;
use ottla_model::NodeId;
use ottla_raft::Endpoint as QuorumEndpoint;

use crate::node::Node;
use crate::request::Caller;

/// What others are told of the listener `name` of this node, which is bound to `port`.
pub(crate) fn advertised(config: &ServerConfig, name: &str, port: u16) -> Listener {
    let is_it = |listener: &&ottla_config::Listener| listener.name == *name;
    let advertised = config
        .advertised_listeners()
        .and_then(|all| all.iter().find(is_it));
    let configured = config.listeners().iter().find(is_it);
    let told = advertised
        .or(configured)
        .expect("what is bound was configured")
        .told();
    Listener {
        name: told.name,
        host: told.host,
        port: advertised.map_or(port, |listener| listener.port),
        protocol: told.protocol.code(),
    }
}

/// Where other controllers find the listener `name` of this node.
pub(crate) fn quorum_endpoint(config: &ServerConfig, name: &str, port: u16) -> QuorumEndpoint {
    let Listener {
        name, host, port, ..
    } = advertised(config, name, port);
    QuorumEndpoint { name, host, port }
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

    /// What is registered, or, of this node with no `advertised.listeners`, the address by which the caller came: it works
    /// for that caller by proof.
    fn told(&self, caller: &Caller, id: NodeId, host: &str, port: u16) -> (String, u16) {
        if id == self.id && self.config.advertised_listeners().is_none() {
            (
                caller.reached.ip().to_canonical().to_string(),
                caller.reached.port(),
            )
        } else {
            (host.to_owned(), port)
        }
    }
}
