//! Loads on a node of ours in this process, and on the one that keeps nothing.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ottla_broker::{Broker, NoLoggers};
use ottla_config::ServerConfig;
use ottla_model::PartitionIndex;
use ottla_runtime::Runtime;
use tempfile::TempDir;

use super::interval::Outcome;
use super::topic::{Topic, find_or_create};
use super::verify::Ledger;
use super::{Command, LoadError, Target, carry_out};
use crate::echo;

/// A node on a directory of its own, which ends with the test.
struct Node {
    broker: Option<Broker<Runtime>>,
    runtime: tokio::runtime::Runtime,
    address: String,
    _directory: TempDir,
}

impl Node {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n\
             controller.listener.names=CONTROLLER\n\
             controller.quorum.bootstrap.servers=127.0.0.1:9093\n\
             log.dirs={}\n",
            directory.path().join("data").display()
        );
        let (config, _) = ServerConfig::load("server.properties", &properties, &[]).unwrap();
        ottla_cli::storage::format_if_new(&config).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let env = Runtime::new(runtime.handle().clone());
        let broker = runtime
            .block_on(Broker::start(env, config, Arc::new(NoLoggers)))
            .unwrap();
        let mut listeners = broker.listeners().iter();
        let listener = listeners.find(|listener| listener.name == "PLAINTEXT");
        Self {
            address: format!("127.0.0.1:{}", listener.unwrap().port),
            broker: Some(broker),
            runtime,
            _directory: directory,
        }
    }

    fn load(&self, words: &str, mib: u64) -> Result<Outcome, LoadError> {
        load(&self.address, words, mib)
    }

    fn topic(&self) -> Topic {
        let target = Target {
            bootstrap: self.address.clone(),
            ..Target::default()
        };
        find_or_create(&target).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(broker) = self.broker.take() {
            self.runtime.block_on(broker.stop());
        }
    }
}

#[derive(Parser)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

/// What the command line does that begins with these words, until `mib` went by.
fn load(bootstrap: &str, words: &str, mib: u64) -> Result<Outcome, LoadError> {
    let words = format!("load {words} --bootstrap {bootstrap} --warm-up 1KiB --bytes {mib}MiB");
    let command = Program::try_parse_from(words.split_whitespace());
    carry_out(&command.unwrap().command).1
}

/// Where a node listens that answers and keeps nothing.
fn echo() -> String {
    let address = echo::start("127.0.0.1:0".parse().unwrap(), 16);
    address.unwrap().to_string()
}

#[test]
fn all_that_is_acknowledged_is_there() {
    let node = Node::start();
    for words in [
        "produce --verify",
        "produce --verify --idempotent --acks all --codec zstd --connections 5 --threads 2",
        "produce --verify --idempotent --codec lz4 --record-bytes 100 --connections 7 --in-flight 1",
        "produce --verify --rate 1000000 --request-bytes 1KiB",
    ] {
        let outcome = node.load(words, 1).unwrap();
        let verified = outcome.verified.unwrap();
        assert!(verified >= outcome.counted.records, "{words}");
        assert!(outcome.counted.bytes >= 1 << 20, "{words}");
    }
}

#[test]
fn consumers_read_beside_producers() {
    let node = Node::start();
    let mut consumed = (0..100).map(|_| {
        let outcome = node.load("produce --tail 2 --reader", 5).unwrap();
        outcome.beside.unwrap().records
    });
    // They may come late to a load that is as short as a test's.
    assert!(consumed.any(|records| records > 0));
    assert_eq!(node.load("produce", 1).unwrap().beside, None);
}

#[test]
fn what_was_produced_is_fetched_again_and_again() {
    let node = Node::start();
    let nothing = node.load("fetch", 1).unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "topic ottla-bench holds nothing: produce to it first"
    );
    node.load("produce", 1).unwrap();
    for words in ["fetch", "fetch --no-session --connections 2"] {
        // More than the topic holds.
        let outcome = node.load(words, 30).unwrap();
        assert!(outcome.counted.bytes >= 30 << 20, "{words}");
    }
}

#[test]
fn what_was_never_acknowledged_is_found() {
    let node = Node::start();
    let ledger = Ledger::open(&node.topic()).unwrap();
    node.load("produce", 1).unwrap();
    let problem = ledger.verify(Duration::ZERO).unwrap_err().to_string();
    assert!(
        problem.ends_with("and by what was acknowledged at 0"),
        "{problem}"
    );
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_found() {
    let node = Node::start();
    let ledger = Ledger::open(&node.topic()).unwrap();
    ledger.acknowledge(PartitionIndex(3), 5).unwrap();
    assert!(ledger.acknowledge(PartitionIndex(99), 5).is_err());
    let problem = ledger.verify(Duration::ZERO).unwrap_err().to_string();
    assert_eq!(
        problem,
        "ottla-bench-3 ends at 0, and by what was acknowledged at 5"
    );
}

#[test]
fn who_keeps_nothing_takes_every_lean_load() {
    let address = echo();
    for words in [
        "produce --idempotent",
        "produce --acks all --connections 50 --threads 3 --request-bytes 1KiB",
    ] {
        let outcome = load(&address, words, 1).unwrap();
        assert!(outcome.counted.bytes >= 1 << 20, "{words}");
    }
}

#[cfg(feature = "librdkafka")]
#[test]
fn librdkafka_reads_once_what_it_produced() {
    let node = Node::start();
    for words in [
        "rdkafka-produce --linger-ms 0 --batch-bytes 16KiB",
        "rdkafka-produce --producers 3 --idempotent --acks all --codec zstd --rate 100000",
    ] {
        let outcome = node.load(words, 1).unwrap();
        assert!(outcome.counted.bytes >= 1 << 20, "{words}");
    }
    // More than there is.
    let outcome = node.load("rdkafka-fetch", 1 << 20).unwrap();
    assert!(outcome.counted.records > 0);
    let refused = node.load("rdkafka-produce --idempotent", 1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "librdkafka's idempotent producers take --acks all"
    );
}

#[cfg(feature = "librdkafka")]
#[test]
fn who_keeps_nothing_takes_librdkafka_s_loads() {
    let address = echo();
    let outcome = load(
        &address,
        "rdkafka-produce --idempotent --acks all --codec lz4",
        1,
    );
    assert!(outcome.unwrap().counted.records > 0);
}
