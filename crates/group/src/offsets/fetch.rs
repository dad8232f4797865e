//! OffsetFetch: what a group has committed.

use std::sync::Arc;

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use super::{CommittedOffset, GroupOffsets, Offsets};

/// What a client wants to know of a group.
#[derive(Clone, Debug)]
pub struct FetchOffsets {
    pub group: Arc<str>,
    /// `None` where the client does not say that it is a member.
    pub member_id: Option<Arc<str>>,
    /// -1 where it is none.
    pub member_epoch: i32,
    /// All that there are if `None`.
    pub topics: Option<Vec<FetchTopic>>,
    /// Nothing that an open transaction may change.
    pub require_stable: bool,
}

/// Of one topic.
#[derive(Clone, Debug)]
pub struct FetchTopic {
    pub name: Arc<str>,
    /// Nil where the client does not name it by its id.
    pub id: TopicId,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedTopic {
    pub name: Arc<str>,
    pub id: TopicId,
    pub partitions: Vec<FetchedPartition>,
}

/// A position, or that there is none: offset and epoch are -1 then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedPartition {
    pub partition: PartitionIndex,
    pub offset: Offset,
    pub leader_epoch: LeaderEpoch,
    pub metadata: Arc<str>,
    pub error: ErrorCode,
}

impl FetchedPartition {
    fn none(partition: PartitionIndex, error: ErrorCode) -> Self {
        Self {
            partition,
            offset: Offset::UNKNOWN,
            leader_epoch: LeaderEpoch::NONE,
            metadata: Arc::from(""),
            error,
        }
    }
}

/// What `offsets` have of what is asked for.
pub(crate) fn fetch(offsets: &Offsets, request: &FetchOffsets) -> Vec<FetchedTopic> {
    let of_group = offsets.of_group(&request.group);
    let fetcher = Fetcher {
        offsets,
        of_group,
        request,
    };
    match &request.topics {
        Some(topics) => {
            let topics = topics.iter();
            topics.map(|topic| fetcher.topic(topic)).collect()
        }
        None => fetcher.all(),
    }
}

struct Fetcher<'a> {
    offsets: &'a Offsets,
    of_group: Option<&'a GroupOffsets>,
    request: &'a FetchOffsets,
}

impl Fetcher<'_> {
    fn topic(&self, topic: &FetchTopic) -> FetchedTopic {
        let found = self.of_group.and_then(|topics| topics.get(&topic.name));
        let partitions = topic.partitions.iter().map(|partition| {
            let committed = found.and_then(|partitions| partitions.get(partition));
            // What was committed for an earlier topic of the name says nothing of this one.
            let committed = committed.filter(|committed| is_of(committed, topic.id));
            self.partition(&topic.name, *partition, committed)
        });
        FetchedTopic {
            name: Arc::clone(&topic.name),
            id: topic.id,
            partitions: partitions.collect(),
        }
    }

    fn all(&self) -> Vec<FetchedTopic> {
        let topics = self.of_group.into_iter().flatten();
        topics
            .map(|(name, partitions)| FetchedTopic {
                name: Arc::clone(name),
                id: TopicId::default(),
                partitions: partitions
                    .iter()
                    .map(|(partition, committed)| self.partition(name, *partition, Some(committed)))
                    .collect(),
            })
            .collect()
    }

    fn partition(
        &self,
        topic: &str,
        partition: PartitionIndex,
        committed: Option<&CommittedOffset>,
    ) -> FetchedPartition {
        let FetchOffsets {
            group,
            require_stable,
            ..
        } = self.request;
        if *require_stable && self.offsets.is_pending(group, topic, partition) {
            return FetchedPartition::none(partition, ErrorCode::UnstableOffsetCommit);
        }
        match committed {
            None => FetchedPartition::none(partition, ErrorCode::None),
            Some(committed) => FetchedPartition {
                partition,
                offset: committed.offset,
                leader_epoch: committed.leader_epoch,
                metadata: Arc::clone(&committed.metadata),
                error: ErrorCode::None,
            },
        }
    }
}

fn is_of(committed: &CommittedOffset, topic: TopicId) -> bool {
    let unknown = TopicId::default();
    committed.topic_id == topic || committed.topic_id == unknown || topic == unknown
}
