//! A producer of batches that are built once, on one connection.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_model::{Monotonic, PartitionIndex, ProducerEpoch, ProducerId, Sequence};
use ottla_wire::api::ApiKey;
use ottla_wire::message::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_wire::message::produce::ProduceResponse;
use rustix::event::{PollFd, PollFlags};

use super::LoadError;
use super::connection::Connection;
use super::pace::Pace;
use super::patience::patiently;
use super::progress::{Latencies, Progress};
use super::request::PreparedRequest;
use super::stamp::Stamp;
use super::topic::Topic;
use super::verify::Ledger;

/// What one connection is to do.
pub(super) struct Plan {
    pub(super) address: String,
    pub(super) partitions: Vec<PartitionIndex>,
    pub(super) topic: Topic,
    pub(super) batch: Bytes,
    /// Partitions in a request.
    pub(super) per_request: usize,
    pub(super) acks: i16,
    pub(super) idempotent: bool,
    pub(super) in_flight: usize,
    pub(super) rate: Option<f64>,
    /// This connection's among `count`.
    pub(super) number: usize,
    pub(super) count: usize,
    /// Where acknowledgements are written down, if anybody looks.
    pub(super) ledger: Option<Arc<Ledger>>,
}

pub(super) struct Producer {
    plan: Plan,
    connection: Connection,
    version: i16,
    request: PreparedRequest,
    idempotence: Option<Idempotence>,
    /// The partition that is next, by its place.
    turn: usize,
    correlation_id: i32,
    /// Ids of the requests under way, and from when their latency counts.
    under_way: VecDeque<(i32, Monotonic)>,
    /// How much of the last of them the socket has; all of it where there is none.
    sent: usize,
    /// `None` until the first request may go.
    pace: Option<Pace>,
}

struct Idempotence {
    stamp: Stamp,
    /// Of each partition's next batch, by its place.
    sequences: Vec<Sequence>,
}

impl Producer {
    pub(super) fn open(plan: Plan) -> Result<Self, LoadError> {
        let mut connection = Connection::open(&plan.address)?;
        let version = connection.version(ApiKey::Produce)?;
        let idempotence = if plan.idempotent {
            let producer = patiently(|| init_producer_id(&mut connection))?;
            Some(Idempotence {
                stamp: Stamp::new(&plan.batch, producer),
                sequences: vec![Sequence(0); plan.partitions.len()],
            })
        } else {
            None
        };
        let request = PreparedRequest::new(
            version,
            &plan.topic,
            plan.acks,
            &plan.batch,
            plan.per_request,
        );
        Ok(Self {
            sent: request.frame().len(),
            request,
            pace: None,
            // Connections begin at different partitions, or they would go through them in step.
            turn: plan.number * plan.partitions.len() / plan.count,
            connection,
            version,
            idempotence,
            correlation_id: 0,
            under_way: VecDeque::new(),
            plan,
        })
    }

    /// Sends what is due and has room, as far as the socket takes it; tells how long nothing more is due, or nothing where it
    /// is not time that more waits for.
    pub(super) fn send(&mut self, progress: &Progress) -> Result<Option<Duration>, LoadError> {
        loop {
            if self.flush()?.is_break() || self.under_way.len() == self.plan.in_flight {
                return Ok(None);
            }
            let now = progress.now();
            let pace = self.pace.get_or_insert_with(|| {
                let (plan, records) = (&self.plan, self.request.records());
                Pace::new(plan.rate, records, plan.number, plan.count, now)
            });
            let wait = pace.wait(now);
            if !wait.is_zero() {
                return Ok(Some(wait));
            }
            let since = pace.take(now);
            self.prepare(since);
        }
    }

