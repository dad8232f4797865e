use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ottla_model::NodeId;
use thiserror::Error;

use crate::key::{Key, Update};
use crate::listener::{self, Listener, SecurityProtocol};
use crate::value::Value;
use crate::{properties, table};

/// How alike two names are for one to be suggested for the other.
const ALIKE: f64 = 0.85;

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

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    file: String,
    /// 0 for an override on the command line.
    line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("--override"),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Why the node does not start with this configuration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The node starts, and somebody should know this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

/// The configuration of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    settings: Settings,
    listeners: Vec<Listener>,
    advertised: Option<Vec<Listener>>,
}

impl ServerConfig {
    /// Reads a `server.properties`. `overrides` are `key=value`, and count more than the file.
    ///
    /// # Errors
    /// A sentence that names the place, what was expected and what was found.
    pub fn load(
        file: &str,
        text: &str,
        overrides: &[String],
    ) -> Result<(Self, Vec<Warning>), ConfigError> {
        let mut settings = Settings::default();
        let mut warnings = Vec::new();
        let from_file = properties::parse(text).into_iter().map(|p| {
            (
                Origin {
                    file: file.to_owned(),
                    line: p.line,
                },
                p.key,
                p.value,
            )
        });
        let mut all: Vec<(Origin, String, String)> = from_file.collect();
        for text in overrides {
            let (key, value) = text
                .split_once('=')
                .ok_or_else(|| ConfigError(format!("--override {text:?}: expected key=value")))?;
            all.push((
                Origin {
                    file: String::new(),
                    line: 0,
                },
                key.trim().to_owned(),
                value.to_owned(),
            ));
        }
        for (origin, name, text) in all {
            match table::server_key(&name) {
                Some(key) => {
                    let value = Value::parse(key, &text)
                        .map_err(|error| ConfigError(format!("{origin}: {error}")))?;
                    settings.set(key.name, value);
                }
                None => warnings.push(unknown(&origin, &name)),
            }
        }
        Self::new(settings).map(|config| (config, warnings))
    }

