//! The topic that holds the groups, created when the first one is looked for.

use std::pin::pin;

use futures::future::select;
use ottla_controller::{NewTopic, Permits, Reply, Request};
use ottla_env::{Clock, Entropy, Env};
use ottla_model::{ErrorCode, TopicId};

use super::OPENING;
use crate::internal_topics::GROUP_METADATA;
use crate::node::Node;

impl<E: Env> Node<E> {
    /// Creates the topic, unless it is there, and waits a little until the partition of `group` can be used. Where the topic cannot be
    /// created, the node's operator learns why, and it is tried again with the next client.
    pub(crate) async fn create_offsets_topic(&self, group: &str) {
        if self.groups.partition_of(group).is_none() {
            self.ask_for_offsets_topic().await;
        } else {
            return;
        }
        let key = self.groups.partition_of(group);
        let partition = key.and_then(|key| self.partitions.get(key.topic, key.index));
        if let Some(partition) = partition {
            let limit = pin!(self.env.clock().sleep(OPENING));
            select(pin!(partition.reader()), limit).await;
        }
    }

    async fn ask_for_offsets_topic(&self) {
        let config = self.config.offsets_topic();
        let configs = [
            ("cleanup.policy", "compact".to_owned()),
            ("compression.type", "producer".to_owned()),
            ("segment.bytes", config.segment_bytes.to_string()),
        ];
        let topic = NewTopic {
            name: GROUP_METADATA.to_owned(),
            id: TopicId(self.env.entropy().uuid()),
            partitions: config.partitions,
            replication_factor: config.replication_factor,
            assignments: Vec::new(),
            configs: configs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), Some(value)))
                .collect(),
        };
        let request = Request::CreateTopics {
            topics: vec![topic],
            validate_only: false,
            permits: Permits::default(),
        };
        let refusal = match self.quorum.ask(request).await {
            Ok(Reply::TopicsCreated(results)) => results.into_iter().find_map(Result::err),
            Ok(Reply::Refused(refusal)) => Some(refusal),
            Ok(other) => unreachable!("the controller answers another question: {other:?}"),
            Err(code) => {
                tracing::warn!(%code, topic = GROUP_METADATA, "cannot create the topic");
                return;
            }
        };
        // Another client's request may have been the first.
        if let Some(refusal) = refusal
            && refusal.code != ErrorCode::TopicAlreadyExists
        {
            let (code, reason) = (refusal.code, refusal.message);
            tracing::error!(%code, %reason, topic = GROUP_METADATA, "cannot create the topic");
        }
    }
}
