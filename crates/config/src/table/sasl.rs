//! SASL.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The SASL mechanisms that clients may use.
    "sasl.enabled.mechanisms": List = "GSSAPI", per_broker, protects;
    /// The login of a SASL mechanism, in the form of a JAAS file.
    "sasl.jaas.config": Password, per_broker, protects;
    /// The SASL mechanism between brokers.
    "sasl.mechanism.inter.broker.protocol": Text = "GSSAPI", per_broker;
    /// The SASL mechanism towards controllers.
    "sasl.mechanism.controller.protocol": Text = "GSSAPI";
    /// A plugin that checks what clients log in with.
    "sasl.server.callback.handler.class": Class, protects;
    /// A plugin that supplies what this node logs in with.
    "sasl.client.callback.handler.class": Class;
    /// A plugin that logs this node in.
    "sasl.login.class": Class;
    /// A plugin that supplies the login with what it needs.
    "sasl.login.callback.handler.class": Class;
    /// How long it may take to connect to where logins are checked.
    "sasl.login.connect.timeout.ms": Int;
    /// How long it may take to read from there.
    "sasl.login.read.timeout.ms": Int;
    /// How long to wait before a failed login is tried again.
    "sasl.login.retry.backoff.ms": Long = "100";
    /// What that wait grows to.
    "sasl.login.retry.backoff.max.ms": Long = "10000";
    /// After what share of its lifetime a credential is renewed.
    "sasl.login.refresh.window.factor": Double = "0.8", per_broker;
    /// By what share of its lifetime that time varies at random.
    "sasl.login.refresh.window.jitter": Double = "0.05", per_broker;
    /// How long a credential is used at least before it is renewed.
    "sasl.login.refresh.min.period.seconds": Short = "60", per_broker;
    /// How long before its end a credential is renewed at the latest.
    "sasl.login.refresh.buffer.seconds": Short = "300", per_broker;
    /// The largest message that is read before a client is authenticated.
    "sasl.server.max.receive.size": Int = "524288";
    /// The Kerberos name of the brokers' service.
    "sasl.kerberos.service.name": Text, per_broker;
    /// The path of the kinit command.
    "sasl.kerberos.kinit.cmd": Text = "/usr/bin/kinit", per_broker;
    /// After what share of its lifetime a ticket is renewed.
    "sasl.kerberos.ticket.renew.window.factor": Double = "0.8", per_broker;
    /// By what share of the renewal time it varies at random.
    "sasl.kerberos.ticket.renew.jitter": Double = "0.05", per_broker;
    /// How long the login thread sleeps between its attempts.
    "sasl.kerberos.min.time.before.relogin": Long = "60000", per_broker;
    /// How a Kerberos principal becomes the name of a user.
    "sasl.kerberos.principal.to.local.rules": List = "DEFAULT", per_broker;
};
