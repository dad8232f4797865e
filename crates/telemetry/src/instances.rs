use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ottla_config::client_metrics::ClientMetricsConfig;
use ottla_model::{ErrorCode, Monotonic, Uuid};
use ottla_wire::records::Compression;

use crate::push::Push;
use crate::subscriptions::{Asked, Client};

/// So many clients are known at once; beyond that the one that was silent for longest is forgotten.
const MOST: usize = 16_384;
/// A client that is silent for so long, and for three of its intervals, is forgotten.
const LEAST_LIFE: Duration = Duration::from_secs(60);

/// The clients that asked or pushed of late, with what each is asked for and when it may come again. Whoever is forgotten is known
/// again when it comes next, and may do so at once.
pub struct Instances {
    /// The most bytes of metrics in one push.
    max_bytes: usize,
    subscriptions: Vec<ClientMetricsConfig>,
    by_id: BTreeMap<Uuid, Instance>,
    /// By when they were last heard of, the longest ago first.
    by_use: BTreeMap<u64, Uuid>,
    /// The one that each connection made known last.
    by_connection: BTreeMap<SocketAddr, Uuid>,
    last_use: u64,
}

struct Instance {
    connection: SocketAddr,
    subscription_id: i32,
    interval: Duration,
    asked_at: Option<Monotonic>,
    pushed_at: Option<Monotonic>,
    /// It has said that it pushes no more.
    is_terminating: bool,
    /// Its last push failed for what it would learn by asking.
    may_ask_at_once: bool,
    expires: Monotonic,
    used: u64,
}

impl Instances {
    /// `max_bytes`: the most metrics in one push, packed and unpacked.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            subscriptions: Vec::new(),
            by_id: BTreeMap::new(),
            by_use: BTreeMap::new(),
            by_connection: BTreeMap::new(),
            last_use: 0,
        }
    }

    /// From now on these are the subscriptions. Everybody may ask at once, and whose subscription is another one is told so when it
    /// pushes.
    pub fn subscribe(&mut self, subscriptions: Vec<ClientMetricsConfig>) {
        self.subscriptions = subscriptions;
        self.by_id.clear();
        self.by_use.clear();
        self.by_connection.clear();
    }

    /// What the client is asked to push.
    ///
    /// # Errors
    /// `ThrottlingQuotaExceeded` for a client that has been here less than its interval ago.
    pub fn ask(&mut self, client: &Client<'_>, now: Monotonic) -> Result<Asked, ErrorCode> {
        let (instance, asked) = self.instance(client, now);
        if !instance.take_ask(now) && !instance.may_ask_at_once {
            return Err(ErrorCode::ThrottlingQuotaExceeded);
        }
        instance.may_ask_at_once = false;
        Ok(asked.unwrap_or_else(|| Asked::of(&self.subscriptions, client)))
    }

    /// Whether the push is taken; its metrics are to be [unpacked](crate::unpack) then.
    ///
    /// # Errors
    /// `InvalidRequest` without an instance id, or after a last push; `ThrottlingQuotaExceeded` when it comes too early and is not the
    /// last one; `UnknownSubscriptionId` when the client is asked for something else by now; `UnsupportedCompressionType`;
    /// `TelemetryTooLarge`.
    pub fn push(
        &mut self,
        client: &Client<'_>,
        push: &Push,
        now: Monotonic,
    ) -> Result<Compression, ErrorCode> {
        // Java's reserved ones.
        if client.instance_id <= Uuid::from_u128(1) {
            return Err(ErrorCode::InvalidRequest);
        }
        let max_bytes = self.max_bytes;
        let (instance, _) = self.instance(client, now);
        let taken = instance.take(push, max_bytes, now);
        // Also by a push that is refused, as Kafka has it.
        instance.is_terminating = push.is_terminating;
        instance.may_ask_at_once = matches!(
            taken,
            Err(ErrorCode::UnknownSubscriptionId | ErrorCode::UnsupportedCompressionType)
        );
        taken
    }

    /// The connection is gone, and with it the client that it made known. If that was made known by another one from the same address
    /// and port, to another listener, it is known again when it comes next, as whoever is forgotten.
    pub fn disconnected(&mut self, connection: SocketAddr) {
        if let Some(id) = self.by_connection.get(&connection) {
            self.forget(*id);
        }
    }

    /// The client as it is known, now at the latest, and lives on. With what it is asked for if it was not known: to find that out may
    /// take long, and is done once.
    fn instance(&mut self, client: &Client<'_>, now: Monotonic) -> (&mut Instance, Option<Asked>) {
        let id = client.instance_id;
        match self.by_id.get(&id) {
            Some(known) if known.expires > now => {
                self.by_use.remove(&known.used);
            }
            _ => {
                self.forget(id);
                self.make_room(now);
            }
        }
        self.last_use += 1;
        self.by_use.insert(self.last_use, id);
        let mut newly_asked = None;
        let instance = self.by_id.entry(id).or_insert_with(|| {
            self.by_connection.insert(client.connection, id);
            let asked = newly_asked.insert(Asked::of(&self.subscriptions, client));
            Instance::new(client.connection, asked)
        });
        instance.used = self.last_use;
        instance.expires = now + (instance.interval * 3).max(LEAST_LIFE);
        (instance, newly_asked)
    }

    /// For one more. Whose time is over goes, too, as far as nobody was heard of before it whose time is not.
    fn make_room(&mut self, now: Monotonic) {
        while let Some((_, id)) = self.by_use.first_key_value() {
            let id = *id;
            if self.by_id.len() < MOST && self.by_id[&id].expires > now {
                break;
            }
            self.forget(id);
        }
    }

    fn forget(&mut self, id: Uuid) {
        let Some(instance) = self.by_id.remove(&id) else {
            return;
        };
        self.by_use.remove(&instance.used);
        if self.by_connection.get(&instance.connection) == Some(&id) {
            self.by_connection.remove(&instance.connection);
        }
    }
}

