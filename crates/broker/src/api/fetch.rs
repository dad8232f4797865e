//! Fetch: finds what there is to read, waits until it is enough, and sends file pieces without looking into them.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{select, select_all};
use ottla_env::{Clock, Entropy, Env, FilePiece};
use ottla_log::{LogReader, ReadError};
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, NodeId, Offset, TopicId};
use ottla_security::{Kind, Limit};
use ottla_wire::api::ApiKey;
use ottla_wire::codec::{DecodeError, Reader};
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::fetch::{
    EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use ottla_wire::{Message, Records};
use rustc_hash::{FxHashMap, FxHashSet};

use super::opening::{opening_deadline, reader_by};
use crate::FileOf;
use crate::authorize::{Operation, Resource};
use crate::client_quotas::timed;
use crate::dispatch::{Answer, respond_with_files, throttle_time};
use crate::fetch_sessions::{Fetch, FetchKey, Positions, SessionFields, Wanted};
use crate::node::Node;
use crate::partition::Partition;
use crate::request::{Caller, Context};

/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;
/// Up to this version a client does not know KAFKA_STORAGE_ERROR.
const LAST_VERSION_WITHOUT_STORAGE_ERROR: i16 = 5;

const READ_COMMITTED: i8 = 1;

/// About what an answer takes for a partition beside its records.
const PARTITION_BYTES: u64 = 40;

/// What is read of one partition, or why not.
struct Read<F> {
    code: ErrorCode,
    positions: Positions,
    pieces: Vec<FilePiece<F>>,
    bytes: u64,
    diverging: Option<(LeaderEpoch, Offset)>,
}

impl<F> Read<F> {
    fn failed(code: ErrorCode) -> Self {
        Self {
            code,
            positions: Positions::UNKNOWN,
            pieces: Vec::new(),
            bytes: 0,
            diverging: None,
        }
    }

    fn is_urgent(&self) -> bool {
        self.code != ErrorCode::None || self.diverging.is_some()
    }
}

/// A partition of this fetch.
struct Target<E: Env> {
    /// Where it is here, or why nowhere.
    here: Result<Arc<Partition<E>>, ErrorCode>,
    /// `NONE` where the topic is not known.
    topic_id: TopicId,
}

/// How far and how long to read.
struct Bounds {
    deadline: Monotonic,
    min_bytes: u64,
    max_bytes: u64,
    read_committed: bool,
}

/// A fetch that is decoded, without anything of its frame.
pub(crate) struct Begun<E: Env> {
    fetch: Fetch,
    targets: Vec<Target<E>>,
    bounds: Bounds,
    /// The quotas that its answer and its time count against.
    of_bytes: Option<Limit>,
    of_time: Option<Limit>,
}

/// All that needs the bytes of the request. The answer may be long in coming, and should not hold them until then.
pub(crate) fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
) -> Result<Result<Begun<E>, ErrorCode>, DecodeError> {
    let request = FetchRequest::decode(body, context.version)?;
    let max_wait = node.options.longest_wait(request.max_wait_ms);
    let max_bytes = request.max_bytes.min(node.options.fetch_max_bytes).max(0);
    let of_bytes = node.client_quotas.limit(Kind::Fetch, context);
    let most = of_bytes
        .as_ref()
        .map(|limit| node.client_quotas.most_fetched(limit) as i32);
    let max_bytes = most.map_or(max_bytes, |most| max_bytes.min(most));
    let bounds = Bounds {
        deadline: node.env.clock().monotonic() + max_wait,
        // More than may be sent would be waited for in vain.
        min_bytes: request.min_bytes.clamp(0, max_bytes) as u64,
        max_bytes: max_bytes as u64,
        read_committed: request.isolation_level == READ_COMMITTED,
    };
    Ok(begin_session(node, context, &request).map(|fetch| {
        let keys = fetch.partitions.iter().map(|(key, _)| key);
        let targets = keys.map(|key| find(node, context, &request, key)).collect();
        Begun {
            fetch,
            targets,
            bounds,
            of_bytes,
            of_time: node.client_quotas.limit(Kind::Request, context),
        }
    }))
}

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    begun: Result<Begun<E>, ErrorCode>,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let (response, pieces) = match begun {
        Ok(begun) => {
            let (reads, spent) = timed_if(begun.of_time.is_some(), node, &begun).await;
            match throttle(node, caller, &begun, &reads, spent) {
                0 => assemble(node, caller, header.api_version, &begun, reads),
                throttle_time_ms => (
                    FetchResponse {
                        throttle_time_ms,
                        session_id: begun.fetch.continued_session(),
                        ..Default::default()
                    },
                    Vec::new(),
                ),
            }
        }
        Err(error_code) => {
            let response = FetchResponse {
                error_code,
                ..Default::default()
            };
            (response, Vec::new())
        }
    };
    respond_with_files(ApiKey::Fetch, header, &response, pieces).map(Some)
}

