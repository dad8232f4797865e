//! What DescribeConfigs and CreateTopics tell: each key's value, where it comes from, and what lies beneath.

use std::borrow::Cow;

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
    BrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
}

/// A value and the name it was set by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    pub name: Cow<'static, str>,
    /// `None` where it may not be shown.
    pub value: Option<String>,
    pub source: Source,
}

/// One config as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub name: Cow<'static, str>,
    /// `None` where nobody knows what the value is. It is not shown then, for it may be secret.
    pub kind: Option<Kind>,
    pub doc: Option<&'static str>,
    /// `None` for null, or where it may not be shown.
    pub value: Option<String>,
    pub source: Source,
    pub is_read_only: bool,
    pub is_sensitive: bool,
    /// What sets the value, the strongest first; then what would if that were gone.
    pub synonyms: Vec<Synonym>,
}

impl Described {
    fn of_key(key: &'static Key, value: Option<String>, synonyms: Vec<Synonym>) -> Self {
        Self {
            name: key.name.into(),
            kind: Some(key.kind),
            doc: Some(key.doc),
            value: shown(Some(key), value),
            source: synonyms.first().map_or(Source::Default, |s| s.source),
            is_read_only: key.update == Update::ReadOnly,
            is_sensitive: key.is_sensitive(),
            synonyms,
        }
    }
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

    /// Whether the broker has a config of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let layers = [self.file, self.all_brokers, self.this_broker];
        table::server_key(name).is_some() || layers.iter().any(|layer| layer.text(name).is_some())
    }

    /// What sets a broker's config, by its own name or another, the strongest first: each layer by every name before the next layer.
    /// What stands above the first mention of the config itself is left out, as Kafka does. A listener's own is shown before that of
    /// all listeners.
    fn synonyms(&self, name: &str) -> Vec<Synonym> {
        let of_listener = table::of_listener(name).and_then(|(_, key)| key);
        let key = table::server_key(name).or(of_listener);
        let mut names: Vec<Cow<'static, str>> = Vec::new();
        if table::server_key(name).is_none() {
            names.push(name.to_owned().into());
        }
        let base = key.map_or_else(Vec::new, |key| match of_listener {
            Some(_) => vec![key.name],
            None => table::broker_synonyms(key.name),
        });
        names.extend(base.into_iter().map(Cow::Borrowed));
        let layers = [
            (self.this_broker, Source::DynamicBroker),
            (self.all_brokers, Source::DynamicDefaultBroker),
            (self.file, Source::StaticBroker),
        ];
        let mut found = Vec::new();
        for (settings, source) in layers {
            for name in &names {
                let value = settings.text(name).map(str::to_owned);
                found.extend(value.map(|value| (name.clone(), value, source)));
            }
        }
        for name in &names {
            // What can only be set while the broker runs has none that it would fall back to.
            let key = table::server_key(name).filter(|key| !key.is_dynamic_only);
            let default = key.and_then(|key| key.default).map(str::to_owned);
            found.extend(default.map(|default| (name.clone(), default, Source::Default)));
        }
        let found = found.into_iter().map(|(name, value, source)| Synonym {
            name,
            value: shown(key, Some(value)),
            source,
        });
        found.skip_while(|synonym| synonym.name != name).collect()
    }

    /// What is set and no broker lists by itself.
    fn unlisted(&self, settings: &Settings) -> Vec<Described> {
        let hidden = table::known().filter(|key| !key.is_listed());
        let hidden = hidden.filter_map(|key| {
            let value = settings.explicit(key.name)?.to_string();
            Some(Described::of_key(key, Some(value), self.synonyms(key.name)))
        });
        let others = settings.others().map(|(name, text)| {
            let key = table::of_listener(name).and_then(|(_, key)| key);
            let synonyms = self.synonyms(name);
            Described {
                name: name.to_owned().into(),
                kind: key.map(|key| key.kind),
                doc: key.map(|key| key.doc),
                value: shown(key, Some(text.to_owned())),
                source: synonyms.first().map_or(Source::Default, |s| s.source),
                is_read_only: true,
                is_sensitive: key.is_none_or(Key::is_sensitive),
                synonyms,
            }
        });
        hidden.chain(others).collect()
    }
}

