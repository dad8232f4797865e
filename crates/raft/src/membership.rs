//! What the log says of the quorum itself: its level, and who votes in it (KIP-853).

use ottla_model::Offset;
use ottla_wire::control_record::{ControlRecord, KRaftVersionRecord, VotersRecord};

use crate::voter::Voter;

/// The quorum at one place of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// 0: the voters are those of the configuration. 1: those of the log.
    pub kraft_version: i16,
    pub voters: Vec<Voter>,
}

impl Membership {
    /// As the log and its snapshots keep it: not at all where the configuration says who votes.
    #[must_use]
    pub fn records(&self) -> Vec<ControlRecord<'static>> {
        if self.kraft_version == 0 {
            return Vec::new();
        }
        let version = KRaftVersionRecord {
            version: 0,
            kraft_version: self.kraft_version,
        };
        let voters = VotersRecord {
            version: 0,
            voters: self.voters.iter().map(Voter::record).collect(),
        };
        vec![
            ControlRecord::KRaftVersion(version),
            ControlRecord::KRaftVoters(voters),
        ]
    }
}

/// The quorum as far as it is committed, and as it will be.
#[derive(Clone, Debug)]
pub(crate) struct Memberships {
    committed: Membership,
    /// In the log or about to be, with the end of its batch once it is there. There is one change at a time.
    next: Option<(Membership, Option<Offset>)>,
}

impl Memberships {
    pub(crate) fn new(committed: Membership) -> Self {
        Self {
            committed,
            next: None,
        }
    }

    /// As of the last record appended, which counts at once.
    pub(crate) fn newest(&self) -> &Membership {
        self.next.as_ref().map_or(&self.committed, |(next, _)| next)
    }

    pub(crate) fn committed(&self) -> &Membership {
        &self.committed
    }

    /// The next batch of the log says this.
    pub(crate) fn change(&mut self, next: Membership) {
        assert!(self.next.is_none(), "one change waits for the other");
        self.next = Some((next, None));
    }

    /// A batch was appended, and the log ends at `end` with it.
    pub(crate) fn appended(&mut self, end: Offset) {
        if let Some((_, behind @ None)) = &mut self.next {
            *behind = Some(end);
        }
    }

    /// Everything below `offset` is committed.
    pub(crate) fn commit(&mut self, offset: Offset) {
        let is_committed =
            |&mut (_, end): &mut (Membership, Option<Offset>)| end.is_some_and(|end| end <= offset);
        if let Some((next, _)) = self.next.take_if(is_committed) {
            self.committed = next;
        }
    }
}
