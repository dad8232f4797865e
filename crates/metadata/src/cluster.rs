use std::ops::RangeInclusive;

use imbl::OrdMap;
use ottla_model::{BrokerEpoch, NodeId, Uuid};
use ottla_wire::IntoOwned;
use ottla_wire::metadata_record::{
    BrokerRegistrationChangeRecord, MetadataRecord, RegisterBrokerRecord, RegisterControllerRecord,
};

use crate::ApplyError;

/// The name, host and port of a listener as registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    pub name: &'a str,
    pub host: &'a str,
    pub port: u16,
}

/// A broker's registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    registration: RegisterBrokerRecord<'static>,
}

impl Broker {
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.registration.broker_id
    }

    #[must_use]
    pub fn epoch(&self) -> BrokerEpoch {
        self.registration.broker_epoch
    }

    #[must_use]
    pub fn incarnation(&self) -> Uuid {
        self.registration.incarnation_id
    }

    /// It may lead nothing and is shown to no client.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.registration.fenced
    }

    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.registration.in_controlled_shutdown
    }

    #[must_use]
    pub fn rack(&self) -> Option<&str> {
        self.registration.rack.as_deref()
    }

    /// The ids of its log directories.
    #[must_use]
    pub fn log_dirs(&self) -> &[Uuid] {
        &self.registration.log_dirs
    }

    /// The ids of those that take no new partitions; `None` where it has not said so yet.
    #[must_use]
    pub fn cordoned_log_dirs(&self) -> Option<&[Uuid]> {
        self.registration.cordoned_log_dirs.as_deref()
    }

    /// Whether it takes no new partitions, for all of its directories are cordoned (KIP-1066).
    #[must_use]
    pub fn is_cordoned(&self) -> bool {
        let cordoned = self.cordoned_log_dirs().unwrap_or_default();
        let log_dirs = self.log_dirs();
        !log_dirs.is_empty() && log_dirs.iter().all(|id| cordoned.contains(id))
    }

    /// The levels of a feature that it can work with; 0 alone where it does not know the feature.
    #[must_use]
    pub fn supports(&self, feature: &str) -> RangeInclusive<i16> {
        let mut features = self.registration.features.iter();
        let found = features.find(|known| known.name == feature);
        found.map_or(0..=0, |known| {
            known.min_supported_version..=known.max_supported_version
        })
    }

    pub fn endpoints(&self) -> impl Iterator<Item = Endpoint<'_>> {
        let endpoints = self.registration.end_points.iter();
        endpoints.map(|point| Endpoint {
            name: &point.name,
            host: &point.host,
            port: point.port,
        })
    }
}

/// A controller's registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    registration: RegisterControllerRecord<'static>,
}

impl Controller {
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.registration.controller_id
    }

    #[must_use]
    pub fn incarnation(&self) -> Uuid {
        self.registration.incarnation_id
    }

    /// The levels of a feature that it can work with; 0 alone where it does not know the feature.
    #[must_use]
    pub fn supports(&self, feature: &str) -> RangeInclusive<i16> {
        let mut features = self.registration.features.iter();
        let found = features.find(|known| known.name == feature);
        found.map_or(0..=0, |known| {
            known.min_supported_version..=known.max_supported_version
        })
    }

    pub fn endpoints(&self) -> impl Iterator<Item = Endpoint<'_>> {
        let endpoints = self.registration.end_points.iter();
        endpoints.map(|point| Endpoint {
            name: &point.name,
            host: &point.host,
            port: point.port,
        })
    }
}

/// The nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    brokers: OrdMap<NodeId, Broker>,
    controllers: OrdMap<NodeId, Controller>,
}

impl Cluster {
    pub fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.values()
    }

    #[must_use]
    pub fn broker(&self, id: NodeId) -> Option<&Broker> {
        self.brokers.get(&id)
    }

    pub fn controllers(&self) -> impl Iterator<Item = &Controller> {
        self.controllers.values()
    }

    #[must_use]
    pub fn controller(&self, id: NodeId) -> Option<&Controller> {
        self.controllers.get(&id)
    }

    /// Registered and not fenced: it can lead, and clients can be sent to it.
    #[must_use]
    pub fn is_alive(&self, id: NodeId) -> bool {
        self.brokers
            .get(&id)
            .is_some_and(|broker| !broker.is_fenced())
    }

    /// Alive and not about to stop: it can begin to lead.
    #[must_use]
    pub fn is_active(&self, id: NodeId) -> bool {
        self.brokers
            .get(&id)
            .is_some_and(|broker| !broker.is_fenced() && !broker.is_shutting_down())
    }

    pub(crate) fn register_broker(&mut self, record: &RegisterBrokerRecord<'_>) {
        self.brokers.insert(
            record.broker_id,
            Broker {
                registration: record.clone().into_owned(),
            },
        );
    }

    pub(crate) fn register_controller(&mut self, record: &RegisterControllerRecord<'_>) {
        let registration = record.clone().into_owned();
        self.controllers
            .insert(record.controller_id, Controller { registration });
    }

    pub(crate) fn unregister_broker(
        &mut self,
        id: NodeId,
        epoch: BrokerEpoch,
    ) -> Result<(), ApplyError> {
        self.registered(id, epoch)?;
        self.brokers.remove(&id);
        Ok(())
    }

    pub(crate) fn set_fenced(
        &mut self,
        id: NodeId,
        epoch: BrokerEpoch,
        fenced: bool,
    ) -> Result<(), ApplyError> {
        self.registered(id, epoch)?.fenced = fenced;
        Ok(())
    }

    pub(crate) fn change_broker(
        &mut self,
        record: &BrokerRegistrationChangeRecord,
    ) -> Result<(), ApplyError> {
        let registration = self.registered(record.broker_id, record.broker_epoch)?;
        match record.fenced {
            0 => {}
            sign => registration.fenced = sign > 0,
        }
        registration.in_controlled_shutdown |= record.in_controlled_shutdown > 0;
        if !record.log_dirs.is_empty() {
            registration.log_dirs.clone_from(&record.log_dirs);
        }
        if record.cordoned_log_dirs.is_some() {
            registration
                .cordoned_log_dirs
                .clone_from(&record.cordoned_log_dirs);
        }
        Ok(())
    }

    fn registered(
        &mut self,
        id: NodeId,
        epoch: BrokerEpoch,
    ) -> Result<&mut RegisterBrokerRecord<'static>, ApplyError> {
        let broker = self
            .brokers
            .get_mut(&id)
            .filter(|broker| broker.epoch() == epoch);
        broker
            .map(|broker| &mut broker.registration)
            .ok_or(ApplyError::UnknownBroker(id, epoch))
    }

    pub(crate) fn records(&self) -> Vec<MetadataRecord<'static>> {
        let brokers = self
            .brokers
            .values()
            .map(|broker| broker.registration.clone().into());
        let controllers = self
            .controllers
            .values()
            .map(|controller| controller.registration.clone().into());
        brokers.chain(controllers).collect()
    }
}
