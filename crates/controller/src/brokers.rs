use ottla_metadata::features;
use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, Uuid};
use ottla_wire::metadata_record::{
    BrokerEndpoint, BrokerFeature, BrokerRegistrationChangeRecord, ControllerEndpoint,
    ControllerFeature, MetadataRecord, RegisterBrokerRecord, RegisterControllerRecord,
    UnregisterBrokerRecord,
};

use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::partitions::Event;

/// Where a node can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub name: String,
    pub host: String,
    pub port: u16,
    /// As on the wire: 0 is PLAINTEXT.
    pub protocol: i16,
}

/// A node's account of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub id: NodeId,
    pub incarnation: Uuid,
    pub listeners: Vec<Listener>,
    pub rack: Option<String>,
    /// Ids of its log directories.
    pub directories: Vec<Uuid>,
    /// Of the incarnation that closed all its logs before it stopped; -1 where there was none.
    pub cleanly_stopped: BrokerEpoch,
}

/// The signs of a change record.
const FENCE: i8 = 1;
const UNFENCE: i8 = -1;
const SHUTTING_DOWN: i8 = 1;

impl Controller {
    pub(crate) fn check_epoch(&self, id: NodeId, epoch: BrokerEpoch) -> Result<(), Refusal> {
        match self.image.cluster().broker(id) {
            None => Err(Refusal::new(
                ErrorCode::BrokerIdNotRegistered,
                format!("broker {id} is not registered"),
            )),
            Some(broker) if broker.epoch() != epoch => {
                let message = format!(
                    "broker {id} has epoch {}, the request {epoch}",
                    broker.epoch()
                );
                Err(Refusal::new(ErrorCode::StaleBrokerEpoch, message))
            }
            Some(_) => Ok(()),
        }
    }

    /// The broker's incarnation is dead, if it was not fenced already.
    pub(crate) fn fence(&self, id: NodeId) -> Outcome {
        let broker = self.image.cluster().broker(id);
        let mut records = Vec::new();
        if let Some(broker) = broker.filter(|broker| !broker.is_fenced()) {
            records = self.partition_changes(Event::Left(id));
            records.push(fencing(id, broker.epoch(), FENCE));
        }
        Outcome::done(records)
    }

    /// A new incarnation. Unless the one before is known to have stopped cleanly, it may have lost records.
    pub(crate) fn register_broker(&self, registration: &Registration, next: Offset) -> Outcome {
        let id = registration.id;
        let mut records = match self.image.cluster().broker(id) {
            None => Vec::new(),
            Some(before) if before.epoch() == registration.cleanly_stopped => {
                self.partition_changes(Event::Left(id))
            }
            Some(_) => self.partition_changes(Event::Crashed(id)),
        };
        // As Kafka counts it: with changes before the registration, the epoch is the first of their offsets.
        let broker_epoch = BrokerEpoch(next.0);
        let end_points = registration
            .listeners
            .iter()
            .map(|listener| BrokerEndpoint {
                name: listener.name.clone().into(),
                host: listener.host.clone().into(),
                port: listener.port,
                security_protocol: listener.protocol,
            });
        let features = features::supported().map(|feature| BrokerFeature {
            name: feature.name.into(),
            min_supported_version: feature.min,
            max_supported_version: feature.max,
        });
        let has_directories = self.image.features().metadata_version().has_directories();
        let record = RegisterBrokerRecord {
            broker_id: registration.id,
            incarnation_id: registration.incarnation,
            broker_epoch,
            end_points: end_points.collect(),
            features: features.collect(),
            rack: registration.rack.clone().map(Into::into),
            fenced: true,
            log_dirs: if has_directories {
                registration.directories.clone()
            } else {
                Vec::new()
            },
            ..Default::default()
        };
        records.push(record.into());
        Outcome::of(records, Reply::Registered(broker_epoch))
    }

    /// The broker leads nothing and is in sync with nobody from now on. Its replicas stay assigned to it until they are reassigned.
    pub(crate) fn unregister_broker(&self, id: NodeId) -> Outcome {
        let Some(broker) = self.image.cluster().broker(id) else {
            let message = format!("Broker ID {id} is not currently registered");
            return Outcome::refused(Refusal::new(ErrorCode::BrokerIdNotRegistered, message));
        };
        let mut records = self.partition_changes(Event::Left(id));
        let record = UnregisterBrokerRecord {
            broker_id: id,
            broker_epoch: broker.epoch(),
        };
        records.push(record.into());
        Outcome::done(records)
    }

    pub(crate) fn register_controller(
        &self,
        registration: &Registration,
    ) -> Vec<MetadataRecord<'static>> {
        if !self
            .image
            .features()
            .metadata_version()
            .has_controller_registration()
        {
            return Vec::new();
        }
        let end_points = registration
            .listeners
            .iter()
            .map(|listener| ControllerEndpoint {
                name: listener.name.clone().into(),
                host: listener.host.clone().into(),
                port: listener.port,
                security_protocol: listener.protocol,
            });
        let features = features::supported().map(|feature| ControllerFeature {
            name: feature.name.into(),
            min_supported_version: feature.min,
            max_supported_version: feature.max,
        });
        let record = RegisterControllerRecord {
            controller_id: registration.id,
            incarnation_id: registration.incarnation,
            zk_migration_ready: false,
            end_points: end_points.collect(),
            features: features.collect(),
        };
        vec![record.into()]
    }

    /// The broker takes part from now on. It says with it which of its directories are closed to new partitions (KIP-1066).
    pub(crate) fn unfence(&self, id: NodeId, epoch: BrokerEpoch, cordoned: &[Uuid]) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let mut records = Vec::new();
        if !self.image.cluster().is_alive(id) {
            records.push(fencing(id, epoch, UNFENCE));
            records.extend(self.partition_changes(Event::Came(id)));
            records.extend(self.cordons(id, epoch, cordoned));
        }
        Outcome::done(records)
    }

    /// The broker gives up what it leads, to be fenced when it has seen that; at once where it leads nothing.
    pub(crate) fn shut_down(&self, id: NodeId, epoch: BrokerEpoch) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let topics = self.image.topics();
        let mut partitions = topics.iter().flat_map(|topic| topic.partitions());
        if !partitions.any(|(_, partition)| partition.leader == id) {
            return self.fence(id);
        }
        let record = BrokerRegistrationChangeRecord {
            broker_id: id,
            broker_epoch: epoch,
            in_controlled_shutdown: SHUTTING_DOWN,
            ..Default::default()
        };
        let mut records = vec![record.into()];
        records.extend(self.partition_changes(Event::Left(id)));
        Outcome::done(records)
    }
}

fn fencing(id: NodeId, epoch: BrokerEpoch, fenced: i8) -> MetadataRecord<'static> {
    BrokerRegistrationChangeRecord {
        broker_id: id,
        broker_epoch: epoch,
        fenced,
        ..Default::default()
    }
    .into()
}
