//! The hosts of `max.connections.per.ip.overrides` that are named and not written as addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use ottla_config::ConnectionBounds;
use ottla_env::{Env, Net};
use rustc_hash::FxHashMap;

use super::limits::ConnectionLimits;

/// What hosts may have, and what is known of their names.
pub(super) struct Hosts {
    bounds: ConnectionBounds,
    addresses: BTreeMap<String, Vec<IpAddr>>,
    /// Named, and not looked up since the bounds were set.
    to_look_up: BTreeSet<String>,
}

impl Hosts {
    pub(super) fn new(bounds: ConnectionBounds) -> Self {
        Self {
            addresses: BTreeMap::new(),
            to_look_up: named(&bounds),
            bounds,
        }
    }

    /// What is known of hosts that are still named holds until they are looked up anew.
    pub(super) fn set(&mut self, bounds: ConnectionBounds) {
        self.to_look_up = named(&bounds);
        let named = &self.to_look_up;
        self.addresses.retain(|host, _| named.contains(host));
        self.bounds = bounds;
    }

    pub(super) fn bounds(&self) -> &ConnectionBounds {
        &self.bounds
    }

    pub(super) fn to_look_up(&self) -> Vec<String> {
        self.to_look_up.iter().cloned().collect()
    }

    pub(super) fn learn(&mut self, host: String, addresses: Vec<IpAddr>) {
        // It may have lost its bound meanwhile.
        if self.to_look_up.remove(&host) {
            self.addresses.insert(host, addresses);
        }
    }

    /// By all addresses that are known.
    pub(super) fn max_of_ips(&self) -> FxHashMap<IpAddr, usize> {
        let mut max_of_ips = FxHashMap::default();
        for (host, max) in &self.bounds.max_of_hosts {
            let known = self.addresses.get(host);
            let literal = host.parse().ok();
            let addresses = known.into_iter().flatten().copied().chain(literal);
            max_of_ips.extend(addresses.map(|address| (address.to_canonical(), *max)));
        }
        max_of_ips
    }
}

/// Those that have to be looked up.
fn named(bounds: &ConnectionBounds) -> BTreeSet<String> {
    let named = bounds.max_of_hosts.iter().map(|(host, _)| host);
    let named = named.filter(|host| host.parse::<IpAddr>().is_err());
    named.cloned().collect()
}

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
