//! Starts in vain: one sentence that says what to do.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::{Place, ottla, refusal, run, stderr};

#[test]
fn a_port_that_is_taken_is_named_with_its_listener() {
    let place = Place::formatted("");
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let listeners = format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:0");
    assert_eq!(
        place.refusal(&[&listeners]),
        format!(
            "cannot listen on PLAINTEXT://127.0.0.1:{port}: something else uses this port; stop that, or set another port in listeners"
        )
    );
}

#[test]
fn a_start_in_vain_leaves_the_mark_of_a_clean_stop() {
    let place = Place::formatted("");
    assert_eq!(place.start().stop().0, Some(0));
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    place.refusal(&[&format!(
        "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:0"
    )]);
    assert!(place.path("data/.kafka_cleanshutdown").exists());
}

#[test]
fn an_address_that_is_not_this_machines_is_named() {
    let place = Place::formatted("");
    let listeners = "listeners=PLAINTEXT://192.0.2.1:0,CONTROLLER://127.0.0.1:0";
    assert_eq!(
        place.refusal(&[listeners]),
        "cannot listen on PLAINTEXT://192.0.2.1:0: this machine does not have this address; set one that it has in listeners"
    );
}

#[test]
fn a_second_node_on_the_same_directory_does_not_start() {
    let place = Place::formatted("");
    let first = place.start();
    assert_eq!(
        place.refusal(&[]),
        "another process uses data: stop it, or use another directory"
    );
    assert_eq!(first.stop().0, Some(0));
}

/// What a node without a file says where its port is taken: it cannot be given another one. Whoever has the port already serves as well,
/// and may be gone by the time that the node asks for it. It serves then, and this is nothing.
fn default_node_in_vain(directory: &Path) -> Option<Output> {
    let _taken = TcpListener::bind(("127.0.0.1", 9092));
    let mut command = ottla();
    command
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut welcome = [0];
    if process.stdout.as_mut().unwrap().read(&mut welcome).unwrap() == 0 {
        return Some(process.wait_with_output().unwrap());
    }
    process.kill().unwrap();
    process.wait().unwrap();
    None
}

#[test]
fn the_default_node_names_the_port_that_it_cannot_have() {
    let directory = tempfile::tempdir().unwrap();
    let output = (0..10).find_map(|_| default_node_in_vain(directory.path()));
    let said = refusal(&output.unwrap());
    assert!(
        said.starts_with("cannot listen on PLAINTEXT://127.0.0.1:9092: something else"),
        "{said}"
    );
    assert!(directory.path().join("ottla-data/meta.properties").exists());
}

#[test]
fn a_directory_of_another_cluster_is_not_served() {
    let place = Place::formatted("log.dirs=one,two");
    let properties = place.read("two/meta.properties");
    let ours = properties
        .lines()
        .find_map(|line| line.strip_prefix("cluster.id="))
        .unwrap();
    let theirs = "4L6g3nShT-eMCtK--X86sw";
    place.write("two/meta.properties", &properties.replace(ours, theirs));
    assert_eq!(
        place.refusal(&[]),
        format!(
            "two belongs to cluster {theirs}, the other directories to {ours}: use directories of one cluster"
        )
    );
}

#[test]
fn a_directory_of_another_node_is_not_served() {
    let place = Place::formatted("");
    assert_eq!(
        place.refusal(&["node.id=2"]),
        "data belongs to node 1, and node.id is 2: use another directory, or its own node.id"
    );
}

#[test]
fn a_directory_that_is_not_formatted_is_not_served() {
    let place = Place::with("");
    assert_eq!(
        place.refusal(&[]),
        "data is not formatted: run `ottla storage format` first"
    );
    assert!(!place.path("data").exists());
}

#[test]
fn a_metadata_log_that_lies_elsewhere_is_not_begun_anew() {
    let place = Place::formatted("log.dirs=one,two");
    assert_eq!(place.start().stop().0, Some(0));
    assert_eq!(
        place.refusal(&["metadata.log.dir=two"]),
        "one holds a metadata log, which is looked for in two: set metadata.log.dir to one, or remove what should not be there"
    );
}

#[test]
fn a_directory_that_cannot_be_one_is_named() {
    let place = Place::with("");
    place.write("data", "");
    let said = place.refusal(&[]);
    assert!(said.contains("data"), "{said}");
}

