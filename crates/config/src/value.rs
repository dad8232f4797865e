use std::fmt;

use thiserror::Error;

use crate::key::{Key, Kind};

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
            // A whole number still shows that it is none of the integers.
            Self::Double(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(",")),
        }
    }
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
            found: text.to_owned(),
        };
        let value = match key.kind {
            Kind::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" => Self::Boolean(true),
                "false" => Self::Boolean(false),
                _ => return Err(invalid("true or false".to_owned())),
            },
            Kind::Short => {
                Self::Integer(integer::<i16>(text).ok_or_else(|| invalid(range::<i16>(key)))?)
            }
            Kind::Int => {
                Self::Integer(integer::<i32>(text).ok_or_else(|| invalid(range::<i32>(key)))?)
            }
            Kind::Long => {
                Self::Integer(integer::<i64>(text).ok_or_else(|| invalid(range::<i64>(key)))?)
            }
            Kind::Double => Self::Double(text.parse().map_err(|_| invalid("a number".to_owned()))?),
            Kind::Text | Kind::Class | Kind::Password => Self::Text(text.to_owned()),
            Kind::List => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                Self::List(items.map(str::to_owned).collect())
            }
        };
        value.check(key).map_err(invalid)?;
        Ok(value)
    }

    /// The error is what was expected instead.
    fn check(&self, key: &Key) -> Result<(), String> {
        let is_high_enough = match (self, key.at_least) {
            (Self::Integer(value), Some(least)) => *value >= least,
            (Self::Double(value), Some(least)) => *value >= least as f64,
            _ => true,
        };
        if !is_high_enough {
            return Err(format!("at least {}", key.at_least.unwrap_or_default()));
        }
        let allowed = |text: &str| key.one_of.is_empty() || key.one_of.contains(&text);
        let is_allowed = match self {
            Self::Text(text) => allowed(text),
            Self::List(items) => items.iter().all(|item| allowed(item)),
            _ => true,
        };
        if is_allowed {
            Ok(())
        } else {
            Err(key.one_of.join(", "))
        }
    }
}

fn integer<T: std::str::FromStr + Into<i64>>(text: &str) -> Option<i64> {
    text.parse::<T>().ok().map(Into::into)
}

trait Bounded {
    const TEXT: &'static str;
}
impl Bounded for i16 {
    const TEXT: &'static str = "a whole number of 16 bits";
}
impl Bounded for i32 {
    const TEXT: &'static str = "a whole number of 32 bits";
}
impl Bounded for i64 {
    const TEXT: &'static str = "a whole number of 64 bits";
}

fn range<T: Bounded>(key: &Key) -> String {
    match key.at_least {
        Some(least) => format!("{} of at least {least}", T::TEXT),
        None => T::TEXT.to_owned(),
    }
}
