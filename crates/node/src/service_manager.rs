//! What systemd and its like want to know of a service (`sd_notify(3)`): datagrams to the socket that `NOTIFY_SOCKET` names.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Whoever started the process and wants to know how it is.
#[derive(Debug)]
pub(crate) struct ServiceManager {
    /// `None` where nobody wants to.
    socket: Option<OsString>,
    /// How long the process may be silent.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    pub(crate) fn of_process() -> Self {
        let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
        // It may have been meant for the process that started this one.
        let is_mine = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
        let silence = number("WATCHDOG_USEC").filter(|silence| is_mine && *silence > 0);
        Self {
            socket: std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()),
            watchdog: silence.map(Duration::from_micros),
        }
    }

    /// Clients can connect.
    pub(crate) fn ready(&self) {
        self.say("READY=1\n");
    }

    /// From now on no silence is too long.
    pub(crate) fn stopping(&self) {
        self.say("STOPPING=1\n");
    }

    /// Shows that the runtime still gets to its tasks, twice in each of the silences that are allowed. Never ready.
    pub(crate) async fn keep_alive(&self) -> Infallible {
        match self.watchdog {
            Some(silence) => loop {
                self.say("WATCHDOG=1\n");
                tokio::time::sleep(silence / 2).await;
            },
            None => std::future::pending().await,
        }
    }

    fn say(&self, message: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = send(socket, message)
        {
            tracing::warn!(%error, ?socket, "cannot tell the service manager");
        }
    }
}

fn send(socket: &OsStr, message: &str) -> io::Result<()> {
    let from = UnixDatagram::unbound()?;
    // A full queue must not hold up the node.
    from.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        from.connect_addr(&address)?;
        return from.send(message.as_bytes()).map(drop);
    }
    from.send_to(message.as_bytes(), socket).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 64];
        let size = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..size]).into_owned()
    }

    fn manager(socket: OsString, watchdog: Option<Duration>) -> ServiceManager {
        ServiceManager {
            socket: Some(socket),
            watchdog,
        }
    }

    #[test]
    fn it_is_told_how_the_service_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = manager(path.into(), None);
        manager.ready();
        manager.stopping();
        assert_eq!(
            (heard(&socket), heard(&socket)),
            ("READY=1\n".to_owned(), "STOPPING=1\n".to_owned())
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn its_socket_need_not_be_a_file() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("ottla-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        manager(format!("@{name}").into(), None).ready();
        assert_eq!(heard(&socket), "READY=1\n");
    }

    #[tokio::test(start_paused = true)]
    async fn it_hears_twice_in_each_silence_it_allows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = manager(path.into(), Some(Duration::from_secs(10)));
        let silence = tokio::time::sleep(Duration::from_secs(21));
        tokio::select! {
            never = manager.keep_alive() => match never {},
            () = silence => {}
        }
        socket.set_nonblocking(true).unwrap();
        let mut count = 0;
        let mut buffer = [0; 64];
        while socket.recv(&mut buffer).is_ok() {
            count += 1;
        }
        assert_eq!(count, 5);
    }

    #[test]
    fn nobody_need_listen() {
        let nobody = ServiceManager {
            socket: None,
            watchdog: None,
        };
        nobody.ready();
        manager("/nowhere/at/all".into(), None).ready();
    }
}
