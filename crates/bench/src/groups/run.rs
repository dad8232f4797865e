//! Groups, one after the other, on the same connections.

use std::time::Duration;

use ottla_model::ErrorCode;
use ottla_wire::Str;
use ottla_wire::api::ApiKey;
use ottla_wire::message::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
};
use ottla_wire::message::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
use ottla_wire::message::find_coordinator::FindCoordinatorResponse;

use super::member::{self, Subscribed, check, check_coordinator, find_coordinator};
use super::stage::{Stage, Took, Watch, tasks};
use super::swarm::Swarm;
use super::{Arguments, Protocol};
use crate::load::{Connection, LoadError, create_topic, patiently, pause, topic_id};
use crate::process::Pid;

/// A broker that has nothing to do is watched so often, and each time for so long.
const IDLE_LOOKS: u32 = 6;
const IDLE_LOOK: Duration = Duration::from_millis(500);

/// The broker's memory. Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) before: u64,
    /// With a connection for each member.
    pub(super) connected: u64,
    /// With the first group.
    pub(super) settled: u64,
}

#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Of each measured group, by [`Stage::ALL`].
    pub(super) stages: [Vec<Took>; 3],
    pub(super) memory: Option<Memory>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Measured, LoadError> {
    let mut connection = Connection::open(&arguments.bootstrap)?;
    let topic = subscribed(&mut connection, arguments)?;
    let pid = arguments.server_pid;
    let groups: Vec<String> = (0..arguments.warm_up + arguments.repeat)
        .map(|number| format!("{}-{number}", topic.name))
        .collect();
    until_coordinated(&mut connection, &groups[0])?;

    let before = resident(pid)?;
    let mut swarm = Swarm::new(arguments.pause(), topic.partitions);
    let new = |number| member::new(arguments.protocol, &arguments.bootstrap, number, &topic);
    for number in 0..usize::from(arguments.members) {
        swarm.members.push(new(number)?);
    }
    let newcomer = new(swarm.members.len())?;
    let connected = resident(pid)?;
    let mut bench = Bench {
        swarm,
        newcomer: Some(newcomer),
        connection,
        protocol: arguments.protocol,
        pid,
        idle: idle(pid)?,
        settled: None,
    };
    let mut measured = Measured::default();
    for (number, group) in groups.iter().enumerate() {
        let stages = bench.group(group)?;
        if number >= usize::from(arguments.warm_up) {
            for (all, took) in measured.stages.iter_mut().zip(stages) {
                all.push(took);
            }
        }
    }
    measured.memory = match (before, connected, bench.settled) {
        (Some(before), Some(connected), Some(settled)) => Some(Memory {
            before,
            connected,
            settled,
        }),
        _ => None,
    };
    Ok(measured)
}

/// Made where it is missing. Of each protocol and size another one, after which the groups are called.
fn subscribed(connection: &mut Connection, arguments: &Arguments) -> Result<Subscribed, LoadError> {
    let partitions = i32::from(arguments.members) + 1;
    let protocol = match arguments.protocol {
        Protocol::Classic => "classic",
        Protocol::Consumer => "consumer",
    };
    let name = format!("{protocol}-{}", arguments.members);
    match create_topic(connection, &name, partitions, &[]) {
        Err(error) if error.is(ErrorCode::TopicAlreadyExists) => {}
        outcome => outcome?,
    }
    let id = patiently(|| topic_id(connection, &name))?;
    Ok(Subscribed {
        name,
        id,
        partitions,
    })
}

fn resident(pid: Option<Pid>) -> Result<Option<u64>, LoadError> {
    let resident = pid.map(|pid| pid.resident().map(|resident| resident.now));
    resident
        .transpose()
        .map_err(LoadError::io("asking for the broker's memory"))
}

/// The part of a processor that the broker uses when it has nothing to do: the least that was seen, for a JVM may compile what
/// was asked of it before.
fn idle(pid: Option<Pid>) -> Result<f64, LoadError> {
    let Some(pid) = pid else {
        return Ok(0.0);
    };
    let mut least = f64::INFINITY;
    for _ in 0..IDLE_LOOKS {
        let before = tasks(pid)?;
        pause(IDLE_LOOK);
        let used = tasks(pid)?.since(&before);
        least = least.min(used.as_secs_f64() / IDLE_LOOK.as_secs_f64());
    }
    Ok(least)
}

