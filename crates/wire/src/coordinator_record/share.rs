//! `__share_group_state`: what of a partition a share group has delivered and finished (KIP-932).

pub mod share_snapshot;
pub mod share_update;
pub mod state_batch;

use std::ops::RangeInclusive;

use bytes::Bytes;

use share_snapshot::{ShareSnapshotKey, ShareSnapshotValue};
use share_update::{ShareUpdateKey, ShareUpdateValue};

use super::{KEY_VERSION, coordinator_records};
use crate::codec::{DecodeError, Reader, Writer};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message, version_prefix};

coordinator_records! {
    /// Any record of `__share_group_state`.
    ShareRecord:
    0 ShareSnapshot(ShareSnapshotKey<'a>, ShareSnapshotValue);
    1 ShareUpdate(ShareUpdateKey<'a>, ShareUpdateValue);
}
