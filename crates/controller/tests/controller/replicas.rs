//! Leaders are elected by hand, and partitions get other replicas.

use ottla_controller::{Election, PartitionResults, Reply, Request};
use ottla_model::{ErrorCode, NodeId, PartitionIndex};

use super::Cluster;

impl Cluster {
    fn elect(&mut self, election: Election, name: &str) -> Result<(), ErrorCode> {
        let partitions = Some(vec![(name.to_owned(), vec![PartitionIndex(0)])]);
        let reply = self.ask(Request::ElectLeaders {
            election,
            partitions,
        });
        only(reply)
    }

    /// `None`: cancels.
    fn reassign(&mut self, name: &str, replicas: Option<&[i32]>) -> Result<(), ErrorCode> {
        self.reassign_with(name, replicas, true)
    }

    fn reassign_with(
        &mut self,
        name: &str,
        replicas: Option<&[i32]>,
        allow_replication_factor_change: bool,
    ) -> Result<(), ErrorCode> {
        let replicas = replicas.map(|ids| ids.iter().copied().map(NodeId).collect());
        let reply = self.ask(Request::AlterPartitionReassignments {
            topics: vec![(name.to_owned(), vec![(PartitionIndex(0), replicas)])],
            allow_replication_factor_change,
        });
        only(reply)
    }

    /// Replicas, and those that are being added and removed.
    fn replicas(&self, name: &str) -> [Vec<i32>; 3] {
        let topic = self.controller.image().topics().by_name(name);
        let partition = topic.and_then(|topic| topic.partition(PartitionIndex(0)));
        let partition = partition.expect("it was created");
        assert_eq!(partition.replicas.len(), partition.directories.len());
        let raw = |ids: &[NodeId]| ids.iter().map(|id| id.0).collect();
        [
            raw(&partition.replicas),
            raw(&partition.adding_replicas),
            raw(&partition.removing_replicas),
        ]
    }
}

fn only(reply: Reply) -> Result<(), ErrorCode> {
    let Reply::Partitions(results) = reply else {
        panic!("{reply:?}")
    };
    let [PartitionResults { partitions, .. }] = &results[..] else {
        panic!("one topic was asked for: {results:?}")
    };
    let [(_, result)] = &partitions[..] else {
        panic!("one partition was asked for: {partitions:?}")
    };
    result.clone().map_err(|refusal| refusal.code)
}

#[test]
fn who_leads_already_need_not_be_elected() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    for election in [Election::Preferred, Election::Unclean] {
        assert_eq!(
            cluster.elect(election, "t"),
            Err(ErrorCode::ElectionNotNeeded)
        );
        assert_eq!(
            cluster.elect(election, "u"),
            Err(ErrorCode::UnknownTopicOrPartition)
        );
        let all = Request::ElectLeaders {
            election,
            partitions: None,
        };
        let topic = "t".to_owned();
        let partitions = Vec::new();
        let nothing_needed = PartitionResults { topic, partitions };
        assert_eq!(cluster.ask(all), Reply::Partitions(vec![nothing_needed]));
    }
}

#[test]
fn a_partition_that_nobody_leads_has_nobody_who_could_be_elected_until_its_broker_is_back() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.stop();
    assert_eq!(
        cluster.elect(Election::Preferred, "t"),
        Err(ErrorCode::PreferredLeaderNotAvailable)
    );
    assert_eq!(
        cluster.elect(Election::Unclean, "t"),
        Err(ErrorCode::EligibleLeadersNotAvailable)
    );
}

#[test]
fn the_first_of_the_replicas_leads_when_it_is_asked_for_and_in_sync() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.join(2);
    assert_eq!(cluster.reassign("t", Some(&[2, 1])), Ok(()));
    assert_eq!(
        cluster.elect(Election::Preferred, "t"),
        Err(ErrorCode::PreferredLeaderNotAvailable)
    );
    assert_eq!(cluster.partition("t").leader, 1);
}

#[test]
fn replicas_that_are_asked_for_must_be_there_once() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    for wrong in [&[][..], &[7], &[1, 1], &[-1]] {
        assert_eq!(
            cluster.reassign("t", Some(wrong)),
            Err(ErrorCode::InvalidReplicaAssignment),
            "{wrong:?}"
        );
    }
    assert_eq!(
        cluster.reassign("u", Some(&[1])),
        Err(ErrorCode::UnknownTopicOrPartition)
    );
    assert_eq!(
        cluster.reassign("t", None),
        Err(ErrorCode::NoReassignmentInProgress)
    );
    let epoch = cluster.partition("t").leader_epoch;
    assert_eq!(cluster.reassign("t", Some(&[1])), Ok(()));
    assert_eq!(cluster.partition("t").leader_epoch, epoch);
}

#[test]
fn a_reassignment_waits_for_new_replicas_and_can_be_cancelled() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.join(2);
    assert_eq!(
        cluster.reassign_with("t", Some(&[2, 1]), false),
        Err(ErrorCode::InvalidReplicationFactor)
    );
    assert_eq!(cluster.reassign_with("t", Some(&[2]), false), Ok(()));
    assert_eq!(cluster.replicas("t"), [vec![2, 1], vec![2], vec![1]]);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.reassign("t", None), Ok(()));
    assert_eq!(cluster.replicas("t"), [vec![1], vec![], vec![]]);
    assert_eq!(cluster.partition("t").isr, [1]);
}

#[test]
fn replicas_that_only_go_are_gone_at_once_with_a_new_epoch() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    cluster.join(2);
    assert_eq!(cluster.reassign("t", Some(&[1, 2])), Ok(()));
    assert_eq!(cluster.replicas("t"), [vec![1, 2], vec![2], vec![]]);
    let epoch = cluster.partition("t").leader_epoch;
    assert_eq!(cluster.reassign("t", Some(&[1])), Ok(()));
    assert_eq!(cluster.replicas("t"), [vec![1], vec![], vec![]]);
    assert_eq!(cluster.partition("t").leader_epoch, epoch + 1);
}

#[test]
fn a_broker_that_is_unregistered_leads_nothing() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    let unregister = |broker| Request::UnregisterBroker {
        broker: NodeId(broker),
    };
    let Reply::Refused(refusal) = cluster.ask(unregister(2)) else {
        panic!("nobody knows broker 2")
    };
    assert_eq!(refusal.code, ErrorCode::BrokerIdNotRegistered);
    assert_eq!(cluster.ask(unregister(1)), Reply::Done);
    assert_eq!(cluster.partition("t").leader, -1);
    let brokers = cluster.controller.image().cluster().brokers();
    assert_eq!(brokers.count(), 0);
}
