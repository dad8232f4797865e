//! What becomes of a partition whose brokers come, go or crash: who is in sync, who is eligible, who leads (KIP-966).

use std::cmp::min;

use ottla_metadata::PartitionImage;
use ottla_model::{NodeId, PartitionIndex, TopicId};
use ottla_wire::metadata_record::PartitionChangeRecord;

/// A leader elected without proof that it has every committed record is in this state until it has shrunk the ISR to itself.
const RECOVERING: i8 = 1;

/// What happened, and what the topic and the cluster allow.
pub(crate) struct Change<'a> {
    /// Leaves the ISR with all its records.
    pub(crate) leaving: Option<NodeId>,
    /// Leaves the ISR and the eligible leaders: it may have lost what it had.
    pub(crate) crashed: Option<NodeId>,
    /// Whether a broker takes part, with the directory of its replica. Asked for neither of the two above.
    pub(crate) is_active: &'a dyn Fn(NodeId, &PartitionImage) -> bool,
    /// The feature `eligible.leader.replicas.version`: the ISR may be empty, for it is known who else has all that is committed.
    pub(crate) has_eligible_leaders: bool,
    /// `min.insync.replicas`.
    pub(crate) min_in_sync: usize,
    pub(crate) candidates: Candidates,
    /// Below metadata.version 3.6-IV0 a smaller ISR begins a new leader epoch.
    pub(crate) shrinking_begins_epoch: bool,
}

/// Whom an election looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidates {
    /// Whoever leads now, or else the first that has every committed record.
    InSync,
    /// The first of the replicas before whoever leads now.
    PreferredFirst,
    /// Where there is none in sync, anybody: `unclean.leader.election.enable`, or asked for by hand.
    OutOfSyncToo,
}

/// Who is to lead, and on what ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elected {
    Nobody,
    /// From the ISR, or eligible: it has every committed record.
    Clean(NodeId),
    Unclean(NodeId),
}

