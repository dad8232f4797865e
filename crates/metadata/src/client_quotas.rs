use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use ottla_wire::metadata_record::{ClientQuotaRecord, EntityData, MetadataRecord};

/// Whom a quota is for: parts by their type (`user`, `client-id`, `ip`), with a name, or `None` for all that have none of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotaEntity(BTreeMap<Arc<str>, Option<Arc<str>>>);

impl QuotaEntity {
    pub const USER: &str = "user";
    pub const CLIENT_ID: &str = "client-id";
    pub const IP: &str = "ip";

    /// Of a type that is named twice the last one counts.
    #[must_use]
    pub fn new<'a>(parts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let parts = parts.into_iter();
        Self(
            parts
                .map(|(kind, name)| (Arc::from(kind), name.map(Arc::from)))
                .collect(),
        )
    }

    /// By type, ascending.
    pub fn parts(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(kind, name)| (&**kind, name.as_deref()))
    }

    /// `None` without a part of that type; its name otherwise, `Some(None)` where it stands for all.
    #[must_use]
    pub fn part(&self, kind: &str) -> Option<Option<&str>> {
        self.0.get(kind).map(Option::as_deref)
    }

    fn of(record: &ClientQuotaRecord<'_>) -> Self {
        let parts = record.entity.iter();
        Self::new(parts.map(|part| (&*part.entity_type, part.entity_name.as_deref())))
    }

    fn record(&self) -> Vec<EntityData<'static>> {
        let parts = self.parts().map(|(kind, name)| EntityData {
            entity_type: kind.to_owned().into(),
            entity_name: name.map(|name| name.to_owned().into()),
        });
        parts.collect()
    }

    /// The record that sets a quota of this entity, or with `None` removes it.
    #[must_use]
    pub fn quota(&self, key: &str, value: Option<f64>) -> MetadataRecord<'static> {
        ClientQuotaRecord {
            entity: self.record(),
            key: key.to_owned().into(),
            value: value.unwrap_or(0.0),
            remove: value.is_none(),
        }
        .into()
    }
}

/// The quotas of clients: limits by key (`producer_byte_rate`, …) for each entity that has any (KIP-546).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientQuotas {
    by_entity: OrdMap<QuotaEntity, OrdMap<Arc<str>, f64>>,
}

impl ClientQuotas {
    pub fn entities(&self) -> impl Iterator<Item = &QuotaEntity> {
        self.by_entity.keys()
    }

    /// By key, ascending.
    pub fn of(&self, entity: &QuotaEntity) -> impl Iterator<Item = (&str, f64)> {
        let found = self.by_entity.get(entity).into_iter();
        found.flat_map(|quotas| quotas.iter().map(|(key, value)| (&**key, *value)))
    }

    #[must_use]
    pub fn get(&self, entity: &QuotaEntity, key: &str) -> Option<f64> {
        self.by_entity.get(entity)?.get(key).copied()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }

    pub(crate) fn set(&mut self, record: &ClientQuotaRecord<'_>) {
        let entity = QuotaEntity::of(record);
        let mut quotas = self.by_entity.remove(&entity).unwrap_or_default();
        // What is no number limits nothing, and an image that held it would not equal itself.
        if record.remove || record.value.is_nan() {
            quotas.remove(&*record.key);
        } else {
            quotas.insert(Arc::from(&*record.key), record.value);
        }
        if !quotas.is_empty() {
            self.by_entity.insert(entity, quotas);
        }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = MetadataRecord<'static>> {
        let entities = self.by_entity.iter();
        entities.flat_map(|(entity, quotas)| {
            quotas
                .iter()
                .map(|(key, value)| entity.quota(key, Some(*value)))
        })
    }
}