#[test]
fn a_node_without_any_directory_that_can_be_used_does_not_start() {
    let place = Place::formatted("log.dirs=one,two\nmetadata.log.dir=three");
    for directory in ["one", "two"] {
        place.write(&format!("{directory}/meta.properties"), "");
    }
    let output = place.run(&["server", "server.properties"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert_eq!(said.matches("log directory offline").count(), 2, "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("ottla: no directory of log.dirs can be used"),
        "{said}"
    );
}

#[test]
fn a_broken_meta_properties_is_named() {
    let place = Place::formatted("");
    place.write("data/meta.properties", "version=1\nnode.id=1\n");
    let said = place.refusal(&[]);
    assert!(
        said.starts_with("data/meta.properties: ") && said.contains("cluster.id is missing"),
        "{said}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let place = Place::with("");
    for path in ["no.properties", "."] {
        let said = refusal(&place.run(&["server", path]));
        assert!(said.starts_with(&format!("cannot read {path}: ")), "{said}");
        assert!(
            said.ends_with("expected the path of a server.properties"),
            "{said}"
        );
    }
}

#[test]
fn an_ill_formed_value_is_named_with_its_place_and_what_was_expected() {
    let place = Place::with("num.partitions=many");
    assert_eq!(
        place.refusal(&[]),
        "server.properties:7: num.partitions: expected a whole number of 32 bits of at least 1, found \"many\""
    );
    assert_eq!(
        place.refusal(&["num.partitions=0"]),
        "--override: num.partitions: expected a whole number of 32 bits of at least 1, found \"0\""
    );
    assert_eq!(
        place.refusal(&["num.partitions"]),
        "--override \"num.partitions\": expected key=value"
    );
}

#[test]
fn what_must_be_said_is_asked_for() {
    for (missing, expected) in [
        (
            "process.roles",
            "server.properties: process.roles: expected broker,controller, found nothing",
        ),
        (
            "node.id",
            "server.properties: node.id: expected a number of at least 0 that no other node has, found nothing",
        ),
        (
            "controller.listener.names",
            "server.properties: controller.listener.names: expected the name of a listener, found nothing",
        ),
        (
            "controller.quorum.bootstrap.servers",
            "server.properties: controller.quorum.bootstrap.servers: expected HOST:PORT of the controller",
        ),
    ] {
        let place = Place::with("");
        let text = place.read("server.properties");
        let rest: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with(missing))
            .collect();
        place.write("server.properties", &rest.join("\n"));
        let said = place.refusal(&[]);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn what_this_release_is_not_is_said() {
    for (line, expected) in [
        (
            "process.roles=broker",
            "server.properties:7: process.roles: this release is broker and controller in one process",
        ),
        (
            "process.roles=controller",
            "server.properties:7: process.roles: this release is broker and controller in one process",
        ),
        (
            "listeners=SSL://127.0.0.1:0,CONTROLLER://127.0.0.1:0",
            "server.properties:7: listeners: SSL asks for SSL, which this release does not have; expected PLAINTEXT",
        ),
        (
            "controller.quorum.voters=1@localhost:9093,2@localhost:9094",
            "server.properties:7: controller.quorum.voters: this release is a quorum of one",
        ),
    ] {
        let said = Place::with(line).refusal(&[]);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn arguments_that_are_none_are_explained() {
    for arguments in [&["serve"][..], &["server"], &["--port", "1"], &["storage"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("Usage: ottla"),
            "{}",
            stderr(&output)
        );
    }
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(fs::read_dir("ottla-data").is_err(), "help runs no node");
}

#[test]
fn metadata_that_was_committed_and_cannot_be_read_is_named() {
    let place = Place::formatted("");
    for _ in 0..2 {
        assert_eq!(place.start().stop().0, Some(0));
    }
    let segment = "data/__cluster_metadata-0/00000000000000000000.log";
    let mut bytes = fs::read(place.path(segment)).unwrap();
    bytes[300] ^= 1;
    fs::write(place.path(segment), &bytes).unwrap();
    for _ in 0..2 {
        let said = place.refusal(&[]);
        assert!(said.starts_with(&format!("{segment}: ")), "{said}");
        assert!(said.contains("put back a copy of the file"), "{said}");
    }
    bytes[300] ^= 1;
    fs::write(place.path(segment), &bytes).unwrap();
    assert_eq!(place.start().stop(), (Some(0), String::new()));
}
