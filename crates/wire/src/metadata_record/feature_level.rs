use crate::{IntoOwned, Message, Str};

/// A feature has a level; at 0 it is gone.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 12, versions = 0, flexible = 0..)]
pub struct FeatureLevelRecord<'a> {
    pub name: Str<'a>,
    pub feature_level: i16,
}
