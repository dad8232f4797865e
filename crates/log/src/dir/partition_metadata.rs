//! `partition.metadata`: the id of the topic whose log it is.

use std::io;
use std::path::Path;

use ottla_env::Disk;
use ottla_model::TopicId;

use super::replace_file;
use crate::recovery::read_file;

pub(super) const PARTITION_METADATA: &str = "partition.metadata";

/// `None` without the file.
///
/// # Errors
/// `InvalidData` when it holds no id; the disk's.
pub(super) fn read<D: Disk>(disk: &D, log: &Path) -> io::Result<Option<TopicId>> {
    let path = log.join(PARTITION_METADATA);
    // Among thousands of logs it is this one.
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let Some(bytes) = read_file(disk, &path).map_err(named)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("topic_id: "))
        .and_then(|id| id.trim().parse().ok());
    let invalid = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} holds no topic id: remove it if this is a log of the topic that now has the name of its directory, else the directory",
                path.display()
            ),
        )
    };
    id.map(|id| Some(TopicId(id))).ok_or_else(invalid)
}

pub(super) fn write<D: Disk>(disk: &D, log: &Path, topic: TopicId) -> io::Result<()> {
    let text = format!("version: 0\ntopic_id: {topic}");
    replace_file(disk, log, PARTITION_METADATA, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use ottla_env::fake::{ManualClock, SeededDisk};
    use ottla_model::{Timestamp, Uuid};

    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let disk = SeededDisk::new(ManualClock::new(Timestamp(0)));
        let log = Path::new("/data/topic-0");
        disk.create_directories(log).unwrap();
        write(&disk, log, TopicId(Uuid::from_u128(7))).unwrap();
        disk.fail_next_read(io::ErrorKind::Other);
        let error = read(&disk, log).unwrap_err().to_string();
        assert!(
            error.starts_with("/data/topic-0/partition.metadata: "),
            "{error}"
        );
    }
}
