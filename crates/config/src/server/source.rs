//! What the file and the command line set, and where.

use std::collections::BTreeMap;
use std::fmt;

use super::ConfigError;
use crate::key::Key;
use crate::settings::Settings;
use crate::value::Value;
use crate::{properties, table};

/// Where a value comes from. What comes later counts more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// And the line, counted from 1.
    File(String, usize),
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, line) => write!(f, "{name}:{line}"),
            Self::CommandLine => f.write_str("--override"),
        }
    }
}

/// The well-formed values of known keys, and all else that was said.
#[derive(Debug)]
pub(super) struct Source {
    file: String,
    settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
    /// By a name that no broker key has.
    pub(super) strangers: BTreeMap<String, (Origin, String)>,
}

impl Source {
    pub(super) fn read(file: &str, text: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        // A value that a later one replaces is not looked at, as in Java's `Properties`.
        let mut said = BTreeMap::new();
        for property in properties::parse(text) {
            let origin = Origin::File(file.to_owned(), property.line);
            said.insert(property.key, (origin, property.value));
        }
        for text in overrides {
            let (key, value) = text
                .split_once('=')
                .ok_or_else(|| ConfigError(format!("--override {text:?}: expected key=value")))?;
            said.insert(
                key.trim().to_owned(),
                (Origin::CommandLine, value.to_owned()),
            );
        }
        // The older name of it, under which its bounds hold too.
        if !said.contains_key("node.id")
            && let Some(id) = said.get("broker.id").cloned()
        {
            said.insert("node.id".to_owned(), id);
        }
        let mut said: Vec<_> = said.into_iter().collect();
        said.sort_by(|(_, (one, _)), (_, (other, _))| one.cmp(other));
        let mut source = Self {
            file: file.to_owned(),
            settings: Settings::default(),
            origins: BTreeMap::new(),
            strangers: BTreeMap::new(),
        };
        for (key, (origin, value)) in said {
            source.set(origin, key, value)?;
        }
        // By its older name it is still described.
        if let Some(id) = source.settings.explicit("node.id").cloned()
            && !source.is_set("broker.id")
        {
            source.settings.set("broker.id", id);
        }
        Ok(source)
    }

    fn set(&mut self, origin: Origin, name: String, text: String) -> Result<(), ConfigError> {
        let Some(key) = table::server_key(&name) else {
            self.settings.set_other(name.clone(), text.clone());
            self.strangers.insert(name, (origin, text));
            return Ok(());
        };
        let value =
            Value::parse(key, &text).map_err(|error| ConfigError(format!("{origin}: {error}")))?;
        self.settings.set_as(key.name, value, text);
        self.origins.insert(key.name, origin);
        Ok(())
    }

    /// The known keys that were set, in their order.
    pub(super) fn explicit(&self) -> Vec<(&Origin, &'static Key, &Value)> {
        let mut explicit: Vec<_> = self
            .origins
            .iter()
            .filter_map(|(name, origin)| {
                Some((
                    origin,
                    table::server_key(name)?,
                    self.settings.explicit(name)?,
                ))
            })
            .collect();
        explicit.sort_by_key(|(origin, ..)| *origin);
        explicit
    }

    /// In the file or on the command line.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// As set, or the default.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.settings.value(name) {
            Some(Value::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// As set, or the default.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.settings.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// As set, or the default.
    pub(super) fn boolean(&self, name: &str) -> bool {
        self.settings.value(name) == Some(Value::Boolean(true))
    }

    /// As set, or the default.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.settings.list(name)
    }

    /// The error of a key that was read well and cannot stand with the others.
    pub(super) fn wrong(&self, name: &str, problem: impl fmt::Display) -> ConfigError {
        ConfigError(match self.origins.get(name) {
            Some(origin) => format!("{origin}: {name}: {problem}"),
            None => format!("{}: {name}: {problem}", self.file),
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn into_settings(self) -> Settings {
        self.settings
    }
}
