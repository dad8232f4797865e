//! What this node knows of the cluster before it serves: the metadata log, replayed.

use ottla_config::ServerConfig;
use ottla_controller::{Controller, Options as ControllerOptions};
use ottla_env::Env;
use ottla_log::dir::META_PROPERTIES;
use ottla_metadata::features::{self, MetadataVersion};
use ottla_model::Uuid;
use ottla_raft::{
    Endpoint, Membership, Options as RaftOptions, Raft, ReplicaKey, SnapshotOptions, Voter,
};

use super::{OwnDirectory, StartError};
use crate::quorum::{METADATA_LOG, MetadataLog, MetadataLogError, MetadataLogOptions};

pub(super) fn load<E: Env>(
    env: &E,
    config: &ServerConfig,
    (directory, directory_id): &OwnDirectory<E>,
    endpoints: Vec<Endpoint>,
) -> Result<(Raft, MetadataLog<E>, Controller), StartError> {
    let options = MetadataLogOptions {
        segment_bytes: config.metadata_segment_bytes(),
        segment_age: config.metadata_segment_age(),
        snapshots: SnapshotOptions {
            bytes_between: config.snapshot_bytes(),
            interval: config.snapshot_interval(),
            retention_bytes: config.metadata_retention_bytes(),
            retention_age: config.metadata_retention_age(),
        },
    };
    let (log, found) = MetadataLog::open(env, directory, options)?;
    let voters = if found.voters.is_empty() {
        if !config.has_static_quorum() {
            return Err(StartError::NoVoters(directory.path().join(METADATA_LOG)));
        }
        // The configuration names nobody else for a node of its own.
        let endpoint = config.static_voter();
        vec![Voter {
            key: ReplicaKey {
                id: config.node_id(),
                directory: Uuid::ZERO,
            },
            endpoints: endpoint
                .map(|(name, host, port)| Endpoint { name, host, port })
                .into_iter()
                .collect(),
        }]
    } else {
        found.voters
    };
    if let [voter] = &voters[..]
        && voter.key.id == config.node_id()
        && ![Uuid::ZERO, *directory_id].contains(&voter.key.directory)
    {
        return Err(StartError::OtherDirectory {
            path: directory.path().join(META_PROPERTIES),
            expected: voter.key.directory,
            found: *directory_id,
        });
    }
    let raft = Raft::new(RaftOptions {
        node: config.node_id(),
        directory: *directory_id,
        membership: Membership {
            kraft_version: found.kraft_version,
            voters,
        },
        endpoints,
        stored: found.stored,
        log_epoch: found.log_epoch,
        log_end: found.log_end,
        election_timeout: config.quorum_election_timeout(),
        fetch_timeout: config.quorum_fetch_timeout(),
    })?;
    let options = ControllerOptions {
        node: config.node_id(),
        settings: config.settings().clone(),
        default_partitions: config.default_partitions(),
        default_replication_factor: config.default_replication_factor(),
        deletes_topics: config.deletes_topics(),
        bootstrap: found
            .bootstrap
            .unwrap_or_else(|| features::bootstrap(MetadataVersion::LATEST)),
    };
    let mut controller = Controller::new(options).with_image(found.image.unwrap_or_default());
    for (offset, record) in &found.records {
        controller
            .replay(record, *offset)
            .map_err(|error| MetadataLogError::Invalid {
                path: directory.path().join(METADATA_LOG),
                problem: format!("the record at offset {offset}: {error}"),
            })?;
    }
    Ok((raft, log, controller))
}
