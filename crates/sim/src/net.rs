//! Connections in memory. What is written arrives in order, after the seed's delay, cut where the seed cuts.

mod pipe;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::channel::mpsc;
use ottla_env::fake::SeededFile;
use ottla_env::{
    Clock, Connection, ConnectionReader, ConnectionWriter, DiskFile, Listener, Net, Piece,
    SocketOptions,
};

use crate::Machine;
use crate::dice::Dice;
use crate::world::World;
use pipe::Pipe;

/// The longest way through the network.
const SLOWEST: Duration = Duration::from_millis(50);
const FIRST_FREE_PORT: u16 = 32_768;

/// What is between the machines.
#[derive(Default)]
pub(crate) struct Network {
    listeners: BTreeMap<(Machine, u16), mpsc::UnboundedSender<SimConnection>>,
    next_port: BTreeMap<Machine, u16>,
    connections: Vec<(Machine, Machine, [Pipe; 2])>,
}

impl Network {
    /// The wakers of all that wait on what broke.
    pub(crate) fn break_connections(&mut self, machine: Machine) -> Vec<Waker> {
        let mut wakers = Vec::new();
        self.connections.retain(|(from, to, pipes)| {
            let breaks = *from == machine || *to == machine;
            if breaks {
                wakers.extend(pipes.iter().flat_map(Pipe::reset));
            }
            !breaks
        });
        wakers
    }

    pub(crate) fn forget_listeners(&mut self, machine: Machine) {
        self.listeners.retain(|(at, _), _| *at != machine);
    }

    fn free_port(&mut self, machine: Machine) -> u16 {
        let next = self.next_port.entry(machine).or_insert(FIRST_FREE_PORT);
        let port = *next;
        *next = port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
        port
    }
}

impl Machine {
    fn address(self) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, self.0).into()
    }

    /// Who is called `host` on this machine.
    fn resolve(self, host: &str) -> io::Result<Self> {
        let number = match host {
            "" | "localhost" | "127.0.0.1" | "0.0.0.0" | "::" => return Ok(self),
            _ => host
                .strip_prefix("node-")
                .or_else(|| host.strip_prefix("10.0.0.")),
        };
        number
            .and_then(|number| number.parse().ok())
            .map(Machine)
            .ok_or_else(|| {
                io::Error::new(ErrorKind::NotFound, format!("no machine is called {host}"))
            })
    }
}

/// The network as one machine sees it.
#[derive(Clone)]
pub struct SimNet {
    world: World,
    machine: Machine,
}

impl SimNet {
    pub(crate) fn new(world: World, machine: Machine) -> Self {
        Self { world, machine }
    }

    async fn pass(&self) {
        let delay = self.world.draw(|dice| dice.delay(SLOWEST));
        self.world.clock().sleep(delay).await;
    }
}

impl Net for SimNet {
    type File = SeededFile;
    type Listener = SimListener;
    type Connection = SimConnection;

    async fn bind(
        &self,
        host: &str,
        port: u16,
        _options: SocketOptions,
    ) -> io::Result<SimListener> {
        if self.machine.resolve(host)? != self.machine {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let (sender, incoming) = mpsc::unbounded();
        let port = self.world.network(|network| {
            let port = if port == 0 {
                network.free_port(self.machine)
            } else {
                port
            };
            let before = network.listeners.get(&(self.machine, port));
            if before.is_some_and(|listener| !listener.is_closed()) {
                return Err(io::Error::from(ErrorKind::AddrInUse));
            }
            network.listeners.insert((self.machine, port), sender);
            Ok(port)
        })?;
        Ok(SimListener {
            address: SocketAddr::new(self.machine.address(), port),
            incoming,
        })
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<SimConnection> {
        let there = self.machine.resolve(host)?;
        self.pass().await;
        let accepted = self.world.network(|network| {
            let listener = network.listeners.get(&(there, port))?.clone();
            let local = SocketAddr::new(self.machine.address(), network.free_port(self.machine));
            let peer = SocketAddr::new(there.address(), port);
            let [to, from] = [Pipe::new(), Pipe::new()];
            let theirs = SimConnection::new(&self.world, peer, local, to.clone(), from.clone());
            listener.unbounded_send(theirs).ok()?;
            network
                .connections
                .push((self.machine, there, [to.clone(), from.clone()]));
            Some(SimConnection::new(&self.world, local, peer, from, to))
        });
        self.pass().await;
        accepted.ok_or_else(|| ErrorKind::ConnectionRefused.into())
    }

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![self.machine.resolve(host)?.address()])
    }
}

