//! A group whose one consumer is no member of it: it commits offsets and asks for them again.

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, TopicId};

use super::committed::Asker;
use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, Place};
use crate::{SimEnv, World};

/// Commits and fetches until the topic is gone, or for ever.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger, topic: TopicId) {
    let group = format!("group-{topic}");
    let consumer = Consumer {
        asker: Asker {
            world: &world,
            ledger: &ledger,
            group: &group,
            member: None,
        },
        place: Place {
            topic,
            partition: 0,
        },
    };
    while !consumer.is_over() {
        match consumer.converse(&env).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("{group}: {what}")),
        }
        let pause = Duration::from_millis(world.choose(1000));
        env.clock().sleep(pause).await;
    }
}

struct Consumer<'a> {
    asker: Asker<'a>,
    place: Place,
}

impl Consumer<'_> {
    fn is_over(&self) -> bool {
        let Asker { ledger, .. } = self.asker;
        ledger.is_over() || !ledger.exists(self.place.topic)
    }

    async fn converse(&self, env: &SimEnv) -> Result<(), Trouble> {
        let Asker { world, ledger, .. } = self.asker;
        let mut connection = Connection::open(env, ledger).await?;
        self.asker.find_coordinator(&mut connection).await?;
        while !self.is_over() && world.choose(10) > 0 {
            let code = if world.choose(2) == 0 {
                self.asker.commit(&mut connection, self.place).await?
            } else {
                self.asker.fetch(&mut connection, self.place).await?
            };
            // Of a topic that is gone anything may be said.
            if code != ErrorCode::None && ledger.exists(self.place.topic) {
                return Err(Trouble::Wrong(code.to_string()));
            }
            let pause = Duration::from_millis(world.choose(300));
            env.clock().sleep(pause).await;
        }
        Ok(())
    }
}
