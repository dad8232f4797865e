//! What becomes of the batches of one request, told by lanes and waited for as a whole.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::{AppendFailure, Appended};

/// What has become of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its lane has it.
    Open,
    Told(Result<Appended, AppendFailure>),
    /// Its lane closed over it.
    Dropped,
}

/// The outcomes of a request's batches. One allocation and one wake for all of them, however many there are.
pub(crate) struct Answers {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    outcomes: Vec<Outcome>,
    open: usize,
    waiter: Option<Waker>,
}

/// Where the outcome of one batch is told, once. Dropping it tells that nobody will.
pub(crate) struct Reply {
    shared: Arc<Mutex<Shared>>,
    place: usize,
    outcome: Outcome,
}

impl Answers {
    /// For about so many batches.
    pub(crate) fn with_capacity(batches: usize) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                outcomes: Vec::with_capacity(batches),
                open: 0,
                waiter: None,
            })),
        }
    }

    /// The place of the next batch.
    pub(crate) fn open(&self) -> Reply {
        let mut shared = self.shared.lock();
        let place = shared.outcomes.len();
        shared.outcomes.push(Outcome::Open);
        shared.open += 1;
        Reply {
            shared: Arc::clone(&self.shared),
            place,
            outcome: Outcome::Dropped,
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.shared.lock().open == 0
    }

    /// Ready when no batch is open.
    pub(crate) fn poll_complete(&self, task: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.shared.lock();
        if shared.open == 0 {
            return Poll::Ready(());
        }
        match &mut shared.waiter {
            Some(waiter) => waiter.clone_from(task.waker()),
            none => *none = Some(task.waker().clone()),
        }
        Poll::Pending
    }

    #[cfg(test)]
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.shared.lock().outcomes.clone()
    }

    /// In the order in which the places were opened. What is told later is told to nobody.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        std::mem::take(&mut self.shared.lock().outcomes)
    }
}

impl Reply {
    pub(crate) fn tell(mut self, outcome: Result<Appended, AppendFailure>) {
        self.outcome = Outcome::Told(outcome);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Open);
        let mut shared = self.shared.lock();
        // Whoever waited may have left with what was told until then.
        if let Some(place) = shared.outcomes.get_mut(self.place) {
            *place = outcome;
        }
        shared.open -= 1;
        if shared.open == 0
            && let Some(waiter) = shared.waiter.take()
        {
            // The waiter's thread must not wake up to find the lock taken.
            drop(shared);
            waiter.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::task::noop_waker_ref;
    use ottla_model::ErrorCode;

    fn is_complete(answers: &Answers) -> bool {
        let mut task = Context::from_waker(noop_waker_ref());
        answers.poll_complete(&mut task).is_ready()
    }

    #[test]
    fn a_request_is_complete_when_all_its_batches_are() {
        let answers = Answers::with_capacity(2);
        let (first, second) = (answers.open(), answers.open());
        second.tell(Err(ErrorCode::KafkaStorageError.into()));
        assert!(!is_complete(&answers));
        drop(first);
        assert!(is_complete(&answers));
        let failure = Outcome::Told(Err(ErrorCode::KafkaStorageError.into()));
        assert_eq!(answers.into_outcomes(), [Outcome::Dropped, failure]);
    }

    #[test]
    fn what_is_told_too_late_is_told_to_nobody() {
        let answers = Answers::with_capacity(1);
        let late = answers.open();
        assert_eq!(answers.into_outcomes(), [Outcome::Open]);
        late.tell(Err(ErrorCode::None.into()));
    }
}
