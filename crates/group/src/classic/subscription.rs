//! What the members of a group of consumers subscribe to.

use ottla_wire::Message;
use ottla_wire::Str;
use ottla_wire::codec::{DecodeError, Reader};
use ottla_wire::consumer_protocol::ConsumerProtocolSubscription;
use rustc_hash::FxHashSet;

use super::group::ClassicGroup;

impl ClassicGroup {
    /// Whether a member may be subscribed to the topic: all are where the members are consumers and do not say it readably.
    #[must_use]
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscriptions {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    /// Whether it is known what the members subscribe to.
    #[must_use]
    pub fn subscriptions_known(&self) -> bool {
        self.subscriptions.is_some()
    }

    /// Of the members of this generation. `None` for what are not consumers, or when the metadata of one cannot be read.
    pub(super) fn read_subscriptions(&self) -> Option<FxHashSet<Box<str>>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        let mut all = FxHashSet::default();
        let protocol = self.protocol.as_deref().unwrap_or_default();
        for (_, member) in self.members.iter() {
            let metadata = member.terms.metadata(protocol);
            for topic in topics(&metadata).ok()? {
                if !all.contains(&*topic) {
                    all.insert(Box::from(&*topic));
                }
            }
        }
        Some(all)
    }
}

/// The topics stand first in every version, and nothing else is read: what clients write behind them is theirs.
fn topics(metadata: &[u8]) -> Result<Vec<Str<'_>>, DecodeError> {
    let mut reader = Reader::new(metadata);
    reader.i16()?;
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, 0)?;
    Ok(subscription.topics)
}
