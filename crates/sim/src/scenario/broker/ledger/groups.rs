//! What the members of groups were told.

use std::collections::{BTreeMap, BTreeSet};

use ottla_model::Offset;

use super::commits::Commits;
use super::lives::Life;
use super::spans::Spans;
use super::{Ledger, Place, State};

/// Between two things that are asked or heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Moment(u64);

/// When something was heard, and of which life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Since {
    pub(super) moment: Moment,
    pub(super) life: Life,
}

impl Since {
    pub(in super::super) fn moment(self) -> Moment {
        self.moment
    }
}

#[derive(Default)]
pub(super) struct Groups {
    /// What is acknowledged is on disk.
    flush: bool,
    /// Nobody goes any more who can stay.
    are_at_rest: bool,
    now: Moment,
    groups: BTreeMap<String, Group>,
}

#[derive(Default)]
struct Group {
    /// The names of the topics whose partitions its members share.
    topics: BTreeSet<String>,
    commits: BTreeMap<Place, Commits>,
    spans: BTreeMap<Place, Spans>,
    epoch: Option<(i32, Life)>,
    /// Those who are alive, by their number: what they have, once they are at work.
    members: BTreeMap<u64, Option<BTreeSet<Place>>>,
}

impl Groups {
    fn pass(&mut self) -> Moment {
        self.now.0 += 1;
        self.now
    }

    fn of(&mut self, group: &str) -> &mut Group {
        self.groups.entry(group.to_owned()).or_default()
    }
}

impl State {
    /// Whether what groups were told in `then` may be forgotten in `now`.
    fn groups_lose_between(&self, then: Life, now: Life) -> bool {
        !self.is_credulous && !self.groups.flush && self.lives.lose_between(then, now)
    }

    /// A group that has no members and no offsets is forgotten, and begins anew.
    fn is_kept(&self, group: &Group, life: Life) -> bool {
        let is_lost = |then| self.groups_lose_between(then, life);
        let mut commits = group.commits.iter();
        commits.any(|(place, commits)| self.exists(place.topic) && commits.are_any(is_lost))
    }
}

impl Ledger {
    /// From now on what is acknowledged to groups is on disk.
    pub(in super::super) fn groups_flush(&self) {
        self.state.lock().groups.flush = true;
    }

    /// Members of groups that are at work stay there from now on.
    pub(in super::super) fn groups_rest(&self) {
        tracing::info!("groups rest");
        self.state.lock().groups.are_at_rest = true;
    }

    pub(in super::super) fn groups_are_at_rest(&self) -> bool {
        self.state.lock().groups.are_at_rest
    }

    pub(in super::super) fn moment(&self) -> Moment {
        self.state.lock().groups.pass()
    }

    /// What is heard now from the process of this life.
    pub(in super::super) fn since(&self, life: Life) -> Since {
        let moment = self.moment();
        Since { moment, life }
    }

    pub(in super::super) fn groups_lose_between(&self, then: Life, now: Life) -> bool {
        self.state.lock().groups_lose_between(then, now)
    }

    /// The members of the group are to share these topics.
    pub(in super::super) fn group_founded(&self, group: &str, topics: BTreeSet<String>) {
        tracing::info!(group, ?topics, "founded");
        self.state.lock().groups.of(group).topics = topics;
    }

    /// The position that is about to be committed.
    pub(in super::super) fn committing(&self, group: &str, place: Place, life: Life) -> i64 {
        let groups = &mut self.state.lock().groups;
        let now = groups.pass();
        let commits = groups.of(group).commits.entry(place).or_default();
        commits.begin(now, life)
    }

    /// A commit was acknowledged.
    pub(in super::super) fn committed(&self, group: &str, place: Place, life: Life, position: i64) {
        tracing::debug!(group, ?place, ?life, position, "committed");
        let mut state = self.state.lock();
        state.judged += 1;
        let now = state.groups.pass();
        let commits = state.groups.of(group).commits.entry(place).or_default();
        commits.written(position, now, life);
    }

    /// It was refused before it was written.
    pub(in super::super) fn commit_refused(&self, group: &str, place: Place, position: i64) {
        let groups = &mut self.state.lock().groups;
        let commits = groups.of(group).commits.entry(place).or_default();
        commits.refused(position);
    }

