//! What a node takes that does nothing, and starts: of a node that holds nothing, and of one that holds many partitions, after a stop
//! of either kind.

use super::CompareError;
use super::node::{Node, Stop};
use super::partitions::Partitions;
use super::product::Product;
use super::results::Figure;
use super::site::Site;
use crate::load::{Connection, pause};

use std::time::Duration;

/// After which a node that has nothing to do shows what it keeps.
const REST: Duration = Duration::from_secs(3);

/// Exec to the first acknowledged record, and the memory of a node that holds it and has nothing to do.
pub(super) fn start(
    site: &Site,
    product: &dyn Product,
) -> Result<Vec<(Figure, f64)>, CompareError> {
    let node = Node::format(site, product)?;
    let started = node.start()?;
    let first_ack = Partitions::new(1).first_ack(&node, &started)?;
    started.quiet()?;
    pause(REST);
    let resident = started.resident()?;
    started.stop(Stop::Clean)?;
    Ok(vec![
        (Figure::FirstAck, first_ack.as_secs_f64()),
        (Figure::Resident, resident.now as f64),
        (Figure::Peak, resident.peak as f64),
    ])
}

/// The memory of a node with connections that have nothing to do, each asked what it serves.
pub(super) fn idle(
    site: &Site,
    product: &dyn Product,
    connections: u16,
) -> Result<Vec<(Figure, f64)>, CompareError> {
    let node = Node::format(site, product)?;
    let started = node.start()?;
    Partitions::new(1).first_ack(&node, &started)?;
    let open = |_| Connection::open(&node.bootstrap);
    let held = (0..connections).map(open).collect::<Result<Vec<_>, _>>()?;
    started.quiet()?;
    pause(REST);
    let resident = started.resident()?;
    drop(held);
    started.stop(Stop::Clean)?;
    Ok(vec![
        (Figure::Resident, resident.now as f64),
        (Figure::Peak, resident.peak as f64),
    ])
}

/// Fills partitions, stops the node cleanly and starts it, ends it uncleanly and starts it again.
pub(super) fn restart(
    site: &Site,
    product: &dyn Product,
    partitions: u32,
) -> Result<Vec<(Figure, f64)>, CompareError> {
    let node = Node::format(site, product)?;
    let partitions = Partitions::new(partitions);
    let started = node.start()?;
    partitions.create(&node, &started)?;
    started.quiet()?;
    pause(REST);
    let filled = started.resident()?;
    started.stop(Stop::Clean)?;

    let started = node.start()?;
    let clean_ack = partitions.first_ack(&node, &started)?;
    let clean_ready = partitions.ready(&node, &started)?;
    started.quiet()?;
    pause(REST);
    let clean_resident = started.resident()?;
    started.stop(Stop::Unclean)?;

    let started = node.start()?;
    let unclean_ack = partitions.first_ack(&node, &started)?;
    let unclean_ready = partitions.ready(&node, &started)?;
    started.stop(Stop::Unclean)?;
    Ok(vec![
        (Figure::Resident, filled.now as f64),
        (Figure::Peak, filled.peak as f64),
        (Figure::CleanFirstAck, clean_ack.as_secs_f64()),
        (Figure::CleanReady, clean_ready.as_secs_f64()),
        (Figure::CleanResident, clean_resident.now as f64),
        (Figure::UncleanFirstAck, unclean_ack.as_secs_f64()),
        (Figure::UncleanReady, unclean_ready.as_secs_f64()),
    ])
}
