//! Where the log goes, and what a service manager is told.

use std::os::unix::net::UnixDatagram;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::{Node, Place, run, stderr};

#[test]
fn the_log_goes_to_a_file_a_line_an_object() {
    let place = Place::formatted("");
    let arguments = [
        "server",
        "server.properties",
        "--log-file",
        "log",
        "--log-format",
        "json",
    ];
    let mut command = place.command(&arguments);
    command.env("RUST_LOG", "ottla_node=info");
    assert_eq!(Node::start(command).stop(), (Some(0), String::new()));
    let log = place.read("log");
    for line in log.lines() {
        assert!(
            line.starts_with("{\"timestamp\":") && line.ends_with('}'),
            "{line}"
        );
    }
    let started = "\"level\":\"INFO\",\"message\":\"started\",\"target\":\"ottla_node\"";
    assert!(log.contains(started), "{log}");
}

#[test]
fn a_log_file_that_cannot_be_written_stops_the_start() {
    let place = Place::formatted("");
    let output = place.run(&["server", "server.properties", "--log-file", "nowhere/log"]);
    let said = crate::refusal(&output);
    assert!(
        said.starts_with("the log cannot be written: nowhere/log: "),
        "{said}"
    );
}

#[test]
fn what_becomes_of_log_files_is_a_matter_of_log_files() {
    let output = run(&["server", "server.properties", "--log-keep", "3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--log-file"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_service_manager_is_told_of_start_and_stop_and_that_the_node_is_alive() {
    let place = Place::formatted("");
    let path = place.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    // Heard at once, as by a service manager: who finds the socket full says so in the log. And heard for as long as the node may speak.
    let (told, telling) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok(size) = socket.recv(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..size]).into_owned();
            if told.send(message).is_err() {
                break;
            }
        }
    });
    // Only for a test that fails.
    let limit = Duration::from_secs(60);
    let heard = || telling.recv_timeout(limit).unwrap();
    let mut command = place.command(&["server", "server.properties"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "2000000");
    let node = Node::start(command);
    assert_eq!(heard(), "READY=1\n");
    assert_eq!(
        (heard(), heard()),
        ("WATCHDOG=1\n".to_owned(), "WATCHDOG=1\n".to_owned())
    );
    assert_eq!(node.stop(), (Some(0), String::new()));
    // What comes after all that the node has said.
    let end = UnixDatagram::unbound().unwrap();
    end.send_to(b"END", &path).unwrap();
    let mut last: Vec<_> = telling.iter().take_while(|said| said != "END").collect();
    assert_eq!(last.pop().as_deref(), Some("STOPPING=1\n"));
    assert!(last.iter().all(|said| said == "WATCHDOG=1\n"), "{last:?}");
}
