//! One number for all that an assignment takes from the topics' metadata.
//!
//! It is kept with the group's epoch (KIP-1101), so it must be the number that other releases compute: XXH3 over little-endian integers and
//! UTF-16 text.

use std::collections::BTreeMap;

use twox_hash::xxhash3_64;

use ottla_model::{PartitionIndex, TopicId};

use super::TopicsView;

/// What the layout of a topic's bytes is called by.
const FORMAT: u8 = 0;

/// The numbers of a group's topics in one metadata image. Each member that joins or leaves asks for that of all of them, and to make one
/// takes a look at every partition.
#[derive(Clone, Debug, Default)]
pub(super) struct TopicHashes {
    /// Of the image.
    version: i64,
    known: BTreeMap<TopicId, i64>,
}

impl TopicHashes {
    /// 0 if none of the topics exists.
    pub(super) fn group_hash<'a>(
        &mut self,
        names: impl Iterator<Item = &'a str>,
        topics: &dyn TopicsView,
    ) -> i64 {
        if self.version != topics.version() {
            self.known.clear();
            self.version = topics.version();
        }
        let mut names: Vec<&str> = names.collect();
        // Kafka orders names by their UTF-16 units, which is the order of bytes for all names that a topic can have.
        names.sort_unstable();
        let mut bytes = Vec::new();
        for name in names {
            if let Some(id) = topics.id(name) {
                let known = self.known.entry(id);
                let hash = *known.or_insert_with(|| topic_hash(id, name, topics));
                bytes.extend_from_slice(&hash.to_le_bytes());
            }
        }
        if bytes.is_empty() {
            return 0;
        }
        hash(&bytes)
    }
}

fn topic_hash(id: TopicId, name: &str, topics: &dyn TopicsView) -> i64 {
    let mut bytes = vec![FORMAT];
    let bits = id.0.as_u128();
    bytes.extend_from_slice(&((bits >> 64) as u64).to_le_bytes());
    bytes.extend_from_slice(&(bits as u64).to_le_bytes());
    put_text(&mut bytes, name);
    let count = topics.partition_count(id).unwrap_or(0);
    bytes.extend_from_slice(&count.to_le_bytes());
    for partition in 0..count {
        bytes.extend_from_slice(&partition.to_le_bytes());
        let mut racks = topics.racks(id, PartitionIndex(partition));
        racks.sort_unstable();
        for rack in racks {
            bytes.extend_from_slice(&utf16_length(rack).to_le_bytes());
            put_text(&mut bytes, rack);
        }
    }
    hash(&bytes)
}

/// Its units, and behind them how many there are.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    for unit in text.encode_utf16() {
        bytes.extend_from_slice(&unit.to_le_bytes());
    }
    bytes.extend_from_slice(&utf16_length(text).to_le_bytes());
}

fn utf16_length(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).expect("a name fits into a frame")
}

fn hash(bytes: &[u8]) -> i64 {
    xxhash3_64::Hasher::oneshot(bytes).cast_signed()
}

#[cfg(test)]
mod tests {
    use ottla_model::Uuid;

    use super::*;

    /// One topic.
    struct Topic {
        name: &'static str,
        racks: [&'static [&'static str]; 2],
        partitions: i32,
        version: i64,
    }

    impl TopicsView for Topic {
        fn id(&self, name: &str) -> Option<TopicId> {
            (name == self.name).then_some(ID)
        }

        fn name(&self, _: TopicId) -> Option<&str> {
            Some(self.name)
        }

        fn partition_count(&self, _: TopicId) -> Option<i32> {
            Some(self.partitions)
        }

        fn racks(&self, _: TopicId, partition: PartitionIndex) -> Vec<&str> {
            self.racks[usize::try_from(partition.0).unwrap()].to_vec()
        }

        fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
            Box::new(std::iter::once(self.name))
        }

        fn version(&self) -> i64 {
            self.version
        }

        fn version_with_new_topics(&self) -> i64 {
            0
        }
    }

    const ID: TopicId = TopicId(Uuid::from_u128((1 << 64) + 2));

    fn group_hash(names: &[&str], topics: &dyn TopicsView) -> i64 {
        TopicHashes::default().group_hash(names.iter().copied(), topics)
    }

    #[test]
    fn the_numbers_are_those_of_kafka() {
        let two = Topic {
            name: "foo",
            racks: [&[], &[]],
            partitions: 2,
            version: 0,
        };
        assert_eq!(topic_hash(ID, "foo", &two), -5_159_372_484_819_424_185);
        let name = "a-much-longer-topic-name-with-é-and-😀";
        let racks = Topic {
            name,
            racks: [&["r-2", "r-1"], &[]],
            partitions: 1,
            version: 0,
        };
        assert_eq!(topic_hash(ID, name, &racks), 4_492_555_519_330_572_508);
        let mut bytes = 5i64.to_le_bytes().to_vec();
        bytes.extend_from_slice(&(-7i64).to_le_bytes());
        assert_eq!(hash(&bytes), -4_646_943_608_980_624_969);
    }

    #[test]
    fn topics_that_do_not_exist_do_not_count() {
        let topic = Topic {
            name: "foo",
            racks: [&[], &[]],
            partitions: 2,
            version: 0,
        };
        assert_eq!(group_hash(&["bar"], &topic), 0);
        assert_eq!(
            group_hash(&["foo", "bar"], &topic),
            group_hash(&["foo"], &topic)
        );
    }

    #[test]
    fn what_is_known_of_a_topic_is_known_of_one_image() {
        let mut topic = Topic {
            name: "foo",
            racks: [&[], &[]],
            partitions: 2,
            version: 0,
        };
        let mut hashes = TopicHashes::default();
        let of_two = hashes.group_hash(["foo"].into_iter(), &topic);
        assert_eq!(hashes.known.len(), 1);
        topic.partitions = 1;
        topic.version = 1;
        let of_one = hashes.group_hash(["foo"].into_iter(), &topic);
        assert_ne!(of_one, of_two);
        assert_eq!(of_one, group_hash(&["foo"], &topic));
    }
}
