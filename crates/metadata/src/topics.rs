use std::sync::Arc;

use imbl::OrdMap;
use ottla_model::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::{
    MetadataRecord, PartitionChangeRecord, PartitionRecord, TopicRecord,
};

use crate::ApplyError;

/// A change record's sign for "the leader stays".
const LEADER_UNCHANGED: NodeId = NodeId(-2);
/// A change record's sign for "the recovery state stays".
const RECOVERY_STATE_UNCHANGED: i8 = -1;

/// A partition as the metadata log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionImage {
    /// The first is the preferred leader.
    pub replicas: Vec<NodeId>,
    /// The log directory of each replica, in the order of the replicas; empty before metadata.version 17.
    pub directories: Vec<Uuid>,
    pub isr: Vec<NodeId>,
    /// Eligible leader replicas: out of sync, and still with every committed record (KIP-966).
    pub elr: Vec<NodeId>,
    pub last_known_elr: Vec<NodeId>,
    pub removing_replicas: Vec<NodeId>,
    pub adding_replicas: Vec<NodeId>,
    /// -1 when nobody leads.
    pub leader: NodeId,
    /// 1 after an unclean election, until the leader has said that it is done.
    pub leader_recovery_state: i8,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
}

impl PartitionImage {
    fn new(record: &PartitionRecord) -> Self {
        Self {
            replicas: record.replicas.clone(),
            directories: record.directories.clone(),
            isr: record.isr.clone(),
            elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            removing_replicas: record.removing_replicas.clone(),
            adding_replicas: record.adding_replicas.clone(),
            leader: record.leader,
            leader_recovery_state: record.leader_recovery_state,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
        }
    }

    fn change(&mut self, record: &PartitionChangeRecord) {
        let set = |field: &mut Vec<NodeId>, value: &Option<Vec<NodeId>>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        set(&mut self.isr, &record.isr);
        set(&mut self.replicas, &record.replicas);
        set(&mut self.removing_replicas, &record.removing_replicas);
        set(&mut self.adding_replicas, &record.adding_replicas);
        set(&mut self.elr, &record.eligible_leader_replicas);
        set(&mut self.last_known_elr, &record.last_known_elr);
        if let Some(directories) = &record.directories {
            self.directories.clone_from(directories);
        }
        if record.leader_recovery_state != RECOVERY_STATE_UNCHANGED {
            self.leader_recovery_state = record.leader_recovery_state;
        }
        if record.leader != LEADER_UNCHANGED {
            self.leader = record.leader;
            self.leader_epoch = self.leader_epoch.next();
        }
        self.partition_epoch = self.partition_epoch.next();
    }

    /// The whole state as a record.
    #[must_use]
    pub fn record(&self, topic_id: TopicId, partition_id: PartitionIndex) -> PartitionRecord {
        let unless_empty = |ids: &Vec<NodeId>| (!ids.is_empty()).then(|| ids.clone());
        PartitionRecord {
            partition_id,
            topic_id,
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing_replicas: self.removing_replicas.clone(),
            adding_replicas: self.adding_replicas.clone(),
            leader: self.leader,
            leader_recovery_state: self.leader_recovery_state,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: unless_empty(&self.elr),
            last_known_elr: unless_empty(&self.last_known_elr),
        }
    }
}

/// A topic with its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    pub name: Arc<str>,
    pub id: TopicId,
    partitions: OrdMap<PartitionIndex, Arc<PartitionImage>>,
}

impl TopicImage {
    /// Ascending.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionIndex, &Arc<PartitionImage>)> {
        self.partitions
            .iter()
            .map(|(index, partition)| (*index, partition))
    }

    #[must_use]
    pub fn partition(&self, index: PartitionIndex) -> Option<&Arc<PartitionImage>> {
        self.partitions.get(&index)
    }

    #[must_use]
    pub fn partition_count(&self) -> usize {
        self.partitions.len()
    }
}

/// All topics, by id and by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    by_id: OrdMap<TopicId, Arc<TopicImage>>,
    by_name: OrdMap<Arc<str>, TopicId>,
}

