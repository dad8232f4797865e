//! How far groups are behind, partition by partition: what they have committed beside where the log ends.

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::{Reply, Request};
use ottla_metadata::Image;
use ottla_model::{Offset, PartitionIndex, TopicId};

use crate::groups::GroupCoordinators;
use crate::partitions::Partitions;

/// A group in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLag {
    pub group: Arc<str>,
    pub topic: Arc<str>,
    pub partition: PartitionIndex,
    /// What the group goes on with.
    pub committed: Offset,
    /// The high watermark.
    pub end: Offset,
}

impl GroupLag {
    /// How many offsets the group has yet to read. Less than none where the log ends in front of what was committed.
    #[must_use]
    pub fn offsets(&self) -> i64 {
        self.end.0 - self.committed.0
    }
}

/// Of the groups that are coordinated here, in the partitions that are led here and whose logs are open.
pub(crate) async fn all<E: Env>(
    groups: &GroupCoordinators<E>,
    partitions: &Partitions<E>,
    image: &Image,
) -> Vec<GroupLag> {
    let mut lags = Vec::new();
    for answer in groups.ask_all(&Request::CommittedOffsets).await {
        // One that is loading has nothing to say yet.
        let Ok(Reply::CommittedOffsets(offsets)) = answer else {
            continue;
        };
        for (group, topic, partition, committed) in offsets.iter() {
            let Some(known) = image.topics().by_name(topic) else {
                continue;
            };
            // What was committed to an earlier topic of that name says nothing of this one.
            if committed.topic_id != TopicId::NONE && committed.topic_id != known.id {
                continue;
            }
            let led = partitions.get(known.id, partition);
            let led = led.filter(|partition| partition.leader_epoch().is_some());
            if let Some(log) = led.and_then(|partition| partition.open_reader()) {
                lags.push(GroupLag {
                    group: Arc::clone(group),
                    topic: Arc::clone(topic),
                    partition,
                    committed: committed.offset,
                    end: log.high_watermark(),
                });
            }
        }
    }
    lags
}
