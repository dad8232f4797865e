//! Which names a topic may have.

/// The log of the metadata is in no topic, but the partition's directory is called as if it were in this one.
pub const METADATA: &str = "__cluster_metadata";

const MAX_LENGTH: usize = 249;

/// # Errors
/// What is wrong with the name, in a sentence.
pub fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a topic name may not be empty".to_owned());
    }
    if name == "." || name == ".." {
        return Err("a topic may not be called '.' or '..'".to_owned());
    }
    if name.len() > MAX_LENGTH {
        return Err(format!(
            "a topic name has at most {MAX_LENGTH} characters, found {}",
            name.len()
        ));
    }
    if !name
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'))
    {
        return Err(format!(
            "a topic name consists of ASCII letters, digits, '.', '_' and '-', found {name:?}"
        ));
    }
    Ok(())
}

/// Metric names turn dots into underscores, so that two topics that differ only there would be one.
#[must_use]
pub fn collides(one: &str, other: &str) -> bool {
    one != other && one.replace('.', "_") == other.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_safe_as_file_names() {
        assert!(check("orders.v1_eu-west").is_ok());
        for wrong in ["", ".", "..", "a b", "é", &"x".repeat(250)] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
        assert!(collides("a.b", "a_b") && !collides("a.b", "a.b") && !collides("a.b", "ab"));
    }
}
