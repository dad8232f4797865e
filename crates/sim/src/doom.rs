use futures::channel::oneshot;

/// When a machine dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After so many steps of its tasks: at any await.
    AfterSteps(u64),
    /// Before the changing disk operation of this number from now on: within a step.
    BeforeOperation(u64),
}

/// How a machine dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The process alone: everything written is left.
    Kill,
    /// What is not synced is at the seed's mercy.
    PowerCut,
}

/// A death that is to come.
pub(crate) struct Doom {
    moment: Moment,
    death: Death,
    dead: oneshot::Sender<()>,
}

impl Doom {
    /// And what is ready when it has come.
    pub(crate) fn new(
        moment: Moment,
        death: Death,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (dead, announced) = oneshot::channel();
        let doom = Self {
            moment,
            death,
            dead,
        };
        (doom, async move {
            // The world itself has ended otherwise, and with it whoever waits.
            let _ = announced.await;
        })
    }

    /// Asked after each step of the machine.
    pub(crate) fn comes(&mut self, is_down: impl FnOnce() -> bool) -> Option<Death> {
        let has_come = match &mut self.moment {
            Moment::AfterSteps(steps) => {
                *steps = steps.saturating_sub(1);
                *steps == 0
            }
            Moment::BeforeOperation(_) => is_down(),
        };
        has_come.then_some(self.death)
    }

    pub(crate) fn announce(self) {
        // Whoever doomed it may have gone.
        let _ = self.dead.send(());
    }
}
