//! ARCHITECTURE.md against the manifests and the tree: a map that has rotted is worse than none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Edges = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn check(root: &Path) -> Vec<String> {
    let map = match std::fs::read_to_string(root.join("ARCHITECTURE.md")) {
        Ok(map) => map,
        Err(error) => return vec![format!("ARCHITECTURE.md: {error}")],
    };
    let mut findings = Vec::new();
    let table = table(&map);
    check_edges(root, &table, &reached(&table), &mut findings);
    check_paths(root, &map, &mut findings);
    findings
}

fn check_edges(root: &Path, table: &Edges, allowed: &Edges, findings: &mut Vec<String>) {
    let mut folders = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("crates"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let folder = entry.file_name().to_string_lossy().into_owned();
        let Ok(manifest) = std::fs::read_to_string(entry.path().join("Cargo.toml")) else {
            continue;
        };
        let Some(may) = allowed.get(&folder) else {
            findings.push(format!(
                "crates/{folder} does not stand in the table of ARCHITECTURE.md"
            ));
            continue;
        };
        // Whoever may not depend on `env` is pure, and stays so in its tests.
        if !may.contains("env") && folder != "env" {
            for used in dependencies(&manifest, "dev-dependencies") {
                if ["runtime", "node"].contains(&used.as_str()) {
                    findings.push(format!("crates/{folder} is pure, and its tests use {used}"));
                }
            }
        }
        let used = dependencies(&manifest, "dependencies");
        for used in used.difference(may) {
            findings.push(format!(
                "crates/{folder} uses {used}, which the table of ARCHITECTURE.md does not allow"
            ));
        }
        for unused in table[&folder].difference(&used) {
            findings.push(format!(
                "the table of ARCHITECTURE.md lets crates/{folder} use {unused}, which it does not"
            ));
        }
        folders.insert(folder);
    }
    for gone in allowed.keys().filter(|name| !folders.contains(*name)) {
        findings.push(format!(
            "the table of ARCHITECTURE.md names {gone}, which does not exist"
        ));
    }
}

/// The edges that stand in the table.
fn table(map: &str) -> Edges {
    let mut edges = Edges::new();
    for line in map.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [name, _, may] = cells[..] {
            let may = may
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned);
            edges.insert(name.trim_matches('`').to_owned(), may.collect());
        }
    }
    edges
}

/// The same edges, with all that is reached over them.
fn reached(table: &Edges) -> Edges {
    let mut reached = table.clone();
    loop {
        let before = reached.clone();
        for may in reached.values_mut() {
            let further: BTreeSet<String> = may
                .iter()
                .filter_map(|name| before.get(name))
                .flatten()
                .cloned()
                .collect();
            may.extend(further);
        }
        if reached == before {
            return reached;
        }
    }
}

/// The project's own crates in one of a manifest's tables.
fn dependencies(manifest: &str, table: &str) -> BTreeSet<String> {
    let section = manifest
        .split("\n[")
        .find_map(|section| section.strip_prefix(table)?.strip_prefix(']'));
    section
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("ottla-"))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .map(str::to_owned)
        .collect()
}

/// Whatever stands in backticks and looks like a path of this repository must be one.
fn check_paths(root: &Path, map: &str, findings: &mut Vec<String>) {
    let quoted = map.split('`').skip(1).step_by(2);
    for path in quoted.filter(|text| text.contains('/') && !text.contains([' ', '<', '*', '$'])) {
        let is_ours = ["crates/", "conformance/", "fuzz/", "docs/", ".ci/"]
            .iter()
            .any(|top| path.starts_with(top));
        if is_ours && !root.join(path).exists() {
            findings.push(format!(
                "ARCHITECTURE.md names {path}, which does not exist"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_with_what_it_implies() {
        let map = "| `a` | x | b |\n| `b` | y | c, d |\n| `c` | | |\n| `d` | | |\n";
        let edges = reached(&table(map));
        assert_eq!(edges["a"], ["b", "c", "d"].map(str::to_owned).into());
    }

    #[test]
    fn an_edge_too_few_is_found_and_one_too_many() {
        let root = crate::root();
        let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
        let findings_with = |change: fn(&mut Edges)| {
            let mut table = table(&map);
            change(&mut table);
            let mut findings = Vec::new();
            check_edges(&root, &table, &reached(&table), &mut findings);
            findings
        };
        assert_eq!(findings_with(|_| {}), [""; 0]);
        let too_few = findings_with(|table| {
            table.insert("replica".to_owned(), BTreeSet::new());
        });
        assert_eq!(
            too_few,
            ["crates/replica uses model, which the table of ARCHITECTURE.md does not allow"]
        );
        let too_many = findings_with(|table| {
            let may = table.get_mut("replica").unwrap();
            may.insert("wire".to_owned());
        });
        assert_eq!(
            too_many,
            ["the table of ARCHITECTURE.md lets crates/replica use wire, which it does not"]
        );
    }

    #[test]
    fn dependencies_are_told_apart_by_their_table() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nottla-wire.workspace = true\nottla-env = { path = \"\" }\nbytes = \"1\"\n\n[dev-dependencies]\nottla-node.workspace = true\n";
        assert_eq!(
            dependencies(manifest, "dependencies"),
            ["env", "wire"].map(str::to_owned).into()
        );
        assert_eq!(
            dependencies(manifest, "dev-dependencies"),
            ["node".to_owned()].into()
        );
    }

    #[test]
    fn a_path_that_is_gone_is_found() {
        let mut findings = Vec::new();
        check_paths(
            Path::new("/nowhere"),
            "see `crates/gone/src/lib.rs` and `a b/c`",
            &mut findings,
        );
        assert_eq!(findings.len(), 1);
    }
}
