//! The partitions of brokers that come, stop or are found dead.

use ottla_config::describe::Layers;
use ottla_config::dynamic::Level;
use ottla_config::{Settings, TopicConfig};
use ottla_metadata::features::ELIGIBLE_LEADER_REPLICAS;
use ottla_metadata::{PartitionImage, Resource, TopicImage};
use ottla_model::{NodeId, PartitionIndex, Uuid};
use ottla_wire::metadata_record::{MetadataRecord, PartitionChangeRecord};

use crate::controller::Controller;
use crate::directories::directory_of;
use crate::partition_change::{Candidates, Change};

/// What happened to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// It takes part from now on.
    Came(NodeId),
    /// It takes part no more, and has all its records still.
    Left(NodeId),
    /// It may have lost records that it had.
    Crashed(NodeId),
    /// It cannot use these of its directories any more.
    LostDirectories(NodeId, &'a [Uuid]),
}

impl Controller {
    /// The changes of all partitions that the event touches.
    pub(crate) fn partition_changes(&self, event: Event<'_>) -> Vec<MetadataRecord<'static>> {
        let is_active = |id, partition: &PartitionImage| {
            let takes_part = event == Event::Came(id) || self.image.cluster().is_active(id);
            takes_part && self.has_directory(id, partition)
        };
        let mut change = self.no_change(&is_active);
        let is_touched = |partition: &PartitionImage| match event {
            Event::Came(_) => partition.leader == NodeId::NONE,
            Event::Left(id) => partition.isr.contains(&id),
            Event::LostDirectories(id, lost) => {
                let directory = directory_of(id, partition);
                partition.isr.contains(&id) && directory.is_some_and(|it| lost.contains(&it))
            }
            Event::Crashed(id) => partition.isr.contains(&id) || partition.elr.contains(&id),
        };
        match event {
            Event::Came(_) => {}
            Event::Crashed(id) if change.has_eligible_leaders => change.crashed = Some(id),
            // Before there were eligible leaders, whoever was last in the ISR was trusted, however it stopped.
            Event::Left(id) | Event::Crashed(id) | Event::LostDirectories(id, _) => {
                change.leaving = Some(id);
            }
        }
        let settings = self.effective_settings();
        let mut records = Vec::new();
        for topic in self.image.topics().iter() {
            let mut touched = topic
                .partitions()
                .filter(|(_, partition)| is_touched(partition))
                .peekable();
            if touched.peek().is_none() {
                continue;
            }
            self.rules_of(topic, &settings, &mut change);
            let changes =
                touched.filter_map(|(index, partition)| change.of(topic.id, index, partition));
            records.extend(changes.map(MetadataRecord::from));
        }
        records
    }

    /// Who leads a partition that nobody led, if anybody can.
    pub(crate) fn election(
        &self,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
    ) -> Option<PartitionChangeRecord> {
        self.by_rules_of(topic, |change| change.of(topic.id, index, partition))
    }

    /// The same as asked for by hand.
    pub(crate) fn election_among(
        &self,
        candidates: Candidates,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
    ) -> Option<PartitionChangeRecord> {
        self.by_rules_of(topic, |change| {
            change.candidates = candidates;
            change.of(topic.id, index, partition)
        })
    }

    /// The partition gets the replicas of `target`.
    pub(crate) fn reassignment(
        &self,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
        target: PartitionImage,
    ) -> Option<PartitionChangeRecord> {
        self.by_rules_of(topic, |change| {
            change.of_reassigned(topic.id, index, partition, target)
        })
    }

    /// The broker has lost its replica of the one partition.
    pub(crate) fn loss(
        &self,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
        id: NodeId,
    ) -> Option<PartitionChangeRecord> {
        self.by_rules_of(topic, |change| {
            change.leaving = Some(id);
            change.of(topic.id, index, partition)
        })
    }

    /// What is decided of one partition of the topic while no broker comes or goes.
    fn by_rules_of(
        &self,
        topic: &TopicImage,
        decide: impl FnOnce(&mut Change<'_>) -> Option<PartitionChangeRecord>,
    ) -> Option<PartitionChangeRecord> {
        let is_active = |id, partition: &PartitionImage| {
            self.image.cluster().is_active(id) && self.has_directory(id, partition)
        };
        let mut change = self.no_change(&is_active);
        self.rules_of(topic, &self.effective_settings(), &mut change);
        decide(&mut change)
    }

    /// Nobody comes or goes, and nothing is known of a topic.
    fn no_change<'a>(&self, is_active: &'a dyn Fn(NodeId, &PartitionImage) -> bool) -> Change<'a> {
        let features = self.image.features();
        Change {
            leaving: None,
            crashed: None,
            is_active,
            has_eligible_leaders: features.level(ELIGIBLE_LEADER_REPLICAS) > 0,
            min_in_sync: 1,
            candidates: Candidates::InSync,
            shrinking_begins_epoch: !features.metadata_version().keeps_epoch_on_shrink(),
        }
    }

    fn rules_of(&self, topic: &TopicImage, settings: &Settings, change: &mut Change<'_>) {
        let resource = Resource::new(Resource::TOPIC, &topic.name);
        let config = TopicConfig::new(settings, self.image.configs().of(&resource));
        change.min_in_sync = config.min_insync_replicas();
        if config.allows_unclean_election() {
            change.candidates = Candidates::OutOfSyncToo;
        }
    }

    /// The file's, and over them what the metadata says of all brokers.
    pub(crate) fn effective_settings(&self) -> Settings {
        let all_brokers = Resource::new(Resource::BROKER, "");
        let layers = Layers {
            file: &self.options.settings,
            all_brokers: &Settings::dynamic(
                Level::AllBrokers,
                self.image.configs().of(&all_brokers),
            ),
            this_broker: &Settings::default(),
        };
        layers.effective()
    }
}
