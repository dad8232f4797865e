//! A replica of the metadata log without a vote. It keeps what it fetches as a broker would, and judges: nothing that was committed
//! is ever taken back or changed, whatever became of the node in between; and the log makes the image that the node has in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::{Clock, Env};
use ottla_metadata::Image;
use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, TopicId, Uuid};
use ottla_wire::Records;
use ottla_wire::api::ApiKey;
use ottla_wire::message::fetch::{
    EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
    ReplicaState,
};
use ottla_wire::message::fetch_snapshot::{
    FetchSnapshotRequest, FetchSnapshotResponse, RequestPartitionSnapshot, RequestTopicSnapshot,
    SnapshotId,
};
use ottla_wire::records::Batches;

use super::connection::{Connection, Trouble};
use super::image;
use super::ledger::Ledger;
use super::process::{CLUSTER, CONTROLLER_PORT, Memory};
use crate::{SimEnv, World};

const SELF: NodeId = NodeId(5);
const DIRECTORY: Uuid = Uuid::from_u128(5);
const LONGEST_REST: Duration = Duration::from_secs(5);
/// How long one that catches up may take, rivals and all.
const PATIENCE: Duration = Duration::from_secs(300);

/// The replica's log, and what it has learnt in all its lives.
#[derive(Default)]
struct Follower {
    /// The leader's, as far as it knows.
    epoch: LeaderEpoch,
    snapshot: Option<Snapshot>,
    /// By their base offsets.
    batches: BTreeMap<Offset, Held>,
    end: Offset,
    high_watermark: Offset,
    /// All batches that were ever below the high watermark.
    committed: BTreeMap<Offset, (LeaderEpoch, u32)>,
}

/// What the log begins with.
struct Snapshot {
    id: SnapshotId,
    bytes: Vec<u8>,
}

struct Held {
    epoch: LeaderEpoch,
    checksum: u32,
    bytes: Bytes,
}

pub(super) async fn follow(world: World, env: SimEnv, ledger: Ledger) {
    let mut follower = Follower::default();
    while !ledger.is_over() {
        match follower.converse(&world, &env, &ledger).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("follower: {what}")),
        }
        if world.choose(4) == 0 {
            // Its disk is gone; what it has seen committed is not.
            follower = Follower {
                epoch: follower.epoch,
                high_watermark: follower.high_watermark,
                committed: follower.committed,
                ..Follower::default()
            };
        }
        let pause = world.choose(LONGEST_REST.as_millis() as u64);
        env.clock().sleep(Duration::from_millis(pause)).await;
    }
}

/// Follows from the beginning until it has all that is committed, and that makes the image that the node has in `memory`.
pub(super) async fn catch_up(world: &World, env: &SimEnv, ledger: &Ledger, memory: Memory) {
    let mut follower = Follower::default();
    let late = env.clock().monotonic() + PATIENCE;
    while !ledger.is_over() {
        match follower.converse(world, env, ledger).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("follower: {what}")),
        }
        let held = memory();
        let is_same = match follower.image() {
            Ok(image) => image::is_same(&image, &held),
            Err(problem) => return ledger.violate(format!("follower: {problem}")),
        };
        if follower.has_all() && is_same {
            return;
        }
        if env.clock().monotonic() > late {
            let (end, high_watermark) = (follower.end, follower.high_watermark);
            ledger.violate(format!(
                "follower: at {end} of {high_watermark} after {PATIENCE:?}; the image there is as in memory: {is_same}"
            ));
        }
        env.clock().sleep(Duration::from_millis(50)).await;
    }
}

impl Follower {
    /// A log that was formatted is never empty.
    fn has_all(&self) -> bool {
        self.high_watermark > Offset::ZERO && self.end >= self.high_watermark
    }

