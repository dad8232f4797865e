use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::future::{Either, select};
use ottla_env::{Clock, Connection as _, ConnectionReader, ConnectionWriter, Env, Net, Piece};
use ottla_wire::api::ApiKey;
use ottla_wire::frame::{RequestHeader, decode_response_header, encode_request_header};
use ottla_wire::{DecodeError, Message, Reader, Writer};

use super::ledger::{Ledger, Life};
use super::process::{HOST, PORT};
use crate::{SimEnv, SimReader, SimWriter};

/// How long a client waits for an answer before it takes the connection for dead.
const PATIENCE: Duration = Duration::from_secs(3);
const LENGTH_BYTES: usize = 4;

/// Why a conversation ended.
#[derive(Debug)]
pub(super) enum Trouble {
    /// As it may: the client connects anew.
    Lost,
    /// The broker did what it must not.
    Wrong(String),
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

impl From<DecodeError> for Trouble {
    fn from(error: DecodeError) -> Self {
        Self::Wrong(format!("an answer that is none: {error}"))
    }
}

/// A client's connection: requests go out at once, answers come in their order.
pub(super) struct Connection {
    env: SimEnv,
    /// Of the process at the other end.
    pub(super) life: Life,
    reader: SimReader,
    writer: SimWriter,
    buffer: BytesMut,
    next_correlation: i32,
    unanswered: VecDeque<(i32, ApiKey, i16)>,
}

/// A whole answer.
pub(super) struct Answer {
    frame: Bytes,
    correlation: i32,
    key: ApiKey,
    version: i16,
}

impl Answer {
    pub(super) fn decode<'a, M: Message<'a>>(&'a self) -> Result<M, Trouble> {
        let mut reader = Reader::new(&self.frame);
        let correlation = decode_response_header(&mut reader, self.key, self.version)?;
        if correlation != self.correlation {
            return Err(Trouble::Wrong(format!(
                "{:?}: an answer to request {correlation} where that to {} is next",
                self.key, self.correlation
            )));
        }
        let message = M::decode(&mut reader, self.version)?;
        reader.finish()?;
        Ok(message)
    }
}

impl Connection {
    pub(super) async fn open(env: &SimEnv, ledger: &Ledger) -> Result<Self, Trouble> {
        Self::open_at(env, ledger, PORT).await
    }

    /// To the listener at `port`.
    pub(super) async fn open_at(env: &SimEnv, ledger: &Ledger, port: u16) -> Result<Self, Trouble> {
        let life = ledger.life();
        let connection = env.net().connect(HOST, port).await?;
        // The process may have died since it took the connection: then nobody is at its other end.
        if ledger.life() != life {
            return Err(Trouble::Lost);
        }
        let (reader, writer) = connection.split();
        Ok(Self {
            env: env.clone(),
            life,
            reader,
            writer,
            buffer: BytesMut::new(),
            next_correlation: 0,
            unanswered: VecDeque::new(),
        })
    }

    pub(super) fn env(&self) -> &SimEnv {
        &self.env
    }

    /// Sends a request and waits for its answer; no other may be unanswered.
    pub(super) async fn ask<'a>(
        &mut self,
        key: ApiKey,
        version: i16,
        request: &impl Message<'a>,
    ) -> Result<Answer, Trouble> {
        self.ask_within(PATIENCE, key, version, request).await
    }

    /// The same where the answer may take longer.
    pub(super) async fn ask_within<'a>(
        &mut self,
        patience: Duration,
        key: ApiKey,
        version: i16,
        request: &impl Message<'a>,
    ) -> Result<Answer, Trouble> {
        assert!(self.unanswered.is_empty(), "one conversation at a time");
        self.send(key, version, request).await?;
        self.receive_within(patience).await
    }

    pub(super) async fn send<'a>(
        &mut self,
        key: ApiKey,
        version: i16,
        request: &impl Message<'a>,
    ) -> Result<(), Trouble> {
        let correlation = self.next_correlation;
        self.write(key, version, request).await?;
        self.unanswered.push_back((correlation, key, version));
        Ok(())
    }

    /// Sends only so many bytes of a request. Gives the others, for [`Self::send_rest`]; no other request may come before them.
    #[cfg(test)]
    pub(super) async fn send_beginning<'a>(
        &mut self,
        bytes: usize,
        (key, version): (ApiKey, i16),
        request: &impl Message<'a>,
    ) -> Result<Bytes, Trouble> {
        let correlation = self.next_correlation;
        let mut frame = self.encode(key, version, request);
        let rest = frame.split_off(bytes);
        self.write_bytes(frame).await?;
        self.unanswered.push_back((correlation, key, version));
        Ok(rest)
    }

    #[cfg(test)]
    pub(super) async fn send_rest(&mut self, rest: Bytes) -> Result<(), Trouble> {
        self.write_bytes(rest).await
    }

    /// Sends a request that is not answered.
    pub(super) async fn write<'a>(
        &mut self,
        key: ApiKey,
        version: i16,
        request: &impl Message<'a>,
    ) -> Result<(), Trouble> {
        let frame = self.encode(key, version, request);
        self.write_bytes(frame).await
    }

    fn encode<'a>(&mut self, key: ApiKey, version: i16, request: &impl Message<'a>) -> Bytes {
        let header = RequestHeader {
            api_key: key.code(),
            api_version: version,
            correlation_id: self.next_correlation,
            client_id: Some("sim".into()),
        };
        self.next_correlation += 1;
        let mut writer = Writer::new();
        writer.i32(0);
        encode_request_header(&mut writer, &header);
        request.encode(&mut writer, version);
        let length = i32::try_from(writer.len() - LENGTH_BYTES).expect("a request is small");
        writer.set_i32(0, length);
        writer.into_bytes()
    }

    async fn write_bytes(&mut self, bytes: Bytes) -> Result<(), Trouble> {
        let timeout = pin!(self.env.clock().sleep(PATIENCE));
        let written = pin!(self.writer.write(vec![Piece::Bytes(bytes)]));
        match select(written, timeout).await {
            Either::Left((written, _)) => Ok(written?),
            Either::Right(_) => Err(Trouble::Lost),
        }
    }

    /// The answer to the earliest request that has none.
    pub(super) async fn receive(&mut self) -> Result<Answer, Trouble> {
        self.receive_within(PATIENCE).await
    }

    pub(super) async fn receive_within(&mut self, patience: Duration) -> Result<Answer, Trouble> {
        let (correlation, key, version) = self
            .unanswered
            .pop_front()
            .expect("only what was asked is waited for");
        let timeout = self.env.clock().sleep(patience);
        let frame = frame(&mut self.reader, &mut self.buffer);
        match select(pin!(frame), pin!(timeout)).await {
            Either::Left((frame, _)) => Ok(Answer {
                frame: frame?,
                correlation,
                key,
                version,
            }),
            Either::Right(_) => Err(Trouble::Lost),
        }
    }
}

async fn frame(reader: &mut SimReader, buffer: &mut BytesMut) -> io::Result<Bytes> {
    while buffer.len() < LENGTH_BYTES {
        more(reader, buffer, LENGTH_BYTES).await?;
    }
    let length = usize::try_from(buffer.get_i32()).map_err(io::Error::other)?;
    while buffer.len() < length {
        let missing = length - buffer.len();
        more(reader, buffer, missing).await?;
    }
    Ok(buffer.split_to(length).freeze())
}

async fn more(reader: &mut SimReader, buffer: &mut BytesMut, wanted: usize) -> io::Result<()> {
    buffer.reserve(wanted);
    match reader.read(buffer, usize::MAX).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
