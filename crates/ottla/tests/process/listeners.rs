//! Listeners that are opened and closed while a node runs.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::connections::{answer, ask, connect, frame, is_answered, is_closed};
use crate::{Node, Place};

/// Clients are told of PLAINTEXT alone.
const OUT: &str = "listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0,OUT://127.0.0.1:0\n\
    listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OUT:PLAINTEXT,NEW:PLAINTEXT\n\
    advertised.listeners=PLAINTEXT://127.0.0.1:0";

/// What `listeners` may be set to: without OUT.
const ONE: &str = "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0";
const ONE_AND_NEW: &str = "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0,NEW://127.0.0.1:0";

/// What a fetch of version 4 asks for that waits ten minutes for the first byte of `t-0`.
const FETCH: [&[u8]; 3] = [
    &[
        255, 255, 255, 255, 0, 9, 39, 192, 0, 0, 0, 1, 0, 0, 16, 0, 0,
    ],
    &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0],
    &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0],
];

/// The lines of a node's log.
type Log = Receiver<String>;

fn start(place: &Place) -> (Node, Log) {
    start_with(place, &[])
}

fn start_with(place: &Place, more: &[&str]) -> (Node, Log) {
    let arguments = [&["server", "server.properties"], more].concat();
    let mut command: Command = place.command(&arguments);
    command.env("RUST_LOG", "ottla_broker=info");
    let mut node = Node::start(command);
    let stderr = BufReader::new(node.process.stderr.take().unwrap());
    let (lines, log) = channel();
    // Ends with the node, or when nobody reads any more.
    thread::spawn(move || {
        let mut all = stderr.lines().map_while(Result::ok);
        all.try_for_each(|line| lines.send(line))
    });
    (node, log)
}

/// Has `listeners` of the broker set, or with `None` deleted, by IncrementalAlterConfigs. Gives the error code.
#[track_caller]
fn alter(mut stream: &TcpStream, listeners: Option<&str>) -> [u8; 2] {
    let text = listeners.unwrap_or_default();
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    let (operation, value) = match listeners {
        Some(text) => (0, [&length, text.as_bytes()].concat()),
        None => (1, vec![255, 255]),
    };
    let resource: &[u8] = &[0, 0, 0, 1, 4, 0, 1, b'1', 0, 0, 0, 1, 0, 9];
    let fields: [&[u8]; 5] = [resource, b"listeners", &[operation], &value, &[0]];
    stream.write_all(&frame(44, 0, 7, &fields)).unwrap();
    let answer = answer(stream);
    assert_eq!(answer[8..12], [0, 0, 0, 1]);
    [answer[12], answer[13]]
}

/// The same where nothing is wrong with them.
#[track_caller]
fn altered(stream: &TcpStream, listeners: Option<&str>) {
    assert_eq!(alter(stream, listeners), [0, 0]);
}

/// The first line of the log with `text`.
#[track_caller]
fn said(log: &Log, text: &str) -> String {
    // Only for a test that fails.
    let limit = Duration::from_secs(30);
    loop {
        let line = log.recv_timeout(limit);
        let line = line.unwrap_or_else(|why| panic!("never said {text}: {why}"));
        if line.contains(text) {
            return line;
        }
    }
}

/// The port of the next listener that is opened.
#[track_caller]
fn opened(log: &Log) -> u16 {
    let line = said(log, "listener opened");
    let (_, rest) = line.split_once("127.0.0.1:").unwrap();
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    port.parse().unwrap()
}

#[test]
fn a_listener_is_closed_with_its_connections_and_another_opened() {
    let place = Place::formatted(OUT);
    let (node, log) = start(&place);
    let admin = connect(node.port("PLAINTEXT"));
    let out = connect(node.port("OUT"));
    ask(&out);
    is_answered(&out);
    altered(&admin, Some(ONE_AND_NEW));
    is_closed(&out);
    let new = connect(opened(&log));
    ask(&new);
    is_answered(&new);
    // Whoever closes his own listener is answered.
    altered(&new, None);
    is_closed(&new);
    let out = connect(opened(&log));
    ask(&out);
    is_answered(&out);
    ask(&admin);
    is_answered(&admin);
}

