use std::time::Duration;

use ottla_model::ErrorCode;
use ottla_wire::Str;

use crate::coordinator::{Coordinator, Request, alive, assigned, join, owns};

#[test]
fn the_first_member_gets_everything_at_once() {
    let (mut coordinator, _) = Coordinator::with_partitions(3);
    let answer = coordinator.send(&join("a", &["t"]));
    assert_eq!(answer.member_id.as_deref(), Some("a"));
    assert_eq!(
        answer.member_epoch, 2,
        "a group begins with its first epoch"
    );
    assert_eq!(answer.heartbeat_interval_ms, 5000);
    assert_eq!(assigned(&answer), [0, 1, 2]);
    assert_eq!(coordinator.group().state().name(), "Stable");
}

#[test]
fn a_member_without_an_id_is_given_one_in_version_0_only() {
    let (mut coordinator, _) = Coordinator::with_partitions(1);
    let nameless = join("", &["t"]);
    let answer = coordinator.try_send(&nameless, 0).unwrap();
    assert_eq!(answer.member_id.as_deref(), Some("fresh-1"));
    let refused = coordinator.try_send(&nameless, 1).unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidRequest);
    assert_eq!(refused.message, "MemberId can't be empty.");
}

#[test]
fn a_request_that_lacks_something_is_refused_with_the_reason() {
    let (mut coordinator, topic) = Coordinator::with_partitions(1);
    let valid = join("a", &["t"]);
    let cases: [(Request, &str); 9] = [
        (
            Request {
                group_id: Str::Borrowed(" "),
                ..valid.clone()
            },
            "GroupId can't be empty.",
        ),
        (
            Request {
                instance_id: Some(Str::Borrowed("")),
                ..valid.clone()
            },
            "InstanceId can't be empty.",
        ),
        (
            Request {
                rack_id: Some(Str::Borrowed("")),
                ..valid.clone()
            },
            "RackId can't be empty.",
        ),
        (
            Request {
                rebalance_timeout_ms: -1,
                ..valid.clone()
            },
            "RebalanceTimeoutMs must be provided in first request.",
        ),
        (
            Request {
                topic_partitions: None,
                ..valid.clone()
            },
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            Request {
                topic_partitions: owns("a", 0, topic, &[0]).topic_partitions,
                ..valid.clone()
            },
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            Request {
                subscribed_topic_names: None,
                ..valid
            },
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ),
        (alive("a", -2), "InstanceId can't be null."),
        (alive("a", -3), "MemberEpoch is invalid."),
    ];
    for (request, reason) in cases {
        let refused = coordinator.try_send(&request, 1).unwrap_err();
        assert_eq!(
            (refused.error, refused.message.as_str()),
            (ErrorCode::InvalidRequest, reason)
        );
    }
}

#[test]
fn an_assignor_that_is_not_configured_is_refused() {
    let (mut coordinator, _) = Coordinator::with_partitions(1);
    let refused = coordinator
        .try_send(
            &Request {
                server_assignor: Some(Str::Borrowed("sticky")),
                ..join("a", &["t"])
            },
            1,
        )
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnsupportedAssignor);
    assert_eq!(
        refused.message,
        "ServerAssignor sticky is not supported. Supported assignors: uniform, range."
    );
}

#[test]
fn the_assignor_that_most_members_name_assigns() {
    let (mut coordinator, _) = Coordinator::with_partitions(4);
    let with = |id, assignor: &'static str| Request {
        server_assignor: Some(Str::Borrowed(assignor)),
        ..join(id, &["t"])
    };
    coordinator.send(&with("a", "uniform"));
    coordinator.send(&with("b", "range"));
    coordinator.send(&with("c", "range"));
    coordinator.settle(&["a", "b", "c"]);
    // Uniform would have left the first two where they were.
    let partitions: Vec<usize> = ["a", "b", "c"]
        .iter()
        .map(|id| {
            coordinator
                .member(id)
                .assigned
                .values()
                .next()
                .unwrap()
                .len()
        })
        .collect();
    assert_eq!(partitions, [2, 1, 1]);
    let topics = &coordinator.topics;
    let described = coordinator
        .group()
        .describe(ottla_group::consumer::assignor::Assignor::Uniform, topics);
    assert_eq!(described.assignor_name, "range");
}

#[test]
fn a_full_group_takes_nobody_else_but_goes_on() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.settings.max_size = 1;
    coordinator.send(&join("a", &["t"]));
    let refused = coordinator.try_send(&join("b", &["t"]), 1).unwrap_err();
    assert_eq!(refused.error, ErrorCode::GroupMaxSizeReached);
    assert_eq!(
        refused.message,
        "The consumer group has reached its maximum capacity of 1 members."
    );
    coordinator.send(&alive("a", 2));
}

#[test]
fn members_that_join_within_the_assignment_interval_share_the_next_target() {
    let (mut coordinator, topic) = Coordinator::with_partitions(4);
    coordinator.settings.assignment_interval = Duration::from_secs(1);
    let first = coordinator.send(&join("a", &["t"]));
    assert_eq!(assigned(&first), [0, 1, 2, 3]);
    let second = coordinator.send(&join("b", &["t"]));
    assert_eq!((second.member_epoch, assigned(&second).len()), (2, 0));
    assert_eq!(coordinator.group().state().name(), "Assigning");
    coordinator.pass(1);
    let told = coordinator.send(&owns("a", 2, topic, &[0, 1, 2, 3]));
    assert_eq!(assigned(&told).len(), 2, "half of it is to be given up");
}

#[test]
fn a_topic_that_does_not_exist_yet_is_assigned_once_it_does() {
    let mut coordinator = Coordinator::new();
    let answer = coordinator.send(&join("a", &["later"]));
    assert_eq!((answer.member_epoch, assigned(&answer).len()), (2, 0));
    coordinator.topics.create("later", 2);
    coordinator.timers.metadata_changed();
    let answer = coordinator.send(&alive("a", 2));
    assert_eq!((answer.member_epoch, assigned(&answer)), (3, vec![0, 1]));
}

#[test]
fn new_partitions_are_assigned_and_a_deleted_topic_is_given_up() {
    let (mut coordinator, topic) = Coordinator::with_partitions(1);
    coordinator.send(&join("a", &["t"]));
    coordinator.topics.grow("t", 3);
    coordinator.timers.metadata_changed();
    let answer = coordinator.send(&owns("a", 2, topic, &[0]));
    assert_eq!(assigned(&answer), [0, 1, 2]);
    coordinator.topics.delete("t");
    coordinator.timers.metadata_changed();
    let answer = coordinator.send(&owns("a", 3, topic, &[0, 1, 2]));
    assert_eq!((answer.member_epoch, assigned(&answer).len()), (3, 0));
    let answer = coordinator.send(&owns("a", 3, topic, &[]));
    assert_eq!(answer.member_epoch, 4);
}

#[test]
fn nothing_is_written_for_a_heartbeat_that_changes_nothing() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    let written = coordinator.log.len();
    let answer = coordinator.send(&alive("a", 2));
    assert_eq!(answer.assignment, None);
    assert_eq!(coordinator.log.len(), written);
}
