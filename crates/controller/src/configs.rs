use std::collections::{BTreeMap, BTreeSet};

use ottla_config::client_metrics::{self, Problem};
use ottla_config::{GroupOverrides, Settings, TopicConfig};
use ottla_metadata::Resource;
use ottla_metadata::features::ELIGIBLE_LEADER_REPLICAS;
use ottla_model::ErrorCode;
use ottla_wire::metadata_record::{
    ClearElrRecord, ConfigRecord, MetadataRecord, PartitionChangeRecord,
};

use crate::config_change::{Alteration, ConfigChange, changed, key};
use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::operation::Operation;
use crate::topic_name;

const MIN_IN_SYNC: &str = "min.insync.replicas";
const CORDONED: &str = "cordoned.log.dirs";

impl Controller {
    pub(crate) fn alter_configs(&self, alterations: &[Alteration], validate_only: bool) -> Outcome {
        let mut operation = Operation::default();
        let mut cleared = Vec::new();
        let mut replies = Vec::new();
        let several = several(alterations.iter().map(|alteration| &alteration.resource));
        for alteration in alterations {
            // Nobody can say which is meant.
            let altered = if several.contains(&&alteration.resource) {
                Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    "a resource is named more than once",
                ))
            } else {
                self.alter(alteration)
            };
            let altered = altered.map(|made| {
                cleared.extend(self.cleared_by(&made));
                operation.add(made)
            });
            replies.push(match altered {
                Ok(Err(too_large)) => return Outcome::refused(too_large),
                Ok(Ok(())) => Ok(()),
                Err(refusal) => Err(refusal),
            });
        }
        if let Err(too_large) = operation.add(cleared) {
            return Outcome::refused(too_large);
        }
        Outcome::atomic(operation.records(validate_only), Reply::Items(replies))
    }

    fn check_has_cordons(&self) -> Result<(), Refusal> {
        let version = self.image.features().metadata_version();
        match version.has_cordons() {
            true => Ok(()),
            false => {
                let message = format!("{CORDONED} needs a later metadata.version");
                Err(Refusal::new(ErrorCode::InvalidConfig, message))
            }
        }
    }

    fn alter(&self, alteration: &Alteration) -> Result<Vec<MetadataRecord<'static>>, Refusal> {
        let resource = &alteration.resource;
        check_name(resource)?;
        let mut records = Vec::new();
        let twice = several(alteration.changes.iter().map(|(name, _)| name));
        for (name, change) in &alteration.changes {
            if twice.contains(&name) {
                return Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    format!("{name} is named twice"),
                ));
            }
            let current = self.image.configs().get(resource, name);
            let value = match key(resource, name) {
                Ok(key) => changed(resource, name, key, current, change)?,
                // Another release may have known it, and its value may be there still.
                Err(_) if *change == ConfigChange::Delete => None,
                Err(unknown) => return Err(unknown),
            };
            if resource.kind == Resource::BROKER && name == CORDONED && value.is_some() {
                self.check_has_cordons()?;
            }
            // The same value again makes brokers take up anew what it stands for, a file perhaps (KAFKA-14136).
            if value.as_deref() != current || resource.kind == Resource::BROKER {
                records.push(record(resource, name, value));
            }
        }
        if alteration.replaces_all {
            let named: BTreeSet<&str> =
                alteration.changes.iter().map(|(name, _)| &**name).collect();
            let is_named = |name: &str| named.contains(name);
            let dropped = self
                .image
                .configs()
                .of(resource)
                .filter(|(name, _)| !is_named(name));
            records.extend(dropped.map(|(name, _)| record(resource, name, None)));
        }
        self.check_min_in_sync(alteration)?;
        match resource.kind {
            Resource::GROUP => self.check_group(resource, &records)?,
            Resource::TOPIC => self.check_topic(resource, &records)?,
            Resource::CLIENT_METRICS => self.check_client_metrics(resource, &records)?,
            _ => {}
        }
        if resource.kind == Resource::TOPIC && self.image.topics().by_name(&resource.name).is_none()
        {
            let message = format!("The topic '{}' does not exist.", resource.name);
            return Err(Refusal::new(ErrorCode::UnknownTopicOrPartition, message));
        }
        Ok(records)
    }

    /// What a resource will have with these records.
    fn own<'a>(
        &'a self,
        resource: &Resource,
        records: &'a [MetadataRecord<'_>],
    ) -> BTreeMap<&'a str, &'a str> {
        let mut configs: BTreeMap<&str, &str> = self.image.configs().of(resource).collect();
        for record in records {
            if let MetadataRecord::Config(ConfigRecord { name, value, .. }) = record {
                match value {
                    Some(value) => configs.insert(name, value),
                    None => configs.remove(&**name),
                };
            }
        }
        configs
    }

    /// Whether a group may have what it will have with these records.
    fn check_group(&self, group: &Resource, records: &[MetadataRecord<'_>]) -> Result<(), Refusal> {
        let own = Settings::of_group(self.own(group, records).into_iter());
        GroupOverrides::check(&self.effective_settings(), &own)
            .map_err(|problem| Refusal::new(ErrorCode::InvalidConfig, problem))
    }

    /// The same of a topic.
    fn check_topic(&self, topic: &Resource, records: &[MetadataRecord<'_>]) -> Result<(), Refusal> {
        self.check_topic_configs(self.own(topic, records).into_iter())
    }

    pub(crate) fn check_topic_configs<'a>(
        &self,
        configs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), Refusal> {
        let own = Settings::of_topic(configs);
        TopicConfig::check_together(&self.effective_settings(), &own)
            .map_err(|problem| Refusal::new(ErrorCode::InvalidConfig, problem))
    }

    /// The same of a subscription to clients' metrics.
    fn check_client_metrics(
        &self,
        subscription: &Resource,
        records: &[MetadataRecord<'_>],
    ) -> Result<(), Refusal> {
        let own = self.own(subscription, records);
        let own = Settings::of_client_metrics(own.into_iter());
        client_metrics::check(&own).map_err(|problem| match problem {
            Problem::Interval(problem) => Refusal::new(ErrorCode::InvalidRequest, problem),
            Problem::Match(problem) => Refusal::new(ErrorCode::InvalidConfig, problem),
        })
    }

    /// Who is eligible to lead was decided by the minimum of in-sync replicas that was in force: with another one it is forgotten, of
    /// a topic or of all (KIP-966).
    pub(crate) fn cleared_by(
        &self,
        records: &[MetadataRecord<'_>],
    ) -> Vec<MetadataRecord<'static>> {
        if !self.keeps_eligible() {
            return Vec::new();
        }
        let minimums = records.iter().filter_map(|record| match record {
            MetadataRecord::Config(config) if config.name == MIN_IN_SYNC => Some(config),
            _ => None,
        });
        minimums
            .flat_map(|config| {
                let is_topic = config.resource_type == Resource::TOPIC;
                self.cleared(is_topic.then_some(&*config.resource_name))
            })
            .collect()
    }

    /// Where nobody is in sync, nobody but the eligible can ever be elected, and nothing has been committed since they were found to
    /// be: beside such a partition the others are told one by one.
    fn cleared(&self, topic: Option<&str>) -> Vec<MetadataRecord<'static>> {
        let topics = self.image.topics();
        let partitions = || {
            let named = topic.and_then(|name| topics.by_name(name));
            let all = topics.iter().filter(|_| topic.is_none());
            let topics = named.into_iter().chain(all);
            topics.flat_map(|topic| topic.partitions().map(|(index, it)| (topic.id, index, it)))
        };
        if !partitions().any(|(.., partition)| partition.isr.is_empty()) {
            let topic_name = topic.unwrap_or_default().to_owned().into();
            return vec![ClearElrRecord { topic_name }.into()];
        }
        let others = partitions().filter(|(.., partition)| {
            let has_eligible = !partition.elr.is_empty() || !partition.last_known_elr.is_empty();
            has_eligible && !partition.isr.is_empty()
        });
        others
            .map(|(topic_id, partition_id, _)| {
                PartitionChangeRecord {
                    topic_id,
                    partition_id,
                    eligible_leader_replicas: Some(Vec::new()),
                    last_known_elr: Some(Vec::new()),
                    ..Default::default()
                }
                .into()
            })
            .collect()
    }

    fn keeps_eligible(&self) -> bool {
        self.image.features().level(ELIGIBLE_LEADER_REPLICAS) > 0
    }

    /// Who is eligible to lead depends on the minimum that was in force: while the cluster keeps such replicas, every broker has the
    /// cluster's (KIP-966).
    fn check_min_in_sync(&self, alteration: &Alteration) -> Result<(), Refusal> {
        let resource = &alteration.resource;
        if resource.kind != Resource::BROKER || !self.keeps_eligible() {
            return Ok(());
        }
        let mut changes = alteration.changes.iter();
        let change = changes.find(|(name, _)| name == MIN_IN_SYNC);
        let is_there = self.image.configs().get(resource, MIN_IN_SYNC).is_some();
        let is_removed = match change {
            Some((_, change)) => *change == ConfigChange::Delete,
            None => alteration.replaces_all && is_there,
        };
        let refused = |problem: &str| {
            let message =
                format!("{MIN_IN_SYNC} {problem} while the cluster keeps eligible leader replicas");
            Err(Refusal::new(ErrorCode::InvalidConfig, message))
        };
        match (&*resource.name, change) {
            ("", _) if is_removed => refused("of all brokers cannot be removed"),
            ("", _) => Ok(()),
            (_, None) if !is_removed => Ok(()),
            (_, _) => refused("of one broker cannot be altered"),
        }
    }
}

