//! A world for tests in which tasks run when they are told to, and what blocks when it is told to.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::BytesMut;
use futures::FutureExt;
use futures::channel::{mpsc, oneshot};
use futures::future::BoxFuture;
use ottla_env::fake::{ManualClock, SeededDisk, SeededEntropy, SeededFile};
use ottla_env::{
    Connection, ConnectionReader, ConnectionWriter, Env, Listener, Net, Piece, SocketOptions, Spawn,
};
use ottla_log::dir::LogDirectory;
use ottla_model::{Timestamp, Uuid};
use parking_lot::Mutex;

use crate::failed_directories::FailedDirectory;
use crate::lane::{Lane, LaneOptions};

/// Of each lane.
pub(crate) const MIN_FREE: u64 = 10_000;

#[derive(Clone)]
pub(crate) struct IdleEnv {
    clock: ManualClock,
    disk: SeededDisk,
    entropy: SeededEntropy,
    spawn: IdleSpawn,
}

impl IdleEnv {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new(Timestamp(0));
        Self {
            disk: SeededDisk::new(clock.clone()),
            clock,
            entropy: SeededEntropy::new(0),
            spawn: IdleSpawn::default(),
        }
    }

    /// The lane of a directory that is empty.
    pub(crate) fn lane(&self, path: &str, id: Uuid) -> Lane<Self> {
        let directory = LogDirectory::open(self.disk.clone(), Path::new(path));
        self.lane_of(Arc::new(directory.expect("nobody else has it")), id)
    }

    /// That of a directory which was left cleanly.
    pub(crate) fn lane_of(&self, directory: Arc<LogDirectory<SeededDisk>>, id: Uuid) -> Lane<Self> {
        self.lane_after(true, directory, id)
    }

    pub(crate) fn lane_after(
        &self,
        was_clean: bool,
        directory: Arc<LogDirectory<SeededDisk>>,
        id: Uuid,
    ) -> Lane<Self> {
        let options = LaneOptions {
            was_clean,
            recovered_at_once: 1,
            producer_expiration: Duration::from_secs(60),
            min_free: MIN_FREE,
        };
        let failed = FailedDirectory::new(id, Arc::default(), mpsc::unbounded().0);
        Lane::start(self, directory, options, failed)
    }

    /// Lets every task run until it waits.
    pub(crate) fn run(&self) {
        // A task may begin others.
        let mut tasks = std::mem::take(&mut *self.spawn.tasks.lock());
        let mut context = Context::from_waker(Waker::noop());
        tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        self.spawn.tasks.lock().append(&mut tasks);
    }

    /// Carries out what blocks. Gives how much there was of it.
    pub(crate) fn unblock(&self) -> usize {
        let works = std::mem::take(&mut *self.spawn.blocked.lock());
        let count = works.len();
        works.into_iter().for_each(|work| work());
        count
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

/// What blocks.
type Work = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
pub(crate) struct IdleSpawn {
    tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
    blocked: Arc<Mutex<Vec<Work>>>,
}

impl Spawn for IdleSpawn {
    fn task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().push(Box::pin(task));
    }

    fn lane(&self, lane: impl Future<Output = ()> + Send + 'static) {
        self.task(lane);
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        let (sender, done) = oneshot::channel();
        let work = move || {
            // Whoever no longer waits need not know.
            let _ = sender.send(work());
        };
        self.blocked.lock().push(Box::new(work));
        done.map(|done| done.expect("what blocks is kept until it is carried out"))
    }
}

#[derive(Clone)]
pub(crate) struct NoNet;

/// What comes of a network that is not there.
pub(crate) enum Never {}

impl Net for NoNet {
    type File = SeededFile;
    type Listener = Never;
    type Connection = Never;

    async fn bind(&self, _host: &str, _port: u16, _options: SocketOptions) -> io::Result<Never> {
        Err(ErrorKind::Unsupported.into())
    }

    async fn connect(&self, _host: &str, _port: u16) -> io::Result<Never> {
        Err(ErrorKind::Unsupported.into())
    }

    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
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
    async fn read(&mut self, _buffer: &mut BytesMut, _most: usize) -> io::Result<usize> {
        match *self {}
    }
}

impl ConnectionWriter for Never {
    type File = SeededFile;

    async fn write(&mut self, _pieces: Vec<Piece<SeededFile>>) -> io::Result<()> {
        match *self {}
    }
}
