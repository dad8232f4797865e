use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, IoSlice};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use ottla_model::Timestamp;
use parking_lot::Mutex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::ManualClock;
use super::files::{Directory, File, Node, NodeId};
use crate::{Clock, DirectoryEntry, Disk, DiskEntry, DiskFile, DiskSpace, OpenMode};

const ROOT: NodeId = 0;
/// What `space` answers for a disk without a limit.
const ROOMY: u64 = 1 << 40;

/// A disk in memory that keeps a journal of what is not synced, so that a crash can take it back, torn in any way the seed finds.
///
/// Operations that change something are numbered from 0; a test runs once to count them and then again for each, crashing before
/// it. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SeededDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    clock: ManualClock,
    nodes: BTreeMap<NodeId, Node>,
    next_node: NodeId,
    /// Counts the crashes: files and locks of an earlier life are dead.
    life: u64,
    operations: u64,
    crash_before: Option<u64>,
    fail_at: Option<(u64, ErrorKind)>,
    fail_read: Option<ErrorKind>,
    capacity: Option<u64>,
    /// The canary: files whose syncs are answered and not done.
    lies_about: fn(&Path) -> bool,
    /// The files that were opened by such a path.
    lied_about: BTreeSet<NodeId>,
    open_files: usize,
    locked: BTreeMap<PathBuf, u64>,
}

impl SeededDisk {
    /// An empty disk; `clock` dates its files.
    #[must_use]
    pub fn new(clock: ManualClock) -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Directory(Directory::default()))]);
        Self {
            state: Arc::new(Mutex::new(State {
                clock,
                nodes,
                next_node: ROOT + 1,
                life: 0,
                operations: 0,
                crash_before: None,
                fail_at: None,
                fail_read: None,
                capacity: None,
                lies_about: |_| false,
                lied_about: BTreeSet::new(),
                open_files: 0,
                locked: BTreeMap::new(),
            })),
        }
    }

    /// The power fails: of what is not synced a part of the seed's choice is left. The disk then works again; files open before
    /// fail from now on.
    pub fn crash(&self, seed: u64) {
        let mut state = self.state.lock();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for node in state.nodes.values_mut() {
            node.crash(&mut random);
        }
        state.restart();
    }

    /// The process dies and the machine does not: everything written is left.
    pub fn kill(&self) {
        self.state.lock().restart();
    }

    /// From the changing operation of this number on everything fails, until [`crash`](Self::crash) or [`kill`](Self::kill).
    pub fn crash_before(&self, operation: u64) {
        self.state.lock().crash_before = Some(operation);
    }

    /// The changing operation of this number fails once, without effect.
    pub fn fail_at(&self, operation: u64, kind: ErrorKind) {
        self.state.lock().fail_at = Some((operation, kind));
    }

    /// The next read fails, and those behind it do not.
    pub fn fail_next_read(&self, kind: ErrorKind) {
        self.state.lock().fail_read = Some(kind);
    }

    /// Whether the operation of [`crash_before`](Self::crash_before) has been reached: the machine is dead and does not know yet.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.state.lock().is_down()
    }

    /// Files of these paths that are opened from now on are not synced though every sync succeeds: as a disk with a volatile cache
    /// does, and no judge may miss.
    pub fn lie_about_syncs(&self, of: fn(&Path) -> bool) {
        self.state.lock().lies_about = of;
    }

    /// How many files are open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.state.lock().open_files
    }

    /// Bytes of room that files have beyond their ends.
    #[must_use]
    pub fn reserved(&self) -> u64 {
        let state = self.state.lock();
        let files = state.nodes.values().filter_map(|node| match node {
            Node::File(file) => Some(file),
            Node::Directory(_) => None,
        });
        files
            .map(|file| file.reserved.saturating_sub(file.content.len() as u64))
            .sum()
    }

    /// How many changing operations there were.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Bytes that files may have together; `None` for no limit.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.state.lock().capacity = capacity;
    }

    /// Changes a byte behind the back of everyone, as a failing medium does, and survives crashes.
    ///
    /// # Errors
    /// When there is no such file.
    ///
    /// # Panics
    /// When the file is shorter.
    pub fn corrupt(&self, path: &Path, position: usize) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.find(path)?;
        let now = state.clock.wall();
        let file = state.file(node);
        let flipped = [!file.content[position]];
        file.write(position as u64, &flipped, now);
        file.sync();
        Ok(())
    }
}