#[test]
fn a_fetch_that_waits_goes_with_its_listener() {
    let place = Place::formatted(OUT);
    let (node, _log) = start(&place);
    let out = connect(node.port("OUT"));
    // Metadata of a topic that is not there creates it.
    let creates = frame(3, 1, 7, &[&[0, 0, 0, 1, 0, 1, b't']]);
    (&out).write_all(&creates).unwrap();
    answer(&out);
    (&out).write_all(&frame(1, 4, 7, &FETCH)).unwrap();
    altered(&connect(node.port("PLAINTEXT")), Some(ONE));
    is_closed(&out);
}

#[test]
fn listeners_that_were_opened_are_there_after_a_restart() {
    let place = Place::formatted(OUT);
    let (node, log) = start(&place);
    let admin = connect(node.port("PLAINTEXT"));
    altered(&admin, Some(ONE_AND_NEW));
    opened(&log);
    drop((node, log));
    let (node, _log) = start(&place);
    let new = connect(node.port("NEW"));
    ask(&new);
    is_answered(&new);
    assert!(!node.told("listener").contains("OUT"), "{}", node.welcome);
}

#[test]
fn a_listener_that_was_closed_is_not_needed_at_the_start() {
    let place = Place::formatted(OUT);
    let (node, log) = start(&place);
    altered(&connect(node.port("PLAINTEXT")), Some(ONE));
    drop((node, log));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let listeners = format!("listeners={ONE},OUT://{address}");
    let (node, log) = start_with(&place, &["--override", &listeners]);
    assert!(!node.told("listener").contains("OUT"), "{}", node.welcome);
    let admin = connect(node.port("PLAINTEXT"));
    altered(&admin, None);
    said(&log, "cannot listen on OUT");
}

/// A free port that stays free between two that listen there: below those that the system gives out, to outgoing connections too.
fn own_port() -> u16 {
    let random = RandomState::new();
    let mut ports = (0_u32..).map(|number| 10_000 + (random.hash_one(number) % 22_000) as u16);
    let port = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    port.unwrap()
}

#[test]
fn what_is_opened_may_have_the_port_of_what_is_closed() {
    let place = Place::formatted(OUT);
    let port = own_port();
    let listeners = format!("listeners={ONE},OUT://127.0.0.1:{port}");
    let (node, log) = start_with(&place, &["--override", &listeners]);
    let admin = connect(node.port("PLAINTEXT"));
    let next = format!("NEW://127.0.0.1:{port},{ONE}");
    altered(&admin, Some(&next));
    assert_eq!(opened(&log), port);
    let new = connect(port);
    ask(&new);
    is_answered(&new);
}

#[test]
fn what_is_answered_is_carried_out_whatever_the_controller_was_told() {
    let (with_out, _) = OUT.rsplit_once('\n').unwrap();
    let place = Place::formatted(with_out);
    let (node, log) = start(&place);
    let wrong = Some("NEW://127.0.0.1:0");
    altered(&connect(node.port("CONTROLLER")), wrong);
    said(&log, "listeners stay as they are");
    let admin = connect(node.port("PLAINTEXT"));
    assert_eq!(alter(&admin, Some(ONE)), [0, 42]);
    let more = format!("{ONE},OUT://127.0.0.1:0,NEW://127.0.0.1:0");
    altered(&admin, Some(&more));
    opened(&log);
}

#[test]
fn a_port_that_is_taken_leaves_the_others_alone() {
    let place = Place::formatted(OUT);
    let (node, log) = start(&place);
    let admin = connect(node.port("PLAINTEXT"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    altered(&admin, Some(ONE));
    let address = taken.local_addr().unwrap();
    let both = format!("NEW://{address},{ONE},OUT://127.0.0.1:0");
    altered(&admin, Some(&both));
    let line = said(&log, "cannot listen on NEW");
    assert!(line.contains("something else uses this port"), "{line}");
    let out = connect(opened(&log));
    ask(&out);
    is_answered(&out);
    // What it cannot be without is refused, INVALID_REQUEST, and nothing happens.
    for wrong in [
        "PLAINTEXT://127.0.0.1:0",
        "CONTROLLER://127.0.0.1:0,OUT://127.0.0.1:0",
        "",
    ] {
        assert_eq!(alter(&admin, Some(wrong)), [0, 42], "{wrong}");
    }
    for listener in ["PLAINTEXT", "CONTROLLER"] {
        let stream = connect(node.port(listener));
        ask(&stream);
        is_answered(&stream);
    }
}
