//! What was measured, for programs and for people.

use serde_json::Value;

use super::Arguments;
use super::run::Measured;
use super::stage::{Medians, Stage};
use crate::size::KIB;

/// An object; times are in seconds, memory in bytes.
pub(super) fn json(arguments: &Arguments, measured: &Measured) -> Value {
    let mut object = serde_json::json!({"members": arguments.members});
    for (stage, medians) in medians(measured) {
        object[stage.name()] = serde_json::json!({
            "seconds": medians.seconds,
            "pauses": medians.pauses,
            "requests": medians.requests,
            "generator_cpu": medians.generator,
            "broker_cpu": medians.broker,
        });
    }
    if let Some(memory) = measured.memory {
        let each = |bytes: u64| bytes as f64 / f64::from(arguments.members);
        object["resident_per_connection"] =
            each(memory.connected.saturating_sub(memory.before)).into();
        object["resident_per_member"] =
            each(memory.settled.saturating_sub(memory.connected)).into();
    }
    object
}

fn medians(measured: &Measured) -> impl Iterator<Item = (Stage, Medians)> {
    let stages = Stage::ALL.into_iter().zip(&measured.stages);
    stages.filter_map(|(stage, all)| Some((stage, Medians::of(all)?)))
}

pub(super) fn print(measured: &Measured) {
    for (stage, medians) in medians(measured) {
        let broker = medians.broker.map_or_else(String::new, |cpu| {
            format!(", CPU of the broker {:.1} ms", cpu * 1e3)
        });
        println!(
            "{:<7} {:.1} ms and {} intervals of heartbeats, {} requests, CPU of the generator {:.1} ms{broker}",
            stage.name(),
            medians.seconds * 1e3,
            medians.pauses,
            medians.requests,
            medians.generator * 1e3,
        );
    }
    if let Some(memory) = measured.memory {
        println!(
            "resident {} KiB, {} with connections, {} with a group",
            memory.before / KIB,
            memory.connected / KIB,
            memory.settled / KIB
        );
    }
}
