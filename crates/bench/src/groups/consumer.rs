//! A member that speaks the protocol of KIP-848.

use ottla_model::{PartitionIndex, Uuid};
use ottla_wire::Str;
use ottla_wire::api::ApiKey;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::line::Line;
use super::member::{
    Member, REBALANCE_TIMEOUT_MS, Standing, Subscribed, ask_coordinator, check,
    coordinator_answered, ended,
};
use crate::load::LoadError;

const JOIN: i32 = 0;
const LEAVE: i32 = -1;

pub(super) struct ConsumerMember<'t> {
    line: Line,
    topic: &'t Subscribed,
    group: String,
    id: String,
    epoch: i32,
    owned: Vec<PartitionIndex>,
}

impl<'t> ConsumerMember<'t> {
    /// `number` is nobody else's of its group.
    pub(super) fn new(line: Line, number: usize, topic: &'t Subscribed) -> Self {
        // As members' ids look, and as little in order; it is the same in every run.
        let bits = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Self {
            line,
            topic,
            group: String::new(),
            id: Uuid::from_u128(bits).to_string(),
            epoch: LEAVE,
            owned: Vec::new(),
        }
    }

    /// What it has where that is new; all that it says of itself when it joins.
    fn say(&mut self, epoch: i32, with_owned: bool) -> Result<(), LoadError> {
        let joins = epoch == JOIN;
        let owned = || {
            let topic = TopicPartitions {
                topic_id: self.topic.id,
                partitions: self.owned.clone(),
            };
            Some(topic).filter(|topic| !topic.partitions.is_empty())
        };
        let request = ConsumerGroupHeartbeatRequest {
            group_id: Str::Borrowed(&self.group),
            member_id: Str::Borrowed(&self.id),
            member_epoch: epoch,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: if joins { REBALANCE_TIMEOUT_MS } else { -1 },
            subscribed_topic_names: joins.then(|| vec![Str::Borrowed(&*self.topic.name)]),
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: with_owned.then(|| owned().into_iter().collect()),
        };
        self.line.ask(ApiKey::ConsumerGroupHeartbeat, &request)
    }

    fn heard(&mut self) -> Result<(), LoadError> {
        let response: ConsumerGroupHeartbeatResponse<'_> = self.line.answer()?;
        let message = response.error_message.as_deref();
        check("ConsumerGroupHeartbeat", response.error_code, message)?;
        self.epoch = response.member_epoch;
        let Some(assignment) = response.assignment else {
            return Ok(());
        };
        let topics = assignment.topic_partitions.into_iter();
        let mut told: Vec<_> = topics.flat_map(|topic| topic.partitions).collect();
        told.sort_unstable();
        if told == self.owned {
            return Ok(());
        }
        self.owned = told;
        self.say(self.epoch, true)
    }
}

impl Member for ConsumerMember<'_> {
    fn line(&self) -> &Line {
        &self.line
    }

    fn arrive(&mut self, group: &str) -> Result<(), LoadError> {
        group.clone_into(&mut self.group);
        self.owned.clear();
        self.epoch = JOIN;
        ask_coordinator(&mut self.line, group)
    }

    fn receive(&mut self) -> Result<(), LoadError> {
        match self.line.awaited() {
            Some(ApiKey::FindCoordinator) => {
                coordinator_answered(&mut self.line)?;
                self.say(JOIN, true)
            }
            Some(ApiKey::ConsumerGroupHeartbeat) => self.heard(),
            _ => Err(ended()),
        }
    }

    fn heartbeat(&mut self) -> Result<(), LoadError> {
        self.say(self.epoch, false)
    }

    fn leave(&mut self) -> Result<(), LoadError> {
        self.owned.clear();
        self.say(LEAVE, false)
    }

    fn standing(&self) -> Option<Standing<'_>> {
        let settled = self.epoch > JOIN && self.line.awaited().is_none();
        settled.then_some(Standing {
            epoch: self.epoch,
            partitions: &self.owned,
        })
    }
}