impl Instance {
    fn new(connection: SocketAddr, asked: &Asked) -> Self {
        Self {
            connection,
            subscription_id: asked.subscription_id,
            interval: Duration::from_millis(asked.interval_ms.unsigned_abs().into()),
            asked_at: None,
            pushed_at: None,
            is_terminating: false,
            may_ask_at_once: false,
            expires: Monotonic::default(),
            used: 0,
        }
    }

    /// Whether an interval has passed since the client was here.
    fn take_ask(&mut self, now: Monotonic) -> bool {
        let is_due = self.is_due(self.asked_at.max(self.pushed_at), now);
        if is_due {
            self.asked_at = Some(now);
        }
        is_due
    }

    /// Whether an interval has passed since the last push. The first one after a client has asked comes when it likes: clients
    /// spread them at random over half an interval and one and a half.
    fn take_push(&mut self, now: Monotonic) -> bool {
        let is_due = self.asked_at > self.pushed_at || self.is_due(self.pushed_at, now);
        if is_due {
            self.pushed_at = Some(now);
        }
        is_due
    }

    fn is_due(&self, last: Option<Monotonic>, now: Monotonic) -> bool {
        last.is_none_or(|last| now - last >= self.interval)
    }

    fn take(
        &mut self,
        push: &Push,
        max_bytes: usize,
        now: Monotonic,
    ) -> Result<Compression, ErrorCode> {
        if self.is_terminating {
            return Err(ErrorCode::InvalidRequest);
        }
        if !self.take_push(now) && !push.is_terminating {
            return Err(ErrorCode::ThrottlingQuotaExceeded);
        }
        if push.subscription_id != self.subscription_id {
            return Err(ErrorCode::UnknownSubscriptionId);
        }
        let compression = push.compression()?;
        if push.bytes > max_bytes {
            return Err(ErrorCode::TelemetryTooLarge);
        }
        Ok(compression)
    }
}

#[cfg(test)]
mod tests;
