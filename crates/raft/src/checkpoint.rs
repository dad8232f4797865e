//! Snapshots of the metadata log: the files `*.checkpoint`.
//!
//! A header batch with control records, batches of metadata records, a footer batch. Offsets count from 0 within the file.

use bytes::Bytes;
use ottla_model::{LeaderEpoch, Offset, Timestamp};
use ottla_wire::control_record::{ControlRecord, SnapshotFooterRecord, SnapshotHeaderRecord};
use ottla_wire::records::{Attributes, BatchBuilder, BatchFields, Compression};

/// The most that one batch of records holds, in bytes.
const BATCH_BYTES: usize = 8 << 20;

/// Names a snapshot: the offset behind the last record it contains, and that record's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId {
    pub end_offset: Offset,
    pub epoch: LeaderEpoch,
}

impl SnapshotId {
    /// What a dynamic quorum is formatted with: its first voters.
    pub const BOOTSTRAP: Self = Self {
        end_offset: Offset::ZERO,
        epoch: LeaderEpoch(0),
    };

    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{:020}-{:010}.checkpoint", self.end_offset.0, self.epoch.0)
    }

    /// `None` for the names of other files.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<Self> {
        let (end_offset, epoch) = file_name.strip_suffix(".checkpoint")?.split_once('-')?;
        let is_padded = end_offset.len() == 20 && epoch.len() == 10;
        let id = Self {
            end_offset: Offset(end_offset.parse().ok()?),
            epoch: LeaderEpoch(epoch.parse().ok()?),
        };
        is_padded.then_some(id)
    }
}

/// The file's contents. `quorum` goes into the header batch: kraft.version and voters, where there are any. `records` are values of
/// metadata records.
#[must_use]
pub fn build(
    id: SnapshotId,
    now: Timestamp,
    quorum: &[ControlRecord<'_>],
    records: &[Bytes],
) -> Bytes {
    let header = ControlRecord::SnapshotHeader(SnapshotHeaderRecord {
        version: 0,
        last_contained_log_timestamp: now,
    });
    let footer = ControlRecord::SnapshotFooter(SnapshotFooterRecord { version: 0 });
    let mut next = Offset::ZERO;
    let mut file = Vec::new();
    let header: Vec<_> = std::iter::once(header)
        .chain(quorum.iter().cloned())
        .collect();
    file.extend_from_slice(&control_batch(next, id.epoch, now, &header));
    next = next + header.len() as i64;
    let mut rest = records.iter().peekable();
    while rest.peek().is_some() {
        let mut builder = BatchBuilder::new(
            fields(next, id.epoch, Attributes::default()),
            Compression::None,
        );
        while builder.size() < BATCH_BYTES
            && let Some(record) = rest.next()
        {
            builder.push(now, None, Some(record), []);
            next = next.next();
        }
        file.extend_from_slice(&builder.build());
    }
    file.extend_from_slice(&control_batch(next, id.epoch, now, &[footer]));
    file.into()
}

/// A batch of control records, as the metadata log and its snapshots hold them.
#[must_use]
pub fn control_batch(
    base: Offset,
    epoch: LeaderEpoch,
    now: Timestamp,
    records: &[ControlRecord<'_>],
) -> Bytes {
    let mut builder = BatchBuilder::new(
        fields(base, epoch, Attributes::default().control()),
        Compression::None,
    );
    for record in records {
        builder.push(
            now,
            Some(&record.encode_key()),
            Some(&record.encode_value()),
            [],
        );
    }
    builder.build()
}

fn fields(base_offset: Offset, leader_epoch: LeaderEpoch, attributes: Attributes) -> BatchFields {
    BatchFields {
        base_offset,
        leader_epoch,
        attributes,
        ..BatchFields::default()
    }
}

#[cfg(test)]
mod tests {
    use ottla_wire::records::Batches;

    use super::*;

    #[test]
    fn a_name_is_an_offset_and_an_epoch() {
        let id = SnapshotId {
            end_offset: Offset(123),
            epoch: LeaderEpoch(4),
        };
        assert_eq!(id.file_name(), "00000000000000000123-0000000004.checkpoint");
        assert_eq!(SnapshotId::parse(&id.file_name()), Some(id));
        assert_eq!(SnapshotId::parse("bootstrap.checkpoint"), None);
    }

    #[test]
    fn a_snapshot_is_framed_by_header_and_footer() {
        let records = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
        let file = build(SnapshotId::BOOTSTRAP, Timestamp(5), &[], &records);
        let batches: Vec<_> = Batches::new(&file).collect::<Result<_, _>>().unwrap();
        let shape: Vec<_> = batches
            .iter()
            .map(|b| {
                (
                    b.header.base_offset.0,
                    b.header.record_count,
                    b.header.attributes.is_control(),
                )
            })
            .collect();
        assert_eq!(shape, [(0, 1, true), (1, 2, false), (3, 1, true)]);
    }
}
