//! Members of a consumer group that still speak the classic protocol: the group speaks it with them.
//!
//! To them each epoch is a generation. They learn with a heartbeat that there is another one, join it, and are told with a sync what they
//! have in it; none of them leads. A member that has partitions to give up joins once more without them.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use ottla_model::ErrorCode;
use ottla_wire::coordinator_record::group::consumer_group_member_metadata::ClassicMemberMetadata;

use super::change::Change;
use super::embedded_protocol::{self, PROTOCOL_TYPE};
use super::partitions::assignment_epoch;
use super::regex::RegexChange;
use super::target::may_replace;
use super::timers::{Timeout, milliseconds, rebalance_timeout};
use super::upgrade::classic_metadata;
use super::{
    ConsumerGroup, Context, Epoch, GroupTimers, Member, MemberState, MigrationPolicy, Outcome,
    Rejection,
};
use crate::classic::{Heartbeat, Join, JoinAnswer, Leave, LeaveAnswer, Left, Sync, SyncAnswer};

impl ConsumerGroup {
    /// `JoinGroup` of a member, or of one that becomes one.
    pub(crate) fn classic_join(
        &self,
        timers: &mut GroupTimers,
        join: &Join,
        context: &Context<'_>,
    ) -> Result<Outcome<JoinAnswer>, Rejection> {
        if context.settings.migration == MigrationPolicy::Disabled {
            return Err(Rejection::new(
                ErrorCode::InconsistentGroupProtocol,
                format!(
                    "Cannot join the consumer group {} with the classic protocol because the group migration is disabled.",
                    self.id
                ),
            ));
        }
        let is_unknown = join.member_id.is_empty();
        let member_id = if is_unknown {
            join.uuid.to_string().into()
        } else {
            Arc::clone(&join.member_id)
        };
        self.check_room_for(&member_id, context.settings.max_size)?;
        self.check_protocols(&member_id, join)?;
        if join.must_know_id && is_unknown && join.instance_id.is_none() {
            let answer = JoinAnswer::error(&member_id, ErrorCode::MemberIdRequired);
            return Ok(Outcome::unchanged(answer));
        }

        let mut records = Vec::new();
        let replaced = join
            .instance_id
            .as_ref()
            .and_then(|id| self.static_member(id));
        let old = match (&join.instance_id, replaced) {
            (Some(instance_id), _) if !is_unknown => {
                self.known_static_member(&member_id, instance_id)?.clone()
            }
            (Some(_), Some(existing)) => self.replace(existing, &member_id, &mut records),
            _ => self.member_or_new(&member_id),
        };
        let metadata = join
            .terms
            .protocols
            .first()
            .map(|first| first.metadata.clone());
        let metadata = metadata.unwrap_or_default();
        let subscription = embedded_protocol::subscription(&metadata).map_err(|_| {
            Rejection::new(
                ErrorCode::UnknownServerError,
                "Malformed embedded consumer protocol in subscription deserialization.",
            )
        })?;
        let mut member = old.clone();
        member.instance_id = join.instance_id.clone().or(member.instance_id);
        if let Some(rack_id) = subscription
            .rack_id
            .as_deref()
            .filter(|rack| !rack.is_empty())
        {
            member.rack_id = Some(rack_id.into());
        }
        if join.terms.rebalance_timeout_ms != -1 {
            member.rebalance_timeout_ms = join.terms.rebalance_timeout_ms;
        }
        let topics = subscription.topics.iter();
        member.subscribed_topics = Arc::new(topics.map(|topic| Arc::from(&**topic)).collect());
        member.subscribed_regex = Some("".into());
        member.client_id = Arc::clone(&join.client_id);
        member.client_host = Arc::clone(&join.client_host);
        member.classic = Some(Arc::new(classic_metadata(&join.terms)));

        let owned = embedded_protocol::owned(&subscription, context.topics);
        let mut change = Change::new(self, context, timers, records, old, member);
        let names_changed = change.describe();
        let bump = change.follow_regex()? != RegexChange::None || names_changed;
        change.follow_topics(bump);
        let downgrade = replaced.filter(|replaced| self.downgrades_without(replaced, context));
        let mut downgraded = None;
        if let Some(replaced) = downgrade {
            if self.target_epoch >= change.epoch {
                let target = (self.target_epoch, change.last_target());
                change.reconcile(target, bump, Some(&owned))?;
            }
            let (records, downgrade) = self.downgrade_with(&change.member, &replaced.id, context);
            change.records.extend(records);
            downgraded = Some(downgrade);
        } else {
            let target = change.target();
            change.reconcile(target, bump, Some(&owned))?;
        }

        let Change {
            member, records, ..
        } = change;
        timers.cancel(&member.id, Timeout::Join);
        if downgraded.is_none() {
            let session = milliseconds(join.terms.session_timeout_ms);
            timers.set(&member.id, Timeout::Session, context.now + session);
            let sync = context.now + milliseconds(join.terms.rebalance_timeout_ms);
            timers.set(&member.id, Timeout::Sync, sync);
        }
        let protocol = join.terms.protocols.first();
        let answer = JoinAnswer {
            error: ErrorCode::None,
            generation: member.epoch.0,
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol: protocol.map(|protocol| Arc::clone(&protocol.name)),
            ..JoinAnswer::error(&member.id, ErrorCode::None)
        };
        Ok(Outcome {
            records,
            answer,
            downgrade: downgraded,
        })
    }

