//! What a subscription to clients' metrics may say (KIP-714).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use regex::Regex;

use crate::settings::Settings;
use crate::table;
use crate::value::Value;

/// How often clients can be asked to push. Milliseconds.
const INTERVALS: RangeInclusive<i64> = 100..=3_600_000;

/// The prefix of every name.
pub const ALL_METRICS: &str = "*";

/// By what clients can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientAttribute {
    InstanceId,
    Id,
    SoftwareName,
    SoftwareVersion,
    SourceAddress,
    SourcePort,
}

/// As `match` names them.
const SELECTORS: [(&str, ClientAttribute); 6] = [
    ("client_instance_id", ClientAttribute::InstanceId),
    ("client_id", ClientAttribute::Id),
    ("client_software_name", ClientAttribute::SoftwareName),
    ("client_software_version", ClientAttribute::SoftwareVersion),
    ("client_source_address", ClientAttribute::SourceAddress),
    ("client_source_port", ClientAttribute::SourcePort),
];

/// What one subscription asks of which clients.
#[derive(Clone, Debug)]
pub struct ClientMetricsConfig {
    /// Prefixes of names, among them [`ALL_METRICS`]; none for no metric.
    pub metrics: Vec<String>,
    pub interval_ms: i32,
    /// What each of these must be of a client that is asked, as a whole.
    pub selectors: BTreeMap<ClientAttribute, Regex>,
}

impl ClientMetricsConfig {
    /// # Errors
    /// As [`check`] has them. The controller lets none of them pass; another one may.
    pub fn new(own: &Settings) -> Result<Self, Problem> {
        check(own)?;
        let list = |name| match own.explicit(name) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        let interval_ms = match own.explicit("interval.ms") {
            Some(Value::Integer(interval)) => {
                i32::try_from(*interval).expect("it is in bounds, which are of 32 bits")
            }
            _ => default_interval_ms(),
        };
        let selectors = list("match").iter().map(|item| selector(item));
        Ok(Self {
            metrics: list("metrics").to_vec(),
            interval_ms,
            selectors: selectors
                .collect::<Result<_, _>>()
                .map_err(Problem::Match)?,
        })
    }
}

/// What is wrong with a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The interval is out of bounds.
    Interval(String),
    /// A selector is no `name=regular expression`.
    Match(String),
}

/// How often they push whom no subscription asks to do so more often. Milliseconds.
#[must_use]
pub fn default_interval_ms() -> i32 {
    let key = table::client_metrics_key("interval.ms");
    let default = key.and_then(|key| key.default?.parse().ok());
    default.expect("the key has a default, of 32 bits")
}

/// # Errors
/// The first problem of a subscription that has these configs of its own.
pub fn check(own: &Settings) -> Result<(), Problem> {
    if let Some(Value::Integer(interval)) = own.explicit("interval.ms")
        && !INTERVALS.contains(interval)
    {
        let (least, most) = (INTERVALS.start(), INTERVALS.end());
        return Err(Problem::Interval(format!(
            "interval.ms: expected {least} to {most}, found {interval}"
        )));
    }
    if let Some(Value::List(items)) = own.explicit("match") {
        for item in items {
            selector(item).map_err(Problem::Match)?;
        }
    }
    Ok(())
}

/// What `name=regular expression` says. The expression is of the whole of a text, as Kafka means it.
///
/// # Errors
/// A sentence, when it has another form, another name or no such expression.
fn selector(item: &str) -> Result<(ClientAttribute, Regex), String> {
    let wrong = |expected: &str| format!("match: expected {expected}, found {item:?}");
    let form = "NAME=REGULAR EXPRESSION";
    let (name, pattern) = item.split_once('=').ok_or_else(|| wrong(form))?;
    if pattern.is_empty() || pattern.trim_end_matches('=').contains('=') {
        return Err(wrong(form));
    }
    let mut known = SELECTORS.into_iter();
    let (_, attribute) = known
        .find(|(known, _)| *known == name.trim())
        .ok_or_else(|| {
            let names = SELECTORS.map(|(name, _)| name);
            wrong(&format!("one of {}", names.join(", ")))
        })?;
    let pattern = pattern.trim_end_matches('=').trim();
    // By itself, too: what closes a group that it did not open is no expression.
    let pattern = Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?:{pattern})$")))
        .map_err(|_| wrong("a regular expression"))?;
    Ok((attribute, pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: &str, text: &str) -> Result<(), Problem> {
        check(&Settings::of_client_metrics([(name, text)].into_iter()))
    }

    #[test]
    fn clients_push_between_ten_times_a_second_and_once_an_hour() {
        assert_eq!(checked("interval.ms", "100"), Ok(()));
        assert_eq!(checked("interval.ms", "3600000"), Ok(()));
        for text in ["99", "3600001", "-1"] {
            let problem = checked("interval.ms", text);
            assert!(matches!(problem, Err(Problem::Interval(_))), "{text}");
        }
    }

    #[test]
    fn clients_are_chosen_by_what_they_say_of_themselves() {
        assert_eq!(
            checked("match", "client_id=a.*, client_source_port=9[0-9]"),
            Ok(())
        );
        for text in [
            "client_id",
            "client_id=",
            "id=a",
            "client_id=a=b",
            "client_id=(",
            "client_id=a)|(b",
        ] {
            let problem = checked("match", text);
            assert!(matches!(problem, Err(Problem::Match(_))), "{text}");
        }
        let (attribute, pattern) = selector("client_software_name = Java.*").unwrap();
        assert!(attribute == ClientAttribute::SoftwareName && pattern.is_match("JavaScript"));
    }

    #[test]
    fn an_expression_is_of_the_whole_of_a_text() {
        let (_, pattern) = selector("client_id=a|ab").unwrap();
        assert!(pattern.is_match("a") && pattern.is_match("ab"));
        assert!(!pattern.is_match("xa") && !pattern.is_match("abc") && !pattern.is_match("a\n"));
    }

    #[test]
    fn a_subscription_is_read_with_kafkas_defaults() {
        let read = |configs: &[(&'static str, &'static str)]| {
            ClientMetricsConfig::new(&Settings::of_client_metrics(configs.iter().copied()))
        };
        let nothing = read(&[]).unwrap();
        assert!(nothing.metrics.is_empty() && nothing.selectors.is_empty());
        assert_eq!(nothing.interval_ms, 300_000);
        let some = read(&[
            ("metrics", "a.,*"),
            ("interval.ms", "100"),
            ("match", "client_id=a,client_id=b"),
        ]);
        let some = some.unwrap();
        assert_eq!(some.metrics, ["a.", "*"]);
        assert_eq!(some.interval_ms, 100);
        // The last one counts.
        let of_id = &some.selectors[&ClientAttribute::Id];
        assert!(some.selectors.len() == 1 && of_id.is_match("b") && !of_id.is_match("a"));
        assert!(read(&[("interval.ms", "99")]).is_err());
    }
}
