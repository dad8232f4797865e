//! What is configured of consumer groups, of all and of single ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::consumer::ConsumerSettings;

/// What a group's own configuration says otherwise than the node's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsumerOverrides {
    /// `consumer.session.timeout.ms`.
    pub session_timeout: Option<Duration>,
    /// `consumer.heartbeat.interval.ms`.
    pub heartbeat_interval: Option<Duration>,
    /// `consumer.assignment.interval.ms`.
    pub assignment_interval: Option<Duration>,
}

/// The node's word, and that of the groups which have one of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfigs {
    pub node: ConsumerSettings,
    pub groups: Arc<BTreeMap<Arc<str>, ConsumerOverrides>>,
}

impl From<ConsumerSettings> for ConsumerConfigs {
    fn from(node: ConsumerSettings) -> Self {
        Self {
            node,
            groups: Arc::default(),
        }
    }
}

impl ConsumerConfigs {
    pub(crate) fn of(&self, group: &str) -> ConsumerSettings {
        let node = self.node.clone();
        let Some(own) = self.groups.get(group) else {
            return node;
        };
        ConsumerSettings {
            session_timeout: own.session_timeout.unwrap_or(node.session_timeout),
            heartbeat_interval: own.heartbeat_interval.unwrap_or(node.heartbeat_interval),
            assignment_interval: own.assignment_interval.unwrap_or(node.assignment_interval),
            ..node
        }
    }
}
