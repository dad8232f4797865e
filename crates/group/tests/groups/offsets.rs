//! Offsets of groups that have no members.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_group::offsets::{
    CommitOffsets, DeleteOffsets, FetchOffsets, FetchTopic, PartitionCommit, TopicCommit,
};
use ottla_group::{Answer, MemberClaim, Reply, Request, State};
use ottla_model::{
    ErrorCode, LeaderEpoch, Offset, PartitionIndex, ProducerId, Timestamp, TopicId, Uuid,
};
use ottla_wire::control_record::{ControlRecord, EndTxnMarker};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::offset_commit::{OffsetCommitKey, OffsetCommitValue};
use ottla_wire::records::{Attributes, BatchBuilder, BatchFields, Compression};
use proptest::prelude::*;

use crate::partition::{CHECK, DAY, Partition, RETENTION, at};

impl Partition {
    pub(crate) fn commit(&mut self, group: &str, topic: &str, offset: i64) -> Answer {
        self.ask(commit(group, topic, offset))
    }

    /// What is committed in partition 0 of a topic.
    pub(crate) fn fetch(&mut self, group: &str, topic: &str) -> (Offset, ErrorCode) {
        let answer = self.ask(fetch(group, topic, TopicId::default(), true));
        let Ok(Reply::Fetched(topics)) = answer else {
            unreachable!("{answer:?}");
        };
        let fetched = &topics[0].partitions[0];
        (fetched.offset, fetched.error)
    }
}

fn nobody() -> MemberClaim {
    MemberClaim {
        member_id: Arc::from(""),
        instance_id: None,
        generation_or_epoch: -1,
        version: 9,
    }
}

pub(crate) fn commit_of(group: &str, topic: &str, offset: i64) -> CommitOffsets {
    CommitOffsets {
        group: Arc::from(group),
        member: nobody(),
        kept_for: None,
        topics: vec![TopicCommit {
            name: Arc::from(topic),
            id: TopicId::default(),
            partitions: vec![PartitionCommit {
                partition: PartitionIndex(0),
                offset: Offset(offset),
                leader_epoch: LeaderEpoch(3),
                metadata: "note".to_owned(),
            }],
        }],
    }
}

fn commit(group: &str, topic: &str, offset: i64) -> Request {
    Request::CommitOffsets(commit_of(group, topic, offset))
}

fn fetch(group: &str, topic: &str, id: TopicId, require_stable: bool) -> Request {
    Request::FetchOffsets(FetchOffsets {
        group: Arc::from(group),
        member_id: None,
        member_epoch: -1,
        topics: Some(vec![FetchTopic {
            name: Arc::from(topic),
            id,
            partitions: vec![PartitionIndex(0)],
        }]),
        require_stable,
    })
}

pub(crate) const NOTHING: (Offset, ErrorCode) = (Offset::UNKNOWN, ErrorCode::None);

pub(crate) fn codes(codes: &[ErrorCode]) -> Answer {
    Ok(Reply::Codes(codes.to_vec()))
}

#[test]
fn what_is_committed_is_fetched_also_after_a_load() {
    let mut partition = Partition::new();
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert_eq!(partition.commit("g", "t", 7), codes(&[ErrorCode::None]));
    assert_eq!(partition.fetch("g", "t"), (Offset(7), ErrorCode::None));
    assert_eq!(partition.fetch("h", "t"), NOTHING);
    assert_eq!(partition.list(), ["g"]);
    let mut loaded = Partition::load(partition.log);
    assert_eq!(loaded.fetch("g", "t"), (Offset(7), ErrorCode::None));
    assert_eq!(loaded.list(), ["g"]);
}

#[test]
fn a_commit_is_written_as_kafka_writes_it() {
    let mut partition = Partition::new();
    partition.now = at(1);
    partition.commit("g", "t", 7).expect("it is allowed");
    let key = b"\0\x01\0\x01g\0\x01t\0\0\0\0".to_vec();
    let value = b"\0\x04\0\0\0\0\0\0\0\x07\0\0\0\x03\x05note\0\0\0\0\0\0\x03\xe8\0".to_vec();
    assert_eq!(partition.last(), [(key.clone(), Some(value))]);
    // Where the client says how long, in the one version that can say so.
    let mut request = commit_of("g", "t", 7);
    request.kept_for = Some(Duration::from_secs(1));
    let answer = partition.ask(Request::CommitOffsets(request));
    answer.expect("it is allowed");
    let value =
        b"\0\x01\0\0\0\0\0\0\0\x07\0\x04note\0\0\0\0\0\0\x03\xe8\0\0\0\0\0\0\x07\xd0".to_vec();
    assert_eq!(partition.last(), [(key, Some(value))]);
}

