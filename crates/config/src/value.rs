use std::fmt;

use thiserror::Error;

use crate::key::{Form, Key, Kind};

/// A value of its key's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Boolean(bool),
    /// Ints, shorts and longs.
    Integer(i64),
    Double(f64),
    Text(String),
    List(Vec<String>),
}

/// As Kafka shows it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Double(value) => f.write_str(&shown_double(*value)),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(",")),
        }
    }
}

/// A whole number still shows that it is none of the integers, and what is large or small has an exponent.
fn shown_double(value: f64) -> String {
    let is_plain = value == 0.0 || (1e-3..1e7).contains(&value.abs());
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => format!("{}Infinity", if value < 0.0 { "-" } else { "" }),
        _ if is_plain => format!("{value:?}"),
        _ => {
            let text = format!("{value:E}");
            match text.split_once('E') {
                Some((digits, exponent)) if !digits.contains('.') => {
                    format!("{digits}.0E{exponent}")
                }
                _ => text,
            }
        }
    }
}

/// As Java reads one: a letter of a type may follow it.
fn double(text: &str) -> Option<Value> {
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let is_java = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || matches!(unsigned, "NaN" | "Infinity") && digits == text;
    let value = is_java.then(|| digits.parse().ok()).flatten();
    value.map(Value::Double)
}

/// The text is no value of the key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: expected {expected}, found {found:?}")]
pub struct InvalidValue {
    pub name: &'static str,
    pub expected: String,
    pub found: String,
}

impl Value {
    /// # Errors
    /// When the text has another form than the key asks for, or lies outside its bounds.
    pub fn parse(key: &Key, text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim();
        let invalid = |expected: String| InvalidValue {
            name: key.name,
            expected,
            // What is secret in the right form is secret in the wrong one.
            found: if key.is_sensitive() { "[hidden]" } else { text }.to_owned(),
        };
        let value = match key.kind {
            Kind::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" => Some(Self::Boolean(true)),
                "false" => Some(Self::Boolean(false)),
                _ => None,
            },
            Kind::Short => integer::<i16>(text),
            Kind::Int => integer::<i32>(text),
            Kind::Long => integer::<i64>(text),
            Kind::Double => double(text),
            Kind::Text | Kind::Class | Kind::Password => Some(Self::Text(text.to_owned())),
            Kind::List if text.is_empty() => Some(Self::List(Vec::new())),
            Kind::List => Some(Self::List(distinct(text.split(',').map(str::trim)))),
        };
        value
            .filter(|value| value.is_within(key))
            .ok_or_else(|| invalid(expected(key)))
    }

    fn is_within(&self, key: &Key) -> bool {
        match self {
            Self::Boolean(_) => true,
            Self::Integer(value) => {
                is_between(*value as f64, key) && (*value != 0 || key.form != Form::NotZero)
            }
            // What is no number lies outside no bounds, as in Java.
            Self::Double(value) => value.is_nan() || is_between(*value, key),
            Self::Text(text) => {
                !(key.not_empty && text.is_empty())
                    && is_allowed(text, key)
                    && has_form(text, key.form)
            }
            Self::List(items) => {
                let is_item = |item: &String| {
                    !item.is_empty() && is_allowed(item, key) && has_form(item, key.form)
                };
                if key.form == Form::ThrottledReplicas && items == &["*"] {
                    return true;
                }
                !(key.not_empty && items.is_empty()) && items.iter().all(is_item)
            }
        }
    }
}

/// What stands again counts once, as in Kafka.
fn distinct<'a>(items: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for item in items {
        if !list.iter().any(|other| other == item) {
            list.push(item.to_owned());
        }
    }
    list
}

fn integer<T: std::str::FromStr + Into<i64>>(text: &str) -> Option<Value> {
    text.parse::<T>()
        .ok()
        .map(|value| Value::Integer(value.into()))
}

/// The bounds of whole numbers are small: they and their neighbours are exact as floats.
fn is_between(value: f64, key: &Key) -> bool {
    key.at_least.is_none_or(|least| value >= least) && key.at_most.is_none_or(|most| value <= most)
}

fn is_allowed(text: &str, key: &Key) -> bool {
    let is_it = |allowed: &&str| {
        if key.in_any_case {
            allowed.eq_ignore_ascii_case(text)
        } else {
            *allowed == text
        }
    };
    key.one_of.is_empty() || key.one_of.iter().any(is_it)
}

