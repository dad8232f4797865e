use std::sync::Arc;

use imbl::OrdMap;
use ottla_model::{BrokerEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicId};
use ottla_wire::metadata_record::{FeatureLevelRecord, MetadataRecord, ProducerIdsRecord};
use thiserror::Error;

use crate::client_quotas::ClientQuotas;
use crate::cluster::Cluster;
use crate::configs::{Configs, Resource};
use crate::features::{KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use crate::kept::Kept;
use crate::scram::ScramCredentials;
use crate::topics::Topics;

/// A record that does not fit what came before it. The log is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplyError {
    #[error("topic id {0} is not known")]
    UnknownTopic(TopicId),
    #[error("topic id {0} has no partition {1}")]
    UnknownPartition(TopicId, PartitionIndex),
    #[error("topic {0} exists already")]
    TopicExists(String),
    #[error("topic id {0} is another topic's already")]
    TopicIdExists(TopicId),
    #[error("broker {0} is not registered with epoch {1}")]
    UnknownBroker(NodeId, BrokerEpoch),
    #[error("a metadata transaction begins within another or ends without one at offset {0}")]
    Transaction(Offset),
}

/// The finalized features. `kraft.version` is not among them: the quorum keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureLevels {
    levels: OrdMap<Arc<str>, i16>,
}

impl FeatureLevels {
    pub fn finalized(&self) -> impl Iterator<Item = (&str, i16)> {
        self.levels.iter().map(|(name, level)| (&**name, *level))
    }

    /// 0 where a feature is off.
    #[must_use]
    pub fn level(&self, name: &str) -> i16 {
        self.levels.get(name).copied().unwrap_or(0)
    }

    /// The lowest supported one until the log names another.
    #[must_use]
    pub fn metadata_version(&self) -> MetadataVersion {
        self.levels
            .get(METADATA_VERSION)
            .map_or(MetadataVersion::MIN, |level| MetadataVersion(*level))
    }

    fn set(&mut self, record: &FeatureLevelRecord<'_>) {
        if record.name == KRAFT_VERSION {
            // Some releases wrote one; it means nothing here (KAFKA-18979).
            return;
        }
        if record.feature_level == 0 {
            self.levels.remove(&*record.name);
        } else {
            self.levels
                .insert(Arc::from(&*record.name), record.feature_level);
        }
    }
}

/// The cluster as of an offset of the metadata log.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    offset: Offset,
    features: FeatureLevels,
    cluster: Cluster,
    topics: Topics,
    configs: Configs,
    client_quotas: ClientQuotas,
    scram: ScramCredentials,
    producer_ids: Option<ProducerIdsRecord>,
    kept: Kept,
}

impl Default for Image {
    /// Before the first record.
    fn default() -> Self {
        Self {
            offset: Offset::UNKNOWN,
            features: FeatureLevels::default(),
            cluster: Cluster::default(),
            topics: Topics::default(),
            configs: Configs::default(),
            client_quotas: ClientQuotas::default(),
            scram: ScramCredentials::default(),
            producer_ids: None,
            kept: Kept::default(),
        }
    }
}

impl Image {
    /// Of the last record applied; -1 before the first.
    #[must_use]
    pub fn offset(&self) -> Offset {
        self.offset
    }

    #[must_use]
    pub fn features(&self) -> &FeatureLevels {
        &self.features
    }

    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    #[must_use]
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    #[must_use]
    pub fn configs(&self) -> &Configs {
        &self.configs
    }

    #[must_use]
    pub fn client_quotas(&self) -> &ClientQuotas {
        &self.client_quotas
    }

    #[must_use]
    pub fn scram(&self) -> &ScramCredentials {
        &self.scram
    }

    /// The first producer id that nobody has been given.
    #[must_use]
    pub fn next_producer_id(&self) -> ProducerId {
        self.producer_ids
            .as_ref()
            .map_or(ProducerId(0), |ids| ids.next_producer_id)
    }

