use super::{IntoOwned, Nullable, Value};
use crate::codec::{DecodeError, LENGTH_ROOM, Reader, Version, Writer};
use crate::schema::Type;

impl<'a, T: Value<'a>> Value<'a> for Vec<T> {
    const TYPE: Type = Type::Array(&T::TYPE);

    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        Self::read_nullable(reader, version)?.ok_or(DecodeError::UnexpectedNull)
    }

    fn write(&self, writer: &mut Writer, version: Version) {
        Self::write_nullable(Some(self), writer, version);
    }

    fn room(&self) -> usize {
        LENGTH_ROOM + self.iter().map(T::room).sum::<usize>()
    }

    fn lost_field(&self, version: Version) -> Option<&'static str> {
        self.iter().find_map(|element| element.lost_field(version))
    }
}

impl<'a, T: Value<'a>> Nullable<'a> for Vec<T> {
    fn read_nullable(
        reader: &mut Reader<'a>,
        version: Version,
    ) -> Result<Option<Self>, DecodeError> {
        let Some(count) = reader.count(version, size_of::<T>())? else {
            return Ok(None);
        };
        let mut elements = Self::with_capacity(count);
        for _ in 0..count {
            elements.push(T::read(reader, version)?);
        }
        Ok(Some(elements))
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, version: Version) {
        writer.length(value.map(Self::len), version);
        for element in value.into_iter().flatten() {
            element.write(writer, version);
        }
    }
}

impl<T: IntoOwned> IntoOwned for Vec<T> {
    type Owned = Vec<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(T::into_owned).collect()
    }
}
