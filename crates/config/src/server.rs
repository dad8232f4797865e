mod check;
mod consumer_groups;
mod groups;
mod neglect;
mod quotas;
mod source;
mod telemetry;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use ottla_model::NodeId;
use thiserror::Error;

use crate::key::Support;
use crate::listener::Listener;
use crate::listeners::Listeners;
use crate::settings::Settings;
use crate::table;
use crate::value::Value;
pub use consumer_groups::ConsumerGroupConfig;
pub use groups::{GroupConfig, OffsetsTopicConfig};
pub use quotas::QuotaWindows;
use source::Source;

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
    listeners: Listeners,
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
        let source = Source::read(file, text, overrides)?;
        let listeners = check::check(&source)?;
        let warnings = neglect::warnings(&source, &listeners)?;
        let config = Self {
            settings: source.into_settings(),
            listeners,
        };
        Ok((config, warnings))
    }

    /// What `ottla` runs without a file: broker and controller in one on this machine, for a first try and for development.
    /// There is one broker, and so one replica of everything, as in the sample file that Apache Kafka comes with.
    #[must_use]
    pub fn of_default_node(directory: &str) -> Self {
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n\
             controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers=127.0.0.1:9093\n\
             log.dirs={directory}\n\
             offsets.topic.replication.factor=1\n\
             transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
             share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n"
        );
        let (config, _) =
            Self::load("", &text, &[]).expect("the built-in configuration is well-formed");
        config
    }

    /// For what a topic inherits.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The one way to a value, so that the table cannot claim to ignore what is read.
    fn value(&self, name: &str) -> Option<Value> {
        let is_honoured =
            table::server_key(name).is_some_and(|key| key.support == Support::Honoured);
        assert!(is_honoured, "{name} is read and not marked as honoured");
        self.settings.value(name)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
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
        matches!(self.value(name), Some(Value::Boolean(true)))
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(items)) => items,
            _ => Vec::new(),
        }
    }

    #[must_use]
    pub fn node_id(&self) -> NodeId {
        NodeId(i32::try_from(self.number("node.id")).expect("the key is of 32 bits"))
    }

    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners.bound
    }

    /// `None` where clients are told the address they came by.
    #[must_use]
    pub fn advertised_listeners(&self) -> Option<&[Listener]> {
        self.listeners.advertised.as_deref()
    }

    #[must_use]
    pub fn is_controller_listener(&self, name: &str) -> bool {
        self.listeners.is_controllers(name)
    }

    /// The name of the listener by which brokers reach each other, in capitals.
    #[must_use]
    pub fn inter_broker_listener(&self) -> String {
        let named = self.text("inter.broker.listener.name");
        let named = named.or_else(|| self.text("security.inter.broker.protocol"));
        named.unwrap_or_default().to_ascii_uppercase()
    }

    /// The listener by which controllers reach each other, the first of the controller's, as others are told of it.
    #[must_use]
    pub fn told_controller_listener(&self) -> Listener {
        let names = self.list("controller.listener.names");
        let first = names.first().expect("one was asked for");
        let is_it = |listener: &&Listener| listener.name.eq_ignore_ascii_case(first);
        let advertised = self.advertised_listeners().unwrap_or_default().iter();
        let mut found = advertised.chain(self.listeners()).filter(is_it);
        found.next().expect("every name was found").told()
    }

    /// Whether `controller.quorum.voters` names the voters, rather than the metadata log.
    #[must_use]
    pub fn has_static_quorum(&self) -> bool {
        !self.list("controller.quorum.voters").is_empty()
    }

    /// Where partitions are: at least one directory, each once.
    #[must_use]
    pub fn log_dirs(&self) -> Vec<PathBuf> {
        let dirs = match self.list("log.dirs") {
            dirs if dirs.is_empty() => self.list("log.dir"),
            dirs => dirs,
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

    /// All that are formatted: those of partitions, and that of the metadata log.
    #[must_use]
    pub fn directories(&self) -> BTreeSet<PathBuf> {
        let partitions = self.log_dirs().into_iter();
        partitions.chain([self.metadata_log_dir()]).collect()
    }

    /// Where a static quorum finds this node: the listener of controllers that it is reached by, its host and its port.
    #[must_use]
    pub fn static_voter(&self) -> Option<(String, String, u16)> {
        let own = self.node_id().to_string();
        let voters = self.list("controller.quorum.voters");
        let (_, address) = voters
            .iter()
            .filter_map(|voter| voter.split_once('@'))
            .find(|(id, _)| *id == own)?;
        let (host, port) = address.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let listener = self.list("controller.listener.names").into_iter().next()?;
        Some((listener, host.to_owned(), port.parse().ok()?))
    }

    /// How long an epoch of the quorum may be without a leader.
    #[must_use]
    pub fn quorum_election_timeout(&self) -> Duration {
        let ms = self.number("controller.quorum.election.timeout.ms");
        Duration::from_millis(ms.unsigned_abs())
    }

    /// How long a leader of the quorum may be silent.
    #[must_use]
    pub fn quorum_fetch_timeout(&self) -> Duration {
        let ms = self.number("controller.quorum.fetch.timeout.ms");
        Duration::from_millis(ms.unsigned_abs())
    }

    /// The most of the metadata log in one answer. Bytes.
    #[must_use]
    pub fn quorum_fetch_max_bytes(&self) -> u64 {
        self.number("controller.quorum.fetch.max.bytes")
            .unsigned_abs()
    }

    /// The most of a snapshot in one answer. Bytes.
    #[must_use]
    pub fn quorum_fetch_snapshot_max_bytes(&self) -> u64 {
        self.number("controller.quorum.fetch.snapshot.max.bytes")
            .unsigned_abs()
    }

    /// At what size the metadata log goes on in a new segment. Bytes.
    #[must_use]
    pub fn metadata_segment_bytes(&self) -> u64 {
        self.integer("internal.metadata.log.segment.bytes")
            .unwrap_or_else(|| self.number("metadata.log.segment.bytes"))
            .unsigned_abs()
    }

    /// After how long the metadata log goes on in a new segment.
    #[must_use]
    pub fn metadata_segment_age(&self) -> Duration {
        Duration::from_millis(self.number("metadata.log.segment.ms").unsigned_abs())
    }

    /// After how many bytes of metadata log a snapshot is written.
    #[must_use]
    pub fn snapshot_bytes(&self) -> u64 {
        self.number("metadata.log.max.record.bytes.between.snapshots")
            .unsigned_abs()
    }

    /// After how long a snapshot is written though there is little new; `None` for never.
    #[must_use]
    pub fn snapshot_interval(&self) -> Option<Duration> {
        let ms = self.number("metadata.log.max.snapshot.interval.ms");
        (ms > 0).then(|| Duration::from_millis(ms.unsigned_abs()))
    }

    /// What metadata log and snapshots may come to together; `None` for any amount. Bytes.
    #[must_use]
    pub fn metadata_retention_bytes(&self) -> Option<u64> {
        u64::try_from(self.number("metadata.max.retention.bytes")).ok()
    }

    /// For how long metadata is kept that a later snapshot covers; `None` for ever.
    #[must_use]
    pub fn metadata_retention_age(&self) -> Option<Duration> {
        u64::try_from(self.number("metadata.max.retention.ms"))
            .ok()
            .map(Duration::from_millis)
    }

    #[must_use]
    pub fn rack(&self) -> Option<String> {
        self.text("broker.rack")
    }

    /// How many logs of a directory are recovered at once.
    #[must_use]
    pub fn recovery_threads(&self) -> usize {
        usize::try_from(self.number("num.recovery.threads.per.data.dir"))
            .expect("at least one, and of 32 bits")
    }

    /// Bytes.
    #[must_use]
    pub fn max_request_bytes(&self) -> usize {
        self.number("socket.request.max.bytes").unsigned_abs() as usize
    }

    /// `None` where the system chooses.
    #[must_use]
    pub fn send_buffer_bytes(&self) -> Option<usize> {
        let bytes = usize::try_from(self.number("socket.send.buffer.bytes"));
        bytes.ok().filter(|bytes| *bytes > 0)
    }

    /// `None` where connections may be idle for ever.
    #[must_use]
    pub fn max_idle(&self) -> Option<Duration> {
        u64::try_from(self.number("connections.max.idle.ms"))
            .ok()
            .map(Duration::from_millis)
    }

    /// How often retention is applied.
    #[must_use]
    pub fn retention_check_interval(&self) -> Duration {
        Duration::from_millis(
            self.number("log.retention.check.interval.ms")
                .unsigned_abs(),
        )
    }

    /// The room on the file system of a log directory below which no records of clients are taken; 0 for none.
    #[must_use]
    pub fn min_free_bytes(&self) -> u64 {
        self.number("log.dirs.min.free.bytes").unsigned_abs()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::bound_key;

    /// Five lines.
    pub(super) const MINIMAL: &str = "process.roles=broker,controller\nnode.id=3\n\
                                      controller.listener.names=C\n\
                                      controller.quorum.bootstrap.servers=localhost:9093\nlog.dirs=/a, /b\n";
    /// The sixth.
    const LISTENERS: &str = "listeners=PLAINTEXT://:0,C://[::1]:0\n";

    pub(super) fn load(extra: &str) -> Result<(ServerConfig, Vec<Warning>), String> {
        let listeners = if extra.starts_with("listeners=") {
            ""
        } else {
            LISTENERS
        };
        ServerConfig::load("s", &format!("{MINIMAL}{listeners}{extra}"), &[])
            .map_err(|error| error.to_string())
    }

    pub(super) fn refused(extra: &str) -> String {
        load(extra).unwrap_err()
    }

    pub(super) fn warnings(extra: &str) -> Vec<String> {
        let (_, warnings) = load(extra).unwrap();
        warnings.into_iter().map(|warning| warning.0).collect()
    }

    #[test]
    fn a_file_is_read_with_kafkas_defaults() {
        let (config, warnings) = load("").unwrap();
        assert_eq!(warnings, []);
        assert_eq!(config.node_id(), NodeId(3));
        assert_eq!(
            config.log_dirs(),
            [PathBuf::from("/a"), PathBuf::from("/b")]
        );
        assert_eq!(config.metadata_log_dir(), PathBuf::from("/a"));
        assert_eq!(config.listeners()[1].host, "::1");
        assert!(config.is_controller_listener("c") && !config.is_controller_listener("PLAINTEXT"));
        assert_eq!(config.max_idle(), Some(Duration::from_secs(600)));
        assert_eq!(config.advertised_listeners(), None);
    }

    #[test]
    fn an_override_counts_more_than_the_file() {
        let load = |text: &str| {
            let text = [text.to_owned()];
            ServerConfig::load(
                "s",
                &format!("{MINIMAL}{LISTENERS}num.partitions=2\n"),
                &text,
            )
        };
        let (config, _) = load("num.partitions=7").unwrap();
        assert_eq!(config.default_partitions(), 7);
        let error = load("num.partitions=x").unwrap_err().to_string();
        assert!(error.starts_with("--override: num.partitions: expected a whole"));
        let error = load("num.partitions").unwrap_err().to_string();
        assert_eq!(error, "--override \"num.partitions\": expected key=value");
    }

    #[test]
    fn of_a_key_that_comes_again_only_the_last_value_counts() {
        let (config, _) = load("num.partitions=many\nnum.partitions=2\n").unwrap();
        assert_eq!(config.default_partitions(), 2);
        let expected =
            "s:8: num.partitions: expected a whole number of 32 bits of at least 1, found \"many\"";
        assert_eq!(refused("num.partitions=2\nnum.partitions=many\n"), expected);
        let text = format!("{MINIMAL}{LISTENERS}num.partitions=many\n");
        let (config, _) = ServerConfig::load("s", &text, &["num.partitions=7".to_owned()]).unwrap();
        assert_eq!(config.default_partitions(), 7);
        let twice = ["num.partitions=many", "num.partitions=3"].map(str::to_owned);
        let (config, _) = ServerConfig::load("s", &text, &twice).unwrap();
        assert_eq!(config.default_partitions(), 3);
    }

    #[test]
    fn of_several_ill_formed_values_the_first_in_the_file_is_named() {
        let said = refused("num.partitions=many\nlog.segment.bytes=few\n");
        assert!(said.starts_with("s:7: num.partitions"), "{said}");
    }

    #[test]
    fn an_ill_formed_value_is_named_with_its_line() {
        let expected =
            "s:7: num.partitions: expected a whole number of 32 bits of at least 1, found \"many\"";
        assert_eq!(refused("num.partitions=many\n"), expected);
        let expected = "s:6: listeners: expected NAME://host:port, found \"PLAINTEXT:9092\"";
        assert_eq!(refused("listeners=PLAINTEXT:9092\n"), expected);
    }

    #[test]
    fn a_topic_inherits_from_the_broker() {
        let (config, _) = load("log.retention.hours=2\nlog.segment.bytes=2097152\n").unwrap();
        let overrides = [("segment.bytes", "4194304"), ("max.message.bytes", "none")];
        let topic = crate::TopicConfig::new(config.settings(), overrides.into_iter());
        assert_eq!(topic.retention_age(), Some(Duration::from_secs(7200)));
        assert_eq!(topic.segment_bytes(), 4 << 20);
        assert_eq!(topic.max_message_bytes(), 1_048_588);
        assert!(topic.deletes() && !topic.compacts());
    }

    #[test]
    fn the_default_node_needs_no_file_and_replicates_to_nobody() {
        let config = ServerConfig::of_default_node("./ottla-data");
        assert_eq!(config.node_id(), NodeId(1));
        assert_eq!(config.listeners().len(), 2);
        for key in table::server() {
            let is_of_internal_topics =
                key.name.contains(".state.") || key.name.starts_with("offsets.topic");
            let limits = [".replication.factor", ".min.isr"];
            if is_of_internal_topics && limits.iter().any(|limit| key.name.ends_with(limit)) {
                let set = config.settings().explicit(key.name);
                assert_eq!(set, Some(&Value::Integer(1)), "{}", key.name);
            }
        }
    }

    #[test]
    fn what_is_marked_as_honoured_is_read_somewhere() {
        let readers = [
            include_str!("server.rs"),
            include_str!("server/check.rs"),
            include_str!("server/consumer_groups.rs"),
            include_str!("server/groups.rs"),
            include_str!("server/source.rs"),
            include_str!("server/neglect.rs"),
            include_str!("server/quotas.rs"),
            include_str!("server/telemetry.rs"),
            include_str!("topic.rs"),
            include_str!("adjustable.rs"),
            include_str!("connections.rs"),
            include_str!("cordons.rs"),
            include_str!("listeners.rs"),
            include_str!("group.rs"),
            include_str!("client_metrics.rs"),
        ];
        let code = readers
            .map(|text| text.split("#[cfg(test)]").next().unwrap())
            .concat();
        let reads = |name: &str| code.contains(&format!("\"{name}\""));
        let is_honoured = |key: &&crate::Key| key.support == Support::Honoured;
        let of_topics: Vec<_> = table::topic().filter(is_honoured).collect();
        for key in &of_topics {
            assert!(reads(key.name), "{}", key.name);
        }
        let by_topics = |name: &str| {
            of_topics.iter().any(|key| {
                table::synonyms(key.name)
                    .iter()
                    .any(|(other, _)| *other == name)
            })
        };
        let of_groups: Vec<_> = table::group().filter(is_honoured).collect();
        for key in &of_groups {
            assert!(reads(key.name), "{}", key.name);
        }
        let bounds_groups = |name: &str| {
            let bounds = |key: &&crate::Key| ["min", "max"].map(|which| bound_key(key, which));
            let mut bounds = of_groups.iter().flat_map(bounds).flatten();
            bounds.any(|key| key.name == name)
        };
        for key in table::client_metrics().filter(is_honoured) {
            assert!(reads(key.name), "{}", key.name);
        }
        for key in table::known().filter(is_honoured) {
            let name = key.name;
            assert!(
                reads(name) || by_topics(name) || bounds_groups(name),
                "{name}"
            );
        }
    }
}