    /// The next request, of which nothing is sent yet.
    fn prepare(&mut self, since: Monotonic) {
        let count = self.plan.partitions.len();
        for place in 0..self.request.partitions() {
            self.request
                .set_partition(place, self.plan.partitions[self.turn]);
            if let Some(idempotence) = &mut self.idempotence {
                let sequence = &mut idempotence.sequences[self.turn];
                self.request
                    .set_sequence(place, &idempotence.stamp, *sequence);
                *sequence = sequence.plus(self.request.records_per_batch());
            }
            self.turn = (self.turn + 1) % count;
        }
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.request.set_correlation_id(self.correlation_id);
        self.under_way.push_back((self.correlation_id, since));
        self.sent = 0;
    }

    /// Sends the rest of the last request; breaks off where the socket takes no more now.
    fn flush(&mut self) -> Result<ControlFlow<()>, LoadError> {
        while let rest @ [_, ..] = &self.request.frame()[self.sent..] {
            match self.connection.send_some(rest)? {
                0 => return Ok(ControlFlow::Break(())),
                sent => self.sent += sent,
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(super) fn has_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// What to wait for on the socket.
    pub(super) fn awaited(&self) -> PollFd<'_> {
        let mut flags = PollFlags::IN;
        if self.sent < self.request.frame().len() {
            flags |= PollFlags::OUT;
        }
        PollFd::new(self.connection.socket(), flags)
    }

    /// Takes the answers that have arrived, of which one has at least begun to.
    pub(super) fn receive(
        &mut self,
        progress: &Progress,
        latencies: &mut Latencies,
    ) -> Result<(), LoadError> {
        self.receive_one(progress, latencies)?;
        while self.connection.has_buffered() {
            self.receive_one(progress, latencies)?;
        }
        Ok(())
    }

    /// Sends the rest of what is begun, and waits for all answers.
    pub(super) fn finish(
        &mut self,
        progress: &Progress,
        latencies: &mut Latencies,
    ) -> Result<(), LoadError> {
        self.connection.send(&self.request.frame()[self.sent..])?;
        while !self.under_way.is_empty() {
            self.receive_one(progress, latencies)?;
        }
        Ok(())
    }

    /// Waits for the answer to the oldest request.
    fn receive_one(
        &mut self,
        progress: &Progress,
        latencies: &mut Latencies,
    ) -> Result<(), LoadError> {
        let Some((id, since)) = self.under_way.pop_front() else {
            let problem = format!("{} ends the connection", self.plan.address);
            return Err(LoadError::Unfit(problem));
        };
        let response: ProduceResponse<'_> =
            self.connection.receive(ApiKey::Produce, self.version, id)?;
        let answered = response
            .responses
            .iter()
            .flat_map(|topic| &topic.partition_responses);
        let mut partitions = 0;
        for partition in answered {
            let what = || format!("Produce to {}-{}", self.plan.topic.name, partition.index);
            LoadError::check(
                what,
                partition.error_code,
                partition.error_message.as_deref(),
            )?;
            if let Some(ledger) = &self.plan.ledger {
                let records = u64::try_from(self.request.records_per_batch());
                let records = records.expect("a batch that was built here has records");
                ledger.acknowledge(PartitionIndex(partition.index), records)?;
            }
            partitions += 1;
        }
        if partitions != self.request.partitions() {
            let asked = self.request.partitions();
            let problem = format!("Produce to {asked} partitions is answered for {partitions}");
            return Err(LoadError::Unfit(problem));
        }
        latencies.record(progress, progress.now() - since);
        progress.count(self.request.records(), self.request.batch_bytes());
        Ok(())
    }
}

fn init_producer_id(connection: &mut Connection) -> Result<(ProducerId, ProducerEpoch), LoadError> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: i32::MAX,
        producer_id: ProducerId::NONE,
        producer_epoch: ProducerEpoch::NONE,
        enable2_pc: false,
        keep_prepared_txn: false,
    };
    let response: InitProducerIdResponse = connection.call(ApiKey::InitProducerId, &request)?;
    LoadError::check(|| "InitProducerId".to_owned(), response.error_code, None)?;
    Ok((response.producer_id, response.producer_epoch))
}
