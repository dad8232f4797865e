//! Takes the directories of the configuration, each of which must be this node's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ottla_config::ServerConfig;
use ottla_env::{Disk, Entropy, Env};
use ottla_log::dir::{DirectoryError, LogDirectory};
use ottla_model::Uuid;

use super::StartError;
use crate::quorum::METADATA_LOG;

/// A log directory and its id.
pub(crate) type OwnDirectory<E> = (Arc<LogDirectory<<E as Env>::Disk>>, Uuid);

/// All of them, locked.
pub(crate) struct OwnDirectories<E: Env> {
    pub(crate) cluster_id: Arc<str>,
    pub(crate) metadata: OwnDirectory<E>,
    /// At least one.
    pub(crate) of_partitions: Vec<OwnDirectory<E>>,
    /// There are others, which cannot be used.
    pub(crate) has_offline: bool,
}

impl<E: Env> OwnDirectories<E> {
    pub(super) fn take(env: &E, config: &ServerConfig) -> Result<Self, StartError> {
        let metadata_path = config.metadata_log_dir();
        let mut cluster = None;
        let mut has_offline = false;
        let mut all = Vec::new();
        for path in config.directories() {
            let directory = match own(env, config, &path, &mut cluster) {
                Ok(directory) => directory,
                Err(error) if path != metadata_path && is_of_disk(&error) => {
                    tracing::error!(%error, "log directory offline: its partitions cannot be used");
                    has_offline = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if path != metadata_path && holds_metadata(env, &path)? {
                return Err(StartError::OtherMetadata {
                    path,
                    expected: metadata_path,
                });
            }
            all.push(directory);
        }
        for (directory, _) in &all {
            directory.share_open_files(all.len());
        }
        let metadata = all
            .iter()
            .find(|(directory, _)| directory.path() == metadata_path)
            .cloned()
            .expect("it is one of the node's directories");
        // A directory of the metadata log alone takes no partitions.
        let log_dirs: Vec<PathBuf> = config.log_dirs();
        all.retain(|(directory, _)| log_dirs.iter().any(|path| path == directory.path()));
        if all.is_empty() {
            return Err(StartError::AllOffline);
        }
        Ok(Self {
            cluster_id: Arc::from(cluster.unwrap_or_default()),
            metadata,
            of_partitions: all,
            has_offline,
        })
    }
}

/// Takes a directory, which must be this node's. Gives it with its id.
fn own<E: Env>(
    env: &E,
    config: &ServerConfig,
    path: &Path,
    cluster: &mut Option<String>,
) -> Result<OwnDirectory<E>, StartError> {
    let path = path.to_path_buf();
    let found = env.disk().entry(&path).map_err(|error| StartError::Io {
        path: path.clone(),
        error,
    })?;
    if found.is_none() {
        return Err(StartError::NotFormatted(path));
    }
    let directory = Arc::new(LogDirectory::open(env.disk().clone(), &path)?);
    let mut properties = match directory.meta_properties()? {
        Some(properties) => properties,
        None => return Err(StartError::NotFormatted(path)),
    };
    if properties.node_id != config.node_id() {
        return Err(StartError::OtherNode {
            path,
            expected: config.node_id(),
            found: properties.node_id,
        });
    }
    let expected = cluster.get_or_insert_with(|| properties.cluster_id.clone());
    if *expected != properties.cluster_id {
        let (expected, found) = (expected.clone(), properties.cluster_id);
        return Err(StartError::OtherCluster {
            path,
            expected,
            found,
        });
    }
    if let Some(id) = properties.directory_id {
        return Ok((directory, id));
    }
    let id = env.entropy().uuid();
    properties.directory_id = Some(id);
    directory
        .write_meta_properties(&properties)
        .map_err(|error| StartError::Io { path, error })?;
    Ok((directory, id))
}

/// Whether one directory cannot be used and the node is otherwise as it should be.
fn is_of_disk(error: &StartError) -> bool {
    matches!(
        error,
        StartError::Io { .. }
            | StartError::Directory(DirectoryError::Io { .. } | DirectoryError::Invalid { .. })
    )
}

fn holds_metadata<E: Env>(env: &E, path: &Path) -> Result<bool, StartError> {
    let log = path.join(METADATA_LOG);
    match env.disk().entry(&log) {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(StartError::Io { path: log, error }),
    }
}
