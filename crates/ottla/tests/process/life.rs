//! How a node ends, and starts again.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::{Node, Place};

#[test]
fn a_signal_stops_the_node_cleanly_and_it_starts_again() {
    let place = Place::formatted("");
    for stop in [Signal::TERM, Signal::INT] {
        let mut node = place.start();
        assert!(!place.path("data/.kafka_cleanshutdown").exists());
        node.signal(stop);
        assert_eq!(node.ended(), (Some(0), String::new()));
        assert!(place.path("data/.kafka_cleanshutdown").exists());
    }
}

/// The node as `launcher` starts it.
#[cfg(target_os = "linux")]
fn started_by(place: &Place, launcher: &[&str]) -> Node {
    let mut command = Command::new(launcher[0]);
    command
        .args(&launcher[1..])
        .args([env!("CARGO_BIN_EXE_ottla"), "server", "server.properties"])
        .env("RUST_LOG", "ottla_node=info")
        .stdin(Stdio::null())
        .current_dir(place.directory.path());
    Node::start(command)
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_that_closes_stops_the_node_cleanly() {
    let place = Place::formatted("");
    // These tests may run under `nohup` themselves.
    let mut node = started_by(&place, &["env", "--default-signal=HUP"]);
    node.signal(Signal::HUP);
    let (code, said) = node.ended();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("HangUp"), "{said}");
    assert!(place.path("data/.kafka_cleanshutdown").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_node_under_nohup_outlives_its_terminal() {
    let place = Place::formatted("");
    let node = started_by(&place, &["nohup"]);
    node.signal(Signal::HUP);
    let (code, said) = node.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Terminate") && !said.contains("HangUp"),
        "{said}"
    );
}

#[test]
fn a_node_that_was_killed_starts_again() {
    let place = Place::formatted("");
    let mut node = place.start();
    node.signal(Signal::KILL);
    assert_eq!(node.ended().0, None);
    // What is quickly recovered is not worth a line.
    assert_eq!(place.start().stop(), (Some(0), String::new()));
}

#[test]
fn a_node_makes_its_quorum_state_anew() {
    let place = Place::formatted("");
    assert_eq!(place.start().stop().0, Some(0));
    let state = "data/__cluster_metadata-0/quorum-state";
    place.write(state, "{\"leaderId\":1,\"lead");
    let (code, said) = place.start().stop();
    assert_eq!(code, Some(0));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(state), "{said}");
    assert!(place.read(state).contains("\"leaderEpoch\":2"));
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let place = Place::formatted("");
    let mut command = place.command(&["server", "server.properties"]);
    command.env("RUST_LOG", "ottla_node=info");
    let mut node = Node::start(command);
    let mut log = BufReader::new(node.process.stderr.take().unwrap());
    // Both come at the same time, so that the node has not ended before the second.
    for signal in [Signal::STOP, Signal::TERM, Signal::INT, Signal::CONT] {
        node.signal(signal);
    }
    let mut said = String::new();
    while log.read_line(&mut said).unwrap() > 0 {}
    let code = node.process.wait().unwrap().code();
    let clean = place.path("data/.kafka_cleanshutdown").exists();
    match code {
        Some(0) => assert!(clean, "{said}"),
        // As a shell has it for SIGINT or SIGTERM, whichever was seen as the second.
        Some(130 | 143) => assert!(said.contains("ended before the logs were closed"), "{said}"),
        other => panic!("{other:?}: {said}"),
    }
    assert_eq!(place.start().stop().0, Some(0));
}

#[test]
fn a_node_does_without_a_directory_that_cannot_be_used() {
    let place = Place::formatted("log.dirs=one,two");
    let properties = place.read("two/meta.properties");
    place.write("two/meta.properties", "version=1\n");
    let (code, said) = place.start().stop();
    assert_eq!(code, Some(0));
    assert!(
        said.contains("log directory offline") && said.contains("two/meta.properties"),
        "{said}"
    );
    place.write("two/meta.properties", &properties);
    assert_eq!(place.start().stop(), (Some(0), String::new()));
}

/// A Metadata request (version 4) that creates the topic.
fn create_on_demand(topic: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for field in [3_i16, 4, 0, 1] {
        // The key, the version, and a correlation id of both halves.
        body.extend(field.to_be_bytes());
    }
    // No client id, one topic.
    body.extend((-1_i16).to_be_bytes());
    body.extend(1_i32.to_be_bytes());
    body.extend((topic.len() as i16).to_be_bytes());
    body.extend(topic.as_bytes());
    body.push(1);
    let mut frame = (body.len() as i32).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

#[test]
fn a_node_that_can_write_no_metadata_ends_and_says_so() {
    let place = Place::formatted("internal.metadata.log.segment.bytes=4000");
    let mut node = place.start();
    // The next segment finds no directory.
    fs::rename(place.path("data/__cluster_metadata-0"), place.path("gone")).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", node.port("PLAINTEXT"))).unwrap();
    for number in 0..50 {
        // The last ones may find that the node has ended.
        drop(client.write_all(&create_on_demand(&format!("topic-{number}"))));
    }
    let (code, said) = node.ended();
    assert_eq!(code, Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.contains("the metadata log cannot be written"),
        "{said}"
    );
}
