//! What lies in the log directories when all is done: the logs of what exists, and nothing of what was deleted.

use std::path::Path;
use std::time::Duration;

use ottla_env::{Clock, Disk};

use super::ledger::Ledger;
use super::process::{DATA, MACHINE};
use crate::World;

/// Longer than any `file.delete.delay.ms` and what the lane takes to notice.
const DELETED_BY: Duration = Duration::from_secs(10);
const METADATA_LOG: &str = "__cluster_metadata-0";
/// It comes with the first group, and stays.
const GROUPS_LOG: &str = "__consumer_offsets-";
/// What a crash within a deletion leaves is put aside and kept, as Kafka does.
const ASIDE: &str = "-stray";

/// Whether the file of this path holds records of a topic.
pub(super) fn holds_records(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
        && !path.parent().is_some_and(|log| log.ends_with(METADATA_LOG))
}

/// Looks when the running process has had its time to delete.
pub(super) async fn judge(world: &World, ledger: &Ledger) {
    world.clock().sleep(DELETED_BY).await;
    let mut found = Vec::new();
    for directory in DATA {
        // The second is not always used.
        if let Ok(entries) = world.disk(MACHINE).list(Path::new(directory)) {
            let logs = entries.into_iter().filter(|entry| {
                entry.is_directory
                    && !entry.name.ends_with(ASIDE)
                    && !entry.name.starts_with(GROUPS_LOG)
            });
            found.extend(logs.map(|entry| entry.name));
        }
    }
    found.sort();
    let topics = ledger.topics();
    let logs = topics.values().flat_map(|topic| {
        (0..topic.partitions).map(|partition| format!("{}-{partition}", topic.name))
    });
    let mut expected: Vec<String> = logs.chain([METADATA_LOG.to_owned()]).collect();
    expected.sort();
    if found != expected {
        ledger.violate(format!("there are {found:?} where {expected:?} exist"));
    }
}
