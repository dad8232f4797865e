//! Other replicas for a partition (KIP-455, KIP-860).
//!
//! Until every new replica is in sync a partition has the old ones and the new ones. Where nothing is added, it is done at once.

use std::collections::BTreeSet;

use ottla_config::TopicConfig;
use ottla_metadata::{PartitionImage, Resource, TopicImage};
use ottla_model::{ErrorCode, NodeId, PartitionIndex};
use ottla_wire::metadata_record::PartitionChangeRecord;

use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::elections::PartitionResults;
use crate::operation::Operation;

/// What is asked of one partition: its replicas from now on, or with `None` those it had before the reassignment that is going on.
pub type Reassignment = (PartitionIndex, Option<Vec<NodeId>>);

impl Controller {
    pub(crate) fn alter_partition_reassignments(
        &self,
        topics: &[(String, Vec<Reassignment>)],
        allows_other_factor: bool,
    ) -> Outcome {
        let mut operation = Operation::default();
        let mut reassign = |topic: &str, (index, target): &Reassignment| {
            let made = self.reassign(topic, *index, target.as_deref(), allows_other_factor)?;
            operation.add(made.into_iter().map(Into::into).collect())
        };
        let results = topics
            .iter()
            .map(|(topic, partitions)| PartitionResults {
                topic: topic.clone(),
                partitions: partitions
                    .iter()
                    .map(|wanted| (wanted.0, reassign(topic, wanted)))
                    .collect(),
            })
            .collect();
        Outcome::atomic(operation.records(false), Reply::Partitions(results))
    }

    fn reassign(
        &self,
        name: &str,
        index: PartitionIndex,
        target: Option<&[NodeId]>,
        allows_other_factor: bool,
    ) -> Result<Option<PartitionChangeRecord>, Refusal> {
        let unknown = |message| Refusal::new(ErrorCode::UnknownTopicOrPartition, message);
        let topic = self.image.topics().by_name(name);
        let topic = topic.ok_or_else(|| unknown(format!("topic {name} does not exist")))?;
        let partition = topic
            .partition(index)
            .ok_or_else(|| unknown(format!("topic {name} has no partition {index}")))?;
        let mut reassigned = match target {
            None => self.reverted(topic, partition)?,
            Some(target) => {
                self.check_target(partition, target, allows_other_factor)?;
                merged(partition, target)
            }
        };
        complete(&mut reassigned);
        self.place_in_directories(partition, &mut reassigned);
        Ok(self.reassignment(topic, index, partition, reassigned))
    }

    fn check_target(
        &self,
        partition: &PartitionImage,
        target: &[NodeId],
        allows_other_factor: bool,
    ) -> Result<(), Refusal> {
        let wrong = |message| Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
        if target.is_empty() {
            return wrong("a partition needs at least one replica".to_owned());
        }
        let mut seen = BTreeSet::new();
        for id in target {
            if self.image.cluster().broker(*id).is_none() {
                return wrong(format!(
                    "The manual partition assignment includes broker {id}, but no such broker is registered."
                ));
            }
            if !seen.insert(id) {
                return wrong(format!("broker {id} is named more than once"));
            }
        }
        let removing = &partition.removing_replicas;
        let stays = |id: &&NodeId| !removing.contains(id);
        let factor = partition.replicas.iter().filter(stays).count();
        if !allows_other_factor && factor != target.len() {
            let message = format!(
                "the replication factor would change from {factor} to {}, which the request does not allow",
                target.len()
            );
            return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        }
        Ok(())
    }

    /// The partition as it was before the reassignment.
    fn reverted(
        &self,
        topic: &TopicImage,
        partition: &PartitionImage,
    ) -> Result<PartitionImage, Refusal> {
        if !is_reassigned(partition) {
            let message = "no reassignment is in progress";
            return Err(Refusal::new(ErrorCode::NoReassignmentInProgress, message));
        }
        let mut reverted = partition.clone();
        let was_there = |id: &NodeId| !partition.adding_replicas.contains(id);
        reverted.replicas.retain(was_there);
        reverted.isr.retain(was_there);
        if reverted.isr.is_empty() {
            let resource = Resource::new(Resource::TOPIC, &topic.name);
            let own = self.image.configs().of(&resource);
            let config = TopicConfig::new(&self.effective_settings(), own);
            let first = reverted.replicas.first().copied();
            let Some(first) = first.filter(|_| config.allows_unclean_election()) else {
                let message = "only replicas that were added are in sync: records would be lost";
                return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
            };
            reverted.isr.push(first);
        }
        reverted.adding_replicas.clear();
        reverted.removing_replicas.clear();
        Ok(reverted)
    }

    /// Replicas stay in their directories; of new ones brokers say where they are.
    fn place_in_directories(&self, before: &PartitionImage, reassigned: &mut PartitionImage) {
        if before.directories.is_empty() {
            return;
        }
        let directory_of = |id: &NodeId| {
            let place = before.replicas.iter().position(|other| other == id);
            let known = place.and_then(|place| before.directories.get(place));
            known.copied().unwrap_or_else(|| self.first_directory(*id))
        };
        reassigned.directories = reassigned.replicas.iter().map(directory_of).collect();
    }
}

pub(crate) fn is_reassigned(partition: &PartitionImage) -> bool {
    !partition.adding_replicas.is_empty() || !partition.removing_replicas.is_empty()
}

/// The replicas that are asked for, and behind them those that go when the others are in sync.
fn merged(partition: &PartitionImage, target: &[NodeId]) -> PartitionImage {
    let without = |these: &[NodeId], those: &[NodeId]| -> Vec<NodeId> {
        let rest: BTreeSet<NodeId> = these
            .iter()
            .filter(|id| !those.contains(id))
            .copied()
            .collect();
        rest.into_iter().collect()
    };
    let removing_replicas = without(&partition.replicas, target);
    PartitionImage {
        replicas: target.iter().chain(&removing_replicas).copied().collect(),
        adding_replicas: without(target, &partition.replicas),
        removing_replicas,
        ..partition.clone()
    }
}

/// Ends the reassignment if all that stay are in sync.
fn complete(partition: &mut PartitionImage) {
    let stays = |id: &&NodeId| !partition.removing_replicas.contains(id);
    let replicas: Vec<NodeId> = partition.replicas.iter().filter(stays).copied().collect();
    let isr: Vec<NodeId> = partition.isr.iter().filter(stays).copied().collect();
    let is_done = !replicas.is_empty() && replicas.iter().all(|id| isr.contains(id));
    if is_reassigned(partition) && is_done {
        partition.replicas = replicas;
        partition.isr = isr;
        partition.adding_replicas.clear();
        partition.removing_replicas.clear();
    }
}