    /// What `ottla` runs without a file: broker and controller in one on this machine, for a first try and for development.
    #[must_use]
    pub fn of_default_node(directory: &str) -> Self {
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n\
             controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers=127.0.0.1:9093\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             log.dirs={directory}\noffsets.topic.replication.factor=1\n\
             transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
        );
        let (config, _) =
            Self::load("", &text, &[]).expect("the built-in configuration is well-formed");
        config
    }

    fn new(settings: Settings) -> Result<Self, ConfigError> {
        let wrong = |name: &str, problem: String| ConfigError(format!("{name}: {problem}"));
        let controllers = list(&settings, "controller.listener.names");
        let mut protocols = listener::protocols(&list(&settings, "listener.security.protocol.map"))
            .map_err(|expected| {
                wrong(
                    "listener.security.protocol.map",
                    format!("expected {expected}"),
                )
            })?;
        if settings
            .explicit("listener.security.protocol.map")
            .is_none()
        {
            // As Kafka does: a controller's listener is plain unless something else is said.
            for name in &controllers {
                protocols
                    .entry(name.to_ascii_uppercase())
                    .or_insert(SecurityProtocol::Plaintext);
            }
        }
        let parse_all = |name: &str| -> Result<Vec<Listener>, ConfigError> {
            let parsed: Result<Vec<Listener>, String> = list(&settings, name)
                .iter()
                .map(|text| listener::parse(text, &protocols))
                .collect();
            parsed.map_err(|expected| wrong(name, format!("expected {expected}")))
        };
        let listeners = parse_all("listeners")?;
        let advertised = match settings.explicit("advertised.listeners") {
            Some(_) => Some(parse_all("advertised.listeners")?),
            None => None,
        };
        let config = Self {
            settings,
            listeners,
            advertised,
        };
        config.check(&controllers)?;
        Ok(config)
    }

    fn check(&self, controllers: &[String]) -> Result<(), ConfigError> {
        let error = |text: String| Err(ConfigError(text));
        if self.integer("node.id").is_none_or(|id| id < 0) {
            return error(
                "node.id: expected a number of at least 0 that no other node has, found none"
                    .to_owned(),
            );
        }
        if self.settings.explicit("process.roles").is_none() {
            return error(
                "process.roles: expected broker,controller; ZooKeeper is not supported".to_owned(),
            );
        }
        for name in controllers {
            if !self
                .listeners
                .iter()
                .any(|listener| listener.name.eq_ignore_ascii_case(name))
            {
                return error(format!(
                    "controller.listener.names: {name} is not among the listeners"
                ));
            }
        }
        if controllers.is_empty() {
            return error(
                "controller.listener.names: expected the name of a listener, found none".to_owned(),
            );
        }
        for listener in &self.listeners {
            if listener.protocol != SecurityProtocol::Plaintext {
                let name = &listener.name;
                return error(format!(
                    "listeners: {name} asks for TLS or SASL, which this release does not have"
                ));
            }
        }
        let authorizer = self.text("authorizer.class.name").unwrap_or_default();
        let allows_all = self.boolean("allow.everyone.if.no.acl.found");
        let is_standard = authorizer == "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
        if !(authorizer.is_empty() || is_standard && allows_all) {
            return error(format!(
                "authorizer.class.name: {authorizer} would not be honoured; remove it, or allow everyone with \
                 allow.everyone.if.no.acl.found=true"
            ));
        }
        Ok(())
    }

    /// For what a topic inherits.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn integer(&self, name: &str) -> Option<i64> {
        match self.settings.value(name) {
            Some(Value::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// A key with a default, or one that was checked.
    fn number(&self, name: &str) -> i64 {
        self.integer(name)
            .expect("the key has a default, or its presence was checked")
    }

    fn boolean(&self, name: &str) -> bool {
        matches!(self.settings.value(name), Some(Value::Boolean(true)))
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.settings.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    #[must_use]
    pub fn node_id(&self) -> NodeId {
        NodeId(i32::try_from(self.number("node.id")).expect("the key is of 32 bits"))
    }

    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// `None` where clients are told the address they came by.
    #[must_use]
    pub fn advertised_listeners(&self) -> Option<&[Listener]> {
        self.advertised.as_deref()
    }

    #[must_use]
    pub fn is_controller_listener(&self, name: &str) -> bool {
        list(&self.settings, "controller.listener.names")
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name))
    }

    /// At least one.
    #[must_use]
    pub fn log_dirs(&self) -> Vec<PathBuf> {
        let dirs = list(&self.settings, "log.dirs");
        let dirs = if dirs.is_empty() {
            list(&self.settings, "log.dir")
        } else {
            dirs
        };
        dirs.into_iter().map(PathBuf::from).collect()
    }

    /// Where the metadata log is: a directory of its own, or the first of the others.
    #[must_use]
    pub fn metadata_log_dir(&self) -> PathBuf {
        let own = self.text("metadata.log.dir").map(PathBuf::from);
        own.or_else(|| self.log_dirs().into_iter().next())
            .expect("there is a default directory")
    }

    #[must_use]
    pub fn rack(&self) -> Option<String> {
        self.text("broker.rack")
    }

    /// Bytes.
    #[must_use]
    pub fn max_request_bytes(&self) -> usize {
        self.number("socket.request.max.bytes").unsigned_abs() as usize
    }

    /// `None` where connections may be idle for ever.
    #[must_use]
    pub fn max_idle(&self) -> Option<Duration> {
        u64::try_from(self.number("connections.max.idle.ms"))
            .ok()
            .map(Duration::from_millis)
    }

    #[must_use]
    pub fn max_connections(&self) -> usize {
        self.number("max.connections").unsigned_abs() as usize
    }

    #[must_use]
    pub fn max_connections_per_ip(&self) -> usize {
        self.number("max.connections.per.ip").unsigned_abs() as usize
    }

    /// How often retention is applied.
    #[must_use]
    pub fn retention_check_interval(&self) -> Duration {
        Duration::from_millis(
            self.number("log.retention.check.interval.ms")
                .unsigned_abs(),
        )
    }

    #[must_use]
    pub fn auto_creates_topics(&self) -> bool {
        self.boolean("auto.create.topics.enable")
    }

    #[must_use]
    pub fn deletes_topics(&self) -> bool {
        self.boolean("delete.topic.enable")
    }

    #[must_use]
    pub fn default_partitions(&self) -> i32 {
        i32::try_from(self.number("num.partitions")).expect("the key is of 32 bits")
    }

    #[must_use]
    pub fn default_replication_factor(&self) -> i16 {
        i16::try_from(self.number("default.replication.factor")).unwrap_or(i16::MAX)
    }

    /// Bytes of one fetch response at most.
    #[must_use]
    pub fn fetch_max_bytes(&self) -> i32 {
        i32::try_from(self.number("fetch.max.bytes")).expect("the key is of 32 bits")
    }

    #[must_use]
    pub fn fetch_session_slots(&self) -> usize {
        self.number("max.incremental.fetch.session.cache.slots")
            .unsigned_abs() as usize
    }

    /// Partitions of one page of DescribeTopicPartitions at most.
    #[must_use]
    pub fn max_request_partitions(&self) -> i32 {
        i32::try_from(self.number("max.request.partition.size.limit"))
            .expect("the key is of 32 bits")
    }
}

