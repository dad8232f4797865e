//! One node of one of the products, on a directory of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use ottla_env::Clock;
use ottla_runtime::RealClock;
use rustix::process::{Signal, kill_process};

use super::CompareError;
use super::product::Product;
use super::site::{Process, Site};
use crate::load::pause;
use crate::process::{Pid, Resident};

/// Any will do; it is the same for both.
const CLUSTER_ID: &str = "b3R0bGEtYmVuY2gtY29tcA";

/// The storage tool of a JVM takes seconds.
const FORMAT_PATIENCE: Duration = Duration::from_secs(120);
/// A clean stop with many partitions writes a file or two for each.
const STOP_PATIENCE: Duration = Duration::from_secs(600);
/// As long as the files of a deleted topic may take to go.
const DELETION_PATIENCE: Duration = Duration::from_secs(120);
/// How long a node may take to have nothing to do.
const QUIET_PATIENCE: Duration = Duration::from_secs(20);
const QUIET_INTERVAL: Duration = Duration::from_millis(200);
/// A node that uses less than this part of a processor has nothing to do; a JVM uses some of it always.
const QUIET_SHARE: f64 = 0.1;

/// Below the ports that outgoing connections get, or one of those may have it by the time that the node starts.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// How a node is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// SIGTERM.
    Clean,
    /// SIGKILL.
    Unclean,
}

/// A formatted directory and its configuration; goes with this value.
pub(super) struct Node<'a> {
    site: &'a Site,
    product: &'a dyn Product,
    directory: PathBuf,
    pub(super) bootstrap: String,
}

/// A node's process.
pub(super) struct Started {
    process: Process,
    /// Counts from just before the process was.
    clock: RealClock,
}

impl<'a> Node<'a> {
    /// # Errors
    /// When the directory cannot be written or the storage tool refuses it.
    pub(super) fn format(site: &'a Site, product: &'a dyn Product) -> Result<Self, CompareError> {
        let directory = site.directory().join(product.subject().name());
        let (port, controller) = free_ports()?;
        let node = Self {
            site,
            product,
            directory,
            bootstrap: format!("127.0.0.1:{port}"),
        };
        let properties = node.properties();
        let text = format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             controller.listener.names=CONTROLLER\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
             log.dirs={}\n\
             log.segment.delete.delay.ms=100\n\
             offsets.topic.replication.factor=1\n\
             group.initial.rebalance.delay.ms=0\n\
             {}",
            node.data().display(),
            product.own_properties()
        );
        fs::create_dir(&node.directory)
            .and_then(|()| fs::write(&properties, text))
            .map_err(CompareError::io(|| properties.display().to_string()))?;
        let name = format!("{}-format", product.subject().name());
        let tool = site.spawn(&name, &mut product.format(&properties, CLUSTER_ID))?;
        match tool.wait(FORMAT_PATIENCE) {
            Ok(Some(status)) if status.success() => Ok(node),
            _ => Err(CompareError::Failed(format!(
                "formatting for {}: {}",
                product.subject().title(),
                tool.complaint()
            ))),
        }
    }

    fn properties(&self) -> PathBuf {
        self.directory.join("server.properties")
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Starts the node, and does not wait for it.
    pub(super) fn start(&self) -> Result<Started, CompareError> {
        let mut command = self.product.start(&self.properties());
        let clock = RealClock::new();
        let process = self
            .site
            .spawn(self.product.subject().name(), &mut command)?;
        Ok(Started { process, clock })
    }

    /// Waits until the files of deleted topics are gone and the node has nothing to do, so that a case pays for itself only.
    pub(super) fn settle(&self, started: &Started) -> Result<(), CompareError> {
        let clock = RealClock::new();
        let deadline = clock.monotonic() + DELETION_PATIENCE;
        while self.is_deleting()? {
            if clock.monotonic() > deadline {
                let problem = format!(
                    "{} has not deleted its topics after {} s",
                    self.product.subject().title(),
                    DELETION_PATIENCE.as_secs()
                );
                return Err(CompareError::Failed(problem));
            }
            pause(QUIET_INTERVAL);
        }
        started.quiet()
    }

    /// A deleted partition's directory is called so until its files are gone.
    fn is_deleting(&self) -> Result<bool, CompareError> {
        let data = self.data();
        let names = || -> std::io::Result<bool> {
            for entry in fs::read_dir(&data)? {
                if entry?.file_name().to_string_lossy().ends_with("-delete") {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        names().map_err(CompareError::io(|| data.display().to_string()))
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("ottla-bench: {} stays: {error}", self.directory.display());
        }
    }
}

impl Started {
    pub(super) fn pid(&self) -> Pid {
        self.process.pid
    }

    /// Since before it was started.
    pub(super) fn age(&self) -> Duration {
        self.clock.monotonic().0
    }

    /// # Errors
    /// When the process has ended: nothing will come of it any more.
    pub(super) fn check(&self) -> Result<(), CompareError> {
        match self.process.ended() {
            Ok(None) => Ok(()),
            _ => Err(CompareError::Failed(format!(
                "the broker has ended: {}",
                self.process.complaint()
            ))),
        }
    }

    pub(super) fn resident(&self) -> Result<Resident, CompareError> {
        let resident = self.pid().resident();
        resident.map_err(CompareError::io(|| "the broker's memory".to_owned()))
    }

    /// Waits until next to no CPU time is used, for a while at most: a broker that never rests is measured as it is.
    pub(super) fn quiet(&self) -> Result<(), CompareError> {
        let clock = RealClock::new();
        let deadline = clock.monotonic() + QUIET_PATIENCE;
        let used = || {
            let time = self.pid().cpu_time().map(|time| time.total());
            time.map_err(CompareError::io(|| "the broker's CPU time".to_owned()))
        };
        let mut before = used()?;
        while clock.monotonic() < deadline {
            pause(QUIET_INTERVAL);
            let now = used()?;
            if (now - before).as_secs_f64() < QUIET_SHARE * QUIET_INTERVAL.as_secs_f64() {
                break;
            }
            before = now;
        }
        Ok(())
    }

    /// # Errors
    /// When it does not end.
    pub(super) fn stop(self, how: Stop) -> Result<(), CompareError> {
        self.check()?;
        let signal = match how {
            Stop::Clean => Signal::TERM,
            Stop::Unclean => Signal::KILL,
        };
        let pid = i32::try_from(self.pid().0).ok();
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        let pid = pid.expect("the operating system gave this id");
        kill_process(pid, signal)
            .map_err(Into::into)
            .and_then(|()| self.process.wait(STOP_PATIENCE))
            .map_err(CompareError::io(|| "stopping the broker".to_owned()))?
            .map(drop)
            .ok_or_else(|| CompareError::Failed("the broker does not stop".to_owned()))
    }
}

/// Two ports that nobody has.
fn free_ports() -> Result<(u16, u16), CompareError> {
    let nanoseconds = RealClock::new().wall().0.unsigned_abs();
    let first = nanoseconds.wrapping_mul(31) + u64::from(std::process::id());
    let count = u64::from(PORTS.end - PORTS.start);
    let mut free = (0..count)
        .map(|step| PORTS.start + ((first + step * 7) % count) as u16)
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next()
        .zip(free.next())
        .ok_or_else(|| CompareError::Failed("no two ports are free".to_owned()))
}