#[test]
fn whoever_is_no_member_commits_without_being_one() {
    let refused = |version, generation| {
        let mut request = commit_of("g", "t", 7);
        request.member.version = version;
        request.member.generation_or_epoch = generation;
        Partition::new().ask(Request::CommitOffsets(request))
    };
    assert_eq!(refused(8, 0), Err(ErrorCode::IllegalGeneration));
    assert_eq!(refused(9, 0), Err(ErrorCode::GroupIdNotFound));
    assert_eq!(refused(9, -1), codes(&[ErrorCode::None]));
    let mut partition = Partition::new();
    partition.commit("g", "t", 7).expect("it is allowed");
    let mut request = commit_of("g", "t", 8);
    request.member.generation_or_epoch = 0;
    let answer = partition.ask(Request::CommitOffsets(request));
    assert_eq!(answer, Err(ErrorCode::UnknownMemberId));
}

#[test]
fn a_note_that_is_too_long_is_refused_for_its_partition_alone() {
    let mut request = commit_of("g", "t", 7);
    let partitions = &mut request.topics[0].partitions;
    for (partition, metadata) in [(1, "notes"), (2, "éééé"), (3, "😀😀"), (4, "😀😀!")]
    {
        let mut commit = partitions[0].clone();
        commit.partition = PartitionIndex(partition);
        commit.metadata = metadata.to_owned();
        partitions.push(commit);
    }
    let mut partition = Partition::new();
    let (fits, too_large) = (ErrorCode::None, ErrorCode::OffsetMetadataTooLarge);
    assert_eq!(
        partition.ask(Request::CommitOffsets(request)),
        codes(&[fits, too_large, fits, fits, too_large])
    );
    assert_eq!(partition.last().len(), 3);
}

#[test]
fn an_offset_of_an_earlier_topic_of_the_name_is_none_of_the_later_one() {
    let id = |id| TopicId(Uuid::from_u128(id));
    let mut request = commit_of("g", "t", 7);
    request.topics[0].id = id(1);
    let mut partition = Partition::new();
    let answer = partition.ask(Request::CommitOffsets(request));
    answer.expect("it is allowed");
    for (asked, found) in [(id(1), 7), (TopicId::default(), 7), (id(2), -1)] {
        let answer = partition.ask(fetch("g", "t", asked, false));
        let Ok(Reply::Fetched(topics)) = answer else {
            unreachable!("{answer:?}");
        };
        assert_eq!(topics[0].partitions[0].offset, Offset(found));
    }
}

#[test]
fn a_client_deletes_offsets() {
    let delete = |topic: &str| {
        Request::DeleteOffsets(DeleteOffsets {
            group: Arc::from("g"),
            topics: vec![(Arc::from(topic), vec![PartitionIndex(0)])],
        })
    };
    let mut partition = Partition::new();
    assert_eq!(partition.ask(delete("t")), Err(ErrorCode::GroupIdNotFound));
    partition.commit("g", "t", 7).expect("it is allowed");
    for topic in ["other", "t"] {
        assert_eq!(partition.ask(delete(topic)), codes(&[ErrorCode::None]));
    }
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert_eq!(partition.list(), ["g"]);
    let key = b"\0\x01\0\x01g\0\x01t\0\0\0\0".to_vec();
    assert_eq!(partition.last(), [(key, None)]);
}

#[test]
fn a_client_deletes_groups() {
    let mut partition = Partition::new();
    partition.commit("g", "t", 7).expect("it is allowed");
    let ids = vec![Arc::from("g"), Arc::from("h")];
    assert_eq!(
        partition.ask(Request::DeleteGroups(ids)),
        codes(&[ErrorCode::None, ErrorCode::GroupIdNotFound])
    );
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert!(partition.list().is_empty());
    assert_eq!(partition.last()[1], (b"\0\x02\0\x01g".to_vec(), None));
    assert_eq!(
        Partition::load(partition.log).coordinator.committed(),
        partition.coordinator.committed()
    );
}

#[test]
fn offsets_of_a_group_without_members_expire_and_the_group_with_the_last() {
    let mut partition = Partition::new();
    partition.commit("g", "t", 1).expect("it is allowed");
    partition.now = at(DAY);
    partition.commit("g", "u", 2).expect("it is allowed");
    let mut brief = commit_of("g", "v", 3);
    brief.kept_for = Some(Duration::from_secs(60));
    let answer = partition.ask(Request::CommitOffsets(brief));
    answer.expect("it is allowed");
    partition.expire(DAY + CHECK);
    assert_eq!(partition.fetch("g", "v"), NOTHING);
    partition.expire(RETENTION - 1);
    assert_eq!(partition.fetch("g", "t"), (Offset(1), ErrorCode::None));
    partition.expire(RETENTION + CHECK);
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert_eq!(partition.fetch("g", "u"), (Offset(2), ErrorCode::None));
    partition.expire(RETENTION + DAY + CHECK);
    assert_eq!(partition.fetch("g", "u"), NOTHING);
    assert!(partition.list().is_empty());
}