fn list(settings: &Settings, name: &str) -> Vec<String> {
    match settings.value(name) {
        Some(Value::List(items)) => items,
        // Some keys hold a list and are typed as text all the same.
        Some(Value::Text(text)) => text.split(',').map(|item| item.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn unknown(origin: &Origin, name: &str) -> Warning {
    let alike = |key: &Key| strsim::jaro_winkler(key.name, name);
    let nearest = table::server()
        .max_by(|a, b| alike(a).total_cmp(&alike(b)))
        .filter(|key| alike(key) > ALIKE);
    let suggestion = nearest.map_or_else(String::new, |key| {
        format!("; the nearest known key is {}", key.name)
    });
    Warning(format!(
        "{origin}: {name} is not a known key and has no effect{suggestion}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "process.roles=broker,controller\nnode.id=3\ncontroller.listener.names=C\n\
                           listeners=PLAINTEXT://:0,C://[::1]:0\nlog.dirs=/a, /b\n";

    fn refused(extra: &str) -> String {
        ServerConfig::load("s.properties", &format!("{MINIMAL}{extra}"), &[])
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_file_is_read_with_kafkas_defaults() {
        let (config, warnings) = ServerConfig::load("s.properties", MINIMAL, &[]).unwrap();
        assert_eq!(warnings, []);
        assert_eq!(config.node_id(), NodeId(3));
        assert_eq!(
            config.log_dirs(),
            [PathBuf::from("/a"), PathBuf::from("/b")]
        );
        assert_eq!(config.metadata_log_dir(), PathBuf::from("/a"));
        assert_eq!(config.listeners()[1].host, "::1");
        assert!(config.is_controller_listener("C") && !config.is_controller_listener("PLAINTEXT"));
        assert_eq!(config.max_idle(), Some(Duration::from_secs(600)));
        assert_eq!(config.advertised_listeners(), None);
    }

    #[test]
    fn an_override_counts_more_than_the_file() {
        let (config, _) =
            ServerConfig::load("s", MINIMAL, &["num.partitions=7".to_owned()]).unwrap();
        assert_eq!(config.default_partitions(), 7);
    }

    #[test]
    fn an_ill_formed_value_is_named_with_its_line() {
        let expected = "s.properties:6: num.partitions: expected a whole number of 32 bits of at least 1, found \"many\"";
        assert_eq!(refused("num.partitions=many\n"), expected);
        assert!(
            refused("listeners=PLAINTEXT:9092\n")
                .starts_with("listeners: expected NAME://host:port")
        );
        assert!(
            refused("authorizer.class.name=x.Y\n")
                .starts_with("authorizer.class.name: x.Y would not be honoured")
        );
    }

    #[test]
    fn what_would_weaken_security_stops_the_start() {
        let text = MINIMAL.replace("PLAINTEXT://:0", "SSL://:0");
        let error = ServerConfig::load("s", &text, &[]).unwrap_err().to_string();
        assert!(error.contains("SSL asks for TLS"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_met_with_the_nearest() {
        let (_, warnings) =
            ServerConfig::load("s", &format!("{MINIMAL}num.partition=3\n"), &[]).unwrap();
        assert_eq!(
            warnings,
            [Warning(
                "s:6: num.partition is not a known key and has no effect; the nearest known key is num.partitions".into()
            )]
        );
    }

    #[test]
    fn a_topic_inherits_from_the_broker() {
        let text = format!("{MINIMAL}log.retention.hours=2\nlog.segment.bytes=2097152\n");
        let (config, _) = ServerConfig::load("s", &text, &[]).unwrap();
        let overrides = [("segment.bytes", "4194304"), ("max.message.bytes", "none")];
        let topic = crate::TopicConfig::new(config.settings(), overrides.into_iter());
        assert_eq!(topic.retention_age(), Some(Duration::from_secs(7200)));
        assert_eq!(topic.segment_bytes(), 4 << 20);
        assert_eq!(topic.max_message_bytes(), 1_048_588);
        assert!(topic.deletes() && !topic.compacts());
    }

    #[test]
    fn the_default_node_needs_no_file() {
        let config = ServerConfig::of_default_node("./ottla-data");
        assert_eq!(config.node_id(), NodeId(1));
        assert_eq!(config.listeners().len(), 2);
    }
}