impl State {
    fn restart(&mut self) {
        self.life += 1;
        self.crash_before = None;
        self.fail_at = None;
        self.fail_read = None;
        self.locked.clear();
    }

    fn is_down(&self) -> bool {
        self.crash_before.is_some_and(|at| self.operations >= at)
    }

    fn check_up(&self) -> io::Result<()> {
        if self.is_down() {
            Err(io::Error::other("the machine has crashed"))
        } else {
            Ok(())
        }
    }

    /// Called by every operation that changes something, before it does.
    fn begin_change(&mut self) -> io::Result<()> {
        self.check_up()?;
        let number = self.operations;
        self.operations += 1;
        match self.fail_at {
            Some((at, kind)) if at == number => {
                self.fail_at = None;
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        let id = self.next_node;
        self.next_node += 1;
        self.nodes.insert(id, node);
        id
    }

    fn file(&mut self, id: NodeId) -> &mut File {
        match self.nodes.get_mut(&id) {
            Some(Node::File(file)) => file,
            _ => unreachable!("only nodes of files are opened"),
        }
    }

    fn directory(&mut self, id: NodeId) -> io::Result<&mut Directory> {
        match self.nodes.get_mut(&id) {
            Some(Node::Directory(directory)) => Ok(directory),
            _ => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&mut self, path: &Path) -> io::Result<NodeId> {
        let mut at = ROOT;
        for component in path.components() {
            if let Component::Normal(name) = component {
                let name = name.to_string_lossy();
                at = *self
                    .directory(at)?
                    .entries
                    .get(name.as_ref())
                    .ok_or(ErrorKind::NotFound)?;
            }
        }
        Ok(at)
    }

    fn parent(&mut self, path: &Path) -> io::Result<(NodeId, String)> {
        let name = path
            .file_name()
            .ok_or(ErrorKind::InvalidInput)?
            .to_string_lossy()
            .into_owned();
        let parent = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.directory(parent)?;
        Ok((parent, name))
    }

    /// What the files that still have a name take.
    fn used(&self) -> u64 {
        self.used_below(ROOT)
    }

    fn used_below(&self, id: NodeId) -> u64 {
        match &self.nodes[&id] {
            Node::File(file) => file.content.len() as u64,
            Node::Directory(directory) => directory
                .entries
                .values()
                .map(|child| self.used_below(*child))
                .sum(),
        }
    }

    fn check_room(&self, more: u64) -> io::Result<()> {
        match self.capacity {
            Some(capacity) if self.used() + more > capacity => Err(ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn entry(&self, name: &str, id: NodeId) -> DiskEntry {
        match &self.nodes[&id] {
            Node::File(file) => DiskEntry {
                name: name.to_owned(),
                is_directory: false,
                length: file.content.len() as u64,
            },
            Node::Directory(_) => DiskEntry {
                name: name.to_owned(),
                is_directory: true,
                length: 0,
            },
        }
    }
}

impl Disk for SeededDisk {
    type File = SeededFile;
    type Lock = SeededLock;

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<SeededFile> {
        let mut state = self.state.lock();
        state.check_up()?;
        let found = match state.find(path) {
            Ok(node) if matches!(state.nodes[&node], Node::Directory(_)) => {
                return Err(ErrorKind::IsADirectory.into());
            }
            Ok(node) => Some(node),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let node = match (found, mode) {
            (None, OpenMode::Read | OpenMode::ReadWrite) => return Err(ErrorKind::NotFound.into()),
            (None, OpenMode::Create | OpenMode::Truncate) => {
                let (parent, name) = state.parent(path)?;
                state.begin_change()?;
                let modified = state.clock.wall();
                let node = state.add(Node::File(File::new(modified)));
                state.directory(parent)?.link(&name, node);
                node
            }
            (Some(node), OpenMode::Truncate) => {
                state.begin_change()?;
                let now = state.clock.wall();
                state.file(node).set_length(0, now);
                node
            }
            (Some(node), _) => node,
        };
        let lies = (state.lies_about)(path);
        if lies {
            state.lied_about.insert(node);
        }
        state.open_files += 1;
        Ok(SeededFile {
            state: Arc::clone(&self.state),
            node,
            life: state.life,
            lies,
            writes: mode != OpenMode::Read,
        })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let mut state = self.state.lock();
        state.check_up()?;
        let node = state.find(directory)?;
        let entries = state.directory(node)?.entries.clone();
        let listed = entries.into_iter().map(|(name, id)| DirectoryEntry {
            name,
            is_directory: matches!(state.nodes[&id], Node::Directory(_)),
        });
        Ok(listed.collect())
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DiskEntry>> {
        let mut state = self.state.lock();
        state.check_up()?;
        match state.find(path) {
            Ok(node) => {
                let name = path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default();
                Ok(Some(state.entry(&name, node)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check_up()?;
        let mut at = ROOT;
        for component in path.components() {
            let Component::Normal(name) = component else {
                continue;
            };
            let name = name.to_string_lossy();
            at = match state.directory(at)?.entries.get(name.as_ref()) {
                Some(node) => *node,
                None => {
                    state.begin_change()?;
                    let node = state.add(Node::Directory(Directory::default()));
                    state.directory(at)?.link(&name, node);
                    node
                }
            };
        }
        state.directory(at).map(|_| ())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.find(from)?;
        let (old_parent, old_name) = state.parent(from)?;
        let (new_parent, new_name) = state.parent(to)?;
        if matches!(state.nodes[&node], Node::Directory(_)) && state.find(to).is_ok() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        state.begin_change()?;
        if old_parent == new_parent {
            state
                .directory(old_parent)?
                .rename(&old_name, &new_name, node);
        } else {
            state.directory(new_parent)?.link(&new_name, node);
            state.directory(old_parent)?.unlink(&old_name);
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.find(path)?;
        if matches!(state.nodes[&node], Node::Directory(_)) {
            return Err(ErrorKind::IsADirectory.into());
        }
        let (parent, name) = state.parent(path)?;
        state.begin_change()?;
        state.directory(parent)?.unlink(&name);
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.find(path)?;
        state.directory(node)?;
        let (parent, name) = state.parent(path)?;
        state.begin_change()?;
        state.directory(parent)?.unlink(&name);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.find(directory)?;
        state.begin_change()?;
        state.directory(node)?.sync();
        Ok(())
    }

    fn sync_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.find(path)?;
        state.begin_change()?;
        let State {
            nodes, lied_about, ..
        } = &mut *state;
        for (id, node) in nodes {
            match node {
                Node::File(file) if !lied_about.contains(id) => file.sync(),
                Node::File(_) => {}
                Node::Directory(directory) => directory.sync(),
            }
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<SeededLock> {
        drop(self.open(path, OpenMode::Create)?);
        let mut state = self.state.lock();
        if state.locked.contains_key(path) {
            return Err(ErrorKind::WouldBlock.into());
        }
        let life = state.life;
        state.locked.insert(path.to_owned(), life);
        Ok(SeededLock {
            state: Arc::clone(&self.state),
            path: path.to_owned(),
            life,
        })
    }

    fn space(&self, _path: &Path) -> io::Result<DiskSpace> {
        let state = self.state.lock();
        state.check_up()?;
        let total = state.capacity.unwrap_or(ROOMY);
        Ok(DiskSpace {
            total,
            free: total.saturating_sub(state.used()),
        })
    }
}

/// A lock on a [`SeededDisk`].
#[derive(Debug)]
pub struct SeededLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    life: u64,
}

impl Drop for SeededLock {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        if state.locked.get(&self.path) == Some(&self.life) {
            state.locked.remove(&self.path);
        }
    }
}

/// An open file of a [`SeededDisk`].
#[derive(Debug)]
pub struct SeededFile {
    state: Arc<Mutex<State>>,
    node: NodeId,
    life: u64,
    lies: bool,
    writes: bool,
}

impl SeededFile {
    fn check(&self, state: &State) -> io::Result<()> {
        if state.life != self.life {
            return Err(io::Error::other(
                "the file was open when the machine crashed",
            ));
        }
        state.check_up()
    }

    fn change(&self, state: &mut State) -> io::Result<()> {
        self.check(state)?;
        if !self.writes {
            return Err(ErrorKind::PermissionDenied.into());
        }
        state.begin_change()
    }
}

impl Drop for SeededFile {
    fn drop(&mut self) {
        self.state.lock().open_files -= 1;
    }
}

impl DiskFile for SeededFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.state.lock();
        self.check(&state)?;
        if let Some(kind) = state.fail_read.take() {
            return Err(kind.into());
        }
        let content = &state.file(self.node).content;
        let start = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(content.len());
        let length = buffer.len().min(content.len() - start);
        buffer[..length].copy_from_slice(&content[start..start + length]);
        Ok(length)
    }

    fn write_at(&self, slices: &mut [IoSlice<'_>], position: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        self.change(&mut state)?;
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
        let length = state.file(self.node).content.len() as u64;
        state.check_room((position + bytes.len() as u64).saturating_sub(length))?;
        let now = state.clock.wall();
        state.file(self.node).write(position, &bytes, now);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        self.check(&state)?;
        Ok(state.file(self.node).content.len() as u64)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        self.change(&mut state)?;
        let old = state.file(self.node).content.len() as u64;
        state.check_room(length.saturating_sub(old))?;
        let now = state.clock.wall();
        state.file(self.node).set_length(length, now);
        Ok(())
    }

    fn reserve(&self, position: u64, length: u64) {
        let mut state = self.state.lock();
        if self.check(&state).is_ok() {
            let file = state.file(self.node);
            file.reserved = file.reserved.max(position + length);
        }
    }

    fn release(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        self.check(&state)?;
        state.file(self.node).reserved = 0;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        self.change(&mut state)?;
        if !self.lies {
            state.file(self.node).sync();
        }
        Ok(())
    }

    fn modified(&self) -> io::Result<Timestamp> {
        let mut state = self.state.lock();
        self.check(&state)?;
        Ok(state.file(self.node).modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> SeededDisk {
        SeededDisk::new(ManualClock::new(Timestamp(7)))
    }

    fn write(disk: &SeededDisk, path: &str, bytes: &[u8]) -> io::Result<SeededFile> {
        let file = disk.open(Path::new(path), OpenMode::Create)?;
        let end = file.length()?;
        file.write_at(&mut [IoSlice::new(bytes)], end)?;
        Ok(file)
    }

    fn content(disk: &SeededDisk, path: &str) -> Option<Vec<u8>> {
        let file = disk.open(Path::new(path), OpenMode::Read).ok()?;
        let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        Some(bytes)
    }

    #[test]
    fn what_is_synced_outlives_every_crash_and_the_rest_only_some() {
        let mut lost = 0;
        for seed in 0..200 {
            let disk = disk();
            let file = write(&disk, "/a", b"kept").unwrap();
            file.sync().unwrap();
            disk.sync_directory(Path::new("/")).unwrap();
            write(&disk, "/a", &[1; 2000]).unwrap();
            disk.crash(seed);
            let left = content(&disk, "/a").unwrap();
            assert!(left.starts_with(b"kept"), "seed {seed}");
            lost += usize::from(left.len() < 2004);
        }
        assert!(lost > 20 && lost < 180, "{lost}");
    }

    #[test]
    fn a_name_that_is_not_synced_may_vanish_with_a_synced_file() {
        let seen: BTreeSet<bool> = (0..50)
            .map(|seed| {
                let disk = disk();
                write(&disk, "/a", b"x").unwrap().sync().unwrap();
                disk.crash(seed);
                content(&disk, "/a").is_some()
            })
            .collect();
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn a_rename_replaces_in_one_step_whatever_is_left_of_it() {
        for seed in 0..50 {
            let disk = disk();
            write(&disk, "/old", b"old").unwrap().sync().unwrap();
            write(&disk, "/new", b"new").unwrap().sync().unwrap();
            disk.sync_directory(Path::new("/")).unwrap();
            disk.rename(Path::new("/new"), Path::new("/old")).unwrap();
            disk.crash(seed);
            assert!(content(&disk, "/old").is_some_and(|left| left == b"old" || left == b"new"));
        }
    }

    #[test]
    fn nothing_works_after_the_crash_point_until_the_restart() {
        let disk = disk();
        let file = write(&disk, "/a", b"x").unwrap();
        disk.crash_before(disk.operations() + 1);
        file.sync().unwrap();
        assert!(file.sync().is_err());
        assert!(disk.list(Path::new("/")).is_err());
        disk.kill();
        assert_eq!(content(&disk, "/a").unwrap(), b"x");
        assert!(file.sync().is_err(), "a file of the life before");
    }

    #[test]
    fn a_full_disk_takes_no_more() {
        let disk = disk();
        disk.set_capacity(Some(10));
        write(&disk, "/a", &[0; 10]).unwrap();
        assert_eq!(
            write(&disk, "/a", b"x").unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        disk.remove_file(Path::new("/a")).unwrap();
        write(&disk, "/b", b"x").unwrap();
    }

    #[test]
    fn an_injected_failure_strikes_once() {
        let disk = disk();
        let file = write(&disk, "/a", b"x").unwrap();
        disk.fail_at(disk.operations(), ErrorKind::TimedOut);
        assert_eq!(file.sync().unwrap_err().kind(), ErrorKind::TimedOut);
        file.sync().unwrap();
    }

    #[test]
    fn a_sync_of_all_is_one_of_each_file_and_directory() {
        for seed in 0..50 {
            let disk = disk();
            disk.lie_about_syncs(|path| path == "/lost");
            disk.create_directories(Path::new("/d/e")).unwrap();
            drop(write(&disk, "/d/e/a", b"a").unwrap());
            drop(write(&disk, "/lost", &[1; 5000]).unwrap());
            assert_eq!(disk.open_files(), 0);
            disk.sync_all(Path::new("/d")).unwrap();
            let file = write(&disk, "/d/e/a", b"b").unwrap();
            assert_eq!(disk.open_files(), 1);
            disk.crash(seed);
            assert_eq!(content(&disk, "/d/e/a").unwrap()[..1], *b"a");
            drop(file);
        }
    }

    #[test]
    fn a_disk_that_lies_loses_what_was_synced() {
        let lost = (0..50).filter(|seed| {
            let disk = disk();
            disk.lie_about_syncs(|path| path == "/a");
            let file = write(&disk, "/a", b"").unwrap();
            disk.sync_directory(Path::new("/")).unwrap();
            file.write_at(&mut [IoSlice::new(b"x")], 0).unwrap();
            file.sync().unwrap();
            disk.crash(*seed);
            content(&disk, "/a").unwrap().is_empty()
        });
        assert!(lost.count() > 5);
    }

    #[test]
    fn a_lock_is_held_by_one_and_freed_by_a_crash() {
        let disk = disk();
        let lock = disk.lock(Path::new("/.lock")).unwrap();
        assert_eq!(
            disk.lock(Path::new("/.lock")).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        disk.crash(0);
        let again = disk.lock(Path::new("/.lock")).unwrap();
        drop(lock);
        assert!(
            disk.lock(Path::new("/.lock")).is_err(),
            "a dead lock frees nobody"
        );
        drop(again);
        disk.lock(Path::new("/.lock")).unwrap();
    }
}
