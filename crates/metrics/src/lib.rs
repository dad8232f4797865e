//! What the broker counts about itself: requests of each API, bytes in and out, open connections.
//!
//! Counters only grow and gauges go both ways; both are single atomics, so that counting costs the
//! request path no lock beyond the one that finds an API's counters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Requests {
    count: Counter,
    bytes: Counter,
}

/// Every metric of one broker.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: RwLock<BTreeMap<&'static str, Arc<Requests>>>,
    bytes_out: Counter,
    connections: Arc<Gauge>,
}

/// A connection as it is counted: open until this is dropped.
#[derive(Debug)]
pub struct OpenConnection(Arc<Gauge>);

/// The values at one moment. Each is exact; together they need not be of the same instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// By API name: how many requests, and their bytes.
    pub requests: BTreeMap<&'static str, (u64, u64)>,
    pub bytes_out: u64,
    pub connections: i64,
}

impl Snapshot {
    pub fn bytes_in(&self) -> u64 {
        self.requests.values().map(|(_, bytes)| bytes).sum()
    }
}

impl Metrics {
    /// A request of `api` came in, `bytes` long.
    pub fn request(&self, api: &'static str, bytes: usize) {
        let known = self.requests.read().get(api).cloned();
        let requests =
            known.unwrap_or_else(|| self.requests.write().entry(api).or_default().clone());
        requests.count.add(1);
        requests.bytes.add(bytes as u64);
    }

    /// `bytes` of responses went out.
    pub fn sent(&self, bytes: u64) {
        self.bytes_out.add(bytes);
    }

    pub fn connection(&self) -> OpenConnection {
        self.connections.add(1);
        OpenConnection(Arc::clone(&self.connections))
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            requests: self
                .requests
                .read()
                .iter()
                .map(|(api, requests)| (*api, (requests.count.get(), requests.bytes.get())))
                .collect(),
            bytes_out: self.bytes_out.get(),
            connections: self.connections.get(),
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_by_api() {
        let metrics = Metrics::default();
        metrics.request("Produce", 100);
        metrics.request("Fetch", 10);
        metrics.request("Produce", 50);
        metrics.sent(7);
        let now = metrics.snapshot();
        assert_eq!(now.requests["Produce"], (2, 150));
        assert_eq!(now.requests["Fetch"], (1, 10));
        assert_eq!((now.bytes_in(), now.bytes_out), (160, 7));
    }

    #[test]
    fn a_connection_counts_until_it_is_dropped() {
        let metrics = Metrics::default();
        let open = metrics.connection();
        assert_eq!(metrics.snapshot().connections, 1);
        drop(open);
        assert_eq!(metrics.snapshot().connections, 0);
    }
}
