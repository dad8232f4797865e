//! Members that speak the classic protocol, in a group of both kinds.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use ottla_coordinator::Ticket;
use ottla_group::classic::{Answer, Heartbeat, Join, Leave, Sync};
use ottla_group::{Reply, Request};
use ottla_model::{ErrorCode, PartitionIndex, Timestamp, Uuid};
use ottla_wire::consumer_protocol::{
    AssignedPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription, OwnedPartitions,
};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata,
};
use ottla_wire::message::heartbeat::HeartbeatRequest;
use ottla_wire::message::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_wire::message::leave_group::{LeaveGroupRequest, MemberIdentity};
use ottla_wire::message::sync_group::SyncGroupRequest;
use ottla_wire::version_prefix;

use crate::owned::show_topics;
use crate::text::{hex, optional, text};
use crate::{GROUP, NAMES, Trace};

const MOST_MEMBERS: usize = 5;
const GENERATION: i32 = 7;
const VERSION: i16 = 9;
/// The bits of an id that say that it was drawn.
const VERSION_4: u128 = 4 << 76 | 2 << 62;

type Named = BTreeMap<String, BTreeSet<PartitionIndex>>;

/// What a member believes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classic {
    generation: i32,
    instance: Option<&'static str>,
    owned: Named,
}

