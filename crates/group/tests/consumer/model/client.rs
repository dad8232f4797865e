use std::collections::{BTreeMap, BTreeSet};

use ottla_model::{ErrorCode, PartitionIndex, TopicId};
use ottla_wire::Str;
use ottla_wire::message::consumer_group_heartbeat::TopicPartitions;

use crate::coordinator::{GROUP, Request, Response};

pub(super) type Owned = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

/// A consumer, as the clients of KIP-848 behave.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) instance: Option<&'static str>,
    pub(super) topics: BTreeSet<&'static str>,
    pub(super) regex: Option<&'static str>,
    pub(super) epoch: i32,
    /// What it consumes.
    pub(super) owned: Owned,
    /// What it was told to consume, and has not taken up yet.
    told: Option<Owned>,
    /// The coordinator may not know what it owns.
    report: bool,
    /// It tells all of itself: it joins, or missed an answer.
    full: bool,
}

impl Client {
    pub(super) fn new(id: String, instance: Option<&'static str>) -> Self {
        Self {
            id,
            instance,
            topics: BTreeSet::new(),
            regex: None,
            epoch: 0,
            owned: Owned::new(),
            told: None,
            report: true,
            full: true,
        }
    }

    pub(super) fn subscribe(
        &mut self,
        topics: BTreeSet<&'static str>,
        regex: Option<&'static str>,
    ) {
        self.topics = topics;
        self.regex = regex;
        self.full = true;
    }

    pub(super) fn heartbeat(&self) -> Request {
        let topics = self.owned.iter();
        let mut request = Request {
            group_id: Str::Borrowed(GROUP),
            member_id: Str::Owned(self.id.clone()),
            member_epoch: self.epoch,
            instance_id: self.instance.map(Str::Borrowed),
            ..Default::default()
        };
        if self.report || self.full {
            request.topic_partitions = Some(
                topics
                    .map(|(topic_id, partitions)| TopicPartitions {
                        topic_id: *topic_id,
                        partitions: partitions.iter().copied().collect(),
                    })
                    .collect(),
            );
        }
        if self.full {
            request.rebalance_timeout_ms = 30_000;
            request.subscribed_topic_names =
                Some(self.topics.iter().map(|t| Str::Borrowed(*t)).collect());
            request.subscribed_topic_regex = Some(Str::Borrowed(self.regex.unwrap_or("")));
        }
        request
    }

    pub(super) fn leave(&self, epoch: i32) -> Request {
        Request {
            member_epoch: epoch,
            topic_partitions: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            ..self.heartbeat()
        }
    }

    pub(super) fn answered(&mut self, response: Response) {
        self.epoch = response.member_epoch;
        self.full = false;
        self.report = false;
        if let Some(assignment) = response.assignment {
            let topics = assignment.topic_partitions.into_iter();
            self.told = Some(
                topics
                    .map(|topic| (topic.topic_id, topic.partitions.into_iter().collect()))
                    .collect(),
            );
        }
    }

    /// What it was told before may be no longer its own: it said that it does not have it yet, and the coordinator took it at its word. A client
    /// that takes it up all the same, as Java's may, has it beside its new owner until the next answer, and cannot commit for it.
    pub(super) fn missed_answer(&mut self) {
        self.full = true;
        self.told = None;
    }

    pub(super) fn refused(&mut self, error: ErrorCode) {
        match error {
            ErrorCode::FencedMemberEpoch
            | ErrorCode::UnknownMemberId
            | ErrorCode::GroupIdNotFound => {
                self.epoch = 0;
                self.owned.clear();
                self.told = None;
                self.full = true;
            }
            // Its instance is held by one that died, whose session has to end.
            ErrorCode::UnreleasedInstanceId => {}
            ErrorCode::CoordinatorNotAvailable => self.missed_answer(),
            other => unreachable!("{other:?} of {self:?}"),
        }
    }

    /// Gives up what it is no longer to have, and begins with the rest.
    pub(super) fn take_up(&mut self) {
        if let Some(told) = self.told.take()
            && told != self.owned
        {
            self.owned = told;
            self.report = true;
        }
    }
}
