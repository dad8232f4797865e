//! The loggers of the process: `tracing`'s targets, which are modules. A level counts for all below it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use ottla_broker::{LogLevel, Loggers, ROOT_LOGGER};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::{Layer, reload};

/// The crates that log. Their modules are known when they have something to say.
const CRATES: [&str; 3] = ["ottla_broker", "ottla_log", "ottla_node"];

/// What the levels are, and who goes by them.
pub(super) struct Levels {
    filter: reload::Handle<Targets, Registry>,
    told: Mutex<Told>,
    /// Held by whoever changes them, so that the filters come in the order of the changes.
    turn: Mutex<()>,
}

struct Told {
    root: LogLevel,
    /// Those that have a level of their own.
    own: BTreeMap<String, LogLevel>,
    /// Those that have something to say.
    seen: BTreeSet<String>,
}

impl Levels {
    /// The levels as `targets` has them, and the filter that goes by them.
    pub(super) fn new(targets: &Targets) -> (Self, reload::Layer<Targets, Registry>) {
        let told = Told {
            root: level_of(targets.default_level().unwrap_or(LevelFilter::OFF)),
            own: targets
                .iter()
                .map(|(target, filter)| (target.to_owned(), level_of(filter)))
                .collect(),
            seen: BTreeSet::new(),
        };
        let (layer, filter) = reload::Layer::new(told.targets());
        let told = Mutex::new(told);
        let turn = Mutex::default();
        let levels = Self { filter, told, turn };
        (levels, layer)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody panics who holds it")
    }

    fn change(&self, change: impl FnOnce(&mut Told)) {
        let _turn = self.turn.lock().expect("nobody panics who holds it");
        let mut told = self.told();
        change(&mut told);
        let targets = told.targets();
        // Whoever logs while the filter changes is seen.
        drop(told);
        self.filter
            .reload(targets)
            .expect("the log is written as long as the process lives");
    }
}

impl Loggers for Levels {
    fn levels(&self) -> BTreeMap<String, LogLevel> {
        self.told().levels()
    }

    fn set(&self, logger: &str, level: LogLevel) {
        self.change(|told| match logger {
            ROOT_LOGGER => told.root = level,
            logger => {
                told.own.insert(logger.to_owned(), level);
            }
        });
    }

    fn unset(&self, logger: &str) {
        self.change(|told| {
            told.own.remove(logger);
        });
    }
}

impl Told {
    fn levels(&self) -> BTreeMap<String, LogLevel> {
        let crates = CRATES.into_iter();
        let known = crates.chain(self.seen.iter().chain(self.own.keys()).map(String::as_str));
        let mut levels: BTreeMap<String, LogLevel> = known
            .map(|logger| (logger.to_owned(), self.in_force(logger)))
            .collect();
        levels.insert(ROOT_LOGGER.to_owned(), self.root);
        levels
    }

    /// Its own level, or that of the nearest module above it.
    fn in_force(&self, logger: &str) -> LogLevel {
        let mut name = logger;
        loop {
            match (self.own.get(name), name.rsplit_once("::")) {
                (Some(level), _) => return *level,
                (None, Some((above, _))) => name = above,
                (None, None) => return self.root,
            }
        }
    }

    fn targets(&self) -> Targets {
        let own = self.own.iter();
        let own = own.map(|(logger, level)| (logger.clone(), filter_of(*level)));
        Targets::new()
            .with_default(filter_of(self.root))
            .with_targets(own)
    }
}

/// `tracing` has no word for the last words.
fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Fatal => LevelFilter::OFF,
    }
}

fn level_of(filter: LevelFilter) -> LogLevel {
    let mut levels = LogLevel::ALL.into_iter();
    let found = levels.find(|level| filter_of(*level) == filter);
    found.expect("every filter is that of a level")
}

/// Notes who has something to say.
pub(super) struct Seen(pub(super) Arc<Levels>);

impl<S: Subscriber> Layer<S> for Seen {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target().starts_with("ottla") {
            self.0.told().seen.insert(metadata.target().to_owned());
        }
        Interest::always()
    }

    fn enabled(&self, _metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn told(filter: &str) -> Told {
        let (levels, _layer) = Levels::new(&filter.parse().unwrap());
        levels.told.into_inner().unwrap()
    }

    #[test]
    fn a_level_counts_for_the_modules_below() {
        let mut told = told("warn,ottla_log=debug,ottla_log::recovery=off");
        told.seen.insert("ottla_log::recovery::segment".to_owned());
        told.seen.insert("ottla_log::writer".to_owned());
        let levels = told.levels();
        let expected = [
            ("ottla_broker", LogLevel::Warn),
            ("ottla_log", LogLevel::Debug),
            ("ottla_log::recovery", LogLevel::Fatal),
            ("ottla_log::recovery::segment", LogLevel::Fatal),
            ("ottla_log::writer", LogLevel::Debug),
            ("ottla_node", LogLevel::Warn),
            ("root", LogLevel::Warn),
        ];
        assert_eq!(
            levels,
            expected
                .map(|(name, level)| (name.to_owned(), level))
                .into()
        );
        assert!(
            told.targets()
                .would_enable("ottla_log::writer", &tracing::Level::DEBUG)
        );
        assert!(
            !told
                .targets()
                .would_enable("ottla_log::recovery", &tracing::Level::ERROR)
        );
    }

    /// Of those that a node is made of.
    #[test]
    fn every_crate_that_logs_is_known() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let names = fs::read_dir(crates).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let logs = |name: &String| {
            let manifest = fs::read_to_string(crates.join(name).join("Cargo.toml")).unwrap();
            let mut lines = manifest.lines();
            *name != "sim" && lines.any(|line| line.starts_with("tracing.workspace"))
        };
        let mut names: Vec<String> = names
            .filter(logs)
            .map(|name| format!("ottla_{name}"))
            .collect();
        names.sort();
        assert_eq!(names, CRATES);
    }
}
