//! Share groups (KIP-932).

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// After how long without a heartbeat a member of a share group is out.
    "group.share.session.timeout.ms": Int = "45000", at_least(1);
    /// The shortest session that a share group may be given.
    "group.share.min.session.timeout.ms": Int = "45000", at_least(1);
    /// The longest session that a share group may be given.
    "group.share.max.session.timeout.ms": Int = "60000", at_least(1);
    /// How often the members of a share group are to send heartbeats.
    "group.share.heartbeat.interval.ms": Int = "5000", at_least(1);
    /// The shortest heartbeat interval that a share group may be given.
    "group.share.min.heartbeat.interval.ms": Int = "5000", at_least(1);
    /// The longest heartbeat interval that a share group may be given.
    "group.share.max.heartbeat.interval.ms": Int = "15000", at_least(1);
    /// The least time between two assignments of a share group.
    "group.share.assignment.interval.ms": Int = "1000", at_least(0), cluster_wide;
    /// The shortest assignment interval that a share group may be given.
    "group.share.min.assignment.interval.ms": Int = "0", at_least(0);
    /// The longest assignment interval that a share group may be given.
    "group.share.max.assignment.interval.ms": Int = "15000", at_least(0);
    /// Whether assignments of share groups are computed beside the coordinator's other work.
    "group.share.assignor.offload.enable": Boolean = "true", internal;
    /// How many members a share group may have.
    "group.share.max.size": Int = "200", at_least(1), at_most(1000);
    /// The assignor of share groups.
    "group.share.assignors": List = "simple", not_empty;
    /// How often a record is delivered before it is given up.
    "group.share.delivery.count.limit": Int = "5", at_least(2), at_most(10);
    /// The lowest delivery limit that a share group may be given.
    "group.share.min.delivery.count.limit": Int = "2", at_least(2), at_most(5);
    /// The highest delivery limit that a share group may be given.
    "group.share.max.delivery.count.limit": Int = "10", at_least(5), at_most(25);
    /// For how long a record belongs to the consumer that acquired it.
    "group.share.record.lock.duration.ms": Int = "30000", at_least(1000), at_most(3600000);
    /// The shortest lock that a share group may be given.
    "group.share.min.record.lock.duration.ms": Int = "15000", at_least(1000), at_most(30000);
    /// The longest lock that a share group may be given.
    "group.share.max.record.lock.duration.ms": Int = "60000", at_least(30000), at_most(3600000);
    /// How many records of a partition may be acquired at once by the members of one group.
    "group.share.partition.max.record.locks": Int = "2000", at_least(100), at_most(10000);
    /// The lowest limit on acquired records that a share group may be given.
    "group.share.min.partition.max.record.locks": Int = "100", at_least(100), at_most(2000);
    /// The highest limit on acquired records that a share group may be given.
    "group.share.max.partition.max.record.locks": Int = "4000", at_least(2000), at_most(10000);
    /// How many share sessions the broker keeps.
    "group.share.max.share.sessions": Int = "2000", at_least(1);
    /// The plugin that keeps the state of share groups.
    "group.share.persister.class.name": Text = "org.apache.kafka.server.share.persister.DefaultStatePersister", internal;
    /// After how long a partition whose state did not come up for a share group is tried again.
    "group.share.initialize.retry.interval.ms": Int = "30000", at_least(1), internal;
    /// After how many share fetches the ones that are done are cleared from the waiting ones.
    "share.fetch.purgatory.purge.interval.requests": Int = "1000";
    /// How many partitions the topic of share group state gets; not to be changed later.
    "share.coordinator.state.topic.num.partitions": Int = "50", at_least(1);
    /// How many replicas the topic of share group state gets.
    "share.coordinator.state.topic.replication.factor": Short = "3", at_least(1);
    /// How many replicas of it must be in sync for a write to be taken.
    "share.coordinator.state.topic.min.isr": Short = "2", at_least(1);
    /// The segment size of the topic of share group state.
    "share.coordinator.state.topic.segment.bytes": Int = "104857600", at_least(1);
    /// The number of the codec that the topic of share group state is written with.
    "share.coordinator.state.topic.compression.codec": Int = "0";
    /// How often records that later ones replace are removed from the topic of share group state.
    "share.coordinator.state.topic.prune.interval.ms": Int = "300000", at_least(1), internal;
    /// Threads that carry out what share coordinators decide.
    "share.coordinator.threads": Int = "1", at_least(1);
    /// After how many updates a share coordinator writes the whole state of a partition again.
    "share.coordinator.snapshot.update.records.per.snapshot": Int = "500", at_least(0), at_most(500);
    /// How often a share coordinator looks for partitions at rest, to write their whole state again.
    "share.coordinator.cold.partition.snapshot.interval.ms": Int = "300000", at_least(1), internal;
    /// How many bytes are read at once when a coordinator loads share group state.
    "share.coordinator.load.buffer.size": Int = "5242880", at_least(1);
    /// How long a share coordinator collects records before it writes them; -1 adapts to the load.
    "share.coordinator.append.linger.ms": Int = "-1", at_least(-1);
    /// The largest buffer that a share coordinator keeps for its next writes.
    "share.coordinator.cached.buffer.max.bytes": Int = "1048588", at_least(524288), cluster_wide;
    /// How long a share coordinator's write waits for its replicas.
    "share.coordinator.write.timeout.ms": Int = "5000", at_least(1);
};
