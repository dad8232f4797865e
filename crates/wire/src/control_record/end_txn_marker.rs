use crate::{IntoOwned, Message};

/// A transaction ends here.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0)]
pub struct EndTxnMarker {
    pub coordinator_epoch: i32,
}