async fn timed_if<E: Env>(
    is_timed: bool,
    node: &Node<E>,
    begun: &Begun<E>,
) -> (Vec<Read<FileOf<E>>>, Duration) {
    let reading = read_enough(node, begun);
    match is_timed {
        true => timed(node.env.clock(), reading).await,
        false => (reading.await, Duration::ZERO),
    }
}

/// For how long the client is silent, in milliseconds. While it should be, it gets nothing: it will ask again for all of this.
fn throttle<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    begun: &Begun<E>,
    reads: &[Read<FileOf<E>>],
    spent: Duration,
) -> i32 {
    let of_time = begun.of_time.as_ref();
    let of_time = of_time.map_or(0, |limit| throttle_time(node, caller, limit, spent));
    let Some(limit) = &begun.of_bytes else {
        return of_time;
    };
    let records: u64 = reads.iter().map(|read| read.bytes).sum();
    let bytes = records + PARTITION_BYTES * reads.len() as u64;
    let now = node.env.clock().monotonic();
    let excess = node.client_quotas.fetched(limit, bytes, now);
    let throttle_time_ms = caller.mute(excess, now).max(of_time);
    // Whichever quota it is for.
    if throttle_time_ms > 0 {
        node.client_quotas.unsent(limit, bytes, now);
    }
    throttle_time_ms
}

fn begin_session<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &FetchRequest<'_>,
) -> Result<Fetch, ErrorCode> {
    let fields = SessionFields {
        id: request.session_id,
        epoch: request.session_epoch,
        uses_topic_ids: context.version >= FIRST_VERSION_WITH_TOPIC_IDS,
    };
    let mut changed = Vec::new();
    let mut places = FxHashMap::default();
    for topic in &request.topics {
        let name: Arc<str> = Arc::from(&*topic.topic);
        for asked in &topic.partitions {
            let key = FetchKey {
                topic_id: topic.topic_id,
                topic: Arc::clone(&name),
                partition: asked.partition,
            };
            let wanted = Wanted {
                offset: asked.fetch_offset,
                current_leader_epoch: asked.current_leader_epoch,
                last_fetched_epoch: asked.last_fetched_epoch,
                max_bytes: asked.partition_max_bytes,
            };
            // Of a partition named twice the last word counts.
            match places.entry(key.clone()) {
                Entry::Occupied(place) => changed[*place.get()] = (key, wanted),
                Entry::Vacant(place) => {
                    place.insert(changed.len());
                    changed.push((key, wanted));
                }
            }
        }
    }
    let forgotten: FxHashSet<FetchKey> = request
        .forgotten_topics_data
        .iter()
        .flat_map(|topic| {
            let name: Arc<str> = Arc::from(&*topic.topic);
            topic.partitions.iter().map(move |&partition| FetchKey {
                topic_id: topic.topic_id,
                topic: Arc::clone(&name),
                partition,
            })
        })
        .collect();
    let new_id = || (node.env.entropy().bits() as i32 & i32::MAX).max(1);
    node.fetch_sessions.begin(
        fields,
        changed,
        &forgotten,
        new_id,
        node.env.clock().monotonic(),
    )
}

