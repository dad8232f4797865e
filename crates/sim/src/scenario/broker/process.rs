//! One life of the process.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use ottla_broker::{Broker, FirstQuorum, Format, NoLoggers, format};
use ottla_config::ServerConfig;
use ottla_env::{Clock, Env, Spawn};
use ottla_metadata::Image;
use ottla_metadata::features::MetadataVersion;

use super::ledger::{Ledger, Life};
use crate::{Machine, SimEnv, World};

pub(super) const MACHINE: Machine = Machine(1);
pub(super) const HOST: &str = "node-1";
pub(super) const PORT: u16 = 9092;
pub(super) const CONTROLLER_PORT: u16 = 9093;
/// Of members of groups with the consumer protocol.
pub(super) const CONSUMER_SESSION: Duration = Duration::from_secs(8);
/// What the node keeps free on its disk.
pub(super) const MIN_FREE: u64 = 200_000;
/// The log directories; a seed uses one or both.
pub(super) const DATA: [&str; 2] = ["/data", "/more"];
pub(super) const CLUSTER: &str = "c2ltdWxhdGVkLWNsdXN0ZXI";

/// The node's `server.properties`, the same in every life.
pub(super) struct Settings {
    text: String,
}

impl Settings {
    /// One log directory or two, recovered a log or two at once; the metadata log as large as by default, or cut short by snapshots
    /// again and again; its voter named in it, or in the configuration.
    pub(super) fn choose(world: &World) -> Self {
        let directories = DATA[..1 + world.choose(2) as usize].join(",");
        // With one, logs wait their turn while clients come.
        let recovered_at_once = 1 + world.choose(2);
        let session = CONSUMER_SESSION.as_millis();
        let mut text = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             listeners=PLAINTEXT://{HOST}:{PORT},CONTROLLER://{HOST}:{CONTROLLER_PORT}\n\
             controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers={HOST}:{CONTROLLER_PORT}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             log.dirs={directories}\nlog.dirs.min.free.bytes={MIN_FREE}\nauto.create.topics.enable=false\n\
             log.retention.check.interval.ms=3000\nlog.segment.delete.delay.ms=2000\n\
             num.recovery.threads.per.data.dir={recovered_at_once}\n\
             offsets.topic.num.partitions=3\noffsets.topic.replication.factor=1\noffsets.retention.check.interval.ms=2000\n\
             group.consumer.min.session.timeout.ms=1000\ngroup.consumer.min.heartbeat.interval.ms=500\n\
             group.consumer.session.timeout.ms={session}\ngroup.consumer.heartbeat.interval.ms=1000\n"
        );
        for key in [
            "group.initial.rebalance.delay.ms",
            "group.consumer.assignment.interval.ms",
        ] {
            let value = 1000 * world.choose(3);
            writeln!(text, "{key}={value}").expect("writing to a string does not fail");
        }
        if world.choose(2) == 0 {
            for (key, least, range) in [
                ("metadata.log.max.record.bytes.between.snapshots", 1, 4000),
                ("metadata.log.max.snapshot.interval.ms", 0, 5000),
                ("internal.metadata.log.segment.bytes", 4000, 4000),
                ("metadata.max.retention.bytes", 0, 10_000),
            ] {
                let value = least + world.choose(range);
                writeln!(text, "{key}={value}").expect("writing to a string does not fail");
            }
        }
        if world.choose(2) == 0 {
            let voter = format!("controller.quorum.voters=1@{HOST}:{CONTROLLER_PORT}");
            writeln!(text, "{voter}").expect("writing to a string does not fail");
        }
        Self { text }
    }

    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        writeln!(self.text, "{key}={value}").expect("writing to a string does not fail");
        self
    }

    fn config(&self) -> ServerConfig {
        let (config, _) =
            ServerConfig::load("sim", &self.text, &[]).expect("the configuration is well-formed");
        config
    }
}

