//! What lies in the data directory when all is done: the logs of what exists, and nothing of what was deleted.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use ottla_env::{Clock, Disk};

use super::ledger::Ledger;
use super::process::{DATA, MACHINE};
use crate::World;

/// Longer than any `file.delete.delay.ms`, a minute if nobody sets it, and what the lane takes to notice.
const DELETED_BY: Duration = Duration::from_secs(70);
const METADATA_LOG: &str = "__cluster_metadata-0";
/// What a crash within a deletion leaves is put aside and kept, as Kafka does.
const ASIDE: &str = "-stray";

/// Looks when the running process has had its time to delete.
pub(super) async fn judge(world: &World, ledger: &Ledger) {
    world.clock().sleep(DELETED_BY).await;
    let entries = match world.disk(MACHINE).list(Path::new(DATA)) {
        Ok(entries) => entries,
        Err(error) => return ledger.violate(format!("{DATA} cannot be listed: {error}")),
    };
    let found: BTreeSet<String> = entries
        .into_iter()
        .filter(|entry| entry.is_directory && !entry.name.ends_with(ASIDE))
        .map(|entry| entry.name)
        .collect();
    let topics = ledger.topics();
    let logs = topics.values().flat_map(|topic| {
        (0..topic.partitions).map(|partition| format!("{}-{partition}", topic.name))
    });
    let expected: BTreeSet<String> = logs.chain([METADATA_LOG.to_owned()]).collect();
    if found != expected {
        ledger.violate(format!("{DATA} holds {found:?} where {expected:?} exist"));
    }
}