fn has_form(text: &str, form: Form) -> bool {
    match form {
        Form::Any | Form::NotZero => true,
        Form::ThrottledReplicas => {
            let is_number = |text: &str| text.parse::<i32>().is_ok_and(|number| number >= 0);
            let of_one = text.split_once(':');
            of_one.is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
        }
        Form::OffsetReset => match text.strip_prefix("by_duration:") {
            None => matches!(text, "earliest" | "latest"),
            Some(duration) => is_duration(duration),
        },
        Form::Voters => {
            let voter = text.split_once('@');
            voter.is_some_and(|(id, address)| {
                id.parse::<i32>().is_ok_and(|id| id >= 0) && is_address(address)
            })
        }
        Form::Addresses => is_address(text),
    }
}

fn is_address(text: &str) -> bool {
    let is_host = |host: &str| !host.is_empty() && !host.contains(['@', ' ']);
    text.rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok())
}

/// As Java's `Duration` reads it, and not below nothing: `P2DT3H4M5.6S`.
fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['P', 'p']) else {
        return false;
    };
    let (days, time) = match rest.split_once(['T', 't']) {
        Some((days, time)) => (days, Some(time)),
        None => (rest, None),
    };
    let has_units = |mut text: &str, units: &[char]| {
        let mut units = units.iter();
        while !text.is_empty() {
            let Some(end) = text.find(|c: char| c.is_ascii_alphabetic()) else {
                return false;
            };
            let unit = text.as_bytes()[end].to_ascii_uppercase();
            let number = &text[..end];
            let is_number = if unit == b'S' {
                number.parse::<f64>().is_ok_and(|number| number >= 0.0)
            } else {
                number.parse::<u64>().is_ok()
            };
            if !is_number || !units.any(|known| *known == char::from(unit)) {
                return false;
            }
            text = &text[end + 1..];
        }
        true
    };
    has_units(days, &['D'])
        && time.is_none_or(|time| !time.is_empty() && has_units(time, &['H', 'M', 'S']))
        && !(days.is_empty() && time.is_none())
}

/// In words, what a key's value looks like.
fn expected(key: &Key) -> String {
    let mut words = match (key.kind, key.form) {
        (Kind::Boolean, _) => "true or false".to_owned(),
        (Kind::Short, _) => "a whole number of 16 bits".to_owned(),
        (Kind::Int, _) => "a whole number of 32 bits".to_owned(),
        (Kind::Long, _) => "a whole number of 64 bits".to_owned(),
        (Kind::Double, _) => "a number".to_owned(),
        (_, Form::ThrottledReplicas) => {
            "PARTITION:BROKER for each replica, or * for all".to_owned()
        }
        (_, Form::OffsetReset) => {
            "earliest, latest or by_duration: and a duration such as PT1H30M".to_owned()
        }
        (_, Form::Voters) => "ID@HOST:PORT for each voter".to_owned(),
        (_, Form::Addresses) => "HOST:PORT for each controller".to_owned(),
        (Kind::List, _) if key.one_of.is_empty() => "a list without empty items".to_owned(),
        (Kind::List, _) => format!("a list of {}", one_of(key, "and")),
        _ if key.one_of.is_empty() => "a text".to_owned(),
        _ => one_of(key, "or"),
    };
    match (key.at_least, key.at_most) {
        (Some(least), Some(most)) => words.push_str(&format!(" from {least} to {most}")),
        (Some(least), None) => words.push_str(&format!(" of at least {least}")),
        (None, Some(most)) => words.push_str(&format!(" of at most {most}")),
        (None, None) => {}
    }
    if key.form == Form::NotZero {
        words.push_str(", but not 0");
    }
    if key.not_empty {
        words.push_str(", not empty");
    }
    words
}

