//! The life of a topic name and of all who use it.

use std::time::Duration;

use futures::future::join_all;
use ottla_env::{Clock, Env};
use ottla_model::TopicId;

use super::consumer::Until;
use super::ledger::{Delivery, Ledger, NewTopic, Place};
use super::{Planted, admin, configs, consumer, group, offsets, producer, records_deletion, start};
use crate::{SimEnv, World};

/// Creates the topic, uses it, changes it, and deletes it to begin again.
pub(super) async fn live(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    number: u64,
    planted: Planted,
) {
    let mut name = format!("topic-{number}");
    let generations = 1 + world.choose(3) / 2;
    for generation in 0..generations {
        let retains_little = world.choose(4) == 0;
        let new = NewTopic {
            name: name.clone(),
            partitions: 1 + world.choose(2) as usize,
            flushes: world.choose(2) == 0,
            retains_little,
            configs: configs::choose(world, retains_little),
        };
        let Some(id) = admin::create(world, env, ledger, &new).await else {
            return;
        };
        let consumer = consumer::run(world.clone(), env.clone(), ledger.clone(), Until::Told);
        drop(start(env, consumer));
        let survey = offsets::survey(world.clone(), env.clone(), ledger.clone(), id);
        drop(start(env, survey));
        if world.choose(2) == 0 {
            let group = group::run(world.clone(), env.clone(), ledger.clone(), id);
            drop(start(env, group));
        }
        let mut producers = Vec::new();
        for at in 0..1 + world.choose(3) {
            let place = Place {
                topic: id,
                partition: world.choose(new.partitions as u64) as i32,
            };
            let number = (number * 10 + generation) * 10 + at;
            let plan = plan(world, number, &name, place, planted);
            let producer = producer::run(world.clone(), env.clone(), ledger.clone(), plan);
            producers.push(start(env, producer));
        }
        if world.choose(4) == 0 {
            let deleter = records_deletion::run(world.clone(), env.clone(), ledger.clone(), id);
            drop(start(env, deleter));
        }
        change(world, env, ledger, id).await;
        if generation + 1 < generations {
            let time = Duration::from_millis(world.choose(20_000));
            env.clock().sleep(time).await;
            admin::delete(world, env, ledger, id).await;
            if world.choose(2) == 0 {
                name = format!("topic-{number}-again");
            }
        }
        join_all(producers).await;
    }
}

fn plan(world: &World, number: u64, topic: &str, place: Place, planted: Planted) -> producer::Plan {
    let (delivery, acks) = match world.choose(8) {
        0 => (Delivery::Unacknowledged, 0),
        1 => (Delivery::OneInFlight, 1),
        2 => (Delivery::OneInFlight, -1),
        3 => (Delivery::Pipelined, 1),
        _ => (Delivery::Idempotent, -1),
    };
    producer::Plan {
        number,
        topic: topic.to_owned(),
        place,
        batches: 5 + world.choose(40),
        // Some are still at it when retention comes.
        longest_rest: Duration::from_millis([300, 300, 300, 8000][world.choose(4) as usize]),
        delivery,
        acks,
        is_careless: planted == Planted::CarelessProducer,
    }
}

/// Alters its configs and lets it grow, while it is being used.
async fn change(world: &World, env: &SimEnv, ledger: &Ledger, id: TopicId) {
    for _ in 0..world.choose(4) {
        let pause = Duration::from_millis(world.choose(5000));
        env.clock().sleep(pause).await;
        if world.choose(4) == 0 {
            admin::grow(world, env, ledger, id).await;
        } else {
            configs::alter(world, env, ledger, id).await;
        }
    }
}