    /// Takes up one record. Those of a transaction go through [`TransactionBuffer`](crate::TransactionBuffer) first.
    ///
    /// # Errors
    /// When the record does not fit what came before.
    ///
    /// # Panics
    /// When `offset` is not above that of the last record.
    pub fn apply(&mut self, record: &MetadataRecord<'_>, offset: Offset) -> Result<(), ApplyError> {
        assert!(
            offset > self.offset,
            "records are applied in order: {offset} after {}",
            self.offset
        );
        match record {
            MetadataRecord::RegisterBroker(record) => self.cluster.register_broker(record),
            MetadataRecord::UnregisterBroker(record) => {
                self.cluster
                    .unregister_broker(record.broker_id, record.broker_epoch)?;
            }
            MetadataRecord::FenceBroker(record) => {
                self.cluster.set_fenced(record.id, record.epoch, true)?
            }
            MetadataRecord::UnfenceBroker(record) => {
                self.cluster.set_fenced(record.id, record.epoch, false)?
            }
            MetadataRecord::BrokerRegistrationChange(record) => {
                self.cluster.change_broker(record)?
            }
            MetadataRecord::RegisterController(record) => self.cluster.register_controller(record),
            MetadataRecord::Topic(record) => self.topics.add(record)?,
            MetadataRecord::Partition(record) => self.topics.set_partition(record)?,
            MetadataRecord::PartitionChange(record) => self.topics.change_partition(record)?,
            MetadataRecord::RemoveTopic(record) => {
                let name = self.topics.remove(record.topic_id)?;
                self.configs.remove_resource(&Resource {
                    kind: Resource::TOPIC,
                    name,
                });
            }
            MetadataRecord::ClearElr(record) => self.topics.clear_elr(&record.topic_name),
            MetadataRecord::Config(record) => self.configs.set(record),
            MetadataRecord::FeatureLevel(record) => self.features.set(record),
            MetadataRecord::ProducerIds(record) => self.producer_ids = Some(record.clone()),
            MetadataRecord::ClientQuota(record) => self.client_quotas.set(record),
            MetadataRecord::UserScramCredential(record) => self.scram.set(record),
            MetadataRecord::RemoveUserScramCredential(record) => self.scram.remove(record),
            MetadataRecord::NoOp(_)
            | MetadataRecord::ZkMigrationState(_)
            | MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => {}
            other => {
                let is_kept = self.kept.apply(other);
                assert!(is_kept, "{} has a place in the image", other.name());
            }
        }
        self.offset = offset;
        Ok(())
    }

    /// The image that a snapshot's records make; `offset` is that of the last record the snapshot contains.
    ///
    /// # Errors
    /// When the records do not fit each other.
    pub fn restore<'a>(
        records: impl IntoIterator<Item = MetadataRecord<'a>>,
        offset: Offset,
    ) -> Result<Self, ApplyError> {
        let mut image = Self::default();
        for (position, record) in (0..).zip(records) {
            image.apply(&record, Offset(position))?;
        }
        Ok(Self { offset, ..image })
    }

    /// Records that make this image of an empty one: the contents of a snapshot.
    #[must_use]
    pub fn records(&self) -> Vec<MetadataRecord<'static>> {
        let mut features: Vec<(&str, i16)> = self.features.finalized().collect();
        // Whoever reads on must know the metadata version first.
        features.sort_by_key(|(name, _)| (*name != METADATA_VERSION, *name));
        let mut records: Vec<MetadataRecord<'static>> = features
            .into_iter()
            .map(|(name, feature_level)| {
                FeatureLevelRecord {
                    name: name.to_owned().into(),
                    feature_level,
                }
                .into()
            })
            .collect();
        records.extend(self.cluster.records());
        records.extend(self.topics.records());
        records.extend(self.configs.records());
        records.extend(self.client_quotas.records());
        records.extend(self.scram.records());
        records.extend(self.producer_ids.iter().cloned().map(Into::into));
        records.extend(self.kept.records());
        records
    }
}
