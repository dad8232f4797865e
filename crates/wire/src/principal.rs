//! Who sent a request, as a broker tells the controller in an `Envelope` (58).

use crate::{IntoOwned, Message, Str};

/// The field of the request holds it [behind its version](crate::version_prefix).
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0, flexible = 0..)]
pub struct DefaultPrincipalData<'a> {
    pub r#type: Str<'a>,
    pub name: Str<'a>,
    /// Whether a delegation token proved it.
    pub token_authenticated: bool,
}
