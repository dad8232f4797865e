//! Topics are created, grown and deleted.

use ottla_controller::{NewPartitions, NewTopic, Permits, Reply, Request, TopicName};
use ottla_model::{ErrorCode, NodeId, PartitionIndex, TopicId, Uuid};

use super::{Cluster, led, new_topic};

#[test]
fn topics_are_created_once_under_good_names() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.create("a.b", 3), Ok(()));
    assert_eq!(cluster.create("a.b", 3), Err(ErrorCode::TopicAlreadyExists));
    assert_eq!(
        cluster.create("a_b", 3),
        Err(ErrorCode::InvalidTopicException)
    );
    assert_eq!(
        cluster.create("a b", 3),
        Err(ErrorCode::InvalidTopicException)
    );
    // Its directory would be that of the metadata log.
    assert_eq!(
        cluster.create("__cluster_metadata", 1),
        Err(ErrorCode::InvalidRequest)
    );
    assert_eq!(cluster.create("none", 0), Err(ErrorCode::InvalidPartitions));
    assert_eq!(cluster.partition("a.b"), led(0, false));
}

#[test]
fn topics_that_metrics_would_not_tell_apart_come_together_or_not_at_all() {
    let mut cluster = Cluster::new();
    let mut create = |names: &[(&str, u128)]| {
        let topics = names.iter().map(|(name, id)| NewTopic {
            id: TopicId(Uuid::from_u128(*id)),
            ..new_topic((*name).to_owned(), 1)
        });
        let reply = cluster.ask(Request::CreateTopics {
            topics: topics.collect(),
            validate_only: false,
            permits: Permits::default(),
        });
        let Reply::TopicsCreated(replies) = reply else {
            panic!("{reply:?}")
        };
        let codes = replies.into_iter();
        codes
            .map(|reply| reply.map(drop).map_err(|refusal| refusal.code))
            .collect::<Vec<_>>()
    };
    assert_eq!(create(&[("a.b_c", 5001), ("a_b.c", 5002)]), [Ok(()); 2]);
    let refused = Err(ErrorCode::InvalidTopicException);
    assert_eq!(create(&[("a_b_c", 5003)]), [refused]);
}

#[test]
fn a_deleted_topic_can_be_created_anew() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).expect("a good name");
    let reply = cluster.ask(Request::DeleteTopics {
        topics: vec![TopicName::Name("t".into()), TopicName::Name("u".into())],
        permits: Permits::default(),
    });
    let Reply::TopicsDeleted(replies) = reply else {
        panic!("{reply:?}")
    };
    assert!(replies[0].is_ok());
    assert_eq!(
        replies[1].as_ref().expect_err("it does not exist").code,
        ErrorCode::UnknownTopicOrPartition
    );
    assert_eq!(cluster.create("t", 1), Ok(()));
}

#[test]
fn a_topic_that_is_named_both_ways_is_deleted_once() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let id = cluster
        .controller
        .image()
        .topics()
        .by_name("t")
        .map(|topic| topic.id);
    let names = vec![TopicName::Name("t".into()), TopicName::Id(id.unwrap())];
    let outcome = cluster.controller.handle(
        &Request::DeleteTopics {
            topics: names,
            permits: Permits::default(),
        },
        cluster.next,
        cluster.kraft_version,
    );
    assert_eq!(outcome.records.len(), 1);
    let Reply::TopicsDeleted(replies) = outcome.reply else {
        panic!("{:?}", outcome.reply)
    };
    assert!(replies.iter().all(Result::is_ok));
}

#[test]
fn partitions_go_round_the_brokers_from_where_the_topic_ended() {
    let mut cluster = Cluster::new();
    cluster.join(2);
    cluster.join(3);
    let topic = NewTopic {
        replication_factor: 2,
        ..new_topic("t".to_owned(), 2)
    };
    cluster.ask(Request::CreateTopics {
        topics: vec![topic],
        validate_only: false,
        permits: Permits::default(),
    });
    cluster.ask(Request::CreatePartitions {
        topics: vec![NewPartitions {
            name: "t".to_owned(),
            count: 4,
            assignments: None,
        }],
        validate_only: false,
        permits: Permits::default(),
    });
    let topic = cluster.controller.image().topics().by_name("t").unwrap();
    let replicas = topic.partitions().map(|(_, partition)| {
        let ids = partition.replicas.iter().map(|id| id.0);
        ids.collect::<Vec<_>>()
    });
    let expected = [[1, 2], [2, 3], [3, 1], [1, 2]];
    assert_eq!(replicas.collect::<Vec<_>>(), expected);
}

#[test]
fn a_partition_begins_with_a_broker_that_can_lead_it() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    let (broker, epoch) = (NodeId(1), cluster.epoch);
    for goodbye in [
        Request::ShutDown { broker, epoch },
        Request::Fence { broker },
    ] {
        assert_eq!(cluster.ask(goodbye), Reply::Done);
        let assigned = NewTopic {
            assignments: vec![(PartitionIndex(0), vec![broker])],
            ..new_topic("u".to_owned(), -1)
        };
        let reply = cluster.ask(Request::CreateTopics {
            topics: vec![assigned, new_topic("v".to_owned(), 1)],
            validate_only: false,
            permits: Permits::default(),
        });
        let Reply::TopicsCreated(replies) = reply else {
            panic!("{reply:?}")
        };
        let codes = replies.into_iter().map(|reply| reply.unwrap_err().code);
        assert_eq!(
            codes.collect::<Vec<_>>(),
            [
                ErrorCode::InvalidReplicaAssignment,
                ErrorCode::InvalidReplicationFactor
            ]
        );
        for (assignments, code) in [
            (
                Some(vec![vec![broker]]),
                ErrorCode::InvalidReplicaAssignment,
            ),
            (None, ErrorCode::InvalidReplicationFactor),
        ] {
            let reply = cluster.ask(Request::CreatePartitions {
                topics: vec![NewPartitions {
                    name: "t".to_owned(),
                    count: 2,
                    assignments,
                }],
                validate_only: false,
                permits: Permits::default(),
            });
            let Reply::PartitionsCreated(replies) = reply else {
                panic!("{reply:?}")
            };
            assert_eq!(replies[0].as_ref().unwrap_err().code, code);
        }
    }
    cluster.start(epoch);
    assert_eq!(cluster.create("u", 1), Ok(()));
}

