//! The longest files and functions, shown so that they are seen.

use std::path::Path;

type Measured = (usize, String);

pub(crate) fn longest_files(root: &Path, count: usize) -> Vec<String> {
    let measured = read(root).map(|(path, text)| (text.lines().count(), path));
    longest(measured.collect(), count)
}

pub(crate) fn longest_functions(root: &Path, count: usize) -> Vec<String> {
    let measured = read(root).flat_map(|(path, text)| {
        functions(&text)
            .into_iter()
            .map(move |(lines, name)| (lines, format!("{path}: {name}")))
    });
    longest(measured.collect(), count)
}

fn read(root: &Path) -> impl Iterator<Item = (String, String)> {
    crate::sources(root).into_iter().map(move |path| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        (shown.to_string(), text)
    })
}

fn longest(mut measured: Vec<Measured>, count: usize) -> Vec<String> {
    measured.sort_by(|a, b| b.cmp(a));
    let shown = measured.into_iter().take(count);
    shown
        .map(|(lines, what)| format!("{lines:5} lines  {what}"))
        .collect()
}

/// Lines and name of every function, found by the layout that rustfmt gives: the closing brace stands below the first word.
fn functions(text: &str) -> Vec<Measured> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let declaration = line.trim_start();
        let Some(name) = name(declaration) else {
            continue;
        };
        let end = format!("{}}}", &line[..line.len() - declaration.len()]);
        if let Some(length) = lines[at..].iter().position(|line| **line == end) {
            found.push((length + 1, name.to_owned()));
        }
    }
    found
}

/// The name, if a function's declaration begins here and has its body on other lines.
fn name(declaration: &str) -> Option<&str> {
    let mut rest = declaration;
    while let Some(qualifier) = [
        "pub ",
        "pub(crate) ",
        "pub(super) ",
        "const ",
        "async ",
        "unsafe ",
    ]
    .iter()
    .find(|qualifier| rest.starts_with(**qualifier))
    {
        rest = &rest[qualifier.len()..];
    }
    let signature = rest.strip_prefix("fn ")?;
    let ends_here = declaration.ends_with(['}', ';']);
    let end = signature.find(['(', '<'])?;
    (!ends_here).then(|| &signature[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let text = "fn a() {\n    1\n}\nimpl X {\n    pub async fn b<T>(\n    ) {\n        {\n        }\n    }\n    fn c();\n}\n";
        assert_eq!(functions(text), [(3, "a".to_owned()), (5, "b".to_owned())]);
    }
}
