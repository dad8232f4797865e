use std::sync::Arc;
use std::time::Duration;

use ottla_model::Monotonic;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};

use super::config;
use super::deliveries::{Deliveries, opaque};
use crate::load::interval::{Outcome, Work, measure, pause};
use crate::load::pace::Pace;
use crate::load::produced::{Acks, Codec, Produced};
use crate::load::progress::{Latencies, Progress};
use crate::load::topic::find_or_create;
use crate::load::words::Words;
use crate::load::{LoadError, Target};
use crate::size::Size;

/// Produce with librdkafka, as fast as it and the broker can or at a fixed rate.
///
/// What is not said here is as librdkafka has it by default: it chooses the partitions, and its batches grow for linger.ms.
/// Latency is that of a record, from when it is handed over, or was due, to its delivery report.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    produced: Produced,
    /// Producers, each with the threads and the connections of a client of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    producers: u16,
    /// Milliseconds that a record waits for others of its batch; default: librdkafka's.
    #[arg(long, value_name = "MILLISECONDS")]
    linger_ms: Option<f64>,
    /// Bytes of a batch (batch.size), at most; default: librdkafka's.
    #[arg(long, value_name = "SIZE")]
    batch_bytes: Option<Size>,
}

/// Records that differ.
const DIFFERENT: usize = 1000;

/// How long what is on its way at the end may take.
const FLUSH: Duration = Duration::from_secs(60);

/// What passes before a full queue is looked at again.
const QUEUE_FULL: Duration = Duration::from_millis(1);

impl Arguments {
    pub(in crate::load) fn target(&self) -> &Target {
        &self.target
    }

    fn config(&self) -> rdkafka::ClientConfig {
        let mut config = config(&self.target);
        let codec = match self.produced.codec {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        };
        config.set("compression.codec", codec);
        let acks = match self.produced.acks {
            Acks::Leader => "1",
            Acks::All => "all",
        };
        config.set("acks", acks);
        config.set("enable.idempotence", self.produced.idempotent.to_string());
        if let Some(linger) = self.linger_ms {
            config.set("linger.ms", linger.to_string());
        }
        if let Some(bytes) = self.batch_bytes {
            config.set("batch.size", bytes.0.to_string());
        }
        config
    }
}

pub(in crate::load) fn run(arguments: &Arguments) -> Result<Outcome, LoadError> {
    if arguments.produced.idempotent && arguments.produced.acks != Acks::All {
        let problem = "librdkafka's idempotent producers take --acks all";
        return Err(LoadError::Unfit(problem.to_owned()));
    }
    find_or_create(&arguments.target)?;
    let mut words = Words::new();
    let values: Arc<[Vec<u8>]> = (0..DIFFERENT)
        .map(|_| words.text(arguments.produced.record_bytes.length()))
        .collect();
    let count = usize::from(arguments.producers);
    let connections = (0..count).map(|number| {
        let producer = Producer {
            config: arguments.config(),
            topic: arguments.target.topic.clone(),
            record_bytes: arguments.produced.record_bytes,
            values: Arc::clone(&values),
            rate: arguments.produced.rate,
            number,
            count,
        };
        Box::new(move |progress: &Progress| producer.run(progress)) as Work
    });
    measure(&arguments.target, connections.collect(), Vec::new())
}

struct Producer {
    config: rdkafka::ClientConfig,
    topic: String,
    record_bytes: Size,
    values: Arc<[Vec<u8>]>,
    rate: Option<f64>,
    /// This producer's among `count`.
    number: usize,
    count: usize,
}

impl Producer {
    fn run(self, progress: &Progress) -> Result<Latencies, LoadError> {
        let deliveries = Deliveries::new(progress, self.record_bytes.0);
        let producer: ThreadedProducer<Deliveries> = self
            .config
            .create_with_context(deliveries)
            .map_err(LoadError::librdkafka("creating a producer"))?;
        let deliveries = producer.context().clone();
        let mut values = self.values.iter().cycle();
        let mut pace = Pace::new(self.rate, 1, self.number, self.count, progress.now());
        while !progress.is_over() && !deliveries.have_failed() {
            let now = progress.now();
            let wait = pace.wait(now);
            if wait.is_zero() {
                let value = values.next().expect("there are values, again and again");
                self.hand_over(&producer, value, pace.take(now), progress)?;
            } else {
                pause(wait);
            }
        }
        producer
            .flush(FLUSH)
            .map_err(LoadError::librdkafka("waiting for the last records"))?;
        let latencies = deliveries.outcome();
        latencies.map_err(LoadError::librdkafka("producing"))
    }

    /// Waits while there is no room, unless the load is over.
    fn hand_over(
        &self,
        producer: &ThreadedProducer<Deliveries>,
        value: &[u8],
        since: Monotonic,
        progress: &Progress,
    ) -> Result<(), LoadError> {
        let record = BaseRecord::with_opaque_to(&self.topic, opaque(since));
        let mut record: BaseRecord<'_, (), [u8], _> = record.payload(value);
        while let Err((error, refused)) = producer.send(record) {
            if error != QUEUE_IS_FULL {
                return Err(LoadError::librdkafka("producing")(error));
            }
            if progress.is_over() {
                break;
            }
            pause(QUEUE_FULL);
            record = refused;
        }
        Ok(())
    }
}

const QUEUE_IS_FULL: KafkaError = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
