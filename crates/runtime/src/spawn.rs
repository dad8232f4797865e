use ottla_env::Spawn;
use tokio::runtime::Handle;

/// Tasks and lanes on tokio's workers. A lane on a thread of its own would cost each request two switches between threads, which is more
/// than all else that is done for it; on the workers it runs where its sender ran, when that waits for the answer.
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

    fn lane(&self, lane: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(lane);
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn while_a_lane_blocks_tasks_go_on() {
        let spawn = RealSpawn::new(Handle::current());
        let (release, released) = std::sync::mpsc::channel();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let inner = spawn.clone();
        spawn.lane(async move {
            let doubled = inner.blocking(|| 21 * 2).await;
            released.recv().expect("the task releases it");
            sender.send(doubled).expect("the test waits");
        });
        spawn.task(async move { release.send(()).expect("the lane waits") });
        assert_eq!(receiver.await, Ok(42));
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits() {
        let spawn = RealSpawn::new(Handle::current());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        drop(spawn.blocking(move || sender.send(1)));
        assert_eq!(receiver.await, Ok(1));
    }
}