struct Bench<'t> {
    swarm: Swarm<'t>,
    /// The one that joins and leaves.
    newcomer: Option<Box<dyn member::Member + 't>>,
    /// To ask how groups are.
    connection: Connection,
    protocol: Protocol,
    pid: Option<Pid>,
    idle: f64,
    /// The broker's memory when the first group was settled.
    settled: Option<u64>,
}

impl Bench<'_> {
    /// The life of a group.
    fn group(&mut self, group: &str) -> Result<[Took; 3], LoadError> {
        until_coordinated(&mut self.connection, group)?;
        let arrived = self.stage(group, Stage::Arrive)?;
        if self.settled.is_none() {
            self.settled = resident(self.pid)?;
        }
        let stages = [
            arrived,
            self.stage(group, Stage::Join)?,
            self.stage(group, Stage::Leave)?,
        ];
        for member in &mut self.swarm.members {
            member.leave()?;
        }
        self.swarm.finish()?;
        Ok(stages)
    }

    fn stage(&mut self, group: &str, stage: Stage) -> Result<Took, LoadError> {
        let watch = Watch::begin(self.pid, self.requests())?;
        let began = self.swarm.now();
        match stage {
            Stage::Arrive => {
                for member in &mut self.swarm.members {
                    member.arrive(group)?;
                }
            }
            Stage::Join => {
                let mut newcomer = self.newcomer.take().expect("it is outside");
                newcomer.arrive(group)?;
                self.swarm.members.push(newcomer);
            }
            Stage::Leave => {
                let mut leaver = self.swarm.members.pop().expect("one more has joined");
                leaver.leave()?;
                leaver.receive()?;
                self.newcomer = Some(leaver);
            }
        }
        let settled = self.swarm.settle(began)?;
        let took = watch.end(settled, self.requests(), self.idle)?;
        // Of heartbeats that were sent in vain.
        self.swarm.finish()?;
        self.check_stable(group)?;
        Ok(took)
    }

    fn requests(&self) -> u64 {
        let newcomer = self.newcomer.iter().map(|member| member.line());
        self.swarm.requests() + newcomer.map(|line| u64::from(line.sent())).sum::<u64>()
    }

    /// Members might agree on what their coordinator does not hold for settled.
    fn check_stable(&mut self, group: &str) -> Result<(), LoadError> {
        let state = match self.protocol {
            Protocol::Classic => describe(&mut self.connection, group)?,
            Protocol::Consumer => {
                let request = ConsumerGroupDescribeRequest {
                    group_ids: vec![Str::Borrowed(group)],
                    include_authorized_operations: false,
                };
                let response: ConsumerGroupDescribeResponse<'_> = self
                    .connection
                    .call(ApiKey::ConsumerGroupDescribe, &request)?;
                let state = response.groups.first().map(|group| &*group.group_state);
                state.unwrap_or_default().to_owned()
            }
        };
        if state == "Stable" {
            return Ok(());
        }
        let problem = format!("{group} is settled for its members and {state} for the broker");
        Err(LoadError::Unfit(problem))
    }
}

/// Waits until the broker coordinates the group, which is not there yet.
fn until_coordinated(connection: &mut Connection, group: &str) -> Result<(), LoadError> {
    patiently(|| {
        let request = find_coordinator(group);
        let found: FindCoordinatorResponse<'_> =
            connection.call(ApiKey::FindCoordinator, &request)?;
        check_coordinator(&found)
    })?;
    patiently(|| describe(connection, group).map(drop))
}

/// The state of a classic group. One that is not there is dead.
fn describe(connection: &mut Connection, group: &str) -> Result<String, LoadError> {
    let request = DescribeGroupsRequest {
        groups: vec![Str::Borrowed(group)],
        include_authorized_operations: false,
    };
    let response: DescribeGroupsResponse<'_> = connection.call(ApiKey::DescribeGroups, &request)?;
    let described = response.groups.first();
    let described =
        described.ok_or_else(|| LoadError::Unfit("DescribeGroups tells of no group".to_owned()))?;
    match described.error_code {
        ErrorCode::GroupIdNotFound => {}
        code => check("DescribeGroups", code, described.error_message.as_deref())?,
    }
    Ok(described.group_state.to_string())
}
