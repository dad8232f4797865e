//! The whole state of a transactional id.

use ottla_model::{PartitionIndex, ProducerEpoch, ProducerId, Timestamp};

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 0, versions = 0)]
pub struct TransactionLogKey<'a> {
    pub transactional_id: Str<'a>,
}

/// Version 1 is for clusters whose `transaction.version` is 1 or more.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 0, versions = 0..=1, flexible = 1..)]
pub struct TransactionLogValue<'a> {
    pub producer_id: ProducerId,
    /// The id before the last transaction used it up, known to a client that ends that transaction once more. KIP-890.
    #[field(versions = 1.., tag = 0, default = ProducerId::NONE)]
    pub previous_producer_id: ProducerId,
    /// The id that follows when the epochs of this one are used up. KIP-890.
    #[field(versions = 1.., tag = 1, default = ProducerId::NONE)]
    pub next_producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    #[field(versions = 1.., tag = 3, default = ProducerEpoch::NONE)]
    pub next_producer_epoch: ProducerEpoch,
    pub transaction_timeout_ms: i32,
    pub transaction_status: i8,
    /// Null when no transaction is open.
    pub transaction_partitions: Option<Vec<PartitionsSchema<'a>>>,
    pub transaction_last_update_timestamp_ms: Timestamp,
    pub transaction_start_timestamp_ms: Timestamp,
    #[field(versions = 1.., tag = 2)]
    pub client_transaction_version: i16,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct PartitionsSchema<'a> {
    pub topic: Str<'a>,
    pub partition_ids: Vec<PartitionIndex>,
}
