use std::collections::VecDeque;

use bytes::Bytes;
use ottla_model::{ErrorCode, Monotonic};
use ottla_timeline::Timeline;
use ottla_wire::records::{BATCH_OVERHEAD, Compression};

use crate::loading::Loading;
use crate::state_machine::{EncodedRecord, StateMachine, States, StepOf};
use crate::step::{Now, Step, Ticket};
use crate::uncommitted::{self, Uncommitted};

/// What a coordinator is told of its partition.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The largest batch that the partition takes. Bytes.
    pub max_batch_bytes: usize,
    pub compression: Compression,
}

/// What is to be done.
#[derive(Debug)]
pub struct Outputs<Answer> {
    /// To be let out, in any order.
    pub answers: Vec<(Ticket, Result<Answer, ErrorCode>)>,
    /// A batch to be appended. What became of it is told by [`Coordinator::appended`]; there is no other until then.
    pub append: Option<Bytes>,
}

impl<Answer> Default for Outputs<Answer> {
    fn default() -> Self {
        Self {
            answers: Vec::new(),
            append: None,
        }
    }
}

/// A state machine whose partition is led here, and read to its end.
#[derive(Debug)]
pub struct Coordinator<M: StateMachine> {
    machine: M,
    options: Options,
    /// The state by batches: the records of one are committed together, or lost.
    timeline: Timeline<u64, M::State>,
    /// Batches that were begun.
    begun: u64,
    /// The number of the last one that is committed; 0 before the first.
    last_committed: u64,
    /// In the order in which they go to the log; the first is on its way between calls.
    batches: VecDeque<Uncommitted<M::Answer, M::Context>>,
}

impl<M: StateMachine> Coordinator<M> {
    /// Begins with what was loaded.
    #[must_use]
    pub fn new(mut machine: M, loaded: Loading<M>, options: Options, now: Now) -> Self {
        let state = loaded.into_state();
        machine.loaded(&state, now);
        Self {
            machine,
            options,
            timeline: Timeline::new(0, state),
            begun: 0,
            last_committed: 0,
            batches: VecDeque::new(),
        }
    }

    /// What others may be told of.
    #[must_use]
    pub fn committed(&self) -> &M::State {
        self.timeline.committed()
    }

    #[must_use]
    pub fn machine(&self) -> &M {
        &self.machine
    }

    pub fn request(
        &mut self,
        ticket: Ticket,
        request: M::Request,
        now: Now,
        out: &mut Outputs<M::Answer>,
    ) {
        self.step(now, out, |machine, states, step| {
            machine.request(states, ticket, request, now, step)
        });
        self.append(out);
    }

    /// The batch that was to be appended is committed, or nothing of it is in the log.
    ///
    /// # Panics
    /// When none was.
    pub fn appended(
        &mut self,
        result: Result<(), ErrorCode>,
        now: Now,
        out: &mut Outputs<M::Answer>,
    ) {
        let first = self.batches.front();
        assert!(
            first.is_some_and(Uncommitted::is_on_its_way),
            "nothing was to be appended"
        );
        match result {
            Ok(()) => self.commit(now, out),
            Err(error) => self.lose(error, now, out),
        }
        self.append(out);
    }

    fn commit(&mut self, now: Now, out: &mut Outputs<M::Answer>) {
        let batch = self.batches.pop_front().expect("it was on its way");
        self.last_committed = batch.number;
        self.timeline.commit(batch.number);
        let answers = batch.answers.into_iter();
        out.answers
            .extend(answers.map(|(ticket, answer)| (ticket, Ok(answer))));
        for context in batch.contexts {
            self.step(now, out, |machine, states, step| {
                machine.committed(states, context, now, step)
            });
        }
    }