fn find<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &FetchRequest<'_>,
    key: &FetchKey,
) -> Target<E> {
    let image = node.image();
    let by_id = key.topic_id != TopicId::NONE;
    let topic = if by_id {
        image.topics().by_id(key.topic_id)
    } else {
        image.topics().by_name(&key.topic)
    };
    let Some(topic) = topic else {
        let unknown = if context.version >= FIRST_VERSION_WITH_TOPIC_IDS {
            ErrorCode::UnknownTopicId
        } else {
            ErrorCode::UnknownTopicOrPartition
        };
        return Target {
            here: Err(unknown),
            topic_id: TopicId::NONE,
        };
    };
    let resource = Resource::Topic(&topic.name);
    let replica = request.replica_id.0.max(request.replica_state.replica_id.0);
    let here = if !node.allowed(context.caller, Operation::Read, resource) {
        Err(ErrorCode::TopicAuthorizationFailed)
    } else if replica >= 0 {
        // No other node holds a replica of anything here.
        Err(ErrorCode::NotLeaderOrFollower)
    } else {
        node.partitions
            .get(topic.id, key.partition)
            .ok_or_else(|| node.absent_partition_error(topic.id, key.partition))
    };
    Target {
        here,
        topic_id: topic.id,
    }
}

/// Reads until `min_bytes` are there, something needs the client's attention, or the time is up.
async fn read_enough<E: Env>(node: &Node<E>, begun: &Begun<E>) -> Vec<Read<FileOf<E>>> {
    let Bounds {
        deadline,
        min_bytes,
        ..
    } = begun.bounds;
    // Nobody listens for what is there already.
    let mut news = Vec::new();
    loop {
        let reads = read_all(node, begun).await;
        let bytes: u64 = reads.iter().map(|read| read.bytes).sum();
        if bytes >= min_bytes
            || node.env.clock().monotonic() >= deadline
            || reads.is_empty()
            || reads.iter().any(Read::is_urgent)
        {
            return reads;
        }
        if news.is_empty() {
            let here = begun.targets.iter().filter_map(|t| t.here.as_ref().ok());
            news.extend(here.map(|partition| partition.listen()));
            assert!(
                !news.is_empty(),
                "a partition that is not here is an error, which is urgent: some partition is here"
            );
            // What came between the look and the listening must not be missed.
            continue;
        }
        let timeout = std::pin::pin!(node.env.clock().sleep_until(deadline));
        select(select_all(news.drain(..)), timeout).await;
    }
}

async fn read_all<E: Env>(node: &Node<E>, begun: &Begun<E>) -> Vec<Read<FileOf<E>>> {
    let opened_by = opening_deadline(node).min(begun.bounds.deadline);
    let mut left = begun.bounds.max_bytes;
    let mut reads = Vec::with_capacity(begun.targets.len());
    let mut has_data = false;
    for ((_, wanted), target) in begun.fetch.partitions.iter().zip(&begun.targets) {
        let read = match &target.here {
            Ok(partition) => match open_reader(node, partition, wanted, opened_by).await {
                Ok(reader) => {
                    let committed = begun.bounds.read_committed;
                    read_one(partition, reader, wanted, (left, !has_data), committed)
                        .unwrap_or_else(Read::failed)
                }
                Err(code) => Read::failed(code),
            },
            Err(code) => Read::failed(*code),
        };
        left = left.saturating_sub(read.bytes);
        has_data |= read.bytes > 0;
        reads.push(read);
    }
    reads
}

async fn open_reader<E: Env>(
    node: &Node<E>,
    partition: &Partition<E>,
    wanted: &Wanted,
    opened_by: Monotonic,
) -> Result<LogReader<E::Disk>, ErrorCode> {
    partition.check_leader(wanted.current_leader_epoch)?;
    reader_by(node, partition, opened_by).await
}

