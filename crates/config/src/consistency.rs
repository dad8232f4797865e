//! What must hold between the values of a broker, at its start and whenever one of them is changed.

use crate::connections::{self, OVERRIDES};
use crate::cordons;
use crate::group;
use crate::settings::Settings;
use crate::value::Value;

/// The key that is wrong, and a sentence.
pub(crate) type Problem = (&'static str, String);

/// The least memory for keys that a thread of the cleaner works with. Bytes.
const CLEANER_BUFFER: i64 = 1 << 20;

/// # Errors
/// The first problem.
pub(crate) fn check(settings: &Settings) -> Result<(), Problem> {
    ages(settings)?;
    connections(settings)?;
    cordons::check(settings)?;
    cleaner(settings)?;
    group::check_broker(settings)
}

fn integer(settings: &Settings, name: &str) -> Option<i64> {
    match settings.value(name) {
        Some(Value::Integer(value)) => Some(value),
        _ => None,
    }
}

/// Ages that several keys give.
fn ages(settings: &Settings) -> Result<(), Problem> {
    let retention = ["log.retention.ms", "log.retention.minutes"];
    let mut explicit = retention
        .into_iter()
        .filter(|name| settings.explicit(name).is_some());
    let retention = explicit.next().unwrap_or("log.retention.hours");
    if integer(settings, retention) == Some(0) {
        let problem = "expected at least 1, or -1 to keep logs for ever, found 0";
        return Err((retention, problem.to_owned()));
    }
    for (name, least) in [("log.roll.ms", 1), ("log.roll.jitter.ms", 0)] {
        if integer(settings, name).is_some_and(|age| age < least) {
            return Err((name, format!("expected at least {least}")));
        }
    }
    Ok(())
}

fn connections(settings: &Settings) -> Result<(), Problem> {
    let of_hosts = connections::max_of_hosts(settings)
        .map_err(|item| (OVERRIDES, format!("expected HOST:COUNT, found {item:?}")))?;
    if integer(settings, "max.connections.per.ip") == Some(0) && of_hosts.is_empty() {
        let problem = format!("0 lets in only hosts that are named in {OVERRIDES}, and none is");
        return Err(("max.connections.per.ip", problem));
    }
    Ok(())
}

fn cleaner(settings: &Settings) -> Result<(), Problem> {
    let threads = integer(settings, "log.cleaner.threads").unwrap_or(1);
    let name = "log.cleaner.dedupe.buffer.size";
    let buffer = integer(settings, name).unwrap_or(i64::MAX);
    if threads > 0 && buffer / threads <= CLEANER_BUFFER {
        let problem = format!("expected more than 1 MiB for each thread, found {buffer}");
        return Err((name, problem));
    }
    Ok(())
}
