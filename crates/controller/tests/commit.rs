//! What is appended and not committed can be taken back.

use ottla_config::ServerConfig;
use ottla_controller::{Controller, Options, Request};
use ottla_metadata::Image;
use ottla_metadata::features::{self, MetadataVersion};
use ottla_model::{Offset, TopicId, Uuid};
use ottla_wire::metadata_record::{BeginTransactionRecord, MetadataRecord, TopicRecord};

/// A controller whose cluster has its first records committed, and the end of its log.
fn activated() -> (Controller, Offset) {
    let mut controller = Controller::new(Options {
        node: ottla_model::NodeId(1),
        settings: ServerConfig::of_default_node("data").settings().clone(),
        default_partitions: 1,
        default_replication_factor: 1,
        deletes_topics: true,
        bootstrap: features::bootstrap(MetadataVersion::LATEST),
    });
    let records = controller.handle(&Request::Activate, Offset(1), 1).records;
    let end = append(&mut controller, Offset(1), &records);
    assert!(controller.commit(end).is_some());
    (controller, end)
}

fn append(controller: &mut Controller, base: Offset, records: &[MetadataRecord<'_>]) -> Offset {
    let mut end = base;
    for record in records {
        controller.replay(record, end).expect("the record fits");
        end = end.next();
    }
    controller.appended(end);
    end
}

fn topic(name: &'static str) -> MetadataRecord<'static> {
    TopicRecord {
        name: name.into(),
        topic_id: TopicId(Uuid::from_u128(1000)),
    }
    .into()
}

fn has_topic(image: &Image, name: &str) -> bool {
    image.topics().by_name(name).is_some()
}

#[test]
fn a_batch_shows_when_it_is_committed() {
    let (mut controller, start) = activated();
    let end = append(&mut controller, start, &[topic("new")]);
    assert!(has_topic(controller.image(), "new"));
    assert!(!has_topic(controller.committed(), "new"));
    assert_eq!(controller.commit(start), None);
    let committed = controller.commit(end);
    assert!(committed.is_some_and(|image| has_topic(image, "new")));
}

#[test]
fn a_batch_that_is_taken_back_leaves_no_trace() {
    let (mut controller, start) = activated();
    let before = controller.image().clone();
    append(&mut controller, start, &[topic("lost")]);
    controller.roll_back(start);
    assert_eq!(*controller.image(), before);
    let end = append(&mut controller, start, &[topic("kept")]);
    let committed = controller.commit(end);
    assert!(committed.is_some_and(|image| has_topic(image, "kept")));
}

#[test]
fn a_transaction_is_taken_back_with_the_batch_that_began_it() {
    let (mut controller, start) = activated();
    let begin = BeginTransactionRecord { name: None }.into();
    append(&mut controller, start, &[begin]);
    assert!(controller.is_in_transaction());
    controller.roll_back(start);
    assert!(!controller.is_in_transaction());
}
