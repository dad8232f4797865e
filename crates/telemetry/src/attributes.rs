use std::fmt;

use crate::protobuf::{Content, Fields, Malformed, text};

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute<'a> {
    Text(&'a str),
    Boolean(bool),
    Integer(i64),
    Real(f64),
    /// A list, a map, bytes, or nothing: no client that is known to push has one.
    Other,
}

impl<'a> Attribute<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut value = Self::Other;
        for field in Fields::of(message) {
            value = match field? {
                (1, Content::Bytes(bytes)) => Self::Text(text(bytes)?),
                (2, Content::Varint(bit)) => Self::Boolean(bit != 0),
                (3, Content::Varint(bits)) => Self::Integer(bits.cast_signed()),
                (4, Content::Fixed64(bits)) => Self::Real(f64::from_bits(bits)),
                (5..=7, Content::Bytes(_)) => Self::Other,
                _ => value,
            };
        }
        Ok(value)
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(value) => f.write_str(value),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
            Self::Other => f.write_str("?"),
        }
    }
}

/// Names and values that say more of a data point or of where it comes from. They are read where they lie, and were read through
/// before they are handed out.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// What holds them, among its other fields.
    message: &'a [u8],
    /// The number of their field there.
    field: u32,
}

impl<'a> Attributes<'a> {
    pub(crate) const NONE: Self = Self {
        message: &[],
        field: 1,
    };

    /// # Errors
    /// [`Malformed`], wherever that shows.
    pub(crate) fn read(message: &'a [u8], field: u32) -> Result<Self, Malformed> {
        let attributes = Self { message, field };
        attributes.try_iter().try_for_each(|read| read.map(drop))?;
        Ok(attributes)
    }

    /// Each with its name, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Attribute<'a>)> + use<'a> {
        self.try_iter().filter_map(Result::ok)
    }

    fn try_iter(
        &self,
    ) -> impl Iterator<Item = Result<(&'a str, Attribute<'a>), Malformed>> + use<'a> {
        let number = self.field;
        Fields::of(self.message).filter_map(move |field| match field {
            Ok((found, Content::Bytes(pair))) if found == number => Some(read_pair(pair)),
            Ok(_) => None,
            Err(problem) => Some(Err(problem)),
        })
    }
}

fn read_pair(message: &[u8]) -> Result<(&str, Attribute<'_>), Malformed> {
    let (mut key, mut value) = ("", Attribute::Other);
    for field in Fields::of(message) {
        match field? {
            (1, Content::Bytes(bytes)) => key = text(bytes)?,
            (2, Content::Bytes(bytes)) => value = Attribute::read(bytes)?,
            _ => {}
        }
    }
    Ok((key, value))
}

impl fmt::Display for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (key, value) in self.iter() {
            write!(f, "{separator}{key}={value}")?;
            separator = ",";
        }
        Ok(())
    }
}
