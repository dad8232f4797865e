//! Listeners and connections.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The addresses to listen on, each as NAME://host:port; an empty host stands for every address of the machine.
    "listeners": List = "PLAINTEXT://:9092", not_empty, per_broker, honoured;
    /// The addresses that clients and other nodes are told, where they differ from listeners.
    "advertised.listeners": List, not_empty, honoured;
    /// The security protocol of each listener name, as NAME:PROTOCOL.
    "listener.security.protocol.map": Text = "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", per_broker, honoured;
    /// The listener that brokers use among themselves.
    "inter.broker.listener.name": Text, honoured;
    /// The listeners of the controllers; a broker takes the first to reach them.
    "controller.listener.names": List, not_empty, honoured;
    /// Listeners that serve before the authorizer is ready.
    "early.start.listeners": List;
    /// The size of a socket's send buffer; -1 leaves it to the system.
    "socket.send.buffer.bytes": Int = "102400", honoured;
    /// The size of a socket's receive buffer; -1 leaves it to the system.
    "socket.receive.buffer.bytes": Int = "102400";
    /// How many connections may wait to be accepted.
    "socket.listen.backlog.size": Int = "50", at_least(1);
    /// The largest request that is read; a connection that announces a larger one is closed.
    "socket.request.max.bytes": Int = "104857600", at_least(1), honoured;
    /// How long the first attempt to connect to another node may take.
    "socket.connection.setup.timeout.ms": Long = "10000";
    /// What the time for an attempt to connect grows to after repeated failures.
    "socket.connection.setup.timeout.max.ms": Long = "30000";
    /// After how long without a request a connection is closed; a negative value keeps it open.
    "connections.max.idle.ms": Long = "600000", honoured;
    /// How long the answer to a failed authentication is held back, so that guessing is slow.
    "connection.failed.authentication.delay.ms": Int = "100", at_least(0);
    /// How many connections the broker takes at once.
    "max.connections": Int = "2147483647", at_least(0), cluster_wide, honoured;
    /// How many connections the broker takes at once from one address.
    "max.connections.per.ip": Int = "2147483647", at_least(0), cluster_wide, honoured;
    /// Other limits than max.connections.per.ip for named hosts, as host:count.
    "max.connections.per.ip.overrides": Text = "", cluster_wide, honoured;
    /// How many new connections the broker takes in a second.
    "max.connection.creation.rate": Int = "2147483647", at_least(0), cluster_wide, honoured;
    /// Threads that read requests and write answers, for each listener.
    "num.network.threads": Int = "3", at_least(1), cluster_wide;
    /// How many requests may wait to be carried out before no more are read.
    "queued.max.requests": Int = "500", at_least(1);
    /// How many bytes of requests may wait before no more are read; -1 for any amount.
    "queued.max.request.bytes": Long = "-1";
};
