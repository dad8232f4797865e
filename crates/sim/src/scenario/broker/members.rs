//! Groups whose members share the partitions of topics: they come, leave, die without a word, fall silent for longer than their
//! session, and lose their connections, while the process is killed. Whatever they are told is judged, and in the end, when nobody
//! goes any more, each partition is one member's.

mod classic;
mod consumer;
mod sharing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, TopicId};

use super::committed::{Asker, Member};
use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, Life, NewTopic, Place, Since};
use super::{Planted, admin, start};
use crate::{SimEnv, World};

const GROUPS_TOPIC: &str = "__consumer_offsets";
/// Sessions of classic members end after at least so long; Kafka allows no less.
const LEAST_SESSION: Duration = Duration::from_secs(6);
/// Within so long a group in peace is in order: longer than any session and rebalance of those who are gone, one after the other.
const TO_FIND_TOGETHER: Duration = Duration::from_secs(120);

/// Which protocol the members of a group speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Classic,
    Consumer,
    /// Each its own: the group is upgraded and downgraded.
    Either,
}

/// A group.
struct Plan {
    name: String,
    protocol: Protocol,
    /// Classic members give up nothing before they have to.
    is_cooperative: bool,
    /// Those that stay for ever, by name.
    topics: BTreeMap<String, TopicId>,
    /// One that may come and go, to which members with the consumer protocol subscribe as well.
    guest: Option<String>,
    planted: Planted,
}

/// One who is a member again and again, under new ids.
#[derive(Clone)]
struct Slot {
    world: World,
    env: SimEnv,
    ledger: Ledger,
    plan: Arc<Plan>,
    number: u64,
    /// `None` for a dynamic member.
    instance: Option<String>,
    /// The longest it rests between two requests.
    pace: Duration,
}

/// What a member is up to next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whim {
    GoOn,
    Reconnect,
    /// For so long it says nothing.
    Pause(Duration),
    Leave,
    Die,
}

/// When a member was last told that it is one.
#[derive(Clone, Copy)]
struct Heard {
    asked: ottla_model::Monotonic,
    life: Life,
}

/// Has groups keep what they are told through power cuts from the beginning.
pub(super) async fn keep(world: &World, env: &SimEnv, ledger: &Ledger) {
    let topic = NewTopic {
        name: GROUPS_TOPIC.to_owned(),
        partitions: 3,
        flushes: true,
        retains_little: false,
        configs: BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]),
    };
    let created = admin::insist(world, env, ledger, || {
        admin::try_create(world, env, ledger, &topic)
    });
    if created.await.is_some() {
        ledger.groups_flush();
    }
}

/// Creates the group's topics and starts its members, which live on when this ends.
pub(super) async fn live(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    number: u64,
    planted: Planted,
) {
    let protocols = [Protocol::Classic, Protocol::Consumer, Protocol::Either];
    let protocol = protocols[world.choose(3) as usize];
    let mut topics = BTreeMap::new();
    for topic in 0..1 + world.choose(2) {
        let new = NewTopic {
            name: format!("shared-{number}-{topic}"),
            partitions: 1 + world.choose(4) as usize,
            flushes: false,
            retains_little: false,
            configs: BTreeMap::new(),
        };
        let Some(id) = admin::create(world, env, ledger, &new).await else {
            return;
        };
        topics.insert(new.name, id);
    }
    let guest = (protocol == Protocol::Consumer && world.choose(2) == 0).then_some("topic-0");
    let plan = Arc::new(Plan {
        name: format!("members-{number}"),
        protocol,
        is_cooperative: world.choose(2) == 0,
        topics,
        guest: guest.map(str::to_owned),
        planted,
    });
    let names = plan.topics.keys().cloned();
    ledger.group_founded(&plan.name, names.chain(plan.guest.clone()).collect());
    // Who comes back in the middle of a cooperative rebalance does not know that another one was to follow, and a stable group has none
    // for it, in Kafka neither.
    let may_be_static = protocol == Protocol::Consumer || !plan.is_cooperative;
    for number in 0..1 + world.choose(5) {
        let slot = Slot {
            world: world.clone(),
            env: env.clone(),
            ledger: ledger.clone(),
            plan: Arc::clone(&plan),
            number,
            instance: (may_be_static && world.choose(3) == 0).then(|| format!("instance-{number}")),
            pace: Duration::from_millis(1000 + world.choose(3000)),
        };
        drop(start(env, async move { slot.live().await }));
    }
    let topics: Vec<TopicId> = plan.topics.values().copied().collect();
    for _ in 0..world.choose(3) {
        let pause = Duration::from_millis(world.choose(10_000));
        env.clock().sleep(pause).await;
        let topic = topics[world.choose(topics.len() as u64) as usize];
        admin::grow(world, env, ledger, topic).await;
    }
}

