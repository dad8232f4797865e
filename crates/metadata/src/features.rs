//! Feature levels (KIP-584, KIP-1022): what a cluster of this age may use, and in which version its records are written.

use std::collections::BTreeMap;

use ottla_wire::metadata_record::{FeatureLevelRecord, MetadataRecord};
use thiserror::Error;

pub const METADATA_VERSION: &str = "metadata.version";
pub const KRAFT_VERSION: &str = "kraft.version";
pub const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

/// A feature this release knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub name: &'static str,
    pub min: i16,
    pub max: i16,
    /// The `metadata.version` that a level above 0 needs, where it needs one.
    pub requires: Option<MetadataVersion>,
    /// A new cluster has level `i + 1` from this `metadata.version` on.
    bootstrap: &'static [i16],
}

/// In the order of Kafka's release notes.
const FEATURES: [Feature; 7] = [
    Feature {
        name: METADATA_VERSION,
        min: 7,
        max: 30,
        requires: None,
        bootstrap: &[],
    },
    Feature {
        name: KRAFT_VERSION,
        min: 0,
        max: 1,
        requires: None,
        bootstrap: &[21],
    },
    Feature {
        name: "transaction.version",
        min: 0,
        max: 2,
        requires: None,
        bootstrap: &[24, 24],
    },
    Feature {
        name: "group.version",
        min: 0,
        max: 1,
        requires: None,
        bootstrap: &[22],
    },
    Feature {
        name: ELIGIBLE_LEADER_REPLICAS,
        min: 0,
        max: 1,
        requires: Some(MetadataVersion(23)),
        bootstrap: &[26],
    },
    Feature {
        name: "share.version",
        min: 0,
        max: 1,
        requires: None,
        bootstrap: &[28],
    },
    Feature {
        name: "streams.version",
        min: 0,
        max: 1,
        requires: None,
        bootstrap: &[29],
    },
];

