//! Text in messages and records that outlive the group they were made of.

use ottla_wire::Str;

pub(crate) fn owned(text: &str) -> Str<'static> {
    Str::Owned(text.to_owned())
}
