use ottla_config::{Settings, TopicConfig};
use ottla_metadata::features::{self, ELIGIBLE_LEADER_REPLICAS, METADATA_VERSION, MetadataVersion};
use ottla_metadata::{ApplyError, Image, QuotaEntity, Resource, TransactionBuffer};
use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, PartitionIndex, ProducerId, Uuid};
use ottla_timeline::Timeline;
use ottla_wire::metadata_record::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord,
    MetadataRecord, ProducerIdsRecord,
};

use crate::brokers::Registration;
use crate::client_quotas::QuotaAlteration;
use crate::config_change::Alteration;
use crate::directories::AssignedDirectory;
use crate::elections::{Election, PartitionResults};
use crate::feature_update::FeatureUpdate;
use crate::operation::Permits;
use crate::reassignments::Reassignment;
use crate::scram::ScramAlteration;
use crate::topics::{CreatedTopic, NewPartitions, NewTopic, TopicName};

/// Producer ids handed out at once.
const PRODUCER_ID_BLOCK: i64 = 1000;

/// What the configuration says to the controller.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose controller it is.
    pub node: NodeId,
    /// What topics inherit.
    pub settings: Settings,
    pub default_partitions: i32,
    pub default_replication_factor: i16,
    /// `delete.topic.enable`
    pub deletes_topics: bool,
    /// What a cluster without records begins with.
    pub bootstrap: Vec<MetadataRecord<'static>>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// What the controller is asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// This node leads the quorum now.
    Activate,
    RegisterBroker(Registration),
    RegisterController(Registration),
    /// The broker has caught up with its registration and takes part.
    Unfence {
        broker: NodeId,
        epoch: BrokerEpoch,
        /// Its directories that take no new partitions.
        cordoned: Vec<Uuid>,
    },
    /// The broker's incarnation is known to be dead.
    Fence {
        broker: NodeId,
    },
    /// The broker is about to stop, and leads nothing from now on.
    ShutDown {
        broker: NodeId,
        epoch: BrokerEpoch,
    },
    /// Where the broker has some of its replicas.
    AssignDirectories {
        broker: NodeId,
        epoch: BrokerEpoch,
        assigned: Vec<AssignedDirectory>,
    },
    /// Directories of the broker that it can use no more.
    FailDirectories {
        broker: NodeId,
        epoch: BrokerEpoch,
        failed: Vec<Uuid>,
    },
    /// The directories of the broker that take no new partitions from now on, and no others (KIP-1066).
    CordonDirectories {
        broker: NodeId,
        epoch: BrokerEpoch,
        cordoned: Vec<Uuid>,
    },
    CreateTopics {
        topics: Vec<NewTopic>,
        validate_only: bool,
        permits: Permits,
    },
    DeleteTopics {
        topics: Vec<TopicName>,
        permits: Permits,
    },
    CreatePartitions {
        topics: Vec<NewPartitions>,
        validate_only: bool,
        permits: Permits,
    },
    AlterConfigs {
        alterations: Vec<Alteration>,
        validate_only: bool,
    },
    AllocateProducerIds {
        broker: NodeId,
        epoch: BrokerEpoch,
    },
    ElectLeaders {
        election: Election,
        /// `None` for all there are.
        partitions: Option<Vec<(String, Vec<PartitionIndex>)>>,
    },
    AlterPartitionReassignments {
        topics: Vec<(String, Vec<Reassignment>)>,
        allow_replication_factor_change: bool,
    },
    UpdateFeatures {
        updates: Vec<FeatureUpdate>,
        validate_only: bool,
    },
    AlterClientQuotas {
        alterations: Vec<QuotaAlteration>,
        validate_only: bool,
    },
    AlterUserScramCredentials(Vec<ScramAlteration>),
    /// The broker is gone for good.
    UnregisterBroker {
        broker: NodeId,
    },
}

