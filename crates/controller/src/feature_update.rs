//! Other levels for the features of the cluster (KIP-584, KIP-778).

use std::collections::BTreeMap;

use ottla_config::TopicConfig;
use ottla_metadata::Resource;
use ottla_metadata::features::{
    self, ELIGIBLE_LEADER_REPLICAS, KRAFT_VERSION, METADATA_VERSION, MetadataVersion,
};
use ottla_model::ErrorCode;
use ottla_wire::metadata_record::{ConfigRecord, FeatureLevelRecord, MetadataRecord, NoOpRecord};

use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::operation::Operation;

/// How far a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeType {
    /// Up only.
    Upgrade,
    /// Down, unless something would be lost.
    SafeDowngrade,
    /// Down, whatever is lost. Of `metadata.version` neither Apache nor we can do that.
    UnsafeDowngrade,
    /// One that this release does not know.
    Unknown,
}

impl UpgradeType {
    /// As on the wire.
    #[must_use]
    pub fn of_code(code: i8) -> Self {
        match code {
            1 => Self::Upgrade,
            2 => Self::SafeDowngrade,
            3 => Self::UnsafeDowngrade,
            _ => Self::Unknown,
        }
    }
}

/// One feature's new level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    pub feature: String,
    /// 0 turns it off.
    pub level: i16,
    pub upgrade_type: UpgradeType,
}

impl Controller {
    /// All of them or none. `kraft_version` is the quorum's level now.
    pub(crate) fn update_features(
        &self,
        updates: &[FeatureUpdate],
        kraft_version: i16,
        validate_only: bool,
    ) -> Outcome {
        let mut operation = Operation::default();
        // Of a feature that is named twice the last one counts, as in Kafka.
        let by_name: BTreeMap<&str, &FeatureUpdate> = updates
            .iter()
            .map(|update| (&*update.feature, update))
            .collect();
        for update in by_name.values() {
            let made = self.update_feature(update, &by_name, kraft_version);
            if let Err(refusal) = made.and_then(|records| operation.add(records)) {
                let message = format!(
                    "The update failed for all features since the following feature had an error: {}",
                    refusal.message
                );
                return Outcome::refused(Refusal::new(refusal.code, message));
            }
        }
        let asked = by_name.get(KRAFT_VERSION).map(|update| update.level);
        Outcome {
            kraft_version: asked.filter(|level| !validate_only && *level > kraft_version),
            ..Outcome::atomic(operation.records(validate_only), Reply::Done)
        }
    }

