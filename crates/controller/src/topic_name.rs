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

/// What metrics call the topic: two topics of which this is the same would be one there. `None` where it can be no other's.
pub(crate) fn in_metrics(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
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
    }

    #[test]
    fn dots_and_underscores_are_the_same_to_metrics() {
        assert_eq!(in_metrics("a.b"), in_metrics("a_b"));
        assert_ne!(in_metrics("a.b_c"), in_metrics("a.b-c"));
        assert_eq!(in_metrics("a-b"), None);
    }
}