    async fn converse(
        &mut self,
        world: &World,
        env: &SimEnv,
        ledger: &Ledger,
    ) -> Result<(), Trouble> {
        let mut connection = Connection::open_at(env, ledger, CONTROLLER_PORT).await?;
        for _ in 0..1 + world.choose(20) {
            let request = self.request(world);
            let version = 17 + world.choose(2) as i16;
            let answer = connection.ask(ApiKey::Fetch, version, &request).await?;
            let response: FetchResponse<'_> = answer.decode()?;
            match response.error_code {
                ErrorCode::None => {}
                // The metadata log is on a disk that fails.
                ErrorCode::BrokerNotAvailable => return Err(Trouble::Lost),
                code => return wrong(&code),
            }
            let topics = response.responses.iter();
            let Some(data) = topics.flat_map(|topic| &topic.partitions).next() else {
                return wrong(&"an answer without the partition");
            };
            self.lead_by(data.current_leader.leader_epoch)?;
            match data.error_code {
                ErrorCode::None => {}
                ErrorCode::FencedLeaderEpoch
                | ErrorCode::UnknownLeaderEpoch
                | ErrorCode::NotLeaderOrFollower => {
                    env.clock().sleep(Duration::from_millis(50)).await;
                    continue;
                }
                ErrorCode::UnknownServerError if ledger.is_sick(connection.life) => {
                    return Err(Trouble::Lost);
                }
                code => return wrong(&code),
            }
            self.take(data)?;
            if data.snapshot_id.end_offset.is_known() {
                let id = SnapshotId {
                    end_offset: data.snapshot_id.end_offset,
                    epoch: data.snapshot_id.epoch,
                    ..Default::default()
                };
                self.restore(world, ledger, &mut connection, id).await?;
            }
        }
        Ok(())
    }

    fn last_epoch(&self) -> LeaderEpoch {
        let last = self.batches.last_key_value();
        let before = self.snapshot.as_ref().map(|snapshot| snapshot.id.epoch);
        last.map_or(before.unwrap_or_default(), |(_, held)| held.epoch)
    }