/// What it answers, per item in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Done,
    Refused(Refusal),
    Registered(BrokerEpoch),
    TopicsCreated(Vec<Result<CreatedTopic, Refusal>>),
    TopicsDeleted(Vec<Result<CreatedTopic, Refusal>>),
    Items(Vec<Result<(), Refusal>>),
    /// How many each topic got.
    PartitionsCreated(Vec<Result<usize, Refusal>>),
    Partitions(Vec<PartitionResults>),
    /// By entity, each once.
    QuotasAltered(Vec<(QuotaEntity, Result<(), Refusal>)>),
    /// By user, each once.
    ScramAltered(Vec<(String, Result<(), Refusal>)>),
    ProducerIds {
        first: ProducerId,
        count: i64,
    },
}

/// Records to append, and what to say when they are committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub records: Vec<MetadataRecord<'static>>,
    /// All of them in one batch, or none: what a client asks is done as a whole. What happens to brokers may be written
    /// down in pieces, for it is found out again if there is no time for all.
    pub is_atomic: bool,
    /// The level to which the quorum goes, which it writes down in a batch of its own before the records: who dies in between has
    /// gone up to it all the same.
    pub kraft_version: Option<i16>,
    pub reply: Reply,
}

impl Outcome {
    pub(crate) fn of(records: Vec<MetadataRecord<'static>>, reply: Reply) -> Self {
        Self {
            records,
            is_atomic: false,
            kraft_version: None,
            reply,
        }
    }

    pub(crate) fn atomic(records: Vec<MetadataRecord<'static>>, reply: Reply) -> Self {
        Self {
            is_atomic: true,
            ..Self::of(records, reply)
        }
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::of(Vec::new(), Reply::Refused(refusal))
    }

    pub(crate) fn done(records: Vec<MetadataRecord<'static>>) -> Self {
        Self::of(records, Reply::Done)
    }
}

/// The cluster as of the last record appended, committed or not; and as of the last one committed.
#[derive(Clone, Debug)]
pub struct Controller {
    pub(crate) options: Options,
    pub(crate) image: Image,
    transaction: TransactionBuffer,
    /// What the two above were behind each batch that is not committed.
    timeline: Timeline<Offset, (Image, TransactionBuffer)>,
}

