//! Which names a topic may have.

/// The log of the metadata is in no topic, but the partition's directory is called as if it were in this one.
pub const METADATA: &str = "__cluster_metadata";

const MAX_LENGTH: usize = 249;

/// # Errors
/// What is wrong with the name, in a sentence.
pub fn check(name: &str) -> Result<(), String> {
    let is_legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    let problem = match name {
        "" => "the empty string is not allowed".to_owned(),
        "." | ".." => "'.' or '..' is not allowed".to_owned(),
        long if long.len() > MAX_LENGTH => {
            format!("the length of '{name}' is longer than the max allowed length {MAX_LENGTH}")
        }
        name if !name.bytes().all(is_legal) => format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        ),
        _ => return Ok(()),
    };
    Err(format!("Topic name is invalid: {problem}"))
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
