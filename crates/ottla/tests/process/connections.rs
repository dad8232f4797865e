//! How many connections a node takes, and how long it waits for one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use ottla_model::Timestamp;
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};
use rustix::process::Signal;

use crate::Place;

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Only for a test that fails.
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
    stream
}

/// A request without a client id.
pub(crate) fn frame(key: u8, version: u8, correlation: u8, fields: &[&[u8]]) -> Vec<u8> {
    let header = [0, key, 0, version, 0, 0, 0, correlation, 255, 255];
    let body = [&header, fields.concat().as_slice()].concat();
    [&(body.len() as u32).to_be_bytes(), body.as_slice()].concat()
}

/// Asks which versions there are.
pub(crate) fn ask(mut stream: &TcpStream) {
    stream.write_all(&frame(18, 0, 7, &[])).unwrap();
}

#[track_caller]
pub(crate) fn answer(mut stream: &TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[track_caller]
pub(crate) fn is_answered(stream: &TcpStream) {
    assert_eq!(answer(stream)[..6], [0, 0, 0, 7, 0, 0]);
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
    is_closed(&connect(node.port("PLAINTEXT")));
    ask(&first);
    is_answered(&first);
}

/// Besides what all nodes listen on, for clients.
const OUTSIDE: &str = "listeners=PLAINTEXT://127.0.0.1:0,OUT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n\
    listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OUT:PLAINTEXT,CONTROLLER:PLAINTEXT\n";

#[track_caller]
pub(crate) fn is_closed(mut stream: &TcpStream) {
    let mut said = Vec::new();
    // Goes on where the process was stopped for a while, as `read` does not.
    stream.read_to_end(&mut said).unwrap();
    assert_eq!(said, []);
}

#[test]
fn brokers_among_themselves_take_the_place_of_the_client_that_was_idle_for_longest() {
    let place = Place::formatted(&format!("{OUTSIDE}max.connections=2"));
    let node = place.start();
    let clients = [(); 2].map(|()| connect(node.port("OUT")));
    for client in &clients {
        ask(client);
        is_answered(client);
    }
    let [busy, idle] = &clients;
    ask(busy);
    is_answered(busy);
    let broker = connect(node.port("PLAINTEXT"));
    ask(&broker);
    is_answered(&broker);
    is_closed(idle);
    ask(busy);
    is_answered(busy);
}

/// From now on nobody may come from any address: one in months is more than the rate that is left. As near to zero what is no whole number
/// is taken.
fn refuse_addresses(mut stream: &TcpStream) {
    let fields: [&[u8]; 7] = [
        &[0, 0, 0, 1, 0, 0, 0, 1, 0, 2],
        b"ip",
        &[255, 255, 0, 0, 0, 1, 0, 24],
        b"connection_creation_rate",
        &1e-7_f64.to_be_bytes(),
        &[0],
        &[0],
    ];
    stream.write_all(&frame(49, 0, 7, &fields)).unwrap();
    // One entry without an error.
    assert_eq!(answer(stream)[8..14], [0, 0, 0, 1, 0, 0]);
}

#[test]
fn who_is_refused_for_the_rate_of_its_address_takes_nobodys_place() {
    let place = Place::formatted(&format!("{OUTSIDE}max.connections=2"));
    let node = place.start();
    let clients = [(); 2].map(|()| connect(node.port("OUT")));
    for client in &clients {
        ask(client);
        is_answered(client);
    }
    refuse_addresses(&clients[0]);
    // The controller's connections are counted by themselves, and learn of it last.
    let is_open = || {
        let probe = connect(node.port("CONTROLLER"));
        ask(&probe);
        (&probe).read_exact(&mut [0]).is_ok()
    };
    while is_open() {}
    is_closed(&connect(node.port("PLAINTEXT")));
    for client in &clients {
        ask(client);
        is_answered(client);
    }
}

#[test]
fn a_listener_over_its_own_limit_does_not_hold_up_another() {
    let limit = "listener.name.out.max.connections=1";
    let place = Place::formatted(&format!("{OUTSIDE}{limit}"));
    let mut node = place.start();
    let mut log = BufReader::new(node.process.stderr.take().unwrap());
    let first = connect(node.port("OUT"));
    ask(&first);
    is_answered(&first);
    let second = connect(node.port("OUT"));
    ask(&second);
    let mut said = String::new();
    log.read_line(&mut said).unwrap();
    assert!(said.contains("max.connections is reached"), "{said}");
    for _ in 0..2 {
        let other = connect(node.port("PLAINTEXT"));
        ask(&other);
        is_answered(&other);
    }
    drop(first);
    is_answered(&second);
}

#[test]
fn a_host_may_have_its_own_limit() {
    let overrides = "max.connections.per.ip.overrides=localhost:1,10.0.0.1:0";
    let place = Place::formatted(overrides);
    let node = place.start();
    let first = connect(node.port("PLAINTEXT"));
    ask(&first);
    is_answered(&first);
    is_closed(&connect(node.port("PLAINTEXT")));
    let nobody = Place::formatted("max.connections.per.ip.overrides=no-such-host.invalid:1");
    let output = nobody.run(&["server", "server.properties"]);
    assert!(!output.status.success());
    let said = crate::stderr(&output);
    assert!(
        said.contains("no-such-host.invalid has no address"),
        "{said}"
    );
}

#[test]
fn a_fetch_is_answered_by_the_time_that_a_connection_may_be_idle() {
    let place = Place::formatted("connections.max.idle.ms=3000");
    let node = place.start();
    let mut stream = connect(node.port("PLAINTEXT"));
    let (one, many) = (1_i32.to_be_bytes(), i32::MAX.to_be_bytes());
    let (no_replica, topic) = ((-1_i32).to_be_bytes(), [0, 1, b't']);
    let create = frame(3, 4, 1, &[&one, &topic, &[1]]);
    // From the start of partition 0, for a byte that never comes.
    let partition: [&[u8]; 4] = [&one, &[0; 4], &[0; 8], &many];
    let bounds: [&[u8]; 5] = [&no_replica, &many, &one, &many, &[0]];
    let fetch = frame(
        1,
        4,
        2,
        &[&bounds.concat(), &one, &topic, &partition.concat()],
    );
    // In one, so that the connection is not idle between them.
    stream.write_all(&[create, fetch].concat()).unwrap();
    assert_eq!(answer(&stream)[..4], [0, 0, 0, 1]);
    assert_eq!(answer(&stream)[..4], [0, 0, 0, 2]);
}

#[test]
fn what_a_client_sends_ahead_is_carried_out_and_answered_in_order() {
    let place = Place::formatted("");
    let node = place.start();
    let mut stream = connect(node.port("PLAINTEXT"));
    let (one, wait) = (1_i32.to_be_bytes(), 30_000_i32.to_be_bytes());
    let topic = [0, 1, b't'];
    let create = frame(3, 4, 1, &[&one, &topic, &[1]]);
    stream.write_all(&create).unwrap();
    assert_eq!(answer(&stream)[..4], [0, 0, 0, 1]);
    let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
    builder.push(Timestamp(0), None, Some(b"value"), []);
    let batch = builder.build();
    let length = (batch.len() as u32).to_be_bytes();
    // Acknowledged by the leader, to partition 0, without a transaction.
    let fields: [&[u8]; 8] = [
        &[255, 255, 0, 1],
        &wait,
        &one,
        &topic,
        &one,
        &[0; 4],
        &length,
        &batch,
    ];
    let produces = (2..100).map(|correlation| frame(0, 3, correlation, &fields));
    // The end of partition 0.
    let latest = (-1_i64).to_be_bytes();
    let partition: [&[u8]; 3] = [&one, &[0; 4], &latest];
    let list = frame(2, 1, 100, &[&[255; 4], &one, &topic, &partition.concat()]);
    let all: Vec<u8> = produces.chain([list]).flatten().collect();
    stream.write_all(&all).unwrap();
    // It has nothing more to say, and listens.
    stream.shutdown(Shutdown::Write).unwrap();
    for correlation in 2..100 {
        let answer = answer(&stream);
        assert_eq!(answer[..4], [0, 0, 0, correlation]);
        let (_, offset) = answer.split_at(4 + 4 + topic.len() + 4 + 4);
        let code_and_offset = [0, 0, 0, 0, 0, 0, 0, 0, 0, correlation - 2];
        assert_eq!(offset[..10], code_and_offset);
    }
    let end = answer(&stream);
    assert_eq!((end[3], end[end.len() - 1]), (100, 98));
    is_closed(&stream);
}

#[test]
fn no_client_is_told_of_a_cluster_without_brokers_while_the_node_stops() {
    let place = Place::formatted("");
    let mut node = place.start();
    let mut stream = connect(node.port("PLAINTEXT"));
    // Of no topic.
    let metadata = frame(3, 1, 1, &[&[0; 4]]);
    let mut answered = 0;
    node.signal(Signal::TERM);
    loop {
        let mut length = [0; 4];
        if stream.write_all(&metadata).is_err() || stream.read_exact(&mut length).is_err() {
            break;
        }
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        answered += 1;
        assert_eq!(answer[4..8], [0, 0, 0, 1], "brokers in answer {answered}");
    }
    assert_eq!(node.ended(), (Some(0), String::new()));
}
