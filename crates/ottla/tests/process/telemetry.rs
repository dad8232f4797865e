//! Clients that push their metrics, to a node that exports them and to one that does not.

use std::io::Write;
use std::net::TcpStream;

use crate::connections::{answer, connect};
use crate::{Node, Place};

const API_VERSIONS: u8 = 18;
const GET_TELEMETRY_SUBSCRIPTIONS: u8 = 71;
const PUSH_TELEMETRY: u8 = 72;
const INSTANCE: [u8; 16] = [7; 16];

/// A flexible request of the client `a`, and the body of its answer.
#[track_caller]
fn ask(mut stream: &TcpStream, key: u8, version: u8, body: &[&[u8]]) -> Vec<u8> {
    let header = [0, key, 0, version, 0, 0, 0, 1, 0, 1, b'a', 0];
    let request = [&header, body.concat().as_slice(), &[0]].concat();
    let length = (request.len() as u32).to_be_bytes();
    stream
        .write_all(&[&length, request.as_slice()].concat())
        .unwrap();
    // ApiVersions' response header is that of a client that knows no tags.
    answer(stream).split_off(if key == API_VERSIONS { 4 } else { 5 })
}

/// The keys of the APIs that the node tells of.
fn told_of(stream: &TcpStream) -> Vec<u8> {
    let software: [&[u8]; 2] = [b"\x05test", b"\x021"];
    let body = ask(stream, API_VERSIONS, 3, &software);
    assert_eq!(body[..2], [0, 0]);
    let apis = body[3..].chunks(7).take(usize::from(body[2]) - 1);
    apis.map(|api| api[1]).collect()
}

/// Error, subscription and how many metrics are asked for.
fn subscription(stream: &TcpStream) -> (u8, [u8; 4], u8) {
    let body = ask(stream, GET_TELEMETRY_SUBSCRIPTIONS, 0, &[&INSTANCE]);
    assert!(body[..4] == [0; 4] && body[6..22] == INSTANCE);
    let id = body[22..26].try_into().unwrap();
    let intervals_and_bounds = 4 + 4 + 1;
    let codecs = [5, 4, 3, 1, 2];
    assert_eq!(body[26..31], codecs);
    (body[5], id, body[31 + intervals_and_bounds] - 1)
}

/// The error that the push is answered with.
fn push(stream: &TcpStream, subscription: [u8; 4], metrics: &[u8]) -> u8 {
    let length = [metrics.len() as u8 + 1];
    let is_not_terminating_and_packed: [&[u8]; 2] = [&[0], &[0]];
    let [is_terminating, codec] = is_not_terminating_and_packed;
    let body = [
        &INSTANCE,
        &subscription[..],
        is_terminating,
        codec,
        &length,
        metrics,
    ];
    ask(stream, PUSH_TELEMETRY, 0, &body)[5]
}

/// One metric `m`, whose only data point is 7.
const METRICS: &[u8] = b"\x0a\x14\x12\x12\x12\x10\x0a\x01m\x2a\x0b\x0a\x09\x31\x07\0\0\0\0\0\0\0";

fn node(properties: &str, filter: Option<&str>) -> (Place, Node) {
    let place = Place::formatted(properties);
    let mut command = place.command(&["server", "server.properties"]);
    command.args(["--log-file", "log", "--log-format", "json"]);
    if let Some(filter) = filter {
        command.env("RUST_LOG", filter);
    }
    let node = Node::start(command);
    (place, node)
}

#[test]
fn pushed_metrics_go_to_the_log_where_that_is_asked_for() {
    for (filter, lines) in [(None, 1), (Some("ottla_broker::telemetry=debug"), 2)] {
        let (place, node) = node("client.telemetry.export=true", filter);
        let stream = connect(node.port("PLAINTEXT"));
        let told_of = told_of(&stream);
        assert!(
            told_of.contains(&71) && told_of.contains(&72),
            "{told_of:?}"
        );
        let (error, id, metrics) = subscription(&stream);
        assert_eq!((error, metrics), (0, 0));
        assert_eq!(push(&stream, id, METRICS), 0);
        // Less than an interval later.
        assert_eq!(push(&stream, id, METRICS), 89);
        assert_eq!(node.stop().0, Some(0));
        let log = place.read("log");
        let log: Vec<_> = log
            .lines()
            .filter(|line| line.contains("telemetry"))
            .collect();
        assert_eq!(log.len(), lines, "{log:?}");
        let push = "\"client_instance_id\":\"BwcHBwcHBwcHBwcHBwcHBw\",\"client_id\":\"a\",\"software_name\":\"test\",\"software_version\":\"1\"";
        assert!(log[0].contains(push), "{log:?}");
        assert!(
            log[0].contains("\"metrics\":1,\"data_points\":1,\"bytes\":22"),
            "{log:?}"
        );
        let point = "\"metric\":\"m\",\"unit\":\"\",\"value\":7,";
        assert!(
            log.get(1).is_none_or(|line| line.contains(point)),
            "{log:?}"
        );
    }
}

#[test]
fn a_client_that_asks_for_the_first_time_is_given_an_id() {
    let (_place, node) = node("client.telemetry.export=true", None);
    let stream = connect(node.port("PLAINTEXT"));
    let given = || {
        let body = ask(&stream, GET_TELEMETRY_SUBSCRIPTIONS, 0, &[&[0; 16]]);
        assert_eq!(body[..6], [0; 6]);
        body[6..22].to_vec()
    };
    let (one, other) = (given(), given());
    assert!(one != [0; 16] && one != other);
    // Whoever pushes must have one.
    let body = [&[0; 16][..], &[0; 4], &[0], &[0], &[1]];
    assert_eq!(ask(&stream, PUSH_TELEMETRY, 0, &body)[5], 42);
    assert_eq!(node.stop().0, Some(0));
}

#[test]
fn metrics_that_are_none_are_refused() {
    let (place, node) = node("client.telemetry.export=true", None);
    let stream = connect(node.port("PLAINTEXT"));
    let (_, id, _) = subscription(&stream);
    assert_eq!(push(&stream, id, b"no metrics"), 87);
    assert_eq!(node.stop().0, Some(0));
    assert!(!place.read("log").contains("telemetry"));
}

#[test]
fn without_the_key_nobody_is_told_to_push_and_who_does_is_not_heard() {
    let (place, node) = node("", None);
    let stream = connect(node.port("PLAINTEXT"));
    let told_of = told_of(&stream);
    assert!(
        !told_of.contains(&71) && !told_of.contains(&72),
        "{told_of:?}"
    );
    // Apache Kafka answers these as well.
    let (error, id, metrics) = subscription(&stream);
    assert_eq!((error, metrics), (0, 0));
    assert_eq!(push(&stream, id, b"no metrics"), 0);
    assert_eq!(node.stop().0, Some(0));
    assert!(!place.read("log").contains("telemetry"));
}
