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

/// The listeners of the file, as far as their addresses could be had. Which of them the node needs it knows later: what dynamic configs have
/// closed may be somebody else's by now.
pub(crate) struct OfFile<E: Env> {
    bound: Vec<Bound<E>>,
    /// In the order of the file.
    failed: Vec<ListenError>,
}

impl<E: Env> OfFile<E> {
    pub(crate) async fn bind(env: &E, config: &ServerConfig) -> Self {
        let (mut bound, mut failed) = (Vec::new(), Vec::new());
        for listener in config.listeners() {
            match Bound::bind(env, config, listener).await {
                Ok(listener) => bound.push(listener),
                Err(error) => failed.push(error),
            }
        }
        Self { bound, failed }
    }

    /// Those of the controller, without which the node can learn nothing of the others.
    ///
    /// # Errors
    /// Of all that could not be had the first where one of these is among them.
    pub(crate) fn of_controller(
        &mut self,
        config: &ServerConfig,
    ) -> Result<impl Iterator<Item = &BoundListener>, ListenError> {
        let mut failed = self.failed.iter();
        if failed.any(|error| config.is_controller_listener(&error.listener.name)) {
            return Err(self.failed.swap_remove(0));
        }
        let bound = self.bound.iter().map(|bound| &*bound.listener);
        Ok(bound.filter(|listener| listener.is_controller))
    }

    /// Those that are wanted; the others' addresses are given back.
    ///
    /// # Errors
    /// The first of them that could not be had.
    pub(crate) fn wanted(
        mut self,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Bound<E>>, ListenError> {
        self.failed.retain(|error| is_wanted(&error.listener.name));
        if !self.failed.is_empty() {
            return Err(self.failed.swap_remove(0));
        }
        self.bound.retain(|bound| is_wanted(&bound.configured.name));
        Ok(self.bound)
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
