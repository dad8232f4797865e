//! The controller's loop: it takes what is asked, has it decided, brings it to the disk, and answers.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use ottla_controller::{Controller, Outcome, Refusal, Reply, Request};
use ottla_env::{Clock, Env, Spawn};
use ottla_log::dir::LogDirectory;
use ottla_metadata::Image;
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset};
use ottla_raft::checkpoint::control_batch;
use ottla_raft::{Answer, Fetch, Input, Output, Outputs, Raft, Request as RaftRequest, Snapshot};
use ottla_wire::control_record::ControlRecord;
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

use super::batches::{self, TooLarge};
use super::questions::Question;
use super::{Leadership, MetadataLog};
use crate::failure::{Failure, Failures};

/// Requests taken at once; they share one sync.
const MAX_JOINED: usize = 128;

pub(super) enum Job {
    Ask(Question),
    /// Of another replica, or about the quorum itself.
    Raft {
        asked: Asked,
        answer: oneshot::Sender<Answer>,
    },
    /// A snapshot has been written beside the lane, or could not be.
    SnapshotWritten(io::Result<Snapshot>),
    /// Write what is left and answer. Nothing is taken after it.
    Close {
        closed: oneshot::Sender<io::Result<()>>,
    },
}

pub(super) enum Asked {
    Request(RaftRequest),
    Fetch(Fetch),
}

/// What the loop wakes for.
enum Next {
    Job(Job),
    /// The quorum's: [`Raft::deadline`].
    Deadline,
}

pub(super) struct Worker<E: Env, P> {
    pub(super) env: E,
    /// Its own inbox.
    pub(super) jobs: mpsc::UnboundedSender<Job>,
    /// Keeps the directory locked.
    pub(super) _directory: Arc<LogDirectory<E::Disk>>,
    pub(super) log: MetadataLog<E>,
    pub(super) raft: Raft,
    pub(super) controller: Controller,
    /// Replies and the offset behind their records.
    pub(super) waiting: VecDeque<(Offset, Reply, oneshot::Sender<Reply>)>,
    /// What came while this node did not lead.
    pub(super) held: VecDeque<Question>,
    pub(super) leadership: Arc<Leadership>,
    pub(super) failures: Arc<Failures>,
    pub(super) publish: P,
}