impl Controller {
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            image: Image::default(),
            transaction: TransactionBuffer::default(),
            timeline: Timeline::new(Offset::ZERO, <_>::default()),
        }
    }

    /// Begins with what a snapshot holds.
    #[must_use]
    pub fn with_image(self, image: Image) -> Self {
        let state = (image.clone(), TransactionBuffer::default());
        Self {
            timeline: Timeline::new(image.offset().next(), state),
            image,
            ..self
        }
    }

    /// Takes up a record of the log. Those of a batch are followed by [`appended`](Self::appended).
    ///
    /// # Errors
    /// When the log is not what it should be.
    pub fn replay(
        &mut self,
        record: &MetadataRecord<'_>,
        offset: Offset,
    ) -> Result<(), ApplyError> {
        self.transaction.take(&mut self.image, record, offset)
    }

    /// The records replayed since the last call are one batch, and the log ends at `end` with it.
    pub fn appended(&mut self, end: Offset) {
        self.timeline
            .push(end, (self.image.clone(), self.transaction.clone()));
    }

    /// Everything below `offset` is committed. Gives the committed image if there is a new one.
    pub fn commit(&mut self, offset: Offset) -> Option<&Image> {
        self.timeline.commit(offset).map(|(image, _)| image)
    }

    /// Takes back every batch that does not end at or below `offset`: another leader's log goes on there.
    pub fn roll_back(&mut self, offset: Offset) {
        self.timeline.roll_back(offset);
        (self.image, self.transaction) = self.timeline.newest().clone();
    }

    /// As of the last record replayed.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// As of the last batch committed.
    #[must_use]
    pub fn committed(&self) -> &Image {
        &self.timeline.committed().0
    }

    /// Whether records of the log wait for their transaction to end.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_open()
    }

    /// `next` is the offset that the first of the records will get. `kraft_version` is the quorum's own level, as of the last record
    /// of its log: it is not in the metadata.
    #[must_use]
    pub fn handle(&self, request: &Request, next: Offset, kraft_version: i16) -> Outcome {
        match request {
            Request::Activate => Outcome::done(self.activate()),
            Request::RegisterBroker(registration) => self.register_broker(registration, next),
            Request::RegisterController(registration) => {
                Outcome::done(self.register_controller(registration))
            }
            Request::Unfence {
                broker,
                epoch,
                cordoned,
            } => self.unfence(*broker, *epoch, cordoned),
            Request::Fence { broker } => self.fence(*broker),
            Request::ShutDown { broker, epoch } => self.shut_down(*broker, *epoch),
            Request::AssignDirectories {
                broker,
                epoch,
                assigned,
            } => self.assign_directories(*broker, *epoch, assigned),
            Request::FailDirectories {
                broker,
                epoch,
                failed,
            } => self.fail_directories(*broker, *epoch, failed),
            Request::CordonDirectories {
                broker,
                epoch,
                cordoned,
            } => self.cordon_directories(*broker, *epoch, cordoned),
            Request::CreateTopics {
                topics,
                validate_only,
                permits,
            } => self.create_topics(topics, *validate_only, *permits),
            Request::DeleteTopics { topics, permits } => self.delete_topics(topics, *permits),
            Request::CreatePartitions {
                topics,
                validate_only,
                permits,
            } => self.create_partitions(topics, *validate_only, *permits),
            Request::AlterConfigs {
                alterations,
                validate_only,
            } => self.alter_configs(alterations, *validate_only),
            Request::AllocateProducerIds { broker, epoch } => {
                self.allocate_producer_ids(*broker, *epoch)
            }
            Request::ElectLeaders {
                election,
                partitions,
            } => self.elect_leaders(*election, partitions.as_deref()),
            Request::AlterPartitionReassignments {
                topics,
                allow_replication_factor_change,
            } => self.alter_partition_reassignments(topics, *allow_replication_factor_change),
            Request::UpdateFeatures {
                updates,
                validate_only,
            } => self.update_features(updates, kraft_version, *validate_only),
            Request::AlterClientQuotas {
                alterations,
                validate_only,
            } => self.alter_client_quotas(alterations, *validate_only),
            Request::AlterUserScramCredentials(alterations) => {
                self.alter_scram_credentials(alterations)
            }
            Request::UnregisterBroker { broker } => self.unregister_broker(*broker),
        }
    }

    /// The first records of a cluster. Before them, or alone, the end of what an earlier leader left open.
    fn activate(&self) -> Vec<MetadataRecord<'static>> {
        let mut records: Vec<MetadataRecord<'static>> = Vec::new();
        if self.is_in_transaction() {
            let reason = Some("Controller failover".into());
            records.push(AbortTransactionRecord { reason }.into());
        }
        if self.image.features().level(METADATA_VERSION) > 0 {
            return records;
        }
        let bootstrap = &self.options.bootstrap;
        let level = |name| features::level_in(bootstrap, name);
        let version = MetadataVersion(level(METADATA_VERSION));
        if version.has_transactions() {
            let name = Some("Bootstrap records".into());
            records.push(BeginTransactionRecord { name }.into());
        }
        records.extend(bootstrap.iter().cloned());
        if level(ELIGIBLE_LEADER_REPLICAS) > 0 {
            // With eligible leaders the minimum must be the cluster's, not each broker's.
            let minimum = TopicConfig::new(&self.options.settings, std::iter::empty());
            let record = ConfigRecord {
                resource_type: Resource::BROKER,
                resource_name: "".into(),
                name: "min.insync.replicas".into(),
                value: Some(minimum.min_insync_replicas().to_string().into()),
            };
            records.push(record.into());
        }
        if version.has_transactions() {
            records.push(EndTransactionRecord::default().into());
        }
        records
    }

    fn allocate_producer_ids(&self, broker: NodeId, epoch: BrokerEpoch) -> Outcome {
        if let Err(refusal) = self.check_epoch(broker, epoch) {
            return Outcome::refused(refusal);
        }
        let first = self.image.next_producer_id();
        let next_producer_id = ProducerId(first.0 + PRODUCER_ID_BLOCK);
        let record = ProducerIdsRecord {
            broker_id: broker,
            broker_epoch: epoch,
            next_producer_id,
        };
        let reply = Reply::ProducerIds {
            first,
            count: PRODUCER_ID_BLOCK,
        };
        Outcome::atomic(vec![record.into()], reply)
    }
}