/// A listening port.
pub struct SimListener {
    address: SocketAddr,
    incoming: mpsc::UnboundedReceiver<SimConnection>,
}

impl Listener for SimListener {
    type Connection = SimConnection;

    fn local_address(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    async fn accept(&mut self) -> io::Result<SimConnection> {
        match self.incoming.next().await {
            Some(connection) => Ok(connection),
            // The listener was forgotten with its machine.
            None => std::future::pending().await,
        }
    }
}

/// One end of a connection.
pub struct SimConnection {
    local: SocketAddr,
    peer: SocketAddr,
    reader: SimReader,
    writer: SimWriter,
}

impl SimConnection {
    fn new(world: &World, local: SocketAddr, peer: SocketAddr, from: Pipe, to: Pipe) -> Self {
        let reader = SimReader { pipe: from };
        let writer = SimWriter {
            world: world.clone(),
            pipe: to,
        };
        Self {
            local,
            peer,
            reader,
            writer,
        }
    }
}

impl Connection for SimConnection {
    type File = SeededFile;
    type Reader = SimReader;
    type Writer = SimWriter;

    fn peer_address(&self) -> SocketAddr {
        self.peer
    }

    fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn split(self) -> (SimReader, SimWriter) {
        (self.reader, self.writer)
    }
}

/// The receiving direction.
pub struct SimReader {
    pipe: Pipe,
}

impl ConnectionReader for SimReader {
    fn read(
        &mut self,
        buffer: &mut BytesMut,
        most: usize,
    ) -> impl Future<Output = io::Result<usize>> + Send {
        assert!(
            buffer.capacity() > buffer.len(),
            "the caller keeps room, or the end would be reported falsely"
        );
        std::future::poll_fn(move |context| self.pipe.poll_read(context, buffer, most))
    }
}

impl Drop for SimReader {
    fn drop(&mut self) {
        self.pipe.reader_is_gone();
    }
}

/// The sending direction.
pub struct SimWriter {
    world: World,
    pipe: Pipe,
}

impl SimWriter {
    /// Sends bytes, or the end, on their way.
    fn send(&self, bytes: Option<Bytes>) {
        let delay = self.world.draw(|dice| dice.delay(SLOWEST));
        let arrival = self.pipe.depart(bytes, self.world.now() + delay);
        let (clock, pipe) = (self.world.clock().clone(), self.pipe.clone());
        // The world's own task: what is on its way arrives though the sender dies.
        self.world.spawn(async move {
            clock.sleep_until(arrival).await;
            pipe.arrive(clock.monotonic());
        });
    }

    async fn write_bytes(&self, mut bytes: Bytes) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = std::future::poll_fn(|context| self.pipe.poll_room(context)).await?;
            let most = room.min(bytes.len()) as u64;
            let cut = self.world.draw(|dice| cut(dice, most));
            self.send(Some(
                bytes.split_to(usize::try_from(cut).expect("it is within a buffer")),
            ));
        }
        Ok(())
    }
}

/// Mostly all that there is room for, as a kernel takes it; at times less.
fn cut(dice: &mut Dice, most: u64) -> u64 {
    match dice.within(0..4) {
        0 => dice.within(1..most + 1),
        _ => most,
    }
}

impl ConnectionWriter for SimWriter {
    type File = SeededFile;

    async fn write(&mut self, pieces: Vec<Piece<SeededFile>>) -> io::Result<()> {
        for piece in pieces {
            let bytes = match piece {
                Piece::Bytes(bytes) => bytes,
                Piece::File(piece) => {
                    let length = usize::try_from(piece.length).expect("a piece fits in memory");
                    let mut content = vec![0; length];
                    let read = piece.file.read_at(&mut content, piece.position)?;
                    content.truncate(read);
                    self.write_bytes(content.into()).await?;
                    if read < length {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                    continue;
                }
            };
            self.write_bytes(bytes).await?;
        }
        Ok(())
    }
}

impl Drop for SimWriter {
    fn drop(&mut self) {
        self.send(None);
    }
}
