//! Who may do what, and who is who.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The plugin that decides who may do what; nothing for everybody everything.
    "authorizer.class.name": Text = "", honoured;
    /// The plugin that makes a principal of what a connection authenticated as.
    "principal.builder.class": Class = "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder", per_broker, protects;
    /// The security protocol between brokers, where inter.broker.listener.name does not name a listener.
    "security.inter.broker.protocol": Text = "PLAINTEXT", one_of(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), honoured;
    /// Plugins for the algorithms of Java's security classes.
    "security.providers": Text;
    /// After how long a SASL session must be authenticated anew; 0 for never.
    "connections.max.reauth.ms": Long = "0", protects;
};
