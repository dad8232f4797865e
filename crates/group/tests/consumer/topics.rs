use std::collections::BTreeMap;

use ottla_group::consumer::TopicsView;
use ottla_model::{PartitionIndex, TopicId, Uuid};

/// The topics of a test, of which each that is created has another id.
#[derive(Clone, Default)]
pub(crate) struct Topics {
    by_name: BTreeMap<String, (TopicId, i32)>,
    racks: Vec<&'static str>,
    version: i64,
    version_with_new_topics: i64,
}

impl Topics {
    pub(crate) fn create(&mut self, name: &str, partitions: i32) -> TopicId {
        self.version += 1;
        self.version_with_new_topics = self.version;
        let id = TopicId(Uuid::from_u128(u128::from(self.version.unsigned_abs())));
        self.by_name.insert(name.to_owned(), (id, partitions));
        id
    }

    pub(crate) fn grow(&mut self, name: &str, partitions: i32) {
        self.version += 1;
        self.by_name.get_mut(name).unwrap().1 = partitions;
    }

    pub(crate) fn delete(&mut self, name: &str) {
        self.version += 1;
        self.by_name.remove(name);
    }
}

impl TopicsView for Topics {
    fn id(&self, name: &str) -> Option<TopicId> {
        self.by_name.get(name).map(|(id, _)| *id)
    }

    fn name(&self, id: TopicId) -> Option<&str> {
        self.by_name
            .iter()
            .find(|(_, (other, _))| *other == id)
            .map(|(name, _)| name.as_str())
    }

    fn partition_count(&self, id: TopicId) -> Option<i32> {
        self.by_name
            .values()
            .find(|(other, _)| *other == id)
            .map(|(_, partitions)| *partitions)
    }

    fn racks(&self, _: TopicId, _: PartitionIndex) -> Vec<&str> {
        self.racks.clone()
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.by_name.keys().map(String::as_str))
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn version_with_new_topics(&self) -> i64 {
        self.version_with_new_topics
    }
}
