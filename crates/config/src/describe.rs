//! What DescribeConfigs and CreateTopics tell: each key's value, where it comes from, and what lies beneath.

use crate::key::{Key, Kind, Update};
use crate::settings::Settings;
use crate::table;
use crate::topic::TopicConfig;
use crate::value::Value;

/// Where a value was set, numbered as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Source {
    Topic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    Group = 8,
}

/// A value and the name it was set by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    pub name: &'static str,
    /// `None` where it may not be shown.
    pub value: Option<String>,
    pub source: Source,
}

/// One key as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub key: &'static Key,
    /// `None` for null, or where it may not be shown.
    pub value: Option<String>,
    pub source: Source,
    pub is_read_only: bool,
    /// What sets the value, the strongest first; then what would if that were gone.
    pub synonyms: Vec<Synonym>,
}

/// What a broker's configuration is made of.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// The file and the command line.
    pub file: &'a Settings,
    /// The dynamic defaults of all brokers.
    pub all_brokers: &'a Settings,
    /// The dynamic configs of this broker.
    pub this_broker: &'a Settings,
}

impl Layers<'_> {
    /// What all of them come to.
    #[must_use]
    pub fn effective(&self) -> Settings {
        let mut settings = self.file.clone();
        for layer in [self.all_brokers, self.this_broker] {
            settings.overlay(layer);
        }
        settings
    }

    /// What sets a broker key, by its own name or another, the strongest first: each layer by every name before the next layer.
    /// What stands above the first mention of the key itself is left out, as Kafka does.
    fn synonyms(&self, name: &str) -> Vec<Synonym> {
        let names = table::broker_synonyms(name);
        let keys: Vec<&'static Key> = names
            .iter()
            .filter_map(|name| table::server_key(name))
            .collect();
        let layers = [
            (self.this_broker, Source::DynamicBroker),
            (self.all_brokers, Source::DynamicDefaultBroker),
            (self.file, Source::StaticBroker),
        ];
        let mut found = Vec::new();
        for (settings, source) in layers {
            for key in &keys {
                if let Some(value) = settings.explicit(key.name) {
                    found.push(synonym(key, value.to_string(), source));
                }
            }
        }
        for key in &keys {
            if let Some(default) = key.default {
                found.push(synonym(key, default.to_owned(), Source::Default));
            }
        }
        found
            .into_iter()
            .skip_while(|synonym| synonym.name != name)
            .collect()
    }
}

fn synonym(key: &'static Key, value: String, source: Source) -> Synonym {
    Synonym {
        name: key.name,
        value: shown(key, Some(value)),
        source,
    }
}

fn shown(key: &Key, value: Option<String>) -> Option<String> {
    value.filter(|_| !key.is_sensitive())
}

/// A topic's configs: its own, else the broker's, else the defaults.
#[must_use]
pub fn topic(layers: &Layers<'_>, own: &Settings) -> Vec<Described> {
    let effective = TopicConfig::layered(&layers.effective(), own);
    table::topic()
        .map(|key| {
            let mut synonyms = table::synonyms(key.name)
                .first()
                .map_or_else(Vec::new, |(name, _)| layers.synonyms(name));
            if let Some(value) = own.explicit(key.name) {
                synonyms.insert(0, synonym(key, value.to_string(), Source::Topic));
            }
            Described {
                key,
                value: shown(key, effective.text(key.name)),
                source: synonyms.first().map_or(Source::Default, |s| s.source),
                is_read_only: false,
                synonyms,
            }
        })
        .collect()
}

/// A group's configs: its own, else the broker's for all groups, else the defaults.
#[must_use]
pub fn group(layers: &Layers<'_>, own: &Settings) -> Vec<Described> {
    table::group()
        .map(|key| {
            let mut synonyms = match table::group_synonym(key.name) {
                Some(name) => layers.synonyms(name),
                None => key
                    .default
                    .map(|default| synonym(key, default.to_owned(), Source::Default))
                    .into_iter()
                    .collect(),
            };
            if let Some(value) = own.explicit(key.name) {
                synonyms.insert(0, synonym(key, value.to_string(), Source::Group));
            }
            let strongest = synonyms.first();
            Described {
                key,
                value: strongest.and_then(|synonym| synonym.value.clone()),
                source: strongest.map_or(Source::Default, |synonym| synonym.source),
                is_read_only: false,
                synonyms,
            }
        })
        .collect()
}

