//! Replicas that move from one of the node's directories to another (KIP-113, KIP-858).
//!
//! The log is copied beside the service, the controller is told where it is going, and the image that says so has it handed over
//! by the lane that owns it to the one that will.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc;
use ottla_controller::{AssignedDirectory, Reply, Request};
use ottla_env::{Clock, Disk, Entropy, Env, Spawn};
use ottla_log::dir::{FutureLog, LogDirectory, NEARLY_ALL};
use ottla_model::{BrokerEpoch, PartitionIndex, Uuid};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::lane::has_room;
use crate::node::Node;
use crate::partition::{Partition, PartitionKey};

/// Partitions that are not here and whose place is remembered all the same: who asks need not know which there will be.
const MAX_PREFERRED: usize = 10_000;
/// A copy that is not nearly whole after so many looks for what came meanwhile lets others have their turn.
const MAX_PASSES: usize = 16;
/// What may be left for the lane to copy while it does nothing else. Bytes.
const MOST_AT_LAST: u64 = 32 << 20;
/// How much more that may have become when the controller has answered.
const SLACK: u64 = 4;
/// Before a copy is gone on with that could not keep up.
const AGAIN: Duration = Duration::from_secs(60);

/// What is moved, and what is to be where once it is there.
pub(crate) struct Moves<D: Disk> {
    directories: Vec<(Uuid, Arc<LogDirectory<D>>)>,
    state: Mutex<State<D>>,
    asked: mpsc::UnboundedSender<PartitionKey>,
}

struct State<D: Disk> {
    /// Where partitions are to be that are not here yet.
    preferred: FxHashMap<(String, PartitionIndex), Uuid>,
    moves: FxHashMap<PartitionKey, Move<D>>,
}

/// One move.
struct Move<D: Disk> {
    to: Uuid,
    progress: Arc<Progress>,
    /// The copy, nearly whole.
    ready: Option<FutureLog<D>>,
    /// The copy, to be gone on with later.
    begun: Option<FutureLog<D>>,
}

/// How far a copy is.
#[derive(Default)]
struct Progress {
    bytes: AtomicU64,
    is_cancelled: AtomicBool,
}

impl<D: Disk> Moves<D> {
    /// What it is asked for is to be carried out by [`move_replicas`].
    pub(crate) fn new(
        directories: Vec<(Uuid, Arc<LogDirectory<D>>)>,
    ) -> (Self, mpsc::UnboundedReceiver<PartitionKey>) {
        let (asked, to_do) = mpsc::unbounded();
        let state = State {
            preferred: FxHashMap::default(),
            moves: FxHashMap::default(),
        };
        let moves = Self {
            directories,
            state: Mutex::new(state),
            asked,
        };
        (moves, to_do)
    }

    /// Remembers where a partition is to be that is not here.
    pub(crate) fn prefer(&self, topic: &str, index: PartitionIndex, to: Uuid) {
        let mut state = self.state.lock();
        if state.preferred.len() < MAX_PREFERRED {
            state.preferred.insert((topic.to_owned(), index), to);
        }
    }

    pub(crate) fn take_preferred(&self, topic: &str, index: PartitionIndex) -> Option<Uuid> {
        let mut state = self.state.lock();
        if state.preferred.is_empty() {
            return None;
        }
        state.preferred.remove(&(topic.to_owned(), index))
    }

    /// Has the partition, which is in `from`, moved to `to`, and nowhere else. Where they are the same it stays.
    pub(crate) fn ask(&self, key: PartitionKey, from: Uuid, to: Uuid) {
        let mut state = self.state.lock();
        match state.moves.get(&key) {
            // A copy that is ready is about to be taken.
            Some(known) if known.to == to => return,
            Some(known) => known.progress.is_cancelled.store(true, Ordering::SeqCst),
            None => {}
        }
        if from == to {
            discard(state.moves.remove(&key));
            return;
        }
        let asked = Move {
            to,
            progress: Arc::default(),
            ready: None,
            begun: None,
        };
        discard(state.moves.insert(key, asked));
        // Whoever carries it out ends with the node.
        let _ = self.asked.unbounded_send(key);
    }

