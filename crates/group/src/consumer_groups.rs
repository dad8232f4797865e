//! The consumer groups of a partition, with what is not written down of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ottla_coordinator::Now;
use ottla_model::{ErrorCode, Monotonic, Uuid};
use ottla_wire::IntoOwned;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::message::consumer_group_describe::DescribedGroup;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use crate::classic::ClassicGroup;
use crate::consumer::{
    self, Caller, ConsumerGroup, Context, GroupTimers, Outcome, Rejection, TopicsView,
};
use crate::consumer_configs::ConsumerConfigs;
use crate::kind::Kind;
use crate::state::{Recorded, State};

/// The topics of the newest metadata image.
#[derive(Clone)]
pub struct SharedTopics(pub Arc<dyn TopicsView + Send + Sync>);

impl fmt::Debug for SharedTopics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topics of version {}", self.0.version())
    }
}

/// `ConsumerGroupHeartbeat` (68), with who sent it.
#[derive(Clone, Debug)]
pub struct ConsumerHeartbeat {
    pub request: ConsumerGroupHeartbeatRequest<'static>,
    pub version: i16,
    pub client_id: Arc<str>,
    /// As Kafka writes an address: `/127.0.0.1`.
    pub client_host: Arc<str>,
    /// A random one, for a member that brings no id.
    pub uuid: Uuid,
}

pub(crate) type HeartbeatOutcome =
    Result<Outcome<ConsumerGroupHeartbeatResponse<'static>>, Rejection>;

#[derive(Debug, Default)]
struct Held {
    timers: GroupTimers,
    /// As it stands among the deadlines.
    deadline: Option<Monotonic>,
}

#[derive(Debug)]
pub(crate) struct ConsumerGroups {
    configs: ConsumerConfigs,
    topics: SharedTopics,
    timers: BTreeMap<Arc<str>, Held>,
    deadlines: BTreeSet<(Monotonic, Arc<str>)>,
}