/// So many positions of a group of a long name that no batch takes the tombstones of all of them.
fn too_much_for_a_batch() -> (Partition, String) {
    let mut partition = Partition::new();
    let group = "g".repeat(2000);
    let mut commit = commit_of(&group, "t", 1);
    let first = commit.topics[0].partitions.pop().expect("there is one");
    for partitions in (0..1000).collect::<Vec<i32>>().chunks(100) {
        let partitions = partitions.iter().map(|index| PartitionCommit {
            partition: PartitionIndex(*index),
            ..first.clone()
        });
        commit.topics[0].partitions = partitions.collect();
        let answer = partition.ask(Request::CommitOffsets(commit.clone()));
        assert_eq!(answer, codes(&[ErrorCode::None; 100]));
    }
    (partition, group)
}

#[test]
fn what_has_expired_is_taken_back_in_parts_that_a_batch_takes() {
    let (mut partition, _) = too_much_for_a_batch();
    partition.commit("h", "t", 1).expect("it is allowed");
    partition.expire(RETENTION + CHECK);
    assert!(partition.list().is_empty());
}

#[test]
fn topics_are_forgotten_in_parts_that_a_batch_takes() {
    let (mut partition, group) = too_much_for_a_batch();
    partition.begin(Request::ForgetTopics(BTreeSet::from([Arc::from("t")])));
    for second in 1..5 {
        partition.expire(second);
    }
    let offsets = partition.coordinator.committed().offsets();
    let mut partitions = (0..1000).map(PartitionIndex);
    assert!(partitions.all(|index| offsets.get(&group, "t", index).is_none()));
}

#[test]
fn offsets_of_topics_that_are_no_more_are_forgotten() {
    let mut partition = Partition::new();
    for (group, topic) in [("g", "t"), ("g", "u"), ("h", "t")] {
        partition.commit(group, topic, 1).expect("it is allowed");
    }
    let topics = BTreeSet::from([Arc::from("t"), Arc::from("w")]);
    let answer = partition.ask(Request::ForgetTopics(topics));
    assert_eq!(answer, Ok(Reply::Done));
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert_eq!(partition.fetch("h", "t"), NOTHING);
    assert_eq!(partition.fetch("g", "u"), (Offset(1), ErrorCode::None));
    assert_eq!(partition.last().len(), 2);
}

#[test]
fn topics_are_forgotten_once_the_log_takes_it() {
    let mut partition = Partition::new();
    partition.commit("g", "t", 1).expect("it is allowed");
    partition.is_full = true;
    partition.begin(Request::ForgetTopics(BTreeSet::from([Arc::from("t")])));
    partition.is_full = false;
    assert_eq!(partition.fetch("g", "t"), (Offset(1), ErrorCode::None));
    // What is committed meanwhile is in another topic of the name.
    partition.commit("h", "t", 2).expect("it is allowed");
    partition.expire(2);
    assert_eq!(partition.fetch("g", "t"), NOTHING);
    assert_eq!(partition.fetch("h", "t"), (Offset(2), ErrorCode::None));
}

/// A batch of a transaction: commits of the group "g" in partition 0 of a topic.
fn transactional(producer: i64, topic: &'static str, offset: i64) -> Bytes {
    let record = GroupRecord::OffsetCommit(
        OffsetCommitKey {
            group: "g".into(),
            topic: topic.into(),
            partition: PartitionIndex(0),
        },
        Some(OffsetCommitValue {
            offset: Offset(offset),
            ..Default::default()
        }),
    );
    let value = record.encode_value(4).expect("it is no tombstone");
    batch(
        producer,
        Attributes::default(),
        &record.encode_key(),
        &value,
    )
}

fn end(producer: i64, record: &ControlRecord<'_>) -> Bytes {
    let attributes = Attributes::default().control();
    batch(
        producer,
        attributes,
        &record.encode_key(),
        &record.encode_value(),
    )
}

fn batch(producer: i64, attributes: Attributes, key: &[u8], value: &[u8]) -> Bytes {
    let fields = BatchFields {
        attributes: attributes.transactional(),
        producer_id: ProducerId(producer),
        ..BatchFields::default()
    };
    let mut builder = BatchBuilder::new(fields, Compression::None);
    builder.push(Timestamp(0), Some(key), Some(value), []);
    builder.build()
}

