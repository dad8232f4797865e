//! The controller of this node: the metadata log, the quorum's decisions on it, and the controller's state machine.
//!
//! ```text
//! request ─▶ Controller::handle ─▶ records ─▶ metadata log ─▶ sync ─▶ Raft: committed(offset)
//!                                                                       ├─▶ image, partitions
//!                                                                       └─▶ reply
//! ```
//!
//! Nothing is answered, and nothing shown to the broker, before it is committed. The loop has a lane of its own: a sync of the
//! metadata log holds up no data.

mod addressed;
mod batches;
mod found_metadata;
mod metadata_log;
mod metadata_reader;
mod questions;
mod snapshot;
mod worker;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};

use event_listener::{Event, EventListener};
use futures::channel::{mpsc, oneshot};
use ottla_controller::Controller;
use ottla_env::{Env, Spawn};
use ottla_log::dir::LogDirectory;
use ottla_metadata::Image;
use ottla_model::ErrorCode;
use ottla_raft::{Answer, Fetch, Raft, Request as RaftRequest};

use worker::{Asked, Job, Worker};

pub(crate) use addressed::{
    admit, is_metadata_partition, leader_endpoint, only_partition, replica,
};
pub use metadata_log::MetadataLogError;
pub(crate) use metadata_log::{BOOTSTRAP, METADATA_LOG, MetadataLog, MetadataLogOptions};
pub(crate) use metadata_reader::MetadataReader;

use crate::failure::Failures;

/// The way to the controller. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Quorum {
    jobs: mpsc::UnboundedSender<Job>,
    leadership: Arc<Leadership>,
}

/// What everybody may know of this node's part in the quorum.
#[derive(Default)]
struct Leadership {
    leads: AtomicBool,
    /// The level of the feature that the quorum keeps itself, as far as it is committed.
    kraft_version: AtomicI16,
    /// Notified when more is committed, or leadership changes.
    changed: Event,
}

impl Leadership {
    fn set(&self, leads: bool) {
        self.leads.store(leads, Ordering::Release);
        self.changed.notify(usize::MAX);
    }
}

impl Quorum {
    /// What this voter says to another node.
    ///
    /// # Errors
    /// BROKER_NOT_AVAILABLE when it has stopped.
    pub(crate) async fn answer(&self, request: RaftRequest) -> Result<Answer, ErrorCode> {
        self.ask_raft(Asked::Request(request)).await
    }

    /// What this voter says to a replica that fetches.
    ///
    /// # Errors
    /// BROKER_NOT_AVAILABLE when it has stopped.
    pub(crate) async fn fetch(&self, fetch: Fetch) -> Result<Answer, ErrorCode> {
        self.ask_raft(Asked::Fetch(fetch)).await
    }

    async fn ask_raft(&self, asked: Asked) -> Result<Answer, ErrorCode> {
        let (answer, answered) = oneshot::channel();
        let _ = self.jobs.unbounded_send(Job::Raft { asked, answer });
        answered.await.map_err(|_| ErrorCode::BrokerNotAvailable)
    }

    /// Notified when more is committed, or leadership changes.
    pub(crate) fn listen(&self) -> EventListener {
        self.leadership.changed.listen()
    }

    /// Whether this node is the active controller.
    pub(crate) fn leads(&self) -> bool {
        self.leadership.leads.load(Ordering::Acquire)
    }

    /// The level of the feature that the quorum keeps itself, as far as it is committed. Whoever has seen an image sees a level that is
    /// no older.
    pub(crate) fn kraft_version(&self) -> i16 {
        self.leadership.kraft_version.load(Ordering::Acquire)
    }

    /// Closes the metadata log, with all that was asked before in it.
    ///
    /// # Errors
    /// When it is not closed as it should be.
    pub(crate) async fn close(&self) -> io::Result<()> {
        let (closed, answer) = oneshot::channel();
        let _ = self.jobs.unbounded_send(Job::Close { closed });
        answer
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the controller has stopped already")))
    }

    /// Starts the controller's loop. `publish` is given every new image, before the replies that made it.
    pub(crate) fn start<E: Env>(
        env: &E,
        directory: Arc<LogDirectory<E::Disk>>,
        log: MetadataLog<E>,
        raft: Raft,
        controller: Controller,
        failures: Arc<Failures>,
        publish: impl FnMut(Arc<Image>) + Send + 'static,
    ) -> Self {
        let (jobs, inbox) = mpsc::unbounded();
        let leadership = Arc::new(Leadership {
            kraft_version: raft.committed_membership().kraft_version.into(),
            ..Leadership::default()
        });
        let worker = Worker {
            env: env.clone(),
            jobs: jobs.clone(),
            _directory: directory,
            log,
            raft,
            controller,
            waiting: VecDeque::new(),
            held: VecDeque::new(),
            leadership: Arc::clone(&leadership),
            failures,
            publish,
        };
        env.spawn().lane(worker.run(inbox));
        Self { jobs, leadership }
    }
}