    fn request(&self, world: &World) -> FetchRequest<'static> {
        FetchRequest {
            cluster_id: Some(CLUSTER.into()),
            replica_state: ReplicaState {
                replica_id: SELF,
                ..Default::default()
            },
            max_wait_ms: world.choose(600) as i32,
            max_bytes: 1 << world.choose(16),
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic_id: TopicId::METADATA,
                partitions: vec![FetchPartition {
                    current_leader_epoch: self.epoch,
                    fetch_offset: self.end,
                    last_fetched_epoch: self.last_epoch(),
                    replica_directory_id: DIRECTORY,
                    high_watermark: self.high_watermark,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    /// What a node has said of an epoch outlives it.
    fn lead_by(&mut self, epoch: LeaderEpoch) -> Result<(), Trouble> {
        if epoch < self.epoch {
            return wrong(&format!("epoch {epoch} after {}", self.epoch));
        }
        self.epoch = epoch;
        Ok(())
    }

    fn take(&mut self, data: &PartitionData<'_>) -> Result<(), Trouble> {
        if let EpochEndOffset {
            epoch, end_offset, ..
        } = data.diverging_epoch
            && end_offset.is_known()
        {
            self.truncate(epoch, end_offset)?;
        }
        if let Some(Records::Bytes(bytes)) = &data.records {
            self.append(bytes)?;
        }
        if !data.high_watermark.is_known() {
            return Ok(());
        }
        if data.high_watermark < self.high_watermark {
            let before = self.high_watermark;
            return wrong(&format!(
                "high watermark {} after {before}",
                data.high_watermark
            ));
        }
        self.high_watermark = data.high_watermark;
        for (base, held) in self.batches.range(..self.high_watermark) {
            let batch = (held.epoch, held.checksum);
            let known = *self.committed.entry(*base).or_insert(batch);
            if known != batch {
                return wrong(&format!(
                    "{batch:?} at {base}, where {known:?} is committed"
                ));
            }
        }
        Ok(())
    }

    fn truncate(&mut self, epoch: LeaderEpoch, end: Offset) -> Result<(), Trouble> {
        let of_epoch = self.batches.iter().rev();
        let own = of_epoch.take_while(|(_, held)| held.epoch > epoch).last();
        let end = own.map_or(self.end, |(base, _)| *base).min(end);
        if end < self.high_watermark.min(self.end) {
            return wrong(&format!(
                "told to cut at {end}, below the high watermark {}",
                self.high_watermark
            ));
        }
        self.batches.split_off(&end);
        self.end = end;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        // A limit may have cut the last one.
        for batch in Batches::new(bytes).map_while(Result::ok) {
            let header = &batch.header;
            if let Err(error) = batch.check() {
                return wrong(&error);
            }
            let is_next = header.base_offset == self.end && header.leader_epoch <= self.epoch;
            if !is_next || header.leader_epoch < self.last_epoch() {
                return wrong(&format!(
                    "a batch of epoch {} at {}, where the log ends at {} in epoch {}",
                    header.leader_epoch,
                    header.base_offset,
                    self.end,
                    self.last_epoch()
                ));
            }
            let held = Held {
                epoch: header.leader_epoch,
                checksum: header.crc,
                bytes: Bytes::copy_from_slice(batch.bytes),
            };
            self.batches.insert(header.base_offset, held);
            self.end = header.next_offset();
        }
        Ok(())
    }

    /// Begins anew with a snapshot, which is read in pieces.
    async fn restore(
        &mut self,
        world: &World,
        ledger: &Ledger,
        connection: &mut Connection,
        id: SnapshotId,
    ) -> Result<(), Trouble> {
        if id.end_offset > self.high_watermark {
            return wrong(&format!("snapshot {id:?} of what is not committed"));
        }
        let (mut position, mut size) = (0, i64::MAX);
        let mut bytes = Vec::new();
        while position < size {
            let request = FetchSnapshotRequest {
                cluster_id: Some(CLUSTER.into()),
                replica_id: SELF,
                max_bytes: 1 + world.choose(4000) as i32,
                topics: vec![RequestTopicSnapshot {
                    name: "__cluster_metadata".into(),
                    partitions: vec![RequestPartitionSnapshot {
                        current_leader_epoch: self.epoch,
                        snapshot_id: id.clone(),
                        position,
                        replica_directory_id: DIRECTORY,
                        ..Default::default()
                    }],
                    ..Default::default()
                }],
            };
            let answer = connection.ask(ApiKey::FetchSnapshot, 1, &request).await?;
            let response: FetchSnapshotResponse<'_> = answer.decode()?;
            match response.error_code {
                ErrorCode::None => {}
                ErrorCode::BrokerNotAvailable => return Err(Trouble::Lost),
                code => return wrong(&format!("{code} for snapshot {id:?}")),
            }
            let topics = response.topics.iter();
            let Some(piece) = topics.flat_map(|topic| &topic.partitions).next() else {
                return wrong(&"an answer without the partition");
            };
            match piece.error_code {
                ErrorCode::None => {}
                // A later one has taken its place, or the leader is another.
                ErrorCode::SnapshotNotFound
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::UnknownLeaderEpoch => return Err(Trouble::Lost),
                ErrorCode::KafkaStorageError if ledger.is_sick(connection.life) => {
                    return Err(Trouble::Lost);
                }
                code => return wrong(&format!("{code} for snapshot {id:?} at {position}")),
            }
            let length = piece.unaligned_records.len() as i64;
            if length == 0 || piece.position != position || (size != i64::MAX && piece.size != size)
            {
                return wrong(&format!("{piece:?} of snapshot {id:?} at {position}"));
            }
            (position, size) = (position + length, piece.size);
            if let Records::Bytes(piece) = &piece.unaligned_records {
                bytes.extend_from_slice(piece);
            }
        }
        self.batches.clear();
        self.end = id.end_offset;
        self.snapshot = Some(Snapshot { id, bytes });
        Ok(())
    }

    /// What the snapshot and the committed batches make.
    fn image(&self) -> Result<Image, String> {
        let snapshot = self.snapshot.as_ref().map(|snapshot| {
            let last = snapshot.id.end_offset - 1;
            (last, snapshot.bytes.as_slice())
        });
        let committed = self.batches.range(..self.high_watermark);
        image::replay(snapshot, committed.map(|(_, held)| held.bytes.as_ref()))
    }
}

fn wrong<T>(what: &impl std::fmt::Display) -> Result<T, Trouble> {
    Err(Trouble::Wrong(what.to_string()))
}
