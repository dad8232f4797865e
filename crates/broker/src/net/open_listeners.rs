//! Listeners that the dynamic configs of this broker open and close while it runs (KIP-226).

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::channel::{mpsc, oneshot};
use futures::future::{AbortHandle, Abortable};
use futures::{FutureExt, StreamExt};
use ottla_config::{Listener, ServerConfig, Settings, dynamic};
use ottla_env::{Env, Spawn};

use super::bound::Bound;
use super::listener::accept;
use crate::node::Node;

/// Says which listeners there are to be, whenever they are others.
pub(crate) struct WantedListeners {
    /// The settings that were last taken over, which requests look at.
    taken: Arc<ArcSwap<Settings>>,
    /// What was last told.
    last: Vec<Listener>,
    /// Why later ones were not.
    problem: Option<String>,
    changes: mpsc::UnboundedSender<Vec<Listener>>,
}

impl WantedListeners {
    /// Those of the file are there.
    pub(crate) fn new(config: &ServerConfig) -> (Self, mpsc::UnboundedReceiver<Vec<Listener>>) {
        let (changes, receiver) = mpsc::unbounded();
        let wanted = Self {
            taken: Arc::new(ArcSwap::from_pointee(config.settings().clone())),
            last: config.listeners().to_vec(),
            problem: None,
            changes,
        };
        (wanted, receiver)
    }

    /// The settings whose listeners there are to be.
    pub(crate) fn taken(&self) -> Arc<ArcSwap<Settings>> {
        Arc::clone(&self.taken)
    }

    /// Whether there is to be a listener of that name, as far as is known.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.last.iter().any(|listener| listener.name == name)
    }

    pub(crate) fn set(&mut self, settings: &Settings) {
        match dynamic::listeners(&self.taken.load(), settings) {
            Ok(next) => {
                self.taken.store(Arc::new(settings.clone()));
                self.problem = None;
                if next != self.last {
                    self.last.clone_from(&next);
                    // Whoever follows ends with the node.
                    let _ = self.changes.unbounded_send(next);
                }
            }
            Err(problem) => {
                if self.problem.as_ref() != Some(&problem) {
                    tracing::error!(problem, "listeners stay as they are");
                }
                self.problem = Some(problem);
            }
        }
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
    /// Accepts connections through what is bound. What else the file has was closed before.
    pub(crate) fn accept(node: Arc<Node<E>>, mut bound: Vec<Bound<E>>) -> Self {
        let open = Vec::new();
        let mut listeners = Self { node, open };
        let node = Arc::clone(&listeners.node);
        for Listener { name, .. } in node.config.listeners() {
            match bound
                .iter()
                .position(|bound| bound.configured.name == *name)
            {
                Some(place) => listeners.push(bound.swap_remove(place)),
                None => node.connection_limits.close(name),
            }
        }
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

#[cfg(test)]
mod tests {
    use ottla_config::describe::Layers;
    use ottla_config::dynamic::Level;

    use super::*;

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        let text = "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:1,C://:2,SSL://:3\n\
            advertised.listeners=PLAINTEXT://a:1\ncontroller.listener.names=C\n\
            controller.quorum.bootstrap.servers=c:2\n\
            listener.security.protocol.map=PLAINTEXT:PLAINTEXT,C:PLAINTEXT,SSL:PLAINTEXT,D:PLAINTEXT\n";
        let loaded = ServerConfig::load("s", text, &[]);
        let (config, _) = loaded.expect("it is well-formed");
        let (mut wanted, mut changes) = WantedListeners::new(&config);
        let mut told = |listeners: Option<&str>| {
            let nothing = Settings::default();
            let own = listeners.map(|text| ("listeners", text));
            let layers = Layers {
                file: config.settings(),
                all_brokers: &nothing,
                this_broker: &Settings::dynamic(Level::ThisBroker, own.into_iter()),
            };
            wanted.set(&layers.effective());
            let told = changes.next().now_or_never().flatten();
            told.map(|all| all.into_iter().map(|listener| listener.name).collect())
        };
        let names = |names: &[&str]| {
            Some(
                names
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(told(None), None);
        let fewer = Some("PLAINTEXT://:1,C://:2");
        assert_eq!(told(fewer), names(&["PLAINTEXT", "C"]));
        for wrong in [
            "PLAINTEXT://:1",
            "C://:2,D://:3",
            "PLAINTEXT://:1,C://:2,E://:3",
        ] {
            assert_eq!(told(Some(wrong)), None, "{wrong}");
        }
        assert_eq!(told(fewer), None);
        assert_eq!(told(None), names(&["PLAINTEXT", "C", "SSL"]));
    }
}
