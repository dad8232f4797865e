//! What may be found committed in a partition: what was written last, of several who write at once and of whom some hear nothing.
//!
//! The positions that are committed are 1, 2, 3, …, in the order in which they are asked for.

use ottla_model::Offset;

use super::groups::Moment;
use super::lives::Life;

#[derive(Debug, Default)]
pub(super) struct Commits {
    commits: Vec<Commit>,
}

#[derive(Debug)]
struct Commit {
    begun: Moment,
    /// Of the process that was asked.
    life: Life,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// Written at any time while the life lasts, or never.
    Unknown,
    Refused,
    Written {
        by: Moment,
        /// In which that was known.
        life: Life,
    },
}

impl Commits {
    /// The position that is about to be committed.
    pub(super) fn begin(&mut self, now: Moment, life: Life) -> i64 {
        self.commits.push(Commit {
            begun: now,
            life,
            outcome: Outcome::Unknown,
        });
        i64::try_from(self.commits.len()).expect("commits are few")
    }

    pub(super) fn written(&mut self, position: i64, now: Moment, life: Life) {
        if let Some(commit) = self.at(position) {
            let by = match commit.outcome {
                Outcome::Written { by, .. } => by,
                Outcome::Unknown | Outcome::Refused => now,
            };
            commit.outcome = Outcome::Written { by, life };
        }
    }

    pub(super) fn refused(&mut self, position: i64) {
        if let Some(commit) = self.at(position) {
            commit.outcome = Outcome::Refused;
        }
    }

    fn at(&mut self, position: i64) -> Option<&mut Commit> {
        let index = usize::try_from(position).ok()?.checked_sub(1)?;
        self.commits.get_mut(index)
    }

    /// Whether something is committed for certain. `is_lost`: what was written in a life may be gone.
    pub(super) fn are_any(&self, is_lost: impl Fn(Life) -> bool) -> bool {
        self.commits
            .iter()
            .any(|commit| matches!(commit.outcome, Outcome::Written { life, .. } if !is_lost(life)))
    }

    /// Judges what was found in `life` by who has asked at `asked`.
    pub(super) fn seen(
        &mut self,
        found: Offset,
        asked: Moment,
        now: Moment,
        life: Life,
        is_lost: impl Fn(Life) -> bool,
    ) -> Result<(), String> {
        let position = found.0.max(0);
        let older = match self.at(position) {
            Some(commit) if matches!(commit.outcome, Outcome::Refused) => {
                return Err(format!("{found} is found, which was refused"));
            }
            Some(commit) => Some((commit.outcome, commit.life)),
            None if position > 0 => {
                return Err(format!("{found} is found, which nobody has committed"));
            }
            None => None,
        };
        let follows = |commit: &Commit| match older {
            None => true,
            Some((Outcome::Written { by, .. }, _)) => commit.begun > by,
            Some((_, life)) => commit.life > life,
        };
        let first_later = usize::try_from(position).unwrap_or(0);
        for (index, commit) in self.commits.iter().enumerate().skip(first_later) {
            if let Outcome::Written { by, life } = commit.outcome
                && by < asked
                && !is_lost(life)
                && follows(commit)
            {
                let later = index + 1;
                return Err(format!(
                    "{found} is found, though {later} was committed after it"
                ));
            }
        }
        self.written(position, now, life);
        Ok(())
    }
}