    /// A move that has come so far.
    #[cfg(test)]
    pub(crate) fn put_ready(&self, key: PartitionKey, from: Uuid, to: Uuid, copy: FutureLog<D>) {
        self.ask(key, from, to);
        let mut state = self.state.lock();
        let known = state.moves.get_mut(&key);
        known.expect("it was asked for").ready = Some(copy);
    }

    /// The copy that the metadata wants in the place of the log; given once.
    pub(crate) fn take_ready(&self, key: PartitionKey, to: Uuid) -> Option<FutureLog<D>> {
        let mut state = self.state.lock();
        let is_it = |known: &Move<D>| known.to == to && known.ready.is_some();
        if !state.moves.get(&key).is_some_and(is_it) {
            return None;
        }
        state.moves.remove(&key)?.ready
    }

    /// The partition is gone, and with it its copy.
    pub(crate) fn forget(&self, key: PartitionKey) {
        if let Some(gone) = self.state.lock().moves.remove(&key) {
            gone.progress.is_cancelled.store(true, Ordering::SeqCst);
            discard(Some(gone));
        }
    }

    /// One move has come to nothing. Another of the partition, asked for meanwhile, goes on. False where it is over already.
    fn forget_one(&self, key: PartitionKey, progress: &Arc<Progress>) -> bool {
        let mut state = self.state.lock();
        let known = state.moves.get(&key);
        let is_it = known.is_some_and(|known| Arc::ptr_eq(&known.progress, progress));
        if is_it {
            discard(state.moves.remove(&key));
        }
        is_it
    }

    /// What is being moved: whereto, and how many bytes are there.
    pub(crate) fn all(&self) -> Vec<(PartitionKey, Uuid, u64)> {
        let state = self.state.lock();
        let moves = state.moves.iter();
        let moves = moves.map(|(key, known)| {
            let bytes = known.progress.bytes.load(Ordering::Relaxed);
            (*key, known.to, bytes)
        });
        moves.collect()
    }

    fn directory(&self, id: Uuid) -> Option<Arc<LogDirectory<D>>> {
        let mut directories = self.directories.iter();
        let (_, directory) = directories.find(|(other, _)| *other == id)?;
        Some(Arc::clone(directory))
    }
}

fn discard<D: Disk>(gone: Option<Move<D>>) {
    if let Some(Move { ready, begun, .. }) = gone {
        ready.iter().chain(&begun).for_each(give_up);
    }
}

/// Removes a copy that nobody wants any more.
pub(crate) fn give_up<D: Disk>(future: &FutureLog<D>) {
    if let Err(error) = future.discard() {
        tracing::warn!(%error, "cannot remove the copy of a log; it is removed at the next start");
    }
}

/// Carries out the moves, one behind the other, until the node ends.
pub(crate) async fn move_replicas<E: Env>(
    node: Arc<Node<E>>,
    epoch: BrokerEpoch,
    mut asked: mpsc::UnboundedReceiver<PartitionKey>,
) {
    while let Some(key) = asked.next().await {
        let Some(partition) = node.partitions.get(key.topic, key.index) else {
            node.moves.forget(key);
            continue;
        };
        // It may still be being opened.
        if partition.reader().await.is_err() {
            node.moves.forget(key);
            continue;
        }
        if let Some(progress) = copy(&node, &partition).await {
            tell(&node, epoch, key, &progress).await;
        }
    }
}

