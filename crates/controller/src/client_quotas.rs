//! Quotas of clients are set and removed (KIP-546, KIP-612, KIP-599).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ottla_metadata::QuotaEntity;
use ottla_model::ErrorCode;
use ottla_wire::metadata_record::MetadataRecord;

use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::operation::Operation;

/// Changes to the quotas of one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaAlteration {
    pub entity: QuotaEntity,
    /// By key; `None` removes.
    pub changes: Vec<(String, Option<f64>)>,
}

/// What values a quota can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// Bytes a second.
    Long,
    /// Connections a second.
    Int,
    Double,
}

/// Of users and clients, and of both.
const OF_CLIENTS: [(&str, Number); 4] = [
    ("producer_byte_rate", Number::Long),
    ("consumer_byte_rate", Number::Long),
    ("request_percentage", Number::Double),
    ("controller_mutation_rate", Number::Double),
];

const OF_ADDRESSES: [(&str, Number); 1] = [("connection_creation_rate", Number::Int)];

impl Controller {
    pub(crate) fn alter_client_quotas(
        &self,
        alterations: &[QuotaAlteration],
        validate_only: bool,
    ) -> Outcome {
        let mut by_entity: BTreeMap<&QuotaEntity, Vec<&QuotaAlteration>> = BTreeMap::new();
        for alteration in alterations {
            by_entity
                .entry(&alteration.entity)
                .or_default()
                .push(alteration);
        }
        let mut operation = Operation::default();
        let mut results = Vec::new();
        for (entity, alterations) in by_entity {
            let altered = match alterations[..] {
                [only] => self.alter_quotas(only),
                _ => Err(invalid("the entity is named more than once".to_owned())),
            };
            let result = match altered.map(|records| operation.add(records)) {
                Ok(Err(too_large)) => return Outcome::refused(too_large),
                Ok(Ok(())) => Ok(()),
                Err(refusal) => Err(refusal),
            };
            results.push((entity.clone(), result));
        }
        Outcome::atomic(
            operation.records(validate_only),
            Reply::QuotasAltered(results),
        )
    }

    fn alter_quotas(
        &self,
        alteration: &QuotaAlteration,
    ) -> Result<Vec<MetadataRecord<'static>>, Refusal> {
        let QuotaAlteration { entity, changes } = alteration;
        let mut seen = BTreeSet::new();
        if let Some((twice, _)) = changes.iter().find(|(key, _)| !seen.insert(key)) {
            return Err(invalid(format!("{twice} is named more than once")));
        }
        let known = keys_of(entity).map_err(invalid)?;
        let mut records = Vec::new();
        for (key, value) in changes {
            if let Some(value) = value {
                check_value(known, key, *value).map_err(invalid)?;
            }
            if self.image.client_quotas().get(entity, key) != *value {
                records.push(entity.quota(key, *value));
            }
        }
        Ok(records)
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}

/// The quotas that such an entity can have.
fn keys_of(entity: &QuotaEntity) -> Result<&'static [(&'static str, Number)], String> {
    const TYPES: [&str; 3] = [QuotaEntity::USER, QuotaEntity::CLIENT_ID, QuotaEntity::IP];
    for (kind, name) in entity.parts() {
        if !TYPES.contains(&kind) {
            let known = TYPES.join(", ");
            return Err(format!("entity type {kind:?} is unknown: expected {known}"));
        }
        if name.is_some_and(str::is_empty) {
            return Err(format!("the name of a {kind} may not be empty"));
        }
    }
    let is_client = |kind: &str| kind == QuotaEntity::USER || kind == QuotaEntity::CLIENT_ID;
    match entity.part(QuotaEntity::IP) {
        None if entity.parts().next().is_none() => Err("the entity has no parts".to_owned()),
        None => Ok(&OF_CLIENTS),
        Some(_) if entity.parts().any(|(kind, _)| is_client(kind)) => {
            Err("quotas of addresses are those of no user or client".to_owned())
        }
        // A name stands for another address from one day to the next, and for another one on each node.
        Some(Some(address)) if address.parse::<IpAddr>().is_err() => {
            Err(format!("expected an IP address, found {address:?}"))
        }
        Some(_) => Ok(&OF_ADDRESSES),
    }
}

/// What is said of a value is what Apache's tools print.
fn check_value(known: &[(&str, Number)], key: &str, value: f64) -> Result<(), String> {
    let Some((_, number)) = known.iter().find(|(name, _)| *name == key) else {
        return Err(format!("{key} is no quota of such an entity"));
    };
    if value.is_nan() || value <= 0.0 {
        return Err(format!("Quota {key} must be greater than 0"));
    }
    let max = match number {
        Number::Double => return Ok(()),
        Number::Long => i64::MAX as f64,
        Number::Int => f64::from(i32::MAX),
    };
    if value > max {
        return Err(format!("{key}: expected at most {max}, found {value}"));
    }
    // What a text in the tools became may be off by that much.
    if (value - value.round()).abs() > 1e-6 {
        return Err(format!("{key} cannot be a fractional value."));
    }
    Ok(())
}
