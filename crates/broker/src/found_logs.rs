//! What the log directories hold at the start, against what the metadata says they should.

use ottla_env::{Entropy, Env};
use ottla_log::dir::{FoundLog, LogDirectory};
use ottla_metadata::Image;
use ottla_model::{NodeId, Uuid};
use rustc_hash::FxHashMap;
use std::io;

use crate::partition::PartitionKey;
use crate::quorum::METADATA_LOG;

/// By partition, the id of the directory that has its log.
pub(crate) type FoundLogs = FxHashMap<PartitionKey, Uuid>;

/// Looks through a directory. A log that the metadata does not know here, say of a topic that was deleted just before a crash, is
/// put aside and kept: it must not be taken for the log of a later topic of the same name.
///
/// # Errors
/// The disk's.
pub(crate) fn find<E: Env>(
    env: &E,
    node: NodeId,
    image: &Image,
    (id, directory): (Uuid, &LogDirectory<E::Disk>),
    found: &mut FoundLogs,
) -> io::Result<()> {
    for log in directory.logs()? {
        if log.name == METADATA_LOG {
            continue;
        }
        if let Some(key) = key_of(node, image, &log) {
            found.insert(key, id);
        } else {
            let aside = directory.set_stray(&log.name, env.entropy().uuid())?;
            tracing::warn!(log = log.name, aside = %aside.display(), "the metadata knows no such log here: put aside");
        }
    }
    Ok(())
}

/// `None` for a log that this node should not have.
fn key_of(node: NodeId, image: &Image, log: &FoundLog) -> Option<PartitionKey> {
    let topic = match log.topic_id {
        Some(id) => image.topics().by_id(id),
        None => image.topics().by_name(&log.topic),
    }?;
    let is_its_name = *topic.name == *log.topic;
    let partition = topic.partition(log.partition).filter(|_| is_its_name)?;
    partition.replicas.contains(&node).then_some(PartitionKey {
        topic: topic.id,
        index: log.partition,
    })
}
