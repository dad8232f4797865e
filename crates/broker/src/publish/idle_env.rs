//! A world for tests in which tasks run when they are told to, and in which nothing that blocks ever ends.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::BytesMut;
use futures::future::BoxFuture;
use ottla_env::fake::{ManualClock, SeededDisk, SeededEntropy, SeededFile};
use ottla_env::{Connection, ConnectionReader, ConnectionWriter, Env, Listener, Net, Piece, Spawn};
use ottla_model::Timestamp;
use parking_lot::Mutex;

#[derive(Clone)]
pub(super) struct IdleEnv {
    clock: ManualClock,
    disk: SeededDisk,
    entropy: SeededEntropy,
    spawn: IdleSpawn,
}

impl IdleEnv {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new(Timestamp(0));
        Self {
            disk: SeededDisk::new(clock.clone()),
            clock,
            entropy: SeededEntropy::new(0),
            spawn: IdleSpawn::default(),
        }
    }

    /// Lets every task run until it waits.
    pub(super) fn run(&self) {
        // A task may begin others.
        let mut tasks = std::mem::take(&mut *self.spawn.tasks.lock());
        let mut context = Context::from_waker(Waker::noop());
        tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        self.spawn.tasks.lock().append(&mut tasks);
    }
}

impl Env for IdleEnv {
    type Clock = ManualClock;
    type Disk = SeededDisk;
    type Net = NoNet;
    type Entropy = SeededEntropy;
    type Spawn = IdleSpawn;

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn disk(&self) -> &SeededDisk {
        &self.disk
    }

    fn net(&self) -> &NoNet {
        &NoNet
    }

    fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    fn spawn(&self) -> &IdleSpawn {
        &self.spawn
    }
}

#[derive(Clone, Default)]
pub(super) struct IdleSpawn {
    tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Spawn for IdleSpawn {
    fn task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().push(Box::pin(task));
    }

    fn lane(&self, _name: &str, lane: impl Future<Output = ()> + Send + 'static) {
        self.task(lane);
    }

    fn blocking<T: Send + 'static>(
        &self,
        _work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        std::future::pending()
    }
}

#[derive(Clone)]
pub(super) struct NoNet;

/// What comes of a network that is not there.
pub(super) enum Never {}

impl Net for NoNet {
    type File = SeededFile;
    type Listener = Never;
    type Connection = Never;

    async fn bind(&self, _host: &str, _port: u16) -> io::Result<Never> {
        Err(ErrorKind::Unsupported.into())
    }

    async fn connect(&self, _host: &str, _port: u16) -> io::Result<Never> {
        Err(ErrorKind::Unsupported.into())
    }
}

impl Listener for Never {
    type Connection = Self;

    fn local_address(&self) -> io::Result<SocketAddr> {
        match *self {}
    }

    async fn accept(&mut self) -> io::Result<Self> {
        match *self {}
    }
}

impl Connection for Never {
    type File = SeededFile;
    type Reader = Self;
    type Writer = Self;

    fn peer_address(&self) -> SocketAddr {
        match *self {}
    }

    fn local_address(&self) -> SocketAddr {
        match *self {}
    }

    fn split(self) -> (Self, Self) {
        match self {}
    }
}

impl ConnectionReader for Never {
    async fn read(&mut self, _buffer: &mut BytesMut) -> io::Result<usize> {
        match *self {}
    }
}

impl ConnectionWriter for Never {
    type File = SeededFile;

    async fn write(&mut self, _pieces: Vec<Piece<SeededFile>>) -> io::Result<()> {
        match *self {}
    }
}
