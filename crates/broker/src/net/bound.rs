//! The sockets that the node listens on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ottla_config::ServerConfig;
use ottla_env::{Env, Listener as _, Net, SocketOptions};
use thiserror::Error;

/// What a connection knows of the listener it came through.
#[derive(Clone, Debug)]
pub(crate) struct BoundListener {
    pub(crate) name: Arc<str>,
    /// The address in fact bound, with the port that port 0 became.
    pub(crate) address: SocketAddr,
    /// Serves the controller's APIs instead of the broker's.
    pub(crate) is_controller: bool,
}

/// A listener whose address is this node's. Dropping it gives the address back.
pub(crate) struct Bound<E: Env> {
    pub(crate) configured: ottla_config::Listener,
    pub(crate) listener: Arc<BoundListener>,
    pub(crate) socket: <E::Net as Net>::Listener,
}

impl<E: Env> Bound<E> {
    /// Those of the file that have such a name.
    pub(crate) async fn of_file(
        env: &E,
        config: &ServerConfig,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<Vec<Self>, ListenError> {
        let mut bound = Vec::new();
        for listener in config.listeners() {
            if is_meant(&listener.name) {
                bound.push(Self::bind(env, config, listener).await?);
            }
        }
        Ok(bound)
    }

    pub(crate) async fn bind(
        env: &E,
        config: &ServerConfig,
        configured: &ottla_config::Listener,
    ) -> Result<Self, ListenError> {
        let fails = |error| ListenError {
            listener: Box::new(configured.clone()),
            error,
        };
        let options = SocketOptions {
            send_buffer: config.send_buffer_bytes(),
        };
        let socket = env
            .net()
            .bind(&configured.host, configured.port, options)
            .await
            .map_err(fails)?;
        let listener = BoundListener {
            name: Arc::from(&*configured.name),
            address: socket.local_address().map_err(fails)?,
            is_controller: config.is_controller_listener(&configured.name),
        };
        Ok(Self {
            configured: configured.clone(),
            listener: Arc::new(listener),
            socket,
        })
    }
}

/// Why there is no such listener, and what to do about it.
#[derive(Debug, Error)]
#[error("cannot listen on {listener}: {}", obstacle(.error))]
pub struct ListenError {
    listener: Box<ottla_config::Listener>,
    error: io::Error,
}

fn obstacle(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "something else uses this port; stop that, or set another port in listeners".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have this address; set one that it has in listeners".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not use this port; set one above 1023 in listeners".to_owned()
        }
        _ => format!("{error}; set another address in listeners"),
    }
}
