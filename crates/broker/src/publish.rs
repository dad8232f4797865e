//! From a new image to the partitions of this node: opened, led in a new epoch, configured, deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::channel::mpsc;
use ottla_config::{Adjustable, Settings, TopicConfig};
use ottla_controller::AssignedDirectory;
use ottla_env::Env;
use ottla_metadata::{Image, PartitionImage, Resource, TopicImage};
use ottla_model::{NodeId, TopicId, Uuid};
use ottla_replica::Leadership;
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::client_quotas::ClientQuotas;
use crate::directories::Places;
use crate::dynamic_configs::DynamicConfigs;
use crate::found_logs::FoundLogs;
use crate::groups::GroupCoordinators;
use crate::lane::{Arrival, HandOver, Job, Lane, Stay};
use crate::moves::Moves;
use crate::net::ConnectionLimits;
use crate::partition::{Availability, Partition, PartitionKey};
use crate::partitions::Partitions;
use crate::telemetry::Telemetry;

/// Carries out what committed metadata says about this node, and then shows it to everyone.
pub(crate) struct Publisher<E: Env> {
    node: NodeId,
    /// The file's, and with the dynamic configs of this broker.
    file: Settings,
    settings: Settings,
    adjusted: Adjustable,
    limits: Arc<ConnectionLimits>,
    client_quotas: Arc<ClientQuotas>,
    telemetry: Arc<Telemetry>,
    image: Arc<ArcSwap<Image>>,
    partitions: Arc<Partitions<E>>,
    groups: Arc<GroupCoordinators<E>>,
    places: Places<E>,
    /// Where the logs are that were there at the start.
    found: FoundLogs,
    /// What is on its way from one directory to another.
    moves: Arc<Moves<E::Disk>>,
    /// Partitions whose logs could not be handed over, as they are where they stay: the metadata names the other directory yet.
    staying: Arc<Mutex<FxHashMap<PartitionKey, Arc<Partition<E>>>>>,
    /// Their logs are in a directory that cannot be used.
    missed: FxHashSet<PartitionKey>,
    /// Where those are that the metadata does not know where they are.
    assigned: mpsc::UnboundedSender<AssignedDirectory>,
    /// Nothing has been carried out yet, not even what the first image holds.
    is_first: bool,
}

impl<E: Env> Publisher<E> {
    pub(crate) fn new(
        node: NodeId,
        settings: Settings,
        limits: Arc<ConnectionLimits>,
        client_quotas: Arc<ClientQuotas>,
        telemetry: Arc<Telemetry>,
        image: Arc<ArcSwap<Image>>,
        partitions: Arc<Partitions<E>>,
        groups: Arc<GroupCoordinators<E>>,
        lanes: Vec<(Uuid, Lane<E>)>,
        found: FoundLogs,
        moves: Arc<Moves<E::Disk>>,
        assigned: mpsc::UnboundedSender<AssignedDirectory>,
    ) -> Self {
        Self {
            node,
            file: settings.clone(),
            adjusted: Adjustable::of(&settings),
            settings,
            limits,
            client_quotas,
            telemetry,
            image,
            partitions,
            groups,
            places: Places::new(lanes),
            found,
            moves,
            staying: Arc::default(),
            missed: FxHashSet::default(),
            assigned,
            is_first: true,
        }
    }

