/// Tasks. They run until they end by themselves or the world does.
pub trait Spawn: Clone + Send + Sync + 'static {
    /// A task among many, which must never block: a connection, a timer.
    fn task(&self, task: impl Future<Output = ()> + Send + 'static);

    /// A task that may block, on the disk above all. Where there are threads, the world has one more for each lane than it would have for
    /// its tasks, so that all lanes may block at once.
    fn lane(&self, lane: impl Future<Output = ()> + Send + 'static);

    /// Work that blocks and that the caller waits for without blocking: a sync beside a lane, a read that misses the
    /// page cache, recovery of one partition among many.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send;
}
