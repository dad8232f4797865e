//! Metadata for the tests of handlers.

use ottla_metadata::Image;
use ottla_model::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId, Uuid};
use ottla_wire::metadata_record::{MetadataRecord, PartitionRecord, TopicRecord};

/// A topic of so many partitions, with an id that follows from its name.
pub(crate) fn topic(name: &str, partitions: i32) -> Vec<MetadataRecord<'static>> {
    let topic_id = id(name);
    let topic = TopicRecord {
        name: name.to_owned().into(),
        topic_id,
    };
    let partition = |index| PartitionRecord {
        partition_id: PartitionIndex(index),
        topic_id,
        replicas: vec![NodeId(1)],
        isr: vec![NodeId(1)],
        leader: NodeId(1),
        leader_epoch: LeaderEpoch(0),
        ..Default::default()
    };
    let partitions = (0..partitions).map(|index| partition(index).into());
    std::iter::once(topic.into()).chain(partitions).collect()
}

pub(crate) fn id(name: &str) -> TopicId {
    let bytes = name.bytes();
    TopicId(Uuid::from_u128(
        bytes.fold(1, |id, byte| id << 8 | u128::from(byte)),
    ))
}

pub(crate) fn image(topics: &[Vec<MetadataRecord<'_>>]) -> Image {
    let mut image = Image::default();
    for (offset, record) in (0..).zip(topics.iter().flatten()) {
        let applied = image.apply(record, Offset(offset));
        applied.expect("the records fit each other");
    }
    image
}
