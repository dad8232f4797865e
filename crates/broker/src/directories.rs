//! Which directory a partition's log is in, and how the controller hears of it (KIP-858).

use std::sync::Arc;

use futures::StreamExt;
use futures::channel::mpsc;
use ottla_controller::{AssignedDirectory, Reply, Request};
use ottla_env::Env;
use ottla_model::{BrokerEpoch, Uuid};

use crate::lane::Lane;
use crate::node::Node;

/// Told to the controller at once: they are one record each.
const MAX_TOLD: usize = 1024;

/// The directories that take partitions.
pub(crate) struct Places<E: Env> {
    places: Vec<Place<E>>,
}

struct Place<E: Env> {
    id: Uuid,
    lane: Lane<E>,
    partitions: usize,
}

impl<E: Env> Places<E> {
    pub(crate) fn new(lanes: Vec<(Uuid, Lane<E>)>) -> Self {
        assert!(!lanes.is_empty(), "a node has a log directory");
        let places = lanes.into_iter().map(|(id, lane)| Place {
            id,
            lane,
            partitions: 0,
        });
        Self {
            places: places.collect(),
        }
    }

    /// `None` where it is none of ours.
    pub(crate) fn of(&self, id: Uuid) -> Option<(Uuid, Lane<E>)> {
        let place = self.places.iter().find(|place| place.id == id)?;
        Some((place.id, place.lane.clone()))
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Lane<E>> {
        self.places.iter().map(|place| &place.lane)
    }

    /// The one with the fewest partitions, the first of several. One that is not `usable` only where none is, and one that is
    /// `cordoned` only where all that are usable are.
    pub(crate) fn emptiest(&self, usable: &[Uuid], cordoned: &[Uuid]) -> (Uuid, Lane<E>) {
        let weight = |place: &&Place<E>| {
            (
                !usable.contains(&place.id),
                cordoned.contains(&place.id),
                place.partitions,
            )
        };
        let place = self.places.iter().min_by_key(weight);
        let place = place.expect("there is at least one");
        (place.id, place.lane.clone())
    }

    pub(crate) fn came(&mut self, id: Uuid) {
        self.count(id, |partitions| partitions + 1);
    }

    pub(crate) fn left(&mut self, id: Uuid) {
        self.count(id, |partitions| partitions - 1);
    }

    fn count(&mut self, id: Uuid, change: fn(usize) -> usize) {
        let place = self.places.iter_mut().find(|place| place.id == id);
        let place = place.expect("a partition is in a directory of ours");
        place.partitions = change(place.partitions);
    }
}

/// Tells the controller where partitions are, until the node ends.
pub(crate) async fn tell_directories<E: Env>(
    node: Arc<Node<E>>,
    epoch: BrokerEpoch,
    mut assigned: mpsc::UnboundedReceiver<AssignedDirectory>,
) {
    while let Some(first) = assigned.next().await {
        let mut told = vec![first];
        while told.len() < MAX_TOLD
            && let Ok(next) = assigned.try_recv()
        {
            told.push(next);
        }
        let request = Request::AssignDirectories {
            broker: node.id,
            epoch,
            assigned: told,
        };
        match node.quorum.ask(request).await {
            Ok(Reply::Done) => {}
            // Told again at the next start, for then the metadata still names another directory.
            other => {
                tracing::warn!(?other, "the controller was not told of directories");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idle_env::IdleEnv;

    const ONE: Uuid = Uuid::from_u128(101);
    const TWO: Uuid = Uuid::from_u128(102);

    #[test]
    fn a_partition_goes_where_the_fewest_are_of_the_directories_that_can_be_used() {
        let env = IdleEnv::new();
        let lanes = [("/one", ONE), ("/two", TWO)].map(|(path, id)| (id, env.lane(path, id)));
        let mut places = Places::new(lanes.into());
        assert_eq!(places.emptiest(&[ONE, TWO], &[]).0, ONE);
        places.came(ONE);
        assert_eq!(places.emptiest(&[ONE, TWO], &[]).0, TWO);
        assert_eq!(places.emptiest(&[ONE], &[]).0, ONE);
        places.left(ONE);
        assert_eq!(places.emptiest(&[ONE, TWO], &[]).0, ONE);
        assert_eq!(places.emptiest(&[ONE, TWO], &[ONE]).0, TWO);
        assert_eq!(places.emptiest(&[ONE], &[ONE]).0, ONE);
        // It fails there, and is not forgotten.
        assert_eq!(places.emptiest(&[], &[]).0, ONE);
    }
}
