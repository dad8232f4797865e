//! Where a comparison takes place: a directory, and the processes that are started for it. All of that goes with it,
//! also where a signal ends this program.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ottla_env::Clock;
use ottla_runtime::RealClock;
use parking_lot::Mutex;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::CompareError;
use crate::load::pause;
use crate::process::Pid;

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// A shell says so of a program that a signal ended.
const ENDED_BY_SIGNAL: i32 = 128;

/// A directory of its own and what runs in it.
pub(super) struct Site {
    directory: PathBuf,
    running: Running,
}

/// By process id. Whoever holds the lock knows that none of them is waited for, so that each id is still that process's.
type Running = Arc<Mutex<BTreeMap<u32, Child>>>;

impl Site {
    /// Makes a directory below `parent`, and from now on ends with everything when this process is told to end.
    ///
    /// # Errors
    /// When the file system or the operating system refuses.
    pub(super) fn open(parent: &Path) -> Result<Self, CompareError> {
        let directory = parent.join(format!("compare-{}", std::process::id()));
        fs::create_dir_all(&directory)
            .and_then(|()| directory.canonicalize())
            .and_then(|directory| {
                let running = Running::default();
                end_on_signal(directory.clone(), Arc::clone(&running))?;
                Ok(Self { directory, running })
            })
            .map_err(CompareError::io(|| directory.display().to_string()))
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts a process that reads nothing and writes to files of the site: `NAME.out` and `NAME.err`.
    pub(super) fn spawn(&self, name: &str, command: &mut Command) -> Result<Process, CompareError> {
        command.stdin(Stdio::null());
        self.spawn_with_input(name, command)
    }

    /// As [`spawn`](Self::spawn), with the input that the command says.
    pub(super) fn spawn_with_input(
        &self,
        name: &str,
        command: &mut Command,
    ) -> Result<Process, CompareError> {
        let output = self.directory.join(format!("{name}.out"));
        let errors = self.directory.join(format!("{name}.err"));
        // Held until the process is written down, so that none is started that a signal would not find.
        let mut running = self.running.lock();
        let spawned = File::create(&output).and_then(|stdout| {
            let stderr = File::create(&errors)?;
            command.stdout(stdout).stderr(stderr).spawn()
        });
        let child = spawned.map_err(CompareError::io(|| format!("starting {command:?}")))?;
        let pid = child.id();
        running.insert(pid, child);
        Ok(Process {
            pid: Pid(pid),
            output,
            errors,
            running: Arc::clone(&self.running),
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        remove(&self.directory);
    }
}

fn remove(directory: &Path) {
    if let Err(error) = fs::remove_dir_all(directory) {
        eprintln!("ottla-bench: {} stays: {error}", directory.display());
    }
}

fn end_on_signal(directory: PathBuf, running: Running) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        let Some(signal) = signals.forever().next() else {
            return;
        };
        // Never given back: nothing is started any more.
        let mut running = running.lock();
        running.values_mut().for_each(end);
        remove(&directory);
        std::process::exit(ENDED_BY_SIGNAL + signal);
    });
    Ok(())
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// A process, ended with this value.
pub(super) struct Process {
    pub(super) pid: Pid,
    pub(super) output: PathBuf,
    errors: PathBuf,
    running: Running,
}

impl Process {
    /// `None` while it runs.
    pub(super) fn ended(&self) -> io::Result<Option<ExitStatus>> {
        let mut running = self.running.lock();
        let Some(child) = running.get_mut(&self.pid.0) else {
            let problem = "the process was waited for before";
            return Err(io::Error::new(io::ErrorKind::NotFound, problem));
        };
        let status = child.try_wait()?;
        if status.is_some() {
            running.remove(&self.pid.0);
        }
        Ok(status)
    }

    /// `None` when it still runs after `patience`.
    pub(super) fn wait(&self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let clock = RealClock::new();
        let deadline = clock.monotonic() + patience;
        loop {
            match self.ended()? {
                None if clock.monotonic() < deadline => pause(BETWEEN_LOOKS),
                outcome => return Ok(outcome),
            }
        }
    }

    /// The last line that it complained with, or what else is known of its end.
    pub(super) fn complaint(&self) -> String {
        let text = fs::read_to_string(&self.errors).unwrap_or_default();
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or("it says nothing").to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.lock().remove(&self.pid.0) {
            end(&mut child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_goes_with_its_files_and_its_processes() {
        let parent = tempfile::tempdir().unwrap();
        let site = Site::open(parent.path()).unwrap();
        let directory = site.directory().to_owned();
        let process = site
            .spawn("sleeper", Command::new("sleep").arg("600"))
            .unwrap();
        let pid = process.pid;
        assert_eq!(process.wait(Duration::ZERO).unwrap(), None);
        assert!(pid.cpu_time().is_ok());
        drop(process);
        assert!(pid.cpu_time().is_err());
        drop(site);
        assert!(!directory.exists());
    }

    #[test]
    fn the_end_of_a_process_is_told_with_its_complaint() {
        let parent = tempfile::tempdir().unwrap();
        let site = Site::open(parent.path()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three >&2; exit 3"]);
        let process = site.spawn("shell", &mut command).unwrap();
        let status = process.wait(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(process.complaint(), "three");
        assert_eq!(fs::read_to_string(&process.output).unwrap(), "one\n");
    }
}
