//! One config and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use ottla_config::{Key, Kind, TopicConfig, Update, Value, table};
use ottla_metadata::Resource;
use ottla_model::ErrorCode;

use crate::controller::Refusal;

/// The most characters of a value.
const MAX_VALUE: usize = 32_767;

/// What happens to one config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChange {
    Set(String),
    /// Back to what it is without.
    Delete,
    /// Items to a list.
    Append(String),
    /// Items from a list.
    Subtract(String),
}

/// Changes to the configs of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    pub resource: Resource,
    pub changes: Vec<(String, ConfigChange)>,
    /// All that is not named is deleted (the older AlterConfigs).
    pub replaces_all: bool,
}

impl Alteration {
    /// The configs of a broker that has `current`, altered.
    ///
    /// # Errors
    /// When a list is asked for where there is none.
    pub fn applied_to<'a>(
        &self,
        current: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let current = current.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut configs: BTreeMap<String, String> = current.collect();
        let kept = match self.replaces_all {
            true => BTreeMap::new(),
            false => configs.clone(),
        };
        let before = std::mem::replace(&mut configs, kept);
        for (name, change) in &self.changes {
            let current = before.get(name).map(String::as_str);
            match new_value(name, table::server_key(name), current, change)? {
                Some(value) => configs.insert(name.clone(), value),
                None => configs.remove(name),
            };
        }
        Ok(configs)
    }
}

/// Values are written down for ever, and every start reads them all.
pub(crate) fn check_size(name: &str, value: &str) -> Result<(), Refusal> {
    // Kafka counts them as Java does.
    let size = value.encode_utf16().count();
    if size > MAX_VALUE {
        let message = format!("{name}: a value has at most {MAX_VALUE} characters, found {size}");
        return Err(Refusal::new(ErrorCode::InvalidConfig, message));
    }
    Ok(())
}

/// `None` for a config of a broker's plugin or of one of its listeners.
pub(crate) fn key(resource: &Resource, name: &str) -> Result<Option<&'static Key>, Refusal> {
    let (found, what, code) = match resource.kind {
        Resource::TOPIC => (table::topic_key(name), "topic", ErrorCode::InvalidConfig),
        Resource::GROUP => (table::group_key(name), "group", ErrorCode::InvalidConfig),
        Resource::CLIENT_METRICS => (
            table::client_metrics_key(name),
            "client metrics",
            ErrorCode::InvalidRequest,
        ),
        _ => return Ok(table::server_key(name)),
    };
    match found {
        Some(key) => Ok(Some(key)),
        None => Err(Refusal::new(code, format!("{name} is not a {what} config"))),
    }
}

/// The new value, which the resource can have; `None` for none.
pub(crate) fn changed(
    resource: &Resource,
    name: &str,
    key: Option<&Key>,
    current: Option<&str>,
    change: &ConfigChange,
) -> Result<Option<String>, Refusal> {
    // A subscription's lists are altered as a whole.
    let list = key.filter(|_| resource.kind != Resource::CLIENT_METRICS);
    let value = new_value(name, list, current, change)?;
    if let Some(value) = &value {
        check_size(name, value)?;
        if let Some(key) = key {
            check(resource, key, value)?;
        }
    }
    Ok(value)
}

fn new_value(
    name: &str,
    key: Option<&Key>,
    current: Option<&str>,
    change: &ConfigChange,
) -> Result<Option<String>, Refusal> {
    let items = |text: &str| -> Vec<String> {
        text.split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()
    };
    let is_list = key.is_some_and(|key| key.kind == Kind::List);
    let default = key.and_then(|key| key.default);
    let base = || items(current.or(default).unwrap_or_default());
    match change {
        ConfigChange::Set(value) => Ok(Some(value.clone())),
        ConfigChange::Delete => Ok(None),
        ConfigChange::Append(_) | ConfigChange::Subtract(_) if !is_list => {
            let message =
                format!("{name} is not a list: nothing can be added to it or taken from it");
            Err(Refusal::new(ErrorCode::InvalidConfig, message))
        }
        ConfigChange::Append(more) => {
            let mut list = base();
            let mut there: BTreeSet<String> = list.iter().cloned().collect();
            list.extend(
                items(more)
                    .into_iter()
                    .filter(|item| there.insert(item.clone())),
            );
            Ok(Some(list.join(",")))
        }
        ConfigChange::Subtract(less) => {
            let less: BTreeSet<String> = items(less).into_iter().collect();
            Ok(Some(
                base()
                    .into_iter()
                    .filter(|item| !less.contains(item))
                    .collect::<Vec<_>>()
                    .join(","),
            ))
        }
    }
}

fn check(resource: &Resource, key: &Key, value: &str) -> Result<(), Refusal> {
    if resource.kind == Resource::BROKER {
        check_dynamic(resource, key)?;
    }
    let checked = if resource.kind == Resource::TOPIC {
        TopicConfig::check(key.name, value)
            .map_err(|error| error.map(|e| e.to_string()).unwrap_or_default())
    } else {
        Value::parse(key, value)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    checked.map_err(|message| Refusal::new(ErrorCode::InvalidConfig, message))
}

/// Some keys of brokers are read at the start only, some mean another thing to each broker.
fn check_dynamic(resource: &Resource, key: &Key) -> Result<(), Refusal> {
    let problem = match key.update {
        Update::ReadOnly => "cannot be changed while the broker runs: set it in its file",
        Update::PerListener => "can be changed for one listener only, by its name",
        Update::PerBroker if resource.name.is_empty() => {
            "can be set for one broker only, not for all"
        }
        Update::PerBroker | Update::ClusterWide => return Ok(()),
    };
    let message = format!("{} {problem}", key.name);
    Err(Refusal::new(ErrorCode::InvalidRequest, message))
}
