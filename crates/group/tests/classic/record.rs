//! What is written of a group, and what becomes of it.

use std::sync::Arc;

use ottla_group::classic::{ClassicGroup, InvalidGroup};
use ottla_model::{ErrorCode, Timestamp};
use ottla_wire::consumer_protocol::ConsumerProtocolSubscription;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;
use ottla_wire::{Str, version_prefix};

use crate::coordinator::{Client, Coordinator, GROUP, SECOND};

#[test]
fn a_group_is_written_before_its_first_member_is_told_its_id() {
    let mut coordinator = Coordinator::default();
    coordinator.join(&Client::default().version(3));
    coordinator.commit();
    let record = coordinator.log.as_ref().expect("the group is written");
    let expected = GroupMetadataValue {
        protocol_type: Str::Borrowed(""),
        generation: 0,
        protocol: None,
        leader: None,
        current_state_timestamp: Timestamp(1_000_000),
        members: Vec::new(),
    };
    assert_eq!(*record, expected);
    let loaded = coordinator.loaded().expect("it is in the log");
    assert!(loaded.is_empty());
    assert_eq!(loaded.protocol_type(), None);
}

#[test]
fn a_stable_group_is_loaded_as_it_was() {
    let (mut coordinator, ids) = Coordinator::stable(3);
    let before = coordinator.group().described();
    coordinator.restart();
    assert_eq!(coordinator.group().described(), before);
    assert_eq!(coordinator.heartbeat(&ids[1], None, 1), ErrorCode::None);
    let ticket = coordinator.sync(&ids[1], None, 1, &[]);
    assert_eq!(coordinator.synced(ticket).assignment, ids[1].as_bytes());
}

#[test]
fn members_have_a_whole_session_after_a_restart() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    coordinator.pass(9 * SECOND);
    coordinator.restart();
    coordinator.pass(9 * SECOND);
    assert_eq!(coordinator.heartbeat(&ids[0], None, 1), ErrorCode::None);
    coordinator.pass(10 * SECOND);
    assert_eq!(coordinator.state(), "Empty");
}

#[test]
fn who_waited_during_a_restart_looks_for_the_new_coordinator() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let join = coordinator.join(&Client::named(&ids[0]));
    coordinator.restart();
    let answer = coordinator.joined(join);
    assert_eq!(answer.error, ErrorCode::NotCoordinator);
    assert_eq!(*answer.member_id, *ids[0]);
    assert_eq!(coordinator.state(), "Stable", "as the log has it");

    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    let sync = coordinator.sync(&ids[1], None, 2, &[]);
    coordinator.restart();
    assert_eq!(coordinator.synced(sync).error, ErrorCode::NotCoordinator);
}

#[test]
fn records_of_the_first_versions_say_less() {
    let (coordinator, _) = Coordinator::stable(1);
    let mut value = coordinator.log.expect("the group is written");
    value.current_state_timestamp = Timestamp::NONE;
    value.members[0].rebalance_timeout = -1;
    let group = ClassicGroup::from_record(Arc::from(GROUP), &value).expect("it is valid");
    assert_eq!(group.current_state_timestamp(), None);
    let ottla_wire::coordinator_record::GroupRecord::GroupMetadata(_, Some(again)) =
        group.assigned_record()
    else {
        panic!("a group writes itself");
    };
    assert_eq!(again.members[0].rebalance_timeout, 10_000);
}

#[test]
fn a_record_that_contradicts_itself_is_refused() {
    let (coordinator, _) = Coordinator::stable(1);
    let mut value = coordinator.log.expect("the group is written");
    value.members.push(value.members[0].clone());
    let group = ClassicGroup::from_record(Arc::from(GROUP), &value);
    assert_eq!(group.err(), Some(InvalidGroup::DuplicateMember));
    value.members[1].member_id = Str::Borrowed("another");
    for member in &mut value.members {
        member.group_instance_id = Some(Str::Borrowed("one"));
    }
    let group = ClassicGroup::from_record(Arc::from(GROUP), &value);
    assert_eq!(group.err(), Some(InvalidGroup::DuplicateInstance));
}

#[test]
fn a_leader_that_is_no_member_does_not_lead() {
    let (coordinator, ids) = Coordinator::stable(1);
    let value = GroupMetadataValue {
        leader: Some(Str::Borrowed("stranger")),
        ..coordinator.log.clone().expect("the group is written")
    };
    let mut coordinator = Coordinator::default();
    coordinator.log = Some(value);
    coordinator.restart();
    let ticket = coordinator.join(&Client::named(&ids[0]));
    assert_eq!(*coordinator.joined(ticket).leader, *ids[0]);
}

#[test]
fn it_is_known_what_consumers_subscribe_to() {
    let subscription = |topics: &[&'static str]| {
        let subscription = ConsumerProtocolSubscription {
            topics: topics.iter().map(|topic| Str::Borrowed(*topic)).collect(),
            ..Default::default()
        };
        version_prefix::encode(&subscription, 3).to_vec()
    };
    let mut coordinator = Coordinator::default();
    for topics in [&["clicks", "orders"][..], &["orders", "views"]] {
        coordinator.join(&Client {
            protocols: vec![("range", subscription(topics))],
            ..Client::default().version(3)
        });
    }
    coordinator.pass(6 * SECOND);
    coordinator.assign();
    let check = |group: &ClassicGroup| {
        assert!(group.subscriptions_known());
        let is_subscribed =
            ["clicks", "orders", "views", "others"].map(|topic| group.is_subscribed_to(topic));
        assert_eq!(is_subscribed, [true, true, true, false]);
    };
    check(coordinator.group());
    coordinator.restart();
    check(coordinator.group());
    coordinator.pass(60 * SECOND);
    assert_eq!(coordinator.state(), "Empty");
    assert!(!coordinator.group().is_subscribed_to("clicks"));
    assert!(coordinator.group().subscriptions_known());
}

#[test]
fn what_cannot_be_read_may_be_a_subscription_to_anything() {
    let mut coordinator = Coordinator::default();
    let garbage = Client {
        protocols: vec![("range", vec![0, 3, 255, 255, 255, 255])],
        ..Client::default().version(3)
    };
    coordinator.join(&garbage);
    coordinator.pass(3 * SECOND);
    coordinator.assign();
    assert_eq!(coordinator.state(), "Stable");
    assert!(!coordinator.group().subscriptions_known());
    assert!(coordinator.group().is_subscribed_to("clicks"));
    let mut coordinator = Coordinator::default();
    coordinator.join(&Client {
        protocol_type: "connect",
        ..garbage
    });
    coordinator.pass(3 * SECOND);
    assert!(!coordinator.group().is_subscribed_to("clicks"));
}

#[test]
fn a_description_has_metadata_of_a_stable_group_alone() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let described = coordinator.group().described();
    assert_eq!(described.group_state, "Stable");
    assert_eq!(described.protocol_type, "consumer");
    assert_eq!(described.protocol_data, "range");
    assert_eq!(described.members[0].client_id, "client");
    assert_eq!(described.members[0].client_host, "/127.0.0.1");
    assert_eq!(&described.members[0].member_metadata[..], b"metadata");
    assert_eq!(
        &described.members[0].member_assignment[..],
        ids[0].as_bytes()
    );
    let listed = coordinator.group().listed();
    assert_eq!(
        (&*listed.group_type, &*listed.group_state),
        ("classic", "Stable")
    );

    coordinator.join(&Client::named(&ids[0]));
    let described = coordinator.group().described();
    assert_eq!(described.group_state, "PreparingRebalance");
    assert_eq!(described.protocol_data, "");
    assert!(described.members[0].member_metadata.is_empty());
}
