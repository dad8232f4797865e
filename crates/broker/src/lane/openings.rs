//! Logs that wait to be opened, and how many are opened at once.

use std::collections::VecDeque;

use crate::partition::PartitionKey;

/// Where nothing is to be recovered, opening is a few syncs, and what syncs at once shares the file system's journal.
const OPENED_AT_ONCE: usize = 64;

/// What it takes to open a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// To look at its files, or to make them.
    Plain,
    /// To read the segments that were written since they were last known to be good.
    Recovery,
}

pub(super) struct Openings {
    plain: Queue,
    recoveries: Queue,
}

struct Queue {
    waiting: VecDeque<PartitionKey>,
    running: usize,
    at_once: usize,
}

impl Openings {
    pub(super) fn new(recovered_at_once: usize) -> Self {
        let queue = |at_once| Queue {
            waiting: VecDeque::new(),
            running: 0,
            at_once,
        };
        Self {
            plain: queue(OPENED_AT_ONCE),
            recoveries: queue(recovered_at_once),
        }
    }

    pub(super) fn push(&mut self, key: PartitionKey, opening: Opening) {
        self.queue(opening).waiting.push_back(key);
    }

    /// The next one that may begin; [`Openings::ended`] gives its place back.
    pub(super) fn begin(&mut self) -> Option<(PartitionKey, Opening)> {
        [Opening::Plain, Opening::Recovery]
            .into_iter()
            .find_map(|opening| {
                let queue = self.queue(opening);
                if queue.running == queue.at_once {
                    return None;
                }
                let key = queue.waiting.pop_front()?;
                queue.running += 1;
                Some((key, opening))
            })
    }

    pub(super) fn ended(&mut self, opening: Opening) {
        let queue = self.queue(opening);
        assert!(queue.running > 0, "what ends has begun");
        queue.running -= 1;
    }

    fn queue(&mut self, opening: Opening) -> &mut Queue {
        match opening {
            Opening::Plain => &mut self.plain,
            Opening::Recovery => &mut self.recoveries,
        }
    }
}
