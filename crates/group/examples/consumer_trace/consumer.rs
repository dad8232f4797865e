//! Members that speak the protocol of consumer groups.

use std::collections::BTreeSet;

use ottla_coordinator::Ticket;
use ottla_group::{ConsumerHeartbeat, Request};
use ottla_model::{ErrorCode, Uuid};
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use crate::owned::{Owned, show_owned};
use crate::text::optional;
use crate::{GROUP, NAMES, Trace};

const MEMBERS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
const ON_JOINING: i32 = 0;
const ON_LEAVING: i32 = -1;
const ON_LEAVING_FOR_A_WHILE: i32 = -2;

/// What a member believes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consumer {
    epoch: i32,
    owned: Owned,
}

/// A member has one for life, and some take turns.
fn instance(id: &str) -> Option<&'static str> {
    match id {
        "d" | "e" => Some("i1"),
        "f" => Some("i2"),
        _ => None,
    }
}

fn owned(topics: &[TopicPartitions]) -> Owned {
    let topics = topics.iter();
    topics
        .map(|topic| (topic.topic_id, topic.partitions.iter().copied().collect()))
        .collect()
}

impl Trace {
    pub(crate) fn consumer_heartbeat(&mut self) {
        let id = self.any(&MEMBERS);
        let known = self.consumers.get(id).cloned();
        let joins = known.is_none() || self.below(25) == 0;
        let mut member = known.unwrap_or_default();
        if joins {
            member.epoch = ON_JOINING;
        }
        let mut request = ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: id.into(),
            instance_id: instance(id).map(Into::into),
            ..Default::default()
        };
        request.member_epoch = match self.below(60) {
            0 => member.epoch - 1,
            1 => member.epoch + 1,
            2..4 => ON_LEAVING,
            4 if request.instance_id.is_some() => ON_LEAVING_FOR_A_WHILE,
            _ => member.epoch,
        };
        // Who joins says everything; whoever does not is refused before the group hears of it.
        let joins = joins || request.member_epoch == ON_JOINING;
        if joins {
            member.owned.clear();
        }
        self.say_more(&mut request, &member, joins);
        if request.member_epoch < 0 {
            self.consumers.remove(id);
        } else {
            self.consumers.insert(id, member);
        }
        let names = request.subscribed_topic_names.as_ref();
        let topics = request.topic_partitions.as_ref();
        let what = format!(
            "beat\t{}\t{id}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            self.tickets,
            request.member_epoch,
            optional(request.instance_id.as_deref()),
            optional(request.rack_id.as_deref()),
            request.rebalance_timeout_ms,
            names.map_or_else(|| "-".to_owned(), |names| names.join(",")),
            optional(request.server_assignor.as_deref()),
            topics.map_or_else(|| "-".to_owned(), |topics| show_owned(&owned(topics))),
        );
        let heartbeat = ConsumerHeartbeat {
            request,
            version: 1,
            client_id: "client".into(),
            client_host: "/127.0.0.1".into(),
            uuid: Uuid::from_u128(1),
        };
        self.send(Request::ConsumerHeartbeat(Box::new(heartbeat)));
        self.show(&what);
    }

    /// What a member says with some heartbeats, and always when it joins.
    fn say_more(
        &mut self,
        request: &mut ConsumerGroupHeartbeatRequest<'static>,
        member: &Consumer,
        joins: bool,
    ) {
        if joins || self.below(12) == 0 {
            let count = self.below(3) + 1;
            let names: BTreeSet<&str> = (0..count).map(|_| self.any(&NAMES)).collect();
            let names = names.into_iter().map(Into::into).collect();
            request.subscribed_topic_names = Some(names);
        }
        if joins || self.below(20) == 0 {
            request.rebalance_timeout_ms = self.any(&[5000, 20_000, 60_000]);
        }
        if joins && self.below(3) == 0 || self.below(30) == 0 {
            request.rack_id = Some(self.any(&["r1", "r2"]).into());
        }
        if joins && self.below(4) == 0 {
            request.server_assignor = Some("range".into());
        }
        if joins || self.below(2) == 0 {
            let mut owned = member.owned.clone();
            // Not everything is given up at once.
            if self.below(4) == 0 {
                for partitions in owned.values_mut() {
                    partitions.pop_last();
                }
            }
            owned.retain(|_, partitions| !partitions.is_empty());
            let owned = owned.into_iter();
            let owned = owned.map(|(topic_id, partitions)| TopicPartitions {
                topic_id,
                partitions: partitions.into_iter().collect(),
            });
            request.topic_partitions = Some(owned.collect());
        }
    }

    pub(crate) fn consumer_answered(
        &mut self,
        Ticket(ticket): Ticket,
        answer: &ConsumerGroupHeartbeatResponse<'_>,
    ) {
        let assigned = answer.assignment.as_ref();
        let assigned = assigned.map(|assignment| {
            let topics = assignment.topic_partitions.iter();
            topics
                .map(|topic| (topic.topic_id, topic.partitions.iter().copied().collect()))
                .collect()
        });
        self.lines.push(format!(
            "beat\t{ticket}\t{}\t{}\t{}\t{}\t{}",
            answer.error_code as i16,
            optional(answer.member_id.as_deref()),
            answer.member_epoch,
            answer.heartbeat_interval_ms,
            assigned.as_ref().map_or_else(|| "-".to_owned(), show_owned),
        ));
        if answer.error_code == ErrorCode::None
            && answer.member_epoch >= 0
            && let Some(id) = answer.member_id.as_deref()
            && let Some(member) = self.consumers.get_mut(id)
        {
            member.epoch = answer.member_epoch;
            if let Some(assigned) = assigned {
                member.owned = assigned;
            }
        }
    }
}
