use std::sync::Arc;

use imbl::OrdMap;
use ottla_wire::metadata_record::{ConfigRecord, MetadataRecord};

/// What a config belongs to: type as on the wire (2 topic, 4 broker, 16 client metrics, 32 group) and name; of brokers the empty
/// name is the default of all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    pub kind: i8,
    pub name: Arc<str>,
}

impl Resource {
    pub const TOPIC: i8 = 2;
    pub const BROKER: i8 = 4;
    pub const BROKER_LOGGER: i8 = 8;
    pub const CLIENT_METRICS: i8 = 16;
    pub const GROUP: i8 = 32;
    pub const ALL: [i8; 5] = [
        Self::TOPIC,
        Self::BROKER,
        Self::BROKER_LOGGER,
        Self::CLIENT_METRICS,
        Self::GROUP,
    ];

    #[must_use]
    pub fn new(kind: i8, name: &str) -> Self {
        Self {
            kind,
            name: Arc::from(name),
        }
    }
}

/// The dynamic configs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configs {
    by_resource: OrdMap<Resource, OrdMap<Arc<str>, Arc<str>>>,
}

impl Configs {
    /// By name, ascending.
    pub fn of(&self, resource: &Resource) -> impl Iterator<Item = (&str, &str)> {
        let found = self.by_resource.get(resource).into_iter();
        found.flat_map(|configs| configs.iter().map(|(name, value)| (&**name, &**value)))
    }

    #[must_use]
    pub fn get(&self, resource: &Resource, name: &str) -> Option<&str> {
        self.by_resource
            .get(resource)?
            .get(name)
            .map(|value| &**value)
    }

    /// Each resource of the kind, with its configs.
    pub fn of_kind(
        &self,
        kind: i8,
    ) -> impl Iterator<Item = (&Resource, &OrdMap<Arc<str>, Arc<str>>)> {
        let first = Resource::new(kind, "");
        let resources = self.by_resource.range(first..);
        resources.take_while(move |(resource, _)| resource.kind == kind)
    }

    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.by_resource.keys()
    }

    pub(crate) fn set(&mut self, record: &ConfigRecord<'_>) {
        let resource = Resource::new(record.resource_type, &record.resource_name);
        match &record.value {
            Some(value) => {
                let configs = self.by_resource.entry(resource).or_default();
                configs.insert(Arc::from(&*record.name), Arc::from(&**value));
            }
            None => {
                let Some(configs) = self.by_resource.get_mut(&resource) else {
                    return;
                };
                configs.remove(&*record.name);
                if configs.is_empty() {
                    self.by_resource.remove(&resource);
                }
            }
        }
    }

    pub(crate) fn remove_resource(&mut self, resource: &Resource) {
        self.by_resource.remove(resource);
    }

    pub(crate) fn records(&self) -> Vec<MetadataRecord<'static>> {
        let mut records = Vec::new();
        for (resource, configs) in &self.by_resource {
            for (name, value) in configs {
                let record = ConfigRecord {
                    resource_type: resource.kind,
                    resource_name: resource.name.to_string().into(),
                    name: name.to_string().into(),
                    value: Some(value.to_string().into()),
                };
                records.push(record.into());
            }
        }
        records
    }
}
