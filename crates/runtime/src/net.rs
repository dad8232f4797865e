//! TCP.

mod descriptors;
mod run;
#[cfg_attr(target_os = "linux", path = "net/send_file_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "net/send_file_portable.rs")]
mod send_file;
/// Tested everywhere, so that it does not rot where it is not needed.
#[cfg(all(test, target_os = "linux"))]
mod send_file_portable;
mod writer;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::BytesMut;
use ottla_env::{Connection, ConnectionReader, Listener, Net, SocketOptions};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::disk::RealFile;
pub use writer::RealWriter;

/// Connections that the kernel completes before we accept them; the kernel cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 1024;

/// The machine's network.
#[derive(Clone, Debug)]
pub struct RealNet {
    handle: Handle,
}

impl RealNet {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Net for RealNet {
    type File = RealFile;
    type Listener = RealListener;
    type Connection = RealConnection;

    async fn bind(
        &self,
        host: &str,
        port: u16,
        options: SocketOptions,
    ) -> io::Result<RealListener> {
        let addresses: Vec<SocketAddr> = if host.is_empty() {
            // The IPv6 socket takes IPv4 connections too; a machine without IPv6 gets the second.
            vec![
                (Ipv6Addr::UNSPECIFIED, port).into(),
                (Ipv4Addr::UNSPECIFIED, port).into(),
            ]
        } else {
            addresses_of(host, port).await?
        };
        let mut outcome = Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{host} has no address"),
        ));
        for address in addresses {
            outcome = listen(address, options);
            match &outcome {
                // Taken is taken: trying the machine's other family would listen on half of what was asked for.
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => {}
                _ => break,
            }
        }
        Ok(RealListener {
            listener: outcome?,
            handle: self.handle.clone(),
        })
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<RealConnection> {
        let stream = TcpStream::connect((host, port)).await?;
        let peer = stream.peer_addr()?;
        RealConnection::new(stream, peer, self.handle.clone())
    }

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = addresses_of(host, 0).await?;
        match found.is_empty() {
            true => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{host} has no address"),
            )),
            false => Ok(found.iter().map(SocketAddr::ip).collect()),
        }
    }
}

/// In Java's order: `localhost` is 127.0.0.1 to whoever comes over from there.
async fn addresses_of(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

/// What is accepted inherits the options.
fn listen(address: SocketAddr, options: SocketOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restarted node takes its port back while connections of its former life still linger.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// A listening socket.
#[derive(Debug)]
pub struct RealListener {
    listener: TcpListener,
    handle: Handle,
}

impl Listener for RealListener {
    type Connection = RealConnection;

    fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    async fn accept(&mut self) -> io::Result<RealConnection> {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            if !descriptors::leaves_room_for_files(&stream) {
                return Err(io::Error::other(
                    "the last quarter of the process's descriptors is kept for files",
                ));
            }
            // One that fails is gone already: it says nothing of the listener, and the next one is waiting.
            if let Ok(connection) = RealConnection::new(stream, peer, self.handle.clone()) {
                return Ok(connection);
            }
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub struct RealConnection {
    stream: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
    handle: Handle,
}

impl RealConnection {
    /// `peer` as it was when the connection came to be: a socket that was reset no longer tells.
    fn new(stream: TcpStream, peer: SocketAddr, handle: Handle) -> io::Result<Self> {
        // Answers are written whole, so waiting for more to send only delays them.
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_keepalive(true)?;
        let local = as_spoken(stream.local_addr()?);
        Ok(Self {
            stream,
            peer: as_spoken(peer),
            local,
            handle,
        })
    }
}

/// An IPv4 peer of an IPv6 socket by its IPv4 address, as the peer knows it.
fn as_spoken(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip == address.ip() => address,
        ip => SocketAddr::new(ip, address.port()),
    }
}

impl Connection for RealConnection {
    type File = RealFile;
    type Reader = RealReader;
    type Writer = RealWriter;

    fn peer_address(&self) -> SocketAddr {
        self.peer
    }

    fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn split(self) -> (RealReader, RealWriter) {
        let (reader, writer) = self.stream.into_split();
        (
            RealReader { half: reader },
            RealWriter::new(writer, self.handle),
        )
    }
}

/// What the peer sends.
#[derive(Debug)]
pub struct RealReader {
    half: OwnedReadHalf,
}

impl ConnectionReader for RealReader {
    async fn read(&mut self, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
        let room = most.min(buffer.capacity() - buffer.len());
        assert!(
            room > 0,
            "the caller keeps room, or the end would be reported falsely"
        );
        // Bounded, because `BytesMut` would grow itself for more.
        let mut within = bytes::BufMut::limit(&mut *buffer, room);
        self.half.read_buf(&mut within).await
    }
}

#[cfg(test)]
mod tests;
