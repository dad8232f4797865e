//! All members, driven until they are settled.

use std::time::Duration;

use ottla_env::Clock;
use ottla_model::Monotonic;
use ottla_runtime::RealClock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::arrange::is_settled;
use super::member::{Member, Standing, socket};
use crate::load::LoadError;

/// For the answer to a request that is answered at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many heartbeats change a group that is going to settle.
const MOST_PAUSES: u32 = 60;

/// How members became settled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Settled {
    /// Without the pauses.
    pub(super) took: Duration,
    /// How many times all that could be said was said, and members waited for their next heartbeats.
    pub(super) pauses: u32,
    /// From the first request to the last answer, with the pauses.
    pub(super) elapsed: Duration,
}

pub(super) struct Swarm<'t> {
    pub(super) members: Vec<Box<dyn Member + 't>>,
    clock: RealClock,
    pause: Duration,
    partitions: i32,
}

impl<'t> Swarm<'t> {
    pub(super) fn new(pause: Duration, partitions: i32) -> Self {
        Self {
            members: Vec::new(),
            clock: RealClock::new(),
            pause,
            partitions,
        }
    }

    pub(super) fn now(&self) -> Monotonic {
        self.clock.monotonic()
    }

    pub(super) fn requests(&self) -> u64 {
        let lines = self.members.iter().map(|member| member.line());
        lines.map(|line| u64::from(line.sent())).sum()
    }

    /// Whoever has to say something has said it, at `began` or later: answers and says what follows, until all members are settled.
    pub(super) fn settle(&mut self, began: Monotonic) -> Result<Settled, LoadError> {
        let mut settled = Settled::default();
        let mut ready = Vec::new();
        let (mut began_saying, mut last_heard) = (began, self.now());
        loop {
            self.await_any(self.pause, &mut ready)?;
            if ready.is_empty() {
                settled.took += last_heard - began_saying;
                settled.pauses += 1;
                if settled.pauses > MOST_PAUSES {
                    return Err(self.stuck());
                }
                began_saying = self.now();
                last_heard = began_saying;
                for member in &mut self.members {
                    if member.line().awaited().is_none() {
                        member.heartbeat()?;
                    }
                }
                continue;
            }
            for place in &ready {
                self.members[*place].receive()?;
            }
            last_heard = self.now();
            let members = self.members.iter();
            if is_settled(members.map(|member| member.standing()), self.partitions) {
                settled.took += last_heard - began_saying;
                settled.elapsed = last_heard - began;
                return Ok(settled);
            }
        }
    }

    /// Until every request is answered.
    pub(super) fn finish(&mut self) -> Result<(), LoadError> {
        let mut ready = Vec::new();
        loop {
            let mut lines = self.members.iter().map(|member| member.line());
            if lines.all(|line| line.awaited().is_none()) {
                return Ok(());
            }
            self.await_any(PATIENCE, &mut ready)?;
            if ready.is_empty() {
                return Err(self.stuck());
            }
            for place in &ready {
                self.members[*place].receive()?;
            }
        }
    }

    fn stuck(&self) -> LoadError {
        let standings: Vec<Standing<'_>> = self
            .members
            .iter()
            .filter_map(|member| member.standing())
            .collect();
        let epochs = standings.iter().map(|standing| standing.epoch);
        let owned: usize = standings
            .iter()
            .map(|standing| standing.partitions.len())
            .sum();
        LoadError::Unfit(format!(
            "the group does not settle: {} of {} members are where they are to be, in epochs {:?} to {:?}, with {owned} of {} partitions",
            standings.len(),
            self.members.len(),
            epochs.clone().min(),
            epochs.max(),
            self.partitions
        ))
    }

    /// Fills `ready` with the places of the members for whom an answer has come; nothing comes for `patience` where it stays empty.
    fn await_any(&self, patience: Duration, ready: &mut Vec<usize>) -> Result<(), LoadError> {
        ready.clear();
        let timeout = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let sockets = self.members.iter().map(|member| socket(&**member));
        let mut sockets: Vec<PollFd<'_>> = sockets
            .map(|socket| PollFd::new(socket, PollFlags::IN))
            .collect();
        loop {
            match poll(&mut sockets, Some(&timeout)) {
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(LoadError::io("waiting for answers")(error.into())),
            }
        }
        let places = sockets.iter().enumerate();
        ready.extend(
            places.filter_map(|(place, socket)| (!socket.revents().is_empty()).then_some(place)),
        );
        Ok(())
    }
}
