use std::borrow::Cow;

use super::{DecodeError, Version};

/// What arrays may take in memory: so much for each byte of the frame, and a little that any frame may take.
/// An element can be far larger in memory than its two or three bytes in a hostile frame; in honest ones few are.
const MEMORY_PER_BYTE: usize = 8;
const MEMORY_FOR_ALL: usize = 1 << 20;

/// Takes values from the front of a frame. What it hands out borrows from the frame.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// What arrays may still take in memory.
    memory: usize,
}

macro_rules! fixed {
    ($($name:ident -> $type:ty),*) => {
        $(pub fn $name(&mut self) -> Result<$type, DecodeError> {
            self.array().map(<$type>::from_be_bytes)
        })*
    };
}

impl<'a> Reader<'a> {
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            memory: bytes.len() * MEMORY_PER_BYTE + MEMORY_FOR_ALL,
        }
    }

    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) =
            self.rest
                .split_at_checked(length)
                .ok_or(DecodeError::UnexpectedEnd {
                    expected: length,
                    found: self.rest.len(),
                })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::UnexpectedEnd {
                expected: N,
                found: self.rest.len(),
            })?;
        self.rest = rest;
        Ok(*taken)
    }

    fixed! { i8 -> i8, i16 -> i16, i32 -> i32, i64 -> i64, u8 -> u8, u16 -> u16, u32 -> u32, u128 -> u128, f64 -> f64 }

    /// At most 32 bits, seven per byte, the lowest first.
    pub fn uvarint(&mut self) -> Result<u32, DecodeError> {
        let value = self.uvarlong_within(5)?;
        u32::try_from(value).map_err(|_| DecodeError::InvalidVarint)
    }

    /// Zigzag: small negative numbers are short too.
    pub fn varint(&mut self) -> Result<i32, DecodeError> {
        let bits = self.uvarint()?;
        Ok((bits >> 1) as i32 ^ -((bits & 1) as i32))
    }

    pub fn varlong(&mut self) -> Result<i64, DecodeError> {
        let bits = self.uvarlong_within(10)?;
        Ok((bits >> 1) as i64 ^ -((bits & 1) as i64))
    }

    fn uvarlong_within(&mut self, max_bytes: u32) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for i in 0..max_bytes {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if i == 9 && bits > 1 {
                return Err(DecodeError::InvalidVarint);
            }
            value |= bits << (7 * i);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::InvalidVarint)
    }

    /// The length before bytes, or the count before elements of at least one byte each: never more than what is left.
    fn checked(&self, length: i64) -> Result<usize, DecodeError> {
        usize::try_from(length)
            .ok()
            .filter(|&length| length <= self.rest.len())
            .ok_or(DecodeError::InvalidLength {
                length,
                remaining: self.rest.len(),
            })
    }

    /// The length before bytes.
    fn length(&mut self, version: Version) -> Result<Option<usize>, DecodeError> {
        if version.flexible {
            self.compact_length()
        } else {
            let length = self.i32()?;
            if length == -1 {
                return Ok(None);
            }
            self.checked(i64::from(length)).map(Some)
        }
    }

    /// The count before array elements that take `size` bytes each in memory. Nothing is allocated yet.
    pub fn count(&mut self, version: Version, size: usize) -> Result<Option<usize>, DecodeError> {
        let Some(count) = self.length(version)? else {
            return Ok(None);
        };
        self.memory = count
            .checked_mul(size)
            .and_then(|needed| self.memory.checked_sub(needed))
            .ok_or(DecodeError::TooManyElements(count))?;
        Ok(Some(count))
    }

    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        match self.uvarint()? {
            0 => Ok(None),
            more => self.checked(i64::from(more) - 1).map(Some),
        }
    }

    /// The length before a string: Kafka takes none longer than 16 bits can say, in no version.
    fn short_length(&mut self, version: Version) -> Result<Option<usize>, DecodeError> {
        if version.flexible {
            let length = self.compact_length()?;
            match length.filter(|length| *length > i16::MAX as usize) {
                Some(length) => Err(DecodeError::TextTooLong(length)),
                None => Ok(length),
            }
        } else {
            let length = self.i16()?;
            if length == -1 {
                return Ok(None);
            }
            self.checked(i64::from(length)).map(Some)
        }
    }

    pub fn bytes(&mut self, version: Version) -> Result<Option<&'a [u8]>, DecodeError> {
        self.length(version)?
            .map(|length| self.take(length))
            .transpose()
    }

    /// Bytes that are not UTF-8 become replacement characters, as in Java.
    pub fn string(&mut self, version: Version) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let Some(length) = self.short_length(version)? else {
            return Ok(None);
        };
        Ok(Some(String::from_utf8_lossy(self.take(length)?)))
    }

    /// The marker before a struct that may be null.
    pub fn is_present(&mut self) -> Result<bool, DecodeError> {
        Ok(self.i8()? >= 0)
    }

    /// The marker before a struct that is a tagged field and may be null. Java's integers have a sign.
    pub fn is_present_tagged(&mut self) -> Result<bool, DecodeError> {
        Ok(self.uvarint()?.cast_signed() > 0)
    }

    /// The tagged fields behind a struct. `read` is to read a field whose tag it knows to its end, and to pass over others.
    pub fn tagged_fields(
        &mut self,
        mut read: impl FnMut(u32, &mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..self.uvarint()? {
            let tag = self.uvarint()?;
            let length = self.uvarint()?;
            let length = self.checked(i64::from(length))?;
            let mut field = Self {
                rest: self.take(length)?,
                memory: self.memory,
            };
            read(tag, &mut field)?;
            self.memory = field.memory;
        }
        Ok(())
    }

    /// Leaves what is left unread.
    pub fn pass_over(&mut self) -> Result<(), DecodeError> {
        self.rest = &[];
        Ok(())
    }

    /// Nothing may be left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes(self.rest.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Writer;

    const CLASSIC: Version = Version::new(0, 1);
    const FLEXIBLE: Version = Version::new(1, 1);

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        let huge = [0x7f, 0xff, 0xff, 0xff, 0];
        assert_eq!(
            Reader::new(&huge).bytes(CLASSIC),
            Err(DecodeError::InvalidLength {
                length: 0x7fff_ffff,
                remaining: 1
            })
        );
        assert!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0])
                .bytes(FLEXIBLE)
                .is_err()
        );
        assert!(Reader::new(&[0xff, 0xfe]).string(CLASSIC).is_err());
    }

    #[test]
    fn a_text_is_no_longer_in_flexible_versions_than_in_others() {
        let longest = i16::MAX as usize;
        for (length, is_taken) in [(longest, true), (longest + 1, false)] {
            let mut writer = Writer::new();
            writer.string(Some(&"t".repeat(length)), FLEXIBLE);
            let bytes = writer.into_bytes();
            assert_eq!(Reader::new(&bytes).string(FLEXIBLE).is_ok(), is_taken);
        }
    }

    #[test]
    fn an_array_far_larger_in_memory_than_in_the_frame_is_refused() {
        let mut frame = vec![0; 1 << 20];
        frame[..4].copy_from_slice(&1_000_000i32.to_be_bytes());
        assert_eq!(Reader::new(&frame).count(CLASSIC, 9), Ok(Some(1_000_000)));
        assert_eq!(
            Reader::new(&frame).count(CLASSIC, 10),
            Err(DecodeError::TooManyElements(1_000_000))
        );
    }

    #[test]
    fn a_varint_has_at_most_its_bits() {
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).uvarint(),
            Ok(u32::MAX)
        );
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).uvarint(),
            Err(DecodeError::InvalidVarint)
        );
        assert_eq!(Reader::new(&[3]).varint(), Ok(-2));
        let mut min = [0xff; 10];
        min[9] = 1;
        assert_eq!(Reader::new(&min).varlong(), Ok(i64::MIN));
        min[9] = 2;
        assert_eq!(Reader::new(&min).varlong(), Err(DecodeError::InvalidVarint));
    }

    #[test]
    fn an_unknown_tag_is_passed_over() {
        let mut reader = Reader::new(&[2, 5, 2, 0xaa, 0xbb, 7, 1, 9]);
        let mut seven = 0;
        reader
            .tagged_fields(|tag, field| {
                if tag != 7 {
                    return field.pass_over();
                }
                seven = field.i8()?;
                field.finish()
            })
            .unwrap();
        assert_eq!(seven, 9);
        assert_eq!(reader.finish(), Ok(()));
    }
}
