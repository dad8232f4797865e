//! Brokers with several log directories, and what fails with one.

use ottla_controller::{Alteration, AssignedDirectory, ConfigChange, Request};
use ottla_metadata::Resource;
use ottla_metadata::features::MetadataVersion;
use ottla_model::{ErrorCode, NodeId, PartitionIndex, Uuid};

use super::{Cluster, Partition, led};

const ONE: Uuid = Uuid::from_u128(501);
const TWO: Uuid = Uuid::from_u128(502);
const REGISTRATION_CHANGE: &str = "BrokerRegistrationChangeRecord";
/// What stands for a directory that the broker has not chosen yet.
const UNASSIGNED: Uuid = Uuid::from_u128(1);

/// A cluster whose broker has two directories.
fn with_two_directories() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.stop();
    cluster.directories = vec![ONE, TWO];
    cluster.start(cluster.epoch);
    cluster
}

impl Cluster {
    fn directories(&self, topic: &str) -> Vec<Uuid> {
        let topic = self.controller.image().topics().by_name(topic);
        let partition = topic.and_then(|topic| topic.partition(PartitionIndex(0)));
        partition.expect("it was created").directories.clone()
    }

    /// The broker has its replica of `topic` there.
    fn assign(&mut self, topic: &str, directory: Uuid) -> Vec<&'static str> {
        let topic = self.controller.image().topics().by_name(topic);
        let assigned = AssignedDirectory {
            topic: topic.expect("it was created").id,
            partition: PartitionIndex(0),
            directory,
        };
        let (broker, epoch) = (NodeId(1), self.epoch);
        self.records_of(Request::AssignDirectories {
            broker,
            epoch,
            assigned: vec![assigned],
        })
    }
}

impl Cluster {
    fn fail(&mut self, directory: Uuid) -> Vec<&'static str> {
        let (broker, epoch) = (NodeId(1), self.epoch);
        self.records_of(Request::FailDirectories {
            broker,
            epoch,
            failed: vec![directory],
        })
    }
}

#[test]
fn the_broker_chooses_among_its_directories_and_says_which() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.create("t", 1), Ok(()));
    assert_eq!(cluster.directories("t"), [UNASSIGNED]);
    assert_eq!(cluster.assign("t", TWO), ["PartitionChangeRecord"]);
    assert_eq!(cluster.directories("t"), [TWO]);
    assert_eq!(cluster.assign("t", TWO), [""; 0]);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.partition("t").leader_epoch, 0);
}

#[test]
fn nobody_leads_a_partition_whose_directory_is_gone_until_it_is_back() {
    let mut cluster = with_two_directories();
    for (topic, directory) in [("t", ONE), ("u", TWO)] {
        assert_eq!(cluster.create(topic, 1), Ok(()));
        cluster.assign(topic, directory);
    }
    cluster.stop();
    cluster.directories = vec![ONE];
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.partition("u").leader, -1);
    cluster.stop();
    cluster.directories = vec![ONE, TWO];
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("u").leader, 1);
}

#[test]
fn a_partition_that_is_begun_anew_in_another_directory_is_led_again() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.create("t", 1), Ok(()));
    cluster.assign("t", TWO);
    cluster.stop();
    cluster.directories = vec![ONE];
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t").leader, -1);
    assert_eq!(cluster.assign("t", ONE), ["PartitionChangeRecord"]);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.directories("t"), [ONE]);
}

