//! The sockets that the node listens on.

use std::sync::Arc;

use ottla_config::ServerConfig;
use ottla_env::{Env, Listener as _, Net, SocketOptions};

use super::StartError;
use crate::net::BoundListener;

pub(super) type Bound<E> = (BoundListener, <<E as Env>::Net as Net>::Listener);

pub(super) async fn listen<E: Env>(
    env: &E,
    config: &ServerConfig,
) -> Result<Vec<Bound<E>>, StartError> {
    let options = SocketOptions {
        send_buffer: config.send_buffer_bytes(),
    };
    let mut bound = Vec::new();
    for listener in config.listeners() {
        let fails = |error| StartError::Listen {
            listener: Box::new(listener.clone()),
            error,
        };
        let socket = env
            .net()
            .bind(&listener.host, listener.port, options)
            .await
            .map_err(fails)?;
        let address = socket.local_address().map_err(fails)?;
        let name = Arc::from(&*listener.name);
        let is_controller = config.is_controller_listener(&listener.name);
        bound.push((
            BoundListener {
                name,
                address,
                is_controller,
            },
            socket,
        ));
    }
    Ok(bound)
}

/// As configured, with the port that port 0 became.
pub(super) fn as_bound(config: &ServerConfig, bound: &BoundListener) -> ottla_config::Listener {
    let mut listeners = config.listeners().iter();
    let listener = listeners.find(|listener| listener.name == *bound.name);
    ottla_config::Listener {
        port: bound.address.port(),
        ..listener.expect("what is bound was configured").clone()
    }
}
