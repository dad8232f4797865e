//! Follows the metadata log on the controllers' listener, as another node does: what is committed is there in every life.

use std::time::Duration;

use bytes::Bytes;
use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};
use ottla_wire::Records;
use ottla_wire::api::ApiKey;
use ottla_wire::message::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
};
use ottla_wire::records::Batches;

use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use super::process::CONTROLLER_PORT;
use crate::{SimEnv, World};

/// From this version on the request tells nothing that depends on who asks.
const VERSION: i16 = 17;

/// Reads for ever, at times from the beginning again.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger) {
    let mut follower = Follower::default();
    while !ledger.is_over() {
        match follower.converse(&world, &env, &ledger).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("follower: {what}")),
        }
        if world.choose(4) == 0 {
            follower = Follower::default();
        }
        let pause = Duration::from_millis(100 + world.choose(2000));
        env.clock().sleep(pause).await;
    }
}

/// How far it has come, of what is committed.
struct Follower {
    next: Offset,
    last_epoch: LeaderEpoch,
    leader_epoch: LeaderEpoch,
}

impl Default for Follower {
    fn default() -> Self {
        Self {
            next: Offset::ZERO,
            last_epoch: LeaderEpoch(0),
            leader_epoch: LeaderEpoch(0),
        }
    }
}

impl Follower {
    async fn converse(
        &mut self,
        world: &World,
        env: &SimEnv,
        ledger: &Ledger,
    ) -> Result<(), Trouble> {
        let mut connection = Connection::open_at(env, ledger, CONTROLLER_PORT).await?;
        for _ in 0..1 + world.choose(20) {
            let committed = ledger.committed_metadata();
            let request = FetchRequest {
                max_wait_ms: world.choose(500) as i32,
                max_bytes: [1, 1000, 1 << 20][world.choose(3) as usize],
                topics: vec![FetchTopic {
                    topic_id: TopicId::METADATA,
                    partitions: vec![FetchPartition {
                        partition: PartitionIndex(0),
                        current_leader_epoch: self.leader_epoch,
                        fetch_offset: self.next,
                        last_fetched_epoch: self.last_epoch,
                        ..Default::default()
                    }],
                    ..Default::default()
                }],
                ..Default::default()
            };
            let answer = connection.ask(ApiKey::Fetch, VERSION, &request).await?;
            let response: FetchResponse<'_> = answer.decode()?;
            let data = response
                .responses
                .first()
                .and_then(|topic| topic.partitions.first());
            match (response.error_code, data) {
                (ErrorCode::None, Some(data)) => self.take(ledger, committed, data)?,
                // It stops, or its disk has failed.
                (ErrorCode::BrokerNotAvailable, _) => return Err(Trouble::Lost),
                (code, _) => return Err(Trouble::Wrong(format!("fetch refused with {code}"))),
            }
        }
        Ok(())
    }

    /// `committed` is what was known to be when the question was sent.
    fn take(
        &mut self,
        ledger: &Ledger,
        committed: Offset,
        data: &PartitionData<'_>,
    ) -> Result<(), Trouble> {
        let wrong = |what: String| Err(Trouble::Wrong(what));
        match data.error_code {
            ErrorCode::None => {}
            ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch => {
                self.leader_epoch = data.current_leader.leader_epoch.max(LeaderEpoch(0));
                return Ok(());
            }
            ErrorCode::NotLeaderOrFollower => {
                return Err(Trouble::Lost);
            }
            code => return wrong(format!("from {}: {code}", self.next)),
        }
        if data.diverging_epoch.end_offset.is_known() {
            return wrong(format!(
                "all below {} with epoch {} was committed, and now there is {:?}",
                self.next, self.last_epoch, data.diverging_epoch
            ));
        }
        if data.snapshot_id.end_offset.is_known() {
            let id = &data.snapshot_id;
            if id.end_offset < self.next {
                return wrong(format!("snapshot {id:?} ends before {}", self.next));
            }
            (self.next, self.last_epoch) = (id.end_offset, id.epoch);
            return Ok(());
        }
        // A leader that has committed nothing yet does not know it.
        if !data.high_watermark.is_known() {
            return Ok(());
        }
        ledger.metadata_committed(committed, data.high_watermark);
        let Some(Records::Bytes(bytes)) = data.records else {
            return Ok(());
        };
        for batch in Batches::new(bytes).map_while(Result::ok) {
            if batch.header.next_offset() > data.high_watermark {
                break;
            }
            if batch.header.base_offset != self.next {
                return wrong(format!(
                    "{} where {} is next",
                    batch.header.base_offset, self.next
                ));
            }
            batch
                .check()
                .map_err(|error| Trouble::Wrong(format!("at {}: {error}", self.next)))?;
            ledger.metadata_read(self.next, Bytes::copy_from_slice(batch.bytes));
            (self.next, self.last_epoch) = (batch.header.next_offset(), batch.header.leader_epoch);
        }
        Ok(())
    }
}
