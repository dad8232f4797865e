//! The topics of a metadata image, as groups of consumers see them.

use std::sync::Arc;

use ottla_group::SharedTopics;
use ottla_group::consumer::TopicsView;
use ottla_metadata::{Image, TopicImage};
use ottla_model::{PartitionIndex, TopicId};

struct ImageTopics {
    image: Arc<Image>,
    /// Of the image that brought the newest topic.
    version_with_new_topics: i64,
}

/// Those of `image`. `before`: those of the image before, if they are known.
pub(super) fn of_image(
    image: &Arc<Image>,
    before: Option<&SharedTopics>,
    has_new_topics: bool,
) -> SharedTopics {
    let version_with_new_topics = match before {
        Some(SharedTopics(before)) if !has_new_topics => before.version_with_new_topics(),
        _ => image.offset().0,
    };
    SharedTopics(Arc::new(ImageTopics {
        image: Arc::clone(image),
        version_with_new_topics,
    }))
}

impl ImageTopics {
    fn topic(&self, id: TopicId) -> Option<&TopicImage> {
        self.image.topics().by_id(id).map(|topic| &**topic)
    }
}

impl TopicsView for ImageTopics {
    fn id(&self, name: &str) -> Option<TopicId> {
        self.image.topics().by_name(name).map(|topic| topic.id)
    }

    fn name(&self, id: TopicId) -> Option<&str> {
        self.topic(id).map(|topic| &*topic.name)
    }

    fn partition_count(&self, id: TopicId) -> Option<i32> {
        let count = self.topic(id)?.partition_count();
        Some(i32::try_from(count).expect("partitions are counted in i32"))
    }

    fn racks(&self, id: TopicId, partition: PartitionIndex) -> Vec<&str> {
        let partition = self.image.topics().partition(id, partition);
        let replicas = partition.into_iter().flat_map(|state| &state.replicas);
        replicas
            .filter_map(|replica| self.image.cluster().broker(*replica)?.rack())
            .collect()
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.image.topics().iter().map(|topic| &*topic.name))
    }

    fn version(&self) -> i64 {
        self.image.offset().0
    }

    fn version_with_new_topics(&self) -> i64 {
        self.version_with_new_topics
    }
}
