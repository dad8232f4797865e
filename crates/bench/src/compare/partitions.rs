//! A node seen by one who asks for what must be there: topics, partitions, the first record.

use std::time::Duration;

use ottla_env::Clock;
use ottla_model::{ErrorCode, PartitionIndex, Timestamp};
use ottla_runtime::RealClock;
use ottla_wire::api::ApiKey;
use ottla_wire::message::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};
use ottla_wire::{Records, Str};

use super::CompareError;
use super::node::{Node, Started};
use crate::load::{Connection, LATEST, LoadError, create_topic, list_offsets, pause, topic_id};

/// For a node with many partitions to come up.
const PATIENCE: Duration = Duration::from_secs(600);
/// So short that it does not show in what a start takes.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(1);

const TIMEOUT_MS: i32 = 60_000;

/// Partitions of a topic; Apache Kafka's controller makes fewer than 10,000 in one request.
const OF_A_TOPIC: u32 = 100;

/// Topics that have so many partitions together.
#[derive(Clone, Debug)]
pub(super) struct Partitions {
    topics: Vec<Topic>,
}

#[derive(Clone, Debug)]
struct Topic {
    name: String,
    partitions: Vec<PartitionIndex>,
}

impl Partitions {
    /// One hundred to a topic.
    pub(super) fn new(count: u32) -> Self {
        let topics = (0..count.div_ceil(OF_A_TOPIC))
            .map(|number| {
                let partitions = OF_A_TOPIC.min(count - number * OF_A_TOPIC);
                let partitions = 0..i32::try_from(partitions).expect("a hundred at most");
                Topic {
                    name: format!("many-{number}"),
                    partitions: partitions.map(PartitionIndex).collect(),
                }
            })
            .collect();
        Self { topics }
    }

    /// Makes the topics, and waits until a record is acknowledged in each partition.
    pub(super) fn create(&self, node: &Node<'_>, started: &Started) -> Result<(), CompareError> {
        let mut client = Client::connect(node, started)?;
        for topic in &self.topics {
            client.until_done(|connection| create(connection, topic))?;
            client.until_done(|connection| produce(connection, topic, &topic.partitions))?;
        }
        Ok(())
    }

    /// From the start of the node until it acknowledges a record in the first partition.
    ///
    /// The client asks for what a client must ask for; where the topic is missing it makes it.
    pub(super) fn first_ack(
        &self,
        node: &Node<'_>,
        started: &Started,
    ) -> Result<Duration, CompareError> {
        let mut client = Client::connect(node, started)?;
        let topic = &self.topics[0];
        client.until_done(|connection| {
            match produce(connection, topic, &topic.partitions[..1]) {
                Err(error) if error.is(ErrorCode::UnknownTopicOrPartition) => {
                    create(connection, topic)?;
                    Err(error)
                }
                outcome => outcome,
            }
        })?;
        Ok(started.age())
    }

    /// From the start of the node until every partition tells where it ends.
    pub(super) fn ready(
        &self,
        node: &Node<'_>,
        started: &Started,
    ) -> Result<Duration, CompareError> {
        let mut client = Client::connect(node, started)?;
        for topic in &self.topics {
            client.until_done(|connection| {
                list_offsets(connection, &topic.name, &topic.partitions, LATEST).map(drop)
            })?;
        }
        Ok(started.age())
    }
}

struct Client<'a> {
    connection: Connection,
    bootstrap: &'a str,
    started: &'a Started,
}

impl<'a> Client<'a> {
    /// As soon as the node listens and answers.
    fn connect(node: &'a Node<'_>, started: &'a Started) -> Result<Self, CompareError> {
        let bootstrap = &node.bootstrap;
        let connection = until(started, || Connection::open(bootstrap))?;
        Ok(Self {
            connection,
            bootstrap,
            started,
        })
    }

    fn until_done(
        &mut self,
        mut attempt: impl FnMut(&mut Connection) -> Result<(), LoadError>,
    ) -> Result<(), CompareError> {
        until(self.started, || {
            let outcome = attempt(&mut self.connection);
            if let Err(LoadError::Io { .. }) = outcome {
                self.connection = Connection::open(self.bootstrap)?;
            }
            outcome
        })
    }
}

/// Tries again while the node lives: it refuses nothing for good that is asked here.
fn until<T>(
    started: &Started,
    mut attempt: impl FnMut() -> Result<T, LoadError>,
) -> Result<T, CompareError> {
    let clock = RealClock::new();
    let deadline = clock.monotonic() + PATIENCE;
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(error) if clock.monotonic() > deadline => return Err(error.into()),
            Err(_) => started.check()?,
        }
        pause(BETWEEN_ATTEMPTS);
    }
}

fn create(connection: &mut Connection, topic: &Topic) -> Result<(), LoadError> {
    let partitions = i32::try_from(topic.partitions.len()).expect("a hundred at most");
    match create_topic(connection, &topic.name, partitions, &[]) {
        Err(error) if error.is(ErrorCode::TopicAlreadyExists) => Ok(()),
        outcome => outcome,
    }
}

/// A record to each of these partitions.
fn produce(
    connection: &mut Connection,
    topic: &Topic,
    partitions: &[PartitionIndex],
) -> Result<(), LoadError> {
    let id = topic_id(connection, &topic.name)?;
    let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
    builder.push(Timestamp(0), None, Some(b"a record"), []);
    let batch = builder.build();
    let request = ProduceRequest {
        transactional_id: None,
        acks: 1,
        timeout_ms: TIMEOUT_MS,
        topic_data: vec![TopicProduceData {
            name: Str::Borrowed(&topic.name),
            topic_id: id,
            partition_data: partitions
                .iter()
                .map(|partition| PartitionProduceData {
                    index: partition.0,
                    records: Some(Records::Bytes(&batch)),
                })
                .collect(),
        }],
    };
    let response: ProduceResponse<'_> = connection.call(ApiKey::Produce, &request)?;
    let answered = response
        .responses
        .iter()
        .flat_map(|topic| &topic.partition_responses);
    for partition in answered {
        let message = partition.error_message.as_deref();
        LoadError::check(|| "Produce".to_owned(), partition.error_code, message)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_spread_over_topics_of_a_hundred() {
        let sizes = |count| -> Vec<usize> {
            let topics = Partitions::new(count).topics;
            topics.iter().map(|topic| topic.partitions.len()).collect()
        };
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(250), [100, 100, 50]);
        assert_eq!(sizes(10_000), [100; 100]);
    }
}
