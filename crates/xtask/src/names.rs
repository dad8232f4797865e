//! Names that say nothing, and notes that nobody owns.

use std::path::Path;

/// A file called so has no subject, and so attracts everything.
const WITHOUT_SUBJECT: [&str; 5] = ["utils", "util", "helpers", "common", "misc"];

pub(crate) fn check(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for path in crate::sources(root) {
        let shown = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        if path
            .file_stem()
            .is_some_and(|stem| WITHOUT_SUBJECT.iter().any(|name| stem == *name))
        {
            findings.push(format!("{shown}: name the file after its subject"));
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        // Spelled in two halves, or this file would be its own finding.
        let note = concat!("TO", "DO");
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains(note))
        {
            if !line.contains(concat!("TO", "DO(")) {
                findings.push(format!("{shown}:{}: a note without an owner", number + 1));
            }
        }
    }
    findings
}
