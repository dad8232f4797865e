//! Which task runs next.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use parking_lot::Mutex;

use crate::Machine;
use crate::dice::Dice;

pub(crate) type TaskId = u64;
pub(crate) type Future = Pin<Box<dyn std::future::Future<Output = ()> + Send>>;

/// All tasks of all machines.
#[derive(Default)]
pub(crate) struct Scheduler {
    tasks: BTreeMap<TaskId, Task>,
    ready: BTreeSet<TaskId>,
    next: TaskId,
}

struct Task {
    /// `None`: the world's own, which no crash ends.
    machine: Option<Machine>,
    /// Taken out while it is polled.
    future: Option<Future>,
}

/// A task to be polled.
pub(crate) struct Taken {
    pub(crate) id: TaskId,
    pub(crate) machine: Option<Machine>,
    pub(crate) future: Future,
}

impl Scheduler {
    pub(crate) fn add(&mut self, machine: Option<Machine>, future: Future) {
        let id = self.next;
        self.next += 1;
        self.tasks.insert(
            id,
            Task {
                machine,
                future: Some(future),
            },
        );
        self.ready.insert(id);
    }

    /// A ready task of the dice's choice, to be polled and handed back.
    pub(crate) fn take(&mut self, dice: &mut Dice) -> Option<Taken> {
        if self.ready.is_empty() {
            return None;
        }
        let choice =
            usize::try_from(dice.within(0..self.ready.len() as u64)).expect("a count of tasks");
        let id = *self
            .ready
            .iter()
            .nth(choice)
            .expect("it is below the count");
        self.ready.remove(&id);
        let task = self
            .tasks
            .get_mut(&id)
            .expect("only living tasks are ready");
        Some(Taken {
            id,
            machine: task.machine,
            future: task.future.take().expect("one task is polled at a time"),
        })
    }

    /// A polled task that is not done. Given back to the caller, to be dropped, when its machine died meanwhile.
    pub(crate) fn put_back(&mut self, id: TaskId, future: Future) -> Option<Future> {
        match self.tasks.get_mut(&id) {
            Some(task) => {
                task.future = Some(future);
                None
            }
            None => Some(future),
        }
    }

    pub(crate) fn done(&mut self, id: TaskId) {
        self.tasks.remove(&id);
        self.ready.remove(&id);
    }

    /// Takes out all tasks of a machine; of every one and the world itself for `None`. The caller drops them, outside of any lock.
    pub(crate) fn remove(&mut self, machine: Option<Machine>) -> Vec<Future> {
        let gone: Vec<TaskId> = self
            .tasks
            .iter()
            .filter(|(_, task)| machine.is_none() || task.machine == machine)
            .map(|(id, _)| *id)
            .collect();
        gone.into_iter()
            .filter_map(|id| {
                self.ready.remove(&id);
                self.tasks.remove(&id)?.future
            })
            .collect()
    }
}

/// Makes its task ready.
pub(crate) struct TaskWaker {
    id: TaskId,
    scheduler: Weak<Mutex<Scheduler>>,
}

impl TaskWaker {
    pub(crate) fn waker(id: TaskId, scheduler: &Arc<Mutex<Scheduler>>) -> Waker {
        Arc::new(Self {
            id,
            scheduler: Arc::downgrade(scheduler),
        })
        .into()
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if let Some(scheduler) = self.scheduler.upgrade() {
            let mut scheduler = scheduler.lock();
            if scheduler.tasks.contains_key(&self.id) {
                scheduler.ready.insert(self.id);
            }
        }
    }
}
