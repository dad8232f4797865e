//! What a process has used, by the operating system's own accounting.

use std::collections::BTreeMap;
use std::io;
use std::ops::Sub;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The id of a process whose use is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pid(pub(crate) u32);

/// CPU time of all threads of a process, those that have ended included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuTime {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl CpuTime {
    pub(crate) fn total(self) -> Duration {
        self.user + self.system
    }
}

impl Sub for CpuTime {
    type Output = Self;
    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resident {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

/// CPU time of each thread of a process that is alive, in nanoseconds, by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskTimes(BTreeMap<u32, u64>);

impl TaskTimes {
    /// What was used in between, but for that of threads that have ended.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let used = self.0.iter().map(|(task, now)| {
            let before = earlier.0.get(task).copied().unwrap_or(0);
            now.saturating_sub(before)
        });
        Duration::from_nanos(used.sum())
    }
}

/// Lets this process, and those that it starts, have as many descriptors as they may.
pub(crate) fn raise_descriptor_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// For the command line.
pub(crate) fn pid(text: &str) -> Result<Pid, String> {
    text.parse()
        .map(Pid)
        .map_err(|_| "expected the id of a process".to_owned())
}

/// What this process has used. Exact, where what is said of others comes in ticks of mostly 10 ms.
pub(crate) fn own_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).expect("CPU time is never negative"),
        u32::try_from(time.tv_nsec).expect("nanoseconds of a second fit"),
    )
}

impl Pid {
    /// # Errors
    /// When there is no such process, or no Linux to ask.
    pub(crate) fn cpu_time(self) -> io::Result<CpuTime> {
        let text = self.read("stat")?;
        parse_cpu_time(&text, rustix::param::clock_ticks_per_second())
            .ok_or_else(|| self.malformed("stat"))
    }

    /// Exact, where [`cpu_time`](Self::cpu_time) comes in ticks of mostly 10 ms.
    ///
    /// # Errors
    /// As `cpu_time`.
    pub(crate) fn task_times(self) -> io::Result<TaskTimes> {
        let mut times = BTreeMap::new();
        for entry in std::fs::read_dir(format!("/proc/{}/task", self.0))? {
            let task = entry?.file_name();
            let Some(task) = task.to_str().and_then(|task| task.parse().ok()) else {
                continue;
            };
            // A thread may have ended since it was listed.
            if let Ok(text) = self.read(&format!("task/{task}/schedstat")) {
                let used = text.split_ascii_whitespace().next();
                let used = used.and_then(|used| used.parse().ok());
                times.insert(task, used.ok_or_else(|| self.malformed("schedstat"))?);
            }
        }
        Ok(TaskTimes(times))
    }

    /// # Errors
    /// As [`cpu_time`](Self::cpu_time).
    pub(crate) fn resident(self) -> io::Result<Resident> {
        let text = self.read("status")?;
        parse_resident(&text).ok_or_else(|| self.malformed("status"))
    }

    fn read(self, file: &str) -> io::Result<String> {
        let path = format!("/proc/{}/{file}", self.0);
        std::fs::read_to_string(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
    }

    fn malformed(self, file: &str) -> io::Error {
        let problem = format!("/proc/{}/{file} is not as proc(5) says", self.0);
        io::Error::new(io::ErrorKind::InvalidData, problem)
    }
}

/// Fields 14 and 15 of proc_pid_stat(5). The second is the program's name in parentheses, which may hold anything.
fn parse_cpu_time(stat: &str, ticks_per_second: u64) -> Option<CpuTime> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let mut next = || {
        let ticks: u64 = fields.next()?.parse().ok()?;
        let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(ticks_per_second);
        Some(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
    };
    Some(CpuTime {
        user: next()?,
        system: next()?,
    })
}

fn parse_resident(status: &str) -> Option<Resident> {
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        Some(kib * 1024)
    };
    Some(Resident {
        now: field("VmRSS:")?,
        peak: field("VmHWM:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 7 0 0 0 250 75 9 9 20 0 4 0 100 1 2";
        let time = parse_cpu_time(stat, 100).unwrap();
        assert_eq!(time.user, Duration::from_millis(2500));
        assert_eq!(time.system, Duration::from_millis(750));
        assert_eq!(time.total(), Duration::from_millis(3250));
        assert_eq!(parse_cpu_time("42 (a) S 1 2", 100), None);
    }

    #[test]
    fn what_threads_have_used_is_told_of_those_that_are_alive() {
        let earlier = TaskTimes(BTreeMap::from([(1, 500), (2, 70)]));
        let later = TaskTimes(BTreeMap::from([(1, 900), (3, 8)]));
        assert_eq!(later.since(&earlier), Duration::from_nanos(408));
        let own = Pid(std::process::id());
        assert!(own.task_times().unwrap().since(&TaskTimes::default()) > Duration::ZERO);
    }

    #[test]
    fn resident_memory_is_in_kibibytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        let resident = parse_resident(status).unwrap();
        assert_eq!((resident.now, resident.peak), (1 << 20, 2 << 20));
        assert_eq!(parse_resident("Name:\tx\n"), None);
    }
}
