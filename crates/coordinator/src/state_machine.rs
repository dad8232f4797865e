//! What the runtime asks of a state machine.

use bytes::Bytes;
use ottla_model::{Monotonic, ProducerId};
use ottla_wire::DecodeError;

use crate::step::{Now, Step, Ticket};

/// The replicated state as a step finds it.
#[derive(Debug)]
pub struct States<'a, State> {
    /// What others may be told of.
    pub committed: &'a State,
    /// What the next records build on.
    pub newest: &'a State,
}

impl<State> Clone for States<'_, State> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<State> Copy for States<'_, State> {}

/// A record as it stands in the log; without a value it is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRecord {
    pub key: Bytes,
    pub value: Option<Bytes>,
}

/// The collected effects of a step of `M`.
pub type StepOf<M> = Step<<M as StateMachine>::Record, <M as StateMachine>::Answer>;

/// A state machine on a partition.
///
/// What is replicated is its [`State`](StateMachine::State), which records alone change, by [`replay`](StateMachine::replay): whatever
/// is taken back was never in a state that is kept. Beside that it has what is not replicated: who waits, and until when.
pub trait StateMachine {
    /// Cheap to clone: its parts are shared.
    type State: Clone + Default;
    type Record;
    type Request;
    type Answer;
    /// What a step is to be reminded of when its records are committed, or lost.
    type Context;

    /// `None` for a record of another release, which is passed over.
    ///
    /// # Errors
    /// For a record that this release should know and cannot read.
    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self::Record>, DecodeError>;

    fn encode(record: &Self::Record) -> EncodedRecord;

    /// Changes the state as the record says. `producer`: that of the transaction it belongs to; it counts when that is committed.
    fn replay(state: &mut Self::State, record: Self::Record, producer: Option<ProducerId>);

    /// The producer's transaction has ended.
    fn end_transaction(state: &mut Self::State, producer: ProducerId, is_committed: bool);

    /// The log has been read to its end. Comes once, before everything below.
    fn loaded(&mut self, state: &Self::State, now: Now);

    fn request(
        &mut self,
        states: States<'_, Self::State>,
        ticket: Ticket,
        request: Self::Request,
        now: Now,
        step: &mut StepOf<Self>,
    ) -> Option<Self::Context>;

    /// The records of the step that gave `context` are committed.
    fn committed(
        &mut self,
        states: States<'_, Self::State>,
        context: Self::Context,
        now: Now,
        step: &mut StepOf<Self>,
    ) -> Option<Self::Context>;

    /// The records of the step that gave `context` are lost, and its answers have become errors.
    fn append_failed(
        &mut self,
        states: States<'_, Self::State>,
        context: Self::Context,
        error: ottla_model::ErrorCode,
        now: Now,
        step: &mut StepOf<Self>,
    ) -> Option<Self::Context>;

    /// A deadline has passed. One call does the work of one deadline or of several; the next deadline says whether there is more.
    fn expire(
        &mut self,
        states: States<'_, Self::State>,
        now: Now,
        step: &mut StepOf<Self>,
    ) -> Option<Self::Context>;

    fn next_deadline(&self) -> Option<Monotonic>;
}