    /// One of the member's protocols must be known to all classic members.
    fn check_protocols(&self, member_id: &str, join: &Join) -> Result<(), Rejection> {
        let mut protocols = join.terms.protocols.iter();
        let is_supported = protocols
            .any(|protocol| self.classic_protocols.count(&protocol.name) == self.classic_members);
        if *join.protocol_type == *PROTOCOL_TYPE && is_supported {
            return Ok(());
        }
        Err(Rejection::new(
            ErrorCode::InconsistentGroupProtocol,
            format!("Member {member_id}'s protocols are not supported."),
        ))
    }

    /// `SyncGroup`. Changes nothing.
    pub(crate) fn classic_sync(
        &self,
        timers: &mut GroupTimers,
        sync: &Sync,
        context: &Context<'_>,
    ) -> Result<SyncAnswer, ErrorCode> {
        let (member, classic) = self.classic_member(
            &sync.member_id,
            sync.instance_id.as_deref(),
            sync.generation,
        )?;
        let first = classic.supported_protocols.first();
        let protocol = first.map(|protocol| &*protocol.name);
        let differs = |asked: &Option<Arc<str>>, known: Option<&str>| {
            asked.as_deref().is_some_and(|asked| Some(asked) != known)
        };
        if differs(&sync.protocol_type, Some(PROTOCOL_TYPE)) || differs(&sync.protocol, protocol) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        // While a new epoch waits for its target there is nothing to join for. One that has partitions to give up has joined already,
        // and will be called again when it has.
        if self.epoch_to_join(context) > member.epoch
            && member.state != MemberState::UnrevokedPartitions
        {
            self.call(timers, member, context);
            return Err(ErrorCode::RebalanceInProgress);
        }
        timers.cancel(&member.id, Timeout::Sync);
        keep_session(timers, member, classic, context);
        Ok(SyncAnswer {
            error: ErrorCode::None,
            protocol_type: sync.protocol_type.clone(),
            protocol: sync.protocol.clone(),
            assignment: assignment(member, classic, context),
        })
    }

