//! Topics are created, grown and deleted. What is said of those that are not is what Apache's tools print, for scripts look for it.

use std::collections::{BTreeMap, BTreeSet};

use ottla_config::TopicConfig;
use ottla_metadata::{Resource, TopicImage};
use ottla_model::{ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId};
use ottla_wire::metadata_record::{
    ConfigRecord, MetadataRecord, PartitionRecord, RemoveTopicRecord, TopicRecord,
};

use crate::config_change::check_size;
use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::operation::{MAX_RECORDS, Operation, Permits, too_large};
use crate::topic_name;

/// "As the node's defaults say."
const DEFAULT: i32 = -1;

/// A topic to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    pub name: String,
    /// Drawn by the caller, since nothing is random here.
    pub id: TopicId,
    /// -1 for the default; also -1 with assignments.
    pub partitions: i32,
    /// -1 for the default; also -1 with assignments.
    pub replication_factor: i16,
    /// Replicas by partition, instead of the counts.
    pub assignments: Vec<(PartitionIndex, Vec<NodeId>)>,
    pub configs: Vec<(String, Option<String>)>,
}

/// A topic that is to have more partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPartitions {
    pub name: String,
    /// The new total.
    pub count: i32,
    /// The replicas of each new partition.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// A topic, named either way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicName {
    Name(String),
    Id(TopicId),
}

/// What a topic became, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    pub name: String,
    pub id: TopicId,
    pub partitions: i32,
    pub replication_factor: i16,
}

