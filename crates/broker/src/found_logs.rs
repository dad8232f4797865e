//! What the log directories hold at the start, against what the metadata says they should.

use ottla_env::{Disk, Entropy, Env};
use ottla_log::dir::{FoundLog, LogDirectory};
use ottla_metadata::Image;
use ottla_model::{NodeId, PartitionIndex, Uuid};
use rustc_hash::{FxHashMap, FxHashSet};
use std::io;
use std::path::PathBuf;

use crate::moves::Moves;
use crate::partition::PartitionKey;
use crate::quorum::METADATA_LOG;
use crate::start::{OwnDirectories, StartError};

/// What was there at the start.
pub(crate) struct FoundLogs {
    /// By partition, the id of the directory that has its log.
    pub(crate) logs: FxHashMap<PartitionKey, Uuid>,
    /// There may be more in a directory that cannot be used.
    pub(crate) has_offline: bool,
    /// Of these there is a copy here, and a log only where nobody can look, if anywhere: not to be begun anew.
    pub(crate) in_doubt: FxHashSet<PartitionKey>,
}

impl FoundLogs {
    /// Looks through the directories, of which there may be others that are offline, and goes on with the moves between them that an
    /// earlier run did not finish.
    ///
    /// # Errors
    /// The disk's. [`StartError::TwoLogs`]: which of two logs of one partition has the records that count is not for us to guess.
    /// [`StartError::NoMetadata`]: a cluster whose metadata is lost must not be taken for a new one.
    pub(crate) fn find<E: Env>(
        env: &E,
        node: NodeId,
        image: &Image,
        directories: &OwnDirectories<E>,
        moves: &Moves<E::Disk>,
    ) -> Result<Self, StartError> {
        let mut logs = find(env, node, image, directories)?;
        let in_doubt = resume_moves(image, node, directories, moves, &mut logs)?;
        Ok(Self {
            logs,
            has_offline: directories.has_offline,
            in_doubt,
        })
    }
}

/// Looks through the directories. A log that the metadata does not know here, say of a topic that was deleted just before a crash,
/// is put aside and kept: it must not be taken for the log of a later topic of the same name.
fn find<E: Env>(
    env: &E,
    node: NodeId,
    image: &Image,
    directories: &OwnDirectories<E>,
) -> Result<FxHashMap<PartitionKey, Uuid>, StartError> {
    let is_empty = *image == Image::default();
    let (metadata, _) = &directories.metadata;
    let mut found = FxHashMap::default();
    let mut unbegun = Vec::new();
    for (directory, id) in &directories.of_partitions {
        let io = at(directory);
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
            if !log.is_begun {
                unbegun.push((key, *id));
                continue;
            }
            if let Some(first) = found.insert(key, *id) {
                let first = directories
                    .of_partitions
                    .iter()
                    .find(|(_, id)| *id == first);
                return Err(StartError::TwoLogs {
                    log: log.name,
                    first: first.map_or_else(PathBuf::new, |(first, _)| first.path().to_path_buf()),
                    second: directory.path().to_path_buf(),
                });
            }
        }
    }
    // A power cut may have undone that one was removed, after which the log was begun elsewhere.
    for (key, id) in unbegun {
        found.entry(key).or_insert(id);
    }
    Ok(found)
}

/// Goes on with the moves between directories that an earlier run did not finish: a copy that its log has given way to takes its place,
/// and any other is begun again. Where the log may be in a directory that cannot be used, the copy is left as it is. Gives the partitions
/// of those.
fn resume_moves<E: Env>(
    image: &Image,
    node: NodeId,
    directories: &OwnDirectories<E>,
    moves: &Moves<E::Disk>,
    logs: &mut FxHashMap<PartitionKey, Uuid>,
) -> Result<FxHashSet<PartitionKey>, StartError> {
    let mut in_doubt = FxHashSet::default();
    let mut futures = Vec::new();
    for (directory, id) in &directories.of_partitions {
        for (path, name) in directory.futures().map_err(at(directory))? {
            let key = moving_key(image, &name);
            let is_named = key.is_some_and(|key| is_assigned(image, node, key, *id));
            futures.push((!is_named, directory, *id, path, name, key));
        }
    }
    // The log goes out of the way only of the copy that the metadata names. There may be others, which could not be removed.
    futures.sort_by_key(|(is_other, ..)| *is_other);
    for (_, directory, id, path, name, key) in futures {
        let io = at(directory);
        let Some(key) = key else {
            directory.remove_future(&path).map_err(io)?;
            continue;
        };
        match logs.get(&key) {
            // Nothing is copied to where it is. Which of the two has the records is not for us to guess.
            Some(from) if *from == id => {
                tracing::warn!(log = name, copy = %path.display(), "a copy is beside its log, and left there");
            }
            Some(from) => {
                directory.remove_future(&path).map_err(io)?;
                moves.ask(key, *from, id);
            }
            // The log may be where nobody can look.
            None if directories.has_offline => {
                tracing::error!(log = name, copy = %path.display(), "only a copy of the log is here: the partition is offline till all directories can be used");
                in_doubt.insert(key);
            }
            None => {
                directory.promote(&path, &name).map_err(io)?;
                logs.insert(key, id);
            }
        }
    }
    Ok(in_doubt)
}

