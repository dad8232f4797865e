//! `ConsumerGroupHeartbeat`: joins, keeps alive, says what it has given up, is told what it has.

use std::sync::Arc;

use ottla_wire::Str;
use ottla_wire::message::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::change::Change;
use super::regex::RegexChange;
use super::timers::Timeout;
use super::{
    Caller, ConsumerGroup, Context, Epoch, GroupTimers, Member, Outcome, Rejection, request,
};

impl ConsumerGroup {
    /// Of a request that [`check`](super::check) lets pass, to this group: one that joins may make it.
    pub fn heartbeat(
        &self,
        timers: &mut GroupTimers,
        request: &ConsumerGroupHeartbeatRequest<'_>,
        caller: &Caller<'_>,
        context: &Context<'_>,
    ) -> Result<Outcome<ConsumerGroupHeartbeatResponse<'static>>, Rejection> {
        let epoch = Epoch(request.member_epoch);
        if epoch < Epoch::JOIN {
            return self.leave(timers, request, context);
        }
        self.check_room_for(&request.member_id, context.settings.max_size)?;
        let member_id = if request.member_id.is_empty() {
            caller.fresh_member_id
        } else {
            &request.member_id
        };
        let owned = request::owned(request.topic_partitions.as_ref());
        let mut records = Vec::new();
        let instance_id = request.instance_id.as_deref();
        let old = self.sender(
            member_id,
            instance_id,
            epoch,
            owned.as_deref(),
            &mut records,
        )?;
        let member = updated(&old, request, caller);

        let mut change = Change::new(self, context, timers, records, old.clone(), member);
        let names_changed = change.describe();
        let regex = change.follow_regex()?;
        change.follow_topics(names_changed || regex == RegexChange::Resolved);
        let target = change.target();
        let subscription_changed = names_changed || regex != RegexChange::None;
        change.reconcile(target, subscription_changed, owned.as_deref())?;

        let Change {
            member, records, ..
        } = change;
        let session = context.now + context.settings.session_timeout;
        timers.set(&member.id, Timeout::Session, session);
        let tell =
            epoch == Epoch::JOIN || request::is_full(request) || member.assigned != old.assigned;
        let answer = ConsumerGroupHeartbeatResponse {
            member_id: Some(Str::Owned(member.id.to_string())),
            member_epoch: member.epoch.0,
            heartbeat_interval_ms: i32::try_from(context.settings.heartbeat_interval.as_millis())
                .unwrap_or(i32::MAX),
            assignment: tell.then(|| assignment(&member)),
            ..Default::default()
        };
        Ok(Outcome::new(records, answer))
    }
}

/// The member with what the request says of it; the rest stays.
fn updated(
    old: &Member,
    request: &ConsumerGroupHeartbeatRequest<'_>,
    caller: &Caller<'_>,
) -> Member {
    let mut member = old.clone();
    let update = |field: &mut Option<Arc<str>>, value: &Option<Str<'_>>| {
        if let Some(value) = value {
            *field = Some(Arc::from(&**value));
        }
    };
    update(&mut member.instance_id, &request.instance_id);
    update(&mut member.rack_id, &request.rack_id);
    update(&mut member.server_assignor, &request.server_assignor);
    update(
        &mut member.subscribed_regex,
        &request.subscribed_topic_regex,
    );
    if request.rebalance_timeout_ms != -1 {
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(names) = &request.subscribed_topic_names {
        member.subscribed_topics = Arc::new(names.iter().map(|name| Arc::from(&**name)).collect());
    }
    // Mostly it is the same client as before.
    for (field, value) in [
        (&mut member.client_id, caller.client_id),
        (&mut member.client_host, caller.client_host),
    ] {
        if **field != *value {
            *field = value.into();
        }
    }
    member.classic = None;
    member
}

fn assignment(member: &Member) -> Assignment {
    let topics = member.assigned.iter();
    Assignment {
        topic_partitions: topics
            .map(|(topic_id, partitions)| TopicPartitions {
                topic_id: *topic_id,
                partitions: partitions.keys().copied().collect(),
            })
            .collect(),
    }
}