impl Controller {
    pub(crate) fn create_topics(
        &self,
        topics: &[NewTopic],
        validate_only: bool,
        mut permits: Permits,
    ) -> Outcome {
        let partitions = topics.iter().map(|topic| self.partitions_asked(topic));
        if partitions.sum::<u64>() > MAX_RECORDS as u64 {
            return Outcome::refused(too_large());
        }
        let mut seen = BTreeSet::new();
        let duplicates: BTreeSet<&str> = topics
            .iter()
            .map(|topic| &*topic.name)
            .filter(|name| !seen.insert(*name))
            .collect();
        let mut operation = Operation::default();
        let in_metrics = self.names_in_metrics(topics);
        let mut replies = Vec::new();
        for topic in topics {
            let made = if duplicates.contains(&*topic.name) {
                Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    format!("topic {} is named twice", topic.name),
                ))
            } else {
                self.create_topic(topic, &in_metrics, &mut permits)
            };
            let made = match made {
                Ok((records, reply)) => operation.add(records).map(|()| Ok(reply)),
                Err(refusal) => Ok(Err(refusal)),
            };
            match made {
                Ok(reply) => replies.push(reply),
                Err(too_large) => return Outcome::refused(too_large),
            }
        }
        Outcome::atomic(
            operation.records(validate_only),
            Reply::TopicsCreated(replies),
        )
    }

    /// How many partitions the topic is to have, if it may have them.
    fn partitions_asked(&self, topic: &NewTopic) -> u64 {
        let asked = match (&topic.assignments[..], topic.partitions) {
            ([], DEFAULT) => self.options.default_partitions,
            ([], partitions) => partitions,
            (assignments, _) => return assignments.len() as u64,
        };
        u64::try_from(asked).unwrap_or(0)
    }

    /// The topics by what metrics call them, as far as one of `wanted` may be called the same.
    fn names_in_metrics(&self, wanted: &[NewTopic]) -> BTreeMap<String, &str> {
        let mut wanted = wanted.iter();
        if !wanted.any(|topic| topic_name::in_metrics(&topic.name).is_some()) {
            return BTreeMap::new();
        }
        let topics = self.image.topics().iter();
        let names =
            topics.filter_map(|topic| Some((topic_name::in_metrics(&topic.name)?, &*topic.name)));
        names.collect()
    }

    fn create_topic(
        &self,
        topic: &NewTopic,
        in_metrics: &BTreeMap<String, &str>,
        permits: &mut Permits,
    ) -> Result<(Vec<MetadataRecord<'static>>, CreatedTopic), Refusal> {
        if topic.name == topic_name::METADATA {
            let message = format!("Creation of internal topic {} is prohibited.", topic.name);
            return Err(Refusal::new(ErrorCode::InvalidRequest, message));
        }
        topic_name::check(&topic.name)
            .map_err(|m| Refusal::new(ErrorCode::InvalidTopicException, m))?;
        if self.image.topics().by_name(&topic.name).is_some() {
            let message = format!("Topic '{}' already exists.", topic.name);
            return Err(Refusal::new(ErrorCode::TopicAlreadyExists, message));
        }
        let called = topic_name::in_metrics(&topic.name);
        if let Some(other) = called.and_then(|called| in_metrics.get(&called)) {
            let message = format!(
                "Topic '{}' collides with existing topic: {other}",
                topic.name
            );
            return Err(Refusal::new(ErrorCode::InvalidTopicException, message));
        }
        for (name, value) in &topic.configs {
            let value = value.as_deref().unwrap_or_default();
            check_size(name, value)?;
            TopicConfig::check(name, value).map_err(|error| {
                let message = error.map_or_else(
                    || format!("{name} is not a topic config"),
                    |e| e.to_string(),
                );
                Refusal::new(ErrorCode::InvalidConfig, message)
            })?;
        }
        let configs = topic.configs.iter();
        let configs = configs.filter_map(|(name, value)| Some((&**name, value.as_deref()?)));
        self.check_topic_configs(configs)?;
        let assignments = self.assignments(topic)?;
        permits.take(assignments.len())?;
        let replication_factor = assignments.first().map_or(0, Vec::len) as i16;
        let reply = CreatedTopic {
            name: topic.name.clone(),
            id: topic.id,
            partitions: assignments.len() as i32,
            replication_factor,
        };
        let mut records: Vec<MetadataRecord<'static>> = Vec::new();
        records.push(
            TopicRecord {
                name: topic.name.clone().into(),
                topic_id: topic.id,
            }
            .into(),
        );
        for (name, value) in &topic.configs {
            let record = ConfigRecord {
                resource_type: Resource::TOPIC,
                resource_name: topic.name.clone().into(),
                name: name.clone().into(),
                value: value.clone().map(Into::into),
            };
            records.push(record.into());
        }
        records.extend(self.cleared_by(&records));
        records.extend(
            (0..)
                .zip(assignments)
                .map(|(index, replicas)| self.partition(topic.id, index, replicas)),
        );
        Ok((records, reply))
    }

    /// The replicas of every partition.
    fn assignments(&self, topic: &NewTopic) -> Result<Vec<Vec<NodeId>>, Refusal> {
        if !topic.assignments.is_empty() {
            if topic.partitions != DEFAULT || i32::from(topic.replication_factor) != DEFAULT {
                let message = "partitions and replication factor are given by the assignments: both must be -1";
                return Err(Refusal::new(ErrorCode::InvalidRequest, message));
            }
            let mut assignments = topic.assignments.clone();
            assignments.sort_by_key(|(index, _)| *index);
            let is_dense = (0..)
                .zip(&assignments)
                .all(|(expected, (index, _))| index.0 == expected);
            if !is_dense {
                let message = "assignments number the partitions from 0, each once";
                return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
            }
            let size = assignments
                .first()
                .map_or(0, |(_, replicas)| replicas.len());
            for (_, replicas) in &assignments {
                self.check_replicas(replicas, size)?;
            }
            return Ok(assignments
                .into_iter()
                .map(|(_, replicas)| replicas)
                .collect());
        }
        let partitions = if topic.partitions == DEFAULT {
            self.options.default_partitions
        } else {
            topic.partitions
        };
        if partitions <= 0 {
            let message = format!("expected at least one partition, found {partitions}");
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        let factor = if i32::from(topic.replication_factor) == DEFAULT {
            self.options.default_replication_factor
        } else {
            topic.replication_factor
        };
        if factor <= 0 {
            let message = format!("expected a replication factor of at least 1, found {factor}");
            return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        }
        self.place(partitions, factor, 0).map_err(|refusal| {
            let message = format!(
                "Unable to replicate the partition {factor} time(s): {}",
                refusal.message
            );
            Refusal::new(refusal.code, message)
        })
    }

    /// Replicas over the live brokers, one further for each partition.
    fn place(&self, partitions: i32, factor: i16, first: i32) -> Result<Vec<Vec<NodeId>>, Refusal> {
        let alive: Vec<NodeId> = self
            .image
            .cluster()
            .brokers()
            .filter(|broker| !broker.is_fenced() && !broker.is_cordoned())
            .map(|broker| broker.id())
            .collect();
        let factor = factor.unsigned_abs() as usize;
        if alive.is_empty() {
            let message =
                "All brokers are currently fenced, or have all their log directories cordoned.";
            return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        }
        if factor > alive.len() {
            let message = format!(
                "The target replication factor of {factor} cannot be reached because only {} broker(s) are registered or some brokers have all their log directories cordoned.",
                alive.len()
            );
            return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        }
        let replicas = |partition: i32| {
            let replicas = (0..factor).map(|i| alive[(partition as usize + i) % alive.len()]);
            let replicas: Vec<NodeId> = replicas.collect();
            if self.in_sync_at_first(&replicas).is_empty() {
                let message =
                    format!("the brokers for partition {partition} are all in controlled shutdown");
                return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
            }
            Ok(replicas)
        };
        (first..first + partitions).map(replicas).collect()
    }

    fn check_replicas(&self, replicas: &[NodeId], size: usize) -> Result<(), Refusal> {
        let wrong =
            |message: String| Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
        if replicas.is_empty() || replicas.len() != size {
            return wrong(
                "every partition needs the same number of replicas, at least one".to_owned(),
            );
        }
        let distinct: BTreeSet<_> = replicas.iter().collect();
        if distinct.len() != replicas.len() {
            return wrong("a partition has each broker at most once".to_owned());
        }
        let mut brokers = replicas.iter();
        if let Some(unknown) = brokers.find(|id| self.image.cluster().broker(**id).is_none()) {
            return wrong(format!(
                "The manual partition assignment includes broker {unknown}, but no such broker is registered."
            ));
        }
        if self.in_sync_at_first(replicas).is_empty() {
            return wrong(
                "a partition needs a broker that is neither fenced nor in controlled shutdown"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// The ISR of a partition that begins with these replicas. Without one the partition would have no leader, and nobody who could
    /// ever be elected: it is refused.
    fn in_sync_at_first(&self, replicas: &[NodeId]) -> Vec<NodeId> {
        let replicas = replicas.iter().copied();
        replicas
            .filter(|id| self.image.cluster().is_active(*id))
            .collect()
    }

    fn partition(
        &self,
        topic_id: TopicId,
        index: i32,
        replicas: Vec<NodeId>,
    ) -> MetadataRecord<'static> {
        let has_directories = self.image.features().metadata_version().has_directories();
        let isr = self.in_sync_at_first(&replicas);
        let leader = *isr
            .first()
            .expect("replicas of which none is active are refused");
        PartitionRecord {
            partition_id: PartitionIndex(index),
            topic_id,
            directories: if has_directories {
                replicas
                    .iter()
                    .map(|id| self.first_directory(*id))
                    .collect()
            } else {
                Vec::new()
            },
            leader,
            isr,
            replicas,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            ..Default::default()
        }
        .into()
    }

    pub(crate) fn delete_topics(&self, names: &[TopicName], mut permits: Permits) -> Outcome {
        let mut operation = Operation::default();
        let mut gone = BTreeSet::new();
        let replies = names
            .iter()
            .map(|name| {
                let topic = self.deletable(name)?;
                // One that is named by its name and by its id as well is deleted once.
                if !gone.contains(&topic.id) {
                    permits.take(topic.partition_count())?;
                    gone.insert(topic.id);
                    operation.add(vec![RemoveTopicRecord { topic_id: topic.id }.into()])?;
                }
                Ok(CreatedTopic {
                    name: topic.name.to_string(),
                    id: topic.id,
                    partitions: topic.partition_count() as i32,
                    replication_factor: 0,
                })
            })
            .collect();
        Outcome::atomic(operation.records(false), Reply::TopicsDeleted(replies))
    }

    fn deletable(&self, name: &TopicName) -> Result<&TopicImage, Refusal> {
        if !self.options.deletes_topics {
            let message = "delete.topic.enable is false";
            return Err(Refusal::new(ErrorCode::TopicDeletionDisabled, message));
        }
        let topics = self.image.topics();
        match name {
            TopicName::Name(name) => topics.by_name(name).ok_or_else(|| {
                Refusal::new(
                    ErrorCode::UnknownTopicOrPartition,
                    format!("topic {name} does not exist"),
                )
            }),
            TopicName::Id(id) => topics.by_id(*id).ok_or_else(|| {
                Refusal::new(
                    ErrorCode::UnknownTopicId,
                    format!("topic id {id} does not exist"),
                )
            }),
        }
        .map(|topic| &**topic)
    }

    pub(crate) fn create_partitions(
        &self,
        topics: &[NewPartitions],
        validate_only: bool,
        mut permits: Permits,
    ) -> Outcome {
        let mut operation = Operation::default();
        let mut seen = BTreeSet::new();
        let replies = topics
            .iter()
            .map(|topic| {
                if !seen.insert(&topic.name) {
                    let message = format!("topic {} is named twice", topic.name);
                    return Err(Refusal::new(ErrorCode::InvalidRequest, message));
                }
                let records = self.grow(topic)?;
                let more = records.len();
                permits.take(more)?;
                operation.add(records).map(|()| more)
            })
            .collect();
        Outcome::atomic(
            operation.records(validate_only),
            Reply::PartitionsCreated(replies),
        )
    }

    fn grow(&self, wanted: &NewPartitions) -> Result<Vec<MetadataRecord<'static>>, Refusal> {
        let topic = self.image.topics().by_name(&wanted.name).ok_or_else(|| {
            Refusal::new(
                ErrorCode::UnknownTopicOrPartition,
                format!("topic {} does not exist", wanted.name),
            )
        })?;
        let current = topic.partition_count() as i32;
        if wanted.count <= current {
            let message = if wanted.count == current {
                format!("Topic already has {current} partition(s).")
            } else {
                format!(
                    "The topic {} currently has {current} partition(s); {} would not be an increase.",
                    wanted.name, wanted.count
                )
            };
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        let more = wanted.count - current;
        if more as usize > MAX_RECORDS {
            return Err(too_large());
        }
        let factor = topic
            .partition(PartitionIndex(0))
            .map_or(1, |partition| partition.replicas.len());
        let assignments = match &wanted.assignments {
            None => self.place(more, factor as i16, current)?,
            Some(assignments) if assignments.len() != more as usize => {
                let message = format!(
                    "expected {more} assignments for {more} new partitions, found {}",
                    assignments.len()
                );
                return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
            }
            Some(assignments) => {
                for replicas in assignments {
                    self.check_replicas(replicas, factor)?;
                }
                assignments.clone()
            }
        };
        let id = topic.id;
        Ok((current..)
            .zip(assignments)
            .map(|(index, replicas)| self.partition(id, index, replicas))
            .collect())
    }
}
