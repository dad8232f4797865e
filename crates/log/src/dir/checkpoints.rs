//! The checkpoint files of a directory: how far each of its logs is on disk, where it begins, what of it is replicated.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use ottla_env::Disk;
use ottla_model::{Offset, PartitionIndex};
use parking_lot::Mutex;

use super::{directory_name, parse_name, replace_file};
use crate::checkpoint::{self, CheckpointEntry};
use crate::log::LogPoint;
use crate::recovery::read_file;

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";
const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";

type SetOffset = fn(&mut LogPoint, Offset);

/// The files, and what they tell of a log.
const FILES: [(&str, SetOffset); 3] = [
    (RECOVERY_POINTS, |point, offset| {
        point.recovery_point = offset
    }),
    (LOG_STARTS, |point, offset| point.log_start = offset),
    (HIGH_WATERMARKS, |point, offset| {
        point.high_watermark = offset
    }),
];

/// The files and what they hold, by the names of the logs' directories.
pub(super) struct Checkpoints<D> {
    disk: D,
    directory: PathBuf,
    /// Locked while the files are written: one at a time writes them.
    points: Mutex<BTreeMap<String, LogPoint>>,
    /// Logs that have come from other directories, of which whoever replaces the points may not have heard yet.
    adopted: Mutex<BTreeSet<String>>,
}

impl<D: Disk> Checkpoints<D> {
    /// # Errors
    /// The disk's. A file that is no checkpoint is left aside.
    pub(super) fn read(disk: D, directory: &Path) -> io::Result<Self> {
        let mut points: BTreeMap<String, LogPoint> = BTreeMap::new();
        for (file, set) in FILES {
            for entry in read_checkpoint(&disk, directory, file)? {
                let name = directory_name(&entry.topic, PartitionIndex(entry.partition));
                set(
                    points.entry(name).or_insert(LogPoint::UNKNOWN),
                    entry.offset,
                );
            }
        }
        Ok(Self {
            disk,
            directory: directory.to_path_buf(),
            points: Mutex::new(points),
            adopted: Mutex::default(),
        })
    }

    pub(super) fn point(&self, name: &str) -> Option<LogPoint> {
        self.points.lock().get(name).copied()
    }

    /// # Errors
    /// The disk's. The old checkpoints stand then.
    pub(super) fn replace(&self, mut points: BTreeMap<String, LogPoint>) -> io::Result<()> {
        let mut known = self.points.lock();
        let mut adopted = self.adopted.lock();
        adopted.retain(|name| !points.contains_key(name));
        for name in adopted.iter() {
            let point = known.get(name);
            points.extend(point.map(|point| (name.clone(), *point)));
        }
        self.write(&mut known, points)
    }

    /// Writes down where these logs begin, and of the others what is known of them already.
    ///
    /// # Errors
    /// The disk's. The old checkpoint stands then.
    pub(super) fn begin_at(&self, moved: &[(String, LogPoint)]) -> io::Result<()> {
        let mut known = self.points.lock();
        let mut points = known.clone();
        points.extend(moved.iter().cloned());
        self.write_file(LOG_STARTS, &points, &log_start)?;
        *known = points;
        Ok(())
    }

    /// Takes up a log that comes from another directory.
    pub(super) fn adopt(&self, name: &str, point: LogPoint) -> io::Result<()> {
        let mut known = self.points.lock();
        let mut points = known.clone();
        points.insert(name.to_owned(), point);
        self.write(&mut known, points)?;
        self.adopted.lock().insert(name.to_owned());
        Ok(())
    }

    /// Takes a log out of the files.
    pub(super) fn forget(&self, name: &str) -> io::Result<()> {
        // Logs are opened beside each other, and each may be the new one of an old name.
        let mut points = self.points.lock();
        self.adopted.lock().remove(name);
        let mut left = points.clone();
        if left.remove(name).is_none() {
            return Ok(());
        }
        self.write(&mut points, left)
    }

    /// Writes the files and takes note of what they hold.
    fn write(
        &self,
        known: &mut BTreeMap<String, LogPoint>,
        points: BTreeMap<String, LogPoint>,
    ) -> io::Result<()> {
        let files: [(&str, &Told); 3] = [
            (RECOVERY_POINTS, &|point| Some(point.recovery_point)),
            (LOG_STARTS, &log_start),
            (HIGH_WATERMARKS, &|point| Some(point.high_watermark)),
        ];
        for (file, told) in files {
            self.write_file(file, &points, told)?;
        }
        *known = points;
        Ok(())
    }

    fn write_file(
        &self,
        file: &str,
        points: &BTreeMap<String, LogPoint>,
        told: &Told,
    ) -> io::Result<()> {
        let entries = points.iter().filter_map(|(name, point)| {
            let (topic, partition) = parse_name(name)?;
            Some(CheckpointEntry {
                topic,
                partition: partition.0,
                offset: told(point)?,
            })
        });
        let text = checkpoint::to_text(&entries.collect::<Vec<_>>());
        replace_file(&self.disk, &self.directory, file, text.as_bytes())
    }
}

/// What a file tells of a log, if anything.
type Told = dyn Fn(&LogPoint) -> Option<Offset>;

/// A log that begins with its first segment need not say so.
fn log_start(point: &LogPoint) -> Option<Offset> {
    Some(point.log_start).filter(|start| *start > point.first_base)
}

fn read_checkpoint<D: Disk>(
    disk: &D,
    directory: &Path,
    file: &str,
) -> io::Result<Vec<CheckpointEntry>> {
    let Some(bytes) = read_file(disk, &directory.join(file))? else {
        return Ok(Vec::new());
    };
    Ok(checkpoint::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_else(|error| {
        tracing::warn!(file = %directory.join(file).display(), %error, "left aside: logs are read from their beginning");
        Vec::new()
    }))
}
