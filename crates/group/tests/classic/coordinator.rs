//! A coordinator of one group: appends what it writes, keeps time, and sees to it that nobody is answered twice.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::{Now, Ticket};
use ottla_group::classic::{
    Answer, ClassicGroup, ClassicSettings, Heartbeat, Join, JoinAnswer, Leave, LeaveAnswer, Step,
    Sync, SyncAnswer, Write,
};
use ottla_model::{ErrorCode, Monotonic, Timestamp, Uuid};
use ottla_wire::Str;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;
use ottla_wire::message::heartbeat::HeartbeatRequest;
use ottla_wire::message::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_wire::message::leave_group::{LeaveGroupRequest, MemberIdentity};
use ottla_wire::message::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

pub(crate) const GROUP: &str = "readers";
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What a client joins with.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) version: i16,
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) protocol_type: &'static str,
    /// Names, the one it likes best first, and what it says for each.
    pub(crate) protocols: Vec<(&'static str, Vec<u8>)>,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            version: 9,
            member_id: String::new(),
            instance_id: None,
            protocol_type: "consumer",
            protocols: vec![("range", b"metadata".to_vec())],
            session_timeout: 10 * SECOND,
            rebalance_timeout: 60 * SECOND,
        }
    }
}

impl Client {
    pub(crate) fn named(member_id: &str) -> Self {
        Self {
            member_id: member_id.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn instance(instance_id: &str) -> Self {
        Self {
            instance_id: Some(instance_id.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn version(self, version: i16) -> Self {
        Self { version, ..self }
    }

    pub(crate) fn saying(self, metadata: &str) -> Self {
        let metadata = metadata.as_bytes().to_vec();
        Self {
            protocols: vec![("range", metadata)],
            ..self
        }
    }

    pub(crate) fn liking(self, protocols: &[&'static str]) -> Self {
        let protocols = protocols.iter();
        Self {
            protocols: protocols.map(|name| (*name, Vec::new())).collect(),
            ..self
        }
    }
}

/// A record on its way to the log.
#[derive(Debug)]
struct InFlight {
    write: Write,
    record: GroupRecord<'static>,
    held: Vec<(Ticket, Answer)>,
}

/// How a ticket was answered; an error where the runtime gave it.
pub(crate) type Outcome = Result<Answer, ErrorCode>;

#[derive(Debug)]
pub(crate) struct Coordinator {
    pub(crate) settings: ClassicSettings,
    pub(crate) now: Now,
    pub(crate) group: Option<ClassicGroup>,
    /// The last record of the group.
    pub(crate) log: Option<GroupMetadataValue<'static>>,
    in_flight: VecDeque<InFlight>,
    /// Tickets without an answer, and since when.
    pub(crate) waiting: BTreeMap<Ticket, Monotonic>,
    /// Answers that nobody has fetched yet.
    pub(crate) answers: BTreeMap<Ticket, Outcome>,
    tickets: u64,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self {
            settings: ClassicSettings {
                min_session_timeout: 6 * SECOND,
                max_session_timeout: 1800 * SECOND,
                initial_rebalance_delay: 3 * SECOND,
                max_size: usize::MAX,
            },
            now: Now {
                wall: Timestamp(1_000_000),
                monotonic: Monotonic(5 * SECOND),
            },
            group: None,
            log: None,
            in_flight: VecDeque::new(),
            waiting: BTreeMap::new(),
            answers: BTreeMap::new(),
            tickets: 0,
        }
    }
}

impl Coordinator {
    pub(crate) fn group(&self) -> &ClassicGroup {
        self.group.as_ref().expect("the group is there")
    }

    pub(crate) fn state(&self) -> &'static str {
        self.group().state().name()
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, self.now.monotonic);
        ticket
    }

    pub(crate) fn join(&mut self, client: &Client) -> Ticket {
        let milliseconds =
            |duration: Duration| i32::try_from(duration.as_millis()).expect("it is short");
        let request = JoinGroupRequest {
            group_id: Str::Borrowed(GROUP),
            session_timeout_ms: milliseconds(client.session_timeout),
            rebalance_timeout_ms: milliseconds(client.rebalance_timeout),
            member_id: Str::Borrowed(&client.member_id),
            group_instance_id: client.instance_id.as_deref().map(Str::Borrowed),
            protocol_type: Str::Borrowed(client.protocol_type),
            protocols: client
                .protocols
                .iter()
                .map(|(name, metadata)| JoinGroupRequestProtocol {
                    name: Str::Borrowed(name),
                    metadata: (&metadata[..]).into(),
                })
                .collect(),
            reason: None,
        };
        let ticket = self.ticket();
        let uuid = Uuid::from_u128(u128::from(self.tickets));
        let join = Join::of(&request, client.version, "client", "/127.0.0.1", uuid);
        let mut step = Step::default();
        let write = match &mut self.group {
            Some(group) => group.join(ticket, join, self.now, &self.settings, &mut step),
            None if client.member_id.is_empty() => {
                let id = Arc::from(GROUP);
                let (group, write) =
                    ClassicGroup::create(id, ticket, join, self.now, &self.settings, &mut step);
                self.group = Some(group);
                Some(write)
            }
            None => {
                let answer = JoinAnswer::error(&join.member_id, ErrorCode::UnknownMemberId);
                step.answers.push((ticket, Answer::Join(answer)));
                None
            }
        };
        self.take(step, write);
        ticket
    }

    /// A sync of the newest version. `assignments` is what the member assigns if it leads.
    pub(crate) fn sync(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        assignments: &[(&str, &str)],
    ) -> Ticket {
        self.sync_following(
            "consumer",
            "range",
            member_id,
            instance_id,
            generation,
            assignments,
        )
    }

    pub(crate) fn sync_following(
        &mut self,
        protocol_type: &str,
        protocol: &str,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        assignments: &[(&str, &str)],
    ) -> Ticket {
        let request = SyncGroupRequest {
            group_id: Str::Borrowed(GROUP),
            generation_id: generation,
            member_id: Str::Borrowed(member_id),
            group_instance_id: instance_id.map(Str::Borrowed),
            protocol_type: Some(Str::Borrowed(protocol_type)),
            protocol_name: Some(Str::Borrowed(protocol)),
            assignments: assignments
                .iter()
                .map(|(member_id, assignment)| SyncGroupRequestAssignment {
                    member_id: Str::Borrowed(member_id),
                    assignment: assignment.as_bytes().into(),
                })
                .collect(),
        };
        let ticket = self.ticket();
        let mut step = Step::default();
        let sync = Sync::of(&request, 5).expect("it names its protocol");
        let write = match &mut self.group {
            Some(group) => group.sync(ticket, sync, &mut step),
            None => {
                let answer = SyncAnswer::error(ErrorCode::UnknownMemberId);
                step.answers.push((ticket, Answer::Sync(answer)));
                None
            }
        };
        self.take(step, write);
        ticket
    }

    pub(crate) fn heartbeat(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: Str::Borrowed(GROUP),
            generation_id: generation,
            member_id: Str::Borrowed(member_id),
            group_instance_id: instance_id.map(Str::Borrowed),
        };
        match &mut self.group {
            Some(group) => group.heartbeat(&Heartbeat::of(&request), self.now),
            None => ErrorCode::UnknownMemberId,
        }
    }

    /// Members by their ids, which are empty for those that an administrator names by their instances.
    pub(crate) fn leave(&mut self, members: &[(&str, Option<&str>)]) -> Ticket {
        let request = LeaveGroupRequest {
            group_id: Str::Borrowed(GROUP),
            member_id: Str::Borrowed(""),
            members: members
                .iter()
                .map(|(member_id, instance_id)| MemberIdentity {
                    member_id: Str::Borrowed(member_id),
                    group_instance_id: instance_id.map(Str::Borrowed),
                    reason: None,
                })
                .collect(),
        };
        let ticket = self.ticket();
        let leave = Leave::of(&request, 5);
        let mut step = Step::default();
        let write = match &mut self.group {
            Some(group) => group.leave(ticket, leave, self.now, &self.settings, &mut step),
            None => {
                let answer = Answer::Leave(LeaveAnswer::unknown_group(leave));
                step.answers.push((ticket, answer));
                None
            }
        };
        self.take(step, write);
        ticket
    }

    /// Lets time pass, and what is due happen when it is.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.monotonic + time;
        while let Some(group) = &self.group
            && let Some(deadline) = group.next_deadline()
            && deadline <= end
        {
            self.turn_clock(deadline.max(self.now.monotonic));
            self.expire();
        }
        self.turn_clock(end);
    }

    fn turn_clock(&mut self, to: Monotonic) {
        let passed = i64::try_from((to - self.now.monotonic).as_millis()).expect("it is short");
        self.now = Now {
            wall: Timestamp(self.now.wall.0 + passed),
            monotonic: to,
        };
    }

    fn expire(&mut self) {
        let mut step = Step::default();
        let group = self.group.as_mut().expect("something is due");
        let write = group.expire(self.now, &self.settings, &mut step);
        let has_written = write.is_some();
        let next = group.next_deadline();
        assert!(
            has_written || next.is_none_or(|next| next > self.now.monotonic),
            "all that was due was done"
        );
        self.take(step, write);
    }

    /// The next record is committed. False if there is none.
    pub(crate) fn commit(&mut self) -> bool {
        let Some(InFlight {
            write,
            record,
            held,
        }) = self.in_flight.pop_front()
        else {
            return false;
        };
        let GroupRecord::GroupMetadata(key, value) = record else {
            panic!("a classic group writes itself");
        };
        assert_eq!(key.group, GROUP);
        self.log = value;
        let mut step = Step::default();
        for (ticket, answer) in held {
            self.answer(ticket, Ok(answer));
        }
        let group = self.group.as_mut().expect("it wrote the record");
        group.committed(write, self.now, &mut step);
        self.take(step, None);
        true
    }

    pub(crate) fn commit_all(&mut self) {
        while self.commit() {}
    }

    pub(crate) fn has_in_flight(&self) -> bool {
        self.in_flight().len() > 0
    }

    /// The records that are on their way.
    pub(crate) fn in_flight(&self) -> impl ExactSizeIterator<Item = &GroupRecord<'static>> {
        self.in_flight.iter().map(|in_flight| &in_flight.record)
    }

