use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "connections.max.reauth.ms",
        Long,
        Some("0"),
        ReadOnly,
        "Force re-authentication.",
    ),
    Key::broker(
        "principal.builder.class",
        Class,
        Some("DefaultKafkaPrincipalBuilder"),
        PerBroker,
        "KafkaPrincipalBuilder.",
    ),
    Key::broker(
        "ssl.client.auth",
        Text,
        Some("NONE"),
        PerBroker,
        "None, requested, required.",
    ),
    Key::broker(
        "ssl.keystore.location",
        Text,
        None,
        PerBroker,
        "Key store path (JKS/PKCS12/PEM).",
    ),
    Key::broker(
        "ssl.truststore.location",
        Text,
        None,
        PerBroker,
        "Trust store path.",
    ),
    Key::broker(
        "sasl.mechanism.inter.broker.protocol",
        Text,
        Some("GSSAPI"),
        PerBroker,
        "Client mechanism between brokers.",
    ),
    Key::broker(
        "sasl.enabled.mechanisms",
        List,
        Some("GSSAPI"),
        PerBroker,
        "Server mechanisms.",
    ),
    Key::broker(
        "sasl.jaas.config",
        Password,
        None,
        PerBroker,
        "JAAS; listener.name.<l>.<m>. prefix.",
    ),
    Key::broker(
        "allow.everyone.if.no.acl.found",
        Boolean,
        Some("false"),
        ReadOnly,
        "Whether what has no ACL is open to all.",
    ),
];
