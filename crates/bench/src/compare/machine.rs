//! Where and on what was measured.

use ottla_env::Clock;
use ottla_runtime::RealClock;
use serde_json::{Value, json};

use crate::size::GIB;

/// What a reader must know of the machine to make anything of the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    /// Processors, memory, kernel.
    pub(super) described: String,
    pub(super) peer: String,
    /// Milliseconds since 1970.
    pub(super) at: i64,
}

impl Machine {
    pub(super) fn here(peer: &str) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let model = first_value("/proc/cpuinfo", "model name").unwrap_or_default();
        let memory = first_value("/proc/meminfo", "MemTotal")
            .and_then(|text| text.strip_suffix("kB")?.trim_end().parse::<u64>().ok())
            .map_or(0.0, |kib| (kib * 1024) as f64 / GIB as f64);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            described: format!(
                "{processors} processors ({model}), {memory:.0} GiB of memory, Linux {}",
                release(&kernel)
            ),
            peer: peer.to_owned(),
            at: RealClock::new().wall().0,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"machine": self.described, "peer": self.peer, "at": self.at})
    }

    /// `None` of anything else.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            described: value.get("machine")?.as_str()?.to_owned(),
            peer: value.get("peer")?.as_str()?.to_owned(),
            at: value.get("at")?.as_i64()?,
        })
    }
}

/// The numbers of a kernel's release, without what its builder calls it.
fn release(kernel: &str) -> &str {
    let end = kernel.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    &kernel[..end.unwrap_or(kernel.len())]
}

/// Of a file of lines `name: value`.
fn first_value(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_its_numbers() {
        assert_eq!(release("6.18.44-cloud-amd64\n"), "6.18.44");
        assert_eq!(release("7.0\n"), "7.0");
    }

    #[test]
    fn a_machine_is_read_as_it_is_written() {
        let machine = Machine::here("Apache Kafka 4.3.1");
        assert_eq!(Machine::from_json(&machine.to_json()), Some(machine));
        assert_eq!(Machine::from_json(&json!({"machine": 1})), None);
    }
}