fn refusal_of(reply: Reply) -> ErrorCode {
    match reply {
        Reply::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_creates_as_much_as_fits_one_operation() {
    let mut cluster = Cluster::new();
    let mut create = |topics: Vec<NewTopic>| {
        let request = Request::CreateTopics {
            topics,
            validate_only: false,
            permits: Permits::default(),
        };
        cluster.ask(request)
    };
    let halves = || {
        ["t", "u"]
            .map(|name| new_topic(name.to_owned(), 5_001))
            .to_vec()
    };
    assert_eq!(refusal_of(create(halves())), ErrorCode::PolicyViolation);
    let assigned = |name: &str| NewTopic {
        assignments: (0..10_001)
            .map(|index| (PartitionIndex(index), vec![NodeId(1)]))
            .collect(),
        ..new_topic(name.to_owned(), -1)
    };
    let code = refusal_of(create(vec![assigned("t")]));
    assert_eq!(code, ErrorCode::PolicyViolation);
    // Each takes two records: its own and that of its partition.
    let many = (0..5_001).map(|i| new_topic(format!("t{i}"), -1)).collect();
    assert_eq!(refusal_of(create(many)), ErrorCode::PolicyViolation);
    assert_eq!(cluster.controller.image().topics().iter().count(), 0);
}

#[test]
fn topics_grow_by_as_much_as_fits_one_operation() {
    let mut cluster = Cluster::new();
    cluster.create("t", 1).unwrap();
    cluster.create("u", 1).unwrap();
    let grown = |name: &str, count| NewPartitions {
        name: name.to_owned(),
        count,
        assignments: None,
    };
    let mut grow = |topics| {
        let request = Request::CreatePartitions {
            topics,
            validate_only: false,
            permits: Permits::default(),
        };
        match cluster.ask(request) {
            Reply::PartitionsCreated(items) => items
                .into_iter()
                .map(|item| item.map(|_| ()).map_err(|refusal| refusal.code))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    let refused = Err(ErrorCode::PolicyViolation);
    assert_eq!(grow(vec![grown("t", i32::MAX)]), [refused]);
    assert_eq!(grow(vec![grown("t", 10_002)]), [refused]);
    let both = grow(vec![grown("t", 6_001), grown("u", 6_001)]);
    assert_eq!(both, [Ok(()), refused]);
    assert_eq!(grow(vec![grown("u", 10_001)]), [Ok(())]);
    let not_more = Err(ErrorCode::InvalidPartitions);
    assert_eq!(grow(vec![grown("u", 10_001)]), [not_more]);
    assert_eq!(grow(vec![grown("u", 10_000)]), [not_more]);
}

#[test]
fn a_client_may_overdraw_its_quota_of_partitions_once() {
    let mut cluster = Cluster::new();
    let create = |names: [&str; 2]| Request::CreateTopics {
        topics: names
            .map(|name| NewTopic {
                id: TopicId(Uuid::from_u128(u128::from(name.as_bytes()[0]))),
                ..new_topic(name.to_owned(), 3)
            })
            .into(),
        validate_only: false,
        permits: Permits(Some(2.0)),
    };
    let Reply::TopicsCreated(replies) = cluster.ask(create(["a", "b"])) else {
        panic!("refused as a whole")
    };
    assert!(replies[0].is_ok(), "{replies:?}");
    let refusal = replies[1].as_ref().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ThrottlingQuotaExceeded);
    let delete = Request::DeleteTopics {
        topics: vec![TopicName::Name("a".into()), TopicName::Name("a".into())],
        permits: Permits(Some(-0.5)),
    };
    let Reply::TopicsDeleted(replies) = cluster.ask(delete) else {
        panic!("refused as a whole")
    };
    let is_throttled = |code| code == ErrorCode::ThrottlingQuotaExceeded;
    assert!(
        replies
            .iter()
            .all(|it| it.as_ref().is_err_and(|it| is_throttled(it.code)))
    );
}

#[test]
fn a_topic_that_is_named_in_both_ways_is_paid_for_once() {
    let mut cluster = Cluster::new();
    let id = TopicId(Uuid::from_u128(7));
    let create = Request::CreateTopics {
        topics: vec![NewTopic {
            id,
            ..new_topic("t".to_owned(), 3)
        }],
        validate_only: false,
        permits: Permits::default(),
    };
    cluster.ask(create);
    let delete = Request::DeleteTopics {
        topics: vec![TopicName::Name("t".into()), TopicName::Id(id)],
        permits: Permits(Some(1.0)),
    };
    let Reply::TopicsDeleted(replies) = cluster.ask(delete) else {
        panic!("refused as a whole")
    };
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
}
