//! What a handler knows of the request beside its fields.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ottla_env::Clock;
use ottla_model::Monotonic;
use ottla_wire::frame::RequestHeader;
use parking_lot::Mutex;

use crate::net::BoundListener;

/// Longer ones are cut: they are kept as long as their connection.
const LONGEST_SOFTWARE_NAME: usize = 256;

/// What a client is made with, as it says itself (KIP-511).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Software {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
}

impl Software {
    /// Both are known to be of ASCII.
    pub(crate) fn named(name: &str, version: &str) -> Self {
        let kept = |text: &str| Arc::from(text.get(..LONGEST_SOFTWARE_NAME).unwrap_or(text));
        Self {
            name: kept(name),
            version: kept(version),
        }
    }

    /// Of a client that does not say.
    fn unknown() -> Self {
        Self::named("unknown", "unknown")
    }
}

/// Who sends requests over a connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// As ACLs name it: `User:ANONYMOUS` until a listener authenticates.
    pub(crate) principal: Arc<str>,
    pub(crate) peer: SocketAddr,
    /// The address the client reached us by: what it is told where no `advertised.listeners` says otherwise.
    pub(crate) reached: SocketAddr,
    pub(crate) listener: Arc<str>,
    pub(crate) is_controller_listener: bool,
    /// Until when the connection is silent, in nanoseconds of monotonic time (KIP-219).
    muted_until: Arc<AtomicU64>,
    software: Arc<Mutex<Option<Software>>>,
    is_in_telemetry: Arc<AtomicBool>,
}

impl Caller {
    pub(crate) fn anonymous(
        listener: &BoundListener,
        peer: SocketAddr,
        reached: SocketAddr,
    ) -> Self {
        Self {
            principal: Arc::from("User:ANONYMOUS"),
            peer,
            reached,
            listener: Arc::clone(&listener.name),
            is_controller_listener: listener.is_controller,
            muted_until: Arc::default(),
            software: Arc::default(),
            is_in_telemetry: Arc::default(),
        }
    }

    /// The name that quotas know.
    pub(crate) fn user(&self) -> &str {
        let user = self.principal.strip_prefix("User:");
        user.unwrap_or(&self.principal)
    }

    /// Reads nothing more of the connection for so long, once what is asked is answered; and gives that time as answers say it.
    pub(crate) fn mute(&self, time: Duration, now: Monotonic) -> i32 {
        let milliseconds = (time.as_secs_f64() * 1000.0).round() as i32;
        if milliseconds > 0 {
            let until = (now + time).0.as_nanos();
            let until = u64::try_from(until).unwrap_or(u64::MAX);
            self.muted_until.fetch_max(until, Ordering::Relaxed);
        }
        milliseconds
    }

    /// The moment until which nothing more is read; `None` for whoever was never silent.
    pub(crate) fn muted_until(&self) -> Option<Monotonic> {
        let until = self.muted_until.load(Ordering::Relaxed);
        (until > 0).then_some(Monotonic(Duration::from_nanos(until)))
    }

    pub(crate) fn is_muted(&self, clock: &impl Clock) -> bool {
        self.muted_until()
            .is_some_and(|until| clock.monotonic() < until)
    }

    /// The client says what it is made with.
    pub(crate) fn introduce(&self, software: Software) {
        *self.software.lock() = Some(software);
    }

    pub(crate) fn software(&self) -> Software {
        self.software
            .lock()
            .clone()
            .unwrap_or_else(Software::unknown)
    }

    /// From now on it is one that asked what to push of its metrics, or pushed some.
    pub(crate) fn enter_telemetry(&self) {
        self.is_in_telemetry.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_in_telemetry(&self) -> bool {
        self.is_in_telemetry.load(Ordering::Relaxed)
    }

    pub(crate) fn host(&self) -> IpAddr {
        self.peer.ip()
    }
}

/// One request's circumstances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) version: i16,
}

impl<'a> Context<'a> {
    pub(crate) fn new(caller: &'a Caller, header: &'a RequestHeader<'_>) -> Self {
        Self {
            caller,
            client_id: header.client_id.as_deref(),
            version: header.api_version,
        }
    }
}

/// As Java writes an address of which it knows no name.
pub(crate) fn java_address(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("/{address}"),
        IpAddr::V6(address) => {
            let groups = address.segments().map(|group| format!("{group:x}"));
            format!("/{}", groups.join(":"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_java_does() {
        for (address, written) in [
            ("127.0.0.1", "/127.0.0.1"),
            ("::ffff:10.0.0.7", "/10.0.0.7"),
            ("::1", "/0:0:0:0:0:0:0:1"),
            ("fe80::ab", "/fe80:0:0:0:0:0:0:ab"),
        ] {
            let address = address.parse().expect("it is an address");
            assert_eq!(java_address(address), written);
        }
    }
}
