//! Features get other levels.

use ottla_controller::{Alteration, ConfigChange, FeatureUpdate, Reply, Request, UpgradeType};
use ottla_metadata::Resource;
use ottla_metadata::features::MetadataVersion;
use ottla_model::ErrorCode;

use super::Cluster;

const ELR: &str = "eligible.leader.replicas.version";

fn update(feature: &str, level: i16, upgrade_type: UpgradeType) -> FeatureUpdate {
    FeatureUpdate {
        feature: feature.to_owned(),
        level,
        upgrade_type,
    }
}

impl Cluster {
    fn update(&mut self, updates: &[FeatureUpdate], validate_only: bool) -> Result<(), ErrorCode> {
        let reply = self.ask(Request::UpdateFeatures {
            updates: updates.to_vec(),
            validate_only,
        });
        match reply {
            Reply::Done => Ok(()),
            Reply::Refused(refusal) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    fn level(&self, feature: &str) -> i16 {
        self.controller.image().features().level(feature)
    }
}

#[test]
fn levels_that_the_release_does_not_know_are_refused() {
    use UpgradeType::*;
    let mut cluster = Cluster::new();
    for (feature, level, upgrade_type) in [
        ("nope", 1, Upgrade),
        ("nope", 0, SafeDowngrade),
        ("nope", 0, UnsafeDowngrade),
        ("group.version", 2, Upgrade),
        ("group.version", -1, SafeDowngrade),
        ("group.version", 0, Upgrade),
        ("group.version", 0, Unknown),
        ("metadata.version", 31, Upgrade),
        ("metadata.version", 6, SafeDowngrade),
        ("kraft.version", 0, SafeDowngrade),
        ("kraft.version", 0, UnsafeDowngrade),
    ] {
        assert_eq!(
            cluster.update(&[update(feature, level, upgrade_type)], false),
            Err(ErrorCode::InvalidUpdateVersion),
            "{feature}={level}"
        );
    }
    assert_eq!(
        cluster.update(&[update("kraft.version", 1, Upgrade)], false),
        Ok(())
    );
}

#[test]
fn the_level_of_the_quorum_goes_up_once_and_never_down() {
    use UpgradeType::*;
    let mut cluster = Cluster::at(MetadataVersion(7));
    cluster.kraft_version = 0;
    let refused = Err(ErrorCode::InvalidUpdateVersion);
    let quorum = |level, upgrade_type| [update("kraft.version", level, upgrade_type)];
    for (level, upgrade_type) in [
        (2, Upgrade),
        (-1, SafeDowngrade),
        (1, SafeDowngrade),
        (1, Unknown),
    ] {
        assert_eq!(cluster.update(&quorum(level, upgrade_type), false), refused);
    }
    for (level, upgrade_type) in [(0, Upgrade), (0, SafeDowngrade), (0, UnsafeDowngrade)] {
        let before = cluster.next;
        assert_eq!(cluster.update(&quorum(level, upgrade_type), false), Ok(()));
        assert_eq!((cluster.kraft_version, cluster.next), (0, before));
    }
    assert_eq!(cluster.update(&quorum(1, Upgrade), true), Ok(()));
    let [up] = quorum(1, Upgrade);
    let wrong = update("share.version", 7, Upgrade);
    assert_eq!(cluster.update(&[up.clone(), wrong], false), refused);
    assert_eq!(cluster.kraft_version, 0);
    // It asks for no level of the metadata, and moves its offset.
    let before = cluster.controller.image().offset();
    assert_eq!(cluster.update(std::slice::from_ref(&up), false), Ok(()));
    assert_eq!(cluster.kraft_version, 1);
    assert_eq!(cluster.controller.image().offset(), before.next());
    assert_eq!(cluster.update(&[up], false), Ok(()));
    assert_eq!(cluster.controller.image().offset(), before.next());
    for upgrade_type in [Upgrade, SafeDowngrade, UnsafeDowngrade] {
        assert_eq!(cluster.update(&quorum(0, upgrade_type), false), refused);
    }
    assert_eq!(cluster.update(&quorum(1, SafeDowngrade), false), Ok(()));
}

#[test]
fn all_features_of_a_request_are_updated_or_none() {
    let mut cluster = Cluster::new();
    let down = update("group.version", 0, UpgradeType::SafeDowngrade);
    let wrong = update("share.version", 7, UpgradeType::Upgrade);
    let refused = cluster.update(&[down.clone(), wrong], false);
    assert_eq!(refused, Err(ErrorCode::InvalidUpdateVersion));
    assert_eq!(cluster.update(std::slice::from_ref(&down), true), Ok(()));
    assert_eq!(cluster.level("group.version"), 1);
    assert_eq!(cluster.update(&[down], false), Ok(()));
    assert_eq!(cluster.level("group.version"), 0);
}

#[test]
fn the_metadata_goes_back_only_where_nothing_is_lost() {
    let version = |level, upgrade_type| [update("metadata.version", level, upgrade_type)];
    let mut cluster = Cluster::at(MetadataVersion(29));
    let safe = UpgradeType::SafeDowngrade;
    let refused = Err(ErrorCode::InvalidUpdateVersion);
    assert_eq!(cluster.update(&version(22, safe), false), refused);
    let forced = version(22, UpgradeType::UnsafeDowngrade);
    assert_eq!(cluster.update(&forced, false), refused);
    assert_eq!(cluster.update(&version(23, safe), false), Ok(()));
    assert_eq!(cluster.level("metadata.version"), 23);
    let up = version(30, UpgradeType::Upgrade);
    assert_eq!(cluster.update(&up, false), Ok(()));
    assert_eq!(cluster.update(&version(29, safe), false), refused);
}

#[test]
fn eligible_leaders_need_a_metadata_version_and_one_minimum_for_all() {
    let mut cluster = Cluster::at(MetadataVersion(22));
    let own = Alteration {
        resource: Resource::new(Resource::BROKER, "1"),
        changes: vec![("min.insync.replicas".into(), ConfigChange::Set("2".into()))],
        replaces_all: false,
    };
    assert_eq!(cluster.alter(vec![own]), [Ok(())]);
    let elr = update(ELR, 1, UpgradeType::Upgrade);
    let refused = Err(ErrorCode::InvalidUpdateVersion);
    assert_eq!(cluster.update(std::slice::from_ref(&elr), false), refused);
    let version = update("metadata.version", 23, UpgradeType::Upgrade);
    assert_eq!(cluster.update(&[version, elr], false), Ok(()));
    let configs = cluster.controller.image().configs();
    let minimum = |broker: &str| {
        let resource = Resource::new(Resource::BROKER, broker);
        configs
            .get(&resource, "min.insync.replicas")
            .map(str::to_owned)
    };
    assert_eq!(minimum("").as_deref(), Some("1"));
    assert_eq!(minimum("1"), None);
}
