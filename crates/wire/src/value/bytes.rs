use std::borrow::Cow;

use super::{IntoOwned, Nullable, Value};
use crate::codec::{DecodeError, LENGTH_ROOM, Reader, Version, Writer};
use crate::schema::Type;

impl<'a> Value<'a> for Cow<'a, [u8]> {
    const TYPE: Type = Type::Bytes;

    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        Self::read_nullable(reader, version)?.ok_or(DecodeError::UnexpectedNull)
    }

    fn write(&self, writer: &mut Writer, version: Version) {
        writer.bytes(Some(self), version);
    }

    fn room(&self) -> usize {
        LENGTH_ROOM + self.len()
    }
}

impl<'a> Nullable<'a> for Cow<'a, [u8]> {
    fn read_nullable(
        reader: &mut Reader<'a>,
        version: Version,
    ) -> Result<Option<Self>, DecodeError> {
        Ok(reader.bytes(version)?.map(Cow::Borrowed))
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, version: Version) {
        writer.bytes(value.map(|bytes| &**bytes), version);
    }
}

impl IntoOwned for Cow<'_, [u8]> {
    type Owned = Cow<'static, [u8]>;

    fn into_owned(self) -> Cow<'static, [u8]> {
        Cow::Owned(self.into_owned())
    }
}