impl<E: Env, P: FnMut(Arc<Image>) + Send + 'static> Worker<E, P> {
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job>) {
        if let Err(error) = self.step(Input::Start, None) {
            return self.fail(&error);
        }
        loop {
            let first = match next(&self.env, self.raft.deadline(), &mut inbox).await {
                Next::Job(job) => job,
                Next::Deadline => {
                    if let Err(error) = self.step(Input::Tick, None) {
                        return self.fail(&error);
                    }
                    continue;
                }
            };
            let mut next = Some(first);
            let mut taken = 0;
            while let Some(job) = next {
                let done = match job {
                    Job::Ask(question) => self.handle(question),
                    Job::Raft { asked, answer } => self.answer(asked, answer),
                    Job::SnapshotWritten(result) => {
                        let now = self.env.clock().wall();
                        self.log.snapshot_written(result, now)
                    }
                    Job::Close { closed } => {
                        let _ = closed.send(self.close(inbox).await);
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

    async fn close(&mut self, mut inbox: mpsc::UnboundedReceiver<Job>) -> io::Result<()> {
        self.settle()?;
        // Nothing may change in a directory that is about to be unlocked.
        while self.log.is_writing_snapshot() {
            if let Some(Job::SnapshotWritten(result)) = inbox.next().await {
                self.log.snapshot_written(result, self.env.clock().wall())?;
            }
        }
        self.log.close()
    }

    /// A metadata log that cannot be written ends the controller, and with it the node: nothing wrong is ever answered.
    fn fail(&self, error: &io::Error) {
        self.leadership.set(false);
        self.failures.tell(Failure::MetadataLog(error.to_string()));
    }

    /// Lets the quorum decide, and carries that out.
    fn step(&mut self, input: Input, answer: Option<oneshot::Sender<Answer>>) -> io::Result<()> {
        let mut out = Outputs::new();
        let now = self.env.clock().monotonic();
        self.raft.step(now, input, &mut out);
        let mut asker = answer;
        for output in out {
            match output {
                Output::Persist(state) => {
                    self.log.persist(&state, self.raft.membership())?;
                }
                Output::Lead { epoch, control } => {
                    self.lead(epoch, &control)?;
                    self.leadership.set(true);
                }
                Output::Append(control) => self.append_control(self.raft.epoch(), &control)?,
                Output::Resign => {
                    tracing::warn!(
                        "another node has claimed a later epoch of the quorum: this one leads no more"
                    );
                    self.leadership.set(false);
                }
                Output::Committed(offset) => {
                    self.log.committed(offset);
                    let kraft_version = self.raft.committed_membership().kraft_version;
                    self.leadership
                        .kraft_version
                        .store(kraft_version, Ordering::Release);
                    if let Some(image) = self.controller.commit(offset) {
                        let image = Arc::new(image.clone());
                        self.snapshot(&image, offset);
                        (self.publish)(image);
                    }
                    self.leadership.changed.notify(usize::MAX);
                }
                Output::Answer(answer) => {
                    let asker = asker.take().expect("only who asks is answered, and once");
                    let _ = asker.send(answer);
                }
            }
        }
        Ok(())
    }

    /// Writes a snapshot of what is committed if one is due.
    fn snapshot(&mut self, image: &Arc<Image>, end_offset: Offset) {
        let now = self.env.clock().monotonic();
        let membership = self.raft.committed_membership().records();
        let Some(job) = self.log.begin_snapshot(image, end_offset, membership, now) else {
            return;
        };
        let (spawn, jobs) = (self.env.spawn().clone(), self.jobs.clone());
        self.env.spawn().task(async move {
            let result = spawn.blocking(move || job.run()).await;
            let _ = jobs.unbounded_send(Job::SnapshotWritten(result));
        });
    }

    fn lead(&mut self, epoch: LeaderEpoch, control: &[ControlRecord<'static>]) -> io::Result<()> {
        // With it stands or falls all that was found in the log.
        self.append_control(epoch, control)?;
        let (reply, _) = oneshot::channel();
        self.handle(Question {
            request: Request::Activate,
            reply,
            begun: None,
        })?;
        self.settle()?;
        while let Some(question) = self.held.pop_front() {
            self.handle(question)?;
        }
        self.settle()
    }

    /// Appends the quorum's own records as a batch.
    fn append_control(
        &mut self,
        epoch: LeaderEpoch,
        control: &[ControlRecord<'static>],
    ) -> io::Result<()> {
        let now = self.env.clock().wall();
        let batch = control_batch(self.log.end(), epoch, now, control);
        let end = self.log.append(&batch, now)?;
        self.controller.appended(end);
        self.step(Input::Appended { end }, None)
    }

    fn answer(&mut self, asked: Asked, answer: oneshot::Sender<Answer>) -> io::Result<()> {
        // Who may end this node's time as leader finds nothing that would be cut off by it, and who fetches finds all there is.
        self.settle()?;
        let input = match asked {
            Asked::Request(request) => Input::Request(request),
            Asked::Fetch(fetch) => Input::Fetch {
                log: self.log.view(fetch.last_epoch),
                fetch,
            },
        };
        self.step(input, Some(answer))
    }

    fn handle(&mut self, question: Question) -> io::Result<()> {
        if !self.raft.is_leader() {
            // For a moment only: the one voter soon leads again.
            self.held.push_back(question);
            return Ok(());
        }
        let Question {
            request,
            reply,
            begun,
        } = question;
        if begun.is_some_and(|begun| begun.send(()).is_err()) {
            return Ok(());
        }
        let Outcome {
            records,
            is_atomic,
            kraft_version,
            reply: answer,
        } = self.controller.handle(
            &request,
            self.log.end(),
            self.raft.membership().kraft_version,
        );
        let version = self.controller.image().features().metadata_version();
        let answer = match batches::plan(&records, version, is_atomic) {
            Ok(batches) => {
                if let Some(to) = kraft_version {
                    self.step(Input::UpgradeKRaftVersion { to }, None)?;
                }
                let mut rest = &records[..];
                for values in batches {
                    let (batch, after) = rest.split_at(values.len());
                    self.append(batch, &values)?;
                    rest = after;
                }
                answer
            }
            Err(TooLarge) => Reply::Refused(Refusal {
                code: ErrorCode::RecordListTooLarge,
                message:
                    "the request asks for more than is written at once: divide it into several"
                        .to_owned(),
            }),
        };
        self.waiting.push_back((self.log.end(), answer, reply));
        Ok(())
    }

    /// Appends the records, of which `values` are the encoded ones, as one batch.
    fn append(&mut self, records: &[MetadataRecord<'static>], values: &[Bytes]) -> io::Result<()> {
        let now = self.env.clock().wall();
        let base_offset = self.log.end();
        for (position, record) in (0..).zip(records) {
            let replayed = self.controller.replay(record, base_offset + position);
            assert!(
                replayed.is_ok(),
                "the controller's own record does not fit: {replayed:?}"
            );
        }
        let fields = BatchFields {
            base_offset,
            leader_epoch: self.raft.epoch(),
            ..BatchFields::default()
        };
        let mut builder = BatchBuilder::new(fields, Compression::None);
        for value in values {
            builder.push(now, None, Some(value), []);
        }
        let end = self.log.append(&builder.build(), now)?;
        self.controller.appended(end);
        self.step(Input::Appended { end }, None)
    }

    /// Brings everything to the disk, publishes what is committed by that, and answers.
    fn settle(&mut self) -> io::Result<()> {
        let end = self.log.sync()?;
        self.step(Input::Synced { end }, None)?;
        while self.waiting.front().is_some_and(|(at, ..)| *at <= end) {
            let (_, reply, waiting) = self.waiting.pop_front().expect("there is a front");
            let _ = waiting.send(reply);
        }
        Ok(())
    }
}

async fn next<E: Env>(
    env: &E,
    deadline: Option<Monotonic>,
    inbox: &mut mpsc::UnboundedReceiver<Job>,
) -> Next {
    let job = inbox.next();
    let job = match deadline {
        None => job.await,
        Some(deadline) => match select(job, pin!(env.clock().sleep_until(deadline))).await {
            Either::Left((job, _)) => job,
            Either::Right(_) => return Next::Deadline,
        },
    };
    Next::Job(job.expect("the worker holds a sender of its own inbox"))
}

#[cfg(test)]
mod tests {
    use ottla_metadata::features::{KRAFT_VERSION, feature};

    #[test]
    fn the_controller_asks_the_quorum_for_no_level_that_it_does_not_know() {
        let feature = feature(KRAFT_VERSION).expect("it is one of ours");
        assert_eq!(feature.max, ottla_raft::MAX_KRAFT_VERSION);
    }
}
