//! The Metadata request: every topic that exists is there, as it was created, and none that was deleted.

use std::collections::BTreeMap;

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::metadata::{MetadataRequest, MetadataResponse};

use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, Place};
use crate::World;

/// The first version that tells topic ids.
const VERSIONS: std::ops::Range<i16> = 10..14;

/// The leader epochs of all partitions.
pub(super) async fn ask(
    connection: &mut Connection,
    world: &World,
    ledger: &Ledger,
) -> Result<BTreeMap<Place, LeaderEpoch>, Trouble> {
    let (known, deleted) = (ledger.topics(), ledger.deleted_topics());
    let version =
        VERSIONS.start + world.choose((VERSIONS.end - VERSIONS.start).unsigned_abs().into()) as i16;
    let request = MetadataRequest {
        topics: None,
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let answer = connection.ask(ApiKey::Metadata, version, &request).await?;
    let response: MetadataResponse<'_> = answer.decode()?;
    let found: BTreeMap<TopicId, _> = response
        .topics
        .iter()
        .map(|topic| (topic.topic_id, topic))
        .collect();
    if let Some(id) = deleted.iter().find(|id| found.contains_key(id)) {
        return Err(Trouble::Wrong(format!(
            "topic {id} was deleted and is there"
        )));
    }
    let mut epochs = BTreeMap::new();
    for (id, settings) in known {
        // Its deletion may have been asked for meanwhile.
        if !ledger.exists(id) {
            continue;
        }
        let name = &settings.name;
        let topic = found
            .get(&id)
            .ok_or_else(|| Trouble::Wrong(format!("topic {name} ({id}) is gone")))?;
        // It may have grown since it was asked for.
        let partitions = settings.partitions..=ledger.most_partitions(id);
        if topic.name.as_deref() != Some(name)
            || !partitions.contains(&topic.partitions.len())
            || topic.error_code != ErrorCode::None
        {
            return Err(Trouble::Wrong(format!(
                "topic {name} with {partitions:?} partitions is now {topic:?}"
            )));
        }
        for partition in &topic.partitions {
            if partition.leader_id == NodeId::NONE && ledger.may_lead_nothing(connection.life) {
                return Err(Trouble::Lost);
            }
            let place = Place {
                topic: id,
                partition: partition.partition_index.0,
            };
            ledger.leader_epoch_seen(place, connection.life, partition.leader_epoch);
            epochs.insert(place, partition.leader_epoch);
        }
    }
    Ok(epochs)
}