    /// All that is not committed was built on the batch that is lost. The last step is told first, so that each finds what was before it.
    fn lose(&mut self, error: ErrorCode, now: Now, out: &mut Outputs<M::Answer>) {
        let lost = std::mem::take(&mut self.batches);
        self.timeline.roll_back(self.last_committed);
        for batch in lost.into_iter().rev() {
            let contexts = batch.contexts.into_iter().rev();
            self.refuse(batch.answers, contexts, error, now, out);
        }
    }

    fn refuse(
        &mut self,
        answers: Vec<(Ticket, M::Answer)>,
        contexts: impl IntoIterator<Item = M::Context>,
        error: ErrorCode,
        now: Now,
        out: &mut Outputs<M::Answer>,
    ) {
        let answers = answers.into_iter();
        out.answers
            .extend(answers.map(|(ticket, _)| (ticket, Err(error))));
        for context in contexts {
            self.step(now, out, |machine, states, step| {
                machine.append_failed(states, context, error, now, step)
            });
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Now, out: &mut Outputs<M::Answer>) {
        while self
            .machine
            .next_deadline()
            .is_some_and(|deadline| deadline <= now.monotonic)
        {
            self.step(now, out, |machine, states, step| {
                machine.expire(states, now, step)
            });
        }
        self.append(out);
    }

    /// When [`expire`](Self::expire) has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.machine.next_deadline()
    }

    /// Something outside of the log has changed that the machine takes account of.
    pub fn notice(
        &mut self,
        now: Now,
        out: &mut Outputs<M::Answer>,
        notice: impl FnOnce(&mut M, States<'_, M::State>, &mut StepOf<M>) -> Option<M::Context>,
    ) {
        self.step(now, out, notice);
        self.append(out);
    }

    fn step(
        &mut self,
        now: Now,
        out: &mut Outputs<M::Answer>,
        run: impl FnOnce(&mut M, States<'_, M::State>, &mut StepOf<M>) -> Option<M::Context>,
    ) {
        let mut step = Step::default();
        let states = States {
            committed: self.timeline.committed(),
            newest: self.timeline.newest(),
        };
        let context = run(&mut self.machine, states, &mut step);
        if step.records.is_empty() {
            assert!(
                context.is_none(),
                "a step without records has nothing to be reminded of"
            );
            match self.batches.back_mut().filter(|_| step.shows_newest) {
                Some(batch) => batch.answers.append(&mut step.answers),
                None => {
                    let answers = step.answers.into_iter();
                    out.answers
                        .extend(answers.map(|(ticket, answer)| (ticket, Ok(answer))));
                }
            }
            return;
        }
        let encoded: Vec<EncodedRecord> = step.records.iter().map(M::encode).collect();
        let size = uncommitted::size(&encoded);
        if BATCH_OVERHEAD + size > self.options.max_batch_bytes {
            self.refuse(
                step.answers,
                context,
                ErrorCode::RecordListTooLarge,
                now,
                out,
            );
            return;
        }
        self.open_batch(size);
        let batch = self.batches.back_mut().expect("one is open");
        batch.push(&encoded, now.wall);
        batch.answers.append(&mut step.answers);
        batch.contexts.extend(context);
        let state = self.timeline.newest_mut(batch.number);
        let state = state.expect("a batch has its state from when it was begun");
        for record in step.records {
            M::replay(state, record, None);
        }
    }

    /// Begins a batch, and a state with it, unless the last one has room for so many more bytes.
    fn open_batch(&mut self, bytes: usize) {
        let max_bytes = self.options.max_batch_bytes;
        let last = self.batches.back();
        if last.is_some_and(|batch| batch.has_room(bytes, max_bytes)) {
            return;
        }
        self.begun += 1;
        self.batches
            .push_back(Uncommitted::new(self.begun, self.options.compression));
        let state = self.timeline.newest().clone();
        self.timeline.push(self.begun, state);
    }

    fn append(&mut self, out: &mut Outputs<M::Answer>) {
        if let Some(first) = self.batches.front_mut()
            && let Some(batch) = first.send()
        {
            assert!(out.append.is_none(), "one batch is on its way at a time");
            out.append = Some(batch);
        }
    }
}
