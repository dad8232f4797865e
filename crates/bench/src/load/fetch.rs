use clap::ValueEnum;
use ottla_model::{BrokerEpoch, LeaderEpoch, Offset, PartitionIndex, Uuid};
use ottla_wire::api::ApiKey;
use ottla_wire::message::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ReplicaState,
};
use ottla_wire::records::{BatchError, Batches};
use ottla_wire::{Records, Str};

use super::connection::Connection;
use super::interval::{Outcome, Work, measure};
use super::offsets::{CONSUMER, EARLIEST, LATEST, list_offsets};
use super::progress::{Latencies, Progress};
use super::topic::{Topic, find_or_create};
use super::{LoadError, Target};
use crate::size::{MIB, Size};

/// Fetch the batches of a topic and count them by their headers.
///
/// Each connection is a consumer of its own, which reads all partitions, with one request under way. A consumer that reads
/// from the earliest record begins there again once it has come to where the partition ended at the start; so the topic may
/// hold less than is measured, and then all of it is read from memory. Latency is that of a response from its request on; at the
/// tail that includes the wait for something to read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Consumers, each with a connection to every leader, and each of those with a thread of its own here.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Where each partition is read from.
    #[arg(long, value_enum, default_value_t = From::Earliest)]
    from: From,
    /// Bytes of a response, at most.
    #[arg(long, default_value_t = Size(50 * MIB), value_name = "SIZE")]
    max_bytes: Size,
    /// Bytes of one partition in a response, at most.
    #[arg(long, default_value_t = Size(MIB), value_name = "SIZE")]
    partition_bytes: Size,
    /// Bytes that a response waits for.
    #[arg(long, default_value_t = Size(1), value_name = "SIZE")]
    min_bytes: Size,
    /// Milliseconds that a response waits for them.
    #[arg(long, default_value_t = 500, value_name = "MILLISECONDS")]
    max_wait: u16,
    /// Name every partition in every request, in place of a fetch session (KIP-227).
    #[arg(long)]
    no_session: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// The first record there is.
    Earliest,
    /// What comes after the start of the load.
    Tail,
}

/// The epoch of a request that begins a session, and of one that has none.
const NEW_SESSION: i32 = 0;
const NO_SESSION: i32 = -1;

impl Arguments {
    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, LoadError> {
    let topic = find_or_create(&arguments.target)?;
    let limits = Limits {
        max_bytes: int32(arguments.max_bytes)?,
        partition_bytes: int32(arguments.partition_bytes)?,
        min_bytes: int32(arguments.min_bytes)?,
        max_wait_ms: arguments.max_wait.into(),
    };
    let mut connections: Vec<Work> = Vec::new();
    for _ in 0..arguments.connections {
        // A consumer has a connection to each leader.
        for (address, partitions) in &topic.led {
            let mut consumer = Consumer::open(address, &topic, partitions, arguments.from, limits)?;
            consumer.session = (!arguments.no_session).then_some(Session::default());
            connections.push(Box::new(move |progress| consumer.run(progress)));
        }
    }
    measure(&arguments.target, connections, Vec::new())
}

fn int32(size: Size) -> Result<i32, LoadError> {
    i32::try_from(size.0)
        .map_err(|_| LoadError::Unfit(format!("{size} is more than a response can have")))
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    max_bytes: i32,
    partition_bytes: i32,
    min_bytes: i32,
    max_wait_ms: i32,
}

struct Consumer {
    connection: Connection,
    topic: Topic,
    positions: Vec<Position>,
    limits: Limits,
    session: Option<Session>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Session {
    id: i32,
    epoch: i32,
}

/// How far one partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    partition: PartitionIndex,
    next: Offset,
    /// Where to begin again, and behind which record; `None` at the tail.
    lap: Option<(Offset, Offset)>,
    /// The session does not know of `next` yet.
    has_moved: bool,
}

impl Position {
    fn new(partition: PartitionIndex, from: From, start: Offset, end: Offset) -> Self {
        let (next, lap) = match from {
            From::Earliest => (start, Some((start, end))),
            From::Tail => (end, None),
        };
        Self {
            partition,
            next,
            lap,
            has_moved: true,
        }
    }

    /// Everything before `next` is read.
    fn advance(&mut self, next: Offset) {
        self.next = match self.lap {
            Some((start, end)) if next >= end => start,
            _ => next,
        };
        self.has_moved = true;
    }
}

impl Consumer {
    fn open(
        address: &str,
        topic: &Topic,
        partitions: &[PartitionIndex],
        from: From,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let mut connection = Connection::open(address)?;
        let starts = list_offsets(&mut connection, &topic.name, partitions, EARLIEST)?;
        let ends = list_offsets(&mut connection, &topic.name, partitions, LATEST)?;
        let positions: Vec<_> = starts
            .into_iter()
            .zip(ends)
            .filter(|((_, start), (_, end))| from == From::Tail || start < end)
            .map(|((partition, start), (_, end))| Position::new(partition, from, start, end))
            .collect();
        if positions.is_empty() {
            let problem = format!("topic {} holds nothing: produce to it first", topic.name);
            return Err(LoadError::Unfit(problem));
        }
        Ok(Self {
            connection,
            topic: topic.clone(),
            positions,
            limits,
            session: None,
        })
    }

    fn run(mut self, progress: &Progress) -> Result<Latencies, LoadError> {
        let mut latencies = Latencies::new();
        while !progress.is_over() {
            let since = progress.now();
            let (records, bytes) = self.fetch()?;
            if records > 0 {
                latencies.record(progress, progress.now() - since);
                progress.count(records, bytes);
            }
        }
        Ok(latencies)
    }