impl Change<'_> {
    /// The record of what changes; `None` where nothing does.
    pub(crate) fn of(
        &self,
        topic_id: TopicId,
        partition_id: PartitionIndex,
        partition: &PartitionImage,
    ) -> Option<PartitionChangeRecord> {
        let unchanged = PartitionChangeRecord {
            topic_id,
            partition_id,
            ..Default::default()
        };
        let mut record = unchanged.clone();
        let stays = |id: &NodeId| Some(*id) != self.leaving && Some(*id) != self.crashed;
        let mut isr: Vec<NodeId> = partition.isr.iter().copied().filter(stays).collect();
        let mut elr = self.eligible(partition, &isr);
        let elected = self.elect(partition, &isr, &elr);
        let leader = match elected {
            Elected::Nobody => NodeId::NONE,
            Elected::Clean(id) | Elected::Unclean(id) => id,
        };
        if leader != partition.leader {
            record.leader = leader;
            match elected {
                Elected::Clean(id) if elr.contains(&id) => {
                    isr = vec![id];
                    elr.retain(|other| *other != id);
                }
                Elected::Unclean(id) => {
                    isr = vec![id];
                    elr.clear();
                    if partition.leader_recovery_state != RECOVERING {
                        record.leader_recovery_state = RECOVERING;
                    }
                }
                Elected::Clean(_) | Elected::Nobody => {}
            }
        }
        if elr != partition.elr {
            record.eligible_leader_replicas = Some(elr);
        }
        if isr != partition.isr && (self.has_eligible_leaders || !isr.is_empty()) {
            let shrinks = partition.isr.iter().any(|id| !isr.contains(id));
            if self.shrinking_begins_epoch && shrinks && leader == partition.leader {
                record.leader = leader;
            }
            record.isr = Some(isr);
        }
        if self.has_eligible_leaders && record.leader != unchanged.leader {
            match (record.leader, partition.last_known_elr.is_empty()) {
                (NodeId::NONE, true) => record.last_known_elr = Some(vec![partition.leader]),
                (NodeId::NONE, false) | (_, true) => {}
                (_, false) => record.last_known_elr = Some(Vec::new()),
            }
        }
        (record != unchanged).then_some(record)
    }

    /// The same of a partition that is reassigned: `target` is `before` with other replicas, and perhaps without some in the ISR.
    pub(crate) fn of_reassigned(
        &self,
        topic_id: TopicId,
        partition_id: PartitionIndex,
        before: &PartitionImage,
        target: PartitionImage,
    ) -> Option<PartitionChangeRecord> {
        let unchanged = PartitionChangeRecord {
            topic_id,
            partition_id,
            ..Default::default()
        };
        let change = self.of(topic_id, partition_id, &target);
        let mut record = change.unwrap_or_else(|| unchanged.clone());
        let is_removed = |id: &NodeId| !target.replicas.contains(id);
        if record.leader == unchanged.leader && before.replicas.iter().any(is_removed) {
            // Whoever is a replica no more learns of it by the new epoch.
            record.leader = target.leader;
        }
        if record.isr.is_none() && target.isr != before.isr {
            record.isr = Some(target.isr);
        }
        let changed = |new: Vec<NodeId>, old: &[NodeId]| (new != old).then_some(new);
        record.replicas = changed(target.replicas, &before.replicas);
        record.adding_replicas = changed(target.adding_replicas, &before.adding_replicas);
        record.removing_replicas = changed(target.removing_replicas, &before.removing_replicas);
        if target.directories != before.directories {
            record.directories = Some(target.directories);
        }
        (record != unchanged).then_some(record)
    }

    /// Those who have every committed record outside the ISR. Only while the ISR is below its minimum: nothing is committed then.
    fn eligible(&self, partition: &PartitionImage, isr: &[NodeId]) -> Vec<NodeId> {
        let enough = min(self.min_in_sync, partition.replicas.len());
        if !self.has_eligible_leaders || isr.len() >= enough {
            return Vec::new();
        }
        let mut elr: Vec<NodeId> = partition
            .elr
            .iter()
            .chain(&partition.isr)
            .copied()
            .filter(|id| !isr.contains(id) && Some(*id) != self.crashed)
            .collect();
        elr.sort_unstable();
        elr.dedup();
        elr
    }

    fn elect(&self, partition: &PartitionImage, isr: &[NodeId], elr: &[NodeId]) -> Elected {
        let can_lead = |id: NodeId| {
            Some(id) != self.leaving && Some(id) != self.crashed && (self.is_active)(id, partition)
        };
        let has_all = |id: NodeId| isr.contains(&id) || (isr.is_empty() && elr.contains(&id));
        let is_clean = |id: &NodeId| has_all(*id) && can_lead(*id);
        let preferred = partition.replicas.first();
        let preferred = preferred.filter(|_| self.candidates == Candidates::PreferredFirst);
        let clean = preferred.into_iter().chain([&partition.leader]);
        if let Some(id) = clean.chain(&partition.replicas).copied().find(is_clean) {
            return Elected::Clean(id);
        }
        if self.has_eligible_leaders
            && isr.is_empty()
            && elr.is_empty()
            && let [last] = partition.last_known_elr[..]
            && can_lead(last)
        {
            return Elected::Unclean(last);
        }
        let mut replicas = partition.replicas.iter().copied();
        let allows_unclean = self.candidates == Candidates::OutOfSyncToo;
        match replicas.find(|id| allows_unclean && can_lead(*id)) {
            Some(id) => Elected::Unclean(id),
            None => Elected::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use ottla_model::{LeaderEpoch, PartitionEpoch};

    use super::*;

    fn ids(ids: &[i32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    /// Three replicas, the first leads.
    fn partition(isr: &[i32]) -> PartitionImage {
        PartitionImage {
            replicas: ids(&[1, 2, 3]),
            directories: Vec::new(),
            isr: ids(isr),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            leader: NodeId(1),
            leader_recovery_state: 0,
            leader_epoch: LeaderEpoch(4),
            partition_epoch: PartitionEpoch(7),
        }
    }

    fn change<'a>(is_active: &'a dyn Fn(NodeId, &PartitionImage) -> bool) -> Change<'a> {
        Change {
            leaving: None,
            crashed: None,
            is_active,
            has_eligible_leaders: true,
            min_in_sync: 2,
            candidates: Candidates::InSync,
            shrinking_begins_epoch: false,
        }
    }

    fn of(change: &Change<'_>, partition: &PartitionImage) -> Option<PartitionChangeRecord> {
        change.of(TopicId::METADATA, PartitionIndex(0), partition)
    }

    fn expected(fields: PartitionChangeRecord) -> Option<PartitionChangeRecord> {
        Some(PartitionChangeRecord {
            topic_id: TopicId::METADATA,
            partition_id: PartitionIndex(0),
            ..fields
        })
    }

    #[test]
    fn the_next_in_sync_replica_follows_a_leader_that_leaves() {
        let change = Change {
            leaving: Some(NodeId(1)),
            ..change(&|_, _| true)
        };
        let record = of(&change, &partition(&[1, 2, 3]));
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId(2),
                isr: Some(ids(&[2, 3])),
                ..Default::default()
            })
        );
    }

    #[test]
    fn who_leaves_an_isr_below_its_minimum_stays_eligible() {
        let change = Change {
            leaving: Some(NodeId(2)),
            ..change(&|_, _| true)
        };
        let record = of(&change, &partition(&[1, 2]));
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                isr: Some(ids(&[1])),
                eligible_leader_replicas: Some(ids(&[2])),
                ..Default::default()
            })
        );
    }

    #[test]
    fn who_crashed_is_eligible_no_more_but_remembered_as_the_last_leader() {
        let mut partition = partition(&[]);
        (partition.leader, partition.elr) = (NodeId::NONE, ids(&[1]));
        partition.last_known_elr = ids(&[1]);
        let crash = Change {
            crashed: Some(NodeId(1)),
            ..change(&|_, _| false)
        };
        let record = of(&crash, &partition);
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                eligible_leader_replicas: Some(Vec::new()),
                ..Default::default()
            })
        );
        partition.elr.clear();
        let record = of(&change(&|id, _| id == NodeId(1)), &partition);
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId(1),
                isr: Some(ids(&[1])),
                leader_recovery_state: RECOVERING,
                last_known_elr: Some(Vec::new()),
                ..Default::default()
            })
        );
    }

    #[test]
    fn the_eligible_lead_only_where_nobody_is_in_sync() {
        let mut partition = partition(&[1]);
        (partition.leader, partition.elr) = (NodeId::NONE, ids(&[2]));
        let change = change(&|id, _| id == NodeId(2));
        assert_eq!(of(&change, &partition), None);
        partition.isr.clear();
        let record = of(&change, &partition);
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId(2),
                isr: Some(ids(&[2])),
                eligible_leader_replicas: Some(Vec::new()),
                ..Default::default()
            })
        );
    }

    #[test]
    fn a_partition_that_recovers_is_not_told_so_again() {
        let mut partition = partition(&[1]);
        partition.leader_recovery_state = RECOVERING;
        let change = Change {
            leaving: Some(NodeId(1)),
            has_eligible_leaders: false,
            candidates: Candidates::OutOfSyncToo,
            ..change(&|_, _| true)
        };
        let record = of(&change, &partition);
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId(2),
                isr: Some(ids(&[2])),
                ..Default::default()
            })
        );
    }

    #[test]
    fn without_eligible_leaders_the_last_in_sync_replica_stays_in_the_isr() {
        let change = Change {
            leaving: Some(NodeId(1)),
            has_eligible_leaders: false,
            ..change(&|_, _| true)
        };
        let record = of(&change, &partition(&[1]));
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId::NONE,
                ..Default::default()
            })
        );
    }

    #[test]
    fn an_unclean_election_is_for_topics_that_allow_it() {
        let mut partition = partition(&[1]);
        partition.leader = NodeId::NONE;
        let careful = Change {
            has_eligible_leaders: false,
            ..change(&|id, _| id == NodeId(3))
        };
        assert_eq!(of(&careful, &partition), None);
        let careless = Change {
            candidates: Candidates::OutOfSyncToo,
            ..careful
        };
        let record = of(&careless, &partition);
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId(3),
                isr: Some(ids(&[3])),
                leader_recovery_state: RECOVERING,
                ..Default::default()
            })
        );
    }

    #[test]
    fn a_smaller_isr_once_began_a_new_leader_epoch() {
        let change = Change {
            leaving: Some(NodeId(3)),
            has_eligible_leaders: false,
            shrinking_begins_epoch: true,
            ..change(&|_, _| true)
        };
        let record = of(&change, &partition(&[1, 2, 3]));
        assert_eq!(
            record,
            expected(PartitionChangeRecord {
                leader: NodeId(1),
                isr: Some(ids(&[1, 2])),
                ..Default::default()
            })
        );
    }
}
