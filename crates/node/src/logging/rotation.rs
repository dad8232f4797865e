//! A log file that begins anew when it is large or old. The ones before it are kept as `FILE.1`, `FILE.2` and so on, the newest first.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where the log goes, and what becomes of it in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its directory has to be there.
    pub path: PathBuf,
    pub rotate_at: RotateAt,
    /// How many files are kept beside the one that is written.
    pub keep: usize,
}

/// When a new file is begun; whatever comes first, if both are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RotateAt {
    /// Bytes.
    pub size: Option<u64>,
    /// Counted from midnight, UTC, of the first day of 1970: a day's file is that of a calendar day.
    pub period: Option<Duration>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the log is the process's own, and in no node's world"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

impl LogFile {
    pub(super) fn open(&self) -> io::Result<Rotating> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        let last = metadata.modified().unwrap_or_else(|_| now());
        Ok(Rotating {
            of: self.clone(),
            file,
            size: metadata.len(),
            period: self.period_of(last),
        })
    }

    fn period_of(&self, time: SystemTime) -> u128 {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let period = self.rotate_at.period.map_or(0, |period| period.as_nanos());
        since.as_nanos().checked_div(period).unwrap_or_default()
    }

    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    /// Every file that is kept one further, the oldest away. Nothing where that has been done, and no new file could be begun: by
    /// doing it again for each line all that is kept would be lost.
    fn shift(&self) -> io::Result<()> {
        let gone_is_fine = |result: io::Result<()>| match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        if !self.path.try_exists()? {
            return Ok(());
        }
        if self.keep == 0 {
            return gone_is_fine(std::fs::remove_file(&self.path));
        }
        for number in (1..self.keep).rev() {
            gone_is_fine(std::fs::rename(
                self.numbered(number),
                self.numbered(number + 1),
            ))?;
        }
        gone_is_fine(std::fs::rename::<&Path, _>(&self.path, self.numbered(1)))
    }
}

/// The file that is written.
#[derive(Debug)]
pub(super) struct Rotating {
    of: LogFile,
    file: File,
    size: u64,
    /// Counted since 1970.
    period: u128,
}

impl Rotating {
    fn rotate_if_due(&mut self, now: SystemTime, next: usize) -> io::Result<()> {
        let period = self.of.period_of(now);
        let most = self.of.rotate_at.size.unwrap_or(u64::MAX);
        let is_large = self.size.saturating_add(next as u64) > most;
        if self.size == 0 || !is_large && period <= self.period {
            self.period = self.period.max(period);
            return Ok(());
        }
        self.of.shift()?;
        *self = self.of.open()?;
        self.period = period;
        Ok(())
    }

    fn write_at(&mut self, now: SystemTime, line: &[u8]) -> io::Result<()> {
        // Where no other can be begun the old one goes on: a log that is too large says more than none.
        drop(self.rotate_if_due(now, line.len()));
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(())
    }
}

/// A line comes in one piece, so that none is torn apart.
impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_at(now(), line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn rotating(directory: &TempDir, size: Option<u64>, period: Option<Duration>) -> Rotating {
        let file = LogFile {
            path: directory.path().join("log"),
            rotate_at: RotateAt { size, period },
            keep: 2,
        };
        file.open().unwrap()
    }

    fn contents(directory: &TempDir) -> Vec<String> {
        let names = ["log", "log.1", "log.2", "log.3"];
        let texts = names.map(|name| fs::read_to_string(directory.path().join(name)));
        texts.into_iter().flatten().collect()
    }

    #[test]
    fn a_file_that_would_become_too_large_gives_way_to_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = rotating(&directory, Some(8), None);
        for line in [
            "one\n",
            "two\n",
            "three\n",
            "four\n",
            "a long line\n",
            "six\n",
        ] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(contents(&directory), ["six\n", "a long line\n", "four\n"]);
    }

    #[test]
    fn a_new_period_begins_a_new_file_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = rotating(&directory, None, Some(HOUR));
        let now = now();
        log.write_at(now, b"one\n").unwrap();
        log.write_at(now + HOUR, b"two\n").unwrap();
        log.write_at(now + HOUR, b"three\n").unwrap();
        assert_eq!(contents(&directory), ["two\nthree\n", "one\n"]);
        let mut log = rotating(&directory, None, Some(HOUR));
        log.write_at(now + 2 * HOUR, b"four\n").unwrap();
        assert_eq!(contents(&directory), ["four\n", "two\nthree\n", "one\n"]);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = rotating(&directory, None, Some(HOUR));
        let now = now();
        log.write_at(now + 3 * HOUR, b"one\n").unwrap();
        log.write_at(now, b"two\n").unwrap();
        assert_eq!(contents(&directory), ["one\ntwo\n"]);
    }

    #[test]
    fn what_is_kept_stays_while_no_file_can_be_begun() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = rotating(&directory, Some(4), None);
        for line in [b"one\n", b"two\n"] {
            log.write_all(line).unwrap();
        }
        // As often as lines come while the process has no descriptors left.
        for _ in 0..3 {
            log.of.shift().unwrap();
        }
        log.write_all(b"more").unwrap();
        assert_eq!(contents(&directory), ["more", "two\n", "one\n"]);
    }

    #[test]
    fn a_log_goes_on_where_none_can_be_begun() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = rotating(&directory, Some(8), None);
        log.write_all(b"one two\n").unwrap();
        fs::write(directory.path().join("log.1"), "").unwrap();
        // No file can be renamed to a directory.
        fs::create_dir(directory.path().join("log.2")).unwrap();
        log.write_all(b"three\n").unwrap();
        assert_eq!(
            fs::read_to_string(directory.path().join("log")).unwrap(),
            "one two\nthree\n"
        );
    }
}
