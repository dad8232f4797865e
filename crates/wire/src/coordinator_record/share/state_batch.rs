//! Records that were delivered alike.

use ottla_model::Offset;

use crate::{IntoOwned, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct StateBatch {
    pub first_offset: Offset,
    /// That of the last record, not the one behind it.
    pub last_offset: Offset,
    pub delivery_state: i8,
    pub delivery_count: i16,
}
