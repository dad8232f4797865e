use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ottla_env::{Clock, Connection, Env, Listener, Net, Spawn};
use ottla_security::Reached;

use super::bound::BoundListener;
use super::connection;
use super::role_limits::{Admission, ListenerLimits};
use crate::node::Node;

/// How long accepting rests after an error: such errors (no descriptors left) pass by themselves or not at all.
const REST_AFTER_ERROR: Duration = Duration::from_millis(100);

/// How many of those that are refused for the rate of their address a listener keeps at a time: beyond that they are closed at once.
const MAX_KEPT: usize = 1024;

/// Counts a connection as soon as there is room; until then whoever comes after it waits in the socket. `None`: its address has
/// as many as it may have.
async fn admitted<E: Env>(
    node: &Node<E>,
    bound: &BoundListener,
    limits: &ListenerLimits,
    peer: SocketAddr,
) -> Option<Admission> {
    let mut waits = false;
    loop {
        let room = limits.listen();
        match limits.admit(peer.ip(), node.env.clock().monotonic()) {
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

/// Accepts connections until it is dropped.
pub(super) async fn accept<E: Env>(
    node: Arc<Node<E>>,
    bound: Arc<BoundListener>,
    mut listener: <E::Net as Net>::Listener,
) {
    let limits = node.connection_limits.of(&bound.name);
    let kept = Arc::new(());
    loop {
        let connection = next(&node, &bound, &mut listener).await;
        let peer = connection.peer_address();
        // First: whoever is refused for that takes nobody's place.
        let too_fast = limits.come_from(peer.ip(), node.env.clock().monotonic());
        if !too_fast.is_zero() {
            tracing::debug!(listener = %bound.name, %peer, "connection refused: its address has reached its rate");
            // Kept for that time, so that whoever comes again at once does not keep the broker busy.
            if Arc::strong_count(&kept) <= MAX_KEPT {
                let counted = Arc::clone(&kept);
                let clock = node.env.clock().clone();
                node.env.spawn().task(async move {
                    clock.sleep(too_fast).await;
                    drop((connection, counted));
                });
            }
            continue;
        }
        let Some(admission) = admitted(&node, &bound, &limits, peer).await else {
            if let Some(unsaid) = node.complaints.admit(node.env.clock().monotonic()) {
                tracing::warn!(listener = %bound.name, %peer, unsaid, "connection refused: max.connections.per.ip is reached");
            }
            continue;
        };
        let wait = limits.come(node.env.clock().monotonic());
        let (node, bound) = (Arc::clone(&node), Arc::clone(&bound));
        let clock = node.env.clock().clone();
        let spawn = node.env.spawn().clone();
        spawn.task(async move { connection::serve(&node, &bound, connection, admission).await });
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }
}

/// The next connection, however long the listener cannot give one.
async fn next<E: Env>(
    node: &Node<E>,
    bound: &BoundListener,
    listener: &mut <E::Net as Net>::Listener,
) -> <E::Net as Net>::Connection {
    // Said once: it is tried again and again.
    let mut cannot = false;
    loop {
        match listener.accept().await {
            Ok(connection) => {
                if cannot {
                    tracing::info!(listener = %bound.name, "accepts connections again");
                }
                return connection;
            }
            Err(error) => {
                if !mem::replace(&mut cannot, true) {
                    tracing::warn!(listener = %bound.name, %error, "cannot accept connections: until it is possible again they wait or are closed");
                }
                node.env.clock().sleep(REST_AFTER_ERROR).await;
            }
        }
    }
}
