//! What is known of one partition's log.

use std::collections::BTreeMap;

use ottla_model::{LeaderEpoch, Offset, Timestamp};

use super::super::content;
use super::lives::{Life, Lives};

/// Somebody was told that a record is, or was, at an offset.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) offset: Offset,
    pub(super) number: u64,
    pub(super) life: Life,
    /// As far as it is known: an acknowledgement does not tell it.
    pub(super) epoch: Option<LeaderEpoch>,
    /// No crash can take it.
    pub(super) is_durable: bool,
}

#[derive(Default)]
pub(super) struct Partition {
    /// What is known to be, or to have been, at an offset, unless something else has been seen there since. The life is the last one
    /// in which it was known to be there.
    log: BTreeMap<Offset, Claim>,
    leader_epochs: BTreeMap<Life, LeaderEpoch>,
    high_watermark: Option<(Life, Offset)>,
    log_start: Option<(Life, Offset)>,
    /// Clients were told that all below is deleted, which no crash undoes.
    deleted: Offset,
}

impl Partition {
    pub(super) fn claim(&mut self, lives: &Lives, mut claim: Claim) -> Result<(), String> {
        let before = self.log.get(&claim.offset).copied();
        let is_it = |before: &Claim| {
            let epochs = before.epoch.zip(claim.epoch);
            // With another epoch it is not the same: it was lost and sent again, and came to the place it had.
            before.number == claim.number && epochs.is_none_or(|(before, now)| before == now)
        };
        let mut outcome = Ok(());
        match before {
            Some(before) if before.life > claim.life && !is_it(&before) => {
                return late(lives, &before, &claim);
            }
            Some(before) if is_it(&before) => {
                let epoch = before
                    .epoch
                    .filter(|_| is_certain(lives, &before, claim.life));
                claim.epoch = claim.epoch.or(epoch);
                claim.life = claim.life.max(before.life);
                claim.is_durable |= before.is_durable;
            }
            Some(before) => outcome = self.replace(lives, &before, &claim),
            None => {}
        }
        self.log.insert(claim.offset, claim);
        outcome
    }

    /// Another record is where one was: that is lost, and with it all that lay behind.
    fn replace(&mut self, lives: &Lives, before: &Claim, claim: &Claim) -> Result<(), String> {
        let mut outcome = Ok(());
        if let (Some(old), Some(new)) = (before.epoch, claim.epoch)
            && new <= old
        {
            outcome = Err(format!(
                "it has epoch {new}, and record {} was there with epoch {old}",
                before.number
            ));
        }
        let is_older =
            |known: &Claim| known.life < claim.life && lives.lose_between(known.life, claim.life);
        if !is_older(before) {
            outcome = Err(format!(
                "record {} was there in {:?}, and no power was cut since",
                before.number, before.life
            ));
        }
        // What was known to be there in the life that wrote the record, or in a later one, lies behind it and not in its place. An
        // acknowledgement, which tells no epoch, is of its own life.
        let leader_epochs = &self.leader_epochs;
        let is_written_later = |known: &Claim| {
            claim.epoch.is_none_or(|epoch| {
                let then = leader_epochs.get(&known.life);
                then.is_some_and(|then| *then < epoch)
            })
        };
        for (at, known) in self.log.split_off(&claim.offset) {
            if !is_older(&known) || !is_written_later(&known) {
                self.log.insert(at, known);
            } else if known.is_durable {
                outcome = Err(format!(
                    "record {} at {at} was on disk and is lost",
                    known.number
                ));
            }
        }
        outcome
    }

    /// Everything that is known in `life` cannot be lost any more.
    pub(super) fn closed(&mut self, lives: &Lives, life: Life) {
        for known in self.log.values_mut() {
            known.is_durable |= is_certain(lives, known, life);
        }
    }

    pub(super) fn leader_epoch_seen(
        &mut self,
        life: Life,
        epoch: LeaderEpoch,
    ) -> Result<(), String> {
        let epochs = &mut self.leader_epochs;
        let same = epochs.insert(life, epoch).unwrap_or(epoch);
        let before = epochs.range(..life).next_back().map(|(_, epoch)| *epoch);
        let after = epochs
            .range(life..)
            .find(|(other, _)| **other > life)
            .map(|(_, epoch)| *epoch);
        let grows = before.is_none_or(|before| before < epoch)
            && after.is_none_or(|after| epoch < after)
            && same == epoch;
        if grows {
            return Ok(());
        }
        Err(format!(
            "leader epoch {epoch} in {life:?}, {same} in it before, {before:?} before it, {after:?} after it"
        ))
    }

    /// Below this no high watermark of a later answer may be.
    pub(super) fn high_watermark_floor(&self, lives: &Lives, life: Life) -> Offset {
        let kept = self
            .certain(lives, life)
            .next_back()
            .map_or(Offset::ZERO, |known| known.offset.next());
        match self.high_watermark {
            Some((seen, high_watermark)) if seen == life => kept.max(high_watermark),
            _ => kept,
        }
    }

    pub(super) fn high_watermark_seen(
        &mut self,
        life: Life,
        floor: Offset,
        found: Offset,
    ) -> Result<(), String> {
        note(&mut self.high_watermark, life, found);
        if found >= floor {
            return Ok(());
        }
        Err(format!(
            "high watermark {found} in {life:?} where {floor} was certain"
        ))
    }

    pub(super) fn records_deleted(&mut self, start: Offset) {
        self.deleted = self.deleted.max(start);
    }

