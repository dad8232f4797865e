//! Listeners that the dynamic configs of this broker open and close while it runs (KIP-226).

use std::convert::Infallible;
use std::sync::Arc;

use futures::channel::{mpsc, oneshot};
use futures::future::{AbortHandle, Abortable};
use futures::{FutureExt, StreamExt};
use ottla_config::{Listener, Settings, dynamic};
use ottla_env::{Env, Spawn};

use super::bound::Bound;
use super::listener::accept;
use crate::node::Node;

/// Says which listeners there are to be, whenever they are others.
pub(crate) struct WantedListeners {
    last: Result<Vec<Listener>, String>,
    changes: mpsc::UnboundedSender<Vec<Listener>>,
}

impl WantedListeners {
    /// Those of the settings are there, or are being opened.
    pub(crate) fn new(settings: &Settings) -> (Self, mpsc::UnboundedReceiver<Vec<Listener>>) {
        let (changes, receiver) = mpsc::unbounded();
        let last = dynamic::listeners(settings);
        (Self { last, changes }, receiver)
    }

    pub(crate) fn set(&mut self, settings: &Settings) {
        let next = dynamic::listeners(settings);
        if next == self.last {
            return;
        }
        match &next {
            // Whoever follows ends with the node.
            Ok(listeners) => drop(self.changes.unbounded_send(listeners.clone())),
            Err(problem) => tracing::error!(problem, "listeners stay as they are"),
        }
        self.last = next;
    }
}

/// One that accepts connections.
struct OpenListener {
    configured: Listener,
    /// As it is bound.
    port: u16,
    accepting: AbortHandle,
    /// Cancelled once the socket is closed.
    is_bound: oneshot::Receiver<Infallible>,
}

/// Those of a node.
pub(crate) struct OpenListeners<E: Env> {
    node: Arc<Node<E>>,
    open: Vec<OpenListener>,
}

impl<E: Env> OpenListeners<E> {
    /// Accepts connections through what is bound.
    pub(crate) fn accept(node: Arc<Node<E>>, bound: Vec<Bound<E>>) -> Self {
        let open = Vec::new();
        let mut listeners = Self { node, open };
        bound.into_iter().for_each(|bound| listeners.push(bound));
        listeners
    }

    /// As configured, with the ports that are in fact bound.
    pub(crate) fn bound(&self) -> Vec<Listener> {
        let bound = self.open.iter().map(|open| Listener {
            port: open.port,
            ..open.configured.clone()
        });
        bound.collect()
    }

    /// Until the node is gone.
    pub(crate) async fn follow(mut self, mut changes: mpsc::UnboundedReceiver<Vec<Listener>>) {
        while let Some(wanted) = changes.next().await {
            self.become_those(&wanted).await;
        }
    }

    /// Only what is known already.
    pub(crate) async fn catch_up(&mut self, changes: &mut mpsc::UnboundedReceiver<Vec<Listener>>) {
        while let Some(Some(wanted)) = changes.next().now_or_never() {
            self.become_those(&wanted).await;
        }
    }

    /// They are told apart by their names: one that is open stays where it is, as in Apache Kafka. First those go that have to, for another
    /// may be meant to have the port. What cannot be had is tried again with the next change.
    async fn become_those(&mut self, wanted: &[Listener]) {
        let is_wanted = |open: &OpenListener| wanted.iter().any(|w| w.name == open.configured.name);
        let (stay, go) = self.open.drain(..).partition(is_wanted);
        self.open = stay;
        for open in go {
            self.close(open).await;
        }
        for listener in wanted {
            let mut open = self.open.iter();
            match open.find(|open| open.configured.name == listener.name) {
                Some(open) if open.configured == *listener => {}
                Some(open) => {
                    tracing::warn!(%listener, is = %open.configured, "an open listener stays where it is");
                }
                None => match Bound::bind(&self.node.env, &self.node.config, listener).await {
                    Ok(bound) => {
                        let address = bound.listener.address;
                        self.node.connection_limits.open(&listener.name);
                        self.push(bound);
                        tracing::info!(listener = listener.name, %address, "listener opened");
                    }
                    Err(error) => tracing::error!("{error}"),
                },
            }
        }
    }

    fn push(&mut self, bound: Bound<E>) {
        let Bound {
            configured,
            listener,
            socket,
        } = bound;
        let port = listener.address.port();
        let (held, is_bound) = oneshot::channel();
        let (accepting, registration) = AbortHandle::new_pair();
        let node = Arc::clone(&self.node);
        self.node.env.spawn().task(async move {
            // Ends when it is aborted.
            let _ = Abortable::new(accept(node, listener, socket), registration).await;
            drop(held);
        });
        self.open.push(OpenListener {
            configured,
            port,
            accepting,
            is_bound,
        });
    }

    /// Returns when its address is free. Its connections go once what they asked is answered.
    async fn close(&self, open: OpenListener) {
        open.accepting.abort();
        match open.is_bound.await {
            Err(oneshot::Canceled) => {}
        }
        let name = &open.configured.name;
        self.node.connection_limits.close(name);
        tracing::info!(listener = name, "listener closed");
    }
}