    /// All records that are on their way are lost; what was built on others is taken back first.
    pub(crate) fn fail(&mut self, error: ErrorCode) {
        let lost = std::mem::take(&mut self.in_flight);
        for InFlight { write, held, .. } in lost.into_iter().rev() {
            for (ticket, _) in held {
                self.answer(ticket, Err(error));
            }
            let mut step = Step::default();
            if let Some(group) = &mut self.group {
                let write = group.append_failed(write, error, self.now, &self.settings, &mut step);
                self.take(step, write);
            }
        }
        if self.log.is_none() {
            // It was its creation, or something that has come since.
            if let Some(mut group) = self.group.take() {
                let mut step = Step::default();
                group.unload(error, &mut step);
                self.take(step, None);
                self.in_flight.clear();
            }
        }
    }

    /// Another node loads the group.
    pub(crate) fn restart(&mut self) {
        let mut step = Step::default();
        if let Some(group) = &mut self.group {
            group.unload(ErrorCode::NotCoordinator, &mut step);
        }
        self.take(step, None);
        for InFlight { held, .. } in std::mem::take(&mut self.in_flight) {
            for (ticket, _) in held {
                self.answer(ticket, Err(ErrorCode::NotCoordinator));
            }
        }
        assert!(self.waiting.is_empty(), "nobody is left waiting");
        self.group = self.loaded();
        if let Some(group) = &mut self.group {
            let mut step = Step::default();
            let write = group.loaded(self.now, &self.settings, &mut step);
            self.take(step, write);
        }
    }

