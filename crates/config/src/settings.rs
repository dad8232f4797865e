use std::collections::BTreeMap;

use crate::key::{Key, Update};
use crate::table;
use crate::value::Value;

/// Values that were set, by the key's name; and for the others the table's defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    values: BTreeMap<&'static str, Value>,
}

impl Settings {
    /// The dynamic configs of brokers. What is read-only, unknown or ill-formed has no effect: it cannot be refused any more.
    pub fn dynamic<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(configs, |name| {
            table::server_key(name).filter(|key| key.update != Update::ReadOnly)
        })
    }

    /// A topic's own configs, with as much patience.
    pub fn of_topic<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(configs, table::topic_key)
    }

    /// A group's own configs, with as much patience.
    pub fn of_group<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(configs, table::group_key)
    }

    fn read<'a>(
        configs: impl Iterator<Item = (&'a str, &'a str)>,
        key: impl Fn(&str) -> Option<&'static Key>,
    ) -> Self {
        let mut settings = Self::default();
        for (name, text) in configs {
            if let Some(key) = key(name)
                && let Ok(value) = Value::parse(key, text)
            {
                settings.set(key.name, value);
            }
        }
        settings
    }

    /// Sets what `stronger` sets.
    pub(crate) fn overlay(&mut self, stronger: &Self) {
        for (name, value) in &stronger.values {
            self.set(name, value.clone());
        }
    }

    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, value);
    }

    /// What was set, not what the default is.
    #[must_use]
    pub fn explicit(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        let by_default = || {
            let key = table::server_key(name)?;
            Value::parse(key, key.default?).ok()
        };
        self.explicit(name).cloned().or_else(by_default)
    }
}