    fn update_feature(
        &self,
        update: &FeatureUpdate,
        all: &BTreeMap<&str, &FeatureUpdate>,
        kraft_version: i16,
    ) -> Result<Vec<MetadataRecord<'static>>, Refusal> {
        let FeatureUpdate {
            feature,
            level,
            upgrade_type,
        } = update;
        let invalid = |problem: String| {
            // Tools print it, and scripts look for its words.
            let message =
                format!("Invalid update version {level} for feature {feature}. {problem}");
            Refusal::new(ErrorCode::InvalidUpdateVersion, message)
        };
        if *upgrade_type == UpgradeType::Unknown {
            return Err(invalid(
                "The controller does not support the given upgrade type.".to_owned(),
            ));
        }
        self.check_support(feature, *level).map_err(invalid)?;
        let current = match &**feature {
            KRAFT_VERSION => kraft_version,
            METADATA_VERSION => self.image.features().metadata_version().0,
            feature => self.image.features().level(feature),
        };
        if *level < current && *upgrade_type == UpgradeType::Upgrade {
            let message = "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.";
            return Err(invalid(message.to_owned()));
        }
        if *level > current && *upgrade_type != UpgradeType::Upgrade {
            return Err(invalid("Can't downgrade to a newer version.".to_owned()));
        }
        match &**feature {
            KRAFT_VERSION if *level == current => return Ok(Vec::new()),
            KRAFT_VERSION if *level < current => {
                return Err(invalid(
                    "Can't downgrade the version of this feature.".to_owned(),
                ));
            }
            // It is the quorum that writes it down. Clients see that features have changed by the offset of the metadata, which needs a
            // record to move.
            KRAFT_VERSION => return Ok(vec![NoOpRecord {}.into()]),
            METADATA_VERSION => {
                check_downgrade(current, *level, *upgrade_type)?;
            }
            _ => self
                .check_dependency(feature, *level, all)
                .map_err(invalid)?,
        }
        let record = FeatureLevelRecord {
            name: feature.clone().into(),
            feature_level: *level,
        };
        let mut records = vec![record.into()];
        if feature == ELIGIBLE_LEADER_REPLICAS && current == 0 && *level > 0 {
            records.extend(self.one_minimum_for_all());
        }
        Ok(records)
    }

    /// Whether every node can work with it.
    fn check_support(&self, name: &str, level: i16) -> Result<(), String> {
        if level < 0 {
            return Err("A feature version cannot be less than 0.".to_owned());
        }
        let own = features::feature(name).map_or(0..=0, |feature| feature.min..=feature.max);
        let own = (format!("Local controller {}", self.options.node), own);
        let cluster = self.image.cluster();
        let brokers = cluster.brokers();
        let brokers = brokers.map(|it| (format!("Broker {}", it.id()), it.supports(name)));
        let controllers = cluster.controllers();
        let controllers =
            controllers.map(|it| (format!("Controller {}", it.id()), it.supports(name)));
        let mut nodes = std::iter::once(own).chain(brokers).chain(controllers);
        match nodes.find(|(_, supported)| !supported.contains(&level)) {
            None => Ok(()),
            Some((node, supported)) if supported == (0..=0) => {
                Err(format!("{node} does not support this feature."))
            }
            Some((node, supported)) => Err(format!(
                "{node} only supports versions {}-{}",
                supported.start(),
                supported.end()
            )),
        }
    }

    /// Whether there is such a feature, and `metadata.version` will be what its level needs.
    fn check_dependency(
        &self,
        name: &str,
        level: i16,
        all: &BTreeMap<&str, &FeatureUpdate>,
    ) -> Result<(), String> {
        // Every node supports its level 0.
        let Some(feature) = features::feature(name) else {
            return Err(format!("Feature {name} not found."));
        };
        let asked = all
            .get(METADATA_VERSION)
            .map(|update| MetadataVersion(update.level));
        let version = asked.unwrap_or(self.image.features().metadata_version());
        let needed = feature.requires;
        match needed.filter(|needed| level > 0 && version < *needed) {
            None => Ok(()),
            Some(needed) => Err(format!(
                "{name} could not be set to {level} because it depends on {METADATA_VERSION} level {}",
                needed.0
            )),
        }
    }

    /// With eligible leaders the minimum of in-sync replicas must be the cluster's, not each broker's.
    fn one_minimum_for_all(&self) -> Vec<MetadataRecord<'static>> {
        const MIN_IN_SYNC: &str = "min.insync.replicas";
        let configs = self.image.configs();
        let config = |resource: &Resource, value: Option<String>| -> MetadataRecord<'static> {
            ConfigRecord {
                resource_type: resource.kind,
                resource_name: resource.name.to_string().into(),
                name: MIN_IN_SYNC.into(),
                value: value.map(Into::into),
            }
            .into()
        };
        let all = Resource::new(Resource::BROKER, "");
        let mut records = Vec::new();
        if configs.get(&all, MIN_IN_SYNC).is_none() {
            let minimum = TopicConfig::new(&self.options.settings, std::iter::empty());
            records.push(config(
                &all,
                Some(minimum.min_insync_replicas().to_string()),
            ));
        }
        let own = configs.resources().filter(|resource| {
            resource.kind == Resource::BROKER
                && **resource != all
                && configs.get(resource, MIN_IN_SYNC).is_some()
        });
        records.extend(own.map(|resource| config(resource, None)));
        records
    }
}

/// A node of the lower level must be able to read all that is in the log.
fn check_downgrade(current: i16, level: i16, upgrade_type: UpgradeType) -> Result<(), Refusal> {
    if level >= current || !MetadataVersion(level).lacks_records_of(MetadataVersion(current)) {
        return Ok(());
    }
    let problem = match upgrade_type {
        UpgradeType::UnsafeDowngrade => {
            "Unsafe metadata downgrade is not supported in this version."
        }
        _ => {
            "Refusing to perform the requested downgrade because it might delete metadata information."
        }
    };
    let message =
        format!("Unsupported metadata.version downgrade from {current} to {level}. {problem}");
    Err(Refusal::new(ErrorCode::InvalidUpdateVersion, message))
}