    /// The group as the log has it.
    pub(crate) fn loaded(&self) -> Option<ClassicGroup> {
        let value = self.log.as_ref()?;
        Some(ClassicGroup::from_record(Arc::from(GROUP), value).expect("it was written by us"))
    }

    fn take(&mut self, step: Step, write: Option<Write>) {
        let mut records = step.records.into_iter();
        match (records.next(), write) {
            (Some(record), Some(write)) => self.in_flight.push_back(InFlight {
                write,
                record,
                held: step.answers,
            }),
            (None, None) => {
                for (ticket, answer) in step.answers {
                    self.answer(ticket, Ok(answer));
                }
            }
            _ => panic!("a record and what is to be done with it come together"),
        }
        assert!(records.next().is_none(), "a step has one record at most");
    }

    fn answer(&mut self, ticket: Ticket, outcome: Outcome) {
        assert!(
            self.waiting.remove(&ticket).is_some(),
            "{ticket:?} is answered once"
        );
        self.answers.insert(ticket, outcome);
    }

    /// # Panics
    /// When the join has no answer yet.
    pub(crate) fn joined(&mut self, ticket: Ticket) -> JoinAnswer {
        match self.answers.remove(&ticket) {
            Some(Ok(Answer::Join(answer))) => answer,
            other => panic!("the join has {other:?}"),
        }
    }

