//! The headers in front of requests and responses.
//!
//! A request header is version 2 where its request is flexible and version 1 elsewhere; a response header likewise 1 and 0.
//! Version 2 keeps the client id as version 1 writes it, and only adds tagged fields. `ApiVersions` is answered with version 0
//! always: the client may not know yet which versions the broker speaks (KIP-511).

use crate::api::{Api, ApiKey};
use crate::codec::{DecodeError, Reader, Writer};
use crate::schema::MessageSchema;
use crate::{Message, Str};

/// The tables of both headers.
pub const SCHEMAS: &[MessageSchema] = &[RequestHeader::SCHEMA, ResponseHeader::SCHEMA];

/// What precedes the body of a request. The API and version are as sent: they may be none that exist.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(header, versions = 1..=2, flexible = 2..)]
pub struct RequestHeader<'a> {
    pub api_key: i16,
    pub api_version: i16,
    pub correlation_id: i32,
    #[field(classic)]
    pub client_id: Option<Str<'a>>,
}

/// What precedes the body of a response.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(header, versions = 0..=1, flexible = 1..)]
pub struct ResponseHeader {
    pub correlation_id: i32,
}

/// Leaves the reader at the body. An API that does not exist is an error, for the length of its header is unknown;
/// a version that does not exist is not: the caller answers that of `ApiVersions`.
pub fn decode_request_header<'a>(
    reader: &mut Reader<'a>,
) -> Result<RequestHeader<'a>, DecodeError> {
    let mut ahead = reader.clone();
    let api_key = ahead.i16()?;
    let api_version = ahead.i16()?;
    let api = ApiKey::from_code(api_key).ok_or(DecodeError::UnknownApi(api_key))?;
    RequestHeader::decode(reader, request_header_version(api.api(), api_version))
}

/// A header of an API that does not exist is written as that of an inflexible one.
pub fn encode_request_header(writer: &mut Writer, header: &RequestHeader<'_>) {
    let version = ApiKey::from_code(header.api_key).map_or(1, |api| {
        request_header_version(api.api(), header.api_version)
    });
    header.encode(writer, version);
}

pub fn encode_response_header(writer: &mut Writer, api: ApiKey, version: i16, correlation_id: i32) {
    let header = ResponseHeader { correlation_id };
    header.encode(writer, response_header_version(api.api(), version));
}

/// The correlation id. Leaves the reader at the body.
pub fn decode_response_header(
    reader: &mut Reader<'_>,
    api: ApiKey,
    version: i16,
) -> Result<i32, DecodeError> {
    let header = ResponseHeader::decode(reader, response_header_version(api.api(), version))?;
    Ok(header.correlation_id)
}

fn request_header_version(api: &Api, version: i16) -> i16 {
    1 + i16::from(api.is_flexible(version))
}

fn response_header_version(api: &Api, version: i16) -> i16 {
    i16::from(api.key != ApiKey::ApiVersions && api.is_flexible(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(api: ApiKey, api_version: i16) -> RequestHeader<'static> {
        RequestHeader {
            api_key: api.code(),
            api_version,
            correlation_id: 0x0102_0304,
            client_id: Some(Str::Borrowed("kcat")),
        }
    }

    #[test]
    fn a_flexible_request_has_tags_behind_a_classic_client_id() {
        for (version, tags) in [(8, &[][..]), (9, &[0][..])] {
            let header = header(ApiKey::Metadata, version);
            let mut writer = Writer::new();
            encode_request_header(&mut writer, &header);
            let bytes = writer.into_bytes();
            let expected = [
                &[0, 3, 0, version as u8, 1, 2, 3, 4, 0, 4],
                &b"kcat"[..],
                tags,
            ];
            assert_eq!(bytes, expected.concat());
            let mut reader = Reader::new(&bytes);
            assert_eq!(decode_request_header(&mut reader), Ok(header));
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn tags_of_a_request_are_passed_over() {
        let bytes = [0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 1, 5, 2, 0xaa, 0xbb, 99];
        let mut reader = Reader::new(&bytes);
        let header = decode_request_header(&mut reader).unwrap();
        assert_eq!(header.client_id, None);
        assert_eq!(reader.rest(), [99]);
    }

    #[test]
    fn only_api_versions_is_answered_without_tags_in_flexible_versions() {
        for (api, version, length) in [
            (ApiKey::Metadata, 8, 4),
            (ApiKey::Metadata, 9, 5),
            (ApiKey::SaslHandshake, 1, 4),
            (ApiKey::ApiVersions, 0, 4),
            (ApiKey::ApiVersions, 4, 4),
        ] {
            let mut writer = Writer::new();
            encode_response_header(&mut writer, api, version, 77);
            let bytes = writer.into_bytes();
            assert_eq!(bytes.len(), length, "{api:?} {version}");
            let mut reader = Reader::new(&bytes);
            assert_eq!(decode_response_header(&mut reader, api, version), Ok(77));
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_version_that_does_not_exist_has_a_header_but_an_api_that_does_not_has_none() {
        let bytes = [0, 18, 0x7f, 0xff, 0, 0, 0, 1, 0xff, 0xff, 0];
        let header = decode_request_header(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(header.api_version, i16::MAX);
        let removed = [0, 4, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
        assert_eq!(
            decode_request_header(&mut Reader::new(&removed)),
            Err(DecodeError::UnknownApi(4))
        );
    }
}
