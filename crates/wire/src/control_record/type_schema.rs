use crate::{IntoOwned, Message};

/// The key of a control record.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0)]
pub struct ControlRecordTypeSchema {
    pub r#type: i16,
}
