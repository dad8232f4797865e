//! What a configuration says in vain.

use crate::{Node, Place};

/// What the node writes to stderr, started and stopped with such lines.
fn said(lines: &str) -> String {
    let (code, said) = Place::formatted(lines).start().stop();
    assert_eq!(code, Some(0), "{said}");
    said
}

#[test]
fn a_key_without_effect_is_named_with_its_place() {
    assert_eq!(
        said("queued.max.requests=9\nnum.io.threads=8"),
        "ottla: server.properties:7: queued.max.requests: this release does not honour it, and it has no effect\n"
    );
}

#[test]
fn an_unknown_key_is_met_with_the_nearest_known_one() {
    assert_eq!(
        said("num.partition=9"),
        "ottla: server.properties:7: num.partition: it is not a known key and has no effect; the nearest known one is num.partitions\n"
    );
}

#[test]
fn an_override_without_effect_is_named_too() {
    let place = Place::formatted("");
    let arguments = [
        "server",
        "server.properties",
        "--override",
        "queued.max.requests=9",
    ];
    let (_, said) = Node::start(place.command(&arguments)).stop();
    assert_eq!(
        said,
        "ottla: --override: queued.max.requests: this release does not honour it, and it has no effect\n"
    );
}

#[test]
fn a_key_whose_neglect_opens_the_node_stops_the_start() {
    let said = Place::formatted("").refusal(&["ssl.client.auth=required"]);
    assert!(
        said.starts_with("--override: ssl.client.auth: this release does not honour it, and the node would be more open"),
        "{said}"
    );
}

#[test]
fn the_standard_authorizer_is_taken_only_where_it_lets_everybody_in() {
    let authorizer =
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let refused = Place::formatted("").refusal(&[authorizer]);
    assert!(
        refused.contains("allow.everyone.if.no.acl.found=true"),
        "{refused}"
    );
    let warned = said(&format!(
        "{authorizer}\nallow.everyone.if.no.acl.found=true"
    ));
    assert_eq!(warned.lines().count(), 1, "{warned}");
    assert!(
        warned.starts_with("ottla: server.properties:7: authorizer.class.name: it is not asked"),
        "{warned}"
    );
}

#[test]
fn what_is_logged_can_be_chosen() {
    let place = Place::formatted("");
    let mut command = place.command(&["server", "server.properties"]);
    command.env("RUST_LOG", "ottla_node=info");
    let (_, log) = Node::start(command).stop();
    assert!(log.contains("INFO ottla_node: started"), "{log}");
    let mut command = place.command(&["server", "server.properties"]);
    command.env("RUST_LOG", "ottla=loud");
    let (_, log) = Node::start(command).stop();
    assert!(
        log.contains("RUST_LOG: expected a level or target=level, found \"ottla=loud\""),
        "{log}"
    );
}

/// What the sample file of Apache Kafka 4.3 sets, with other ports and a directory of the test's.
const SAMPLE: &str = "process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:0,CONTROLLER://:0
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

#[test]
fn a_node_starts_on_the_file_that_apache_kafka_comes_with() {
    let place = Place::with("");
    place.write("server.properties", SAMPLE);
    place.format();
    let node = place.start();
    assert_eq!(node.told("data"), "kraft-combined-logs");
    let (code, said) = node.stop();
    assert_eq!(code, Some(0));
    // There are no internal topics yet.
    for line in said.lines() {
        let is_expected = [".replication.factor: ", ".min.isr: "]
            .iter()
            .any(|key| line.contains(key));
        assert!(is_expected && line.contains("does not honour it"), "{line}");
    }
}
