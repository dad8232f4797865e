//! How the values of the metadata log, and of the log of remote segments, say what they are: a frame version, the record's id
//! and its version, each an unsigned varint, in front of the body.

use crate::codec::{DecodeError, Reader, Writer};

const FRAME_VERSION: u32 = 1;

/// The id and version of a record. Leaves the reader at the body.
pub(crate) fn read_frame(reader: &mut Reader<'_>) -> Result<(u32, i16), DecodeError> {
    let frame_version = reader.uvarint()?;
    if frame_version != FRAME_VERSION {
        return Err(DecodeError::FrameVersion(frame_version));
    }
    let id = reader.uvarint()?;
    // A version beyond 16 bits is as unknown as the highest.
    let version = i16::try_from(reader.uvarint()?).unwrap_or(i16::MAX);
    Ok((id, version))
}

pub(crate) fn write_frame(writer: &mut Writer, id: u16, version: i16) {
    writer.uvarint(FRAME_VERSION);
    writer.uvarint(u32::from(id));
    writer.uvarint(u32::from(version.unsigned_abs()));
}

/// The enum of a log: its records by their ids.
macro_rules! framed_records {
    ($(#[$doc:meta])* $name:ident: $($id:literal $variant:ident($record:ty);)*) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name<'a> {
            $($variant($record),)*
        }

        impl<'a> $name<'a> {
            /// The tables of all of them, ascending by id.
            pub const SCHEMAS: &'static [MessageSchema] = &[$(<$record>::SCHEMA),*];

            /// The number by which the log names the type of the record.
            #[must_use]
            pub const fn id(&self) -> u16 {
                match self { $(Self::$variant(_) => {
                    const { assert!(matches!(<$record>::KEY, Some($id)), "the declaration names another id") };
                    $id
                })* }
            }

            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$record>::NAME,)* }
            }

            /// The versions in which it can be written.
            #[must_use]
            pub const fn versions(&self) -> RangeInclusive<i16> {
                match self { $(Self::$variant(_) => <$record>::VALID,)* }
            }

            /// The first field whose value would be lost in `version`: see [`Message::lost_by`].
            #[must_use]
            pub fn lost_by(&self, version: i16) -> Option<&'static str> {
                match self { $(Self::$variant(record) => record.lost_by(version),)* }
            }

            /// Reads the value of a record.
            pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
                let mut reader = Reader::new(value);
                let (id, version) = read_frame(&mut reader)?;
                let record = match id {
                    $($id => Self::$variant(Message::decode(&mut reader, version)?),)*
                    _ => return Err(DecodeError::UnknownType(id)),
                };
                reader.finish()?;
                Ok(record)
            }

            /// The value of a record. `version` is one of those that [`Self::versions`] gives.
            #[must_use]
            pub fn encode(&self, version: i16) -> Bytes {
                let mut writer = Writer::with_capacity(64);
                write_frame(&mut writer, self.id(), version);
                match self { $(Self::$variant(record) => record.encode(&mut writer, version),)* }
                writer.into_bytes()
            }

            /// The record with everything borrowed copied.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                IntoOwned::into_owned(self)
            }
        }

        impl IntoOwned for $name<'_> {
            type Owned = $name<'static>;

            fn into_owned(self) -> Self::Owned {
                match self { $(Self::$variant(record) => $name::$variant(record.into_owned()),)* }
            }
        }

        $(impl<'a> From<$record> for $name<'a> {
            fn from(record: $record) -> Self {
                Self::$variant(record)
            }
        })*
    };
}

pub(crate) use framed_records;
