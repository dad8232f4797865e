use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_coordinator::{Coordinator, Loading, Now, Options, Outputs, Ticket};
use ottla_group::classic::{
    Answer as ClassicAnswer, ClassicSettings, Heartbeat, Join, JoinAnswer, Leave, Sync, SyncAnswer,
};
use ottla_group::consumer::assignor::Assignor;
use ottla_group::consumer::{ConsumerSettings, MigrationPolicy};
use ottla_group::{
    Answer, ConsumerConfigs, ConsumerHeartbeat, ConsumerOverrides, GroupFilter, Groups, Reply,
    Request, Settings, SharedTopics,
};
use ottla_model::{ErrorCode, Monotonic, PartitionIndex, Timestamp, Uuid};
use ottla_wire::consumer_protocol::{
    AssignedPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription, OwnedPartitions,
};
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use ottla_wire::message::heartbeat::HeartbeatRequest;
use ottla_wire::message::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_wire::message::leave_group::{LeaveGroupRequest, MemberIdentity};
use ottla_wire::message::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use ottla_wire::records::{Batches, Compression};
use ottla_wire::version_prefix;

use crate::topics::Topics;

pub(crate) const GROUP: &str = "group";
pub(crate) const TOPIC: &str = "t";
/// Of the topic.
pub(crate) const PARTITIONS: i32 = 6;
const OPTIONS: Options = Options {
    max_batch_bytes: 1 << 20,
    compression: Compression::None,
};

/// A partition of `__consumer_offsets` in a cluster with one topic.
pub(crate) struct Partition {
    coordinator: Coordinator<Groups>,
    migration: MigrationPolicy,
    log: Vec<Bytes>,
    now: Duration,
    tickets: u64,
    uuids: u128,
    answers: BTreeMap<Ticket, Result<Answer, ErrorCode>>,
    /// The next append fails.
    pub(crate) fails: bool,
    /// Appends have their outcome when the test says so.
    pub(crate) holds: bool,
    held: Option<Bytes>,
}

fn groups(migration: MigrationPolicy) -> Groups {
    let mut topics = Topics::default();
    topics.create(TOPIC, PARTITIONS);
    let settings = Settings {
        max_offset_metadata: 4096,
        offsets_retention: Duration::from_secs(3600),
        retention_check: Duration::from_secs(600),
        classic: ClassicSettings {
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_secs(1800),
            initial_rebalance_delay: Duration::ZERO,
            max_size: 100,
        },
        consumer: consumer_settings(migration).into(),
    };
    Groups::new(settings, SharedTopics(Arc::new(topics)))
}

fn consumer_settings(migration: MigrationPolicy) -> ConsumerSettings {
    ConsumerSettings {
        session_timeout: Duration::from_secs(45),
        heartbeat_interval: Duration::from_secs(5),
        assignment_interval: Duration::ZERO,
        max_size: 100,
        regex_refresh_interval: Duration::from_secs(600),
        assignors: vec![Assignor::Uniform, Assignor::Range],
        migration,
        classic_max_size: 100,
    }
}

impl Partition {
    pub(crate) fn new(migration: MigrationPolicy) -> Self {
        Self::load(migration, Vec::new(), Duration::from_secs(1))
    }

    fn load(migration: MigrationPolicy, log: Vec<Bytes>, now: Duration) -> Self {
        let mut loading = Loading::<Groups>::default();
        for batch in log.iter().flat_map(|bytes| Batches::new(bytes)) {
            loading.batch(&batch.unwrap()).unwrap();
        }
        Self {
            coordinator: Coordinator::new(groups(migration), loading, OPTIONS, at(now)),
            migration,
            log,
            now,
            tickets: 0,
            uuids: 0,
            answers: BTreeMap::new(),
            fails: false,
            holds: false,
            held: None,
        }
    }

    /// Another node takes the partition over. What it reads is what this one had committed.
    pub(crate) fn restart(&mut self) {
        let next = Self::load(self.migration, self.log.clone(), self.now);
        assert_eq!(next.coordinator.committed(), self.coordinator.committed());
        *self = Self {
            tickets: self.tickets,
            uuids: self.uuids,
            holds: self.holds,
            ..next
        };
    }

    /// The same where the batch on its way has come to the log, of which this node does not know.
    pub(crate) fn restart_with_what_is_held(&mut self) {
        let held = self.held.take();
        self.restart();
        self.log.extend(held);
        let next = Self::load(self.migration, self.log.clone(), self.now);
        self.coordinator = next.coordinator;
    }

    /// The batch on its way has its outcome. False if there is none.
    pub(crate) fn settle(&mut self, result: Result<(), ErrorCode>) -> bool {
        let Some(held) = self.held.take() else {
            return false;
        };
        if result.is_ok() {
            self.log.push(held);
        }
        let mut out = Outputs::default();
        self.coordinator.appended(result, at(self.now), &mut out);
        self.carry_out(out);
        true
    }

    /// What was answered since this was asked last.
    pub(crate) fn hear(&mut self) -> BTreeMap<Ticket, Result<Answer, ErrorCode>> {
        std::mem::take(&mut self.answers)
    }