impl ConsumerGroups {
    pub(crate) fn new(configs: ConsumerConfigs, topics: SharedTopics) -> Self {
        Self {
            configs,
            topics,
            timers: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Monotonic> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub(crate) fn topics(&self) -> &dyn TopicsView {
        &*self.topics.0
    }

    /// Gives the members of what was written down their time.
    pub(crate) fn loaded(&mut self, state: &State, now: Now) {
        for (id, recorded) in &state.groups {
            if let Recorded::Consumer(group) = recorded {
                self.restart(id, group, now);
            }
        }
    }

    /// The members of the group have all their time.
    pub(crate) fn restart(&mut self, id: &Arc<str>, group: &ConsumerGroup, now: Now) {
        let settings = self.configs.of(id);
        let timers = GroupTimers::loaded(group, &settings, now.monotonic);
        self.timers.entry(Arc::clone(id)).or_default().timers = timers;
        self.set_deadline(id);
    }

    pub(crate) fn forget(&mut self, id: &Arc<str>) {
        if let Some(Held {
            deadline: Some(deadline),
            ..
        }) = self.timers.remove(id)
        {
            self.deadlines.remove(&(deadline, Arc::clone(id)));
        }
    }

    /// There is another metadata image: these topics are new, gone or not what they were.
    pub(crate) fn follow_topics(
        &mut self,
        state: &State,
        topics: SharedTopics,
        changed: &BTreeSet<Arc<str>>,
    ) {
        self.topics = topics;
        for (id, held) in &mut self.timers {
            if let Some(Recorded::Consumer(group)) = state.groups.get(id)
                && changed.iter().any(|topic| group.is_subscribed_to(topic))
            {
                held.timers.metadata_changed();
            }
        }
    }

    pub(crate) fn configure(&mut self, configs: ConsumerConfigs) {
        self.configs = configs;
    }

    /// Of a group that is there, or of a new one.
    pub(crate) fn heartbeat(
        &mut self,
        group: &ConsumerGroup,
        heartbeat: &ConsumerHeartbeat,
        now: Now,
    ) -> HeartbeatOutcome {
        let id: Arc<str> = group.id().into();
        let brings_id = !heartbeat.request.member_id.is_empty();
        let fresh = if brings_id {
            String::new()
        } else {
            heartbeat.uuid.to_string()
        };
        self.step(&id, now, |timers, context| {
            let caller = Caller {
                client_id: &heartbeat.client_id,
                client_host: &heartbeat.client_host,
                fresh_member_id: &fresh,
            };
            group.heartbeat(timers, &heartbeat.request, &caller, context)
        })
    }

    /// The consumer group that a classic one becomes, with its records.
    pub(crate) fn upgrade(
        &mut self,
        group: &ClassicGroup,
        now: Now,
    ) -> Result<(ConsumerGroup, Vec<GroupRecord<'static>>), Rejection> {
        self.step(group.id(), now, |timers, context| {
            let upgraded = ConsumerGroup::upgrade(group, context)?;
            timers.upgraded(&upgraded.0, now.monotonic);
            Ok(upgraded)
        })
    }

    /// What needs no group to be refused.
    pub(crate) fn check(&self, heartbeat: &ConsumerHeartbeat) -> Result<(), Rejection> {
        let assignors = &self.configs.node.assignors;
        consumer::check(&heartbeat.request, heartbeat.version, assignors)
    }

    /// Does what is due of the group whose deadline is the first.
    pub(crate) fn expire(&mut self, state: &State, now: Now) -> Option<(Arc<str>, Outcome<()>)> {
        let (deadline, id) = self.deadlines.first()?;
        if *deadline > now.monotonic {
            return None;
        }
        let id = Arc::clone(id);
        let Some(Recorded::Consumer(group)) = state.groups.get(&id) else {
            // Its records were taken back, or another kind of group has its name.
            self.forget(&id);
            return None;
        };
        let outcome = self.step(&id, now, |timers, context| group.expire(timers, context))?;
        Some((id, outcome))
    }

    pub(crate) fn step<R>(
        &mut self,
        id: &Arc<str>,
        now: Now,
        step: impl FnOnce(&mut GroupTimers, &Context<'_>) -> R,
    ) -> R {
        let settings = self.configs.of(id);
        let context = Context {
            topics: &*self.topics.0,
            settings: &settings,
            now: now.monotonic,
            wall_clock: now.wall,
        };
        let held = self.timers.entry(Arc::clone(id)).or_default();
        let result = step(&mut held.timers, &context);
        self.set_deadline(id);
        result
    }

    /// What ConsumerGroupDescribe tells of a group, in its code where that is none.
    pub(crate) fn described(&self, id: &str, group: &Kind<'_>) -> DescribedGroup<'static> {
        let refused = match group {
            Kind::Consumer(group) => {
                let assignor = self.configs.node.assignors[0];
                return group.describe(assignor, self.topics()).into_owned();
            }
            Kind::Absent => format!("Group {id} not found."),
            Kind::Simple | Kind::Classic(_) => format!("Group {id} is not a consumer group."),
        };
        DescribedGroup {
            error_code: ErrorCode::GroupIdNotFound,
            error_message: Some(refused.into()),
            group_id: id.to_owned().into(),
            ..Default::default()
        }
    }

    fn set_deadline(&mut self, id: &Arc<str>) {
        let Some(held) = self.timers.get_mut(id) else {
            return;
        };
        let next = held.timers.next_deadline();
        if next != held.deadline {
            if let Some(former) = held.deadline {
                self.deadlines.remove(&(former, Arc::clone(id)));
            }
            if let Some(next) = next {
                self.deadlines.insert((next, Arc::clone(id)));
            }
            held.deadline = next;
        }
        // Nobody is waited for: the group is empty, or was never made because its first member was refused.
        if next.is_none() {
            self.timers.remove(id);
        }
    }
}

/// A refusal as the answer that tells it.
pub(crate) fn refused(rejection: Rejection) -> ConsumerGroupHeartbeatResponse<'static> {
    ConsumerGroupHeartbeatResponse {
        error_code: rejection.error,
        error_message: Some(rejection.message.into()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ottla_model::{PartitionIndex, Timestamp, TopicId};

    use super::*;
    use crate::consumer::assignor::Assignor;
    use crate::consumer::{ConsumerSettings, MigrationPolicy};

    struct NoTopics;

    impl TopicsView for NoTopics {
        fn id(&self, _: &str) -> Option<TopicId> {
            None
        }

        fn name(&self, _: TopicId) -> Option<&str> {
            None
        }

        fn partition_count(&self, _: TopicId) -> Option<i32> {
            None
        }

        fn racks(&self, _: TopicId, _: PartitionIndex) -> Vec<&str> {
            Vec::new()
        }

        fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
            Box::new(std::iter::empty())
        }

        fn version(&self) -> i64 {
            0
        }

        fn version_with_new_topics(&self) -> i64 {
            0
        }
    }

    #[test]
    fn nothing_is_kept_of_a_group_whose_first_member_is_refused() {
        let settings = ConsumerSettings {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(5),
            assignment_interval: Duration::ZERO,
            max_size: 1000,
            regex_refresh_interval: Duration::from_secs(600),
            assignors: vec![Assignor::Uniform],
            migration: MigrationPolicy::Disabled,
            classic_max_size: 1000,
        };
        let mut groups = ConsumerGroups::new(settings.into(), SharedTopics(Arc::new(NoTopics)));
        let heartbeat = ConsumerHeartbeat {
            request: ConsumerGroupHeartbeatRequest {
                group_id: "g".into(),
                member_id: "m".into(),
                rebalance_timeout_ms: 60_000,
                subscribed_topic_regex: Some("(".into()),
                topic_partitions: Some(Vec::new()),
                ..Default::default()
            },
            version: 1,
            client_id: Arc::from("client"),
            client_host: Arc::from("/127.0.0.1"),
            uuid: Uuid::from_u128(1),
        };
        let now = Now {
            wall: Timestamp(0),
            monotonic: Monotonic::default(),
        };
        let refused = groups.heartbeat(&ConsumerGroup::new("g"), &heartbeat, now);
        let code = refused.map_err(|rejection| rejection.error);
        assert_eq!(code, Err(ErrorCode::InvalidRegularExpression));
        assert!(groups.timers.is_empty());
    }
}
