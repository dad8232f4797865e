//! What a subscription to clients' metrics may say (KIP-714).

use std::ops::RangeInclusive;

use regex::Regex;

use crate::settings::Settings;
use crate::value::Value;

/// How often clients can be asked to push. Milliseconds.
const INTERVALS: RangeInclusive<i64> = 100..=3_600_000;

/// By what clients can be chosen.
const SELECTORS: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// What is wrong with a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The interval is out of bounds.
    Interval(String),
    /// A selector is no `name=regular expression`.
    Match(String),
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

/// What `name=regular expression` says.
///
/// # Errors
/// A sentence, when it has another form, another name or no such expression.
pub fn selector(item: &str) -> Result<(&'static str, Regex), String> {
    let wrong = |expected: &str| format!("match: expected {expected}, found {item:?}");
    let form = "NAME=REGULAR EXPRESSION";
    let (name, pattern) = item.split_once('=').ok_or_else(|| wrong(form))?;
    if pattern.is_empty() || pattern.trim_end_matches('=').contains('=') {
        return Err(wrong(form));
    }
    let mut known = SELECTORS.into_iter();
    let name = known
        .find(|known| *known == name.trim())
        .ok_or_else(|| wrong(&format!("one of {}", SELECTORS.join(", "))))?;
    let pattern = Regex::new(pattern.trim_end_matches('=').trim())
        .map_err(|_| wrong("a regular expression"))?;
    Ok((name, pattern))
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
        ] {
            let problem = checked("match", text);
            assert!(matches!(problem, Err(Problem::Match(_))), "{text}");
        }
        let (name, pattern) = selector("client_software_name = Java.*").unwrap();
        assert!(name == "client_software_name" && pattern.is_match("JavaScript"));
    }
}
