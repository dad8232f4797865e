//! What the log directories hold at the start, against what the metadata says they should.

use ottla_env::{Entropy, Env};
use ottla_log::dir::{FoundLog, LogDirectory};
use ottla_metadata::Image;
use ottla_model::{NodeId, PartitionIndex, Uuid};
use rustc_hash::FxHashMap;
use std::path::PathBuf;

use crate::moves::Moves;
use crate::partition::PartitionKey;
use crate::quorum::METADATA_LOG;
use crate::start::{OwnDirectory, StartError};

/// What was there at the start.
pub(crate) struct FoundLogs {
    /// By partition, the id of the directory that has its log.
    pub(crate) logs: FxHashMap<PartitionKey, Uuid>,
    /// There may be more in a directory that cannot be used.
    pub(crate) has_offline: bool,
}

/// Looks through the directories. A log that the metadata does not know here, say of a topic that was deleted just before a crash,
/// is put aside and kept: it must not be taken for the log of a later topic of the same name.
///
/// # Errors
/// The disk's. [`StartError::TwoLogs`]: which of two logs of one partition has the records that count is not for us to guess.
/// [`StartError::NoMetadata`]: a cluster whose metadata is lost must not be taken for a new one.
pub(crate) fn find<E: Env>(
    env: &E,
    node: NodeId,
    image: &Image,
    metadata: &LogDirectory<E::Disk>,
    directories: &[OwnDirectory<E>],
) -> Result<FxHashMap<PartitionKey, Uuid>, StartError> {
    let is_empty = *image == Image::default();
    let mut found = FxHashMap::default();
    for (directory, id) in directories {
        let io = |error| StartError::Io {
            path: directory.path().to_path_buf(),
            error,
        };
        for log in directory.logs().map_err(io)? {
            if log.name == METADATA_LOG {
                continue;
            }
            if is_empty {
                return Err(StartError::NoMetadata {
                    metadata: metadata.path().join(METADATA_LOG),
                    log: directory.path().join(log.name),
                });
            }
            let Some(key) = key_of(node, image, &log) else {
                let aside = directory
                    .set_stray(&log.name, env.entropy().uuid())
                    .map_err(io)?;
                tracing::warn!(log = log.name, aside = %aside.display(), "the metadata knows no such log here: put aside");
                continue;
            };
            if let Some(first) = found.insert(key, *id) {
                let first = directories.iter().find(|(_, id)| *id == first);
                return Err(StartError::TwoLogs {
                    log: log.name,
                    first: first.map_or_else(PathBuf::new, |(first, _)| first.path().to_path_buf()),
                    second: directory.path().to_path_buf(),
                });
            }
        }
    }
    Ok(found)
}

/// Goes on with the moves between directories that an earlier run did not finish: a copy that its log has given way to takes its place,
/// and any other is begun again.
///
/// # Errors
/// The disk's.
pub(crate) fn resume_moves<E: Env>(
    image: &Image,
    directories: &[OwnDirectory<E>],
    has_offline: bool,
    moves: &Moves<E::Disk>,
    logs: &mut FxHashMap<PartitionKey, Uuid>,
) -> Result<(), StartError> {
    for (directory, id) in directories {
        let io = |error| StartError::Io {
            path: directory.path().to_path_buf(),
            error,
        };
        for (path, name) in directory.futures().map_err(io)? {
            let key = moving_key(image, &name);
            match key.map(|key| (key, logs.get(&key).copied())) {
                Some((key, Some(from))) => {
                    directory.remove_future(&path).map_err(io)?;
                    moves.ask(key, from, *id);
                }
                // The log may be where nobody can look.
                Some((_, None)) if has_offline => {}
                Some((key, None)) => {
                    directory.promote(&path, &name).map_err(io)?;
                    logs.insert(key, *id);
                }
                None => directory.remove_future(&path).map_err(io)?,
            }
        }
    }
    Ok(())
}

fn moving_key(image: &Image, name: &str) -> Option<PartitionKey> {
    let (topic, index) = name.rsplit_once('-')?;
    let index = PartitionIndex(index.parse().ok()?);
    let topic = image.topics().by_name(topic)?;
    let is_there = topic.partition(index).is_some();
    is_there.then_some(PartitionKey {
        topic: topic.id,
        index,
    })
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

#[cfg(test)]
mod tests {
    use ottla_model::TopicId;

    use super::*;
    use crate::api::test_image::{id, image, topic};

    #[test]
    fn a_log_is_known_by_the_id_of_its_topic_or_else_by_its_name() {
        let image = image(&[topic("a", 2), topic("b", 1)]);
        let is_known = |node, topic: &str, index, topic_id: Option<TopicId>| {
            let log = FoundLog {
                name: format!("{topic}-{index}"),
                topic: topic.to_owned(),
                partition: PartitionIndex(index),
                topic_id,
            };
            let key = key_of(NodeId(node), &image, &log);
            key.inspect(|key| assert_eq!((key.topic, key.index), (id(topic), log.partition)))
                .is_some()
        };
        assert!(is_known(1, "a", 1, Some(id("a"))));
        assert!(is_known(1, "a", 1, None));
        assert!(!is_known(1, "a", 2, None), "there is no such partition");
        assert!(
            !is_known(1, "a", 1, Some(id("gone"))),
            "of an earlier topic of the name"
        );
        assert!(
            !is_known(1, "b", 0, Some(id("a"))),
            "under another topic's name"
        );
        assert!(!is_known(2, "a", 1, None), "another node has it");
    }
}
