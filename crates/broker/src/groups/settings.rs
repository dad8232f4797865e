//! What the configuration says to the coordinators of groups.

use std::sync::Arc;

use ottla_config::{
    Adjustable, ConsumerGroupConfig, GroupConfig, GroupOverrides, Settings as NodeSettings,
};
use ottla_group::classic::ClassicSettings;
use ottla_group::consumer::assignor::Assignor;
use ottla_group::consumer::{ConsumerSettings, MigrationPolicy};
use ottla_group::{ConsumerConfigs, ConsumerOverrides, Settings};
use ottla_metadata::{Image, Resource};

/// Of a node while nothing is configured of single groups.
pub(super) fn of_node(
    config: &GroupConfig,
    consumer: &ConsumerGroupConfig,
    adjustable: &Adjustable,
) -> Settings {
    Settings {
        max_offset_metadata: config.max_offset_metadata,
        offsets_retention: config.offsets_retention,
        retention_check: config.retention_check,
        classic: ClassicSettings {
            min_session_timeout: config.min_session_timeout,
            max_session_timeout: config.max_session_timeout,
            initial_rebalance_delay: config.initial_rebalance_delay,
            max_size: config.max_size,
        },
        consumer: of_consumer_groups(consumer, config.max_size, adjustable).into(),
    }
}

fn of_consumer_groups(
    config: &ConsumerGroupConfig,
    classic_max_size: usize,
    adjustable: &Adjustable,
) -> ConsumerSettings {
    let assignors = config.assignors.iter();
    let mut assignors: Vec<Assignor> = assignors
        .filter_map(|name| Assignor::from_name(name))
        .collect();
    if assignors.is_empty() {
        assignors.push(Assignor::Uniform);
    }
    ConsumerSettings {
        session_timeout: config.session_timeout,
        heartbeat_interval: config.heartbeat_interval,
        assignment_interval: adjustable.consumer_assignment_interval,
        max_size: config.max_size,
        regex_refresh_interval: config.regex_refresh_interval,
        assignors,
        migration: match (config.upgrades, config.downgrades) {
            (false, false) => MigrationPolicy::Disabled,
            (true, false) => MigrationPolicy::Upgrade,
            (false, true) => MigrationPolicy::Downgrade,
            (true, true) => MigrationPolicy::Bidirectional,
        },
        classic_max_size,
    }
}

/// Of consumer groups, by what is dynamic of the node's settings and what `image` says of single groups.
pub(super) fn of_groups(
    node: &ConsumerSettings,
    settings: &NodeSettings,
    image: &Image,
) -> ConsumerConfigs {
    let groups = image.configs().resources();
    let groups = groups.filter(|resource| resource.kind == Resource::GROUP);
    let groups = groups.map(|group| {
        let own = NodeSettings::of_group(image.configs().of(group));
        let own = GroupOverrides::new(settings, &own);
        let overrides = ConsumerOverrides {
            session_timeout: own.consumer_session_timeout(),
            heartbeat_interval: own.consumer_heartbeat_interval(),
            assignment_interval: own.consumer_assignment_interval(),
        };
        (Arc::clone(&group.name), overrides)
    });
    ConsumerConfigs {
        groups: Arc::new(groups.collect()),
        node: ConsumerSettings {
            assignment_interval: Adjustable::of(settings).consumer_assignment_interval,
            ..node.clone()
        },
    }
}
