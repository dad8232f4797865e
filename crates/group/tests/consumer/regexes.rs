use std::collections::BTreeMap;

use ottla_model::ErrorCode;
use ottla_wire::Str;

use crate::coordinator::{Coordinator, Request, alive, assigned, join, replayed};

fn by_regex(id: &str, regex: &'static str) -> Request {
    Request {
        subscribed_topic_names: None,
        subscribed_topic_regex: Some(Str::Borrowed(regex)),
        ..join(id, &[])
    }
}

fn coordinator() -> Coordinator {
    let mut coordinator = Coordinator::new();
    coordinator.topics.create("orders", 2);
    coordinator.topics.create("others", 3);
    coordinator
}

#[test]
fn an_expression_is_resolved_after_the_request_that_brought_it() {
    let mut coordinator = coordinator();
    let answer = coordinator.send(&by_regex("a", "ord.*"));
    assert_eq!((answer.member_epoch, assigned(&answer).len()), (1, 0));
    coordinator.pass(0);
    let answer = coordinator.send(&alive("a", 1));
    assert_eq!((answer.member_epoch, assigned(&answer)), (2, vec![0, 1]));
    assert!(coordinator.group().is_subscribed_to("orders"));
    assert!(!coordinator.group().is_subscribed_to("others"));
}

#[test]
fn an_expression_that_re2_does_not_know_is_refused() {
    let mut coordinator = coordinator();
    let refused = coordinator
        .try_send(&by_regex("a", "[orders"), 1)
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidRegularExpression);
    assert_eq!(
        refused.message,
        "SubscribedTopicRegex `[orders` is not a valid regular expression: missing closing ]."
    );
    assert_eq!(coordinator.group, None);
}

#[test]
fn a_new_topic_is_found_by_the_next_heartbeat_that_is_ten_seconds_later() {
    let mut coordinator = coordinator();
    coordinator.send(&by_regex("a", "o.*"));
    coordinator.pass(0);
    coordinator.send(&alive("a", 1));
    coordinator.topics.create("offers", 1);
    coordinator.pass(5);
    coordinator.send(&alive("a", 2));
    coordinator.pass(0);
    assert!(!coordinator.group().is_subscribed_to("offers"));
    coordinator.pass(6);
    coordinator.send(&alive("a", 2));
    coordinator.pass(0);
    assert!(coordinator.group().is_subscribed_to("offers"));
}

#[test]
fn an_expression_that_another_member_has_brought_is_known_already() {
    let mut coordinator = coordinator();
    coordinator.send(&by_regex("a", "orders"));
    coordinator.pass(0);
    let answer = coordinator.send(&by_regex("b", "orders"));
    assert_eq!(answer.member_epoch, 3);
    assert_eq!(coordinator.group().epoch().0, 3);
}

#[test]
fn the_last_member_that_gives_an_expression_up_takes_it_away() {
    let mut coordinator = coordinator();
    coordinator.send(&by_regex("a", "orders"));
    coordinator.send(&by_regex("b", "orders"));
    coordinator.pass(0);
    coordinator.send(&alive("a", -1));
    assert!(coordinator.group().resolved_regex("orders").is_some());
    coordinator.send(&Request {
        subscribed_topic_regex: Some(Str::Borrowed("")),
        ..alive("b", 1)
    });
    assert!(coordinator.group().resolved_regex("orders").is_none());
    assert!(!coordinator.group().is_subscribed_to("orders"));
    assert_eq!(replayed(&coordinator.log), coordinator.group);
}

#[test]
fn names_and_an_expression_add_up() {
    let mut coordinator = coordinator();
    coordinator.send(&Request {
        subscribed_topic_regex: Some(Str::Borrowed("orders")),
        ..join("a", &["others"])
    });
    coordinator.pass(0);
    let answer = coordinator.send(&alive("a", 2));
    let topics = answer.assignment.unwrap().topic_partitions;
    assert_eq!(topics.len(), 2);
}

#[test]
fn what_a_member_had_by_an_expression_is_shared_anew_when_it_brings_one_that_matches_nothing() {
    let mut coordinator = coordinator();
    coordinator.send(&join("a", &["others"]));
    coordinator.send(&by_regex("b", "others"));
    coordinator.pass(20);
    coordinator.settle(&["a", "b"]);
    let of_a = coordinator.member("a").assigned.values().map(BTreeMap::len);
    assert!(of_a.sum::<usize>() < 3);
    let epoch = coordinator.member("b").epoch.0;
    coordinator.send(&Request {
        subscribed_topic_regex: Some(Str::Borrowed("nothing")),
        ..alive("b", epoch)
    });
    coordinator.pass(20);
    coordinator.settle(&["a", "b"]);
    let of_a = coordinator.member("a").assigned.values().map(BTreeMap::len);
    assert_eq!(of_a.sum::<usize>(), 3);
}
