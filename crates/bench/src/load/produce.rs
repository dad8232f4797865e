use std::collections::VecDeque;

use bytes::Bytes;
use ottla_env::Clock;
use ottla_model::{Monotonic, PartitionIndex, ProducerEpoch, ProducerId, Sequence};
use ottla_runtime::RealClock;
use ottla_wire::api::ApiKey;
use ottla_wire::message::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_wire::message::produce::ProduceResponse;

use super::batches::{PreparedRequest, build_batch};
use super::connection::Connection;
use super::interval::{Outcome, Work, measure, pause};
use super::pace::Pace;
use super::patience::patiently;
use super::produced::Produced;
use super::progress::{Latencies, Progress};
use super::topic::{Topic, find_or_create};
use super::{LoadError, Target};
use crate::size::{KIB, MIB, Size};

/// Produce batches that are built once, as fast as the broker takes them or at a fixed rate.
///
/// A request holds one batch for each of several partitions, and the partitions take turns. The records' timestamps are those
/// of the start. An answer that is not NONE ends the load.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    produced: Produced,
    /// Connections, each with a thread of its own here; with --idempotent each is a producer of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Bytes of a batch before its compression, at most; a batch holds one record at least.
    #[arg(long, default_value_t = Size(16 * KIB), value_name = "SIZE")]
    batch_bytes: Size,
    /// Bytes of a request, about: as many partitions' batches as fit, one at least.
    #[arg(long, default_value_t = Size(MIB), value_name = "SIZE")]
    request_bytes: Size,
    /// Requests under way on each connection.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
}

impl Arguments {
    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, LoadError> {
    let topic = find_or_create(&arguments.target)?;
    let batch = build_batch(
        arguments.produced.record_bytes,
        arguments.batch_bytes,
        arguments.produced.codec.into(),
        RealClock::new().wall(),
    );
    let count = usize::from(arguments.connections);
    if count < topic.led.len() {
        return Err(LoadError::Unfit(format!(
            "{} brokers lead partitions of {}, which takes as many connections",
            topic.led.len(),
            topic.name
        )));
    }
    let mut connections: Vec<Work> = Vec::new();
    for (number, (address, partitions)) in topic.led.iter().cycle().take(count).enumerate() {
        let plan = Plan {
            address: address.clone(),
            partitions: partitions.clone(),
            topic: topic.clone(),
            batch: batch.clone(),
            per_request: (arguments.request_bytes.length() / batch.len())
                .clamp(1, partitions.len()),
            acks: arguments.produced.acks.code(),
            idempotent: arguments.produced.idempotent,
            in_flight: usize::from(arguments.in_flight),
            rate: arguments.produced.rate,
            number,
            count,
        };
        connections.push(Box::new(move |progress| {
            Producer::open(plan)?.run(progress)
        }));
    }
    measure(&arguments.target, connections, Vec::new())
}

/// What one connection is to do.
struct Plan {
    address: String,
    partitions: Vec<PartitionIndex>,
    topic: Topic,
    batch: Bytes,
    /// Partitions in a request.
    per_request: usize,
    acks: i16,
    idempotent: bool,
    in_flight: usize,
    rate: Option<f64>,
    /// This connection's among `count`.
    number: usize,
    count: usize,
}

struct Producer {
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
}

struct Idempotence {
    producer: (ProducerId, ProducerEpoch),
    /// Of each partition's next batch, by its place.
    sequences: Vec<Sequence>,
}

impl Producer {
    fn open(plan: Plan) -> Result<Self, LoadError> {
        let mut connection = Connection::open(&plan.address)?;
        let version = connection.version(ApiKey::Produce)?;
        let idempotence = if plan.idempotent {
            Some(Idempotence {
                producer: patiently(|| init_producer_id(&mut connection))?,
                sequences: vec![Sequence(0); plan.partitions.len()],
            })
        } else {
            None
        };
        Ok(Self {
            request: PreparedRequest::new(
                version,
                &plan.topic,
                plan.acks,
                &plan.batch,
                plan.per_request,
            ),
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

    fn run(mut self, progress: &Progress) -> Result<Latencies, LoadError> {
        let mut latencies = Latencies::new();
        let mut pace = Pace::new(
            self.plan.rate,
            self.request.records(),
            self.plan.number,
            self.plan.count,
            progress.now(),
        );
        while !progress.is_over() {
            let now = progress.now();
            let wait = pace.wait(now);
            let has_room = self.under_way.len() < self.plan.in_flight;
            if has_room && wait.is_zero() {
                self.send(pace.take(now))?;
            } else if self.under_way.is_empty() {
                pause(wait);
            } else if !has_room || self.connection.readable_within(wait)? {
                self.receive(progress, &mut latencies)?;
            }
        }
        while !self.under_way.is_empty() {
            self.receive(progress, &mut latencies)?;
        }
        Ok(latencies)
    }

    fn send(&mut self, since: Monotonic) -> Result<(), LoadError> {
        let count = self.plan.partitions.len();
        for place in 0..self.request.partitions() {
            self.request
                .set_partition(place, self.plan.partitions[self.turn]);
            if let Some(idempotence) = &mut self.idempotence {
                let sequence = &mut idempotence.sequences[self.turn];
                self.request
                    .set_sequence(place, idempotence.producer, *sequence);
                *sequence = sequence.plus(self.request.records_per_batch());
            }
            self.turn = (self.turn + 1) % count;
        }
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.request.set_correlation_id(self.correlation_id);
        self.connection.send(self.request.frame())?;
        self.under_way.push_back((self.correlation_id, since));
        Ok(())
    }

    /// Waits for the answer to the oldest request.
    fn receive(&mut self, progress: &Progress, latencies: &mut Latencies) -> Result<(), LoadError> {
        let Some((id, since)) = self.under_way.pop_front() else {
            return Ok(());
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
