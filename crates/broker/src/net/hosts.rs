//! The hosts of `max.connections.per.ip.overrides` that are named and not written as addresses.

use std::io;
use std::sync::Arc;

use ottla_env::{Env, Net};

use super::limits::ConnectionLimits;

/// Looks all of them up.
///
/// # Errors
/// The first that has no address, as for Apache Kafka at its start: it may be that it should not come in at all.
pub(crate) async fn learn_hosts<E: Env>(
    env: &E,
    limits: &ConnectionLimits,
) -> Result<(), (String, io::Error)> {
    for host in limits.hosts_to_look_up() {
        match env.net().resolve(&host).await {
            Ok(addresses) => limits.learn(host, addresses),
            Err(error) => return Err((host, error)),
        }
    }
    Ok(())
}

/// Looks up those that are set while the node runs, until the world ends.
pub(crate) async fn follow_hosts<E: Env>(env: E, limits: Arc<ConnectionLimits>) {
    loop {
        let changed = limits.listen_for_hosts();
        while let Err((host, error)) = learn_hosts(&env, &limits).await {
            tracing::warn!(host, %error, "max.connections.per.ip.overrides has no effect for a host that has no address");
            limits.learn(host, Vec::new());
        }
        changed.await;
    }
}