    /// The group has found what it committed; it has asked at `asked`.
    pub(in super::super) fn committed_seen(
        &self,
        group: &str,
        place: Place,
        life: Life,
        asked: Moment,
        offset: Offset,
    ) {
        tracing::debug!(group, ?place, ?life, %offset, "fetched");
        self.judge_group(group, |state, group, now| {
            let is_lost = |then| state.groups_lose_between(then, life);
            let commits = group.commits.entry(place).or_default();
            let seen = commits.seen(offset, asked, now, life, is_lost);
            seen.map_err(|what| format!("{place:?}: {what}"))
        });
    }

    /// No epoch or generation may be below this one that is told from now on in `life`.
    pub(in super::super) fn epoch_floor(&self, group: &str, life: Life) -> i32 {
        let state = self.state.lock();
        let group = state.groups.groups.get(group);
        let known = group.filter(|group| state.is_kept(group, life));
        let floor = known.and_then(|group| group.epoch);
        let lasting = floor.filter(|(_, then)| !state.groups_lose_between(*then, life));
        lasting.map_or(0, |(epoch, _)| epoch)
    }

    /// A member is in `epoch` for certain.
    pub(in super::super) fn epoch_seen(&self, group: &str, life: Life, floor: i32, epoch: i32) {
        self.judge_group(group, |state, group, _| {
            // Meanwhile all may have been forgotten.
            if epoch < floor && state.is_kept(group, life) {
                return Err(format!("epoch {epoch} where {floor} was before"));
            }
            if state.is_kept(group, life) {
                let known = group.epoch;
                let known = known.filter(|(_, then)| !state.groups_lose_between(*then, life));
                let newest = known.map_or(epoch, |(known, _)| known.max(epoch));
                group.epoch = Some((newest, life));
            }
            Ok(())
        });
    }

    /// The member had these partitions until `until`.
    pub(in super::super) fn had(
        &self,
        group: &str,
        member: &str,
        places: &BTreeMap<Place, Since>,
        until: Moment,
        life: Life,
    ) {
        tracing::debug!(group, member, ?places, ?until, ?life, "has");
        self.judge_group(group, |state, group, _| {
            let is_lost = |then| state.groups_lose_between(then, life);
            for (place, since) in places {
                let spans = group.spans.entry(*place).or_default();
                let until = until.max(since.moment);
                let had = spans.had(member, *since, until, life, is_lost);
                had.map_err(|what| format!("{place:?}: {what}"))?;
            }
            Ok(())
        });
    }

    /// A member is alive; what it has, if it is at work.
    pub(in super::super) fn member(&self, group: &str, number: u64, has: Option<BTreeSet<Place>>) {
        let groups = &mut self.state.lock().groups;
        groups.of(group).members.insert(number, has);
    }

    /// A member is not alive any more.
    pub(in super::super) fn member_gone(&self, group: &str, number: u64) {
        tracing::debug!(group, number, "gone");
        self.state.lock().groups.of(group).members.remove(&number);
    }

    /// Why a group is not as it is to be where nobody comes or goes: each partition is its members', and no other's.
    pub(in super::super) fn restless_group(&self) -> Option<String> {
        let mut state = self.state.lock();
        state.judged += 1;
        let mut groups = state.groups.groups.iter();
        groups.find_map(|(name, group)| {
            let problem = state.what_is_wrong_with(group)?;
            Some(format!("{name}: {problem}: {:?}", group.members))
        })
    }

    fn judge_group(
        &self,
        name: &str,
        judge: impl FnOnce(&State, &mut Group, Moment) -> Result<(), String>,
    ) {
        let state = &mut *self.state.lock();
        state.judged += 1;
        let now = state.groups.pass();
        let mut group = std::mem::take(state.groups.of(name));
        let judged = judge(state, &mut group, now);
        *state.groups.of(name) = group;
        if let Err(what) = judged {
            state.violate(format!("{name}: {what}"));
        }
    }
}

impl State {
    fn what_is_wrong_with(&self, group: &Group) -> Option<String> {
        let mut had = BTreeSet::new();
        for (number, has) in &group.members {
            let Some(has) = has else {
                return Some(format!("member {number} is not at work"));
            };
            for place in has {
                if !had.insert(*place) {
                    return Some(format!("{place:?} is had twice"));
                }
            }
        }
        if group.members.is_empty() {
            return None;
        }
        let existing = self.topics.iter();
        let subscribed = existing
            .filter(|(id, topic)| self.exists(**id) && group.topics.contains(&topic.settings.name));
        let all: BTreeSet<Place> = subscribed
            .flat_map(|(topic, settings)| {
                let partitions = 0..settings.settings.partitions as i32;
                partitions.map(|partition| Place {
                    topic: *topic,
                    partition,
                })
            })
            .collect();
        (had != all).then(|| format!("{all:?} are to be shared"))
    }
}
