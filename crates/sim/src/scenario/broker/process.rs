//! One life of the process.

use std::collections::BTreeMap;

use futures::channel::oneshot;
use ottla_broker::{Broker, FirstQuorum, Format, format};
use ottla_config::ServerConfig;
use ottla_env::{Clock, Env, Spawn};
use ottla_metadata::features::MetadataVersion;

use super::ledger::Ledger;
use crate::{Machine, SimEnv, World};

pub(super) const MACHINE: Machine = Machine(1);
pub(super) const HOST: &str = "node-1";
pub(super) const PORT: u16 = 9092;
pub(super) const CONTROLLER_PORT: u16 = 9093;
/// The log directories; a seed uses one or both.
pub(super) const DATA: [&str; 2] = ["/data", "/more"];
pub(super) const CLUSTER: &str = "c2ltdWxhdGVkLWNsdXN0ZXI";

/// The process as the one who started it sees it.
pub(super) struct Process {
    stop: oneshot::Sender<oneshot::Sender<()>>,
}

impl Process {
    /// Boots the machine and starts the process on it, formatting the directory if that has not happened yet.
    pub(super) fn start(world: &World, ledger: &Ledger) -> Self {
        let directories = &DATA[..1 + (world.seed() % 2) as usize];
        let env = world.boot(MACHINE);
        let life = ledger.begin_life();
        let (stop, stopping) = oneshot::channel::<oneshot::Sender<()>>();
        let (ledger, disk) = (ledger.clone(), world.disk(MACHINE));
        env.spawn().clone().task(async move {
            match start(env, directories).await {
                Ok(broker) => {
                    if let Ok(stopped) = stopping.await {
                        broker.stop().await;
                        // Whoever asked may have lost patience.
                        let _ = stopped.send(());
                    }
                }
                Err(error) => {
                    // The machine that is down in this moment dies in the next.
                    if !disk.is_down() && !ledger.is_sick(life) {
                        ledger.violate(format!("the broker does not start: {error}"));
                    }
                }
            }
        });
        Self { stop }
    }

    /// Asks it to stop; ready when it has.
    pub(super) async fn stop(self) {
        let (stopped, answer) = oneshot::channel();
        if self.stop.send(stopped).is_ok() {
            let _ = answer.await;
        }
    }
}

async fn start(env: SimEnv, directories: &[&str]) -> Result<Broker<SimEnv>, String> {
    let config = config(directories);
    let how = Format {
        cluster_id: CLUSTER.to_owned(),
        metadata_version: MetadataVersion::LATEST,
        levels: BTreeMap::new(),
        quorum: FirstQuorum::Standalone,
        ignores_formatted: true,
    };
    format(env.disk(), env.entropy(), env.clock().wall(), &config, &how)
        .map_err(|error| error.to_string())?;
    Broker::start(env, config)
        .await
        .map_err(|error| error.to_string())
}

fn config(directories: &[&str]) -> ServerConfig {
    let directories = directories.join(",");
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\n\
         listeners=PLAINTEXT://{HOST}:{PORT},CONTROLLER://{HOST}:{CONTROLLER_PORT}\n\
         controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers={HOST}:{CONTROLLER_PORT}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={directories}
auto.create.topics.enable=false
\
         log.retention.check.interval.ms=3000
log.segment.delete.delay.ms=2000
\
         metadata.log.max.record.bytes.between.snapshots=3000
metadata.max.retention.bytes=20000
\
         internal.metadata.log.segment.bytes=6000
"
    );
    let (config, _) =
        ServerConfig::load("sim", &text, &[]).expect("the configuration is well-formed");
    config
}