/// `at_least_one`: the first batch is read even if it is larger than all limits, or its consumer would never get past it.
fn read_one<E: Env>(
    partition: &Partition<E>,
    reader: LogReader<E::Disk>,
    wanted: &Wanted,
    (left, at_least_one): (u64, bool),
    read_committed: bool,
) -> Result<Read<FileOf<E>>, ErrorCode> {
    let high_watermark = reader.high_watermark();
    let positions = Positions {
        high_watermark,
        // The high watermark may have moved since: nobody is told of a record that is stable and not replicated.
        last_stable_offset: reader.last_stable_offset().min(high_watermark),
        log_start: reader.log_start(),
    };
    let up_to = if read_committed {
        positions.last_stable_offset
    } else {
        positions.high_watermark
    };
    let mut read = Read {
        code: ErrorCode::None,
        positions,
        pieces: Vec::new(),
        bytes: 0,
        diverging: None,
    };
    if wanted.last_fetched_epoch != LeaderEpoch::NONE {
        let (epoch, end) = reader.end_offset_for_epoch(wanted.last_fetched_epoch);
        if epoch == LeaderEpoch::NONE {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if epoch < wanted.last_fetched_epoch || end < wanted.offset {
            read.diverging = Some((epoch, end));
            return Ok(read);
        }
    }
    let limit = left.min(wanted.max_bytes.max(0) as u64);
    match reader.read(wanted.offset, limit, up_to, at_least_one) {
        Ok(slice) => {
            read.bytes = slice.bytes;
            read.pieces = slice.pieces;
            Ok(read)
        }
        Err(ReadError::OutOfRange { .. }) => Err(ErrorCode::OffsetOutOfRange),
        // Its log has gone to another directory, or its topic has gone.
        Err(ReadError::Io(_)) if partition.leader_epoch().is_none() => {
            Err(ErrorCode::NotLeaderOrFollower)
        }
        Err(ReadError::Io(error)) => {
            tracing::error!(partition = %partition.name(), %error, "cannot read");
            Err(ErrorCode::KafkaStorageError)
        }
        Err(error @ ReadError::Corrupt { .. }) => {
            tracing::error!(partition = %partition.name(), %error, "cannot read");
            Err(ErrorCode::CorruptMessage)
        }
    }
}

fn assemble<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    version: i16,
    begun: &Begun<E>,
    reads: Vec<Read<FileOf<E>>>,
) -> (FetchResponse<'static>, Vec<FilePiece<FileOf<E>>>) {
    let fetch = &begun.fetch;
    let facts: Vec<(Positions, bool)> = reads
        .iter()
        .map(|read| (read.positions, read.bytes > 0 || read.is_urgent()))
        .collect();
    let named = node.fetch_sessions.finish(fetch, &facts);
    let mut responses: Vec<FetchableTopicResponse<'static>> = Vec::new();
    let mut pieces = Vec::new();
    let mut has_moved = false;
    let asked = fetch.partitions.iter().zip(&begun.targets);
    for ((((key, _), target), read), _) in asked.zip(reads).zip(named).filter(|(_, named)| *named) {
        let is_same_topic = |last: &FetchableTopicResponse<'_>| {
            last.topic_id == key.topic_id && last.topic == *key.topic
        };
        if !responses.last().is_some_and(is_same_topic) {
            responses.push(FetchableTopicResponse {
                topic: key.topic.to_string().into(),
                topic_id: key.topic_id,
                ..Default::default()
            });
        }
        let topic = responses.last_mut().expect("one was pushed where none was");
        let current_leader = if matches!(
            read.code,
            ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch
        ) {
            has_moved = true;
            let (leader_id, leader_epoch) = node.leader_of(target.topic_id, key.partition);
            LeaderIdAndEpoch {
                leader_id,
                leader_epoch,
                ..Default::default()
            }
        } else {
            LeaderIdAndEpoch::default()
        };
        let diverging_epoch =
            read.diverging
                .map_or_else(EpochEndOffset::default, |(epoch, end_offset)| {
                    EpochEndOffset {
                        epoch,
                        end_offset,
                        ..Default::default()
                    }
                });
        let knows_code = version > LAST_VERSION_WITHOUT_STORAGE_ERROR;
        let error_code = if read.code == ErrorCode::KafkaStorageError && !knows_code {
            ErrorCode::NotLeaderOrFollower
        } else {
            read.code
        };
        topic.partitions.push(PartitionData {
            partition_index: key.partition,
            error_code,
            high_watermark: read.positions.high_watermark,
            last_stable_offset: read.positions.last_stable_offset,
            log_start_offset: read.positions.log_start,
            diverging_epoch,
            // Nobody can begin a transaction here, and which of those in a log from elsewhere were aborted no index tells.
            aborted_transactions: begun.bounds.read_committed.then(Vec::new),
            current_leader,
            preferred_read_replica: NodeId::NONE,
            records: Some(Records::Hole(
                u32::try_from(read.bytes).expect("a response is smaller than 4 GiB"),
            )),
            ..Default::default()
        });
        pieces.extend(read.pieces);
    }
    let node_endpoints = if has_moved {
        node.endpoints(caller)
            .into_iter()
            .map(|e| NodeEndpoint {
                node_id: e.id,
                host: e.host.into(),
                port: e.port.into(),
                rack: e.rack.map(Into::into),
                ..Default::default()
            })
            .collect()
    } else {
        Vec::new()
    };
    (
        FetchResponse {
            session_id: fetch.session_id,
            responses,
            node_endpoints,
            ..Default::default()
        },
        pieces,
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ottla_config::{ServerConfig, TopicConfig};
    use ottla_log::dir::LogDirectory;
    use ottla_log::validate::validate;
    use ottla_model::{PartitionIndex, Timestamp, Uuid};
    use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

    use super::*;
    use crate::idle_env::IdleEnv;
    use crate::partition::PartitionKey;
    use crate::topic_rules::{append_rules, log_options};

    const NAME: &str = "topic-0";
    const DIRECTORY: Uuid = Uuid::from_u128(101);
    const KEY: PartitionKey = PartitionKey {
        topic: TopicId(Uuid::from_u128(7)),
        index: PartitionIndex(0),
    };

    /// Reads a log with two records of epoch 3 and two of epoch 5, all of them replicated.
    fn read(
        offset: i64,
        last_fetched_epoch: i32,
        max_bytes: i32,
    ) -> Result<(u64, Option<(i32, i64)>), ErrorCode> {
        let env = IdleEnv::new();
        let node = ServerConfig::of_default_node("data");
        let config = TopicConfig::new(node.settings(), std::iter::empty());
        let directory =
            LogDirectory::open(env.disk().clone(), Path::new("/logs")).expect("nobody else has it");
        let now = Timestamp(0);
        let options = log_options(&config, KEY, Duration::from_secs(60));
        let mut log = directory
            .open_log(NAME, KEY.topic, options, now, true)
            .expect("it opens");
        for epoch in [3, 3, 5, 5] {
            let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
            builder.push(now, None, Some(b"value"), []);
            let batch =
                validate(builder.build(), &append_rules(&config), now).expect("it is right");
            assert_eq!(batch.header().size, SIZE as usize);
            log.append_many(vec![batch], LeaderEpoch(epoch), now)
                .remove(0)
                .expect("it is appended");
        }
        log.set_high_watermark(log.end());
        let lane = env.lane("/data", DIRECTORY);
        let partition =
            Partition::<IdleEnv>::new(KEY, "topic".into(), (DIRECTORY, lane), Arc::new(config));
        let wanted = Wanted {
            offset: Offset(offset),
            current_leader_epoch: LeaderEpoch::NONE,
            last_fetched_epoch: LeaderEpoch(last_fetched_epoch),
            max_bytes,
        };
        let read = read_one(&partition, log.reader(), &wanted, (10 * SIZE, false), false)?;
        if read.code != ErrorCode::None {
            return Err(read.code);
        }
        Ok((
            read.bytes,
            read.diverging.map(|(epoch, end)| (epoch.0, end.0)),
        ))
    }

    /// Of a batch of one record. Bytes.
    const SIZE: u64 = 73;
    const ALL: i32 = i32::MAX;

    #[test]
    fn who_has_records_that_the_leader_has_not_is_told_where_they_part() {
        assert_eq!(
            read(3, 3, ALL),
            Ok((0, Some((3, 2)))),
            "behind the end of its epoch"
        );
        assert_eq!(
            read(4, 4, ALL),
            Ok((0, Some((3, 2)))),
            "of an epoch that never was"
        );
        assert_eq!(read(2, 3, ALL), Ok((2 * SIZE, None)));
        assert_eq!(read(3, 5, ALL), Ok((SIZE, None)));
        assert_eq!(read(3, 9, ALL), Err(ErrorCode::OffsetOutOfRange));
    }

    #[test]
    fn no_more_is_read_than_a_partition_may_give() {
        assert_eq!(read(0, -1, ALL), Ok((4 * SIZE, None)));
        assert_eq!(read(0, -1, 2 * SIZE as i32), Ok((2 * SIZE, None)));
        assert_eq!(read(0, -1, -1), Ok((0, None)));
        assert_eq!(read(5, -1, ALL), Err(ErrorCode::OffsetOutOfRange));
    }
}
