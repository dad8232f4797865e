//! How many connections a node takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Place;

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Only for a test that fails.
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
    stream
}

/// An ApiVersions request of version 0, without a client id.
fn ask(mut stream: &TcpStream) {
    let request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255];
    stream.write_all(&request).unwrap();
}

#[track_caller]
fn is_answered(mut stream: &TcpStream) {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..6], [0, 0, 0, 7, 0, 0]);
}

#[test]
fn a_connection_over_the_limit_waits_until_another_is_closed() {
    let place = Place::formatted("max.connections=1");
    let mut node = place.start();
    let mut log = BufReader::new(node.process.stderr.take().unwrap());
    let first = connect(node.port("PLAINTEXT"));
    ask(&first);
    is_answered(&first);
    let second = connect(node.port("PLAINTEXT"));
    ask(&second);
    let mut said = String::new();
    log.read_line(&mut said).unwrap();
    assert!(said.contains("max.connections is reached"), "{said}");
    drop(first);
    is_answered(&second);
}

#[test]
fn connections_of_the_controller_are_counted_by_themselves() {
    let place = Place::formatted("max.connections=1");
    let node = place.start();
    let streams = ["PLAINTEXT", "CONTROLLER"].map(|listener| connect(node.port(listener)));
    for stream in &streams {
        ask(stream);
        is_answered(stream);
    }
}

#[test]
fn a_connection_over_the_limit_of_its_address_is_closed() {
    let place = Place::formatted("max.connections.per.ip=1");
    let node = place.start();
    let first = connect(node.port("PLAINTEXT"));
    ask(&first);
    is_answered(&first);
    let mut second = connect(node.port("PLAINTEXT"));
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    ask(&first);
    is_answered(&first);
}
