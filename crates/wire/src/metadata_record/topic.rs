use ottla_model::TopicId;

use crate::{IntoOwned, Message, Str};

/// A topic exists.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 2, versions = 0, flexible = 0..)]
pub struct TopicRecord<'a> {
    pub name: Str<'a>,
    pub topic_id: TopicId,
}