/// The move whose copy is ready; `None` where it came to nothing.
async fn copy<E: Env>(node: &Node<E>, partition: &Partition<E>) -> Option<Arc<Progress>> {
    let key = partition.key;
    let known = {
        let mut state = node.moves.state.lock();
        let known = state.moves.get_mut(&key);
        known.map(|known| {
            let progress = Arc::clone(&known.progress);
            (known.to, progress, known.begun.take())
        })
    };
    let (to, progress, begun) = known?;
    if to == partition.directory {
        begun.iter().for_each(give_up);
        // Asked for once more while it was handed over.
        node.moves.forget_one(key, &progress);
        return None;
    }
    let directories = (
        node.moves.directory(partition.directory),
        node.moves.directory(to),
    );
    let (Some(from), Some(target)) = directories else {
        node.moves.forget(key);
        return None;
    };
    let (name, unique) = (partition.name(), node.env.entropy().uuid());
    let copying = Arc::clone(&progress);
    let min_free = node.config.min_free_bytes();
    let work = move || {
        let future = match begun {
            Some(begun) => begun,
            None => FutureLog::begin(from, target, &name, unique)?,
        };
        match catch_up(&future, &copying, min_free) {
            Ok(is_ready) => Ok((future, is_ready)),
            Err(error) => {
                give_up(&future);
                Err(error)
            }
        }
    };
    match node.env.spawn().blocking(work).await {
        Ok((future, is_ready)) => {
            let mut state = node.moves.state.lock();
            let is_it = |known: &&mut Move<E::Disk>| Arc::ptr_eq(&known.progress, &progress);
            if let Some(known) = state.moves.get_mut(&key).filter(is_it) {
                if is_ready {
                    known.ready = Some(future);
                    return Some(progress);
                }
                known.begun = Some(future);
                drop(state);
                tracing::warn!(partition = %partition.name(), again = ?AGAIN, "more is written to it than can be copied to another directory meanwhile");
                ask_again(node, key, progress);
                return None;
            }
            drop(state);
            give_up(&future);
            None
        }
        Err(error) => {
            if !progress.is_cancelled.load(Ordering::SeqCst) {
                tracing::error!(partition = %partition.name(), %error, "cannot be moved to another directory");
            }
            node.moves.forget_one(key, &progress);
            None
        }
    }
}

/// Lets others have their turn.
fn ask_again<E: Env>(node: &Node<E>, key: PartitionKey, progress: Arc<Progress>) {
    let (clock, moves) = (node.env.clock().clone(), Arc::clone(&node.moves));
    node.env.spawn().task(async move {
        clock.sleep(AGAIN).await;
        let is_it = |known: &Move<E::Disk>| Arc::ptr_eq(&known.progress, &progress);
        if moves.state.lock().moves.get(&key).is_some_and(is_it) {
            // Whoever carries it out ends with the node.
            let _ = moves.asked.unbounded_send(key);
        }
    });
}

/// Copies until little is left. False where more comes than can be copied.
fn catch_up<D: Disk>(
    future: &FutureLog<D>,
    progress: &Progress,
    min_free: u64,
) -> io::Result<bool> {
    let may = |left| {
        if progress.is_cancelled.load(Ordering::SeqCst) {
            return Err(io::Error::other("it is not wanted any more"));
        }
        check_room(future, min_free, left)
    };
    let mut last = u64::MAX;
    for _ in 0..MAX_PASSES {
        let bytes = future.catch_up(&progress.bytes, &may)?;
        if bytes <= NEARLY_ALL {
            return Ok(true);
        }
        if bytes >= last {
            break;
        }
        last = bytes;
    }
    Ok(future.left()? <= MOST_AT_LAST)
}

/// Whether the lane may copy what is left, while it does nothing else.
pub(crate) fn check_rest<D: Disk>(future: &FutureLog<D>, min_free: u64) -> io::Result<()> {
    let left = future.left()?;
    if left > MOST_AT_LAST * SLACK {
        return Err(io::Error::other("too much was written to it meanwhile"));
    }
    check_room(future, min_free, left)
}

/// Whether so much more may be copied.
fn check_room<D: Disk>(future: &FutureLog<D>, min_free: u64, left: u64) -> io::Result<()> {
    if has_room(min_free, future.space()?, left) {
        return Ok(());
    }
    let problem = "there is not enough room where it goes (log.dirs.min.free.bytes)";
    Err(io::Error::new(io::ErrorKind::StorageFull, problem))
}

