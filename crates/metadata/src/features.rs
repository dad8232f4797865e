//! Feature levels (KIP-584, KIP-1022): what a cluster of this age may use, and in which version its records are written.

use ottla_wire::metadata_record::{FeatureLevelRecord, MetadataRecord};

pub const METADATA_VERSION: &str = "metadata.version";
pub const KRAFT_VERSION: &str = "kraft.version";
pub const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

/// A feature this release knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub name: &'static str,
    pub min: i16,
    pub max: i16,
    /// A new cluster has level `i + 1` from this `metadata.version` on.
    bootstrap: &'static [i16],
}

/// In the order of Kafka's release notes.
const FEATURES: [Feature; 7] = [
    Feature {
        name: METADATA_VERSION,
        min: 7,
        max: 30,
        bootstrap: &[],
    },
    Feature {
        name: KRAFT_VERSION,
        min: 0,
        max: 1,
        bootstrap: &[21],
    },
    Feature {
        name: "transaction.version",
        min: 0,
        max: 2,
        bootstrap: &[24, 24],
    },
    Feature {
        name: "group.version",
        min: 0,
        max: 1,
        bootstrap: &[22],
    },
    Feature {
        name: ELIGIBLE_LEADER_REPLICAS,
        min: 0,
        max: 1,
        bootstrap: &[26],
    },
    Feature {
        name: "share.version",
        min: 0,
        max: 1,
        bootstrap: &[28],
    },
    Feature {
        name: "streams.version",
        min: 0,
        max: 1,
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

    /// From a level's name, `4.3-IV0`, or a release's, `4.3`, which stands for its last level.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let release = format!("{name}-IV");
        let found = LEVELS
            .iter()
            .rposition(|level| *level == name || level.starts_with(&release))?;
        Some(Self(Self::MIN.0 + found as i16))
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        LEVELS
            .get((self.0 - Self::MIN.0).max(0) as usize)
            .copied()
            .unwrap_or("unknown")
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

/// What a new cluster finalizes: each feature at the level of the cluster's age, `metadata.version` first, the others by name.
/// `kraft.version` is the quorum's own.
#[must_use]
pub fn bootstrap(version: MetadataVersion) -> Vec<MetadataRecord<'static>> {
    let level = |feature: &Feature| feature.bootstrap_level(version);
    let mut finalized: Vec<&Feature> = FEATURES
        .iter()
        .filter(|feature| feature.name != KRAFT_VERSION && level(feature) > 0)
        .collect();
    finalized.sort_by_key(|feature| (feature.name != METADATA_VERSION, feature.name));
    finalized
        .into_iter()
        .map(|feature| {
            FeatureLevelRecord {
                name: feature.name.into(),
                feature_level: level(feature),
            }
            .into()
        })
        .collect()
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
        assert_eq!(MetadataVersion::parse("2.8"), None);
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
}
