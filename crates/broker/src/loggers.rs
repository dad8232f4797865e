//! The loggers of the process, as far as a broker knows of them: names with levels, which can be changed while it runs (KIP-412).

use std::collections::BTreeMap;
use std::fmt;

/// The logger that all others take their level from.
pub const ROOT_LOGGER: &str = "root";

/// From what on a logger logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    /// What ends the node, of which it tells in its last words: the logger says nothing.
    Fatal,
}

impl LogLevel {
    pub const ALL: [Self; 6] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Fatal,
    ];

    /// As clients name it, in capitals.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whoever writes the log of the process.
pub trait Loggers: Send + Sync + 'static {
    /// Each logger there is, with the level in force for it, its own or that of the one above it.
    fn levels(&self) -> BTreeMap<String, LogLevel>;

    /// Gives a logger that there is a level of its own, at once and until the process ends.
    fn set(&self, logger: &str, level: LogLevel);

    /// Takes the level of its own from a logger other than the root.
    fn unset(&self, logger: &str);
}

/// Of a process that has none that could be changed.
#[derive(Clone, Copy, Debug)]
pub struct NoLoggers;

impl Loggers for NoLoggers {
    fn levels(&self) -> BTreeMap<String, LogLevel> {
        BTreeMap::new()
    }

    fn set(&self, _logger: &str, _level: LogLevel) {}

    fn unset(&self, _logger: &str) {}
}