impl Trace {
    /// A classic group that is stable, as its record has it.
    pub(crate) fn classic_group(&mut self) -> GroupRecord<'static> {
        let mut members = Vec::new();
        for (number, id) in ["k0", "k1", "k2"].into_iter().enumerate() {
            if number > 0 && self.below(2) == 0 {
                continue;
            }
            let first = 2 * i32::try_from(number).expect("it is small");
            let owned = [PartitionIndex(first), PartitionIndex(first + 1)];
            let member = Classic {
                generation: GENERATION,
                instance: (number == 1).then_some("s1"),
                owned: Named::from([("t1".to_owned(), BTreeSet::from(owned))]),
            };
            let assignment = ConsumerProtocolAssignment {
                assigned_partitions: assigned(&member.owned),
                user_data: None,
            };
            members.push(MemberMetadata {
                member_id: id.into(),
                group_instance_id: member.instance.map(Into::into),
                client_id: "client".into(),
                client_host: "/127.0.0.1".into(),
                rebalance_timeout: 40_000,
                session_timeout: 20_000,
                subscription: self.subscription(&Named::new()).to_vec().into(),
                assignment: version_prefix::encode(&assignment, 3).to_vec().into(),
            });
            self.classics.insert(id.to_owned(), member);
        }
        let value = GroupMetadataValue {
            protocol_type: "consumer".into(),
            generation: GENERATION,
            protocol: Some("range".into()),
            leader: Some("k0".into()),
            current_state_timestamp: Timestamp(5),
            members,
        };
        let group = GROUP.into();
        GroupRecord::GroupMetadata(GroupMetadataKey { group }, Some(value))
    }

    fn subscription(&mut self, owned: &Named) -> Bytes {
        let count = self.below(3) + 1;
        let names: BTreeSet<&str> = (0..count).map(|_| self.any(&NAMES)).collect();
        let owned = owned.iter().map(|(topic, partitions)| OwnedPartitions {
            topic: topic.as_str().into(),
            partitions: partitions.iter().copied().collect(),
        });
        let rack = self.below(4) == 0;
        let subscription = ConsumerProtocolSubscription {
            topics: names.into_iter().map(Into::into).collect(),
            owned_partitions: owned.collect(),
            generation_id: GENERATION,
            rack_id: rack.then_some("r1".into()),
            ..Default::default()
        };
        let version = self.any(&[1, 3, 3, 3]);
        version_prefix::encode(&subscription, version)
    }

    pub(crate) fn classic(&mut self) {
        let ids: Vec<String> = self.classics.keys().cloned().collect();
        let has_room = ids.len() < MOST_MEMBERS;
        let id = match self.below(20) {
            0..2 if has_room => String::new(),
            _ if ids.is_empty() => String::new(),
            2 => "stranger".to_owned(),
            number => ids[usize::try_from(number).expect("it is small") % ids.len()].clone(),
        };
        match self.below(10) {
            _ if id.is_empty() => self.join(&id),
            0..3 => self.join(&id),
            3..6 => self.sync(&id),
            6..9 => self.heartbeat(&id),
            _ if self.below(3) == 0 => self.leave(&id),
            _ => {}
        }
    }

    fn join(&mut self, id: &str) {
        let known = self.classics.get(id).cloned().unwrap_or_default();
        let instance = match id {
            "" if self.below(2) == 0 => Some(self.any(&["s1", "s2"])),
            _ => known.instance,
        };
        let metadata = self.subscription(&known.owned);
        let request = JoinGroupRequest {
            group_id: GROUP.into(),
            session_timeout_ms: self.any(&[10_000, 20_000]),
            rebalance_timeout_ms: self.any(&[20_000, 40_000]),
            member_id: id.to_owned().into(),
            group_instance_id: instance.map(Into::into),
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: "range".into(),
                metadata: metadata.to_vec().into(),
            }],
            ..Default::default()
        };
        let ticket = self.tickets;
        let what = format!(
            "join\t{ticket}\t{}\t{}\t{}\t{}\t{}",
            text(id),
            optional(instance),
            request.session_timeout_ms,
            request.rebalance_timeout_ms,
            hex(&metadata),
        );
        self.joining = instance;
        let uuid = Uuid::from_u128(VERSION_4 | u128::from(ticket));
        let join = Join::of(&request, VERSION, "client", "/127.0.0.1", uuid);
        self.send(Request::Join(GROUP.into(), Box::new(join)));
        self.show(&what);
    }

    fn generation(&mut self, id: &str) -> i32 {
        let generation = self.classics.get(id).map_or(1, |member| member.generation);
        match self.below(20) {
            0 => generation - 1,
            1 => generation + 1,
            _ => generation,
        }
    }

    fn sync(&mut self, id: &str) {
        let instance = self.classics.get(id).and_then(|member| member.instance);
        let request = SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: self.generation(id),
            member_id: id.to_owned().into(),
            group_instance_id: instance.map(Into::into),
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            ..Default::default()
        };
        let what = format!(
            "sync\t{}\t{id}\t{}\t{}",
            self.tickets,
            optional(instance),
            request.generation_id,
        );
        self.syncing = id.to_owned();
        let sync = Sync::of(&request, 5).expect("it names what it follows");
        self.send(Request::Sync(GROUP.into(), sync));
        self.show(&what);
    }

    fn heartbeat(&mut self, id: &str) {
        let instance = self.classics.get(id).and_then(|member| member.instance);
        let request = HeartbeatRequest {
            group_id: GROUP.into(),
            member_id: id.to_owned().into(),
            group_instance_id: instance.map(Into::into),
            generation_id: self.generation(id),
        };
        let what = format!(
            "heartbeat\t{}\t{id}\t{}\t{}",
            self.tickets,
            optional(instance),
            request.generation_id,
        );
        self.send(Request::Heartbeat(GROUP.into(), Heartbeat::of(&request)));
        self.show(&what);
    }

    fn leave(&mut self, id: &str) {
        let member = self.classics.remove(id);
        let instance = member.and_then(|member| member.instance);
        let request = LeaveGroupRequest {
            group_id: GROUP.into(),
            members: vec![MemberIdentity {
                member_id: id.to_owned().into(),
                group_instance_id: instance.map(Into::into),
                ..Default::default()
            }],
            ..Default::default()
        };
        let what = format!("leave\t{}\t{id}\t{}", self.tickets, optional(instance));
        self.send(Request::Leave(GROUP.into(), Leave::of(&request, 5)));
        self.show(&what);
    }

    pub(crate) fn classic_answered(&mut self, Ticket(ticket): Ticket, reply: &Reply) {
        let line = match reply {
            Reply::Codes(codes) => format!("heartbeat\t{ticket}\t{}", codes[0] as i16),
            Reply::Classic(Answer::Join(answer)) => {
                let id = &*answer.member_id;
                if !id.is_empty()
                    && matches!(answer.error, ErrorCode::None | ErrorCode::MemberIdRequired)
                {
                    let instance = self.joining;
                    // Who comes back for an instance takes the place of who was there.
                    self.classics.retain(|other, member| {
                        other == id || instance.is_none() || member.instance != instance
                    });
                    let member = self.classics.entry(id.to_owned()).or_default();
                    member.instance = instance;
                    member.generation = answer.generation;
                }
                format!(
                    "join\t{ticket}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    answer.error as i16,
                    answer.generation,
                    optional(answer.protocol_type.as_deref()),
                    optional(answer.protocol.as_deref()),
                    text(&answer.leader),
                    text(id),
                    answer.skip_assignment,
                    answer.members.len(),
                )
            }
            Reply::Classic(Answer::Sync(answer)) => {
                let owned = (!answer.assignment.is_empty()).then(|| named(&answer.assignment));
                if let Some(owned) = &owned
                    && let Some(member) = self.classics.get_mut(&self.syncing)
                {
                    member.owned.clone_from(owned);
                }
                let version = answer
                    .assignment
                    .get(..2)
                    .map_or_else(|| "-".to_owned(), hex);
                format!(
                    "sync\t{ticket}\t{}\t{}\t{}\t{version}\t{}",
                    answer.error as i16,
                    optional(answer.protocol_type.as_deref()),
                    optional(answer.protocol.as_deref()),
                    owned.map_or_else(|| "-".to_owned(), |owned| show_topics(owned.iter())),
                )
            }
            Reply::Classic(Answer::Leave(answer)) => {
                format!("leave\t{ticket}\t{}", answer.members[0].error as i16)
            }
            other => unreachable!("nobody asks for {other:?}"),
        };
        self.lines.push(line);
    }
}

fn assigned(owned: &Named) -> Vec<AssignedPartitions<'static>> {
    let owned = owned.iter();
    owned
        .map(|(topic, partitions)| AssignedPartitions {
            topic: topic.clone().into(),
            partitions: partitions.iter().copied().collect(),
        })
        .collect()
}

fn named(assignment: &[u8]) -> Named {
    let assignment: ConsumerProtocolAssignment<'_> =
        version_prefix::decode(assignment).expect("it was made here");
    let topics = assignment.assigned_partitions.into_iter();
    topics
        .map(|topic| {
            (
                topic.topic.into_owned(),
                topic.partitions.into_iter().collect(),
            )
        })
        .collect()
}
