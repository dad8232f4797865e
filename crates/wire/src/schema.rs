//! The tables behind the codec, as data: what the derive read in the declarations.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, Version};
use crate::control_record::ControlRecord;
use crate::coordinator_record::{GroupRecord, ShareRecord, TransactionRecord};
use crate::metadata_record::MetadataRecord;
use crate::principal::DefaultPrincipalData;
use crate::producer_snapshot::ProducerSnapshot;
use crate::quorum_state::QuorumStateData;
use crate::remote_log_record::RemoteLogRecord;
use crate::{Message, api, consumer_protocol, frame};

/// A struct: its fields, in the order of the wire.
#[derive(Debug)]
pub struct Schema {
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// One field of a struct.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub ty: Type,
    /// The versions that have the field.
    pub versions: RangeInclusive<i16>,
    /// The versions in which it may be null.
    pub nullable: Option<RangeInclusive<i16>>,
    pub tag: Option<u32>,
    /// Whether a value may be left out silently where the version lacks the field.
    pub ignorable: bool,
    /// Whether its length is not compact in flexible versions either.
    pub classic: bool,
    /// What it holds in versions without it, as `Debug` prints it.
    pub default: fn() -> String,
}

/// The type of a field on the wire.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Array(&'static Type),
    Struct(&'static Schema),
}

/// A message: its outermost struct and its versions.
#[derive(Debug)]
pub struct MessageSchema {
    pub kind: Kind,
    /// API key of a request or response, id of a metadata record, type of a coordinator's record.
    pub key: Option<i16>,
    pub valid: RangeInclusive<i16>,
    /// `i16::MAX` when no version is flexible.
    pub flexible_from: i16,
    /// Whether the last of the valid versions may still change.
    pub latest_unstable: bool,
    pub body: &'static Schema,
    /// Decodes a message and encodes it again: for exchanges with other implementations, and for fuzzing.
    pub recode: fn(&[u8], i16) -> Result<Bytes, DecodeError>,
}

/// What stands alone: inside other messages, and in files of its own.
const ALONE: &[MessageSchema] = &[
    DefaultPrincipalData::SCHEMA,
    ProducerSnapshot::SCHEMA,
    QuorumStateData::SCHEMA,
];

/// The table of every message there is.
pub fn all() -> impl Iterator<Item = &'static MessageSchema> {
    api::SCHEMAS
        .iter()
        .chain(frame::SCHEMAS)
        .chain(MetadataRecord::SCHEMAS)
        .chain(ControlRecord::SCHEMAS)
        .chain(GroupRecord::SCHEMAS)
        .chain(TransactionRecord::SCHEMAS)
        .chain(ShareRecord::SCHEMAS)
        .chain(RemoteLogRecord::SCHEMAS)
        .chain(consumer_protocol::SCHEMAS)
        .chain(ALONE)
}

impl MessageSchema {
    /// The valid versions, each with what follows from it.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        let flexible_from = self.flexible_from;
        self.valid
            .clone()
            .map(move |number| Version::new(number, flexible_from))
    }

    #[must_use]
    pub const fn stable(&self) -> RangeInclusive<i16> {
        let last = *self.valid.end();
        *self.valid.start()..=if self.latest_unstable { last - 1 } else { last }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Request,
    Response,
    /// What precedes a request or response.
    Header,
    /// A record of the metadata log, or of the log of remote segments.
    Metadata,
    /// The key of a record of a coordinator's log.
    CoordinatorKey,
    /// Its value.
    CoordinatorValue,
    /// Other persisted data.
    Data,
}

impl Type {
    /// The table of a struct.
    #[must_use]
    pub const fn body(self) -> &'static Schema {
        let Self::Struct(body) = self else {
            unreachable!();
        };
        body
    }
}
