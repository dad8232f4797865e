//! Logs that are still being opened. After the creation of a topic that takes milliseconds, and is worth waiting for; after a
//! crash it may take minutes, in which a client does better with an answer about everything else.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, select};
use ottla_env::{Clock, Env};
use ottla_log::LogReader;
use ottla_model::{ErrorCode, Monotonic};

use crate::node::Node;
use crate::partition::Partition;

/// How long one request waits for logs, all of them together.
const OPENING: Duration = Duration::from_millis(250);

/// When a request that begins now has waited long enough.
pub(super) fn opening_deadline<E: Env>(node: &Node<E>) -> Monotonic {
    node.env.clock().monotonic() + OPENING
}

/// The log's view, if it is open by `deadline`.
///
/// # Errors
/// NOT_LEADER_OR_FOLLOWER where it is not: clients ask again. Otherwise as [`Partition::reader`].
pub(super) async fn reader_by<E: Env>(
    node: &Node<E>,
    partition: &Partition<E>,
    deadline: Monotonic,
) -> Result<LogReader<E::Disk>, ErrorCode> {
    // Nearly always the log is open, and no timer is needed.
    if let Some(reader) = partition.reader().now_or_never() {
        return reader;
    }
    let timeout = node.env.clock().sleep_until(deadline);
    match select(pin!(partition.reader()), pin!(timeout)).await {
        Either::Left((reader, _)) => reader,
        Either::Right(_) => Err(ErrorCode::NotLeaderOrFollower),
    }
}
