//! From the log of a partition of `__consumer_offsets` to its groups.

use std::sync::Arc;

use futures::lock::Mutex;
use ottla_coordinator::{LoadError, Loading};
use ottla_env::{Disk, DiskFile, Env, Spawn};
use ottla_group::Groups;
use ottla_log::{LogReader, ReadError};
use ottla_model::{ErrorCode, Offset};
use ottla_wire::records::Batches;
use thiserror::Error;

use crate::partition::Partition;

/// Logs that are loaded at once: as many as Kafka has threads for.
const AT_ONCE: usize = 4;

/// Bounds how many logs are loaded at once, and with that the memory that it takes.
#[derive(Default)]
pub(super) struct Loads {
    slots: [Mutex<()>; AT_ONCE],
}

/// Why the groups of a partition cannot be had.
#[derive(Debug, Error)]
pub(super) enum LoadFailure {
    #[error("the log cannot be had: {0}")]
    Log(ErrorCode),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    #[error("the batch at offset {offset}: {error}: put back a copy of the segment that has it")]
    Contents { offset: Offset, error: LoadError },
    #[error("no batch can be read at offset {0}")]
    NoBatch(Offset),
}

impl LoadFailure {
    /// Whether the disk has failed, which may do better the next time; what is written stays as it is.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Read(ReadError::Io(_)))
    }
}

/// Reads the log to its end, `most` bytes at a time, and waits until all of it is committed.
pub(super) async fn load<E: Env>(
    env: E,
    partition: Arc<Partition<E>>,
    loads: Arc<Loads>,
    most: u64,
) -> Result<Loading<Groups>, LoadFailure> {
    let reader = partition.reader().await.map_err(LoadFailure::Log)?;
    let end = reader.end();
    let loading = if reader.log_start() == end {
        Loading::default()
    } else {
        let slot = usize::try_from(partition.key.index.0).unwrap_or(0) % AT_ONCE;
        let _slot = loads.slots[slot].lock().await;
        let reader = reader.clone();
        let read = move || read_all(&reader, end, most);
        env.spawn().blocking(read).await?
    };
    loop {
        let changed = partition.listen();
        if reader.high_watermark() >= end {
            return Ok(loading);
        }
        changed.await;
    }
}

fn read_all<D: Disk>(
    reader: &LogReader<D>,
    end: Offset,
    most: u64,
) -> Result<Loading<Groups>, LoadFailure> {
    let mut loading = Loading::default();
    let mut next = reader.log_start();
    while next < end {
        let asked = next;
        let pieces = reader.read(next, most, end, true)?.pieces;
        // Kafka's cleaner may have left nothing up to the end.
        let Some(last) = pieces.len().checked_sub(1) else {
            break;
        };
        for (at, piece) in pieces.into_iter().enumerate() {
            let mut bytes = vec![0; usize::try_from(piece.length).unwrap_or(usize::MAX)];
            piece.file.read_at(&mut bytes, piece.position)?;
            let mut read = 0;
            for batch in Batches::new(&bytes).map_while(Result::ok) {
                let checked = batch.check().map_err(LoadError::from);
                checked
                    .and_then(|()| loading.batch(&batch))
                    .map_err(|error| LoadFailure::Contents {
                        offset: batch.header.base_offset,
                        error,
                    })?;
                read += batch.header.size;
                next = batch.header.next_offset();
            }
            // A limit may have cut the last batch: it is read again.
            if read < bytes.len() && at < last {
                return Err(LoadFailure::NoBatch(next));
            }
        }
        if next == asked {
            return Err(LoadFailure::NoBatch(asked));
        }
    }
    Ok(loading)
}
