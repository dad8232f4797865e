//! Another voter, as it seems, that claims later epochs of the quorum: by asking for votes, or as if it had been elected.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, Uuid};
use ottla_wire::api::ApiKey;
use ottla_wire::message::{begin_quorum_epoch, vote};

use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use super::process::{CLUSTER, CONTROLLER_PORT};
use crate::{SimEnv, World};

/// Longer than an election timeout, so that the node leads in between.
const LONGEST_REST: Duration = Duration::from_secs(10);
const TOPIC: &str = "__cluster_metadata";
const NODE: NodeId = NodeId(1);

/// What the rival was told.
#[derive(Default)]
struct Told {
    epoch: LeaderEpoch,
    /// To whom the vote of an epoch was given.
    votes: BTreeMap<LeaderEpoch, NodeId>,
}

pub(super) async fn claim(world: World, env: SimEnv, ledger: Ledger) {
    let mut told = Told::default();
    while !ledger.is_over() {
        let pause = world.choose(LONGEST_REST.as_millis() as u64);
        env.clock().sleep(Duration::from_millis(pause)).await;
        let converse = async {
            let mut connection = Connection::open_at(&env, &ledger, CONTROLLER_PORT).await?;
            for _ in 0..=world.choose(3) {
                if world.choose(3) == 0 {
                    told.begin(&world, &mut connection).await?;
                } else {
                    told.ask_for_vote(&world, &mut connection).await?;
                }
            }
            Ok(())
        };
        if let Err(Trouble::Wrong(what)) = converse.await {
            ledger.violate(format!("rival: {what}"));
        }
    }
}

impl Told {
    /// Mostly a later epoch, sometimes the same or an older one.
    fn choose_epoch(&self, world: &World) -> LeaderEpoch {
        LeaderEpoch((self.epoch.0 - 1 + world.choose(4) as i32).max(0))
    }

    async fn ask_for_vote(
        &mut self,
        world: &World,
        connection: &mut Connection,
    ) -> Result<(), Trouble> {
        let epoch = self.choose_epoch(world);
        let candidate = NodeId(7 + world.choose(2) as i32);
        let is_pre_vote = world.choose(3) == 0;
        let request = vote::VoteRequest {
            cluster_id: Some(CLUSTER.into()),
            voter_id: NODE,
            topics: vec![vote::RequestTopicData {
                topic_name: TOPIC.into(),
                partitions: vec![vote::RequestPartitionData {
                    replica_epoch: epoch,
                    replica_id: candidate,
                    replica_directory_id: Uuid::from_u128(candidate.0.unsigned_abs().into()),
                    last_offset_epoch: LeaderEpoch((epoch.0 - 1).max(0)),
                    last_offset: Offset(world.choose(1 << 20).cast_signed()),
                    pre_vote: is_pre_vote,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = connection.ask(ApiKey::Vote, 2, &request).await?;
        let response: vote::VoteResponse<'_> = answer.decode()?;
        check(response.error_code)?;
        let topics = response.topics.iter();
        let Some(partition) = topics.flat_map(|topic| &topic.partitions).next() else {
            return Err(Trouble::Wrong("an answer without the partition".to_owned()));
        };
        self.heard(partition.leader_epoch)?;
        if !partition.vote_granted || is_pre_vote {
            return Ok(());
        }
        if partition.leader_epoch != epoch {
            let found = partition.leader_epoch;
            return Err(Trouble::Wrong(format!("a vote for {epoch} in {found}")));
        }
        match self.votes.insert(epoch, candidate) {
            Some(other) if other != candidate => Err(Trouble::Wrong(format!(
                "both {other} and {candidate} have the vote of epoch {epoch}"
            ))),
            _ => Ok(()),
        }
    }

    async fn begin(&mut self, world: &World, connection: &mut Connection) -> Result<(), Trouble> {
        let epoch = self.choose_epoch(world);
        let request = begin_quorum_epoch::BeginQuorumEpochRequest {
            cluster_id: Some(CLUSTER.into()),
            voter_id: NODE,
            topics: vec![begin_quorum_epoch::RequestTopicData {
                topic_name: TOPIC.into(),
                partitions: vec![begin_quorum_epoch::RequestPartitionData {
                    partition_index: PartitionIndex(0),
                    leader_id: NodeId(7),
                    leader_epoch: epoch,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            leader_endpoints: vec![begin_quorum_epoch::LeaderEndpoint {
                name: "CONTROLLER".into(),
                host: "rival".into(),
                port: CONTROLLER_PORT,
                ..Default::default()
            }],
        };
        let answer = connection
            .ask(ApiKey::BeginQuorumEpoch, 1, &request)
            .await?;
        let response: begin_quorum_epoch::BeginQuorumEpochResponse<'_> = answer.decode()?;
        check(response.error_code)?;
        let topics = response.topics.iter();
        let Some(partition) = topics.flat_map(|topic| &topic.partitions).next() else {
            return Err(Trouble::Wrong("an answer without the partition".to_owned()));
        };
        self.heard(partition.leader_epoch)
    }

    /// What a node has said of an epoch outlives it.
    fn heard(&mut self, epoch: LeaderEpoch) -> Result<(), Trouble> {
        if epoch < self.epoch {
            let before = self.epoch;
            return Err(Trouble::Wrong(format!("epoch {epoch} after {before}")));
        }
        self.epoch = epoch;
        Ok(())
    }
}

fn check(code: ErrorCode) -> Result<(), Trouble> {
    match code {
        ErrorCode::None => Ok(()),
        // The metadata log is on a disk that fails.
        ErrorCode::BrokerNotAvailable => Err(Trouble::Lost),
        code => Err(Trouble::Wrong(code.to_string())),
    }
}