/// Whether there can be a resource of that name.
fn check_name(resource: &Resource) -> Result<(), Refusal> {
    let name = &*resource.name;
    let problem = match resource.kind {
        Resource::TOPIC if name.is_empty() => {
            "topics have no configs in common: name one".to_owned()
        }
        Resource::TOPIC => {
            return topic_name::check(name)
                .map_err(|problem| Refusal::new(ErrorCode::InvalidTopicException, problem));
        }
        Resource::BROKER if !name.is_empty() && !name.parse::<i32>().is_ok_and(|id| id >= 0) => {
            format!("expected a broker id, or nothing for all brokers, found {name:?}")
        }
        Resource::GROUP if name.is_empty() => {
            "groups have no configs in common: name one".to_owned()
        }
        Resource::CLIENT_METRICS if name.is_empty() => {
            "subscriptions to clients' metrics have no configs in common: name one".to_owned()
        }
        Resource::BROKER | Resource::GROUP | Resource::CLIENT_METRICS => return Ok(()),
        kind => format!("configs of resource type {kind} cannot be changed here"),
    };
    Err(Refusal::new(ErrorCode::InvalidRequest, problem))
}

/// What is there more than once.
fn several<T: Ord + Copy>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    let (_, several): (Vec<T>, Vec<T>) = all.partition(|one| seen.insert(*one));
    several.into_iter().collect()
}

fn record(resource: &Resource, name: &str, value: Option<String>) -> MetadataRecord<'static> {
    ConfigRecord {
        resource_type: resource.kind,
        resource_name: resource.name.to_string().into(),
        name: name.to_owned().into(),
        value: value.map(Into::into),
    }
    .into()
}
