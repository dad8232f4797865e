use crate::{IntoOwned, Message, Str};

/// The eligible leader replicas of a topic, or of all with an empty name, are forgotten.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 28, versions = 0, flexible = 0..)]
pub struct ClearElrRecord<'a> {
    pub topic_name: Str<'a>,
}
