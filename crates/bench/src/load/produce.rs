use std::num::NonZeroU16;
use std::sync::Arc;

use ottla_env::Clock;
use ottla_runtime::RealClock;

use super::batch::build_batch;
use super::consumer::{Consumer, From, Limits};
use super::drive::drive;
use super::interval::{Outcome, Work, measure};
use super::produced::Produced;
use super::producer::{Plan, Producer};
use super::topic::{Topic, find_or_create};
use super::verify::{Ledger, PATIENCE};
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
    /// Connections, each a producer of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Threads here that share the connections.
    #[arg(long, default_value_t = NonZeroU16::MIN)]
    threads: NonZeroU16,
    /// Bytes of a batch before its compression, at most; a batch holds one record at least.
    #[arg(long, default_value_t = Size(16 * KIB), value_name = "SIZE")]
    batch_bytes: Size,
    /// Bytes of a request, about: as many partitions' batches as fit, one at least.
    #[arg(long, default_value_t = Size(MIB), value_name = "SIZE")]
    request_bytes: Size,
    /// Requests under way on each connection.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
    /// Consumers beside it that read what is produced, each of all partitions.
    #[arg(long, default_value_t = 0, value_name = "CONSUMERS")]
    tail: u16,
    /// A consumer beside it that reads all partitions from their start, again and again.
    #[arg(long)]
    reader: bool,
    /// At the end look whether each partition ends where it must by what was acknowledged, and read it back. The topic takes
    /// nobody else's records meanwhile.
    #[arg(long)]
    verify: bool,
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
    let ledger = if arguments.verify {
        Some(Arc::new(Ledger::open(&topic)?))
    } else {
        None
    };
    let plans = topic.led.iter().cycle().take(count).enumerate();
    let mut plans: Vec<_> = plans
        .map(|(number, (address, partitions))| Plan {
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
            ledger: ledger.clone(),
        })
        .collect();
    let mut connections: Vec<Work> = Vec::new();
    let threads = usize::from(arguments.threads.get()).min(count);
    for left in (1..=threads).rev() {
        let share: Vec<_> = plans.drain(..plans.len().div_ceil(left)).collect();
        connections.push(Box::new(move |progress| {
            let producers = share.into_iter().map(Producer::open);
            drive(producers.collect::<Result<_, _>>()?, progress)
        }));
    }
    let mut beside = Vec::new();
    for _ in 0..arguments.tail {
        beside.extend(consumers(&topic, From::Tail)?);
    }
    if arguments.reader {
        beside.extend(consumers(&topic, From::Earliest)?);
    }
    let mut outcome = measure(&arguments.target, connections, beside)?;
    if let Some(ledger) = ledger {
        outcome.verified = Some(ledger.verify(PATIENCE)?);
    }
    Ok(outcome)
}

/// One consumer: a connection to each leader.
fn consumers(topic: &Topic, from: From) -> Result<Vec<Work>, LoadError> {
    let leaders = topic.led.iter();
    leaders
        .map(|(address, partitions)| {
            let consumer = Consumer::open(address, topic, partitions, from, Limits::default())?;
            Ok(Box::new(move |progress: &_| consumer.run(progress)) as Work)
        })
        .collect()
}
