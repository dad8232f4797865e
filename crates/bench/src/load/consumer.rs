//! A consumer that counts batches by their headers.

use std::num::TryFromIntError;

use clap::ValueEnum;
use ottla_model::{BrokerEpoch, LeaderEpoch, Offset, PartitionIndex, Uuid};
use ottla_wire::api::ApiKey;
use ottla_wire::message::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ReplicaState,
};
use ottla_wire::records::Batch;
use ottla_wire::{Records, Str};

use super::LoadError;
use super::batches::read_batches;
use super::connection::Connection;
use super::offsets::{CONSUMER, EARLIEST, LATEST, list_offsets};
use super::progress::{Latencies, Progress};
use super::topic::Topic;
use crate::size::{MIB, Size};

/// How much comes at a time.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of a response, at most.
    #[arg(long, default_value_t = Self::default().max_bytes, value_name = "SIZE")]
    max_bytes: Size,
    /// Bytes of one partition in a response, at most.
    #[arg(long, default_value_t = Self::default().partition_bytes, value_name = "SIZE")]
    partition_bytes: Size,
    /// Bytes that a response waits for.
    #[arg(long, default_value_t = Self::default().min_bytes, value_name = "SIZE")]
    min_bytes: Size,
    /// Milliseconds that a response waits for them.
    #[arg(long, default_value_t = Self::default().max_wait, value_name = "MILLISECONDS")]
    max_wait: u16,
}

/// As Apache's consumer has them.
impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: Size(50 * MIB),
            partition_bytes: Size(MIB),
            min_bytes: Size(1),
            max_wait: 500,
        }
    }
}

/// Where a partition is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum From {
    /// The first record there is.
    Earliest,
    /// What comes after the start of the load.
    Tail,
}

/// The epoch of a request that begins a session, and of one that has none.
const NEW_SESSION: i32 = 0;
const NO_SESSION: i32 = -1;

/// One connection, to the leader of all the partitions it reads.
pub(super) struct Consumer {
    connection: Connection,
    topic: Topic,
    /// Ascending by partition.
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
    /// Where to begin again at the end of the partition; at the tail there is nothing to begin again.
    lap: Option<Offset>,
    /// The session does not know of `next` yet.
    has_moved: bool,
}

impl Position {
    fn new(partition: PartitionIndex, next: Offset) -> Self {
        Self {
            partition,
            next,
            lap: None,
            has_moved: true,
        }
    }

    /// Everything before `next` is read, of a partition that ends at `end`.
    fn advance(&mut self, next: Offset, end: Offset) {
        self.next = match self.lap {
            Some(start) if next >= end => start,
            _ => next,
        };
        self.has_moved = true;
    }
}

impl Consumer {
    /// Of the partitions that the broker at `address` leads, which are read again and again or followed.
    pub(super) fn open(
        address: &str,
        topic: &Topic,
        partitions: &[PartitionIndex],
        from: From,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let mut connection = Connection::open(address)?;
        let at = match from {
            From::Earliest => EARLIEST,
            From::Tail => LATEST,
        };
        let offsets = list_offsets(&mut connection, &topic.name, partitions, at)?;
        let positions = offsets
            .into_iter()
            .map(|(partition, next)| Position {
                lap: (from == From::Earliest).then_some(next),
                ..Position::new(partition, next)
            })
            .collect();
        Ok(Self {
            connection,
            topic: topic.clone(),
            positions,
            limits,
            session: Some(Session::default()),
        })
    }

    /// Of the records from these offsets on, which ascend by partition.
    pub(super) fn open_at(
        address: &str,
        topic: &Topic,
        offsets: impl IntoIterator<Item = (PartitionIndex, Offset)>,
    ) -> Result<Self, LoadError> {
        let positions = offsets.into_iter();
        Ok(Self {
            connection: Connection::open(address)?,
            topic: topic.clone(),
            positions: positions
                .map(|(partition, next)| Position::new(partition, next))
                .collect(),
            limits: Limits::default(),
            session: None,
        })
    }

    /// Names every partition in every request from now on.
    pub(super) fn without_session(self) -> Self {
        Self {
            session: None,
            ..self
        }
    }

    /// Stops reading the partitions whose next offset does not pass. Only for a consumer without a session, which would
    /// have to be told.
    pub(super) fn keep(&mut self, mut passes: impl FnMut(PartitionIndex, Offset) -> bool) {
        assert!(self.session.is_none(), "a session would go on with them");
        self.positions
            .retain(|position| passes(position.partition, position.next));
    }

    /// Whether partitions are left that it reads.
    pub(super) fn has_partitions(&self) -> bool {
        !self.positions.is_empty()
    }

    pub(super) fn run(mut self, progress: &Progress) -> Result<Latencies, LoadError> {
        let mut latencies = Latencies::new();
        while !progress.is_over() {
            let since = progress.now();
            let (records, bytes) = self.fetch(|_, _| Ok(()))?;
            if records > 0 {
                latencies.record(progress, progress.now() - since);
                progress.count(records, bytes);
            }
        }
        Ok(latencies)
    }

    /// Records and bytes of batches of one response, each of which is shown to `see`.
    pub(super) fn fetch(
        &mut self,
        mut see: impl FnMut(PartitionIndex, &Batch<'_>) -> Result<(), LoadError>,
    ) -> Result<(u64, u64), LoadError> {
        let request = self.request()?;
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
            let asked = self
                .positions
                .binary_search_by_key(&index, |position| position.partition);
            let place = asked.map_err(|_| {
                LoadError::Unfit(format!(
                    "Fetch is answered with {name}-{index}, which nobody asked for"
                ))
            })?;
            let Some(read) = read_batches(records, |batch| see(index, batch))? else {
                continue;
            };
            counted.0 += read.records;
            counted.1 += read.bytes;
            self.positions[place].advance(read.next, partition.high_watermark);
        }
        Ok(counted)
    }

    fn request(&self) -> Result<FetchRequest<'static>, LoadError> {
        let int32 = |size: Size| {
            let fits = i32::try_from(size.0);
            fits.map_err(|_: TryFromIntError| {
                LoadError::Unfit(format!("{size} is more than a response can have"))
            })
        };
        let partition_max_bytes = int32(self.limits.partition_bytes)?;
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
                partition_max_bytes,
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
        Ok(FetchRequest {
            cluster_id: None,
            replica_id: CONSUMER,
            replica_state: ReplicaState {
                replica_id: CONSUMER,
                replica_epoch: BrokerEpoch::NONE,
            },
            max_wait_ms: self.limits.max_wait.into(),
            min_bytes: int32(self.limits.min_bytes)?,
            max_bytes: int32(self.limits.max_bytes)?,
            isolation_level: 0,
            session_id,
            session_epoch,
            topics,
            forgotten_topics_data: Vec::new(),
            rack_id: Str::Borrowed(""),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_from_the_earliest_record_begins_again_at_the_end() {
        let start = Position::new(PartitionIndex(0), Offset(5));
        let mut position = Position {
            lap: Some(Offset(5)),
            ..start
        };
        position.advance(Offset(19), Offset(20));
        assert_eq!(position.next, Offset(19));
        position.advance(Offset(24), Offset(24));
        assert_eq!(position.next, Offset(5));
        let mut tail = start;
        tail.advance(Offset(24), Offset(24));
        assert_eq!(tail.next, Offset(24));
    }
}
