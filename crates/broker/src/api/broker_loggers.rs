//! What DescribeConfigs and IncrementalAlterConfigs have to do with the broker's loggers (KIP-412). Their levels are the process's own:
//! nothing of them is in the metadata.

use std::collections::BTreeMap;

use ottla_controller::{Alteration, ConfigChange, Refusal};
use ottla_model::{ErrorCode, NodeId};

use crate::loggers::{LogLevel, Loggers, ROOT_LOGGER};

/// The level of each logger of the broker called `name`, which is to be this one.
pub(super) fn describe(
    loggers: &dyn Loggers,
    id: NodeId,
    name: &str,
) -> Result<BTreeMap<String, LogLevel>, Refusal> {
    check_name(id, name)?;
    Ok(loggers.levels())
}

/// Changes all levels, or none.
pub(super) fn alter(
    loggers: &dyn Loggers,
    id: NodeId,
    alteration: &Alteration,
    validate_only: bool,
) -> Result<(), Refusal> {
    if alteration.replaces_all {
        return Err(invalid("levels of loggers are altered one by one"));
    }
    check_name(id, &alteration.resource.name)?;
    let known = loggers.levels();
    let mut wanted: BTreeMap<&str, Option<LogLevel>> = BTreeMap::new();
    for (logger, change) in &alteration.changes {
        let level = wanted_level(&known, logger, change)?;
        if wanted.insert(logger, level).is_some() {
            return Err(invalid(&format!("{logger} is named twice")));
        }
    }
    if validate_only {
        return Ok(());
    }
    for (logger, level) in wanted {
        match level {
            Some(level) => loggers.set(logger, level),
            None => loggers.unset(logger),
        }
        tracing::warn!(
            logger,
            level = level.map(LogLevel::name),
            "a logger was told another level"
        );
    }
    Ok(())
}

/// `None` for none of its own.
fn wanted_level(
    known: &BTreeMap<String, LogLevel>,
    logger: &str,
    change: &ConfigChange,
) -> Result<Option<LogLevel>, Refusal> {
    let refused = |message| Refusal {
        code: ErrorCode::InvalidConfig,
        message,
    };
    let check_known = || match known.contains_key(logger) {
        true => Ok(()),
        false => Err(refused(format!("logger {logger} does not exist"))),
    };
    match change {
        ConfigChange::Set(name) => {
            check_known()?;
            let level = LogLevel::from_name(name).ok_or_else(|| {
                let levels = LogLevel::ALL.map(LogLevel::name).join(", ");
                refused(format!(
                    "{logger}: expected one of {levels}, found {name:?}"
                ))
            })?;
            Ok(Some(level))
        }
        ConfigChange::Delete => {
            check_known()?;
            match logger == ROOT_LOGGER {
                true => Err(invalid(&format!(
                    "the level of {ROOT_LOGGER} cannot be deleted: there is none above it"
                ))),
                false => Ok(None),
            }
        }
        ConfigChange::Append(_) | ConfigChange::Subtract(_) => {
            Err(invalid(&format!("{logger}: a level is no list")))
        }
    }
}

fn check_name(id: NodeId, name: &str) -> Result<(), Refusal> {
    if name.parse() == Ok(id.0) {
        return Ok(());
    }
    Err(invalid(&format!(
        "expected this broker's id, {id}, found {name:?}"
    )))
}

fn invalid(message: &str) -> Refusal {
    Refusal {
        code: ErrorCode::InvalidRequest,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use ottla_metadata::Resource;

    use super::*;

    /// Remembers what it was told.
    #[derive(Default)]
    struct Told(Mutex<Vec<(String, Option<LogLevel>)>>);

    impl Loggers for Told {
        fn levels(&self) -> BTreeMap<String, LogLevel> {
            let names = [ROOT_LOGGER, "ottla_log", "ottla_raft"];
            names.map(|name| (name.to_owned(), LogLevel::Warn)).into()
        }

        fn set(&self, logger: &str, level: LogLevel) {
            self.0
                .lock()
                .unwrap()
                .push((logger.to_owned(), Some(level)));
        }

        fn unset(&self, logger: &str) {
            self.0.lock().unwrap().push((logger.to_owned(), None));
        }
    }

    fn alteration(changes: &[(&str, ConfigChange)]) -> Alteration {
        let changes = changes.iter();
        Alteration {
            resource: Resource::new(Resource::BROKER_LOGGER, "1"),
            changes: changes
                .map(|(name, change)| ((*name).to_owned(), change.clone()))
                .collect(),
            replaces_all: false,
        }
    }

    fn set(level: &str) -> ConfigChange {
        ConfigChange::Set(level.to_owned())
    }

    fn refused(changes: &[(&str, ConfigChange)]) -> ErrorCode {
        let told = Told::default();
        let refusal = alter(&told, NodeId(1), &alteration(changes), false).unwrap_err();
        assert_eq!(*told.0.lock().unwrap(), []);
        refusal.code
    }

    #[test]
    fn levels_are_set_and_unset_together() {
        let told = Told::default();
        let both = alteration(&[("root", set("INFO")), ("ottla_log", ConfigChange::Delete)]);
        assert!(alter(&told, NodeId(1), &both, true).is_ok());
        assert_eq!(*told.0.lock().unwrap(), []);
        assert!(alter(&told, NodeId(1), &both, false).is_ok());
        let expected = [
            ("ottla_log".to_owned(), None),
            ("root".to_owned(), Some(LogLevel::Info)),
        ];
        assert_eq!(*told.0.lock().unwrap(), expected);
    }

    #[test]
    fn what_is_not_a_logger_or_a_level_changes_nothing() {
        let fine = ("root", set("INFO"));
        assert_eq!(
            refused(&[fine.clone(), ("ottla", set("INFO"))]),
            ErrorCode::InvalidConfig
        );
        assert_eq!(
            refused(&[fine.clone(), ("ottla_log", set("info"))]),
            ErrorCode::InvalidConfig
        );
        assert_eq!(
            refused(&[("ottla", ConfigChange::Delete)]),
            ErrorCode::InvalidConfig
        );
        assert_eq!(
            refused(&[("root", ConfigChange::Delete)]),
            ErrorCode::InvalidRequest
        );
        assert_eq!(refused(&[fine.clone(), fine]), ErrorCode::InvalidRequest);
        let append = ConfigChange::Append("INFO".to_owned());
        assert_eq!(refused(&[("root", append)]), ErrorCode::InvalidRequest);
    }

    #[test]
    fn a_broker_answers_for_itself() {
        for name in ["", "2", "x"] {
            let refusal = describe(&Told::default(), NodeId(1), name).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::InvalidRequest, "{name}");
        }
        assert_eq!(describe(&Told::default(), NodeId(1), "1").unwrap().len(), 3);
    }
}
