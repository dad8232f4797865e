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

mod metadata_log;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use ottla_controller::{Controller, Reply, Request};
use ottla_env::{Clock, Env, Spawn};
use ottla_log::dir::LogDirectory;
use ottla_metadata::Image;
use ottla_model::{ErrorCode, Offset};
use ottla_raft::{Input, Output, Raft};
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

pub use metadata_log::MetadataLogError;
pub(crate) use metadata_log::{BOOTSTRAP, METADATA_LOG, MetadataLog};

/// Requests taken at once; they share one sync.
const MAX_JOINED: usize = 128;

enum Job {
    Ask {
        request: Request,
        reply: oneshot::Sender<Reply>,
    },
    /// Write what is left and answer. Nothing is taken after it.
    Close {
        closed: oneshot::Sender<io::Result<()>>,
    },
}

/// The way to the controller. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Quorum {
    jobs: mpsc::UnboundedSender<Job>,
}

impl Quorum {
    /// The controller's reply, once its records are committed.
    ///
    /// # Errors
    /// NOT_CONTROLLER when the controller has stopped.
    pub(crate) async fn ask(&self, request: Request) -> Result<Reply, ErrorCode> {
        let (reply, answer) = oneshot::channel();
        // A job for a controller that has stopped is dropped, and its reply with it.
        let _ = self.jobs.unbounded_send(Job::Ask { request, reply });
        answer.await.map_err(|_| ErrorCode::NotController)
    }

    pub(crate) async fn close(&self) -> io::Result<()> {
        let (closed, answer) = oneshot::channel();
        let _ = self.jobs.unbounded_send(Job::Close { closed });
        answer.await.unwrap_or(Ok(()))
    }

    /// Starts the controller's loop. `publish` is given every new image, before the replies that made it.
    pub(crate) fn start<E: Env>(
        env: &E,
        directory: Arc<LogDirectory<E::Disk>>,
        log: MetadataLog<E>,
        raft: Raft,
        controller: Controller,
        publish: impl FnMut(Arc<Image>) + Send + 'static,
    ) -> Self {
        let (jobs, inbox) = mpsc::unbounded();
        let worker = Worker {
            env: env.clone(),
            _directory: directory,
            log,
            raft,
            controller,
            waiting: VecDeque::new(),
            publish,
        };
        env.spawn().lane("metadata", worker.run(inbox));
        Self { jobs }
    }
}

struct Worker<E: Env, P> {
    env: E,
    /// Keeps the directory locked.
    _directory: Arc<LogDirectory<E::Disk>>,
    log: MetadataLog<E>,
    raft: Raft,
    controller: Controller,
    /// Replies and the offset behind their records.
    waiting: VecDeque<(Offset, Reply, oneshot::Sender<Reply>)>,
    publish: P,
}

impl<E: Env, P: FnMut(Arc<Image>) + Send + 'static> Worker<E, P> {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job>) {
        if let Err(error) = self.lead() {
            return self.fail(&error);
        }
        while let Some(first) = inbox.next().await {
            let mut next = Some(first);
            let mut taken = 0;
            while let Some(job) = next {
                let done = match job {
                    Job::Ask { request, reply } => self.handle(&request, reply),
                    Job::Close { closed } => {
                        let _ = closed.send(self.settle().and_then(|()| self.log.close()));
                        return;
                    }
                };
                if let Err(error) = done {
                    return self.fail(&error);
                }
                taken += 1;
                next = if taken < MAX_JOINED {
                    inbox.try_recv().ok()
                } else {
                    None
                };
            }
            if let Err(error) = self.settle() {
                return self.fail(&error);
            }
        }
    }

    /// A metadata log that cannot be written ends the controller: whoever asks is told so, and nothing wrong is ever answered.
    fn fail(&self, error: &io::Error) {
        tracing::error!(%error, "the metadata log cannot be written: the controller stops");
    }

    fn lead(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        self.raft.step(Input::Start, &mut out);
        while !out.is_empty() {
            for output in std::mem::take(&mut out) {
                match output {
                    Output::Persist(state) => {
                        self.log.persist(&state)?;
                        self.raft.step(Input::Persisted, &mut out);
                    }
                    Output::Lead { epoch, control } => {
                        let now = self.env.clock().wall();
                        let batch = ottla_raft::checkpoint::control_batch(
                            self.log.end(),
                            epoch,
                            now,
                            &control,
                        );
                        let end = self.log.append(&batch, now)?;
                        // With it stands or falls all that was found in the log.
                        self.controller.appended(end);
                        self.raft.step(Input::Appended { end }, &mut out);
                    }
                    Output::Committed(_) => {
                        unreachable!("nothing is committed before it is synced")
                    }
                }
            }
        }
        let (reply, _) = oneshot::channel();
        self.handle(&Request::Activate, reply)?;
        self.settle()
    }

    fn handle(&mut self, request: &Request, reply: oneshot::Sender<Reply>) -> io::Result<()> {
        let outcome = self.controller.handle(request, self.log.end());
        if !outcome.records.is_empty() {
            self.append(&outcome.records)?;
        }
        self.waiting
            .push_back((self.log.end(), outcome.reply, reply));
        Ok(())
    }

    fn append(&mut self, records: &[MetadataRecord<'static>]) -> io::Result<()> {
        let now = self.env.clock().wall();
        let base_offset = self.log.end();
        // The level may be among the records themselves: the newer one is what they are written in.
        let before = self.controller.image().features().metadata_version();
        for (position, record) in (0..).zip(records) {
            let replayed = self.controller.replay(record, base_offset + position);
            assert!(
                replayed.is_ok(),
                "the controller's own record does not fit: {replayed:?}"
            );
        }
        let version = before.max(self.controller.image().features().metadata_version());
        let fields = BatchFields {
            base_offset,
            leader_epoch: self.raft.epoch(),
            ..BatchFields::default()
        };
        let mut builder = BatchBuilder::new(fields, Compression::None);
        for record in records {
            let value = record.encode(version.record_version(record));
            builder.push(now, None, Some(&value), []);
        }
        let end = self.log.append(&builder.build(), now)?;
        self.controller.appended(end);
        let mut out = Vec::new();
        self.raft.step(Input::Appended { end }, &mut out);
        assert!(out.is_empty(), "nothing is committed before it is synced");
        Ok(())
    }

    /// Brings everything to the disk, publishes what is committed by that, and answers.
    fn settle(&mut self) -> io::Result<()> {
        let end = self.log.sync(self.env.clock().wall())?;
        let mut out = Vec::new();
        self.raft.step(Input::Synced { end }, &mut out);
        for output in out {
            let Output::Committed(offset) = output else {
                unreachable!("a leader only commits")
            };
            if let Some(image) = self.controller.commit(offset) {
                (self.publish)(Arc::new(image.clone()));
            }
        }
        while self.waiting.front().is_some_and(|(at, ..)| *at <= end) {
            let (_, reply, waiting) = self.waiting.pop_front().expect("there is a front");
            let _ = waiting.send(reply);
        }
        Ok(())
    }
}