    /// Below this no log start of a later answer may be. What retention has removed may come back with a crash.
    pub(super) fn log_start_floor(&self, lives: &Lives, life: Life) -> Offset {
        self.log_start
            .filter(|(seen, _)| *seen <= life && lives.were_stopped_between(*seen, life))
            .map_or(Offset::ZERO, |(_, start)| start)
            .max(self.deleted)
    }

    pub(super) fn log_start_seen(
        &mut self,
        life: Life,
        floor: Offset,
        found: Offset,
    ) -> Result<(), String> {
        note(&mut self.log_start, life, found);
        if found >= floor {
            return Ok(());
        }
        Err(format!(
            "log start {found} in {life:?} where it was {floor} before"
        ))
    }

    /// The first record that must still be there, at `end` or behind it.
    pub(super) fn missing_from(&self, lives: &Lives, life: Life, end: Offset) -> Option<Claim> {
        self.certain(lives, life).find(|known| known.offset >= end)
    }

    /// The first certain record that is as new as `timestamp`.
    pub(super) fn first_since(
        &self,
        lives: &Lives,
        life: Life,
        timestamp: Timestamp,
    ) -> Option<Offset> {
        self.certain(lives, life)
            .find(|known| content::timestamp_of(known.number) >= timestamp)
            .map(|known| known.offset)
    }

    /// The largest timestamp of a certain record.
    pub(super) fn newest(&self, lives: &Lives, life: Life) -> Option<Timestamp> {
        self.certain(lives, life)
            .map(|known| content::timestamp_of(known.number))
            .max()
    }

    /// The record at `offset`, if it is certain.
    pub(super) fn at(&self, lives: &Lives, life: Life, offset: Offset) -> Option<Claim> {
        self.log
            .get(&offset)
            .filter(|known| is_certain(lives, known, life))
            .copied()
    }

    /// What is certain of the place where `epoch` ends: not below the first, not above the second.
    pub(super) fn epoch_end(
        &self,
        lives: &Lives,
        life: Life,
        epoch: LeaderEpoch,
    ) -> (Offset, Option<Offset>) {
        let mut low = Offset::ZERO;
        let mut high = None;
        for known in self.certain(lives, life) {
            match known.epoch {
                Some(found) if found <= epoch => low = known.offset.next(),
                Some(_) => {
                    high.get_or_insert(known.offset);
                }
                None => {}
            }
        }
        (low, high)
    }

    /// In order.
    fn certain(&self, lives: &Lives, life: Life) -> impl DoubleEndedIterator<Item = Claim> {
        self.log
            .values()
            .filter(move |known| is_certain(lives, known, life))
            .copied()
    }
}

/// An answer was under way while another record came to the place: what it tells of must be lost by now.
fn late(lives: &Lives, newer: &Claim, claim: &Claim) -> Result<(), String> {
    let was_behind = newer
        .epoch
        .zip(claim.epoch)
        .is_none_or(|(newer, epoch)| epoch < newer);
    if !claim.is_durable && lives.lose_between(claim.life, newer.life) && was_behind {
        return Ok(());
    }
    Err(format!(
        "record {} with epoch {:?} is there in {:?}, and nothing was lost since",
        newer.number, newer.epoch, newer.life
    ))
}

/// Whether the record must be there in `life`.
fn is_certain(lives: &Lives, known: &Claim, life: Life) -> bool {
    known.is_durable || !lives.lose_between(known.life, life)
}

/// Answers may overtake each other: the largest of a life is kept.
fn note(newest: &mut Option<(Life, Offset)>, life: Life, found: Offset) {
    match newest {
        Some((seen, offset)) if *seen == life => *offset = found.max(*offset),
        Some((seen, _)) if *seen > life => {}
        _ => *newest = Some((life, found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_EPOCH: LeaderEpoch = LeaderEpoch(2);

    /// A life of which 28 was read and that lost it; one that acknowledged 170 behind and was stopped; one that wrote nothing.
    fn three_lives() -> (Partition, Lives, Life) {
        let (mut partition, mut lives) = (Partition::default(), Lives::default());
        let first = lives.begin();
        partition
            .leader_epoch_seen(first, LeaderEpoch(0))
            .and_then(|()| partition.claim(&lives, read(first, 0, 28, LeaderEpoch(0))))
            .unwrap();
        lives.cut_power();
        let second = lives.begin();
        let acknowledged = Claim {
            epoch: None,
            ..read(second, 14, 170, SECOND_EPOCH)
        };
        partition
            .leader_epoch_seen(second, SECOND_EPOCH)
            .and_then(|()| partition.claim(&lives, acknowledged))
            .unwrap();
        assert!(lives.stop());
        partition.closed(&lives, second);
        lives.begin();
        lives.cut_power();
        let now = lives.begin();
        (partition, lives, now)
    }

    fn read(life: Life, offset: i64, number: u64, epoch: LeaderEpoch) -> Claim {
        Claim {
            offset: Offset(offset),
            number,
            life,
            epoch: Some(epoch),
            is_durable: false,
        }
    }

    #[test]
    fn a_record_takes_the_place_only_of_what_was_there_before_it() {
        let (mut partition, lives, now) = three_lives();
        assert_eq!(
            partition.claim(&lives, read(now, 0, 163, SECOND_EPOCH)),
            Ok(())
        );
        assert!(partition.at(&lives, now, Offset(14)).is_some());
    }

    #[test]
    fn a_record_of_a_later_life_in_front_of_a_durable_one_is_a_loss() {
        let (mut partition, lives, now) = three_lives();
        let lost = "record 170 at 14 was on disk and is lost".to_owned();
        assert_eq!(
            partition.claim(&lives, read(now, 0, 300, LeaderEpoch(6))),
            Err(lost)
        );
    }
}
