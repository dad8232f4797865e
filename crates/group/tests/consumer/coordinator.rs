use std::time::Duration;

use ottla_group::consumer::assignor::Assignor;
use ottla_group::consumer::{
    Caller, ConsumerGroup, ConsumerSettings, Context, Epoch, GroupTimers, Member, MigrationPolicy,
    Outcome, Rejection, check,
};
use ottla_model::{ErrorCode, Monotonic, PartitionIndex, Timestamp, TopicId};
use ottla_wire::Str;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use crate::topics::Topics;

pub(crate) type Request = ConsumerGroupHeartbeatRequest<'static>;
pub(crate) type Response = ConsumerGroupHeartbeatResponse<'static>;

/// One group, whose records are replayed at once.
pub(crate) struct Coordinator {
    pub(crate) topics: Topics,
    pub(crate) settings: ConsumerSettings,
    pub(crate) group: Option<ConsumerGroup>,
    pub(crate) timers: GroupTimers,
    pub(crate) log: Vec<GroupRecord<'static>>,
    /// Since the start, and of the wall clock behind its first second.
    pub(crate) now: Duration,
    /// The records of the next step are not written, and its answer is not given.
    pub(crate) fails: bool,
    drawn: u32,
}

pub(crate) const GROUP: &str = "group";

pub(crate) fn settings() -> ConsumerSettings {
    ConsumerSettings {
        session_timeout: Duration::from_secs(45),
        heartbeat_interval: Duration::from_secs(5),
        assignment_interval: Duration::ZERO,
        max_size: 1000,
        regex_refresh_interval: Duration::from_secs(600),
        assignors: vec![Assignor::Uniform, Assignor::Range],
        migration: MigrationPolicy::Bidirectional,
        classic_max_size: 1000,
    }
}

impl Coordinator {
    pub(crate) fn new() -> Self {
        Self {
            topics: Topics::default(),
            settings: settings(),
            group: None,
            timers: GroupTimers::default(),
            log: Vec::new(),
            now: Duration::ZERO,
            fails: false,
            drawn: 0,
        }
    }

    /// With one topic `t`.
    pub(crate) fn with_partitions(partitions: i32) -> (Self, TopicId) {
        let mut this = Self::new();
        let topic = this.topics.create("t", partitions);
        (this, topic)
    }

    pub(crate) fn wall_clock(&self) -> Timestamp {
        Timestamp(1000 + i64::try_from(self.now.as_millis()).unwrap())
    }

    pub(crate) fn group(&self) -> &ConsumerGroup {
        self.group.as_ref().unwrap()
    }

    pub(crate) fn member(&self, id: &str) -> &Member {
        self.group().member(id).unwrap()
    }

    /// Does a step, whose records are replayed.
    pub(crate) fn step<A>(
        &mut self,
        step: impl FnOnce(
            &ConsumerGroup,
            &mut GroupTimers,
            &Context<'_>,
        ) -> Result<Outcome<A>, Rejection>,
    ) -> Result<A, Rejection> {
        let group = self.group.clone();
        let group = group.unwrap_or_else(|| ConsumerGroup::new(GROUP));
        let context = Context {
            topics: &self.topics,
            settings: &self.settings,
            now: Monotonic(self.now),
            wall_clock: self.wall_clock(),
        };
        let outcome = step(&group, &mut self.timers, &context)?;
        if std::mem::take(&mut self.fails) {
            let error = ErrorCode::CoordinatorNotAvailable;
            return Err(Rejection::new(error, "the append failed"));
        }
        self.append(outcome.records);
        Ok(outcome.answer)
    }

    pub(crate) fn append(&mut self, records: Vec<GroupRecord<'static>>) {
        for record in records {
            ConsumerGroup::replay(&mut self.group, &record);
            self.log.push(record);
        }
    }