fn at<D: Disk>(directory: &LogDirectory<D>) -> impl Fn(io::Error) -> StartError + Copy {
    move |error| StartError::Io {
        path: directory.path().to_path_buf(),
        error,
    }
}

fn is_assigned(image: &Image, node: NodeId, key: PartitionKey, directory: Uuid) -> bool {
    let topic = image.topics().by_id(key.topic);
    let state = topic.and_then(|topic| topic.partition(key.index));
    state.is_some_and(|state| {
        let replica = state.replicas.iter().position(|id| *id == node);
        replica.and_then(|replica| state.directories.get(replica)) == Some(&directory)
    })
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
    use std::path::Path;
    use std::sync::Arc;

    use ottla_env::fake::SeededDisk;
    use ottla_log::dir::replace_file;
    use ottla_model::TopicId;

    use super::*;
    use crate::api::test_image::{id, image, topic};
    use crate::idle_env::IdleEnv;

    const FROM: Uuid = Uuid::from_u128(101);
    const TO: Uuid = Uuid::from_u128(102);

    fn directories(env: &IdleEnv, has_offline: bool) -> OwnDirectories<IdleEnv> {
        let directory = |path, id| {
            let directory = LogDirectory::open(env.disk().clone(), Path::new(path));
            (Arc::new(directory.expect("nobody else has it")), id)
        };
        let from = directory("/from", FROM);
        OwnDirectories {
            cluster_id: Arc::from("cluster"),
            metadata: from.clone(),
            of_partitions: vec![from, directory("/to", TO)],
            has_offline,
        }
    }

    /// Of `a-0`.
    fn key() -> PartitionKey {
        PartitionKey {
            topic: id("a"),
            index: PartitionIndex(0),
        }
    }

    /// What a start finds of a move of `a-0`, and what it makes of it: the partitions in doubt, where the log is, how many moves begin.
    fn resume(env: &IdleEnv, log: Option<Uuid>, has_offline: bool) -> (usize, Option<Uuid>, usize) {
        let directories = directories(env, has_offline);
        let (moves, _to_do) = Moves::<SeededDisk>::new(Vec::new());
        let key = key();
        let mut logs = log.map(|log| (key, log)).into_iter().collect();
        let image = image(&[topic("a", 1)]);
        let in_doubt = resume_moves::<IdleEnv>(&image, NodeId(1), &directories, &moves, &mut logs);
        let in_doubt = in_doubt.expect("the disk works");
        (in_doubt.len(), logs.get(&key).copied(), moves.all().len())
    }

    #[test]
    fn a_copy_is_the_log_where_there_is_no_other_and_is_kept_where_one_may_be() {
        let future = Path::new("/to").join(format!("a-0.{:032x}-future", 1));
        for (log, has_offline, becomes, is_kept) in [
            (Some(FROM), false, (0, Some(FROM), 1), false),
            (Some(FROM), true, (0, Some(FROM), 1), false),
            (Some(TO), false, (0, Some(TO), 0), true),
            (None, true, (1, None, 0), true),
            (None, false, (0, Some(TO), 0), false),
        ] {
            let env = IdleEnv::new();
            let made = env.disk().create_directories(&future);
            made.expect("the disk works");
            assert_eq!(resume(&env, log, has_offline), becomes);
            let is_there = |path: &Path| env.disk().entry(path).expect("the disk works").is_some();
            assert_eq!(is_there(&future), is_kept);
            let is_promoted = log.is_none() && !has_offline;
            assert_eq!(is_there(Path::new("/to/a-0")), is_promoted);
        }
    }

    #[test]
    fn where_a_log_was_not_begun_is_none_beside_one_that_was() {
        let image = image(&[topic("a", 1)]);
        for (begun, becomes) in [
            (&[][..], Some(Some(FROM))),
            (&["/from"], Some(Some(FROM))),
            (&["/to"], Some(Some(TO))),
            (&["/from", "/to"], None),
        ] {
            let env = IdleEnv::new();
            for path in ["/from", "/to"] {
                let log = Path::new(path).join("a-0");
                let made = env.disk().create_directories(&log);
                made.expect("the disk works");
                // What is not finished of its file is no beginning.
                let file = ["partition.metadata.tmp", "partition.metadata"];
                let file = file[usize::from(begun.contains(&path))];
                let text = format!("version: 0\ntopic_id: {}\n", id("a"));
                let written = replace_file(env.disk(), &log, file, text.as_bytes());
                written.expect("the disk works");
            }
            let found = find(&env, NodeId(1), &image, &directories(&env, false));
            let place = found.ok().map(|logs| logs.get(&key()).copied());
            assert_eq!(place, becomes, "{begun:?}");
        }
    }

    #[test]
    fn a_log_is_known_by_the_id_of_its_topic_or_else_by_its_name() {
        let image = image(&[topic("a", 2), topic("b", 1)]);
        let is_known = |node, topic: &str, index, topic_id: Option<TopicId>| {
            let log = FoundLog {
                name: format!("{topic}-{index}"),
                topic: topic.to_owned(),
                partition: PartitionIndex(index),
                topic_id,
                is_begun: true,
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