    fn carry_out(&mut self, mut out: Outputs<Answer>) {
        loop {
            self.answers.extend(out.answers.drain(..));
            let Some(batch) = out.append.take() else {
                return;
            };
            if self.holds {
                self.held = Some(batch);
                return;
            }
            let lost = std::mem::take(&mut self.fails);
            let result = if lost {
                Err(ErrorCode::NotEnoughReplicas)
            } else {
                self.log.push(batch);
                Ok(())
            };
            self.coordinator.appended(result, at(self.now), &mut out);
        }
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.pass_time(Duration::from_secs(seconds));
    }

    pub(crate) fn pass_time(&mut self, time: Duration) {
        self.now += time;
        let mut out = Outputs::default();
        self.coordinator.expire(at(self.now), &mut out);
        self.carry_out(out);
    }

    pub(crate) fn send(&mut self, request: Request) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        let mut out = Outputs::default();
        self.coordinator
            .request(ticket, request, at(self.now), &mut out);
        self.carry_out(out);
        ticket
    }

    fn ask(&mut self, request: Request) -> Result<Answer, ErrorCode> {
        let ticket = self.send(request);
        self.answers.remove(&ticket).unwrap()
    }

    /// No two have the same.
    pub(crate) fn new_uuid(&mut self) -> Uuid {
        self.uuids += 1;
        Uuid::from_u128(self.uuids)
    }

    /// Sends a join, which may wait for other members.
    pub(crate) fn begin_join(&mut self, join: JoinGroupRequest<'_>) -> Ticket {
        let join = Join::of(
            &join,
            9,
            "client",
            "/127.0.0.1",
            Uuid::from_u128(self.uuids),
        );
        self.send(Request::Join(GROUP.into(), Box::new(join)))
    }

    pub(crate) fn joined(&mut self, ticket: Ticket) -> JoinAnswer {
        match self.answers.remove(&ticket) {
            Some(Ok(Ok(Reply::Classic(ClassicAnswer::Join(answer))))) => answer,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn join(&mut self, join: JoinGroupRequest<'_>) -> JoinAnswer {
        let ticket = self.begin_join(join);
        self.joined(ticket)
    }

    pub(crate) fn sync(&mut self, sync: SyncGroupRequest<'_>) -> SyncAnswer {
        let sync = Sync::of(&sync, 4).unwrap();
        match self.ask(Request::Sync(GROUP.into(), sync)) {
            Ok(Ok(Reply::Classic(ClassicAnswer::Sync(answer)))) => answer,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn heartbeat(&mut self, member: &str, generation: i32) -> ErrorCode {
        let heartbeat = Heartbeat::of(&HeartbeatRequest {
            member_id: member.into(),
            generation_id: generation,
            ..Default::default()
        });
        match self.ask(Request::Heartbeat(GROUP.into(), heartbeat)) {
            Ok(Ok(Reply::Codes(codes))) => codes[0],
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn leave(&mut self, member: &str) -> ErrorCode {
        self.try_leave(member).unwrap()
    }

    pub(crate) fn try_leave(&mut self, member: &str) -> Result<ErrorCode, ErrorCode> {
        let leave = LeaveGroupRequest {
            members: vec![MemberIdentity {
                member_id: member.into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let leave = Leave::of(&leave, 5);
        match self.ask(Request::Leave(GROUP.into(), leave))? {
            Ok(Reply::Classic(ClassicAnswer::Leave(answer))) => Ok(answer.members[0].error),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn try_consumer(
        &mut self,
        request: ConsumerGroupHeartbeatRequest<'static>,
    ) -> Result<ConsumerGroupHeartbeatResponse<'static>, ErrorCode> {
        let heartbeat = ConsumerHeartbeat {
            request,
            version: 1,
            client_id: "client".into(),
            client_host: "/127.0.0.1".into(),
            uuid: Uuid::from_u128(8),
        };
        match self.ask(Request::ConsumerHeartbeat(Box::new(heartbeat)))? {
            Ok(Reply::ConsumerHeartbeat(answer)) => Ok(*answer),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn consumer(
        &mut self,
        request: ConsumerGroupHeartbeatRequest<'static>,
    ) -> ConsumerGroupHeartbeatResponse<'static> {
        self.try_consumer(request).unwrap()
    }

    /// The group has these for itself.
    pub(crate) fn configure(&mut self, own: ConsumerOverrides) {
        let configs = ConsumerConfigs {
            node: consumer_settings(self.migration),
            groups: Arc::new(BTreeMap::from([(GROUP.into(), own)])),
        };
        let answer = self.ask(Request::Configure(configs));
        assert_eq!(answer, Ok(Ok(Reply::Done)));
    }

    /// Type and state of the group, as they are listed.
    pub(crate) fn listed(&mut self) -> Option<(String, String)> {
        match self.ask(Request::ListGroups(GroupFilter::default())) {
            Ok(Ok(Reply::Listed(groups))) => groups
                .first()
                .map(|group| (group.group_type.to_string(), group.group_state.to_string())),
            other => panic!("{other:?}"),
        }
    }

    /// Two classic members that share the topic, each half. Gives their ids and their generation.
    pub(crate) fn with_two_classic_members(&mut self) -> ([String; 2], i32) {
        let first = self.new_classic_member();
        let a = self.begin_join(classic(&first, &[]));
        self.pass(0);
        assert_eq!(self.joined(a).generation, 1);
        self.sync(assigning(&first, 1, &[(&first, &[0, 1, 2, 3, 4, 5])]));
        let second = self.new_classic_member();
        let b = self.begin_join(classic(&second, &[]));
        let a = self.begin_join(classic(&first, &[0, 1, 2, 3, 4, 5]));
        let generation = self.joined(a).generation;
        assert_eq!(self.joined(b).generation, generation);
        let halves: [(&str, &[i32]); 2] = [(&first, &[0, 1, 2]), (&second, &[3, 4, 5])];
        self.sync(assigning(&first, generation, &halves));
        self.sync(sync(&second, generation));
        assert_eq!(self.heartbeat(&first, generation), ErrorCode::None);
        ([first, second], generation)
    }

    /// Has an id made for a client.
    pub(crate) fn new_classic_member(&mut self) -> String {
        self.uuids += 1;
        let answer = self.join(classic("", &[]));
        assert_eq!(answer.error, ErrorCode::MemberIdRequired);
        answer.member_id.to_string()
    }

    /// A classic member joins and syncs until it is told nothing new. Gives its generation, and what it has.
    pub(crate) fn follow(&mut self, member: &str, mut owned: Vec<i32>) -> (i32, Vec<i32>) {
        for _ in 0..5 {
            let generation = self.join(classic(member, &owned)).generation;
            let told = told(&self.sync(sync(member, generation)));
            owned = told;
            if self.heartbeat(member, generation) == ErrorCode::None {
                return (generation, owned);
            }
        }
        panic!("{member} is called again and again");
    }
}

fn at(now: Duration) -> Now {
    Now {
        wall: Timestamp(i64::try_from(now.as_millis()).unwrap()),
        monotonic: Monotonic(now),
    }
}

/// A join of a consumer that says what it has.
pub(crate) fn classic(member: &str, owned: &[i32]) -> JoinGroupRequest<'static> {
    let subscription = ConsumerProtocolSubscription {
        topics: vec![TOPIC.into()],
        owned_partitions: vec![OwnedPartitions {
            topic: TOPIC.into(),
            partitions: owned.iter().copied().map(PartitionIndex).collect(),
        }],
        ..Default::default()
    };
    let metadata = version_prefix::encode(&subscription, 3);
    JoinGroupRequest {
        group_id: GROUP.into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: 60_000,
        member_id: member.to_owned().into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "cooperative-sticky".into(),
            metadata: metadata.to_vec().into(),
        }],
        ..Default::default()
    }
}

pub(crate) fn sync(member: &str, generation: i32) -> SyncGroupRequest<'static> {
    SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id: generation,
        member_id: member.to_owned().into(),
        ..Default::default()
    }
}

/// What a leader assigns.
pub(crate) fn assigning(
    leader: &str,
    generation: i32,
    assignments: &[(&str, &[i32])],
) -> SyncGroupRequest<'static> {
    let encoded = |partitions: &[i32]| {
        let assignment = ConsumerProtocolAssignment {
            assigned_partitions: vec![AssignedPartitions {
                topic: TOPIC.into(),
                partitions: partitions.iter().copied().map(PartitionIndex).collect(),
            }],
            user_data: None,
        };
        version_prefix::encode(&assignment, 3).to_vec()
    };
    let assignments = assignments.iter();
    SyncGroupRequest {
        assignments: assignments
            .map(|(member, partitions)| SyncGroupRequestAssignment {
                member_id: (*member).to_owned().into(),
                assignment: encoded(partitions).into(),
            })
            .collect(),
        ..sync(leader, generation)
    }
}

/// What a member was told with its sync.
pub(crate) fn told(answer: &SyncAnswer) -> Vec<i32> {
    assert_eq!(answer.error, ErrorCode::None);
    let assignment: ConsumerProtocolAssignment<'_> =
        version_prefix::decode(&answer.assignment).unwrap();
    let topics = assignment.assigned_partitions.iter();
    topics
        .flat_map(|topic| topic.partitions.iter().map(|partition| partition.0))
        .collect()
}

/// A heartbeat of a member that joins with the protocol of consumer groups.
pub(crate) fn consumer(member: &str) -> ConsumerGroupHeartbeatRequest<'static> {
    ConsumerGroupHeartbeatRequest {
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec![TOPIC.into()]),
        topic_partitions: Some(Vec::new()),
        ..alive(member, 0)
    }
}

pub(crate) fn alive(member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest<'static> {
    ConsumerGroupHeartbeatRequest {
        group_id: GROUP.into(),
        member_id: member.to_owned().into(),
        member_epoch: epoch,
        ..Default::default()
    }
}

pub(crate) fn assigned(answer: &ConsumerGroupHeartbeatResponse<'_>) -> Vec<i32> {
    let topics = &answer.assignment.as_ref().unwrap().topic_partitions;
    topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|partition| partition.0))
        .collect()
}
