//! Classic and consumer groups, and committed offsets.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The kinds of groups that are served.
    "group.coordinator.rebalance.protocols": List = "classic,consumer,streams", one_of(&["consumer", "classic", "share", "streams"]), not_empty, honoured;
    /// Threads that carry out what group coordinators decide.
    "group.coordinator.threads": Int = "4", at_least(1);
    /// Threads for a group coordinator's longer work, such as regular expressions and assignments.
    "group.coordinator.background.threads": Int = "2", at_least(1);
    /// How long a group coordinator collects records before it writes them; -1 adapts to the load.
    "group.coordinator.append.linger.ms": Int = "-1", at_least(-1);
    /// The largest buffer that a group coordinator keeps for its next writes.
    "group.coordinator.cached.buffer.max.bytes": Int = "1048588", at_least(524288), cluster_wide;
    /// How long a commit of offsets waits for its replicas.
    "offsets.commit.timeout.ms": Int = "5000", at_least(1), honoured;
    /// How many bytes are read at once when a coordinator loads offsets.
    "offsets.load.buffer.size": Int = "5242880", at_least(1), honoured;
    /// How many replicas the offsets topic gets.
    "offsets.topic.replication.factor": Short = "3", at_least(1), honoured;
    /// How many partitions the offsets topic gets; not to be changed later.
    "offsets.topic.num.partitions": Int = "50", at_least(1), honoured;
    /// The segment size of the offsets topic, small so that it is compacted and loaded fast.
    "offsets.topic.segment.bytes": Int = "104857600", at_least(1), honoured;
    /// The number of the codec that the offsets topic is written with.
    "offsets.topic.compression.codec": Int = "0", honoured;
    /// The longest note that may be committed with an offset.
    "offset.metadata.max.bytes": Int = "4096", honoured;
    /// How long the offsets of a group without members are kept.
    "offsets.retention.minutes": Int = "10080", at_least(1), honoured;
    /// How often offsets are looked through for ones whose time is over.
    "offsets.retention.check.interval.ms": Long = "600000", at_least(1), honoured;
    /// The shortest session that a member of a classic group may ask for.
    "group.min.session.timeout.ms": Int = "6000", honoured;
    /// The longest session that a member of a classic group may ask for.
    "group.max.session.timeout.ms": Int = "1800000", honoured;
    /// How long a new classic group waits for more members before its first assignment.
    "group.initial.rebalance.delay.ms": Int = "3000", honoured;
    /// How many members a classic group may have.
    "group.max.size": Int = "2147483647", at_least(1), honoured;
    /// After how long without a heartbeat a member of a consumer group is out.
    "group.consumer.session.timeout.ms": Int = "45000", at_least(1), honoured;
    /// The shortest session that a consumer group may be given.
    "group.consumer.min.session.timeout.ms": Int = "45000", at_least(1), honoured;
    /// The longest session that a consumer group may be given.
    "group.consumer.max.session.timeout.ms": Int = "60000", at_least(1), honoured;
    /// How often the members of a consumer group are to send heartbeats.
    "group.consumer.heartbeat.interval.ms": Int = "5000", at_least(1), honoured;
    /// The shortest heartbeat interval that a consumer group may be given.
    "group.consumer.min.heartbeat.interval.ms": Int = "5000", at_least(1), honoured;
    /// The longest heartbeat interval that a consumer group may be given.
    "group.consumer.max.heartbeat.interval.ms": Int = "15000", at_least(1), honoured;
    /// The least time between two assignments of a consumer group.
    "group.consumer.assignment.interval.ms": Int = "1000", at_least(0), cluster_wide, honoured;
    /// The shortest assignment interval that a consumer group may be given.
    "group.consumer.min.assignment.interval.ms": Int = "0", at_least(0), honoured;
    /// The longest assignment interval that a consumer group may be given.
    "group.consumer.max.assignment.interval.ms": Int = "15000", at_least(0), honoured;
    /// Whether assignments of consumer groups are computed beside the coordinator's other work.
    "group.consumer.assignor.offload.enable": Boolean = "true", internal;
    /// How many members a consumer group may have.
    "group.consumer.max.size": Int = "2147483647", at_least(1), honoured;
    /// The assignors that consumer groups can choose from, the default one first.
    "group.consumer.assignors": List = "uniform,range", not_empty, honoured;
    /// Whether classic groups become consumer groups, and the other way round, as members of the other kind join.
    "group.consumer.migration.policy": Text = "bidirectional", one_of_any_case(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]), honoured;
    /// How often the regular expressions of consumer groups are matched against the topics again.
    "group.consumer.regex.refresh.interval.ms": Int = "600000", at_least(10000), internal, honoured;
};
