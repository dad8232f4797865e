use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use ottla_wire::api::ApiKey;
use ottla_wire::frame::{RequestHeader, decode_response_header, encode_request_header};
use ottla_wire::message::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_wire::{Message, Reader, Str, Writer};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::LoadError;
use crate::framing::{frame, read_frame};

/// As any tool would call itself.
const CLIENT: &str = "ottla-bench";

/// Nobody waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The one that every broker since Kafka 2.4 speaks; what it says of the others is all that is needed.
const API_VERSIONS_VERSION: i16 = 3;

/// A blocking connection to a broker, which knows the versions that both ends speak.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    address: String,
    versions: BTreeMap<i16, (i16, i16)>,
    /// The last frame that was read, and room for longer ones.
    frame: Vec<u8>,
    correlation_id: i32,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self, LoadError> {
        let stream = TcpStream::connect(address)
            .and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(stream)
            })
            .map_err(LoadError::io(format!("connecting to {address}")))?;
        let mut connection = Self {
            reader: BufReader::new(stream),
            address: address.to_owned(),
            versions: BTreeMap::new(),
            frame: Vec::new(),
            correlation_id: 0,
        };
        connection.versions = connection.ask_versions()?;
        Ok(connection)
    }

    fn ask_versions(&mut self) -> Result<BTreeMap<i16, (i16, i16)>, LoadError> {
        let request = ApiVersionsRequest {
            client_software_name: Str::Borrowed(CLIENT),
            client_software_version: Str::Borrowed(env!("CARGO_PKG_VERSION")),
        };
        let response: ApiVersionsResponse<'_> =
            self.call_version(ApiKey::ApiVersions, API_VERSIONS_VERSION, &request)?;
        LoadError::check(|| "ApiVersions".to_owned(), response.error_code, None)?;
        let versions = response
            .api_keys
            .iter()
            .map(|api| (api.api_key, (api.min_version, api.max_version)));
        Ok(versions.collect())
    }

    /// The newest version of `api` that both ends speak.
    pub(crate) fn version(&self, api: ApiKey) -> Result<i16, LoadError> {
        let ours = api.api().versions();
        let theirs = self.versions.get(&api.code()).copied();
        newest(*ours.start(), *ours.end(), theirs).ok_or_else(|| LoadError::Versions {
            api: api.api().name,
            ours: format!("{}..{}", ours.start(), ours.end()),
            theirs: theirs.map_or_else(|| "none".to_owned(), |(min, max)| format!("{min}..{max}")),
        })
    }

    /// Sends a request and waits for its response.
    pub(crate) fn call<'q, 'r, Q: Message<'q>, R: Message<'r>>(
        &'r mut self,
        api: ApiKey,
        request: &Q,
    ) -> Result<R, LoadError> {
        let version = self.version(api)?;
        self.call_version(api, version, request)
    }

    fn call_version<'q, 'r, Q: Message<'q>, R: Message<'r>>(
        &'r mut self,
        api: ApiKey,
        version: i16,
        request: &Q,
    ) -> Result<R, LoadError> {
        self.correlation_id += 1;
        let frame = request_frame(api, version, self.correlation_id, |writer| {
            request.encode(writer, version);
        });
        self.send(&frame)?;
        self.receive(api, version, self.correlation_id)
    }

    pub(crate) fn send(&mut self, frame: &[u8]) -> Result<(), LoadError> {
        let sent = self.reader.get_mut().write_all(frame);
        sent.map_err(LoadError::io(format!("sending to {}", self.address)))
    }

    /// Waits for the response to the request of this id; they come in the order of the requests.
    pub(crate) fn receive<'r, R: Message<'r>>(
        &'r mut self,
        api: ApiKey,
        version: i16,
        correlation_id: i32,
    ) -> Result<R, LoadError> {
        let name = api.api().name;
        let length = read_frame(&mut self.reader, &mut self.frame).map_err(LoadError::io(
            format!("waiting for {} to answer {name}", self.address),
        ))?;
        let mut reader = Reader::new(&self.frame[..length]);
        let failed = |error| LoadError::Decode(name, error);
        let answered = decode_response_header(&mut reader, api, version).map_err(failed)?;
        if answered != correlation_id {
            let problem = format!("{name} {correlation_id} is answered as {answered}");
            return Err(LoadError::Unfit(problem));
        }
        R::decode(&mut reader, version).map_err(failed)
    }

    /// As much as the socket takes at once, which may be nothing.
    pub(super) fn send_some(&mut self, bytes: &[u8]) -> Result<usize, LoadError> {
        match send(
            self.reader.get_ref(),
            bytes,
            SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
        ) {
            Ok(sent) => Ok(sent),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(LoadError::io(format!("sending to {}", self.address))(
                error.into(),
            )),
        }
    }

    /// Whether something was read that belongs to the next answer.
    pub(super) fn has_buffered(&self) -> bool {
        !self.reader.buffer().is_empty()
    }

    /// To wait for what comes and for room for what goes.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}

/// A request as it goes to the socket. `body` writes what is behind the header.
pub(crate) fn request_frame(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    body: impl FnOnce(&mut Writer),
) -> bytes::Bytes {
    let header = RequestHeader {
        api_key: api.code(),
        api_version: version,
        correlation_id,
        client_id: Some(Str::Borrowed(CLIENT)),
    };
    frame(|writer| {
        encode_request_header(writer, &header);
        body(writer);
    })
}

fn newest(our_min: i16, our_max: i16, theirs: Option<(i16, i16)>) -> Option<i16> {
    let (min, max) = theirs?;
    Some(our_max.min(max)).filter(|version| *version >= our_min.max(min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_both_speak_is_taken() {
        assert_eq!(newest(3, 13, Some((0, 12))), Some(12));
        assert_eq!(newest(3, 13, Some((0, 20))), Some(13));
        assert_eq!(newest(3, 13, Some((0, 2))), None);
        assert_eq!(newest(3, 13, Some((14, 15))), None);
        assert_eq!(newest(3, 13, None), None);
    }

    #[test]
    fn a_request_begins_with_its_length_and_its_header() {
        let frame = request_frame(ApiKey::Produce, 13, 7, |writer| writer.i64(1));
        assert_eq!(frame[..4], (frame.len() as i32 - 4).to_be_bytes());
        assert_eq!(frame[4..8], [0, 0, 0, 13]);
        assert_eq!(frame[8..12], 7_i32.to_be_bytes());
    }
}
