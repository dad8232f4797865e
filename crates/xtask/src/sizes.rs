//! The longest files, shown so that they are seen.

use std::path::Path;

pub(crate) fn longest_files(root: &Path, count: usize) -> Vec<String> {
    let mut sizes: Vec<(usize, String)> = crate::sources(root)
        .into_iter()
        .map(|path| {
            let lines = std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
            (
                lines,
                path.strip_prefix(root)
                    .unwrap_or(&path)
                    .display()
                    .to_string(),
            )
        })
        .collect();
    sizes.sort_by(|a, b| b.cmp(a));
    sizes
        .into_iter()
        .take(count)
        .map(|(lines, path)| format!("{lines:5} lines  {path}"))
        .collect()
}
