//! What each case cost when somebody last looked at it and said that it may.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// By how much a count may differ from that of the baseline, up or down: other code around an operation changes how it is inlined,
/// and where its buffers lie. A repeated run of the same program finds the same counts.
pub(super) const TOLERANCE_PERCENT: u64 = 3;

const PREFACE: &str = "\
# Instructions of the operations that `ottla-bench micro` measures, counted by callgrind (x86-64 with AVX2).
# Renewed by `ottla-bench micro --counts --renew`; whoever commits that says why they have changed.
";

/// Instructions by case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Baseline {
    counts: BTreeMap<String, u64>,
}

impl Baseline {
    /// # Errors
    /// When the file is missing or malformed.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path)
            .map_err(|error| io::Error::new(error.kind(), problem(&error)))?;
        Self::parse(&text)
            .map_err(|line| io::Error::other(problem(&format!("{line:?} is no count of a case"))))
    }

    /// # Errors
    /// The line that cannot be understood.
    fn parse(text: &str) -> Result<Self, String> {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let counts = lines.map(|line| {
            let (name, count) = line.split_once(' ').ok_or(line)?;
            let count = count.trim().parse().map_err(|_| line)?;
            Ok((name.to_owned(), count))
        });
        let counts = counts.collect::<Result<_, &str>>()?;
        Ok(Self { counts })
    }

    fn to_text(&self) -> String {
        let lines = self.counts.iter();
        let lines = lines.map(|(name, count)| format!("{name:<32} {count:>10}\n"));
        std::iter::once(PREFACE.to_owned()).chain(lines).collect()
    }

    /// # Errors
    /// The disk's.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.to_text())
    }

    pub(super) fn set(&mut self, case: &str, count: u64) {
        self.counts.insert(case.to_owned(), count);
    }

    /// Gives the names of the cases that went.
    pub(super) fn retain(&mut self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let gone = self.counts.extract_if(.., |name, _| !is_known(name));
        gone.map(|(name, _)| name).collect()
    }

    /// What is wrong with a count, if something is.
    pub(super) fn deviation(&self, case: &str, found: u64) -> Option<String> {
        let Some(&expected) = self.counts.get(case) else {
            return Some(format!(
                "{case} has no count there, and takes {found} instructions"
            ));
        };
        if found.abs_diff(expected) * 100 <= expected * TOLERANCE_PERCENT {
            return None;
        }
        let percent = (found as f64 / expected as f64 - 1.0) * 100.0;
        Some(format!(
            "{case}: expected {expected} instructions, found {found} ({percent:+.1} %)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline() -> Baseline {
        Baseline {
            counts: BTreeMap::from([("decode".to_owned(), 1000), ("append".to_owned(), 7)]),
        }
    }

    #[test]
    fn a_baseline_reads_as_it_is_written() {
        assert_eq!(Baseline::parse(&baseline().to_text()), Ok(baseline()));
        assert_eq!(
            Baseline::parse("decode some"),
            Err("decode some".to_owned())
        );
    }

    #[test]
    fn more_and_less_than_the_tolerance_are_told() {
        let baseline = baseline();
        assert_eq!(baseline.deviation("decode", 970), None);
        assert_eq!(baseline.deviation("decode", 1030), None);
        let told = "decode: expected 1000 instructions, found 1031 (+3.1 %)";
        assert_eq!(baseline.deviation("decode", 1031).as_deref(), Some(told));
        let told = "decode: expected 1000 instructions, found 969 (-3.1 %)";
        assert_eq!(baseline.deviation("decode", 969).as_deref(), Some(told));
        let told = "encode has no count there, and takes 5 instructions";
        assert_eq!(baseline.deviation("encode", 5).as_deref(), Some(told));
    }

    #[test]
    fn cases_that_are_gone_are_taken_away() {
        let mut baseline = baseline();
        assert_eq!(baseline.retain(|name| name != "append"), ["append"]);
        assert_eq!(baseline.counts.len(), 1);
    }
}
