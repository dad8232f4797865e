//! The quorum of controllers and the metadata log.

use super::{Form, Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The voters of a static quorum, each as id@host:port.
    "controller.quorum.voters": List = "", form(Form::Voters), honoured;
    /// Where to find the controllers of a dynamic quorum, each as host:port.
    "controller.quorum.bootstrap.servers": List = "", form(Form::Addresses), honoured;
    /// Whether a new controller makes itself a voter.
    "controller.quorum.auto.join.enable": Boolean = "false";
    /// How long a voter that hears of no leader waits before it stands for election.
    "controller.quorum.election.timeout.ms": Int = "1000", at_least(0), honoured;
    /// How long a voter waits at most after an election that nobody won.
    "controller.quorum.election.backoff.max.ms": Int = "1000", at_least(0);
    /// How long a voter goes without word from the leader before it stands itself, and a leader without word from a majority
    /// before it resigns.
    "controller.quorum.fetch.timeout.ms": Int = "2000", at_least(0), honoured;
    /// The most bytes of metadata log in one answer to a fetch.
    "controller.quorum.fetch.max.bytes": Int = "1048576", at_least(1), honoured;
    /// The most bytes of a snapshot in one answer.
    "controller.quorum.fetch.snapshot.max.bytes": Int = "1048576", at_least(1), honoured;
    /// How long the leader collects records before it writes them to the metadata log.
    "controller.quorum.append.linger.ms": Int = "25", at_least(0);
    /// How long a request to another controller may take.
    "controller.quorum.request.timeout.ms": Int = "2000", at_least(0);
    /// How long to wait before a request to another controller is sent again.
    "controller.quorum.retry.backoff.ms": Int = "20", at_least(0);
    /// How long a broker's request to the controller may take on the network.
    "controller.socket.timeout.ms": Int = "30000";
    /// How long a starting broker tries to register before it gives up.
    "initial.broker.registration.timeout.ms": Int = "60000";
    /// How often a broker tells the controller that it is alive.
    "broker.heartbeat.interval.ms": Int = "2000";
    /// After how long without a heartbeat the controller fences a broker off.
    "broker.session.timeout.ms": Int = "9000";
    /// The directory of the metadata log; the first of log.dirs where it is not set.
    "metadata.log.dir": Text, honoured;
    /// At what size the metadata log goes on in a new segment.
    "metadata.log.segment.bytes": Int = "1073741824", at_least(8388608), honoured;
    /// After how long the metadata log goes on in a new segment.
    "metadata.log.segment.ms": Long = "604800000", honoured;
    /// After how many bytes of metadata log a new snapshot is written.
    "metadata.log.max.record.bytes.between.snapshots": Long = "20971520", at_least(1), honoured;
    /// After how long a new snapshot is written although there are few new records; 0 for never.
    "metadata.log.max.snapshot.interval.ms": Long = "3600000", at_least(0), honoured;
    /// At what size, log and snapshots together, the oldest metadata is removed.
    "metadata.max.retention.bytes": Long = "104857600", honoured;
    /// At what age metadata that a later snapshot covers is removed.
    "metadata.max.retention.ms": Long = "604800000", honoured;
    /// How long the leader lets the metadata log rest before it writes a record that says nothing; 0 for ever.
    "metadata.max.idle.interval.ms": Int = "500", at_least(0);
    /// A smaller segment size of the metadata log than is allowed otherwise, for tests.
    "internal.metadata.log.segment.bytes": Int, internal, honoured;
    /// The largest batch in the metadata log.
    "internal.metadata.max.batch.size.in.bytes": Int = "8388608", internal;
    /// How long a deleted segment or snapshot of the metadata log stays as a file.
    "internal.metadata.delete.delay.millis": Long = "60000", internal;
    /// Over what time the controller sums up how long its events took.
    "controller.performance.sample.period.ms": Long = "60000", at_least(100), internal;
    /// From what duration on a controller event is logged by itself.
    "controller.performance.always.log.threshold.ms": Long = "2000", at_least(0), internal;
};