#[test]
fn what_a_transaction_commits_counts_when_it_ends_unless_something_later_does() {
    let mut open = Partition::new();
    open.commit("g", "t", 1).expect("it is allowed");
    open.log.push(transactional(5, "t", 2));
    open.log.push(transactional(5, "u", 3));
    let mut open = Partition::load(open.log);
    let unstable = (Offset::UNKNOWN, ErrorCode::UnstableOffsetCommit);
    assert_eq!(open.fetch("g", "t"), unstable);
    assert_eq!(open.fetch("g", "u"), unstable);
    open.expire(2 * RETENTION);
    assert_eq!(open.list(), ["g"]);
    open.commit("g", "u", 4).expect("it is allowed");
    let ended = |record: &ControlRecord<'_>| {
        let mut log = open.log.clone();
        log.push(end(5, record));
        Partition::load(log)
    };
    let mut committed = ended(&ControlRecord::Commit(EndTxnMarker::default()));
    assert_eq!(committed.fetch("g", "t"), (Offset(2), ErrorCode::None));
    assert_eq!(committed.fetch("g", "u"), (Offset(4), ErrorCode::None));
    let mut aborted = ended(&ControlRecord::Abort(EndTxnMarker::default()));
    assert_eq!(aborted.fetch("g", "t"), (Offset(1), ErrorCode::None));
    assert_eq!(aborted.fetch("g", "u"), (Offset(4), ErrorCode::None));
}

/// What happens to a partition.
#[derive(Clone, Debug)]
enum Event {
    Commit { group: u8, topic: u8, offset: i64 },
    Delete { group: u8, topic: u8 },
    DeleteGroup { group: u8 },
    Forget { topic: u8 },
    Pass { hours: u64 },
}

fn event() -> impl Strategy<Value = Event> {
    let (groups, topics) = (0..4u8, 0..4u8);
    prop_oneof![
        6 => (groups.clone(), topics.clone(), 0..100i64)
            .prop_map(|(group, topic, offset)| Event::Commit { group, topic, offset }),
        1 => (groups.clone(), topics.clone()).prop_map(|(group, topic)| Event::Delete { group, topic }),
        1 => groups.prop_map(|group| Event::DeleteGroup { group }),
        1 => topics.prop_map(|topic| Event::Forget { topic }),
        1 => (1..100u64).prop_map(|hours| Event::Pass { hours }),
    ]
}

proptest! {
    /// A fetch gives the last commit, unless it was deleted or is too old; and the log says the same.
    #[test]
    fn the_last_commit_is_what_a_fetch_gives(events in proptest::collection::vec(event(), 1..60)) {
        let mut partition = Partition::new();
        let mut expected = BTreeMap::<(u8, u8), (i64, u64)>::new();
        let mut seconds = 0;
        let name = |name: u8| name.to_string();
        for event in events {
            match event {
                Event::Commit { group, topic, offset } => {
                    let answer = partition.commit(&name(group), &name(topic), offset);
                    prop_assert_eq!(answer, codes(&[ErrorCode::None]));
                    expected.insert((group, topic), (offset, seconds));
                }
                Event::Delete { group, topic } => {
                    let topics = vec![(Arc::from(name(topic)), vec![PartitionIndex(0)])];
                    // It fails where there is no group, and then there is no offset.
                    let _ = partition.ask(Request::DeleteOffsets(DeleteOffsets {
                        group: Arc::from(name(group)),
                        topics,
                    }));
                    expected.remove(&(group, topic));
                }
                Event::DeleteGroup { group } => {
                    let ids = vec![Arc::from(name(group))];
                    prop_assert!(partition.ask(Request::DeleteGroups(ids)).is_ok());
                    expected.retain(|(other, _), _| *other != group);
                }
                Event::Forget { topic } => {
                    let topics = BTreeSet::from([Arc::from(name(topic))]);
                    prop_assert!(partition.ask(Request::ForgetTopics(topics)).is_ok());
                    expected.retain(|(_, other), _| *other != topic);
                }
                Event::Pass { hours } => {
                    seconds += hours * 3600;
                    partition.expire(seconds);
                    expected.retain(|_, (_, committed)| seconds - *committed < RETENTION);
                }
            }
            for (group, topic) in (0..4u8).flat_map(|group| (0..4u8).map(move |topic| (group, topic))) {
                let offset = expected.get(&(group, topic)).map_or(-1, |(offset, _)| *offset);
                let fetched = partition.fetch(&name(group), &name(topic));
                prop_assert_eq!(fetched, (Offset(offset), ErrorCode::None));
            }
        }
        let loaded: State = Partition::load(partition.log).coordinator.committed().clone();
        prop_assert_eq!(&loaded, partition.coordinator.committed());
    }
}
