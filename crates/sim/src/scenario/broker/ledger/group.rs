//! What the one consumer of a group may find committed: its positions are 1, 2, 3, …

use std::collections::BTreeSet;

use ottla_model::Offset;

use super::lives::{Life, Lives};

#[derive(Debug, Default)]
pub(super) struct Group {
    asked: i64,
    floor: Floor,
    /// Nobody knows whether they were written, or will be.
    uncertain: BTreeSet<i64>,
}

/// What was committed for certain, and when that was known; 0 where nothing is.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Floor {
    position: i64,
    life: Option<Life>,
}

impl Group {
    /// The position that is about to be committed.
    pub(super) fn committing(&mut self) -> i64 {
        self.asked += 1;
        self.uncertain.insert(self.asked);
        self.asked
    }

    pub(super) fn committed(&mut self, life: Life, position: i64) {
        self.uncertain.remove(&position);
        self.rise(life, position);
    }

    fn rise(&mut self, life: Life, position: i64) {
        self.floor = Floor {
            position,
            life: Some(life),
        };
    }

    pub(super) fn floor(&self) -> Floor {
        self.floor
    }

    /// Judges what was found in `life`.
    pub(super) fn seen(
        &mut self,
        lives: &Lives,
        life: Life,
        floor: Floor,
        offset: Offset,
    ) -> Result<(), String> {
        let position = offset.0.max(0);
        let may_be_lost = floor
            .life
            .is_some_and(|then| lives.lose_between(then, life));
        let is_right = position <= self.asked
            && (may_be_lost || position >= floor.position || self.uncertain.contains(&position));
        if !is_right {
            return Err(format!(
                "{floor:?} was committed, and {:?} perhaps, but {offset} is found",
                self.uncertain
            ));
        }
        // Another answer may have told of more meanwhile.
        if may_be_lost || position > self.floor.position {
            self.rise(life, position);
        }
        Ok(())
    }
}
