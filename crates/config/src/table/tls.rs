//! TLS.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Whether clients must, may or need not show a certificate.
    "ssl.client.auth": Text = "none", one_of(&["required", "requested", "none"]), per_broker, protects;
    /// The version of TLS to begin with.
    "ssl.protocol": Text = "TLSv1.3", per_broker;
    /// The versions of TLS that may be used.
    "ssl.enabled.protocols": List = "TLSv1.2,TLSv1.3", per_broker;
    /// The cipher suites that may be used; nothing for all of them.
    "ssl.cipher.suites": List = "", per_broker;
    /// The Java security provider of TLS connections.
    "ssl.provider": Text, per_broker;
    /// The format of the key store: JKS, PKCS12 or PEM.
    "ssl.keystore.type": Text = "JKS", per_listener;
    /// The file with this node's private key and certificates.
    "ssl.keystore.location": Text, per_listener;
    /// The password of the key store.
    "ssl.keystore.password": Password, per_listener;
    /// The password of the private key.
    "ssl.key.password": Password, per_listener;
    /// The private key itself, in PEM form.
    "ssl.keystore.key": Password, per_listener;
    /// The certificates themselves, in PEM form.
    "ssl.keystore.certificate.chain": Password, per_listener;
    /// The format of the trust store: JKS, PKCS12 or PEM.
    "ssl.truststore.type": Text = "JKS", per_listener;
    /// The file with the certificates that are trusted.
    "ssl.truststore.location": Text, per_listener;
    /// The password of the trust store.
    "ssl.truststore.password": Password, per_listener;
    /// The trusted certificates themselves, in PEM form.
    "ssl.truststore.certificates": Password, per_listener;
    /// The Java algorithm that chooses a key.
    "ssl.keymanager.algorithm": Text = "SunX509", per_broker;
    /// The Java algorithm that decides whom to trust.
    "ssl.trustmanager.algorithm": Text = "PKIX", per_broker;
    /// How the name of a server is compared with its certificate; nothing for not at all.
    "ssl.endpoint.identification.algorithm": Text = "https", per_broker;
    /// The Java random generator of TLS.
    "ssl.secure.random.implementation": Text, per_broker;
    /// A plugin that makes TLS connections.
    "ssl.engine.factory.class": Class, per_broker;
    /// How the name in a client's certificate becomes a principal.
    "ssl.principal.mapping.rules": Text = "DEFAULT";
    /// Whether a new key store may have another distinguished name than the old one.
    "ssl.allow.dn.changes": Boolean = "false";
    /// Whether a new key store may lack alternative names of the old one.
    "ssl.allow.san.changes": Boolean = "false";
};
