//! The names of topics that are Kafka's own.

/// The groups and what they have committed.
pub(crate) const GROUP_METADATA: &str = "__consumer_offsets";

/// What Kafka keeps in topics of its own: clients may read them, not write.
const INTERNAL: [&str; 3] = [GROUP_METADATA, "__transaction_state", "__share_group_state"];

/// The client id that may write them all the same.
pub(crate) const ADMIN_CLIENT_ID: &str = "__admin_client";

pub(crate) fn is_internal(topic: &str) -> bool {
    INTERNAL.contains(&topic)
}
