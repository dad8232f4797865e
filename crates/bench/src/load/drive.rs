//! A thread of producers, none of which waits for another.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::LoadError;
use super::producer::Producer;
use super::progress::{Latencies, Progress};

/// So that what fails elsewhere is noticed where nothing is due for long.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Nobody waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends and receives on all of them until the load is over, and then waits for the answers that are missing.
pub(super) fn drive(
    mut producers: Vec<Producer>,
    progress: &Progress,
) -> Result<Latencies, LoadError> {
    let mut latencies = Latencies::new();
    let mut ready = Vec::new();
    let mut last_heard = progress.now();
    while !progress.is_over() {
        let mut next_due = BETWEEN_LOOKS;
        for producer in &mut producers {
            if let Some(wait) = producer.send(progress)? {
                next_due = next_due.min(wait);
            }
        }
        await_any(&producers, next_due, &mut ready)?;
        for place in &ready {
            producers[*place].receive(progress, &mut latencies)?;
        }
        let now = progress.now();
        if !ready.is_empty() || !producers.iter().any(Producer::has_under_way) {
            last_heard = now;
        } else if now - last_heard > PATIENCE {
            let problem = format!("nothing was answered for {} seconds", PATIENCE.as_secs());
            return Err(LoadError::Unfit(problem));
        }
    }
    for producer in &mut producers {
        producer.finish(progress, &mut latencies)?;
    }
    Ok(latencies)
}

/// Fills `ready` with the places of the producers for which something has arrived. Returns as well when there is room in a
/// socket that had none, and when `patience` is over.
fn await_any(
    producers: &[Producer],
    patience: Duration,
    ready: &mut Vec<usize>,
) -> Result<(), LoadError> {
    ready.clear();
    let timeout = Timespec {
        tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: patience.subsec_nanos().into(),
    };
    let mut sockets: Vec<PollFd<'_>> = producers.iter().map(Producer::awaited).collect();
    match poll(&mut sockets, Some(&timeout)) {
        Ok(_) => {}
        Err(Errno::INTR) => return Ok(()),
        Err(error) => return Err(LoadError::io("waiting for answers")(error.into())),
    }
    let has_arrived = |socket: &PollFd<'_>| socket.revents().intersects(!PollFlags::OUT);
    let places = sockets.iter().enumerate();
    ready.extend(places.filter_map(|(place, socket)| has_arrived(socket).then_some(place)));
    Ok(())
}
