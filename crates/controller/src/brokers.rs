use ottla_metadata::features;
use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, Uuid};
use ottla_wire::metadata_record::{
    BrokerEndpoint, BrokerFeature, BrokerRegistrationChangeRecord, ControllerEndpoint,
    ControllerFeature, MetadataRecord, RegisterBrokerRecord, RegisterControllerRecord,
};

use crate::controller::{Controller, Outcome, Refusal, Reply};

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

    /// A new incarnation. That the node asks is proof that an earlier one is dead, for both would hold the same directory's lock:
    /// what it led is given up here, not when its session would have ended.
    pub(crate) fn register_broker(&self, registration: &Registration, next: Offset) -> Outcome {
        let mut records = self.give_up(registration.id, true);
        let broker_epoch = BrokerEpoch(next.0 + records.len() as i64);
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
        Outcome {
            records,
            reply: Reply::Registered(broker_epoch),
        }
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

    pub(crate) fn unfence(&self, id: NodeId, epoch: BrokerEpoch) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let mut records = Vec::new();
        if !self.image.cluster().is_alive(id) {
            records.push(change(id, epoch, UNFENCE, 0));
            records.extend(self.take_up(id));
        }
        Outcome::done(records)
    }

    pub(crate) fn shut_down(&self, id: NodeId, epoch: BrokerEpoch) -> Outcome {
        if let Err(refusal) = self.check_epoch(id, epoch) {
            return Outcome::refused(refusal);
        }
        let mut records = vec![change(id, epoch, FENCE, SHUTTING_DOWN)];
        records.extend(self.give_up(id, false));
        Outcome::done(records)
    }
}

fn change(
    id: NodeId,
    epoch: BrokerEpoch,
    fenced: i8,
    in_controlled_shutdown: i8,
) -> MetadataRecord<'static> {
    BrokerRegistrationChangeRecord {
        broker_id: id,
        broker_epoch: epoch,
        fenced,
        in_controlled_shutdown,
        ..Default::default()
    }
    .into()
}
