//! Partitions whose logs go from one directory to another (KIP-113).

use std::sync::Arc;

use ottla_controller::AssignedDirectory;
use ottla_env::Env;
use ottla_metadata::PartitionImage;
use ottla_model::Uuid;

use super::{Publisher, leadership};
use crate::lane::{Arrival, HandOver, Job, Stay};
use crate::partition::{Partition, PartitionKey};

impl<E: Env> Publisher<E> {
    /// The partition where the metadata has it by now, if its log is ready to go there.
    pub(super) fn follow(
        &mut self,
        partition: Arc<Partition<E>>,
        state: &PartitionImage,
        replica: usize,
    ) -> Arc<Partition<E>> {
        let to = state.directories.get(replica).copied();
        let to = to.filter(|to| *to != partition.directory && state.leader == self.node);
        if let Some(staying) = to.and_then(|to| self.take_staying(partition.key, to)) {
            return self.stay(&partition, staying);
        }
        let (Some(to), Some(_)) = (to, partition.leader_epoch()) else {
            return partition;
        };
        let (Some(place), Some(future)) = (
            self.places.of(to),
            self.to.moves.take_ready(partition.key, to),
        ) else {
            return partition;
        };
        let key = partition.key;
        let topic = Arc::clone(&partition.topic);
        let moved = Arc::new(Partition::new(key, topic, place, partition.config()));
        partition.move_away();
        self.to.groups.remove(key);
        moved.set_leader_epoch(Some(state.leader_epoch));
        moved.lane.send(Job::Expect {
            partition: Arc::clone(&moved),
            leadership: leadership(state),
        });
        let arrival = Arrival::new(Arc::clone(&moved), state.leader_epoch);
        partition.lane.send(Job::HandOver(Box::new(HandOver {
            key,
            future,
            arrival,
            stay: self.to_stay(),
        })));
        self.places.left(partition.directory);
        self.places.came(to);
        self.to.partitions.insert(Arc::clone(&moved));
        self.to.groups.lead(&moved);
        moved
    }

    /// What the lane does with a partition that it cannot hand over: the controller is told where it stays.
    fn to_stay(&self) -> Stay<E> {
        let (staying, assigned) = (Arc::clone(&self.staying), self.assigned.clone());
        Box::new(move |partition| {
            let stays = AssignedDirectory {
                topic: partition.key.topic,
                partition: partition.key.index,
                directory: partition.directory,
            };
            staying.lock().insert(partition.key, partition);
            // Whoever passes it on ends with the node.
            let _ = assigned.unbounded_send(stays);
        })
    }

    fn take_staying(&self, key: PartitionKey, directory: Uuid) -> Option<Arc<Partition<E>>> {
        let mut staying = self.staying.lock();
        let is_there = staying.get(&key)?.directory == directory;
        is_there.then(|| staying.remove(&key)).flatten()
    }

    /// The metadata has the partition where it stays, and not where its log did not come.
    fn stay(&mut self, moved: &Arc<Partition<E>>, staying: Arc<Partition<E>>) -> Arc<Partition<E>> {
        let key = moved.key;
        moved.move_away();
        self.to.groups.remove(key);
        // There is nothing but what the lane knows of it.
        moved.lane.send(Job::Delete {
            partition: Arc::clone(moved),
            was_found: false,
        });
        staying.stay();
        staying.set_config(moved.config());
        staying.lane.send(Job::Configure { key });
        self.places.left(moved.directory);
        self.places.came(staying.directory);
        self.to.partitions.insert(Arc::clone(&staying));
        staying
    }
}