/// The names of the `metadata.version` levels from the lowest supported, 7, on.
const LEVELS: [&str; 24] = [
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
    "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0",
    "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

/// What this release can work with.
pub fn supported() -> impl Iterator<Item = Feature> {
    FEATURES.into_iter()
}

#[must_use]
pub fn feature(name: &str) -> Option<Feature> {
    FEATURES.into_iter().find(|feature| feature.name == name)
}

impl Feature {
    /// The level a cluster gets that is formatted with this `metadata.version`.
    #[must_use]
    pub fn bootstrap_level(&self, metadata_version: MetadataVersion) -> i16 {
        if self.name == METADATA_VERSION {
            return metadata_version.0;
        }
        self.bootstrap
            .iter()
            .filter(|from| **from <= metadata_version.0)
            .count() as i16
    }
}

/// The level of `metadata.version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataVersion(pub i16);

impl MetadataVersion {
    /// The oldest whose clusters can be taken over.
    pub const MIN: Self = Self(7);
    /// What a new cluster gets.
    pub const LATEST: Self = Self(30);
    const DELEGATED_DIRECTORIES: Self = Self(17);

    /// From a level's name, `4.3-IV0`, or a release's, `4.3` or `4.3.1`, which stands for its last level.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let patch = name.match_indices('.').nth(1).map(|(at, _)| at);
        let name = &name[..patch.unwrap_or(name.len())];
        let release = format!("{name}-IV");
        let found = LEVELS
            .iter()
            .rposition(|level| *level == name || level.starts_with(&release))?;
        Some(Self(Self::MIN.0 + found as i16))
    }

    /// `None` for a level that this release does not know.
    #[must_use]
    pub fn of_level(level: i16) -> Option<Self> {
        (Self::MIN.0..=Self::LATEST.0)
            .contains(&level)
            .then_some(Self(level))
    }

    /// The names of all levels, the oldest first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LEVELS.into_iter()
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        LEVELS
            .get((self.0 - Self::MIN.0).max(0) as usize)
            .copied()
            .unwrap_or("unknown")
    }

    /// Whether there may be records, or fields of them, in a log of the later level that this one does not know.
    #[must_use]
    pub fn lacks_records_of(self, later: Self) -> bool {
        // Where each came: registrations of migrating brokers, SCRAM, transactions, delegation tokens, registrations of controllers,
        // directories, eligible leaders, cordons.
        let came = [8, 11, 13, 14, 15, 17, 23, 30];
        came.iter()
            .any(|level| (self.0 + 1..=later.0).contains(level))
    }

    /// Users' SCRAM credentials are in the metadata (KIP-900).
    #[must_use]
    pub fn has_scram(self) -> bool {
        self.0 >= 11
    }

    /// Replicas are assigned to log directories (KIP-858).
    #[must_use]
    pub fn has_directories(self) -> bool {
        self >= Self::DELEGATED_DIRECTORIES
    }

    /// A broker says which of its directories take no new partitions (KIP-1066).
    #[must_use]
    pub fn has_cordons(self) -> bool {
        self.0 >= 30
    }

    /// A leader whose followers are fewer goes on in its epoch.
    #[must_use]
    pub fn keeps_epoch_on_shrink(self) -> bool {
        self.0 >= 12
    }

    /// Units of several batches (KIP-868).
    #[must_use]
    pub fn has_transactions(self) -> bool {
        self.0 >= 13
    }

    /// Controllers register themselves (KIP-919).
    #[must_use]
    pub fn has_controller_registration(self) -> bool {
        self.0 >= 15
    }

    /// The version in which a record is written, so that every node of a cluster at this level can read it.
    #[must_use]
    pub fn record_version(self, record: &MetadataRecord<'_>) -> i16 {
        let step =
            |thresholds: &[i16]| thresholds.iter().filter(|from| **from <= self.0).count() as i16;
        match record {
            MetadataRecord::RegisterBroker(_) => 1 + step(&[8, 17, 30]),
            MetadataRecord::BrokerRegistrationChange(change) => {
                // No newer than what it says.
                if change.cordoned_log_dirs.is_some() {
                    3
                } else if !change.log_dirs.is_empty() {
                    2
                } else {
                    i16::from(change.in_controlled_shutdown != 0)
                }
            }
            MetadataRecord::Partition(_) | MetadataRecord::PartitionChange(_) => step(&[17, 23]),
            other => *other.versions().end(),
        }
    }
}

/// The level to which `records` set a feature.
#[must_use]
pub fn level_in(records: &[MetadataRecord<'_>], name: &str) -> i16 {
    let mut levels = records.iter().filter_map(|record| match record {
        MetadataRecord::FeatureLevel(level) if level.name == name => Some(level.feature_level),
        _ => None,
    });
    levels.next_back().unwrap_or(0)
}

/// Levels that a cluster cannot begin with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FeatureError {
    #[error("{name}: expected one of {}", names())]
    Unknown { name: String },
    #[error("{name}={level}: expected a level from {min} to {max}")]
    Level {
        name: &'static str,
        level: i16,
        min: i16,
        max: i16,
    },
    #[error(
        "{name}={level} needs {METADATA_VERSION}={} ({}) or later, and the cluster would begin with {}",
        needed.0, needed.name(), found.name()
    )]
    Dependency {
        name: &'static str,
        level: i16,
        needed: MetadataVersion,
        found: MetadataVersion,
    },
}

fn names() -> String {
    FEATURES.map(|feature| feature.name).join(", ")
}

/// The feature of that name, if it can have that level.
///
/// # Errors
/// When there is no such feature, or it has no such level.
pub fn at_level(name: &str, level: i16) -> Result<Feature, FeatureError> {
    let feature = feature(name).ok_or_else(|| FeatureError::Unknown {
        name: name.to_owned(),
    })?;
    let Feature { name, min, max, .. } = feature;
    match (min..=max).contains(&level) {
        true => Ok(feature),
        false => Err(FeatureError::Level {
            name,
            level,
            min,
            max,
        }),
    }
}

/// What a new cluster finalizes: each feature at the level of the cluster's age, `metadata.version` first, the others by name.
/// `kraft.version` is the quorum's own.
#[must_use]
pub fn bootstrap(version: MetadataVersion) -> Vec<MetadataRecord<'static>> {
    bootstrap_with(version, &BTreeMap::new()).expect("the levels of an age go together")
}

