use std::collections::BTreeMap;

use crate::dynamic::{self, Level};
use crate::key::Key;
use crate::table;
use crate::value::Value;

/// Values that were set, by the key's name; and for the others the table's defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    /// By names that no broker key has: of plugins, and of single listeners.
    others: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Setting {
    value: Value,
    /// As it was said.
    text: String,
}

impl Settings {
    /// The dynamic configs of all brokers or of one. What may not be set there, or is ill-formed, has no effect: it cannot be refused any
    /// more, and a controller takes it.
    pub fn dynamic<'a>(level: Level, configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut settings = Self::default();
        for (name, text) in configs {
            if dynamic::check_one(name, text, level).is_err() {
                continue;
            }
            match table::server_key(name) {
                Some(key) => settings.read_one(key, text),
                None => settings.set_other(name.to_owned(), text.to_owned()),
            }
        }
        settings
    }

    /// A topic's own configs, with as much patience.
    pub fn of_topic<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(configs, table::topic_key)
    }

    /// A group's own configs, with as much patience.
    pub fn of_group<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(configs, table::group_key)
    }

    /// The configs of a subscription to clients' metrics, with as much patience.
    pub fn of_client_metrics<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(configs, table::client_metrics_key)
    }

    fn read<'a>(
        configs: impl Iterator<Item = (&'a str, &'a str)>,
        key: impl Fn(&str) -> Option<&'static Key>,
    ) -> Self {
        let mut settings = Self::default();
        for (name, text) in configs {
            if let Some(key) = key(name) {
                settings.read_one(key, text);
            }
        }
        settings
    }

    fn read_one(&mut self, key: &'static Key, text: &str) {
        if let Ok(value) = Value::parse(key, text) {
            self.set_as(key.name, value, text.to_owned());
        }
    }

    /// Sets what `stronger` sets, and forgets what was said of the same thing by another name.
    pub(crate) fn overlay(&mut self, stronger: &Self) {
        for name in stronger.values.keys() {
            for synonym in table::broker_synonyms(name) {
                self.values.remove(synonym);
            }
        }
        self.values.extend(stronger.values.clone());
        self.others.extend(stronger.others.clone());
    }

    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        let text = value.to_string();
        self.set_as(name, value, text);
    }

    /// `text` is how the value was said.
    pub(crate) fn set_as(&mut self, name: &'static str, value: Value, text: String) {
        self.values.insert(name, Setting { value, text });
    }

    pub(crate) fn set_other(&mut self, name: String, text: String) {
        self.others.insert(name, text);
    }

    /// What was set, not what the default is.
    #[must_use]
    pub fn explicit(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|setting| &setting.value)
    }

    /// What was set as it was said, by whatever name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let known = self.values.get(name).map(|setting| &setting.text);
        known.or_else(|| self.others.get(name)).map(String::as_str)
    }

    /// What was set by names that no broker key has.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        self.others.iter().map(|(name, text)| (&**name, &**text))
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        let by_default = || {
            let key = table::server_key(name)?;
            Value::parse(key, key.default?).ok()
        };
        self.explicit(name).cloned().or_else(by_default)
    }

    /// Empty for what has no value. Some keys hold a list and are typed as text all the same.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(items)) => items,
            Some(Value::Text(text)) => {
                let items = text.split(',').map(str::trim);
                items
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
