//! A group out of the log.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use ottla_coordinator::Now;
use ottla_model::Timestamp;
use ottla_wire::coordinator_record::group::group_metadata::{GroupMetadataValue, MemberMetadata};

use super::Step;
use super::append::Write;
use super::group::ClassicGroup;
use super::member::{Member, Protocol, Terms};
use super::members::Members;
use super::phase::{Phase, Unsynced};
use super::sessions::Sessions;
use super::settings::ClassicSettings;

/// A record of a group that no coordinator writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidGroup {
    /// Two members have one id.
    DuplicateMember,
    /// Two members are one instance.
    DuplicateInstance,
}

impl ClassicGroup {
    /// The group as its last record has it: stable, or empty. [`Self::loaded`] brings it to life.
    ///
    /// # Errors
    /// When the record contradicts itself.
    pub fn from_record(id: Arc<str>, value: &GroupMetadataValue<'_>) -> Result<Self, InvalidGroup> {
        let protocol: Option<Arc<str>> = value.protocol.as_deref().map(Arc::from);
        let mut members = Members::default();
        for metadata in &value.members {
            if members.contains(&metadata.member_id) {
                return Err(InvalidGroup::DuplicateMember);
            }
            let member = member(metadata, protocol.as_ref());
            let instance = member.instance_id.as_deref();
            if instance.is_some_and(|instance| members.of_instance(instance).is_some()) {
                return Err(InvalidGroup::DuplicateInstance);
            }
            members.add(Arc::from(&*metadata.member_id), member);
        }
        members.set_leader(value.leader.as_deref());
        let phase = if members.is_empty() {
            Phase::Empty
        } else {
            Phase::Stable(Unsynced::none())
        };
        let since = value.current_state_timestamp;
        let protocol_type =
            (!value.protocol_type.is_empty()).then(|| Arc::from(&*value.protocol_type));
        let mut group = Self {
            id,
            phase,
            since: (since != Timestamp::NONE).then_some(since),
            protocol_type,
            protocol,
            generation: value.generation,
            members,
            pending: BTreeSet::new(),
            sessions: Sessions::default(),
            subscriptions: None,
        };
        group.subscriptions = group.read_subscriptions();
        Ok(group)
    }

    /// This node coordinates the group from now on: all members have their whole sessions to be heard of. They are called together if they are too
    /// many, or none of them knows that it leads, as where they were a consumer group.
    #[must_use]
    pub fn loaded(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let ids: Vec<Arc<str>> = self.members.ids().cloned().collect();
        for id in ids {
            self.restart_session(&id, now);
        }
        let is_over_capacity = self.members.len() > settings.max_size;
        let was_not_led = self.members.elect_leader();
        (is_over_capacity || was_not_led)
            .then(|| self.prepare_rebalance(now, settings, step))
            .flatten()
    }
}

fn member(metadata: &MemberMetadata<'_>, protocol: Option<&Arc<str>>) -> Member {
    // Of what the member knew only that was written down which the group follows.
    let protocol = protocol.map(|name| Protocol {
        name: name.clone(),
        metadata: Bytes::copy_from_slice(&metadata.subscription),
    });
    let rebalance_timeout_ms = match metadata.rebalance_timeout {
        -1 => metadata.session_timeout,
        milliseconds => milliseconds,
    };
    Member {
        instance_id: metadata.group_instance_id.as_deref().map(Arc::from),
        client_id: Arc::from(&*metadata.client_id),
        client_host: Arc::from(&*metadata.client_host),
        terms: Terms {
            protocols: protocol.into_iter().collect(),
            rebalance_timeout_ms,
            session_timeout_ms: metadata.session_timeout,
        },
        assignment: Bytes::copy_from_slice(&metadata.assignment),
        join: None,
        sync: None,
        is_new: false,
    }
}
