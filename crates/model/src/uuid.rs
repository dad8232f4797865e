use std::fmt;
use std::str::FromStr;

/// 128 bits. Written as Kafka writes them: URL-safe base64 without padding, 22 characters.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TEXT_LENGTH: usize = 22;

impl Uuid {
    /// "Absent" on the wire.
    pub const ZERO: Self = Self(0);
    /// Values up to here mean something of their own (directory ids: 0 migrating, 1 unassigned, 2 lost).
    const LAST_RESERVED: Self = Self(100);

    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(bits)
    }

    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// A version 4 UUID made of random bits, or `None` where Kafka would draw again:
    /// for reserved values and those whose text begins with `-`, which tools would take for an option.
    #[must_use]
    pub const fn from_random_bits(bits: u128) -> Option<Self> {
        let version_and_variant = (0xf << 76) | (0x3 << 62);
        let bits = (bits & !version_and_variant) | (0x4 << 76) | (0x2 << 62);
        let first_character = ALPHABET[(bits >> 122) as usize];
        if bits <= Self::LAST_RESERVED.0 || first_character == b'-' {
            None
        } else {
            Some(Self(bits))
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; TEXT_LENGTH];
        for (i, character) in text.iter_mut().enumerate() {
            // 22 characters hold 132 bits: the last one carries four bits of zeros.
            let shift = 122 - 6 * i as i32;
            let six = if shift >= 0 {
                self.0 >> shift
            } else {
                self.0 << -shift
            };
            *character = ALPHABET[(six & 0x3f) as usize];
        }
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 22 characters of URL-safe base64 that hold 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseUuidError;

impl fmt::Display for ParseUuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected 22 characters of URL-safe base64, such as MkU3OEVBNTcwNTJENDM2Qk")
    }
}

impl std::error::Error for ParseUuidError {}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Self, ParseUuidError> {
        // Java's decoder accepts trailing padding.
        let text = text.trim_end_matches('=').as_bytes();
        if text.len() != TEXT_LENGTH {
            return Err(ParseUuidError);
        }
        let mut bits = 0u128;
        for (i, character) in text.iter().enumerate() {
            let six = ALPHABET
                .iter()
                .position(|c| c == character)
                .ok_or(ParseUuidError)? as u128;
            let shift = 122 - 6 * i as i32;
            bits |= if shift >= 0 {
                six << shift
            } else {
                six >> -shift
            };
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_url_safe_base64_without_padding() {
        assert_eq!(Uuid::from_u128(1).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(
            Uuid::from_u128(u128::MAX).to_string(),
            "_____________________w"
        );
        let bits = 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978;
        assert_eq!(
            Uuid::from_u128(bits).to_string().parse(),
            Ok(Uuid::from_u128(bits))
        );
        assert_eq!("short".parse::<Uuid>(), Err(ParseUuidError));
        assert_eq!(
            "!AAAAAAAAAAAAAAAAAAAAQ".parse::<Uuid>(),
            Err(ParseUuidError)
        );
    }

    #[test]
    fn a_random_uuid_is_version_4_and_does_not_begin_with_a_dash() {
        let uuid = Uuid::from_random_bits(0x1234_5678_9abc_def0_1234_5678_9abc_def0).unwrap();
        assert_eq!(uuid.to_bytes()[6] >> 4, 4);
        assert_eq!(uuid.to_bytes()[8] >> 6, 2);
        assert_eq!(Uuid::from_random_bits(62 << 122), None);
    }
}
