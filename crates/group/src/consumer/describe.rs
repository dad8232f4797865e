//! A consumer group as `ConsumerGroupDescribe` tells it.

use std::collections::{BTreeMap, BTreeSet};

use ottla_model::{PartitionIndex, TopicId};
use ottla_wire::Str;
use ottla_wire::message::consumer_group_describe::{
    self as message, Assignment, DescribedGroup, TopicPartitions,
};

use super::assignor::Assignor;
use super::partitions::pairs;
use super::{ConsumerGroup, Member, Partitions, TopicsView};

/// KIP-1099.
const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;

impl ConsumerGroup {
    /// Topics that are gone are left out. `default` is the assignor of groups whose members name none.
    #[must_use]
    pub fn describe<'a>(
        &'a self,
        default: Assignor,
        topics: &'a dyn TopicsView,
    ) -> DescribedGroup<'a> {
        let assignor = self.server_assignors.most_frequent();
        DescribedGroup {
            group_id: Str::Borrowed(&self.id),
            group_state: Str::Borrowed(self.state().name()),
            group_epoch: self.epoch.0,
            assignment_epoch: self.target_epoch.0,
            assignor_name: Str::Borrowed(assignor.map_or(default.name(), |name| name)),
            members: self
                .members()
                .map(|member| self.describe_member(member, topics))
                .collect(),
            ..Default::default()
        }
    }

    fn describe_member<'a>(
        &'a self,
        member: &'a Member,
        topics: &'a dyn TopicsView,
    ) -> message::Member<'a> {
        let option =
            |text: &'a Option<_>| -> Option<Str<'a>> { text.as_deref().map(Str::Borrowed) };
        // What it is still to give up, it has.
        let mut has = Partitions::new();
        for (topic, partition) in pairs(&member.assigned).chain(pairs(&member.pending_revocation)) {
            has.entry(topic).or_default().insert(partition);
        }
        let names = member.subscribed_topics.iter();
        message::Member {
            member_id: Str::Borrowed(&member.id),
            instance_id: option(&member.instance_id),
            rack_id: option(&member.rack_id),
            member_epoch: member.epoch.0,
            client_id: Str::Borrowed(&member.client_id),
            client_host: Str::Borrowed(&member.client_host),
            subscribed_topic_names: names.map(|name| Str::Borrowed(&**name)).collect(),
            subscribed_topic_regex: option(&member.subscribed_regex),
            assignment: assignment(&has, topics),
            target_assignment: assignment(&self.target(&member.id), topics),
            member_type: if member.is_classic() {
                CLASSIC_MEMBER
            } else {
                CONSUMER_MEMBER
            },
        }
    }
}

fn assignment<'a>(
    partitions: &BTreeMap<TopicId, BTreeSet<PartitionIndex>>,
    topics: &'a dyn TopicsView,
) -> Assignment<'a> {
    let topic = |(topic_id, partitions): (&TopicId, &BTreeSet<PartitionIndex>)| {
        Some(TopicPartitions {
            topic_id: *topic_id,
            topic_name: Str::Borrowed(topics.name(*topic_id)?),
            partitions: partitions.iter().copied().collect(),
        })
    };
    Assignment {
        topic_partitions: partitions.iter().filter_map(topic).collect(),
    }
}