fn synonym(key: &'static Key, value: String, source: Source) -> Synonym {
    Synonym {
        name: key.name.into(),
        value: shown(Some(key), Some(value)),
        source,
    }
}

/// What nobody knows may be secret.
fn shown(key: Option<&Key>, value: Option<String>) -> Option<String> {
    value.filter(|_| key.is_some_and(|key| !key.is_sensitive()))
}

/// A topic's configs: its own, else the broker's, else the defaults.
#[must_use]
pub fn topic(layers: &Layers<'_>, own: &Settings) -> Vec<Described> {
    let effective = TopicConfig::layered(&layers.effective(), own);
    table::all_of_topics()
        .filter(|key| key.is_listed() || own.explicit(key.name).is_some())
        .map(|key| {
            let mut synonyms = table::synonyms(key.name)
                .first()
                .map_or_else(Vec::new, |(name, _)| layers.synonyms(name));
            if let Some(value) = own.explicit(key.name) {
                synonyms.insert(0, synonym(key, value.to_string(), Source::Topic));
            }
            Described::of_key(key, effective.text(key.name), synonyms)
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
            let value = synonyms.first().and_then(|synonym| synonym.value.clone());
            Described::of_key(key, value, synonyms)
        })
        .collect()
}

/// The configs of a subscription to clients' metrics: its own, else the defaults (KIP-714).
#[must_use]
pub fn client_metrics(own: &Settings) -> Vec<Described> {
    table::client_metrics()
        .map(|key| {
            let set = own.explicit(key.name).map(Value::to_string);
            let synonyms = set.clone().into_iter();
            let synonyms = synonyms.map(|value| synonym(key, value, Source::ClientMetrics));
            let synonyms = synonyms.collect();
            Described::of_key(key, set.or(key.default.map(str::to_owned)), synonyms)
        })
        .collect()
}

/// The configs of this broker: all that there are, and what else was set.
#[must_use]
pub fn broker(layers: &Layers<'_>) -> Vec<Described> {
    let effective = layers.effective();
    let listed = table::server().map(|key| {
        let value = effective.value(key.name).as_ref().map(Value::to_string);
        Described::of_key(key, value, layers.synonyms(key.name))
    });
    listed.chain(layers.unlisted(&effective)).collect()
}

/// The dynamic configs that all brokers share: what was set, and nothing else.
#[must_use]
pub fn all_brokers(layers: &Layers<'_>) -> Vec<Described> {
    let shared = layers.all_brokers;
    let only_shared = Layers {
        file: &Settings::default(),
        this_broker: &Settings::default(),
        ..*layers
    };
    let listed = table::server().filter_map(|key| {
        let value = shared.text(key.name)?.to_owned();
        let synonyms = only_shared.synonyms(key.name);
        Some(Described::of_key(key, Some(value), synonyms))
    });
    let mut described: Vec<Described> = listed.chain(only_shared.unlisted(shared)).collect();
    for described in &mut described {
        let is_shared = |synonym: &Synonym| synonym.source == Source::DynamicDefaultBroker;
        described.synonyms.retain(is_shared);
    }
    described
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
    use crate::dynamic::Level;

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
        all.into_iter().find(|d| d.name == name).unwrap()
    }

    #[test]
    fn a_topic_config_names_all_that_lies_beneath_it() {
        let file = file("log.retention.hours=2\n");
        let all_brokers = Settings::dynamic(
            Level::AllBrokers,
            [("log.retention.ms", "5000")].into_iter(),
        );
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
            .map(|s| (&*s.name, s.value.as_deref().unwrap(), s.source))
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
