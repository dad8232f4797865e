//! Who is in the quorum.

use ottla_model::{NodeId, Uuid};
use ottla_wire::control_record::{
    Endpoint as EndpointRecord, KRaftVersionFeature, Voter as VoterRecord,
};

/// The highest `kraft.version` this node works with.
pub const MAX_KRAFT_VERSION: i16 = 1;

/// One copy of the log. A node that has lost its disk comes back as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaKey {
    pub id: NodeId,
    /// Zero where it is not known.
    pub directory: Uuid,
}

impl ReplicaKey {
    /// Nobody.
    pub const NONE: Self = Self {
        id: NodeId::NONE,
        directory: Uuid::ZERO,
    };

    /// Whether a request for `self` is one for `other`: what it leaves open fits everybody.
    #[must_use]
    pub(crate) fn addresses(self, other: Self) -> bool {
        let is_directory = self.directory == Uuid::ZERO || self.directory == other.directory;
        self.id == NodeId::NONE || (self.id == other.id && is_directory)
    }
}

/// Where a controller listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name.
    pub name: String,
    pub host: String,
    pub port: u16,
}

/// A member of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Without a directory where the quorum is static and does not know it.
    pub key: ReplicaKey,
    pub endpoints: Vec<Endpoint>,
}

impl Voter {
    /// As the log and its snapshots keep it.
    #[must_use]
    pub fn record(&self) -> VoterRecord<'static> {
        let endpoints = self.endpoints.iter().map(|endpoint| EndpointRecord {
            name: endpoint.name.clone().into(),
            host: endpoint.host.clone().into(),
            port: endpoint.port,
        });
        VoterRecord {
            voter_id: self.key.id,
            voter_directory_id: self.key.directory,
            endpoints: endpoints.collect(),
            kraft_version_feature: KRaftVersionFeature {
                min_supported_version: 0,
                max_supported_version: MAX_KRAFT_VERSION,
            },
        }
    }

    /// The inverse of [`Voter::record`].
    #[must_use]
    pub fn from_record(record: VoterRecord<'_>) -> Self {
        let endpoints = record.endpoints.into_iter().map(|endpoint| Endpoint {
            name: endpoint.name.into_owned(),
            host: endpoint.host.into_owned(),
            port: endpoint.port,
        });
        Self {
            key: ReplicaKey {
                id: record.voter_id,
                directory: record.voter_directory_id,
            },
            endpoints: endpoints.collect(),
        }
    }
}