    pub(crate) fn into_callback(mut self) -> impl FnMut(Arc<Image>) + Send + 'static {
        move |image| self.publish(&image)
    }

    fn publish(&mut self, next: &Arc<Image>) {
        let current = self.image.load_full();
        let nothing = Image::default();
        let is_first = std::mem::take(&mut self.is_first);
        let before = if is_first { &nothing } else { &*current };
        let has_new_configs = before.configs() != next.configs();
        if has_new_configs {
            let settings = DynamicConfigs::of(next, self.node)
                .over(&self.file)
                .effective();
            let of_groups = next.configs().of_kind(Resource::GROUP);
            let is_of_groups = settings != self.settings
                || of_groups.ne(before.configs().of_kind(Resource::GROUP));
            self.settings = settings;
            self.adjust();
            if is_of_groups || is_first {
                self.groups.configure(&self.settings, next);
            }
            let subscriptions = next.configs().of_kind(Resource::CLIENT_METRICS);
            if subscriptions.ne(before.configs().of_kind(Resource::CLIENT_METRICS)) {
                self.telemetry.subscribe(next);
            }
        }
        if before.client_quotas() != next.client_quotas() {
            self.client_quotas.configure(next.client_quotas());
            self.limits.set_rates_of_addresses(next.client_quotas());
        }
        let (updated, deleted): (Vec<_>, Vec<_>) = next
            .topics()
            .changes_since(before.topics())
            .partition(|(_, topic)| topic.is_some());
        // First, for a topic of the same name may be among the new ones.
        let mut deleted_names = BTreeSet::new();
        for (id, _) in deleted {
            if let Some(topic) = before.topics().by_id(id) {
                deleted_names.insert(Arc::clone(&topic.name));
            }
            for partition in self.partitions.of_topic(id) {
                self.partitions.remove(partition.key);
                self.places.left(partition.directory);
                self.missed.remove(&partition.key);
                self.moves.forget(partition.key);
                partition.set_leader_epoch(None);
                self.groups.remove(partition.key);
                if let Some(staying) = self.staying.lock().remove(&partition.key) {
                    let lane = staying.lane.clone();
                    lane.send(Job::Delete {
                        partition: staying,
                        was_found: true,
                    });
                }
                let was_found = self.found.logs.remove(&partition.key).is_some();
                let lane = partition.lane.clone();
                lane.send(Job::Delete {
                    partition,
                    was_found,
                });
            }
        }
        if !deleted_names.is_empty() {
            self.groups.topics_are_deleted(&deleted_names);
        }
        let mut changed_names = deleted_names;
        let mut has_new_topics = false;
        for topic in updated.into_iter().filter_map(|(_, topic)| topic) {
            self.update(next, &topic, is_first);
            has_new_topics |= before.topics().by_id(topic.id).is_none();
            changed_names.insert(Arc::clone(&topic.name));
        }
        if !changed_names.is_empty() {
            self.groups.follow(next, &changed_names, has_new_topics);
        }
        if has_new_configs {
            self.configure(next);
        }
        self.image.store(Arc::clone(next));
    }

    /// Carries out what has changed of the node's own settings.
    fn adjust(&mut self) {
        let next = Adjustable::of(&self.settings);
        self.limits
            .set(next.max_connections, next.max_connections_per_ip);
        self.limits.set_rate(next.max_connection_creation_rate);
        if next.producer_expiration != self.adjusted.producer_expiration {
            for lane in self.places.lanes() {
                lane.send(Job::ExpireProducers {
                    after: next.producer_expiration,
                });
            }
        }
        self.adjusted = next;
    }

    fn update(&mut self, image: &Image, topic: &Arc<TopicImage>, is_first: bool) {
        let mut config = None;
        for (index, state) in topic.partitions() {
            let Some(replica) = state.replicas.iter().position(|id| *id == self.node) else {
                continue;
            };
            let key = PartitionKey {
                topic: topic.id,
                index,
            };
            let known = self.partitions.get(topic.id, index);
            let known = known.map(|known| self.follow(known, state, replica));
            let partition = known.unwrap_or_else(|| {
                let assigned = state.directories.get(replica);
                // One for all partitions of the topic.
                let config =
                    config.get_or_insert_with(|| Arc::new(self.config(image, &topic.name)));
                let config = Arc::clone(config);
                let partition = self.place(image, topic, key, assigned, config, is_first);
                self.partitions.insert(Arc::clone(&partition));
                partition
            });
            if state.leader != self.node || self.missed.contains(&key) {
                if partition.leader_epoch().is_some() {
                    partition.set_leader_epoch(None);
                    self.groups.resign(key);
                    partition.lane.send(Job::Resign { key });
                }
            } else if partition.leader_epoch() != Some(state.leader_epoch) {
                partition.set_leader_epoch(Some(state.leader_epoch));
                let lane = partition.lane.clone();
                lane.send(Job::Lead {
                    partition: Arc::clone(&partition),
                    leadership: leadership(state),
                    was_found: self.found.logs.contains_key(&key),
                });
                self.groups.lead(&partition);
            }
        }
    }

    /// The partition where the metadata has it by now, if its log is ready to go there.
    fn follow(
        &mut self,
        partition: Arc<Partition<E>>,
        state: &PartitionImage,
        replica: usize,
    ) -> Arc<Partition<E>> {
        let to = state.directories.get(replica).copied();
        let to = to.filter(|to| *to != partition.directory && state.leader == self.node);
        if let Some(staying) = to.and_then(|to| self.take_staying(partition.key, to)) {
            return self.stay(&partition, staying);
        }
        let (Some(to), Some(_)) = (to, partition.leader_epoch()) else {
            return partition;
        };
        let (Some(place), Some(future)) =
            (self.places.of(to), self.moves.take_ready(partition.key, to))
        else {
            return partition;
        };
        let key = partition.key;
        let topic = Arc::clone(&partition.topic);
        let moved = Arc::new(Partition::new(key, topic, place, partition.config()));
        partition.move_away();
        self.groups.remove(key);
        moved.set_leader_epoch(Some(state.leader_epoch));
        moved.lane.send(Job::Expect {
            partition: Arc::clone(&moved),
            leadership: leadership(state),
        });
        let arrival = Arrival::new(Arc::clone(&moved), state.leader_epoch);
        partition.lane.send(Job::HandOver(Box::new(HandOver {
            key,
            future,
            arrival,
            stay: self.to_stay(),
        })));
        self.places.left(partition.directory);
        self.places.came(to);
        self.partitions.insert(Arc::clone(&moved));
        self.groups.lead(&moved);
        moved
    }

    /// What the lane does with a partition that it cannot hand over: the controller is told where it stays.
    fn to_stay(&self) -> Stay<E> {
        let (staying, assigned) = (Arc::clone(&self.staying), self.assigned.clone());
        Box::new(move |partition| {
            let stays = AssignedDirectory {
                topic: partition.key.topic,
                partition: partition.key.index,
                directory: partition.directory,
            };
            staying.lock().insert(partition.key, partition);
            // Whoever passes it on ends with the node.
            let _ = assigned.unbounded_send(stays);
        })
    }

    fn take_staying(&self, key: PartitionKey, directory: Uuid) -> Option<Arc<Partition<E>>> {
        let mut staying = self.staying.lock();
        let is_there = staying.get(&key)?.directory == directory;
        is_there.then(|| staying.remove(&key)).flatten()
    }

    /// The metadata has the partition where it stays, and not where its log did not come.
    fn stay(&mut self, moved: &Arc<Partition<E>>, staying: Arc<Partition<E>>) -> Arc<Partition<E>> {
        let key = moved.key;
        moved.move_away();
        self.groups.remove(key);
        // There is nothing but what the lane knows of it.
        moved.lane.send(Job::Delete {
            partition: Arc::clone(moved),
            was_found: false,
        });
        staying.stay();
        staying.set_config(moved.config());
        staying.lane.send(Job::Configure { key });
        self.places.left(moved.directory);
        self.places.came(staying.directory);
        self.partitions.insert(Arc::clone(&staying));
        staying
    }

    /// A partition that is new here, in the directory that it is found or assigned to, or else in the one that has the fewest.
    fn place(
        &mut self,
        image: &Image,
        topic: &TopicImage,
        key: PartitionKey,
        assigned: Option<&Uuid>,
        config: Arc<TopicConfig>,
        is_first: bool,
    ) -> Arc<Partition<E>> {
        let found = self.found.logs.get(&key);
        let named = found.or(assigned).and_then(|id| self.places.of(*id));
        let is_missed = (named.is_none() && is_first && self.found.has_offline)
            || self.found.in_doubt.contains(&key);
        // One that has failed since is named no more.
        let usable = image.cluster().broker(self.node);
        let usable = usable.map_or(&[][..], |broker| broker.log_dirs());
        let preferred = self.moves.take_preferred(&topic.name, key.index);
        let preferred = preferred.filter(|id| usable.contains(id));
        let preferred = preferred.and_then(|id| self.places.of(id));
        let place = named
            .or(preferred)
            .unwrap_or_else(|| self.places.emptiest(usable));
        let directory = place.0;
        let partition = Arc::new(Partition::new(key, Arc::clone(&topic.name), place, config));
        if is_missed {
            // Its log is where nobody can look. One begun elsewhere would be an empty one that passes for it.
            partition.set_availability(Availability::Offline);
            self.missed.insert(key);
        } else if assigned.is_some_and(|assigned| *assigned != directory) {
            let assigned = AssignedDirectory {
                topic: key.topic,
                partition: key.index,
                directory,
            };
            // Whoever passes it on ends with the node.
            let _ = self.assigned.unbounded_send(assigned);
        }
        self.places.came(directory);
        partition
    }

    fn config(&self, image: &Image, topic: &str) -> TopicConfig {
        TopicConfig::new(
            &self.settings,
            image.configs().of(&Resource::new(Resource::TOPIC, topic)),
        )
    }

    fn configure(&self, image: &Image) {
        let mut configs: FxHashMap<TopicId, Arc<TopicConfig>> = FxHashMap::default();
        for partition in self.partitions.all() {
            let config = configs
                .entry(partition.key.topic)
                .or_insert_with(|| Arc::new(self.config(image, &partition.topic)));
            if **config != *partition.config() {
                // First, for that is where the lane looks: what it is told while it is busy ends with the latest.
                partition.set_config(Arc::clone(config));
                partition.lane.send(Job::Configure { key: partition.key });
            }
        }
    }
}