    /// Records and bytes of batches of one response.
    fn fetch(&mut self) -> Result<(u64, u64), LoadError> {
        let request = self.request();
        let response: FetchResponse<'_> = self.connection.call(ApiKey::Fetch, &request)?;
        let name = &self.topic.name;
        LoadError::check(|| format!("Fetch of {name}"), response.error_code, None)?;
        if let Some(session) = &mut self.session {
            session.id = response.session_id;
            // Behind the last one comes the first that is not that of a new session.
            session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        }
        for position in &mut self.positions {
            position.has_moved = false;
        }
        let mut counted = (0, 0);
        let partitions = response
            .responses
            .iter()
            .flat_map(|topic| &topic.partitions);
        for partition in partitions {
            let index = partition.partition_index;
            LoadError::check(
                || format!("Fetch of {name}-{index}"),
                partition.error_code,
                None,
            )?;
            let Some(Records::Bytes(records)) = partition.records else {
                continue;
            };
            let Some(read) = read_batches(records)? else {
                continue;
            };
            counted.0 += read.records;
            counted.1 += read.bytes;
            let position = self
                .positions
                .iter_mut()
                .find(|position| position.partition == index);
            let position = position.ok_or_else(|| {
                LoadError::Unfit(format!(
                    "Fetch is answered with {name}-{index}, which nobody asked for"
                ))
            })?;
            position.advance(read.next);
        }
        Ok(counted)
    }

    fn request(&self) -> FetchRequest<'static> {
        let (session_id, session_epoch) = match self.session {
            Some(session) => (session.id, session.epoch),
            None => (0, NO_SESSION),
        };
        let partitions: Vec<_> = self
            .positions
            .iter()
            .filter(|position| session_epoch <= NEW_SESSION || position.has_moved)
            .map(|position| FetchPartition {
                partition: position.partition,
                current_leader_epoch: LeaderEpoch::NONE,
                fetch_offset: position.next,
                last_fetched_epoch: LeaderEpoch::NONE,
                log_start_offset: Offset::UNKNOWN,
                partition_max_bytes: self.limits.partition_bytes,
                replica_directory_id: Uuid::ZERO,
                high_watermark: Offset::MAX,
            })
            .collect();
        let topics = if partitions.is_empty() {
            Vec::new()
        } else {
            vec![FetchTopic {
                topic: Str::Owned(self.topic.name.clone()),
                topic_id: self.topic.id,
                partitions,
            }]
        };
        FetchRequest {
            cluster_id: None,
            replica_id: CONSUMER,
            replica_state: ReplicaState {
                replica_id: CONSUMER,
                replica_epoch: BrokerEpoch::NONE,
            },
            max_wait_ms: self.limits.max_wait_ms,
            min_bytes: self.limits.min_bytes,
            max_bytes: self.limits.max_bytes,
            isolation_level: 0,
            session_id,
            session_epoch,
            topics,
            forgotten_topics_data: Vec::new(),
            rack_id: Str::Borrowed(""),
        }
    }
}

/// What whole batches hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Read {
    records: u64,
    bytes: u64,
    /// The offset behind them.
    next: Offset,
}

/// `None` where there is no batch. The last one may be cut, as it is not where it would be the only one.
fn read_batches(bytes: &[u8]) -> Result<Option<Read>, BatchError> {
    let mut read: Option<Read> = None;
    for batch in Batches::new(bytes) {
        let header = match (batch, read) {
            (Ok(batch), _) => batch.header,
            (Err(BatchError::Truncated { .. }), Some(_)) => break,
            (Err(error), _) => return Err(error),
        };
        let before = read.map_or((0, 0), |read| (read.records, read.bytes));
        read = Some(Read {
            records: before.0 + u64::try_from(header.record_count).unwrap_or(0),
            bytes: before.1 + header.size as u64,
            next: header.next_offset(),
        });
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use ottla_model::Timestamp;
    use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

    use super::*;

    fn batch(base_offset: i64, records: i64) -> Vec<u8> {
        let fields = BatchFields {
            base_offset: Offset(base_offset),
            ..BatchFields::default()
        };
        let mut builder = BatchBuilder::new(fields, Compression::None);
        for _ in 0..records {
            builder.push(Timestamp(1), None, Some(b"value"), []);
        }
        builder.build().to_vec()
    }

    #[test]
    fn whole_batches_are_counted_and_a_cut_last_one_is_left() {
        let whole = [batch(10, 3), batch(13, 2)].concat();
        let cut = &batch(15, 4)[..70];
        for bytes in [whole.clone(), [&whole, cut].concat()] {
            let read = read_batches(&bytes).unwrap().unwrap();
            let expected = Read {
                records: 5,
                bytes: whole.len() as u64,
                next: Offset(15),
            };
            assert_eq!(read, expected);
        }
        assert_eq!(read_batches(&[]), Ok(None));
        assert!(read_batches(cut).is_err());
    }

    #[test]
    fn reading_from_the_earliest_record_begins_again_at_the_end() {
        let partition = PartitionIndex(0);
        let mut position = Position::new(partition, From::Earliest, Offset(5), Offset(20));
        assert_eq!(position.next, Offset(5));
        position.advance(Offset(19));
        assert_eq!(position.next, Offset(19));
        position.advance(Offset(24));
        assert_eq!(position.next, Offset(5));
        let mut tail = Position::new(partition, From::Tail, Offset(5), Offset(20));
        tail.advance(Offset(24));
        assert_eq!(tail.next, Offset(24));
    }
}
