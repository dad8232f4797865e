//! `.kafka_cleanshutdown`: the last run closed all logs.

use std::io;
use std::path::Path;

use ottla_env::Disk;
use ottla_model::BrokerEpoch;
use serde_json::Value;

use super::replace_file;
use crate::recovery::read_file;

/// The file that says that all logs were closed.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// Whether the file is there, and the broker epoch in it.
pub(super) fn read<D: Disk>(disk: &D, directory: &Path) -> io::Result<Option<BrokerEpoch>> {
    let Some(bytes) = read_file(disk, &directory.join(CLEAN_SHUTDOWN))? else {
        return Ok(None);
    };
    let parsed: Option<Value> = serde_json::from_slice(&bytes).ok();
    // The file is the statement, whatever is in it; without an epoch the controller takes it for an unclean one.
    let epoch = parsed.and_then(|value| value.get("brokerEpoch")?.as_i64());
    Ok(Some(epoch.map_or(BrokerEpoch::NONE, BrokerEpoch)))
}

/// The same, and removes the file for good.
pub(super) fn take<D: Disk>(disk: &D, directory: &Path) -> io::Result<Option<BrokerEpoch>> {
    let found = read(disk, directory)?;
    if found.is_some() {
        disk.remove_file(&directory.join(CLEAN_SHUTDOWN))?;
        disk.sync_directory(directory)?;
    }
    Ok(found)
}

pub(super) fn write<D: Disk>(disk: &D, directory: &Path, epoch: BrokerEpoch) -> io::Result<()> {
    let text = format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}");
    replace_file(disk, directory, CLEAN_SHUTDOWN, text.as_bytes())
}
