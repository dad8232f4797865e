//! What a seeded disk holds, and what of it a crash leaves.

use std::collections::BTreeMap;

use ottla_model::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// A torn write ends at a multiple of this many bytes, or at any byte at all.
const SECTOR: u64 = 512;

pub(super) type NodeId = u64;

/// A change of a file that is not synced yet.
#[derive(Debug)]
enum Change {
    Write { position: u64, bytes: Vec<u8> },
    Length(u64),
}

#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) content: Vec<u8>,
    durable: Vec<u8>,
    changes: Vec<Change>,
    pub(super) modified: Timestamp,
    /// Up to where there is room beyond the end.
    pub(super) reserved: u64,
}

impl File {
    pub(super) fn new(modified: Timestamp) -> Self {
        Self {
            modified,
            ..Self::default()
        }
    }

    pub(super) fn write(&mut self, position: u64, bytes: &[u8], now: Timestamp) {
        put(&mut self.content, position, bytes);
        self.changes.push(Change::Write {
            position,
            bytes: bytes.to_vec(),
        });
        self.modified = now;
    }

    pub(super) fn set_length(&mut self, length: u64, now: Timestamp) {
        self.content.resize(index(length), 0);
        self.reserved = 0;
        self.changes.push(Change::Length(length));
        self.modified = now;
    }

    pub(super) fn sync(&mut self) {
        if !self.changes.is_empty() {
            self.durable.clone_from(&self.content);
            self.changes.clear();
        }
    }

    fn crash(&mut self, random: &mut ChaCha8Rng) {
        let fate = Fate::draw(random);
        for change in self.changes.drain(..) {
            if !fate.keeps(random) {
                continue;
            }
            match change {
                Change::Length(length) => self.durable.resize(index(length), 0),
                Change::Write { position, bytes } => {
                    let kept = torn(bytes.len() as u64, random);
                    put(&mut self.durable, position, &bytes[..index(kept)]);
                }
            }
        }
        self.content.clone_from(&self.durable);
    }
}

/// A change of a directory that is not synced yet.
#[derive(Debug)]
enum Entry {
    Link {
        name: String,
        node: NodeId,
    },
    Unlink {
        name: String,
    },
    /// One step: never both names, never none.
    Rename {
        from: String,
        to: String,
        node: NodeId,
    },
}

#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) entries: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
    changes: Vec<Entry>,
}

impl Directory {
    pub(super) fn link(&mut self, name: &str, node: NodeId) {
        self.entries.insert(name.to_owned(), node);
        self.changes.push(Entry::Link {
            name: name.to_owned(),
            node,
        });
    }

    pub(super) fn unlink(&mut self, name: &str) {
        self.entries.remove(name);
        self.changes.push(Entry::Unlink {
            name: name.to_owned(),
        });
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, node: NodeId) {
        self.entries.remove(from);
        self.entries.insert(to.to_owned(), node);
        self.changes.push(Entry::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
            node,
        });
    }

    pub(super) fn sync(&mut self) {
        if !self.changes.is_empty() {
            self.durable.clone_from(&self.entries);
            self.changes.clear();
        }
    }

    fn crash(&mut self, random: &mut ChaCha8Rng) {
        let fate = Fate::draw(random);
        for change in self.changes.drain(..) {
            if !fate.keeps(random) {
                continue;
            }
            match change {
                Entry::Link { name, node } => {
                    self.durable.insert(name, node);
                }
                Entry::Unlink { name } => {
                    self.durable.remove(&name);
                }
                Entry::Rename { from, to, node } => {
                    self.durable.remove(&from);
                    self.durable.insert(to, node);
                }
            }
        }
        self.entries.clone_from(&self.durable);
    }
}

#[derive(Debug)]
pub(super) enum Node {
    File(File),
    Directory(Directory),
}

impl Node {
    pub(super) fn crash(&mut self, random: &mut ChaCha8Rng) {
        match self {
            Self::File(file) => file.crash(random),
            Self::Directory(directory) => directory.crash(random),
        }
    }
}

/// What a crash does to the unsynced changes of one file or directory.
enum Fate {
    All,
    Nothing,
    Some,
}

impl Fate {
    fn draw(random: &mut ChaCha8Rng) -> Self {
        match random.next_u32() % 4 {
            0 => Self::All,
            1 => Self::Nothing,
            _ => Self::Some,
        }
    }

    fn keeps(&self, random: &mut ChaCha8Rng) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Some => random.next_u32().is_multiple_of(2),
        }
    }
}

/// How much of a write of `length` bytes is there.
fn torn(length: u64, random: &mut ChaCha8Rng) -> u64 {
    let at = random.next_u64() % (length + 1);
    match random.next_u32() % 4 {
        0 => at,
        1 => at / SECTOR * SECTOR,
        _ => length,
    }
}

fn put(content: &mut Vec<u8>, position: u64, bytes: &[u8]) {
    let start = index(position);
    let end = start + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[start..end].copy_from_slice(bytes);
}

fn index(position: u64) -> usize {
    usize::try_from(position).expect("a file of the fake fits memory")
}
