//! The text files that hold a number per partition: a version, how many lines follow, the lines.

use std::fmt::Write;

use ottla_model::Offset;
use thiserror::Error;

/// A line of an offset checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointEntry {
    pub topic: String,
    pub partition: i32,
    pub offset: Offset,
}

/// The file is not what its name says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected version 0, a count and as many lines of numbers, found {0:?}")]
pub struct ParseCheckpointError(String);

impl ParseCheckpointError {
    pub(crate) fn new(found: &str) -> Self {
        Self(found.to_owned())
    }
}

/// The lines behind the head, as many as it says, each ended: a number that is cut is another number.
pub(crate) fn lines(text: &str) -> Result<Vec<&str>, ParseCheckpointError> {
    if !text.ends_with('\n') {
        let last = text.lines().next_back().unwrap_or_default();
        return Err(ParseCheckpointError::new(last));
    }
    let mut lines = text.lines();
    let version = lines.next().unwrap_or_default();
    if version != "0" {
        return Err(ParseCheckpointError::new(version));
    }
    let count = lines.next().unwrap_or_default();
    let expected: usize = count
        .parse()
        .map_err(|_| ParseCheckpointError::new(count))?;
    let lines: Vec<&str> = lines.collect();
    if lines.len() == expected {
        Ok(lines)
    } else {
        Err(ParseCheckpointError::new(count))
    }
}

pub(crate) fn numbers<const N: usize>(line: &str) -> Result<[i64; N], ParseCheckpointError> {
    let numbers: Result<Vec<i64>, _> = line.split_whitespace().map(str::parse).collect();
    numbers
        .ok()
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| ParseCheckpointError::new(line))
}

/// The contents of a `*-offset-checkpoint`.
pub(crate) fn to_text(entries: &[CheckpointEntry]) -> String {
    let mut text = format!("0\n{}\n", entries.len());
    for entry in entries {
        writeln!(text, "{} {} {}", entry.topic, entry.partition, entry.offset)
            .expect("writing to a string does not fail");
    }
    text
}

pub(crate) fn parse(text: &str) -> Result<Vec<CheckpointEntry>, ParseCheckpointError> {
    lines(text)?
        .into_iter()
        .map(|line| {
            let (topic, rest) = line
                .split_once(' ')
                .ok_or_else(|| ParseCheckpointError::new(line))?;
            let [partition, offset] = numbers(rest)?;
            let partition =
                i32::try_from(partition).map_err(|_| ParseCheckpointError::new(line))?;
            Ok(CheckpointEntry {
                topic: topic.to_owned(),
                partition,
                offset: Offset(offset),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back() {
        let entries = vec![CheckpointEntry {
            topic: "a-b".into(),
            partition: 3,
            offset: Offset(77),
        }];
        let text = to_text(&entries);
        assert_eq!(text, "0\n1\na-b 3 77\n");
        assert_eq!(parse(&text), Ok(entries));
        assert!(parse("0\n2\na 3 77\n").is_err());
        assert!(parse("1\n0\n").is_err());
        assert!(parse("0\n1\na-b 3 7").is_err());
        assert!(parse("").is_err());
    }
}
