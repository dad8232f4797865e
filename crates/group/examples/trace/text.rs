//! How things are written in a line.

use std::fmt::Write as _;

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::from("x");
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

pub(crate) fn text(text: &str) -> &str {
    if text.is_empty() { "." } else { text }
}

pub(crate) fn optional(value: Option<&str>) -> &str {
    value.map_or("-", text)
}

/// Items one after the other; `none` if there are none.
pub(crate) fn list(items: impl IntoIterator<Item = String>, none: &str) -> String {
    joined(items, ",", none)
}

pub(crate) fn joined(items: impl IntoIterator<Item = String>, between: &str, none: &str) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() {
        none.to_owned()
    } else {
        items.join(between)
    }
}
