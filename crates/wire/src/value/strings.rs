use std::borrow::Cow;

use super::{IntoOwned, Nullable, Value};
use crate::codec::{DecodeError, LENGTH_ROOM, Reader, Version, Writer};
use crate::schema::Type;

impl<'a> Value<'a> for Cow<'a, str> {
    const TYPE: Type = Type::String;

    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        reader.string(version)?.ok_or(DecodeError::UnexpectedNull)
    }

    fn write(&self, writer: &mut Writer, version: Version) {
        writer.string(Some(self), version);
    }

    fn room(&self) -> usize {
        LENGTH_ROOM + self.len()
    }
}

impl<'a> Nullable<'a> for Cow<'a, str> {
    fn read_nullable(
        reader: &mut Reader<'a>,
        version: Version,
    ) -> Result<Option<Self>, DecodeError> {
        reader.string(version)
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, version: Version) {
        writer.string(value.map(|text| &**text), version);
    }
}

impl IntoOwned for Cow<'_, str> {
    type Owned = Cow<'static, str>;

    fn into_owned(self) -> Cow<'static, str> {
        Cow::Owned(self.into_owned())
    }
}
