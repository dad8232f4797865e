//! One member's way to its coordinator.

use std::net::TcpStream;

use ottla_wire::Message;
use ottla_wire::api::ApiKey;

use crate::load::{Connection, LoadError, request_frame};

/// A connection with one request on its way, or none.
pub(super) struct Line {
    connection: Connection,
    awaited: Option<Awaited>,
    sent: u32,
}

#[derive(Clone, Copy)]
struct Awaited {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
}

impl Line {
    pub(super) fn open(address: &str) -> Result<Self, LoadError> {
        Ok(Self {
            connection: Connection::open(address)?,
            awaited: None,
            sent: 0,
        })
    }

    pub(super) fn socket(&self) -> &TcpStream {
        self.connection.socket()
    }

    /// What the answer that is waited for is to.
    pub(super) fn awaited(&self) -> Option<ApiKey> {
        self.awaited.map(|awaited| awaited.api)
    }

    /// Requests so far, but for those that found out what the broker speaks.
    pub(super) fn sent(&self) -> u32 {
        self.sent
    }

    /// # Panics
    /// When another request is on its way: a consumer sends none before that is answered.
    pub(super) fn ask<'q>(
        &mut self,
        api: ApiKey,
        request: &impl Message<'q>,
    ) -> Result<(), LoadError> {
        assert!(self.awaited.is_none(), "one request goes at a time");
        let version = self.connection.version(api)?;
        self.sent += 1;
        let correlation_id = i32::try_from(self.sent).unwrap_or(i32::MAX);
        let frame = request_frame(api, version, correlation_id, |writer| {
            request.encode(writer, version);
        });
        self.connection.send(&frame)?;
        self.awaited = Some(Awaited {
            api,
            version,
            correlation_id,
        });
        Ok(())
    }

    /// Waits for the answer.
    ///
    /// # Panics
    /// When nothing was asked.
    pub(super) fn answer<'r, R: Message<'r>>(&'r mut self) -> Result<R, LoadError> {
        let awaited = self.awaited.take();
        let Awaited {
            api,
            version,
            correlation_id,
        } = awaited.expect("an answer is to a request");
        self.connection.receive(api, version, correlation_id)
    }
}
