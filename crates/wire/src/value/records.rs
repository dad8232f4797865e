use super::{Nullable, Value};
use crate::codec::{DecodeError, LENGTH_ROOM, Reader, Version, Writer};
use crate::schema::Type;

/// Record batches inside a message, which are never decoded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records<'a> {
    /// As they lie in the frame.
    Bytes(&'a [u8]),
    /// So many bytes that are not here: encoding writes the length and leaves a [`crate::codec::Hole`].
    Hole(u32),
}

impl Records<'_> {
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Hole(length) => *length as usize,
        }
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Records<'_> {
    fn default() -> Self {
        Self::Bytes(&[])
    }
}

impl<'a> Value<'a> for Records<'a> {
    const TYPE: Type = Type::Records;

    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        Self::read_nullable(reader, version)?.ok_or(DecodeError::UnexpectedNull)
    }

    fn write(&self, writer: &mut Writer, version: Version) {
        match self {
            Self::Bytes(bytes) => writer.bytes(Some(bytes), version),
            Self::Hole(length) => writer.hole(*length, version),
        }
    }

    fn room(&self) -> usize {
        match self {
            Self::Bytes(bytes) => LENGTH_ROOM + bytes.len(),
            Self::Hole(_) => LENGTH_ROOM,
        }
    }
}

impl<'a> Nullable<'a> for Records<'a> {
    fn read_nullable(
        reader: &mut Reader<'a>,
        version: Version,
    ) -> Result<Option<Self>, DecodeError> {
        Ok(reader.bytes(version)?.map(Self::Bytes))
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, version: Version) {
        match value {
            Some(records) => records.write(writer, version),
            None => writer.bytes(None, version),
        }
    }
}
