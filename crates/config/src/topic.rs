use std::time::Duration;

use crate::settings::Settings;
use crate::table;
use crate::value::{InvalidValue, Value};

/// `message.timestamp.type`: whose clock gives a record its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageTimestampType {
    /// The producer's.
    CreateTime,
    /// The leader's.
    LogAppendTime,
}

/// A topic's settings: its own, else the broker's, else the defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    settings: Settings,
}

impl TopicConfig {
    /// `overrides` are the topic's own; one that is ill-formed gives way to what lies below it, for it cannot be refused any more.
    pub fn new<'a>(broker: &Settings, overrides: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::layered(broker, &Settings::of_topic(overrides))
    }

    pub(crate) fn layered(broker: &Settings, own: &Settings) -> Self {
        let mut settings = Settings::default();
        for key in table::topic() {
            let inherited = table::synonyms(key.name).iter().find_map(|(name, factor)| {
                let value = broker.explicit(name)?;
                Some(match value {
                    Value::Integer(value) if *factor > 1 && *value > 0 => {
                        Value::Integer(value.saturating_mul(*factor))
                    }
                    value => value.clone(),
                })
            });
            if let Some(value) = inherited {
                settings.set(key.name, value);
            }
        }
        settings.overlay(own);
        Self { settings }
    }

    /// The value of a key as text, its default included.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.settings.explicit(name) {
            Some(value) => Some(value.to_string()),
            None => table::topic_key(name)?.default.map(str::to_owned),
        }
    }

    /// Whether a topic may be given this value.
    ///
    /// # Errors
    /// `None` for a name that no topic key has.
    pub fn check(name: &str, text: &str) -> Result<(), Option<InvalidValue>> {
        let key = table::topic_key(name).ok_or(None)?;
        Value::parse(key, text).map(|_| ()).map_err(Some)
    }

    /// Whether the values of a topic that has `own` go together.
    ///
    /// # Errors
    /// A sentence that names what does not.
    pub fn check_together(broker: &Settings, own: &Settings) -> Result<(), String> {
        let has_remote_storage = broker.value("remote.log.storage.system.enable");
        if own.explicit("remote.storage.enable") == Some(&Value::Boolean(true))
            && has_remote_storage != Some(Value::Boolean(true))
        {
            let problem = "remote.storage.enable: there is no remote storage \
                           (remote.log.storage.system.enable)";
            return Err(problem.to_owned());
        }
        let config = Self::layered(broker, own);
        let (least, most) = ("min.compaction.lag.ms", "max.compaction.lag.ms");
        let (least_lag, most_lag) = (config.integer(least), config.integer(most));
        if least_lag > most_lag {
            return Err(format!(
                "{least} is at most {most}, found {least_lag} and {most_lag}"
            ));
        }
        Ok(())
    }

    fn integer(&self, name: &str) -> i64 {
        match self.settings.explicit(name) {
            Some(Value::Integer(value)) => *value,
            _ => table::topic_default(name),
        }
    }

    fn age(&self, name: &str) -> Option<Duration> {
        u64::try_from(self.integer(name))
            .ok()
            .map(Duration::from_millis)
    }

    fn list(&self, name: &str) -> Vec<&str> {
        match self.settings.explicit(name) {
            Some(Value::List(items)) => items.iter().map(String::as_str).collect(),
            _ => table::topic_key(name)
                .and_then(|key| key.default)
                .into_iter()
                .collect(),
        }
    }

    #[must_use]
    pub fn segment_bytes(&self) -> u64 {
        let of_tests = self.settings.explicit("internal.segment.bytes");
        let bytes = match of_tests {
            Some(Value::Integer(bytes)) => *bytes,
            _ => self.integer("segment.bytes"),
        };
        bytes.unsigned_abs()
    }

    #[must_use]
    pub fn segment_age(&self) -> Duration {
        self.age("segment.ms").unwrap_or(Duration::MAX)
    }

    /// How much earlier at most a segment may roll, so that not all do at once.
    #[must_use]
    pub fn segment_jitter(&self) -> Duration {
        self.age("segment.jitter.ms").unwrap_or_default()
    }

    #[must_use]
    pub fn index_interval_bytes(&self) -> u64 {
        self.integer("index.interval.bytes").unsigned_abs()
    }

    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.integer("segment.index.bytes").unsigned_abs() as usize
    }

    /// `None` for any amount.
    #[must_use]
    pub fn retention_bytes(&self) -> Option<u64> {
        u64::try_from(self.integer("retention.bytes")).ok()
    }

    /// `None` for ever.
    #[must_use]
    pub fn retention_age(&self) -> Option<Duration> {
        self.age("retention.ms")
    }

    #[must_use]
    pub fn deletes(&self) -> bool {
        self.list("cleanup.policy").contains(&"delete")
    }

    #[must_use]
    pub fn compacts(&self) -> bool {
        self.list("cleanup.policy").contains(&"compact")
    }

    #[must_use]
    pub fn max_message_bytes(&self) -> usize {
        self.integer("max.message.bytes").unsigned_abs() as usize
    }

    #[must_use]
    pub fn min_insync_replicas(&self) -> usize {
        self.integer("min.insync.replicas").unsigned_abs() as usize
    }

    /// Whether a replica that may lack committed records can lead when no other can.
    #[must_use]
    pub fn allows_unclean_election(&self) -> bool {
        matches!(
            self.settings.explicit("unclean.leader.election.enable"),
            Some(Value::Boolean(true))
        )
    }

    /// Records that may wait for a sync.
    #[must_use]
    pub fn flush_messages(&self) -> i64 {
        self.integer("flush.messages")
    }

    /// Milliseconds that a record may wait for a sync.
    #[must_use]
    pub fn flush_ms(&self) -> i64 {
        self.integer("flush.ms")
    }

    #[must_use]
    pub fn file_delete_delay(&self) -> Duration {
        self.age("file.delete.delay.ms").unwrap_or_default()
    }

    #[must_use]
    pub fn message_timestamp_type(&self) -> MessageTimestampType {
        match self.settings.explicit("message.timestamp.type") {
            Some(Value::Text(name)) if name == "LogAppendTime" => {
                MessageTimestampType::LogAppendTime
            }
            _ => MessageTimestampType::CreateTime,
        }
    }

    /// How far a record's time may lie back, in milliseconds.
    #[must_use]
    pub fn timestamp_before_max_ms(&self) -> i64 {
        self.integer("message.timestamp.before.max.ms")
    }

    /// How far a record's time may lie ahead, in milliseconds.
    #[must_use]
    pub fn timestamp_after_max_ms(&self) -> i64 {
        self.integer("message.timestamp.after.max.ms")
    }

    /// The codec that batches are stored in; `producer` for the one they come in.
    #[must_use]
    pub fn compression_type(&self) -> &str {
        match self.settings.explicit("compression.type") {
            Some(Value::Text(name)) => name,
            _ => "producer",
        }
    }

    /// For batches stored in gzip: 1 to 9, or -1 for the codec's own.
    #[must_use]
    pub fn gzip_level(&self) -> i32 {
        self.level("compression.gzip.level")
    }

    /// For batches stored in zstd.
    #[must_use]
    pub fn zstd_level(&self) -> i32 {
        self.level("compression.zstd.level")
    }

    fn level(&self, name: &str) -> i32 {
        i32::try_from(self.integer(name)).expect("the key is of 32 bits")
    }
}
