//! How many members say the same.

use std::sync::Arc;

use imbl::OrdMap;

/// Counts by name, none of them zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally(OrdMap<Arc<str>, usize>);

impl Tally {
    pub(super) fn add(&mut self, name: &Arc<str>) {
        let count = self.count(name);
        self.0.insert(Arc::clone(name), count + 1);
    }

    pub(super) fn remove(&mut self, name: &str) {
        let count = self
            .0
            .get_mut(name)
            .expect("what is taken away was counted");
        *count -= 1;
        if *count == 0 {
            self.0.remove(name);
        }
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys()
    }

    /// The name that most members say; of several the first by the alphabet.
    pub(super) fn most_frequent(&self) -> Option<&Arc<str>> {
        let mut best: Option<(&Arc<str>, usize)> = None;
        for (name, count) in &self.0 {
            if best.is_none_or(|(_, most)| *count > most) {
                best = Some((name, *count));
            }
        }
        best.map(|(name, _)| name)
    }
}