    pub(crate) fn try_send(
        &mut self,
        request: &Request,
        version: i16,
    ) -> Result<Response, Rejection> {
        check(request, version, &self.settings.assignors)?;
        if self.group.is_none() && request.member_epoch != 0 {
            return Err(Rejection::group_not_found(
                &request.group_id,
                Epoch(request.member_epoch),
            ));
        }
        self.drawn += 1;
        let fresh = format!("fresh-{}", self.drawn);
        let caller = Caller {
            client_id: "client",
            client_host: "/127.0.0.1",
            fresh_member_id: &fresh,
        };
        self.step(|group, timers, context| group.heartbeat(timers, request, &caller, context))
    }

    pub(crate) fn send(&mut self, request: &Request) -> Response {
        self.try_send(request, 1).unwrap()
    }

    pub(crate) fn error(&mut self, request: &Request) -> ErrorCode {
        self.try_send(request, 1).unwrap_err().error
    }

    /// Passes time, and lets happen what it brings.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some(Monotonic(at)) = self.timers.next_deadline()
            && at <= until
        {
            self.now = self.now.max(at);
            self.expire();
        }
        self.now = until;
    }

    pub(crate) fn expire(&mut self) {
        let none = Outcome {
            records: Vec::new(),
            answer: (),
            downgrade: None,
        };
        let expire =
            self.step(|group, timers, context| Ok(group.expire(timers, context).unwrap_or(none)));
        expire.unwrap();
    }

    /// The coordinator moves to another node.
    pub(crate) fn restart(&mut self) {
        self.group = replayed(&self.log);
        self.timers = self
            .group
            .as_ref()
            .map_or_else(GroupTimers::default, |group| {
                GroupTimers::loaded(group, &self.settings, Monotonic(self.now))
            });
    }

    /// Lets members say that they have what they were given, until nothing changes any more.
    pub(crate) fn settle(&mut self, members: &[&str]) {
        for _ in 0..20 {
            for id in members {
                let member = self.member(id).clone();
                let mut request = alive(id, member.epoch.0);
                request.topic_partitions = Some(topic_partitions(&member));
                request.instance_id = member.instance_id.map(|id| Str::Owned(id.to_string()));
                self.send(&request);
            }
        }
    }
}

pub(crate) fn replayed(log: &[GroupRecord<'static>]) -> Option<ConsumerGroup> {
    let mut group = None;
    for record in log {
        ConsumerGroup::replay(&mut group, record);
    }
    group
}

/// A member that joins, subscribing to topics by name.
pub(crate) fn join(id: &str, topics: &[&str]) -> Request {
    Request {
        group_id: Str::Borrowed(GROUP),
        member_id: Str::Owned(id.to_owned()),
        member_epoch: Epoch::JOIN.0,
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(topics.iter().map(|t| Str::Owned((*t).to_owned())).collect()),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    }
}

/// A heartbeat that says nothing new.
pub(crate) fn alive(id: &str, epoch: i32) -> Request {
    Request {
        group_id: Str::Borrowed(GROUP),
        member_id: Str::Owned(id.to_owned()),
        member_epoch: epoch,
        ..Default::default()
    }
}

/// A heartbeat that tells what the member has.
pub(crate) fn owns(id: &str, epoch: i32, topic: TopicId, partitions: &[i32]) -> Request {
    let topics = if partitions.is_empty() {
        Vec::new()
    } else {
        vec![TopicPartitions {
            topic_id: topic,
            partitions: partitions.iter().copied().map(PartitionIndex).collect(),
        }]
    };
    Request {
        topic_partitions: Some(topics),
        ..alive(id, epoch)
    }
}

pub(crate) fn topic_partitions(member: &Member) -> Vec<TopicPartitions> {
    let topics = member.assigned.iter();
    topics
        .map(|(topic_id, partitions)| TopicPartitions {
            topic_id: *topic_id,
            partitions: partitions.keys().copied().collect(),
        })
        .collect()
}

/// The partitions of the only topic that an answer assigns.
pub(crate) fn assigned(response: &Response) -> Vec<i32> {
    let topics = &response.assignment.as_ref().unwrap().topic_partitions;
    assert!(topics.len() <= 1, "{topics:?}");
    topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|partition| partition.0))
        .collect()
}
