//! Makes directories a node's own, before its first start (KIP-631, KIP-853).

use std::io;

use ottla_config::ServerConfig;
use ottla_env::{Disk, Entropy};
use ottla_log::dir::{LogDirectory, MetaProperties, replace_file};
use ottla_metadata::features::{self, MetadataVersion};
use ottla_model::{Timestamp, Uuid};
use ottla_raft::checkpoint::{self, SnapshotId};
use ottla_raft::{ReplicaKey, Voter};
use ottla_wire::control_record::{ControlRecord, KRaftVersionRecord, VotersRecord};

use crate::StartError;
use crate::endpoints::quorum_endpoint;
use crate::quorum::{BOOTSTRAP, METADATA_LOG};

/// How a cluster begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub cluster_id: String,
    pub metadata_version: MetadataVersion,
    /// This node is the one voter of a dynamic quorum; otherwise the voters are those of the configuration.
    pub is_standalone: bool,
    /// Directories that are formatted already are left as they are.
    pub ignores_formatted: bool,
}

/// Formats all directories of the configuration. A crash on the way leaves directories that are not formatted yet.
///
/// # Errors
/// A directory that is in use or, unless that is to be ignored, formatted already; the disk's.
pub fn format<D: Disk>(
    disk: &D,
    entropy: &impl Entropy,
    now: Timestamp,
    config: &ServerConfig,
    format: &Format,
) -> Result<(), StartError> {
    let metadata_directory = config.metadata_log_dir();
    for path in config.directories() {
        let directory = LogDirectory::open(disk.clone(), &path)?;
        if directory.meta_properties()?.is_some() {
            if format.ignores_formatted {
                continue;
            }
            return Err(StartError::Formatted(path));
        }
        let fails = |error| StartError::Io {
            path: path.clone(),
            error,
        };
        let directory_id = entropy.uuid();
        if path == metadata_directory {
            bootstrap(disk, &directory, now, config, format, directory_id).map_err(fails)?;
        }
        // Last, for it is what makes the directory a formatted one.
        let properties = MetaProperties {
            cluster_id: format.cluster_id.clone(),
            node_id: config.node_id(),
            directory_id: Some(directory_id),
        };
        directory
            .write_meta_properties(&properties)
            .map_err(fails)?;
    }
    Ok(())
}

/// The records that a new cluster begins with, and its first voter.
fn bootstrap<D: Disk>(
    disk: &D,
    directory: &LogDirectory<D>,
    now: Timestamp,
    config: &ServerConfig,
    format: &Format,
    directory_id: Uuid,
) -> io::Result<()> {
    let version = format.metadata_version;
    let records: Vec<_> = features::bootstrap(version)
        .iter()
        .map(|record| record.encode(version.record_version(record)))
        .collect();
    let file = checkpoint::build(SnapshotId::BOOTSTRAP, now, &[], &records);
    replace_file(disk, directory.path(), BOOTSTRAP, &file)?;
    if !format.is_standalone {
        return Ok(());
    }
    let controllers = config
        .listeners()
        .iter()
        .filter(|listener| config.is_controller_listener(&listener.name));
    let endpoints =
        controllers.map(|listener| quorum_endpoint(config, &listener.name, listener.port));
    let voter = Voter {
        key: ReplicaKey {
            id: config.node_id(),
            directory: directory_id,
        },
        endpoints: endpoints.collect(),
    };
    let quorum = [
        ControlRecord::KRaftVersion(KRaftVersionRecord {
            version: 0,
            kraft_version: 1,
        }),
        ControlRecord::KRaftVoters(VotersRecord {
            version: 0,
            voters: vec![voter.record()],
        }),
    ];
    let metadata = directory.path().join(METADATA_LOG);
    disk.create_directories(&metadata)?;
    let file = checkpoint::build(SnapshotId::BOOTSTRAP, now, &quorum, &[]);
    replace_file(disk, &metadata, &SnapshotId::BOOTSTRAP.file_name(), &file)
}
