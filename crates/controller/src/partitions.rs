//! Who leads a partition when brokers come and go (KIP-966).

use ottla_metadata::features::ELIGIBLE_LEADER_REPLICAS;
use ottla_metadata::{PartitionImage, TopicImage};
use ottla_model::{NodeId, PartitionIndex};
use ottla_wire::metadata_record::{MetadataRecord, PartitionChangeRecord};

use crate::controller::Controller;

impl Controller {
    fn has_eligible_leaders(&self) -> bool {
        self.image.features().level(ELIGIBLE_LEADER_REPLICAS) > 0
    }

    /// What the broker leaves behind when it stops or is found dead: it leads nothing and is in no ISR, except, before eligible leaders
    /// existed, as the last one of it.
    pub(crate) fn give_up(&self, broker: NodeId, unclean: bool) -> Vec<MetadataRecord<'static>> {
        let elr = self.has_eligible_leaders();
        self.partitions()
            .filter(|(_, _, partition)| {
                partition.leader == broker || (elr && partition.isr.contains(&broker))
            })
            .map(|(topic, index, partition)| {
                let isr: Vec<NodeId> = partition
                    .isr
                    .iter()
                    .copied()
                    .filter(|id| *id != broker)
                    .collect();
                let leader = isr
                    .iter()
                    .copied()
                    .find(|id| self.image.cluster().is_alive(*id))
                    .unwrap_or(NodeId::NONE);
                let mut record = of(topic, index);
                if partition.leader == broker {
                    record.leader = leader;
                }
                if elr {
                    let was_last = isr.is_empty();
                    record.isr = Some(isr);
                    // A clean stop leaves everything on disk. After a crash that is not known: it is remembered only as the last.
                    let remembered = was_last.then(|| vec![broker]);
                    if unclean {
                        record.last_known_elr = remembered;
                    } else {
                        record.eligible_leader_replicas = remembered;
                    }
                } else if !isr.is_empty() {
                    record.isr = Some(isr);
                }
                record.into()
            })
            .collect()
    }

    /// What the broker can lead now that it is back: from the ISR, from the eligible leaders, or as the one last known.
    pub(crate) fn take_up(&self, broker: NodeId) -> Vec<MetadataRecord<'static>> {
        self.partitions()
            .filter(|(_, _, partition)| partition.leader == NodeId::NONE)
            .filter(|(_, _, partition)| partition.replicas.contains(&broker))
            .filter_map(|(topic, index, partition)| {
                let is_eligible = partition.isr.contains(&broker)
                    || (partition.isr.is_empty() && partition.elr.contains(&broker))
                    || (partition.isr.is_empty()
                        && partition.elr.is_empty()
                        && partition.last_known_elr == [broker]);
                if !is_eligible {
                    return None;
                }
                let mut record = of(topic, index);
                record.leader = broker;
                if !partition.isr.contains(&broker) {
                    record.isr = Some(vec![broker]);
                    record.eligible_leader_replicas = (!partition.elr.is_empty()).then(Vec::new);
                    record.last_known_elr = (!partition.last_known_elr.is_empty()).then(Vec::new);
                }
                Some(record.into())
            })
            .collect()
    }

    fn partitions(&self) -> impl Iterator<Item = (&TopicImage, PartitionIndex, &PartitionImage)> {
        self.image.topics().iter().flat_map(|topic| {
            topic
                .partitions()
                .map(|(index, partition)| (&**topic, index, &**partition))
        })
    }
}

fn of(topic: &TopicImage, index: PartitionIndex) -> PartitionChangeRecord {
    PartitionChangeRecord {
        partition_id: index,
        topic_id: topic.id,
        ..Default::default()
    }
}
