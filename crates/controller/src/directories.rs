//! In which directory of its broker a replica lies (KIP-858).

use ottla_metadata::PartitionImage;
use ottla_model::{BrokerEpoch, NodeId, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::{MetadataRecord, PartitionChangeRecord};

use crate::controller::{Controller, Outcome};

/// In place of a directory's id, of a broker that does not say which directories it has.
pub(crate) const MIGRATING: Uuid = Uuid::from_u128(0);
/// The same where the broker has not chosen yet.
pub(crate) const UNASSIGNED: Uuid = Uuid::from_u128(1);

/// A broker's word that it has its replica there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignedDirectory {
    pub topic: TopicId,
    pub partition: PartitionIndex,
    pub directory: Uuid,
}

impl Controller {
    /// Writes down where a broker has its replicas. One that nobody led for the want of its directory is led again.
    pub(crate) fn assign_directories(
        &self,
        id: NodeId,
        epoch: BrokerEpoch,
        assigned: &[AssignedDirectory],
    ) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let changes = assigned.iter().filter_map(|to| self.assign(id, to));
        Outcome::done(changes.map(MetadataRecord::from).collect())
    }

    /// `None` where nothing changes: it is there already, or the broker has no such replica any more.
    fn assign(&self, id: NodeId, to: &AssignedDirectory) -> Option<PartitionChangeRecord> {
        let topic = self.image.topics().by_id(to.topic)?;
        let partition = topic.partition(to.partition)?;
        let place = partition.replicas.iter().position(|other| *other == id)?;
        let broker = self.image.cluster().broker(id)?;
        let known = partition.directories.get(place)?;
        if *known == to.directory || !broker.log_dirs().contains(&to.directory) {
            return None;
        }
        let mut moved = PartitionImage::clone(partition);
        moved.directories[place] = to.directory;
        let unchanged = PartitionChangeRecord {
            topic_id: to.topic,
            partition_id: to.partition,
            ..Default::default()
        };
        let mut record = match moved.leader {
            NodeId::NONE => self.election(topic, to.partition, &moved),
            _ => None,
        }
        .unwrap_or(unchanged);
        record.directories = Some(moved.directories);
        Some(record)
    }

    /// Whether the broker can use its replica's directory, as far as it has said.
    pub(crate) fn has_directory(&self, id: NodeId, partition: &PartitionImage) -> bool {
        let place = partition.replicas.iter().position(|other| *other == id);
        let directory = place.and_then(|place| partition.directories.get(place));
        let broker = self.image.cluster().broker(id);
        let usable = broker.map_or(&[][..], |broker| broker.log_dirs());
        match directory {
            None | Some(&MIGRATING | &UNASSIGNED) => true,
            Some(directory) => usable.is_empty() || usable.contains(directory),
        }
    }
}