/// The configs of this broker.
#[must_use]
pub fn broker(layers: &Layers<'_>) -> Vec<Described> {
    let effective = layers.effective();
    table::server()
        .map(|key| {
            let synonyms = layers.synonyms(key.name);
            let value = effective.value(key.name).as_ref().map(Value::to_string);
            Described {
                key,
                value: shown(key, value),
                source: synonyms.first().map_or(Source::Default, |s| s.source),
                is_read_only: key.update == Update::ReadOnly,
                synonyms,
            }
        })
        .collect()
}

/// The dynamic configs that all brokers share: what was set, and nothing else.
#[must_use]
pub fn all_brokers(layers: &Layers<'_>) -> Vec<Described> {
    let only_shared = Layers {
        file: &Settings::default(),
        this_broker: &Settings::default(),
        ..*layers
    };
    table::server()
        .filter(|key| layers.all_brokers.explicit(key.name).is_some())
        .map(|key| {
            let mut synonyms = only_shared.synonyms(key.name);
            synonyms.retain(|synonym| synonym.source == Source::DynamicDefaultBroker);
            Described {
                key,
                value: synonyms.first().and_then(|synonym| synonym.value.clone()),
                source: Source::DynamicDefaultBroker,
                is_read_only: key.update == Update::ReadOnly,
                synonyms,
            }
        })
        .collect()
}

impl Kind {
    /// As DescribeConfigs names it (KIP-569).
    #[must_use]
    pub fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::Text => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerConfig;

    fn file(text: &str) -> Settings {
        let (config, _) = ServerConfig::load(
            "s",
            &format!(
                "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=C\n\
                 listeners=PLAINTEXT://:0,C://:0\ncontroller.quorum.bootstrap.servers=c:1\n{text}"
            ),
            &[],
        )
        .unwrap();
        config.settings().clone()
    }

    fn one(all: Vec<Described>, name: &str) -> Described {
        all.into_iter().find(|d| d.key.name == name).unwrap()
    }

    #[test]
    fn a_topic_config_names_all_that_lies_beneath_it() {
        let file = file("log.retention.hours=2\n");
        let all_brokers = Settings::dynamic([("log.retention.ms", "5000")].into_iter());
        let nothing = Settings::default();
        let layers = Layers {
            file: &file,
            all_brokers: &all_brokers,
            this_broker: &nothing,
        };
        let own = Settings::of_topic([("retention.ms", "77")].into_iter());
        let described = one(topic(&layers, &own), "retention.ms");
        assert_eq!(described.value.as_deref(), Some("77"));
        assert_eq!(described.source, Source::Topic);
        let synonyms: Vec<_> = described
            .synonyms
            .iter()
            .map(|s| (s.name, s.value.as_deref().unwrap(), s.source))
            .collect();
        assert_eq!(
            synonyms,
            [
                ("retention.ms", "77", Source::Topic),
                ("log.retention.ms", "5000", Source::DynamicDefaultBroker),
                ("log.retention.hours", "2", Source::StaticBroker),
                ("log.retention.hours", "168", Source::Default),
            ]
        );
        let inherited = one(topic(&layers, &nothing), "retention.ms");
        assert_eq!(inherited.value.as_deref(), Some("5000"));
        let layers = Layers {
            all_brokers: &nothing,
            ..layers
        };
        let by_hours = one(topic(&layers, &nothing), "retention.ms");
        assert_eq!(by_hours.value.as_deref(), Some("7200000"));
        assert_eq!(
            (by_hours.source, by_hours.synonyms),
            (Source::Default, vec![])
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let nothing = Settings::default();
        let file = file("ssl.key.password=secret\n");
        let layers = Layers {
            file: &file,
            all_brokers: &nothing,
            this_broker: &nothing,
        };
        let described = one(broker(&layers), "ssl.key.password");
        assert_eq!(described.value, None);
        assert!(described.synonyms.iter().all(|s| s.value.is_none()));
        assert_eq!(described.source, Source::StaticBroker);
    }
}
