//! The coordinator of one partition of `__consumer_offsets`: loads, serves and unloads it as leadership comes and goes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use ottla_config::GroupConfig;
use ottla_coordinator::{Coordinator, Loading, Now, Options, Outputs, Ticket};
use ottla_env::{Clock, Env};
use ottla_group::{Answer, Groups, Request};
use ottla_log::validate::validate;
use ottla_model::ErrorCode;
use ottla_replica::Acks;
use ottla_wire::records::Compression;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use super::Basis;
use super::load::{Loads, load};
use crate::alarm::Alarm;
use crate::lane::{Answers, Append, AppendFailure, Job as LaneJob, Outcome};
use crate::partition::Partition;

/// As the producer that the batches are checked as.
const PRODUCE_VERSION: i16 = 13;

/// Before a log that the disk has failed to give is read again.
const RELOAD: Duration = Duration::from_secs(5);

/// What is asked of a shard.
pub(super) enum Job {
    /// This node leads the partition from now on, or does so in a new epoch.
    Lead,
    /// It does not any more.
    Resign,
    Ask {
        request: Request,
        reply: oneshot::Sender<Answer>,
    },
}

type Inbox = mpsc::UnboundedReceiver<Job>;

/// The partition is gone, or the node is.
struct Gone;

/// What comes behind the load of a log.
enum Loaded {
    Groups(Loading<Groups>),
    /// This node does not lead any more, or nobody can read the log.
    Nothing,
}

/// What comes behind the service.
enum Unloaded {
    Resigned,
    /// What is written is not known.
    Unsure,
}

/// What a shard wakes for.
enum Event {
    Job(Option<Job>),
    Appended,
    Deadline,
}

pub(super) struct Shard<E: Env> {
    env: E,
    partition: Arc<Partition<E>>,
    config: GroupConfig,
    loads: Arc<Loads>,
    basis: Arc<RwLock<Basis>>,
    /// Of topics that were deleted while the log was loaded.
    deferred: Vec<Request>,
}

impl<E: Env> Shard<E> {
    pub(super) fn new(
        env: E,
        partition: Arc<Partition<E>>,
        config: GroupConfig,
        loads: Arc<Loads>,
        basis: Arc<RwLock<Basis>>,
    ) -> Self {
        Self {
            env,
            partition,
            config,
            loads,
            basis,
            deferred: Vec::new(),
        }
    }

    /// Ends when the partition is gone.
    pub(super) async fn run(mut self, mut inbox: Inbox) {
        while until_led(&mut inbox).await.is_ok() {
            while let Ok(Loaded::Groups(loaded)) = self.load(&mut inbox).await {
                let service = Service::begin(&mut self, loaded);
                match service.run(&mut inbox).await {
                    Ok(Unloaded::Unsure) => {}
                    Ok(Unloaded::Resigned) => break,
                    Err(Gone) => return,
                }
            }
            // Whoever leads next has heard of it, too, and may have taken commits in a topic of that name since.
            self.deferred.clear();
        }
    }

    /// Again and again where the disk fails.
    async fn load(&mut self, inbox: &mut Inbox) -> Result<Loaded, Gone> {
        let read = || {
            load(
                self.env.clone(),
                Arc::clone(&self.partition),
                Arc::clone(&self.loads),
                self.config.load_bytes,
            )
        };
        let mut loading = pin!(Either::Left(read()));
        let began = self.env.clock().monotonic();
        loop {
            match select(inbox.next(), &mut loading).await {
                Either::Left((None, _)) => return Err(Gone),
                Either::Left((Some(Job::Lead), _)) => {}
                Either::Left((Some(Job::Resign), _)) => return Ok(Loaded::Nothing),
                Either::Left((Some(Job::Ask { request, reply }), _)) => {
                    if let Request::ForgetTopics(_) = request {
                        self.deferred.push(request);
                    } else {
                        // Whoever does not wait any more need not know.
                        let _ = reply.send(Err(ErrorCode::CoordinatorLoadInProgress));
                    }
                }
                Either::Right((Ok(loaded), _)) => {
                    let took = self.env.clock().monotonic() - began;
                    let partition = self.partition.name();
                    tracing::debug!(%partition, ?took, passed_over = loaded.unknown(), "groups are loaded");
                    return Ok(Loaded::Groups(loaded));
                }
                Either::Right((Err(error), _)) if error.may_pass() => {
                    let partition = self.partition.name();
                    tracing::error!(%partition, %error, again = ?RELOAD, "the groups of this partition cannot be read yet");
                    let (again, pause) = (read(), self.env.clock().sleep(RELOAD));
                    loading.set(Either::Right(pause.then(|()| again)));
                }
                Either::Right((Err(error), _)) => {
                    let partition = self.partition.name();
                    tracing::error!(%partition, %error, "the groups of this partition cannot be loaded, and have no coordinator");
                    return Ok(Loaded::Nothing);
                }
            }
        }
    }
}

async fn until_led(inbox: &mut Inbox) -> Result<(), Gone> {
    loop {
        match inbox.next().await.ok_or(Gone)? {
            Job::Lead => return Ok(()),
            Job::Resign => {}
            Job::Ask { reply, .. } => {
                let _ = reply.send(Err(ErrorCode::NotCoordinator));
            }
        }
    }
}

/// The groups of a partition while they are coordinated. Whoever waits when it ends hears nothing, which means that this node is not the
/// coordinator.
struct Service<'a, E: Env> {
    shard: &'a mut Shard<E>,
    coordinator: Coordinator<Groups>,
    waiting: FxHashMap<Ticket, oneshot::Sender<Answer>>,
    tickets: u64,
    /// The batch on its way.
    append: Option<Answers>,
    alarm: Alarm<E::Clock>,
}

