//! SASL/OAUTHBEARER (KIP-768, KIP-1139).

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Where this node gets tokens.
    "sasl.oauthbearer.token.endpoint.url": Text;
    /// Where the keys are that tokens are checked with.
    "sasl.oauthbearer.jwks.endpoint.url": Text;
    /// How often these keys are fetched again.
    "sasl.oauthbearer.jwks.endpoint.refresh.ms": Long = "3600000";
    /// How long to wait before a failed fetch of the keys is tried again.
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": Long = "100";
    /// What that wait grows to.
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": Long = "10000";
    /// The plugin that gets tokens.
    "sasl.oauthbearer.jwt.retriever.class": Class = "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever";
    /// The plugin that checks tokens.
    "sasl.oauthbearer.jwt.validator.class": Class = "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator";
    /// By how much the clocks of issuer and broker may differ.
    "sasl.oauthbearer.clock.skew.seconds": Int = "30";
    /// Whom a token must be meant for, one of these.
    "sasl.oauthbearer.expected.audience": List = "";
    /// Who must have issued a token.
    "sasl.oauthbearer.expected.issuer": Text;
    /// The scope that this node asks a token for.
    "sasl.oauthbearer.scope": Text;
    /// The claim that holds a token's scope.
    "sasl.oauthbearer.scope.claim.name": Text = "scope";
    /// The claim that holds a token's subject.
    "sasl.oauthbearer.sub.claim.name": Text = "sub";
    /// The id that this node gets tokens with.
    "sasl.oauthbearer.client.credentials.client.id": Text;
    /// The secret that belongs to that id.
    "sasl.oauthbearer.client.credentials.client.secret": Password;
    /// The algorithm that an assertion is signed with.
    "sasl.oauthbearer.assertion.algorithm": Text = "RS256", one_of_any_case(&["ES256", "RS256"]);
    /// The audience that an assertion names.
    "sasl.oauthbearer.assertion.claim.aud": Text;
    /// How long an assertion is valid.
    "sasl.oauthbearer.assertion.claim.exp.seconds": Int = "300", at_least(0), at_most(86400);
    /// The issuer that an assertion names.
    "sasl.oauthbearer.assertion.claim.iss": Text;
    /// Whether an assertion has an id of its own.
    "sasl.oauthbearer.assertion.claim.jti.include": Boolean = "false";
    /// How far before now an assertion becomes valid.
    "sasl.oauthbearer.assertion.claim.nbf.seconds": Int = "60", at_least(0), at_most(3600);
    /// The subject that an assertion names.
    "sasl.oauthbearer.assertion.claim.sub": Text;
    /// A file with a finished assertion.
    "sasl.oauthbearer.assertion.file": Text;
    /// The file with the key that assertions are signed with.
    "sasl.oauthbearer.assertion.private.key.file": Text;
    /// The passphrase of that key.
    "sasl.oauthbearer.assertion.private.key.passphrase": Password;
    /// A file with more headers and claims of an assertion.
    "sasl.oauthbearer.assertion.template.file": Text;
};
