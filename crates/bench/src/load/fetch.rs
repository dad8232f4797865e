use super::connection::Connection;
use super::consumer::{Consumer, From, Limits};
use super::interval::{Outcome, Work, measure};
use super::offsets::{EARLIEST, LATEST, list_offsets};
use super::topic::{Topic, find_or_create};
use super::{LoadError, Target};

/// Fetch the batches of a topic and count them by their headers.
///
/// Each connection is a consumer of its own, which reads all partitions, with one request under way. A consumer that reads
/// from the earliest record begins there again once it has come to the end of the partition; so the topic may hold less than
/// is measured, and then all of it is read from memory. Latency is that of a response from its request on; at the tail that
/// includes the wait for something to read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Consumers, each with a connection to every leader, and each of those with a thread of its own here.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Where each partition is read from.
    #[arg(long, value_enum, default_value_t = From::Earliest)]
    from: From,
    #[command(flatten)]
    limits: Limits,
    /// Name every partition in every request, in place of a fetch session (KIP-227).
    #[arg(long)]
    no_session: bool,
}

impl Arguments {
    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, LoadError> {
    let topic = find_or_create(&arguments.target)?;
    if arguments.from == From::Earliest && is_empty(&topic)? {
        let problem = format!("topic {} holds nothing: produce to it first", topic.name);
        return Err(LoadError::Unfit(problem));
    }
    let mut connections: Vec<Work> = Vec::new();
    for _ in 0..arguments.connections {
        // A consumer has a connection to each leader.
        for (address, partitions) in &topic.led {
            let (from, limits) = (arguments.from, arguments.limits);
            let mut consumer = Consumer::open(address, &topic, partitions, from, limits)?;
            if arguments.no_session {
                consumer = consumer.without_session();
            }
            connections.push(Box::new(move |progress| consumer.run(progress)));
        }
    }
    measure(&arguments.target, connections, Vec::new())
}

/// Whether every partition ends where it begins.
fn is_empty(topic: &Topic) -> Result<bool, LoadError> {
    for (address, partitions) in &topic.led {
        let mut leader = Connection::open(address)?;
        let mut list = |timestamp| list_offsets(&mut leader, &topic.name, partitions, timestamp);
        if list(EARLIEST)? != list(LATEST)? {
            return Ok(false);
        }
    }
    Ok(true)
}