/// Waits until all groups are in order, which must not take long where nothing fails.
pub(super) async fn find_together(world: &World, ledger: &Ledger) {
    ledger.groups_rest();
    let end = world.now() + TO_FIND_TOGETHER;
    while !ledger.is_over() {
        let Some(problem) = ledger.restless_group() else {
            return;
        };
        if world.now() > end {
            return ledger.violate(problem);
        }
        world.clock().sleep(Duration::from_millis(500)).await;
    }
}

impl Slot {
    async fn live(&self) {
        let group = &self.plan.name;
        while !self.ledger.is_over() {
            self.ledger.member(group, self.number, None);
            let speaks_classic = match self.plan.protocol {
                Protocol::Classic => true,
                Protocol::Consumer => false,
                Protocol::Either => self.world.choose(2) == 0,
            };
            if speaks_classic {
                classic::live(self).await;
            } else {
                consumer::live(self).await;
            }
            self.ledger.member_gone(group, self.number);
            if self.ledger.groups_are_at_rest() {
                return;
            }
            self.rest(Duration::from_secs(10)).await;
        }
    }

    /// For `most` at the longest.
    async fn rest(&self, most: Duration) {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        let time = Duration::from_millis(self.world.choose(most));
        self.env.clock().sleep(time).await;
    }

    fn whim(&self) -> Whim {
        if self.ledger.groups_are_at_rest() {
            return Whim::GoOn;
        }
        match self.world.choose(60) {
            0 => Whim::Die,
            1 => Whim::Leave,
            2 => Whim::Pause(Duration::from_millis(self.world.choose(20_000))),
            3 | 4 => Whim::Reconnect,
            _ => Whim::GoOn,
        }
    }

    fn asker<'a>(&'a self, member: Option<Member<'a>>) -> Asker<'a> {
        Asker {
            world: &self.world,
            ledger: &self.ledger,
            group: &self.plan.name,
            member,
        }
    }

    /// Whether what the member has is not only its own, but its for good.
    fn stays(&self, place: Place) -> bool {
        self.plan.topics.values().any(|topic| *topic == place.topic)
    }

    /// Commits or fetches in one of the partitions that the member has, now and then.
    async fn work(
        &self,
        connection: &mut Connection,
        member: Member<'_>,
        has: &BTreeMap<Place, Since>,
    ) -> Result<ErrorCode, Trouble> {
        let places: Vec<Place> = has.keys().copied().filter(|p| self.stays(*p)).collect();
        if places.is_empty() || self.world.choose(3) > 0 {
            return Ok(ErrorCode::None);
        }
        let place = places[self.world.choose(places.len() as u64) as usize];
        let asker = self.asker(Some(member));
        if self.world.choose(3) > 0 {
            asker.commit(connection, place).await
        } else {
            asker.fetch(connection, place).await
        }
    }

    /// The member hears that it is none any more: it must have been silent, unless what was written of it is lost.
    fn is_expelled(&self, heard: Option<Heard>, session: Duration, life: Life) {
        let Some(heard) = heard else {
            return;
        };
        let silent = self.env.clock().monotonic() - heard.asked;
        if silent < session && !self.ledger.groups_lose_between(heard.life, life) {
            let (group, number) = (&self.plan.name, self.number);
            self.ledger.violate(format!(
                "{group}: member {number} was silent for {silent:?} only, and is expelled"
            ));
        }
    }
}
