//! Log directories that get no new partitions (KIP-1066).

use std::path::PathBuf;

use crate::settings::Settings;

const KEY: &str = "cordoned.log.dirs";
const ALL: &str = "*";

/// As they are written, by which they are compared.
fn log_dirs(settings: &Settings) -> Vec<String> {
    match settings.list("log.dirs") {
        none if none.is_empty() => settings.list("log.dir"),
        some => some,
    }
}

/// # Errors
/// The key and a sentence, where something else than log directories is cordoned.
pub(crate) fn check(settings: &Settings) -> Result<(), (&'static str, String)> {
    let cordoned = settings.list(KEY);
    if cordoned.iter().any(|name| name == ALL) {
        return match cordoned.iter().find(|name| *name != ALL) {
            Some(other) => Err((KEY, format!("expected nothing beside {ALL}, found {other}"))),
            None => Ok(()),
        };
    }
    let known = log_dirs(settings);
    match cordoned.iter().find(|name| !known.contains(name)) {
        Some(stranger) => Err((KEY, format!("expected some of log.dirs, found {stranger}"))),
        None => Ok(()),
    }
}

pub(crate) fn of(settings: &Settings) -> Vec<PathBuf> {
    let cordoned = settings.list(KEY);
    let dirs = match cordoned.iter().any(|name| name == ALL) {
        true => log_dirs(settings),
        false => cordoned,
    };
    dirs.into_iter().map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::Level;

    #[test]
    fn a_star_stands_for_all() {
        let cordoned = |value| {
            let dynamic = [(KEY, value)];
            of(&Settings::dynamic(Level::ThisBroker, dynamic.into_iter()))
        };
        assert_eq!(cordoned("*"), [PathBuf::from("/tmp/kafka-logs")]);
        assert_eq!(cordoned("/a,/b"), ["/a", "/b"].map(PathBuf::from));
        assert!(cordoned("").is_empty());
    }
}
