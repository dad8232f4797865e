//! What a node is, and what it lets clients do.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The id of this node, which no other broker or controller of the cluster has.
    "node.id": Int, at_least(0), honoured;
    /// The older name of node.id; where both are set they must agree.
    "broker.id": Int = "-1", honoured;
    /// What this process is: broker, controller, or both.
    "process.roles": List, one_of(&["broker", "controller"]), not_empty, honoured;
    /// Where this broker stands, such as a rack or an availability zone: replicas are spread over racks, and consumers can read
    /// from the nearest.
    "broker.rack": Text, honoured;
    /// Threads that carry out requests.
    "num.io.threads": Int = "8", at_least(1), cluster_wide;
    /// Threads for work that no request waits for.
    "background.threads": Int = "10", at_least(1), cluster_wide;
    /// How long a request that this node sends to another may take before it counts as failed.
    "request.timeout.ms": Int = "30000";
    /// Whether topics may be deleted at all.
    "delete.topic.enable": Boolean = "true", honoured;
    /// A plugin that is asked before a topic is created and may refuse it.
    "create.topic.policy.class.name": Class, protects;
    /// A plugin that is asked before a config is changed and may refuse it.
    "alter.config.policy.class.name": Class, protects;
    /// Whether a topic comes into being when a client that allows it asks for its metadata.
    "auto.create.topics.enable": Boolean = "true", honoured;
    /// Whether a broker hands its leaderships over before it stops.
    "controlled.shutdown.enable": Boolean = "true";
    /// Names of plugins that fill in values, such as secrets, which stand elsewhere than in this file.
    "config.providers": List = "", cluster_wide;
    /// How many partitions one answer to DescribeTopicPartitions holds before it goes on in another page.
    "max.request.partition.size.limit": Int = "2000", at_least(1), honoured;
    /// How many incremental fetch sessions the broker remembers.
    "max.incremental.fetch.session.cache.slots": Int = "1000", at_least(0), honoured;
    /// The most bytes that one answer to a fetch holds; a first batch that is larger comes all the same.
    "fetch.max.bytes": Int = "57671680", at_least(1024), honoured;
    /// After how many fetches the ones that are done are cleared from the waiting ones.
    "fetch.purgatory.purge.interval.requests": Int = "1000";
    /// After how many produce requests the ones that are done are cleared from the waiting ones.
    "producer.purgatory.purge.interval.requests": Int = "1000";
    /// After how many deletions of records the ones that are done are cleared from the waiting ones.
    "delete.records.purgatory.purge.interval.requests": Int = "1";
    /// How long a start may take before it is given up.
    "server.max.startup.time.ms": Long = "9223372036854775807", at_least(0), internal;
    /// Whether versions of requests are offered that are still in development.
    "unstable.api.versions.enable": Boolean = "false", internal;
    /// Whether feature levels may be chosen that are still in development.
    "unstable.feature.versions.enable": Boolean = "false", internal;
};
