//! The records of the coordinators' logs: of `__consumer_offsets`, `__transaction_state` and `__share_group_state`.
//!
//! The key of a record is its type as an i16, then the key's body, which has one version and is not flexible.
//! The value stands [behind its version](crate::version_prefix); without a value the record is a tombstone.
//! What is left behind a body is not looked at, as Kafka does not.

pub mod group;
pub mod share;
pub mod transaction;

pub use group::GroupRecord;
pub use share::ShareRecord;
pub use transaction::TransactionRecord;

/// The version of every key.
const KEY_VERSION: i16 = 0;

/// The enum of a log: for each type of record its key, and its value unless it is a tombstone.
macro_rules! coordinator_records {
    ($(#[$doc:meta])* $name:ident: $($type:literal $variant:ident($key:ty, $value:ty);)*) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name<'a> {
            $($variant($key, Option<$value>),)*
        }

        impl<'a> $name<'a> {
            /// The tables of all of them, ascending by type, each key before its value.
            pub const SCHEMAS: &'static [MessageSchema] = &[$(<$key>::SCHEMA, <$value>::SCHEMA),*];

            /// The number that begins the key.
            #[must_use]
            pub const fn type_code(&self) -> i16 {
                match self { $(Self::$variant(..) => {
                    const {
                        assert!(matches!(<$key>::KEY, Some($type)), "the key's declaration names another type");
                        assert!(matches!(<$value>::KEY, Some($type)), "the value's declaration names another type");
                    }
                    $type
                })* }
            }

            /// The versions in which the value can be written.
            #[must_use]
            pub const fn versions(&self) -> RangeInclusive<i16> {
                match self { $(Self::$variant(..) => <$value>::VALID,)* }
            }

            /// The first field of the value that would be lost in `version`: see [`Message::lost_by`].
            #[must_use]
            pub fn lost_by(&self, version: i16) -> Option<&'static str> {
                match self { $(Self::$variant(_, value) => value.as_ref()?.lost_by(version),)* }
            }

            /// `None` for a type of another release, which is to be passed over.
            /// A value of a type that is known must be of a version that is.
            pub fn decode(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Option<Self>, DecodeError> {
                let mut key = Reader::new(key);
                Ok(Some(match key.i16()? {
                    $($type => Self::$variant(
                        Message::decode(&mut key, KEY_VERSION)?,
                        value.map(version_prefix::decode).transpose()?,
                    ),)*
                    _ => return Ok(None),
                }))
            }

            #[must_use]
            pub fn encode_key(&self) -> Bytes {
                let mut writer = Writer::with_capacity(64);
                writer.i16(self.type_code());
                match self { $(Self::$variant(key, _) => key.encode(&mut writer, KEY_VERSION),)* }
                writer.into_bytes()
            }

            /// `None` for a tombstone. `version` is one of those that [`Self::versions`] gives.
            #[must_use]
            pub fn encode_value(&self, version: i16) -> Option<Bytes> {
                match self { $(Self::$variant(_, value) => {
                    value.as_ref().map(|value| version_prefix::encode(value, version))
                })* }
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
                match self { $(Self::$variant(key, value) => {
                    $name::$variant(key.into_owned(), value.into_owned())
                })* }
            }
        }
    };
}

use coordinator_records;
