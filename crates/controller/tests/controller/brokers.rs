//! Brokers come, stop and crash.

use ottla_controller::{NewTopic, Permits, Reply, Request};
use ottla_metadata::Resource;
use ottla_metadata::features::MetadataVersion;
use ottla_model::{BrokerEpoch, ErrorCode, NodeId};

use super::{Cluster, Partition, led, new_topic};

#[test]
fn a_new_cluster_is_at_the_newest_level() {
    let cluster = Cluster::new();
    let image = cluster.controller.image();
    assert_eq!(image.features().metadata_version(), MetadataVersion::LATEST);
    assert_eq!(image.features().level("transaction.version"), 2);
    assert!(image.cluster().is_alive(NodeId(1)));
    assert_eq!(
        image
            .cluster()
            .broker(NodeId(1))
            .expect("registered")
            .epoch(),
        cluster.epoch
    );
}

#[test]
fn a_cluster_begins_with_what_it_was_formatted_with() {
    let cluster = Cluster::at(MetadataVersion::MIN);
    let image = cluster.controller.image();
    assert_eq!(image.features().metadata_version(), MetadataVersion::MIN);
    let brokers = Resource::new(Resource::BROKER, "");
    assert_eq!(image.configs().get(&brokers, "min.insync.replicas"), None);
}

#[test]
fn an_earlier_incarnation_is_told_so() {
    let mut cluster = Cluster::new();
    let old = cluster.epoch;
    cluster.start(BrokerEpoch::NONE);
    let reply = cluster.ask(Request::AllocateProducerIds {
        broker: NodeId(1),
        epoch: old,
    });
    let Reply::Refused(refusal) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(refusal.code, ErrorCode::StaleBrokerEpoch);
}

#[test]
fn producer_ids_come_in_blocks() {
    let mut cluster = Cluster::new();
    let epoch = cluster.epoch;
    let mut first = || match cluster.ask(Request::AllocateProducerIds {
        broker: NodeId(1),
        epoch,
    }) {
        Reply::ProducerIds { first, count } => (first.0, count),
        other => panic!("{other:?}"),
    };
    assert_eq!([first(), first()], [(0, 1000), (1000, 1000)]);
}

#[test]
fn a_follower_that_stops_leaves_the_isr() {
    let mut cluster = Cluster::new();
    let (broker, epoch) = (NodeId(2), cluster.join(2));
    let topic = NewTopic {
        replication_factor: 2,
        ..new_topic("t".to_owned(), 1)
    };
    cluster.ask(Request::CreateTopics {
        topics: vec![topic],
        validate_only: false,
        permits: Permits::default(),
    });
    let both = Partition {
        isr: vec![1, 2],
        ..led(0, false)
    };
    assert_eq!(cluster.partition("t"), both);
    // It leads nothing, and so is fenced at once.
    let reply = cluster.ask(Request::ShutDown { broker, epoch });
    assert_eq!(reply, Reply::Done);
    assert!(!cluster.controller.image().cluster().is_alive(broker));
    assert_eq!(cluster.partition("t"), led(0, false));
}

#[test]
fn a_clean_stop_leaves_an_eligible_leader() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    let stopped = Partition {
        leader: -1,
        isr: Vec::new(),
        elr: vec![1],
        last_known: vec![1],
        ..led(1, false)
    };
    assert_eq!(cluster.partition("t"), stopped);
    cluster.start(cluster.epoch);
    assert_eq!(cluster.partition("t"), led(2, false));
}

#[test]
fn a_leader_that_comes_back_after_a_crash_is_elected_uncleanly() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.start(BrokerEpoch::NONE);
    assert_eq!(cluster.partition("t"), led(2, true));
}

#[test]
fn a_stop_counts_as_a_crash_when_the_directories_do_not_say_that_it_was_clean() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    cluster.start(BrokerEpoch(cluster.epoch.0 - 1));
    assert_eq!(cluster.partition("t"), led(2, true));
}

#[test]
fn the_records_of_stops_and_starts_are_kafkas() {
    const PARTITION_CHANGE: &str = "PartitionChangeRecord";
    const REGISTRATION_CHANGE: &str = "BrokerRegistrationChangeRecord";
    let mut cluster = Cluster::new();
    let (broker, epoch) = (NodeId(1), cluster.epoch);
    // It leads nothing: there is nothing to give up first.
    let stop = Request::ShutDown { broker, epoch };
    let stopped = cluster.records_of(stop);
    assert_eq!(stopped, [REGISTRATION_CHANGE]);
    assert!(!cluster.controller.image().cluster().is_alive(broker));
    assert_eq!(cluster.records_of(Request::Fence { broker }), [""; 0]);
    cluster.start(epoch);
    cluster.create("t", 2).expect("a good name");
    let epoch = cluster.epoch;
    let stop = Request::ShutDown { broker, epoch };
    let stopped = cluster.records_of(stop);
    let of_partitions = [PARTITION_CHANGE; 2];
    assert_eq!(stopped[..1], [REGISTRATION_CHANGE]);
    assert_eq!(stopped[1..], of_partitions);
    let fenced = cluster.records_of(Request::Fence { broker });
    assert_eq!(fenced, [REGISTRATION_CHANGE]);
    let returned = Request::Unfence {
        broker,
        epoch,
        cordoned: Vec::new(),
    };
    let unfenced = cluster.records_of(returned);
    assert_eq!(unfenced[..1], [REGISTRATION_CHANGE]);
    assert_eq!(unfenced[1..], of_partitions);
}

#[test]
fn before_eligible_leaders_the_last_of_an_isr_stays_in_it() {
    let mut cluster = Cluster::at(MetadataVersion::MIN);
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    let stopped = Partition {
        leader: -1,
        ..led(1, false)
    };
    assert_eq!(cluster.partition("t"), stopped);
    cluster.start(BrokerEpoch::NONE);
    assert_eq!(cluster.partition("t"), led(2, false));
}