fn one_of(key: &Key, conjunction: &str) -> String {
    match key.one_of {
        [all @ .., last] if !all.is_empty() => {
            format!("{} {conjunction} {last}", all.join(", "))
        }
        all => all.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    fn server(name: &str, text: &str) -> Result<Value, String> {
        let key = table::server_key(name).unwrap();
        Value::parse(key, text).map_err(|error| error.to_string())
    }

    fn refused(name: &str, text: &str) -> String {
        server(name, text).unwrap_err()
    }

    #[test]
    fn numbers_have_bits_and_bounds() {
        assert_eq!(server("num.partitions", " 7 "), Ok(Value::Integer(7)));
        assert_eq!(
            refused("num.partitions", "0"),
            "num.partitions: expected a whole number of 32 bits of at least 1, found \"0\""
        );
        assert!(refused("num.partitions", "3000000000").contains("32 bits"));
        assert!(refused("offsets.topic.replication.factor", "40000").contains("16 bits"));
        assert!(refused("group.share.delivery.count.limit", "11").contains("from 2 to 10"));
        assert!(refused("log.cleaner.min.cleanable.ratio", "1.1").contains("a number from 0 to 1"));
        assert!(refused("compression.gzip.level", "0").contains("from -1 to 9, but not 0"));
        assert_eq!(server("log.retention.bytes", "-1"), Ok(Value::Integer(-1)));
    }

    #[test]
    fn lists_hold_each_item_once_and_no_empty_one() {
        let list =
            |items: &[&str]| Value::List(items.iter().map(|item| (*item).to_owned()).collect());
        assert_eq!(server("log.dirs", "/a , /b"), Ok(list(&["/a", "/b"])));
        assert_eq!(server("cordoned.log.dirs", ""), Ok(list(&[])));
        assert!(refused("log.dirs", "").contains("not empty"));
        assert!(refused("log.dirs", "/a,,/b").contains("without empty"));
        assert_eq!(server("log.dirs", "/a,/b,/a"), Ok(list(&["/a", "/b"])));
        assert!(
            refused("process.roles", "broker,zookeeper")
                .contains("a list of broker and controller")
        );
    }

    #[test]
    fn a_choice_may_or_may_not_care_about_capitals() {
        assert!(server("group.consumer.migration.policy", "Upgrade").is_ok());
        assert!(refused("compression.type", "ZSTD").contains("gzip or producer"));
    }

    #[test]
    fn some_texts_have_a_form() {
        let reset = table::group_key("share.auto.offset.reset").unwrap();
        for text in [
            "latest",
            "by_duration:PT1H",
            "by_duration:P1DT2.5S",
            "by_duration:p3d",
        ] {
            assert!(Value::parse(reset, text).is_ok(), "{text}");
        }
        for text in [
            "none",
            "by_duration:",
            "by_duration:P",
            "by_duration:PT",
            "by_duration:PT-1H",
            "by_duration:PT1M1H",
            "by_duration:1H",
        ] {
            assert!(Value::parse(reset, text).is_err(), "{text}");
        }
        let replicas = table::topic_key("leader.replication.throttled.replicas").unwrap();
        assert!(Value::parse(replicas, "0:1,1:2").is_ok() && Value::parse(replicas, "*").is_ok());
        assert!(Value::parse(replicas, "0").is_err());
        assert!(server("controller.quorum.voters", "1@[::1]:9093").is_ok());
        assert!(refused("controller.quorum.voters", "localhost:9093").contains("ID@HOST:PORT"));
        assert!(refused("controller.quorum.bootstrap.servers", "localhost").contains("HOST:PORT"));
    }

    #[test]
    fn values_are_shown_as_kafka_shows_them() {
        let shown = |name: &str, text: &str| server(name, text).unwrap().to_string();
        assert_eq!(
            shown(
                "log.cleaner.io.max.bytes.per.second",
                "1.7976931348623157E308"
            ),
            "1.7976931348623157E308"
        );
        assert_eq!(shown("log.cleaner.min.cleanable.ratio", "1"), "1.0");
        for (text, expected) in [
            ("2147483647", "2.147483647E9"),
            ("1e7", "1.0E7"),
            ("-9999999d", "-9999999.0"),
            ("0.0005", "5.0E-4"),
            ("-Infinity", "-Infinity"),
        ] {
            let key = "log.cleaner.io.max.bytes.per.second";
            assert_eq!(shown(key, text), expected);
        }
        assert_eq!(
            shown("log.cleanup.policy", "compact, delete"),
            "compact,delete"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_value_or_not(text: String) {
            for key in table::server().chain(table::topic()).chain(table::group()) {
                let _ = Value::parse(key, &text);
            }
        }
    }
}
