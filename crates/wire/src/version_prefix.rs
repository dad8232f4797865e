//! Messages with their version in front, as an i16: the values of coordinators' records, the ends of transactions,
//! what the members of a group tell each other, principals.

use bytes::Bytes;

use crate::Message;
use crate::codec::{DecodeError, Reader, Writer};

/// A version that does not exist is refused; what is left behind the message is not looked at.
pub fn decode<'a, T: Message<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?;
    T::decode(&mut reader, version)
}

/// The same where a version of a later release only adds behind the newest of ours, and is read as that.
pub fn decode_at_most_newest<'a, T: Message<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.min(*T::VALID.end());
    T::decode(&mut reader, version)
}

/// `version` is one of [`Message::VALID`].
#[must_use]
pub fn encode<'a>(message: &impl Message<'a>, version: i16) -> Bytes {
    let mut writer = Writer::with_capacity(size_of::<i16>() + message.room());
    writer.i16(version);
    message.encode(&mut writer, version);
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;
    use crate::consumer_protocol::ConsumerProtocolSubscription;
    use crate::principal::DefaultPrincipalData;

    #[test]
    fn a_message_stands_behind_its_version() {
        let principal = DefaultPrincipalData {
            r#type: Str::Borrowed("User"),
            name: Str::Borrowed("ada"),
            token_authenticated: true,
        };
        let bytes = encode(&principal, 0);
        assert_eq!(&bytes[..], b"\x00\x00\x05User\x04ada\x01\x00");
        assert_eq!(decode(&bytes), Ok(principal));
    }

    #[test]
    fn only_where_it_is_asked_for_is_a_later_version_read_as_the_newest() {
        let subscription = ConsumerProtocolSubscription {
            topics: vec![Str::Borrowed("t")],
            rack_id: Some(Str::Borrowed("r")),
            ..Default::default()
        };
        let mut later = encode(&subscription, 3).to_vec();
        later[1] = 4;
        later.extend_from_slice(b"new");
        assert_eq!(decode_at_most_newest(&later), Ok(subscription));
        let refused = |version| DecodeError::UnsupportedVersion {
            message: "ConsumerProtocolSubscription",
            version,
        };
        assert_eq!(
            decode::<ConsumerProtocolSubscription<'_>>(&later),
            Err(refused(4))
        );
        later[..2].copy_from_slice(&(-1i16).to_be_bytes());
        assert_eq!(
            decode_at_most_newest::<ConsumerProtocolSubscription<'_>>(&later),
            Err(refused(-1))
        );
    }
}
