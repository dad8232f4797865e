use std::thread;

use ottla_env::Spawn;
use tokio::runtime::Handle;

/// Tasks on tokio's workers, lanes on threads of their own.
#[derive(Clone, Debug)]
pub struct RealSpawn {
    handle: Handle,
}

impl RealSpawn {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Spawn for RealSpawn {
    fn task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    fn lane(&self, name: &str, lane: impl Future<Output = ()> + Send + 'static) {
        let handle = self.handle.clone();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || handle.block_on(lane))
            .expect("lanes are few and begin at start, so there is a thread for each");
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        blocking(&self.handle, work)
    }
}

/// Begins `work` at once, whether or not the future is polled.
pub(crate) fn blocking<T, F>(handle: &Handle, work: F) -> impl Future<Output = T> + Send + use<T, F>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let work = handle.spawn_blocking(work);
    async move {
        match work.await {
            Ok(done) => done,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The world is ending and took the work back: whoever waits for it ends too.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_has_a_thread_of_its_own_and_may_await() {
        let spawn = RealSpawn::new(Handle::current());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let inner = spawn.clone();
        spawn.lane("lane-0", async move {
            let doubled = inner.blocking(|| 21 * 2).await;
            let name = thread::current().name().map(str::to_owned);
            sender.send((name, doubled)).expect("the test waits");
        });
        assert_eq!(receiver.await, Ok((Some("lane-0".to_owned()), 42)));
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits() {
        let spawn = RealSpawn::new(Handle::current());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        drop(spawn.blocking(move || sender.send(1)));
        assert_eq!(receiver.await, Ok(1));
    }
}
