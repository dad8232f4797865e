use std::time::Duration;

use ottla_model::{Offset, PartitionIndex};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::config;
use crate::load::connection::Connection;
use crate::load::interval::{Outcome, Work, measure};
use crate::load::offsets::{EARLIEST, LATEST, list_offsets};
use crate::load::progress::{Latencies, Progress};
use crate::load::topic::{Topic, find_or_create};
use crate::load::{LoadError, Target};

/// Read a topic once from the start with librdkafka.
///
/// One consumer has all partitions assigned, without the coordination of a group, and stores no offsets. What is measured
/// ends where the partitions ended at the start if it has not before.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// A consumer has one, or it may not read; nobody is in it.
const GROUP: &str = "ottla-bench";

/// How often it is looked whether the load is over.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Arguments {
    pub(in crate::load) fn target(&self) -> &Target {
        &self.target
    }
}

pub(in crate::load) fn run(arguments: &Arguments) -> Result<Outcome, LoadError> {
    let target = &arguments.target;
    let topic = find_or_create(target)?;
    let ranges = ranges(&topic)?;
    let consumer: BaseConsumer = config(target)
        .set("group.id", GROUP)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .create()
        .map_err(LoadError::librdkafka("creating a consumer"))?;
    let work: Work = Box::new(move |progress| read(&consumer, &topic, &ranges, progress));
    measure(target, vec![work], Vec::new())
}

/// What a partition holds: its first offset, and the one behind its last.
struct Range {
    partition: PartitionIndex,
    start: Offset,
    end: Offset,
}

/// Of all partitions.
fn ranges(topic: &Topic) -> Result<Vec<Range>, LoadError> {
    let mut ranges = Vec::new();
    for (address, partitions) in &topic.led {
        let mut leader = Connection::open(address)?;
        let starts = list_offsets(&mut leader, &topic.name, partitions, EARLIEST)?;
        let ends = list_offsets(&mut leader, &topic.name, partitions, LATEST)?;
        ranges.extend(
            starts
                .into_iter()
                .zip(ends)
                .map(|((partition, start), (_, end))| Range {
                    partition,
                    start,
                    end,
                }),
        );
    }
    Ok(ranges)
}

fn read(
    consumer: &BaseConsumer,
    topic: &Topic,
    ranges: &[Range],
    progress: &Progress,
) -> Result<Latencies, LoadError> {
    let mut assignment = TopicPartitionList::new();
    let mut left = 0;
    for Range {
        partition,
        start,
        end,
    } in ranges
    {
        assignment
            .add_partition_offset(&topic.name, partition.0, rdkafka::Offset::Offset(start.0))
            .map_err(LoadError::librdkafka("assigning partitions"))?;
        left += end.0 - start.0;
    }
    consumer
        .assign(&assignment)
        .map_err(LoadError::librdkafka("assigning partitions"))?;
    while left > 0 && !progress.is_over() {
        let Some(message) = consumer.poll(BETWEEN_LOOKS) else {
            continue;
        };
        let message = message.map_err(LoadError::librdkafka("reading"))?;
        progress.count_records(1, message.payload_len() as u64);
        left -= 1;
    }
    // Latencies are those of requests, of which a consumer of librdkafka tells nothing.
    Ok(Latencies::new())
}
