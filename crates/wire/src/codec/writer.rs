use bytes::Bytes;

use super::Version;

/// The most that a length or count takes: 32 bits, seven per byte.
pub const LENGTH_ROOM: usize = 5;

/// Bytes that were left out of an encoded message, to be filled in from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Where in [`Encoded::bytes`] they belong.
    pub at: usize,
    pub length: u32,
}

/// What a [`Writer`] wrote. The holes are in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    pub bytes: Bytes,
    pub holes: Vec<Hole>,
}

impl Encoded {
    /// The size with the holes filled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
            + self
                .holes
                .iter()
                .map(|hole| hole.length as usize)
                .sum::<usize>()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Appends values to a buffer.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    holes: Vec<Hole>,
}

macro_rules! fixed {
    ($($name:ident($type:ty)),*) => {
        $(pub fn $name(&mut self, value: $type) {
            self.buffer.extend_from_slice(&value.to_be_bytes());
        })*
    };
}

impl Writer {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(bytes),
            holes: Vec::new(),
        }
    }

    /// Allocates once what is about to be written.
    pub fn reserve(&mut self, bytes: usize) {
        self.buffer.reserve(bytes);
    }

    /// The bytes written so far, holes left out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    #[must_use]
    pub fn finish(self) -> Encoded {
        Encoded {
            bytes: Bytes::from(self.buffer),
            holes: self.holes,
        }
    }

    /// For messages that cannot have holes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        assert!(self.holes.is_empty(), "bytes would be missing");
        Bytes::from(self.buffer)
    }

    fixed! { i8(i8), i16(i16), i32(i32), i64(i64), u8(u8), u16(u16), u32(u32), u128(u128), f64(f64) }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub fn uvarint(&mut self, value: u32) {
        self.uvarlong(u64::from(value));
    }

    pub fn varint(&mut self, value: i32) {
        self.uvarint(((value << 1) ^ (value >> 31)) as u32);
    }

    pub fn varlong(&mut self, value: i64) {
        self.uvarlong(((value << 1) ^ (value >> 63)) as u64);
    }

    fn uvarlong(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    /// The length before bytes and the count before array elements. The protocol has 32 bits for it.
    pub fn length(&mut self, length: Option<usize>, version: Version) {
        let length = length
            .map(|length| i32::try_from(length).expect("no message comes near two gigabytes"));
        match (length, version.flexible) {
            (Some(length), true) => self.uvarint(length as u32 + 1),
            (Some(length), false) => self.i32(length),
            (None, true) => self.uvarint(0),
            (None, false) => self.i32(-1),
        }
    }

    pub fn bytes(&mut self, bytes: Option<&[u8]>, version: Version) {
        self.length(bytes.map(<[u8]>::len), version);
        self.raw(bytes.unwrap_or_default());
    }

    /// Leaves out bytes whose length is told.
    pub fn hole(&mut self, length: u32, version: Version) {
        self.length(Some(length as usize), version);
        if length > 0 {
            self.holes.push(Hole {
                at: self.buffer.len(),
                length,
            });
        }
    }

    /// A text too long for the 16-bit length of a version that is not flexible is cut.
    pub fn string(&mut self, text: Option<&str>, version: Version) {
        if version.flexible {
            return self.bytes(text.map(str::as_bytes), version);
        }
        let Some(text) = text else {
            return self.i16(-1);
        };
        let text = &text[..text.floor_char_boundary(i16::MAX as usize)];
        self.i16(text.len() as i16);
        self.raw(text.as_bytes());
    }

    /// The marker before a struct that may be null.
    pub fn present(&mut self, present: bool) {
        self.i8(if present { 1 } else { -1 });
    }

    /// The marker before a struct that is a tagged field and may be null.
    pub fn present_tagged(&mut self, present: bool) {
        self.uvarint(u32::from(present));
    }

    /// One tagged field, written by `write`.
    pub fn tagged_field(&mut self, tag: u32, write: impl FnOnce(&mut Self)) {
        self.uvarint(tag);
        let start = self.buffer.len();
        let holes = self.holes.len();
        write(self);
        assert_eq!(self.holes.len(), holes, "records are never a tagged field");
        // The length goes before the value, but only now is it known how many bytes it takes: nearly always one.
        let length = self.buffer.len() - start;
        self.uvarint(length as u32);
        let length_bytes = self.buffer.len() - start - length;
        self.buffer[start..].rotate_right(length_bytes);
    }

    /// Sets four bytes that were written earlier, for a size that is known only at the end.
    pub fn set_i32(&mut self, at: usize, value: i32) {
        self.buffer[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    const CLASSIC: Version = Version::new(0, 1);
    const FLEXIBLE: Version = Version::new(1, 1);

    #[test]
    fn a_hole_has_its_length_written_and_its_place_kept() {
        let mut writer = Writer::new();
        writer.i8(7);
        writer.hole(300, CLASSIC);
        writer.hole(0, FLEXIBLE);
        writer.i8(8);
        let encoded = writer.finish();
        assert_eq!(&encoded.bytes[..], [7, 0, 0, 1, 44, 1, 8]);
        assert_eq!(encoded.holes, [Hole { at: 5, length: 300 }]);
        assert_eq!(encoded.len(), 307);
    }

    #[test]
    fn a_tagged_field_is_preceded_by_its_length_however_long() {
        for length in [0, 1, 127, 128, 20_000] {
            let mut writer = Writer::new();
            writer.i8(1);
            writer.tagged_field(3, |writer| writer.raw(&vec![9; length]));
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.i8(), Ok(1));
            assert_eq!(reader.uvarint(), Ok(3));
            assert_eq!(reader.uvarint(), Ok(length as u32));
            assert_eq!(reader.take(length), Ok(&vec![9; length][..]));
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_text_is_cut_between_characters_where_its_length_has_16_bits() {
        let text = "ö".repeat(20_000);
        let mut writer = Writer::new();
        writer.string(Some(&text), CLASSIC);
        let bytes = writer.into_bytes();
        assert_eq!(bytes.len(), 2 + 32_766);
        let read = Reader::new(&bytes).string(CLASSIC).unwrap().unwrap();
        assert!(text.starts_with(&*read));
    }

    #[test]
    fn signed_varints_are_read_as_written() {
        for value in [0, -1, 1, 63, -64, 64, i32::MAX, i32::MIN] {
            let mut writer = Writer::new();
            writer.varint(value);
            writer.varlong(i64::from(value) << 31);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert_eq!(reader.varlong(), Ok(i64::from(value) << 31));
        }
    }
}
