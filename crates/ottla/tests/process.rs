//! The binary as a supervisor sees it: arguments, signals, exit codes.

#![expect(clippy::unwrap_used, reason = "a step that fails is a failed test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

fn ottla() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ottla"))
}

fn run(arguments: &[&str]) -> Output {
    ottla().args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory with a server.properties, formatted.
fn formatted() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    // Free now; bound again in a moment.
    let ports = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    let [client, controller] = ports
        .each_ref()
        .map(|listener| listener.local_addr().unwrap().port());
    let data = directory.path().join("data");
    let properties = format!(
        "process.roles=broker,controller\nnode.id=1\n\
         listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         log.dirs={}\n",
        data.display()
    );
    fs::write(file(&directory), properties).unwrap();
    let id = run(&["storage", "random-uuid"]);
    let id = String::from_utf8(id.stdout).unwrap();
    let file = file(&directory);
    let format = run(&[
        "storage",
        "format",
        "--standalone",
        "--cluster-id",
        id.trim(),
        "--config",
        &file,
    ]);
    assert!(format.status.success(), "{}", stderr(&format));
    directory
}

fn file(directory: &TempDir) -> String {
    directory
        .path()
        .join("server.properties")
        .display()
        .to_string()
}

/// Starts the node and returns once it serves.
fn start(file: &str) -> Child {
    let mut node = ottla()
        .args(["server", file])
        .env("OTTLA_LOG", "ottla_node=info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(node.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("started") {
        assert!(log.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    // Kept open to the end, or what it says later would be an error of its own.
    node.stderr = Some(log.into_inner());
    node
}

fn signal(node: &Child, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(node.id()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

#[test]
fn a_signal_stops_the_node_cleanly_and_it_starts_again() {
    let directory = formatted();
    for stop in [Signal::TERM, Signal::INT] {
        let mut node = start(&file(&directory));
        signal(&node, stop);
        assert_eq!(node.wait().unwrap().code(), Some(0));
        assert!(directory.path().join("data/.kafka_cleanshutdown").exists());
    }
}

#[test]
fn a_node_that_was_killed_starts_again() {
    let directory = formatted();
    let mut node = start(&file(&directory));
    node.kill().unwrap();
    node.wait().unwrap();
    let mut node = start(&file(&directory));
    signal(&node, Signal::TERM);
    assert_eq!(node.wait().unwrap().code(), Some(0));
}

#[test]
fn a_second_node_on_the_same_directory_does_not_start() {
    let directory = formatted();
    let mut first = start(&file(&directory));
    let second = run(&["server", &file(&directory)]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains(&directory.path().join("data").display().to_string()),
        "{}",
        stderr(&second)
    );
    signal(&first, Signal::TERM);
    first.wait().unwrap();
}

#[test]
fn a_file_that_is_not_there_is_named() {
    assert!(!Path::new("no.properties").exists());
    let output = run(&["server", "no.properties"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no.properties"));
}

#[test]
fn a_directory_that_is_not_formatted_is_not_served() {
    let directory = formatted();
    fs::remove_dir_all(directory.path().join("data")).unwrap();
    let output = run(&["server", &file(&directory)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("format"), "{}", stderr(&output));
}