/// Tells the controller where the log is going. The image that says so has it handed over.
async fn tell<E: Env>(
    node: &Node<E>,
    epoch: BrokerEpoch,
    key: PartitionKey,
    progress: &Arc<Progress>,
) {
    let to = {
        let state = node.moves.state.lock();
        let known = state.moves.get(&key);
        let known = known.filter(|known| Arc::ptr_eq(&known.progress, progress));
        known.map(|known| known.to)
    };
    let Some(directory) = to else { return };
    let request = Request::AssignDirectories {
        broker: node.id,
        epoch,
        assigned: vec![AssignedDirectory {
            topic: key.topic,
            partition: key.index,
            directory,
        }],
    };
    match node.quorum.ask(request).await {
        // The image that says so has been published before.
        Ok(Reply::Done) => {
            if node.moves.forget_one(key, progress) {
                tracing::warn!(
                    ?key,
                    "nobody took the copy of a replica that moves: it stays where it is"
                );
            }
        }
        other => {
            tracing::warn!(
                ?other,
                "the controller was not told of a replica that moves"
            );
            node.moves.forget_one(key, progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ottla_env::fake::{ManualClock, SeededDisk};
    use ottla_model::{Timestamp, TopicId};

    use super::*;

    const KEY: PartitionKey = PartitionKey {
        topic: TopicId(Uuid::from_u128(7)),
        index: PartitionIndex(0),
    };
    const FROM: Uuid = Uuid::from_u128(101);
    const TO: Uuid = Uuid::from_u128(102);
    const ELSEWHERE: Uuid = Uuid::from_u128(103);

    /// A move whose copy is ready, and how many copies there are.
    fn ready() -> (Moves<SeededDisk>, Arc<Progress>, impl Fn() -> usize) {
        let disk = SeededDisk::new(ManualClock::new(Timestamp(0)));
        let directory = |path| {
            let directory = LogDirectory::open(disk.clone(), Path::new(path));
            Arc::new(directory.expect("nobody else has it"))
        };
        let (from, to) = (directory("/from"), directory("/to"));
        let directories = vec![(FROM, Arc::clone(&from)), (TO, Arc::clone(&to))];
        let (moves, _to_do) = Moves::new(directories);
        let future = FutureLog::begin(from, Arc::clone(&to), "topic-0", TO);
        moves.put_ready(KEY, FROM, TO, future.expect("the disk works"));
        let progress = Arc::clone(&moves.state.lock().moves[&KEY].progress);
        let copies = move || to.futures().expect("the disk works").len();
        (moves, progress, copies)
    }

    #[test]
    fn a_move_that_is_asked_for_again_goes_on() {
        let (moves, _, copies) = ready();
        moves.ask(KEY, FROM, TO);
        assert_eq!(copies(), 1);
        assert!(moves.take_ready(KEY, TO).is_some());
        assert!(moves.all().is_empty());
    }

    #[test]
    fn what_has_come_to_nothing_takes_no_other_move_with_it() {
        let (moves, progress, copies) = ready();
        moves.ask(KEY, FROM, ELSEWHERE);
        assert!(copies() == 0 && progress.is_cancelled.load(Ordering::SeqCst));
        assert!(!moves.forget_one(KEY, &progress));
        assert_eq!(moves.all(), [(KEY, ELSEWHERE, 0)]);
    }

    #[test]
    fn a_copy_takes_no_room_that_clients_need_and_ends_when_it_is_not_wanted() {
        let (moves, progress, _) = ready();
        let future = moves.take_ready(KEY, TO).expect("it is ready");
        let copy = |min_free| check_room(&future, min_free, 1).map_err(|error| error.kind());
        assert_eq!(copy(0), Ok(()));
        let space = future.space().expect("the disk works");
        assert!(!has_room(0, space, space.free + 1));
        assert!(check_room(&future, 0, space.free + 1).is_err());
        assert!(progress.bytes.load(Ordering::Relaxed) == 0);
    }

    #[test]
    fn a_copy_that_nobody_takes_is_removed() {
        let (moves, progress, copies) = ready();
        assert!(moves.forget_one(KEY, &progress));
        assert!(copies() == 0 && moves.all().is_empty());
        assert!(!moves.forget_one(KEY, &progress));
    }
}