/// With one replica the in-sync ones change only together with the leader.
fn leadership(state: &PartitionImage) -> Leadership {
    Leadership {
        epoch: state.leader_epoch,
        replicas: state.replicas.len(),
        in_sync: state.isr.len(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ottla_config::ServerConfig;
    use ottla_env::Disk;
    use ottla_log::dir::{FutureLog, LogDirectory};
    use ottla_model::{LeaderEpoch, PartitionIndex};
    use ottla_wire::metadata_record::{
        ConfigRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord,
        TopicRecord,
    };

    use super::*;
    use crate::idle_env::IdleEnv;

    const NODE: NodeId = NodeId(1);
    const DIRECTORY: Uuid = Uuid::from_u128(101);
    const TOPIC: TopicId = TopicId(Uuid::from_u128(7));
    const KEY: PartitionKey = PartitionKey {
        topic: TOPIC,
        index: PartitionIndex(0),
    };
    const NAME: &str = "topic";
    const PROPERTIES: &str = "process.roles=broker,controller\nnode.id=1\n\
        listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n\
        controller.quorum.bootstrap.servers=localhost:9093\nlog.dirs=/data\n";

    /// A publisher of a node with one lane, and what it publishes to. `has_offline`: another directory cannot be used. `in_doubt`: of
    /// the topic's log there is a copy.
    fn publisher(
        env: &IdleEnv,
        has_offline: bool,
        in_doubt: bool,
    ) -> (Publisher<IdleEnv>, Arc<Partitions<IdleEnv>>) {
        let lane = env.lane("/data", DIRECTORY);
        let (config, _) =
            ServerConfig::load("server.properties", PROPERTIES, &[]).expect("it is well-formed");
        let partitions = Arc::new(Partitions::default());
        let groups = GroupCoordinators::new(
            env.clone(),
            Arc::default(),
            config.groups(),
            &config.consumer_groups(),
            &Adjustable::of(config.settings()),
        );
        let windows = config.quota_windows();
        let publisher = Publisher::new(
            NODE,
            config.settings().clone(),
            ConnectionLimits::new(1, 1, windows),
            Arc::new(ClientQuotas::new(windows, windows)),
            Arc::new(Telemetry::new(false, 1)),
            Arc::default(),
            Arc::clone(&partitions),
            Arc::new(groups),
            vec![(DIRECTORY, lane)],
            FoundLogs {
                logs: FxHashMap::default(),
                has_offline,
                in_doubt: in_doubt.then_some(KEY).into_iter().collect(),
            },
            Arc::new(Moves::new(Vec::new()).0),
            mpsc::unbounded().0,
        );
        (publisher, partitions)
    }

    fn with(image: &Image, records: Vec<MetadataRecord<'_>>) -> Arc<Image> {
        let mut next = image.clone();
        for record in records {
            let offset = next.offset().next();
            let applied = next.apply(&record, offset);
            applied.expect("the records fit each other");
        }
        Arc::new(next)
    }

    fn max_message_bytes(value: Option<&str>) -> Vec<MetadataRecord<'static>> {
        let record = ConfigRecord {
            resource_type: Resource::TOPIC,
            resource_name: NAME.into(),
            name: "max.message.bytes".into(),
            value: value.map(|value| value.to_owned().into()),
        };
        vec![record.into()]
    }

    /// A topic of one partition, which this node leads.
    fn topic(assigned: Option<Uuid>) -> Vec<MetadataRecord<'static>> {
        let topic = TopicRecord {
            name: NAME.into(),
            topic_id: TOPIC,
        };
        let partition = PartitionRecord {
            partition_id: PartitionIndex(0),
            topic_id: TOPIC,
            replicas: vec![NODE],
            isr: vec![NODE],
            leader: NODE,
            leader_epoch: LeaderEpoch(0),
            directories: assigned.into_iter().collect(),
            ..Default::default()
        };
        vec![topic.into(), partition.into()]
    }

    #[test]
    fn a_log_that_may_be_in_a_directory_that_cannot_be_used_is_not_begun_elsewhere() {
        // Where there is a copy the metadata names its directory, which can be used.
        for (has_offline, in_doubt, assigned, began) in [
            (true, false, None, false),
            (true, true, Some(DIRECTORY), false),
            (true, false, Some(DIRECTORY), true),
            (false, false, None, true),
        ] {
            let env = IdleEnv::new();
            let (mut publisher, partitions) = publisher(&env, has_offline, in_doubt);
            publisher.publish(&with(&Image::default(), topic(assigned)));
            (0..4).for_each(|_| env.run());
            env.unblock();
            let partition = partitions.get(TOPIC, PartitionIndex(0));
            let partition = partition.expect("this node has a replica");
            assert_eq!(partition.leader_epoch().is_some(), began);
            let log = env.disk().entry(Path::new("/data/topic-0"));
            assert_eq!(log.expect("the disk works").is_some(), began);
        }
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_not_preferred() {
        const SECOND: Uuid = Uuid::from_u128(102);
        for (usable, expected) in [
            (vec![DIRECTORY, SECOND], SECOND),
            (vec![DIRECTORY], DIRECTORY),
        ] {
            let env = IdleEnv::new();
            let (mut publisher, partitions) = publisher(&env, false, false);
            let places = [("/data", DIRECTORY), ("/second", SECOND)];
            let lanes = places.map(|(path, id)| {
                (
                    id,
                    publisher
                        .places
                        .of(id)
                        .map(|(_, lane)| lane)
                        .unwrap_or_else(|| env.lane(path, id)),
                )
            });
            publisher.places = Places::new(lanes.into());
            publisher.moves.prefer(NAME, PartitionIndex(0), SECOND);
            let mut records = vec![broker(usable).into()];
            records.extend(topic(None));
            publisher.publish(&with(&Image::default(), records));
            let partition = partitions.get(TOPIC, PartitionIndex(0));
            let partition = partition.expect("this node has a replica");
            assert_eq!(partition.directory, expected);
        }
    }

    #[test]
    fn a_log_that_cannot_be_handed_over_is_led_where_it_was() {
        const SECOND: Uuid = Uuid::from_u128(102);
        let env = IdleEnv::new();
        let (mut publisher, partitions) = publisher(&env, false, false);
        let first = publisher.places.of(DIRECTORY).expect("it is there");
        let second = LogDirectory::open(env.disk().clone(), Path::new("/second"));
        let second = Arc::new(second.expect("nobody else has it"));
        let lane = env.lane_of(Arc::clone(&second), SECOND);
        publisher.places = Places::new(vec![first, (SECOND, lane)]);
        let (assigned, mut told) = mpsc::unbounded();
        publisher.assigned = assigned;
        let run = || (0..8).for_each(|_| env.run());
        let created = with(&Image::default(), topic(Some(DIRECTORY)));
        publisher.publish(&created);
        run();
        env.unblock();
        run();
        let from = LogDirectory::open(env.disk().clone(), Path::new("/unused"));
        let from = Arc::new(from.expect("nobody else has it"));
        // Of another directory's log, which is not there: the rest cannot be copied.
        let future = FutureLog::begin(from, second, "topic-0", SECOND);
        publisher
            .moves
            .put_ready(KEY, DIRECTORY, SECOND, future.expect("the disk works"));
        let assign = |image: &Image, directory| {
            let change = PartitionChangeRecord {
                partition_id: PartitionIndex(0),
                topic_id: TOPIC,
                directories: Some(vec![directory]),
                ..Default::default()
            };
            with(image, vec![change.into()])
        };
        let moved = assign(&created, SECOND);
        publisher.publish(&moved);
        run();
        let partition = || {
            partitions
                .get(TOPIC, PartitionIndex(0))
                .expect("it is there")
        };
        assert!(partition().directory == SECOND && partition().open_reader().is_none());
        let stays = told.try_recv().expect("the controller is told");
        assert_eq!(stays.directory, DIRECTORY);
        publisher.publish(&assign(&moved, DIRECTORY));
        run();
        assert!(partition().directory == DIRECTORY && partition().open_reader().is_some());
        assert_eq!(partition().leader_epoch(), Some(LeaderEpoch(0)));
        assert!(publisher.staying.lock().is_empty());
    }

    fn broker(log_dirs: Vec<Uuid>) -> RegisterBrokerRecord<'static> {
        RegisterBrokerRecord {
            broker_id: NODE,
            log_dirs,
            ..Default::default()
        }
    }

    #[test]
    fn a_config_that_is_changed_and_changed_back_while_the_lane_is_busy_is_as_it_was() {
        let env = IdleEnv::new();
        let (mut publisher, partitions) = publisher(&env, false, false);
        let created = with(&Image::default(), topic(None));
        let changed = with(&created, max_message_bytes(Some("1000")));
        let changed_back = with(&changed, max_message_bytes(None));
        publisher.publish(&created);
        env.run();
        let partition = partitions.get(TOPIC, PartitionIndex(0));
        let partition = partition.expect("this node has a replica");
        let at_first = partition.config();
        publisher.publish(&changed);
        assert_eq!(partition.config().max_message_bytes(), 1000);
        publisher.publish(&changed_back);
        env.run();
        assert!(at_first == partition.config());
    }
}
