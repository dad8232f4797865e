//! Makes directories a node's own, before its first start (KIP-631, KIP-853).

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use ottla_config::ServerConfig;
use ottla_env::{Disk, Entropy};
use ottla_log::dir::{DirectoryError, LogDirectory, MetaProperties, replace_file};
use ottla_metadata::features::{self, FeatureError, MetadataVersion};
use ottla_model::{Timestamp, Uuid};
use ottla_raft::checkpoint::{self, SnapshotId};
use ottla_raft::{Membership, ReplicaKey, Voter};
use ottla_wire::metadata_record::MetadataRecord;
use thiserror::Error;

use crate::StartError;
use crate::endpoints::quorum_endpoint;
use crate::quorum::{BOOTSTRAP, METADATA_LOG};

/// How a cluster begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub cluster_id: String,
    pub metadata_version: MetadataVersion,
    /// Features at other levels than those of the cluster's age.
    pub levels: BTreeMap<String, i16>,
    pub quorum: FirstQuorum,
    /// Directories that are formatted already are left as they are.
    pub ignores_formatted: bool,
}

/// Who votes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstQuorum {
    /// Those of `controller.quorum.voters`; or nobody, until this node is told by others.
    Configured,
    /// This node alone.
    Standalone,
    /// These, of which this node may be one.
    Voters(Vec<Voter>),
}

/// What a directory became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryKind {
    /// For partitions only.
    Data,
    /// For the metadata log, whose voters the configuration names.
    Metadata,
    /// For the metadata log, whose voters are in it.
    DynamicMetadata,
    /// The same, and this node is one of them.
    Voter,
}

/// What was done with a configuration's directories; those that were formatted before are in neither list.
#[derive(Debug, Default)]
pub struct Formatted {
    pub directories: Vec<(PathBuf, DirectoryKind)>,
    /// They cannot be read, and a node can do without them.
    pub unreadable: Vec<(PathBuf, DirectoryError)>,
}

/// Why a directory was not formatted; each says what to do.
#[derive(Debug, Error)]
pub enum FormatError {
    #[error(
        "{0} is formatted already: give --ignore-formatted to leave it as it is and format the others"
    )]
    Formatted(PathBuf),
    #[error(
        "{path} belongs to cluster {found}: give --cluster-id {found}, or remove what is in it to make a new cluster"
    )]
    OtherCluster { path: PathBuf, found: String },
    #[error(transparent)]
    Features(#[from] FeatureError),
    #[error(transparent)]
    Directory(#[from] StartError),
}

/// Formats the directories of the configuration. Nothing is written unless all can be; a crash on the way leaves
/// directories that are not formatted yet.
///
/// # Errors
/// See [`FormatError`].
pub fn format<D: Disk>(
    disk: &D,
    entropy: &impl Entropy,
    now: Timestamp,
    config: &ServerConfig,
    format: &Format,
) -> Result<Formatted, FormatError> {
    let records = features::bootstrap_with(format.metadata_version, &format.levels)?;
    let metadata_directory = config.metadata_log_dir();
    let mut formatted = Formatted::default();
    let mut empty = Vec::new();
    for path in config.directories() {
        let opened = LogDirectory::open(disk.clone(), &path)
            .and_then(|directory| Ok((directory.meta_properties()?, directory)));
        match opened {
            Ok((None, directory)) => empty.push(directory),
            Ok((Some(_), _)) if !format.ignores_formatted => {
                return Err(FormatError::Formatted(path));
            }
            Ok((Some(properties), _)) => check(config, format, path, properties)?,
            Err(error @ DirectoryError::Locked { .. }) => {
                return Err(StartError::from(error).into());
            }
            Err(error) if path == metadata_directory => return Err(StartError::from(error).into()),
            Err(error) => formatted.unreadable.push((path, error)),
        }
    }
    for directory in empty {
        let path = directory.path().to_path_buf();
        let fails = |error| StartError::Io {
            path: path.clone(),
            error,
        };
        let mut directory_id = entropy.uuid();
        let mut kind = DirectoryKind::Data;
        if path == metadata_directory {
            let voters = voters(config, &format.quorum, directory_id);
            let own = voters.iter().find(|voter| voter.key.id == config.node_id());
            directory_id = own.map_or(directory_id, |own| own.key.directory);
            kind = match (voters.is_empty(), own) {
                (true, _) => DirectoryKind::Metadata,
                (false, None) => DirectoryKind::DynamicMetadata,
                (false, Some(_)) => DirectoryKind::Voter,
            };
            write_voters(disk, &directory, now, &voters).map_err(fails)?;
        }
        write_bootstrap(disk, &directory, now, format.metadata_version, &records).map_err(fails)?;
        // Last, for it is what makes the directory a formatted one.
        let properties = MetaProperties {
            cluster_id: format.cluster_id.clone(),
            node_id: config.node_id(),
            directory_id: Some(directory_id),
        };
        directory
            .write_meta_properties(&properties)
            .map_err(fails)?;
        formatted.directories.push((path, kind));
    }
    Ok(formatted)
}

/// What is there already must be this node's, in this cluster.
fn check(
    config: &ServerConfig,
    format: &Format,
    path: PathBuf,
    properties: MetaProperties,
) -> Result<(), FormatError> {
    if properties.node_id != config.node_id() {
        return Err(FormatError::Directory(StartError::OtherNode {
            path,
            expected: config.node_id(),
            found: properties.node_id,
        }));
    }
    if properties.cluster_id != format.cluster_id {
        let found = properties.cluster_id;
        return Err(FormatError::OtherCluster { path, found });
    }
    Ok(())
}

fn voters(config: &ServerConfig, quorum: &FirstQuorum, directory: Uuid) -> Vec<Voter> {
    match quorum {
        FirstQuorum::Configured => Vec::new(),
        FirstQuorum::Voters(voters) => voters.clone(),
        FirstQuorum::Standalone => {
            let listener = config.told_controller_listener();
            vec![Voter {
                key: ReplicaKey {
                    id: config.node_id(),
                    directory,
                },
                endpoints: vec![quorum_endpoint(config, &listener.name, listener.port)],
            }]
        }
    }
}

/// The records that a new cluster begins with. Every directory has them, for any of them may become the metadata's.
fn write_bootstrap<D: Disk>(
    disk: &D,
    directory: &LogDirectory<D>,
    now: Timestamp,
    version: MetadataVersion,
    records: &[MetadataRecord<'_>],
) -> io::Result<()> {
    let records: Vec<_> = records
        .iter()
        .map(|record| record.encode(version.record_version(record)))
        .collect();
    let file = checkpoint::build(SnapshotId::BOOTSTRAP, now, &[], &records);
    replace_file(disk, directory.path(), BOOTSTRAP, &file)
}

/// The snapshot that a dynamic quorum begins with; nothing where there is none.
fn write_voters<D: Disk>(
    disk: &D,
    directory: &LogDirectory<D>,
    now: Timestamp,
    voters: &[Voter],
) -> io::Result<()> {
    if voters.is_empty() {
        return Ok(());
    }
    let quorum = Membership {
        kraft_version: 1,
        voters: voters.to_vec(),
    };
    let metadata = directory.path().join(METADATA_LOG);
    disk.create_directories(&metadata)?;
    let file = checkpoint::build(SnapshotId::BOOTSTRAP, now, &quorum.records(), &[]);
    replace_file(disk, &metadata, &SnapshotId::BOOTSTRAP.file_name(), &file)
}