    pub(crate) fn synced(&mut self, ticket: Ticket) -> SyncAnswer {
        match self.answers.remove(&ticket) {
            Some(Ok(Answer::Sync(answer))) => answer,
            other => panic!("the sync has {other:?}"),
        }
    }

    pub(crate) fn left(&mut self, ticket: Ticket) -> Vec<ErrorCode> {
        match self.answers.remove(&ticket) {
            Some(Ok(Answer::Leave(answer))) => {
                let members = answer.members.iter();
                members.map(|member| member.error).collect()
            }
            other => panic!("the leave has {other:?}"),
        }
    }

    pub(crate) fn is_waiting(&self, ticket: Ticket) -> bool {
        self.waiting.contains_key(&ticket)
    }

    /// An id for a client without one.
    pub(crate) fn new_id(&mut self, client: &Client) -> String {
        let ticket = self.join(client);
        self.commit_all();
        let answer = self.joined(ticket);
        assert_eq!(answer.error, ErrorCode::MemberIdRequired);
        answer.member_id.to_string()
    }

    /// A stable group of `count` members, its leader first, each assigned its own id.
    pub(crate) fn stable(count: usize) -> (Self, Vec<String>) {
        let mut coordinator = Self::default();
        let ids: Vec<String> = (0..count)
            .map(|_| {
                let id = coordinator.new_id(&Client::default());
                coordinator.join(&Client::named(&id));
                id
            })
            .collect();
        while coordinator.state() == "PreparingRebalance" {
            coordinator.pass(SECOND);
        }
        coordinator.assign();
        coordinator.answers.clear();
        assert_eq!(coordinator.state(), "Stable");
        (coordinator, ids)
    }

    /// All members sync, and the leader assigns each its own id.
    pub(crate) fn assign(&mut self) {
        let group = self.group().described();
        let generation = self.group().generation();
        let ids: Vec<&str> = group
            .members
            .iter()
            .map(|member| &*member.member_id)
            .collect();
        let own: Vec<(&str, &str)> = ids.iter().map(|id| (*id, *id)).collect();
        for member in &group.members {
            let instance = member.group_instance_id.as_deref();
            self.sync(&member.member_id, instance, generation, &own);
        }
        self.commit_all();
    }
}
