//! What a node does besides answering: it passes on what its parts tell it, and keeps house.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc;
use ottla_controller::AssignedDirectory;
use ottla_env::{Clock, Env, Spawn};
use ottla_model::{BrokerEpoch, Uuid};

use super::DirectoryLane;
use crate::cordons::tell_cordoned;
use crate::directories::tell_directories;
use crate::failed_directories::{UsableDirectories, tell_failed};
use crate::failure::Failures;
use crate::lane::{Job, Lane};
use crate::moves::move_replicas;
use crate::net::follow_hosts;
use crate::node::Node;
use crate::partition::PartitionKey;

const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// A log that nobody has used for so long gives back what it holds.
const IDLE: Duration = Duration::from_secs(10);
const CHECKPOINTS: Duration = Duration::from_secs(5);
/// Retention lets a node come up first.
const FIRST_RETENTION: Duration = Duration::from_secs(30);

/// What the parts of the node have told it, and will.
pub(super) struct Inboxes {
    pub(super) to_move: mpsc::UnboundedReceiver<PartitionKey>,
    pub(super) assigned: mpsc::UnboundedReceiver<AssignedDirectory>,
    pub(super) cordoned: mpsc::UnboundedReceiver<Vec<Uuid>>,
    pub(super) failed: mpsc::UnboundedReceiver<Uuid>,
}

/// Of a broker that is registered in `epoch`. `metadata` is the directory of the metadata log.
pub(super) fn begin<E: Env>(
    node: &Arc<Node<E>>,
    epoch: BrokerEpoch,
    inboxes: Inboxes,
    metadata: Uuid,
    of_partitions: BTreeSet<Uuid>,
    failures: &Arc<Failures>,
) {
    let Inboxes {
        to_move,
        assigned,
        cordoned,
        failed,
    } = inboxes;
    let spawn = node.env.spawn();
    spawn.task(tell_directories(Arc::clone(node), epoch, assigned));
    spawn.task(tell_cordoned(Arc::clone(node), epoch, cordoned));
    spawn.task(move_replicas(Arc::clone(node), epoch, to_move));
    let usable = UsableDirectories {
        metadata,
        of_partitions,
    };
    let failures = Arc::clone(failures);
    spawn.task(tell_failed(
        Arc::clone(node),
        epoch,
        usable,
        failed,
        failures,
    ));
    let limits = Arc::clone(&node.connection_limits);
    spawn.task(follow_hosts(node.env.clone(), limits));
}

pub(super) fn keep_house<E: Env>(node: &Node<E>, lanes: &[DirectoryLane<E>]) {
    let retention = node.config.retention_check_interval();
    for (_, lane) in lanes {
        let repeat = |first, every, job| repeat(&node.env, first, every, lane.clone(), job);
        repeat(HOUSEKEEPING, HOUSEKEEPING, || Job::Housekeep);
        repeat(IDLE, IDLE, || Job::GiveBack);
        repeat(CHECKPOINTS, CHECKPOINTS, || Job::Checkpoint);
        repeat(FIRST_RETENTION, retention, || Job::Retain);
    }
}

fn repeat<E: Env>(env: &E, first: Duration, every: Duration, lane: Lane<E>, job: fn() -> Job<E>) {
    let clock = env.clock().clone();
    env.spawn().task(async move {
        clock.sleep(first).await;
        loop {
            lane.send(job());
            clock.sleep(every).await;
        }
    });
}