impl<'a, E: Env> Service<'a, E> {
    fn begin(shard: &'a mut Shard<E>, loaded: Loading<Groups>) -> Self {
        let options = Options {
            max_batch_bytes: shard.partition.config().max_message_bytes(),
            compression: Compression::from_code(shard.config.compression_code)
                .unwrap_or(Compression::None),
        };
        let groups = {
            let basis = shard.basis.read();
            Groups::new(basis.settings.clone(), basis.topics.clone())
        };
        let now = now(&shard.env);
        Self {
            alarm: Alarm::new(shard.env.clock().clone()),
            coordinator: Coordinator::new(groups, loaded, options, now),
            waiting: FxHashMap::default(),
            tickets: 0,
            append: None,
            shard,
        }
    }

    async fn run(mut self, inbox: &mut Inbox) -> Result<Unloaded, Gone> {
        for request in std::mem::take(&mut self.shard.deferred) {
            let (reply, _) = oneshot::channel();
            self.ask(request, reply);
        }
        loop {
            match self.next(inbox).await {
                Event::Job(None) => return Err(Gone),
                Event::Job(Some(Job::Lead)) => {}
                Event::Job(Some(Job::Resign)) => {
                    // What is on its way may be written: whoever loads the log next is to find it there, or never.
                    if let Some(append) = &self.append {
                        poll_fn(|task| append.poll_complete(task)).await;
                    }
                    return Ok(Unloaded::Resigned);
                }
                Event::Job(Some(Job::Ask { request, reply })) => self.ask(request, reply),
                Event::Deadline => {
                    let mut out = Outputs::default();
                    self.coordinator.expire(now(&self.shard.env), &mut out);
                    self.carry_out(out);
                }
                Event::Appended => {
                    let append = self.append.take().expect("it has an outcome");
                    let outcome = append.into_outcomes().pop();
                    match outcome.expect("there was one batch") {
                        Outcome::Told(Ok(_)) => self.appended(Ok(())),
                        Outcome::Told(Err(failure)) => match lost(&failure) {
                            Some(code) => self.appended(Err(code)),
                            None => return Ok(Unloaded::Unsure),
                        },
                        // Its lane has closed: the node is stopping.
                        Outcome::Dropped | Outcome::Open => return Ok(Unloaded::Resigned),
                    }
                }
            }
        }
    }

    async fn next(&mut self, inbox: &mut Inbox) -> Event {
        poll_fn(|task| {
            if let Some(append) = &self.append
                && append.poll_complete(task).is_ready()
            {
                return Poll::Ready(Event::Appended);
            }
            if let Some(deadline) = self.coordinator.next_deadline()
                && self.alarm.poll_passed(deadline, task).is_ready()
            {
                return Poll::Ready(Event::Deadline);
            }
            inbox.poll_next_unpin(task).map(Event::Job)
        })
        .await
    }

    fn ask(&mut self, request: Request, reply: oneshot::Sender<Answer>) {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.waiting.insert(ticket, reply);
        let mut out = Outputs::default();
        self.coordinator
            .request(ticket, request, now(&self.shard.env), &mut out);
        self.carry_out(out);
    }

    fn appended(&mut self, result: Result<(), ErrorCode>) {
        let mut out = Outputs::default();
        self.coordinator
            .appended(result, now(&self.shard.env), &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, mut out: Outputs<Answer>) {
        loop {
            for (ticket, answer) in out.answers.drain(..) {
                let reply = self.waiting.remove(&ticket);
                let reply = reply.expect("a request is answered once");
                let answer = answer.unwrap_or_else(|code| Err(told(code)));
                let _ = reply.send(answer);
            }
            let Some(batch) = out.append.take() else {
                return;
            };
            match self.send(batch) {
                Ok(append) => {
                    self.append = Some(append);
                    return;
                }
                Err(code) => {
                    let now = now(&self.shard.env);
                    self.coordinator.appended(Err(code), now, &mut out);
                }
            }
        }
    }

    /// Hands a batch to the lane.
    fn send(&self, batch: Bytes) -> Result<Answers, ErrorCode> {
        let Shard { partition, env, .. } = &*self.shard;
        let leader_epoch = partition.leader_epoch();
        let leader_epoch = leader_epoch.ok_or(ErrorCode::NotLeaderOrFollower)?;
        let rules = partition.append_rules(PRODUCE_VERSION);
        let batch = validate(batch, &rules, env.clock().wall());
        let answers = Answers::with_capacity(1);
        let append = Append {
            key: partition.key,
            batch: batch.map_err(|invalid| invalid.code())?,
            leader_epoch,
            acks: Acks::All,
            reply: answers.open(),
        };
        partition.lane.send(LaneJob::Append(vec![append]));
        Ok(answers)
    }
}

fn now<E: Env>(env: &E) -> Now {
    Now {
        wall: env.clock().wall(),
        monotonic: env.clock().monotonic(),
    }
}

/// The code of an append that is refused before anything of it is written; `None` where nobody can say.
fn lost(failure: &AppendFailure) -> Option<ErrorCode> {
    match failure.code {
        code if failure.is_refused => Some(code),
        code @ (ErrorCode::NotEnoughReplicas
        | ErrorCode::MessageTooLarge
        | ErrorCode::RecordListTooLarge) => Some(code),
        _ => None,
    }
}

/// What a client is told of a write that has failed: where to go, or to try again.
fn told(code: ErrorCode) -> ErrorCode {
    ottla_group::classic::append_error(code)
}