/// The same with some features at levels of their own.
///
/// # Errors
/// When there is no such feature or level, or it does not go together with `version`.
pub fn bootstrap_with(
    version: MetadataVersion,
    chosen: &BTreeMap<String, i16>,
) -> Result<Vec<MetadataRecord<'static>>, FeatureError> {
    let mut levels = BTreeMap::new();
    for feature in FEATURES {
        levels.insert(feature.name, feature.bootstrap_level(version));
    }
    for (name, level) in chosen {
        let feature = at_level(name, *level)?;
        if let Some(needed) = feature
            .requires
            .filter(|needed| *level > 0 && version < *needed)
        {
            return Err(FeatureError::Dependency {
                name: feature.name,
                level: *level,
                needed,
                found: version,
            });
        }
        levels.insert(feature.name, *level);
    }
    let first = levels.remove_entry(METADATA_VERSION);
    levels.remove(KRAFT_VERSION);
    let finalized = first.into_iter().chain(levels);
    Ok(finalized
        .filter(|(_, level)| *level > 0)
        .map(|(name, feature_level)| {
            FeatureLevelRecord {
                name: name.into(),
                feature_level,
            }
            .into()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_names() {
        assert_eq!(
            MetadataVersion::parse("4.3-IV0"),
            Some(MetadataVersion::LATEST)
        );
        assert_eq!(
            MetadataVersion::parse("3.3-IV3"),
            Some(MetadataVersion::MIN)
        );
        assert_eq!(MetadataVersion::parse("4.0"), Some(MetadataVersion(25)));
        assert_eq!(MetadataVersion::parse("3.9.1"), Some(MetadataVersion(21)));
        assert_eq!(MetadataVersion::parse("2.8"), None);
        assert_eq!(MetadataVersion::parse(""), None);
        assert_eq!(
            MetadataVersion::names().last(),
            Some(MetadataVersion::LATEST.name())
        );
        assert_eq!(MetadataVersion(25).name(), "4.0-IV3");
    }

    #[test]
    fn a_new_cluster_gets_the_levels_of_its_age() {
        let levels = |version| {
            supported()
                .map(|f| f.bootstrap_level(version))
                .collect::<Vec<_>>()
        };
        assert_eq!(levels(MetadataVersion::LATEST), [30, 1, 2, 1, 1, 1, 1]);
        assert_eq!(levels(MetadataVersion(25)), [25, 1, 2, 1, 0, 0, 0]);
        assert_eq!(levels(MetadataVersion::MIN), [7, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_new_cluster_may_begin_with_other_levels_that_go_together() {
        let levels = |version, chosen: &[(&str, i16)]| {
            let chosen = chosen
                .iter()
                .map(|(name, level)| ((*name).to_owned(), *level));
            let records = bootstrap_with(MetadataVersion(version), &chosen.collect());
            records
                .map_err(|error| error.to_string())
                .map(|records| FEATURES.map(|feature| level_in(&records, feature.name)))
        };
        assert_eq!(levels(30, &[]), Ok([30, 0, 2, 1, 1, 1, 1]));
        assert_eq!(
            levels(30, &[("group.version", 0), ("transaction.version", 1)]),
            Ok([30, 0, 1, 0, 1, 1, 1])
        );
        let elr = (ELIGIBLE_LEADER_REPLICAS, 1);
        assert_eq!(levels(23, &[elr]), Ok([23, 0, 0, 1, 1, 0, 0]));
        assert_eq!(
            levels(22, &[elr]),
            Err("eligible.leader.replicas.version=1 needs metadata.version=23 (4.0-IV1) or later, and the cluster would begin with 4.0-IV0".to_owned())
        );
        assert_eq!(
            levels(30, &[("group.version", 2)]),
            Err("group.version=2: expected a level from 0 to 1".to_owned())
        );
        let unknown = levels(30, &[("group", 1)]).unwrap_err();
        assert!(
            unknown.starts_with("group: expected one of metadata.version, kraft"),
            "{unknown}"
        );
    }
}
