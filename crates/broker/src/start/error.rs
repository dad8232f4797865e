//! Why a node does not start.

use std::io;
use std::path::PathBuf;

use ottla_log::dir::DirectoryError;
use ottla_model::{NodeId, Uuid};
use ottla_raft::NotSoleVoter;
use thiserror::Error;

use crate::net::ListenError;
use crate::quorum::MetadataLogError;

/// Why the node does not start; each says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("{0} is not formatted: run `ottla storage format` first")]
    NotFormatted(PathBuf),
    #[error(
        "{path} belongs to node {found}, and node.id is {expected}: use another directory, or its own node.id"
    )]
    OtherNode {
        path: PathBuf,
        expected: NodeId,
        found: NodeId,
    },
    #[error(
        "{path} belongs to cluster {found}, the other directories to {expected}: use directories of one cluster"
    )]
    OtherCluster {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error(
        "{path} holds a metadata log, which is looked for in {expected}: set metadata.log.dir to {path}, or remove what should not be there"
    )]
    OtherMetadata { path: PathBuf, expected: PathBuf },
    #[error("no directory of log.dirs can be used: see what was logged, and give one that can")]
    AllOffline,
    #[error(transparent)]
    Metadata(#[from] MetadataLogError),
    #[error(
        "{0} names no voters of the quorum, and neither does controller.quorum.voters: put back a copy of what is missing there, or format a new directory with --standalone"
    )]
    NoVoters(PathBuf),
    #[error(transparent)]
    Quorum(#[from] NotSoleVoter),
    #[error(
        "{path} names directory {found}, and the quorum's one voter is this node with directory {expected}: put back a copy of the file, or set directory.id={expected} in it"
    )]
    OtherDirectory {
        path: PathBuf,
        expected: Uuid,
        found: Uuid,
    },
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("max.connections.per.ip.overrides: {host} has no address: {error}")]
    Host { host: String, error: io::Error },
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "{log} is in {first} and in {second}, perhaps since a disk failed while it was being moved: remove the one that is behind"
    )]
    TwoLogs {
        log: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error(
        "{metadata} is empty, and there are logs of a cluster, {log} the first: put back a copy of the metadata log, or remove the logs to begin a new cluster"
    )]
    NoMetadata { metadata: PathBuf, log: PathBuf },
    #[error("the controller refused this broker: {0}")]
    Refused(String),
}
