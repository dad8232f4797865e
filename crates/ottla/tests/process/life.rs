//! How a node ends, and starts again.

use std::io::{BufRead, BufReader};

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

#[test]
fn a_node_that_was_killed_starts_again() {
    let place = Place::formatted("");
    let mut node = place.start();
    node.signal(Signal::KILL);
    assert_eq!(node.ended().0, None);
    assert_eq!(place.start().stop().0, Some(0));
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
