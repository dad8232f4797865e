use ottla_model::{NodeId, Uuid};
use thiserror::Error;

/// Whose a directory is: `meta.properties`, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    pub cluster_id: String,
    pub node_id: NodeId,
    /// Older formats do not name the directory (KIP-858).
    pub directory_id: Option<Uuid>,
}

/// The text is no `meta.properties` of version 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected version=1 with cluster.id, node.id and directory.id; {0}")]
pub struct ParseMetaPropertiesError(String);

impl MetaProperties {
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("#\n");
        text.push_str(&format!("cluster.id={}\n", escape(&self.cluster_id)));
        if let Some(id) = self.directory_id {
            text.push_str(&format!("directory.id={id}\n"));
        }
        text.push_str(&format!("node.id={}\nversion=1\n", self.node_id));
        text
    }

    /// # Errors
    /// When a key is missing or has no such value.
    pub fn parse(text: &str) -> Result<Self, ParseMetaPropertiesError> {
        let lines = || {
            text.lines()
                .map(str::trim_start)
                .filter(|line| !line.starts_with(['#', '!']))
        };
        let get = |key: &str| {
            lines()
                .filter_map(|line| line.split_once('='))
                .find(|(name, _)| name.trim() == key)
                .map(|(_, value)| value.trim_start())
        };
        let missing = |key: &str| ParseMetaPropertiesError(format!("{key} is missing"));
        let wrong =
            |key: &str, value: &str| ParseMetaPropertiesError(format!("{key} is {value:?}"));
        let version = get("version").ok_or_else(|| missing("version"))?;
        if version != "1" {
            return Err(wrong("version", version));
        }
        let cluster_id = get("cluster.id")
            .map(unescape)
            .ok_or_else(|| missing("cluster.id"))?;
        let node = get("node.id").ok_or_else(|| missing("node.id"))?;
        let node_id = NodeId(node.parse().map_err(|_| wrong("node.id", node))?);
        let directory_id = match get("directory.id") {
            None => None,
            Some(id) => Some(id.parse().map_err(|_| wrong("directory.id", id))?),
        };
        Ok(Self {
            cluster_id,
            node_id,
            directory_id,
        })
    }
}

/// As Java's properties files have values: any text may be the id of a cluster.
fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        match c {
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            ' ' if at > 0 => text.push(' '),
            ' ' | '\\' | '=' | ':' | '#' | '!' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
    text
}

fn unescape(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let plain = match c {
            '\\' => match rest.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap_or(u16::MAX));
                    continue;
                }
                Some(other) => other,
                None => break,
            },
            c => c,
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apaches_text_is_understood_and_ours_reads_back() {
        let text = "#\n#Sat Nov 21 03:00:00 UTC 2026\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\ndirectory.id=YWJjZGVmZ2hpamtsbW5vcA\nnode.id=7\nversion=1\n";
        let properties = MetaProperties::parse(text).unwrap();
        assert_eq!(properties.cluster_id, "MkU3OEVBNTcwNTJENDM2Qk");
        assert_eq!(properties.node_id, NodeId(7));
        assert!(properties.directory_id.is_some());
        assert_eq!(MetaProperties::parse(&properties.to_text()), Ok(properties));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let problem = |text: &str| MetaProperties::parse(text).unwrap_err().to_string();
        assert!(problem("cluster.id=a\nnode.id=1\n").contains("version is missing"));
        assert!(problem("version=0\nbroker.id=1\n").contains("version is \"0\""));
        assert!(problem("version=1\ncluster.id=a\nnode.id=x\n").contains("node.id is \"x\""));
    }

    #[test]
    fn any_text_is_the_id_of_a_cluster() {
        for (id, text) in [
            ("prod:eu", "prod\\:eu"),
            (" a b ", "\\ a b "),
            ("a=\\\t", "a\\=\\\\\\t"),
            ("\u{fc}\u{1f600}", "\\u00FC\\uD83D\\uDE00"),
            ("", ""),
        ] {
            let properties = MetaProperties {
                cluster_id: id.to_owned(),
                node_id: NodeId(1),
                directory_id: None,
            };
            let written = properties.to_text();
            assert!(
                written.contains(&format!("cluster.id={text}\n")),
                "{written}"
            );
            assert_eq!(MetaProperties::parse(&written), Ok(properties));
        }
    }
}
