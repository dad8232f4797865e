//! What a node says of a recovery that takes its time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ottla_env::Clock;
use parking_lot::Mutex;
use tracing::Level;

use super::ledger::{Ledger, NewTopic};
use super::process::{DATA, MACHINE, Process, Settings};
use super::{CLIENTS, LIMIT, admin};
use crate::{Simulation, World};

const PARTITIONS: usize = 9000;
/// Longer than all logs take.
const A_WHILE: Duration = Duration::from_secs(60);

/// What was written to it.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a node says that starts on its logs, one after the other.
fn said(is_clean: bool) -> Vec<String> {
    let output = Output::default();
    let writer = output.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let simulation = Simulation::new(0);
        let ledger = Ledger::new(false);
        let script = script(simulation.world().clone(), ledger.clone(), is_clean);
        assert_eq!(simulation.run(LIMIT, script), Ok(()));
        assert_eq!(ledger.verdict(), Ok(1));
    });
    let said = String::from_utf8(output.0.lock().clone()).expect("it is text");
    said.lines().map(str::to_owned).collect()
}

async fn script(world: World, ledger: Ledger, is_clean: bool) {
    let settings = Settings::choose(&world)
        .with("log.dirs", DATA[0])
        .with("num.recovery.threads.per.data.dir", "1");
    let env = world.boot(CLIENTS);
    let process = Process::start(&world, &ledger, &settings);
    let topic = NewTopic {
        name: "topic".to_owned(),
        partitions: PARTITIONS,
        flushes: false,
        retains_little: false,
        configs: Default::default(),
    };
    let created = admin::create(&world, &env, &ledger, &topic).await;
    created.expect("nothing is violated");
    world.clock().sleep(A_WHILE).await;
    if is_clean {
        process.stop().await;
    }
    world.kill(MACHINE);
    let _process = Process::start(&world, &ledger, &settings);
    world.clock().sleep(A_WHILE).await;
}

#[test]
fn an_unclean_start_says_how_far_the_recovery_is_and_when_it_is_done() {
    let said = said(false);
    let (last, others) = said.split_last().expect("something is said");
    let done: Vec<usize> = others
        .iter()
        .map(|line| {
            let (_, counts) = line
                .split_once("recovering after an unclean stop: ")
                .unwrap_or_else(|| panic!("no progress: {said:?}"));
            let (done, rest) = counts.split_once(' ').expect("a number");
            assert!(
                rest.starts_with("of 9000 logs are done directory=/data"),
                "{line}"
            );
            done.parse().expect("a number")
        })
        .collect();
    assert!(
        (1..10).contains(&done.len()) && done.is_sorted(),
        "{said:?}"
    );
    assert!(
        last.contains("recovered 9000 logs after an unclean stop in "),
        "{last}"
    );
}

#[test]
fn a_start_after_a_clean_stop_says_nothing_of_recovery() {
    assert_eq!(said(true), Vec::<String>::new());
}
