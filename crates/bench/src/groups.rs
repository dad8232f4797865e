//! A group of simulated members on real sockets: how long it takes until each has its part, and what that costs the broker.
//!
//! Members are consumers as far as their coordinator sees them, and have one connection each. They answer at once, and one thread
//! drives all of them. What they would wait for by their protocol, the time between heartbeats, is not waited for: when nobody
//! has anything to say for a while, all send the heartbeat that would come next. Such pauses are counted, and their time is not.

mod arrange;
mod classic;
mod consumer;
mod line;
mod member;
mod report;
mod run;
mod stage;
mod swarm;

use std::time::Duration;

use crate::load::LoadError;
use crate::process::{Pid, raise_descriptor_limit};
use clap::ValueEnum;

/// Have members arrive in a group, one more join it, and one leave it, and print what that took.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A broker, which is to coordinate all groups: that of a cluster of one.
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "HOST:PORT")]
    bootstrap: String,
    /// The protocol that the members speak.
    #[arg(long, value_enum, default_value_t = Protocol::Classic)]
    protocol: Protocol,
    /// How many arrive at once. The topic has a partition for each, and one for whoever joins them.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    members: u16,
    /// How many groups are measured, one after the other; what is printed are medians.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Groups before those, which are not measured.
    #[arg(long, default_value_t = 0)]
    warm_up: u16,
    /// When nothing has been answered for so long, members that are not waited for send their next heartbeats. The default is a little
    /// more than a broker waits before it assigns partitions of a consumer group again.
    #[arg(long, default_value_t = 1100, value_parser = clap::value_parser!(u16).range(1..))]
    pause_ms: u16,
    /// The broker's process on this machine: tells its CPU time and its memory too.
    #[arg(long, visible_alias = "pid", value_parser = crate::process::pid, value_name = "PID")]
    server_pid: Option<Pid>,
    /// Print what was measured as one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// `JoinGroup` and `SyncGroup`; one of the members assigns.
    Classic,
    /// KIP-848: the broker assigns.
    Consumer,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), LoadError> {
    // Each member has a socket.
    raise_descriptor_limit().map_err(LoadError::io("raising the limit of open files"))?;
    let measured = run::run(arguments)?;
    if arguments.json {
        println!("{}", report::json(arguments, &measured));
    } else {
        report::print(&measured);
    }
    Ok(())
}
