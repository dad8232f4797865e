//! In which directory of its broker a replica lies (KIP-858).

use ottla_metadata::{Broker, PartitionImage};
use ottla_model::{BrokerEpoch, NodeId, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::{
    BrokerRegistrationChangeRecord, MetadataRecord, PartitionChangeRecord,
};

use crate::controller::{Controller, Outcome};
use crate::partitions::Event;

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

/// What becomes of a replica that has been assigned.
struct Assigned {
    record: PartitionChangeRecord,
    /// The directory cannot be used, and the replica with it.
    lost: Option<PartitionChangeRecord>,
}

impl Controller {
    /// Writes down where a broker has its replicas. One that nobody led for the want of its directory is led again; one in a directory
    /// that the broker cannot use is lost with that.
    pub(crate) fn assign_directories(
        &self,
        id: NodeId,
        epoch: BrokerEpoch,
        assigned: &[AssignedDirectory],
    ) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let mut records: Vec<MetadataRecord<'static>> = Vec::new();
        let mut lost: Vec<MetadataRecord<'static>> = Vec::new();
        for to in assigned {
            let Some(assigned) = self.assign(id, to) else {
                continue;
            };
            records.push(assigned.record.into());
            lost.extend(assigned.lost.map(MetadataRecord::from));
        }
        records.append(&mut lost);
        Outcome::done(records)
    }

    /// The broker's word on which of its directories take no new partitions.
    pub(crate) fn cordon_directories(
        &self,
        id: NodeId,
        epoch: BrokerEpoch,
        cordoned: &[Uuid],
    ) -> Outcome {
        match self.check_epoch(id, epoch) {
            Ok(()) => Outcome::done(self.cordons(id, epoch, cordoned).into_iter().collect()),
            Err(refusal) => Outcome::refused(refusal),
        }
    }

    /// Written down if it is news, and the cluster knows such a record.
    pub(crate) fn cordons(
        &self,
        id: NodeId,
        epoch: BrokerEpoch,
        cordoned: &[Uuid],
    ) -> Option<MetadataRecord<'static>> {
        let broker = self.image.cluster().broker(id);
        let said = broker.and_then(Broker::cordoned_log_dirs);
        let has_cordons = self.image.features().metadata_version().has_cordons();
        if !has_cordons || said == Some(cordoned) {
            return None;
        }
        let record = BrokerRegistrationChangeRecord {
            broker_id: id,
            broker_epoch: epoch,
            cordoned_log_dirs: Some(cordoned.to_vec()),
            ..Default::default()
        };
        Some(record.into())
    }

    /// The broker's replicas there are lost until it comes back with the directories.
    pub(crate) fn fail_directories(
        &self,
        id: NodeId,
        epoch: BrokerEpoch,
        failed: &[Uuid],
    ) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let known = self.image.cluster().broker(id);
        let known = known.map_or(&[][..], |broker| broker.log_dirs());
        let (lost, log_dirs): (Vec<Uuid>, Vec<Uuid>) = known
            .iter()
            .partition(|directory| failed.contains(directory));
        if lost.is_empty() {
            return Outcome::done(Vec::new());
        }
        let mut records = self.partition_changes(Event::LostDirectories(id, &lost));
        let record = BrokerRegistrationChangeRecord {
            broker_id: id,
            broker_epoch: epoch,
            log_dirs,
            ..Default::default()
        };
        records.push(record.into());
        Outcome::done(records)
    }

    /// `None` where nothing changes: it is there already, or the broker has no such replica any more.
    fn assign(&self, id: NodeId, to: &AssignedDirectory) -> Option<Assigned> {
        let topic = self.image.topics().by_id(to.topic)?;
        let partition = topic.partition(to.partition)?;
        let place = partition.replicas.iter().position(|other| *other == id)?;
        let broker = self.image.cluster().broker(id)?;
        let known = partition.directories.get(place)?;
        if *known == to.directory {
            return None;
        }
        let is_usable = broker.log_dirs().contains(&to.directory);
        let mut moved = PartitionImage::clone(partition);
        moved.directories[place] = to.directory;
        let unchanged = PartitionChangeRecord {
            topic_id: to.topic,
            partition_id: to.partition,
            ..Default::default()
        };
        let mut record = match moved.leader {
            NodeId::NONE if is_usable => self.election(topic, to.partition, &moved),
            _ => None,
        }
        .unwrap_or(unchanged);
        record.directories = Some(moved.directories);
        let is_lost = !is_usable;
        let lost = is_lost.then(|| self.loss(topic, to.partition, partition, id));
        Some(Assigned {
            record,
            lost: lost.flatten(),
        })
    }

    /// Where a new replica of the broker is, as far as that can be said before it is there.
    pub(crate) fn first_directory(&self, id: NodeId) -> Uuid {
        let broker = self.image.cluster().broker(id);
        match broker.map_or(&[][..], |broker| broker.log_dirs()) {
            [] => MIGRATING,
            [only] => *only,
            // The broker chooses among several and reports its choice.
            _ => UNASSIGNED,
        }
    }

    /// Whether the broker can use its replica's directory, as far as it has said.
    pub(crate) fn has_directory(&self, id: NodeId, partition: &PartitionImage) -> bool {
        let directory = directory_of(id, partition);
        let broker = self.image.cluster().broker(id);
        let usable = broker.map_or(&[][..], |broker| broker.log_dirs());
        match directory {
            None | Some(MIGRATING | UNASSIGNED) => true,
            Some(directory) => usable.is_empty() || usable.contains(&directory),
        }
    }
}

/// Where the broker has its replica, as far as the metadata tells.
pub(crate) fn directory_of(id: NodeId, partition: &PartitionImage) -> Option<Uuid> {
    let place = partition.replicas.iter().position(|other| *other == id)?;
    partition.directories.get(place).copied()
}
