//! What can be a field: the trait, and its implementation for every type that fields have.

mod array;
mod bytes;
mod numbers;
mod records;
mod strings;

use crate::codec::{DecodeError, Reader, Version, Writer};
use crate::schema::Type;

pub use records::Records;

/// A value inside a message. Structs get it from `#[derive(Struct)]`.
pub trait Value<'a>: Sized {
    const TYPE: Type;

    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError>;
    fn write(&self, writer: &mut Writer, version: Version);

    /// At least the bytes that it takes, whatever the version: what is reserved before writing.
    fn room(&self) -> usize;

    /// The first field inside that `version` lacks although it holds more than its default and is not ignorable.
    fn lost_field(&self, _version: Version) -> Option<&'static str> {
        None
    }
}

/// A value of which the protocol has a null.
pub trait Nullable<'a>: Value<'a> + Default {
    fn read_nullable(
        reader: &mut Reader<'a>,
        version: Version,
    ) -> Result<Option<Self>, DecodeError>;
    fn write_nullable(value: Option<&Self>, writer: &mut Writer, version: Version);

    /// In a tagged field. Only structs are marked otherwise there.
    fn read_nullable_tagged(
        reader: &mut Reader<'a>,
        version: Version,
    ) -> Result<Option<Self>, DecodeError> {
        Self::read_nullable(reader, version)
    }

    fn write_nullable_tagged(value: Option<&Self>, writer: &mut Writer, version: Version) {
        Self::write_nullable(value, writer, version);
    }
}

/// The same without borrowing from the frame. Structs get it from `#[derive(IntoOwned)]`.
pub trait IntoOwned {
    type Owned: 'static;

    fn into_owned(self) -> Self::Owned;
}

impl<T: IntoOwned> IntoOwned for Option<T> {
    type Owned = Option<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.map(T::into_owned)
    }
}
