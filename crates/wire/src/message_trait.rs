use std::ops::RangeInclusive;

use crate::codec::{DecodeError, Reader, Version, Writer};
use crate::schema::MessageSchema;
use crate::value::Value;

/// Something with a name and versions of its own: the body of a request, a response or a persisted record.
pub trait Message<'a>: Value<'a> {
    /// The declaration as data.
    const SCHEMA: MessageSchema;
    const NAME: &'static str;
    /// API key of a request or response, id of a metadata record, type of a coordinator's record.
    const KEY: Option<i16>;
    const VALID: RangeInclusive<i16>;
    /// `i16::MAX` when no version is flexible.
    const FLEXIBLE_FROM: i16;

    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VALID.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: Self::NAME,
                version,
            });
        }
        Self::read(reader, Version::new(version, Self::FLEXIBLE_FROM))
    }

    /// Where a response says for how long its client should be silent, if it says that at all (KIP-219).
    fn throttle_time_ms(&mut self) -> Option<&mut i32> {
        None
    }

    /// The first field that `version` would lose: it lacks the field, which holds more than its default and is not ignorable.
    /// Who sends a request asks before choosing the version; a response is told as much as the client can understand.
    fn lost_by(&self, version: i16) -> Option<&'static str> {
        self.lost_field(Version::new(version, Self::FLEXIBLE_FROM))
    }

    /// `version` is one of `VALID`. Fields that it lacks are left out.
    fn encode(&self, writer: &mut Writer, version: i16) {
        assert!(
            Self::VALID.contains(&version),
            "{} has no version {version}",
            Self::NAME
        );
        let room = self.room();
        let start = writer.len();
        writer.reserve(room);
        self.write(writer, Version::new(version, Self::FLEXIBLE_FROM));
        debug_assert!(
            writer.len() - start <= room,
            "{} outgrew its room",
            Self::NAME
        );
    }
}
