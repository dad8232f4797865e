//! Metrics.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Plugins that the metrics are handed to.
    "metric.reporters": List = "org.apache.kafka.common.metrics.JmxReporter", cluster_wide;
    /// Over how many samples a metric is computed.
    "metrics.num.samples": Int = "2", at_least(1);
    /// The length of a sample.
    "metrics.sample.window.ms": Long = "30000", at_least(1);
    /// From which level on metrics are recorded: INFO, DEBUG or TRACE.
    "metrics.recording.level": Text = "INFO";
    /// Plugins that the older kind of metrics is handed to.
    "kafka.metrics.reporters": List = "";
    /// How often these plugins may ask.
    "kafka.metrics.polling.interval.secs": Int = "10", at_least(1);
    /// The most bytes of metrics that a client may push at once, packed and unpacked.
    "telemetry.max.bytes": Int = "1048576", at_least(1), honoured;
    /// Ottla's own: clients are told that they can push their metrics, and what they push goes to the log.
    "client.telemetry.export": Boolean = "false", internal, honoured;
};
