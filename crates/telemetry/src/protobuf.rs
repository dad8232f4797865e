//! Protocol Buffers as they lie on the wire, as far as metrics need them: a message is a row of numbered fields.

use thiserror::Error;

/// Why bytes are no metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    #[error("a field ends beyond its message")]
    Truncated,
    #[error("a number is longer than ten bytes")]
    Number,
    #[error("no field has the number 0 or one beyond 29 bits")]
    FieldNumber,
    #[error("wire type {0} is none, or one of groups")]
    WireType(u8),
    #[error("a text is not in UTF-8")]
    NotUtf8,
}

/// What a field holds. Numbers are as they were written: what they mean, the field's type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// A text, bytes or another message.
    Bytes(&'a [u8]),
}

/// A message's fields in the order in which they were written. Ends with the first error.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Result<(u32, Content<'a>), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed::FieldNumber)?;
        if number == 0 || number >= 1 << 29 {
            return Err(Malformed::FieldNumber);
        }
        let content = match (key & 7) as u8 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| Malformed::Truncated)?;
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Fixed32(u32::from_le_bytes(self.fixed()?)),
            other => return Err(Malformed::WireType(other)),
        };
        Ok((number, content))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Bits beyond the 64th are let go, as Protocol Buffers' own readers do.
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let [byte] = self.fixed()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed::Number)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Content<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// # Errors
/// [`Malformed::NotUtf8`].
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Result<Vec<(u32, Content<'_>)>, Malformed> {
        Fields::of(message).collect()
    }

    #[test]
    fn fields_come_as_they_were_written() {
        let message = [
            0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0,
        ];
        let fields = [
            (1, Content::Varint(150)),
            (2, Content::Bytes(b"hi")),
            (3, Content::Fixed32(1)),
            (4, Content::Fixed64(2)),
        ];
        assert_eq!(read(&message), Ok(fields.to_vec()));
        assert_eq!(read(&[]), Ok(Vec::new()));
        let longest = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(read(&longest), Ok(vec![(1, Content::Varint(u64::MAX))]));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for (message, problem) in [
            (&[0x08][..], Malformed::Truncated),
            (&[0x12, 3, 1, 2], Malformed::Truncated),
            (
                &[0x12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                Malformed::Truncated,
            ),
            (&[0x09, 1, 2, 3], Malformed::Truncated),
            (&[0x08; 11], Malformed::Truncated),
            (&[0x80; 11], Malformed::Number),
            (&[0x00, 0], Malformed::FieldNumber),
            (
                &[0xf8, 0xff, 0xff, 0xff, 0xff, 1, 0],
                Malformed::FieldNumber,
            ),
            (&[0x0b], Malformed::WireType(3)),
            (&[0x0f], Malformed::WireType(7)),
        ] {
            assert_eq!(read(message), Err(problem), "{message:x?}");
        }
        assert_eq!(text(&[0xff]), Err(Malformed::NotUtf8));
    }
}
