use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ottla_env::{Clock, Connection, Env, Listener, Net, Spawn};

use super::connection;
use super::limits::{Admission, Reached};
use crate::node::Node;

/// How long accepting rests after an error: such errors (no descriptors left) pass by themselves or not at all.
const REST_AFTER_ERROR: Duration = Duration::from_millis(100);

/// What a connection knows of the listener it came through.
#[derive(Clone, Debug)]
pub(crate) struct BoundListener {
    pub(crate) name: Arc<str>,
    /// The address in fact bound, with the port that port 0 became.
    pub(crate) address: SocketAddr,
    /// Serves the controller's APIs instead of the broker's.
    pub(crate) is_controller: bool,
}

/// Counts a connection as soon as there is room; until then whoever comes after it waits in the socket. `None`: its address has
/// as many as it may have.
async fn admitted<E: Env>(
    node: &Node<E>,
    bound: &BoundListener,
    peer: SocketAddr,
) -> Option<Admission> {
    let limits = node.connection_limits.of(bound.is_controller);
    let mut waits = false;
    loop {
        let room = limits.listen();
        match limits.admit(peer.ip()) {
            Ok(admission) => return Some(admission),
            Err(Reached::MaxPerIp) => return None,
            Err(Reached::Max) => {
                if !mem::replace(&mut waits, true) {
                    tracing::warn!(listener = %bound.name, %peer, "connection waits: max.connections is reached");
                }
                room.await;
            }
        }
    }
}

/// Accepts connections until the world ends.
pub(crate) async fn accept<E: Env>(
    node: Arc<Node<E>>,
    bound: Arc<BoundListener>,
    mut listener: <E::Net as Net>::Listener,
) {
    // Said once: it is tried again and again.
    let mut cannot = false;
    loop {
        let connection = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                if !mem::replace(&mut cannot, true) {
                    tracing::warn!(listener = %bound.name, %error, "cannot accept connections: until it is possible again they wait or are closed");
                }
                node.env.clock().sleep(REST_AFTER_ERROR).await;
                continue;
            }
        };
        if mem::take(&mut cannot) {
            tracing::info!(listener = %bound.name, "accepts connections again");
        }
        let peer = connection.peer_address();
        let Some(admission) = admitted(&node, &bound, peer).await else {
            if let Some(unsaid) = node.complaints.admit(node.env.clock().monotonic()) {
                tracing::warn!(listener = %bound.name, %peer, unsaid, "connection refused: max.connections.per.ip is reached");
            }
            continue;
        };
        let now = node.env.clock().monotonic();
        let too_fast = match bound.is_controller {
            true => Duration::ZERO,
            false => node
                .connection_limits
                .rates()
                .lock()
                .come_from(peer.ip(), now),
        };
        if !too_fast.is_zero() {
            // Kept for that time, so that whoever comes again at once does not keep the broker busy.
            tracing::debug!(listener = %bound.name, %peer, "connection refused: its address has reached its rate");
            let clock = node.env.clock().clone();
            node.env.spawn().task(async move {
                clock.sleep(too_fast).await;
                drop((connection, admission));
            });
            continue;
        }
        let wait = match bound.is_controller {
            true => Duration::ZERO,
            false => node.connection_limits.rates().lock().come(now),
        };
        let (node, bound) = (Arc::clone(&node), Arc::clone(&bound));
        let clock = node.env.clock().clone();
        let spawn = node.env.spawn().clone();
        spawn.task(async move {
            connection::serve(&node, &bound, connection).await;
            drop(admission);
        });
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }
}