impl Topics {
    #[must_use]
    pub fn by_id(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&id)
    }

    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_name.get(name).and_then(|id| self.by_id.get(id))
    }

    #[must_use]
    pub fn partition(&self, topic: TopicId, index: PartitionIndex) -> Option<&Arc<PartitionImage>> {
        self.by_id.get(&topic)?.partition(index)
    }

    /// By name, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_name.values().filter_map(|id| self.by_id.get(id))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Those of which `self` has another state than `earlier`, by id: created, changed or, with `None`, gone.
    pub fn changes_since(
        &self,
        earlier: &Self,
    ) -> impl Iterator<Item = (TopicId, Option<Arc<TopicImage>>)> {
        use imbl::ordmap::DiffItem;
        let changed: Vec<_> = earlier
            .by_id
            .diff(&self.by_id)
            .map(|item| match item {
                DiffItem::Add(id, topic) => (*id, Some(Arc::clone(topic))),
                DiffItem::Update {
                    new: (id, topic), ..
                } => (*id, Some(Arc::clone(topic))),
                DiffItem::Remove(id, _) => (*id, None),
            })
            .collect();
        changed.into_iter()
    }

    pub(crate) fn add(&mut self, record: &TopicRecord<'_>) -> Result<(), ApplyError> {
        let name: Arc<str> = Arc::from(&*record.name);
        if self.by_name.contains_key(&name) {
            return Err(ApplyError::TopicExists(name.to_string()));
        }
        if self.by_id.contains_key(&record.topic_id) {
            return Err(ApplyError::TopicIdExists(record.topic_id));
        }
        let topic = TopicImage {
            name: Arc::clone(&name),
            id: record.topic_id,
            partitions: OrdMap::new(),
        };
        self.by_name.insert(name, record.topic_id);
        self.by_id.insert(record.topic_id, Arc::new(topic));
        Ok(())
    }

    /// The removed topic's name.
    pub(crate) fn remove(&mut self, id: TopicId) -> Result<Arc<str>, ApplyError> {
        let topic = self.by_id.remove(&id).ok_or(ApplyError::UnknownTopic(id))?;
        self.by_name.remove(&topic.name);
        Ok(Arc::clone(&topic.name))
    }

    pub(crate) fn set_partition(&mut self, record: &PartitionRecord) -> Result<(), ApplyError> {
        let topic = self
            .by_id
            .get_mut(&record.topic_id)
            .ok_or(ApplyError::UnknownTopic(record.topic_id))?;
        let partition = Arc::new(PartitionImage::new(record));
        Arc::make_mut(topic)
            .partitions
            .insert(record.partition_id, partition);
        Ok(())
    }

    pub(crate) fn change_partition(
        &mut self,
        record: &PartitionChangeRecord,
    ) -> Result<(), ApplyError> {
        let topic = self
            .by_id
            .get_mut(&record.topic_id)
            .ok_or(ApplyError::UnknownTopic(record.topic_id))?;
        let unknown = ApplyError::UnknownPartition(record.topic_id, record.partition_id);
        let partition = Arc::make_mut(topic)
            .partitions
            .get_mut(&record.partition_id)
            .ok_or(unknown)?;
        Arc::make_mut(partition).change(record);
        Ok(())
    }

    /// Forgets eligible leaders of one topic, or with an empty name of all.
    pub(crate) fn clear_elr(&mut self, name: &str) {
        let ids: Vec<TopicId> = if name.is_empty() {
            self.by_id.keys().copied().collect()
        } else {
            self.by_name.get(name).copied().into_iter().collect()
        };
        for id in ids {
            let Some(topic) = self.by_id.get_mut(&id) else {
                continue;
            };
            let has_any =
                |p: &Arc<PartitionImage>| !p.elr.is_empty() || !p.last_known_elr.is_empty();
            let affected: Vec<PartitionIndex> = topic
                .partitions
                .iter()
                .filter(|(_, p)| has_any(p))
                .map(|(index, _)| *index)
                .collect();
            for index in affected {
                if let Some(partition) = Arc::make_mut(topic).partitions.get_mut(&index) {
                    let partition = Arc::make_mut(partition);
                    partition.elr.clear();
                    partition.last_known_elr.clear();
                    partition.partition_epoch = partition.partition_epoch.next();
                }
            }
        }
    }

    pub(crate) fn records(&self) -> Vec<MetadataRecord<'static>> {
        let mut records = Vec::new();
        for topic in self.by_id.values() {
            let name = topic.name.to_string().into();
            records.push(
                TopicRecord {
                    name,
                    topic_id: topic.id,
                }
                .into(),
            );
            records.extend(
                topic
                    .partitions()
                    .map(|(index, partition)| partition.record(topic.id, index).into()),
            );
        }
        records
    }
}