/// Gives the image in the memory of a process.
pub(super) type Memory = Box<dyn Fn() -> Arc<Image> + Send>;

/// The process as the one who started it sees it.
pub(super) struct Process {
    stop: oneshot::Sender<oneshot::Sender<()>>,
    started: oneshot::Receiver<Memory>,
}

impl Process {
    /// Boots the machine and starts the process on it, formatting the directories if that has not happened yet.
    pub(super) fn start(world: &World, ledger: &Ledger, settings: &Settings) -> Self {
        let disk = world.disk(MACHINE);
        Self::launch(world, ledger, settings, move |ledger, life, outcome| {
            // The machine that is down in this moment dies in the next.
            if let Err(error) = outcome
                && !disk.is_down()
                && !ledger.is_sick(life)
            {
                ledger.violate(format!("the broker does not start: {error}"));
            }
        })
    }

    /// The same on a machine that is well. Ready when the process serves, or has said why it does not.
    pub(super) async fn attempt(
        world: &World,
        ledger: &Ledger,
        settings: &Settings,
    ) -> Result<Self, String> {
        let (sender, outcome) = oneshot::channel();
        let process = Self::launch(world, ledger, settings, move |_, _, outcome| {
            let _ = sender.send(outcome);
        });
        let outcome = outcome.await.expect("a machine that is well lets it start");
        outcome.map(|()| process)
    }

    fn launch(
        world: &World,
        ledger: &Ledger,
        settings: &Settings,
        told: impl FnOnce(&Ledger, Life, Result<(), String>) + Send + 'static,
    ) -> Self {
        let env = world.boot(MACHINE);
        let life = ledger.begin_life();
        let (stop, stopping) = oneshot::channel::<oneshot::Sender<()>>();
        let (ready, started) = oneshot::channel::<Memory>();
        let (ledger, disk) = (ledger.clone(), world.disk(MACHINE));
        let config = settings.config();
        env.spawn().clone().task(async move {
            let broker = match start(env, config).await {
                Ok(broker) => broker,
                Err(error) => return told(&ledger, life, Err(error)),
            };
            told(&ledger, life, Ok(()));
            // Most are not looked into.
            let _ = ready.send(Box::new(broker.image()));
            let asked = match select(stopping, pin!(broker.failed())).await {
                Either::Left((Ok(stopped), _)) => Some(stopped),
                // It is left to its fate.
                Either::Left((Err(_), _)) => return,
                Either::Right((failure, _)) => {
                    if !disk.is_down() && !ledger.is_sick(life) {
                        ledger.violate(format!("the broker fails: {failure}"));
                    }
                    None
                }
            };
            broker.stop().await;
            if let Some(stopped) = asked {
                // Whoever asked may have lost patience.
                let _ = stopped.send(());
            }
        });
        Self { stop, started }
    }

    /// Its memory, once it has started; `None` if it never does, or if somebody has it already.
    pub(super) async fn memory(&mut self) -> Option<Memory> {
        (&mut self.started).await.ok()
    }

    /// Asks it to stop; ready when it has.
    pub(super) async fn stop(self) {
        let (stopped, answer) = oneshot::channel();
        if self.stop.send(stopped).is_ok() {
            let _ = answer.await;
        }
    }
}

async fn start(env: SimEnv, config: ServerConfig) -> Result<Broker<SimEnv>, String> {
    let how = Format {
        cluster_id: CLUSTER.to_owned(),
        metadata_version: MetadataVersion::LATEST,
        levels: BTreeMap::new(),
        quorum: if config.has_static_quorum() {
            FirstQuorum::Configured
        } else {
            FirstQuorum::Standalone
        },
        ignores_formatted: true,
    };
    format(env.disk(), env.entropy(), env.clock().wall(), &config, &how)
        .map_err(|error| error.to_string())?;
    Broker::start(env, config, Arc::new(NoLoggers))
        .await
        .map_err(|error| error.to_string())
}
