//! How a broker enters its cluster.

use ottla_controller::{Registration, Reply, Request};
use ottla_env::{Entropy, Env};
use ottla_model::{BrokerEpoch, Uuid};

use super::StartError;
use crate::endpoints::{is_registered, registered};
use crate::net::Bound;
use crate::node::Node;

/// Makes this incarnation known, and lets it take part once it has seen its own registration.
pub(super) async fn register<E: Env>(
    node: &Node<E>,
    listeners: &[Bound<E>],
    directories: Vec<Uuid>,
    cleanly_stopped: BrokerEpoch,
) -> Result<BrokerEpoch, StartError> {
    let refused = |reply: Result<Reply, _>| StartError::Refused(format!("{reply:?}"));
    let registration = |is_controller: bool, directories: Vec<Uuid>| Registration {
        id: node.id,
        // Broker and controller are two to the cluster, though they share a process.
        incarnation: node.env.entropy().uuid(),
        listeners: listeners
            .iter()
            .map(|bound| &bound.listener)
            .filter(|bound| bound.is_controller == is_controller)
            .filter(|bound| is_registered(&node.config, &bound.name))
            .map(|bound| registered(&node.config, &bound.name, bound.address.port()))
            .collect(),
        rack: node.config.rack(),
        directories,
        cleanly_stopped,
    };
    let reply = node
        .quorum
        .ask(Request::RegisterController(registration(true, Vec::new())))
        .await;
    if reply != Ok(Reply::Done) {
        return Err(refused(reply));
    }
    // An earlier incarnation is dead: both would hold the same directories' locks. Nobody needs to wait for its session to end.
    let dead = Request::Fence { broker: node.id };
    let reply = node.quorum.ask(dead).await;
    if reply != Ok(Reply::Done) {
        return Err(refused(reply));
    }
    let epoch = match node
        .quorum
        .ask(Request::RegisterBroker(registration(false, directories)))
        .await
    {
        Ok(Reply::Registered(epoch)) => epoch,
        other => return Err(refused(other)),
    };
    match node
        .quorum
        .ask(Request::Unfence {
            broker: node.id,
            epoch,
            cordoned: node.log_dirs.cordoned(),
        })
        .await
    {
        Ok(Reply::Done) => Ok(epoch),
        other => Err(refused(other)),
    }
}
