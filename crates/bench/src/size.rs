//! Amounts of bytes, as arguments and as text.

use std::fmt;
use std::str::FromStr;

pub(crate) const KIB: u64 = 1 << 10;
pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GIB: u64 = 1 << 30;

const UNITS: [(&str, u64); 3] = [("GiB", GIB), ("MiB", MIB), ("KiB", KIB)];

/// So many bytes: a whole number with or without KiB, MiB or GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl Size {
    /// For a buffer.
    pub(crate) fn length(self) -> usize {
        usize::try_from(self.0).expect("whoever measures has 64 bits of memory")
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
            .unwrap_or((text, 1));
        number
            .trim_end()
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "expected a number of bytes above zero such as 100KiB or 2GiB, found {text:?}"
                )
            })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, unit)| self.0.is_multiple_of(*unit));
        match whole {
            Some((name, unit)) if self.0 > 0 => f.pad(&format!("{}{name}", self.0 / unit)),
            _ => f.pad(&self.0.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_as_it_is_written() {
        for (text, bytes) in [
            ("1", 1),
            ("1500", 1500),
            ("100KiB", 102_400),
            ("1MiB", 1 << 20),
            ("3GiB", 3 << 30),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)));
            assert_eq!(Size(bytes).to_string(), text);
        }
        assert_eq!("2048".parse::<Size>().unwrap().to_string(), "2KiB");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "0",
            "0KiB",
            "-1",
            "1.5MiB",
            "1MB",
            "99999999999GiB",
            "KiB",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