    /// `Heartbeat`. Changes nothing.
    pub(crate) fn classic_heartbeat(
        &self,
        timers: &mut GroupTimers,
        heartbeat: &Heartbeat,
        context: &Context<'_>,
    ) -> ErrorCode {
        let member = self.classic_member(
            &heartbeat.member_id,
            heartbeat.instance_id.as_deref(),
            heartbeat.generation,
        );
        let (member, classic) = match member {
            Ok(member) => member,
            Err(error) => return error,
        };
        keep_session(timers, member, classic, context);
        let is_to_join = member.epoch < self.epoch_to_join(context)
            || match member.state {
                MemberState::UnrevokedPartitions => true,
                MemberState::UnreleasedPartitions => self.can_have_all(member),
                MemberState::Stable | MemberState::Unknown => false,
            };
        if !is_to_join {
            return ErrorCode::None;
        }
        self.call(timers, member, context);
        ErrorCode::RebalanceInProgress
    }

    /// `LeaveGroup`, which takes out members of both protocols.
    pub(crate) fn classic_leave(
        &self,
        timers: &mut GroupTimers,
        leave: Leave,
        context: &Context<'_>,
    ) -> Outcome<LeaveAnswer> {
        let mut gone = BTreeSet::new();
        let mut members = Vec::new();
        for leaving in leave.members {
            let member = match &leaving.instance_id {
                None => self.known_member(&leaving.member_id),
                // Administrators name the instance alone.
                Some(instance_id) if leaving.member_id.is_empty() => self
                    .static_member(instance_id)
                    .map(|member| &**member)
                    .ok_or_else(|| Rejection::unknown_member(instance_id, &self.id)),
                Some(instance_id) => self.known_static_member(&leaving.member_id, instance_id),
            };
            let error = match member {
                Ok(member) => {
                    gone.insert(Arc::clone(&member.id));
                    ErrorCode::None
                }
                Err(refused) => refused.error,
            };
            members.push(Left::of(leaving, error));
        }
        self.without(timers, &gone, LeaveAnswer { members }, context)
    }

    fn classic_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(&Member, &ClassicMemberMetadata<'static>), ErrorCode> {
        let member = match instance_id {
            None => self.known_member(member_id),
            Some(instance_id) => self.known_static_member(member_id, instance_id),
        };
        let member = member.map_err(|refused| refused.error)?;
        let classic = member
            .classic
            .as_deref()
            .ok_or(ErrorCode::UnknownMemberId)?;
        if member.epoch.0 != generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        Ok((member, classic))
    }

    /// The newest that has something for a classic member. Targets come with the heartbeats of consumers; where there are none, with
    /// joins, once there may be another.
    fn epoch_to_join(&self, context: &Context<'_>) -> Epoch {
        let is_classic_only = self.classic_members == self.members.len();
        if is_classic_only && may_replace(self, context) {
            self.epoch
        } else {
            self.target_epoch
        }
    }

    /// From the first time that it is told to join, it has its rebalance timeout to do so.
    fn call(&self, timers: &mut GroupTimers, member: &Member, context: &Context<'_>) {
        let at = context.now + rebalance_timeout(member);
        timers.set_if_absent(&member.id, Timeout::Join, at);
    }

    /// Nobody else has anything of what the member waits for.
    fn can_have_all(&self, member: &Member) -> bool {
        let target = self.target(&member.id);
        let mut missing = target.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(|partition| (*topic, *partition))
        });
        missing.all(|(topic, partition)| {
            assignment_epoch(&member.assigned, topic, partition).is_some()
                || !self.is_owned(topic, partition)
        })
    }
}

fn keep_session(
    timers: &mut GroupTimers,
    member: &Member,
    classic: &ClassicMemberMetadata<'_>,
    context: &Context<'_>,
) {
    let session = milliseconds(classic.session_timeout_ms);
    timers.set(&member.id, Timeout::Session, context.now + session);
}

fn assignment(
    member: &Member,
    classic: &ClassicMemberMetadata<'_>,
    context: &Context<'_>,
) -> Bytes {
    let metadata = classic.supported_protocols.first();
    let metadata = metadata.map_or(&[][..], |protocol| &protocol.metadata[..]);
    let assigned = member.assigned.iter();
    let assigned = assigned.map(|(topic, partitions)| (topic, partitions.keys()));
    embedded_protocol::assignment(assigned, metadata, context.topics)
}