#[test]
fn nobody_leads_what_was_in_a_directory_that_fails() {
    const PARTITION_CHANGE: &str = "PartitionChangeRecord";
    const REGISTRATION_CHANGE: &str = "BrokerRegistrationChangeRecord";
    let mut cluster = with_two_directories();
    for (topic, directory) in [("t", ONE), ("u", TWO)] {
        assert_eq!(cluster.create(topic, 1), Ok(()));
        cluster.assign(topic, directory);
    }
    let failed = cluster.fail(TWO);
    assert_eq!(failed, [PARTITION_CHANGE, REGISTRATION_CHANGE]);
    assert_eq!(cluster.fail(TWO), [""; 0]);
    assert_eq!(cluster.partition("t"), led(0, false));
    let lost = Partition {
        leader: -1,
        isr: Vec::new(),
        elr: vec![1],
        last_known: vec![1],
        ..led(1, false)
    };
    assert_eq!(cluster.partition("u"), lost);
    let broker = cluster.controller.image().cluster().broker(NodeId(1));
    assert_eq!(broker.expect("registered").log_dirs(), [ONE]);
    // What is new goes where there is a place left.
    assert_eq!(cluster.create("v", 1), Ok(()));
    assert_eq!(cluster.directories("v"), [ONE]);
    cluster.stop();
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("u"), led(2, false));
}

#[test]
fn a_replica_that_is_put_into_a_directory_after_that_has_failed_is_lost_with_it() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.create("t", 1), Ok(()));
    cluster.fail(TWO);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.assign("t", TWO), ["PartitionChangeRecord"; 2]);
    assert_eq!(cluster.directories("t"), [TWO]);
    assert_eq!(cluster.partition("t").leader, -1);
}

impl Cluster {
    fn cordon(&mut self, cordoned: &[Uuid]) -> Vec<&'static str> {
        let (broker, epoch) = (NodeId(1), self.epoch);
        self.records_of(Request::CordonDirectories {
            broker,
            epoch,
            cordoned: cordoned.to_vec(),
        })
    }
}

#[test]
fn a_broker_whose_directories_are_all_cordoned_gets_no_new_partitions() {
    let mut cluster = with_two_directories();
    assert_eq!(cluster.cordon(&[]), [""; 0]);
    assert_eq!(cluster.cordon(&[TWO]), [REGISTRATION_CHANGE]);
    assert_eq!(cluster.cordon(&[TWO]), [""; 0]);
    assert_eq!(cluster.create("half", 1), Ok(()));
    assert_eq!(cluster.cordon(&[TWO, ONE]), [REGISTRATION_CHANGE]);
    let nowhere = Err(ErrorCode::InvalidReplicationFactor);
    assert_eq!(cluster.create("none", 1), nowhere);
    // One that is lost is none that could take them.
    cluster.cordon(&[ONE]);
    cluster.fail(TWO);
    assert_eq!(cluster.create("none", 1), nowhere);
    assert_eq!(cluster.cordon(&[]), [REGISTRATION_CHANGE]);
    assert_eq!(cluster.create("none", 1), Ok(()));
}

#[test]
fn a_broker_that_comes_says_which_directories_are_cordoned() {
    let mut cluster = with_two_directories();
    cluster.stop();
    let (broker, epoch) = (NodeId(1), cluster.epoch);
    let unfenced = cluster.records_of(Request::Unfence {
        broker,
        epoch,
        cordoned: vec![ONE, TWO],
    });
    assert_eq!(unfenced, [REGISTRATION_CHANGE; 2]);
    let nowhere = Err(ErrorCode::InvalidReplicationFactor);
    assert_eq!(cluster.create("none", 1), nowhere);
}

#[test]
fn a_cluster_that_does_not_know_cordons_has_none() {
    let mut cluster = Cluster::at(MetadataVersion::MIN);
    let directories = cluster.directories.clone();
    assert_eq!(cluster.cordon(&directories), [""; 0]);
    assert_eq!(cluster.create("t", 1), Ok(()));
    let cordon = |change| {
        let resource = Resource::new(Resource::BROKER, "1");
        Alteration {
            resource,
            changes: vec![("cordoned.log.dirs".to_owned(), change)],
            replaces_all: false,
        }
    };
    let set = cordon(ConfigChange::Set("*".to_owned()));
    assert_eq!(cluster.alter(vec![set]), [Err(ErrorCode::InvalidConfig)]);
    let delete = cordon(ConfigChange::Delete);
    assert_eq!(cluster.alter(vec![delete]), [Ok(())]);
}
