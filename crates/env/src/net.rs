use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// A part of a file that is to go to a socket without passing through the process where the platform can do that.
#[derive(Debug)]
pub struct FilePiece<F> {
    pub file: Arc<F>,
    pub position: u64,
    /// Bytes.
    pub length: u64,
}

impl<F> Clone for FilePiece<F> {
    fn clone(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            position: self.position,
            length: self.length,
        }
    }
}

/// What is written to a connection.
#[derive(Debug)]
pub enum Piece<F> {
    Bytes(Bytes),
    File(FilePiece<F>),
}

/// How the connections of a listener are set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// Bytes that may be on their way to the peer; `None` leaves it to the system.
    pub send_buffer: Option<usize>,
}

/// A network.
pub trait Net: Clone + Send + Sync + 'static {
    type File;
    type Listener: Listener<Connection = Self::Connection>;
    type Connection: Connection<File = Self::File>;

    /// `host` empty: every address of the machine, IPv6 and IPv4. Port 0: any free one.
    fn bind(
        &self,
        host: &str,
        port: u16,
        options: SocketOptions,
    ) -> impl Future<Output = io::Result<Self::Listener>> + Send;
    fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<Self::Connection>> + Send;
    /// The addresses of `host`, IPv4 first: at least one.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

pub trait Listener: Send + 'static {
    type Connection;
    fn local_address(&self) -> io::Result<SocketAddr>;
    /// The next connection. An error is the listener's and never that of a connection, and may pass: wait a little and call again.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

/// An ordered stream of bytes in both directions.
pub trait Connection: Send + 'static {
    type File;
    type Reader: ConnectionReader;
    type Writer: ConnectionWriter<File = Self::File>;
    fn peer_address(&self) -> SocketAddr;
    /// The address the peer reached us by.
    fn local_address(&self) -> SocketAddr;
    fn split(self) -> (Self::Reader, Self::Writer);
}

pub trait ConnectionReader: Send + 'static {
    /// Appends what has arrived to `buffer`, at most `most` bytes and its spare capacity, both of which the caller keeps above zero.
    /// 0: the peer sends no more. Dropping the future loses nothing.
    fn read(
        &mut self,
        buffer: &mut BytesMut,
        most: usize,
    ) -> impl Future<Output = io::Result<usize>> + Send;
}

/// Dropping it closes the sending direction.
pub trait ConnectionWriter: Send + 'static {
    type File;
    /// Writes all pieces in order. A file that ends within its piece is `UnexpectedEof`: part of a frame is out, so the
    /// connection is of no more use. A dropped future leaves it so too.
    fn write(
        &mut self,
        pieces: Vec<Piece<Self::File>>,
    ) -> impl Future<Output = io::Result<()>> + Send;
}
