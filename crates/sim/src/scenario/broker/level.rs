//! The level of the quorum's own feature (KIP-853): it goes up when that is asked for, and who was told of it is told nothing else later.

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, PartitionIndex, Uuid};
use ottla_wire::api::ApiKey;
use ottla_wire::message::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_wire::message::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, RequestPartitionData, RequestTopicData,
};
use ottla_wire::message::update_features::{
    FeatureUpdateKey, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use super::admin::insist;
use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use crate::{SimEnv, World};

const FEATURE: &str = "kraft.version";
const LEVEL: i16 = 1;
/// In the course of the first lives.
const LONGEST_REST: Duration = Duration::from_secs(20);

/// Has the level raised, however often that takes.
pub(super) async fn raise(world: World, env: SimEnv, ledger: Ledger) {
    let pause = world.choose(LONGEST_REST.as_millis() as u64);
    env.clock().sleep(Duration::from_millis(pause)).await;
    insist(&world, &env, &ledger, || try_raise(&env, &ledger)).await;
    judge(&world, &env, &ledger).await;
}

/// Judges what is said of the level, and of the voter that the log names with it.
pub(super) async fn judge(world: &World, env: &SimEnv, ledger: &Ledger) {
    insist(world, env, ledger, || look(env, ledger)).await;
}

async fn try_raise(env: &SimEnv, ledger: &Ledger) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let request = UpdateFeaturesRequest {
        timeout_ms: 2000,
        feature_updates: vec![FeatureUpdateKey {
            feature: FEATURE.into(),
            max_version_level: LEVEL,
            allow_downgrade: false,
            upgrade_type: 1,
        }],
        validate_only: false,
    };
    let answer = connection.ask(ApiKey::UpdateFeatures, 2, &request).await?;
    let response: UpdateFeaturesResponse<'_> = answer.decode()?;
    match response.error_code {
        ErrorCode::None => {
            ledger.kraft_version_told(LEVEL);
            Ok(())
        }
        ErrorCode::NotController => Err(Trouble::Lost),
        code => Err(Trouble::Wrong(format!(
            "{FEATURE} is not raised: {code}: {:?}",
            response.error_message
        ))),
    }
}

async fn look(env: &SimEnv, ledger: &Ledger) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let floor = ledger.kraft_version();
    let level = finalized(&mut connection).await?;
    if level < floor {
        let what = format!("{FEATURE} is {level} where {floor} was told");
        return Err(Trouble::Wrong(what));
    }
    ledger.kraft_version_told(level);
    let directory = voter_directory(&mut connection).await?;
    // It may have gone up since.
    if level > 0 && directory == Uuid::ZERO {
        let what = format!("{FEATURE} is {level}, and the voter has no directory");
        return Err(Trouble::Wrong(what));
    }
    Ok(())
}

async fn finalized(connection: &mut Connection) -> Result<i16, Trouble> {
    let request = ApiVersionsRequest {
        client_software_name: "sim".into(),
        client_software_version: "1".into(),
    };
    let answer = connection.ask(ApiKey::ApiVersions, 4, &request).await?;
    let response: ApiVersionsResponse<'_> = answer.decode()?;
    let mut features = response.finalized_features.iter();
    let own = features.find(|feature| feature.name == FEATURE);
    Ok(own.map_or(0, |feature| feature.max_version_level))
}

/// Of the one voter there is.
async fn voter_directory(connection: &mut Connection) -> Result<Uuid, Trouble> {
    let request = DescribeQuorumRequest {
        topics: vec![RequestTopicData {
            topic_name: "__cluster_metadata".into(),
            partitions: vec![RequestPartitionData {
                partition_index: PartitionIndex(0),
            }],
        }],
    };
    let answer = connection.ask(ApiKey::DescribeQuorum, 2, &request).await?;
    let response: DescribeQuorumResponse<'_> = answer.decode()?;
    if response.error_code == ErrorCode::BrokerNotAvailable {
        // The controller has stopped, say because its disk is full, and the node with it.
        return Err(Trouble::Lost);
    }
    let mut partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    match partitions.next() {
        Some(partition) if partition.error_code == ErrorCode::NotLeaderOrFollower => {
            Err(Trouble::Lost)
        }
        Some(partition) if partition.current_voters.len() == 1 => {
            Ok(partition.current_voters[0].replica_directory_id)
        }
        other => Err(Trouble::Wrong(format!(
            "a quorum without its voter: {other:?}"
        ))),
    }
}
