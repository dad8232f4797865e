//! What Apache's `StandardAuthorizer` reads from the file. These are a plugin's keys: no broker lists them among its own.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Whether what has no ACL is open to everybody.
    "allow.everyone.if.no.acl.found": Boolean = "false", of_plugin, honoured;
    /// The principals that may do everything, separated by semicolons.
    "super.users": Text = "", of_plugin;
};
