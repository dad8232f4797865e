//! Static members keep their place when they restart.

use ottla_model::ErrorCode;

use crate::coordinator::{Client, Coordinator, SECOND};

/// The instances "one", which leads, and "two", each assigned its own id, in generation 1; their ids.
fn stable() -> (Coordinator, [String; 2]) {
    let mut coordinator = Coordinator::default();
    let tickets = ["one", "two"].map(|instance| coordinator.join(&Client::instance(instance)));
    coordinator.commit();
    coordinator.pass(6 * SECOND);
    let ids = tickets.map(|ticket| coordinator.joined(ticket).member_id.to_string());
    coordinator.assign();
    coordinator.answers.clear();
    (coordinator, ids)
}

#[test]
fn an_instance_joins_without_an_id_of_its_own() {
    let (coordinator, ids) = stable();
    assert!(ids[0].starts_with("one-"));
    assert_eq!(coordinator.state(), "Stable");
    let members = coordinator.group().described().members;
    assert_eq!(members[0].group_instance_id.as_deref(), Some("one"));
}

#[test]
fn an_instance_that_restarts_has_what_it_had_and_disturbs_nobody() {
    let (mut coordinator, ids) = stable();
    let ticket = coordinator.join(&Client::instance("two"));
    assert!(
        coordinator.is_waiting(ticket),
        "its new id is not written yet"
    );
    coordinator.commit();
    let joined = coordinator.joined(ticket);
    assert_eq!((joined.error, joined.generation), (ErrorCode::None, 1));
    assert_ne!(*joined.member_id, *ids[1]);
    assert_eq!(*joined.leader, *ids[0]);
    assert!(!joined.skip_assignment && joined.members.is_empty());
    assert_eq!(coordinator.state(), "Stable");
    let sync = coordinator.sync(&joined.member_id, Some("two"), 1, &[]);
    assert_eq!(coordinator.synced(sync).assignment, ids[1].as_bytes());
    let record = coordinator.log.as_ref().expect("the group is written");
    let mut written = record.members.iter().map(|member| &*member.member_id);
    assert!(written.any(|id| *id == *joined.member_id));
}

#[test]
fn a_leader_that_restarts_leads_without_assigning() {
    let (mut coordinator, _) = stable();
    let ticket = coordinator.join(&Client::instance("one"));
    coordinator.commit();
    let joined = coordinator.joined(ticket);
    assert_eq!(joined.leader, joined.member_id);
    assert!(joined.skip_assignment);
    assert_eq!(joined.members.len(), 2);
}

#[test]
fn before_version_9_a_leader_that_restarts_does_not_know_that_it_leads() {
    let (mut coordinator, ids) = stable();
    let ticket = coordinator.join(&Client::instance("one").version(8));
    coordinator.commit();
    let joined = coordinator.joined(ticket);
    assert_eq!(*joined.leader, *ids[0]);
    assert!(!joined.skip_assignment && joined.members.is_empty());
}

#[test]
fn who_uses_the_former_id_is_fenced() {
    let (mut coordinator, ids) = stable();
    coordinator.join(&Client::instance("two"));
    coordinator.commit();
    let fenced = ErrorCode::FencedInstanceId;
    assert_eq!(coordinator.heartbeat(&ids[1], Some("two"), 1), fenced);
    let ticket = coordinator.sync(&ids[1], Some("two"), 1, &[]);
    assert_eq!(coordinator.synced(ticket).error, fenced);
    let ticket = coordinator.join(&Client {
        member_id: ids[1].clone(),
        ..Client::instance("two")
    });
    assert_eq!(coordinator.joined(ticket).error, fenced);
    let ticket = coordinator.leave(&[(&ids[1], Some("two"))]);
    assert_eq!(coordinator.left(ticket), [fenced]);
    let commit = coordinator.group().validate_commit(&ids[1], Some("two"), 1);
    assert_eq!(commit, Err(fenced));
    let unknown = ErrorCode::UnknownMemberId;
    assert_eq!(coordinator.heartbeat(&ids[1], None, 1), unknown);
}

#[test]
fn an_instance_that_restarts_while_it_waits_fences_who_waited() {
    let (mut coordinator, ids) = stable();
    let join = coordinator.join(&Client {
        member_id: ids[0].clone(),
        ..Client::instance("one")
    });
    let again = coordinator.join(&Client::instance("one"));
    let answer = coordinator.joined(join);
    assert_eq!(answer.error, ErrorCode::FencedInstanceId);
    assert_eq!(*answer.member_id, *ids[0]);
    assert!(coordinator.is_waiting(again));
    coordinator.join(&Client {
        member_id: ids[1].clone(),
        ..Client::instance("two")
    });
    let joined = coordinator.joined(again);
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(joined.generation, 2);

    let sync = coordinator.sync(&ids[1], Some("two"), 2, &[]);
    coordinator.join(&Client::instance("two"));
    let answer = coordinator.synced(sync);
    assert_eq!(answer.error, ErrorCode::FencedInstanceId);
    assert_eq!(
        coordinator.state(),
        "PreparingRebalance",
        "the leader may assign to its former id"
    );
}

#[test]
fn an_instance_that_restarts_with_another_protocol_calls_for_a_rebalance() {
    let mut coordinator = Coordinator::default();
    let client = Client::instance("one").liking(&["range", "sticky"]);
    coordinator.join(&client);
    coordinator.pass(3 * SECOND);
    coordinator.assign();
    assert_eq!(coordinator.state(), "Stable");
    let ticket = coordinator.join(&client.liking(&["sticky", "range"]));
    let joined = coordinator.joined(ticket);
    assert_eq!(joined.generation, 2);
    assert_eq!(joined.protocol.as_deref(), Some("sticky"));
}

#[test]
fn if_the_new_id_cannot_be_written_the_former_holds() {
    let (mut coordinator, ids) = stable();
    let ticket = coordinator.join(&Client {
        session_timeout: 30 * SECOND,
        ..Client::instance("two")
    });
    coordinator.fail(ErrorCode::NotEnoughReplicas);
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::CoordinatorNotAvailable);
    assert_eq!(&*answer.member_id, "");
    assert_eq!(coordinator.state(), "Stable");
    let told = coordinator.heartbeat(&ids[1], Some("two"), 1);
    assert_eq!(told, ErrorCode::None);
    let sync = coordinator.sync(&ids[1], Some("two"), 1, &[]);
    assert_eq!(coordinator.synced(sync).assignment, ids[1].as_bytes());
    let live = coordinator.group().assigned_record();
    let logged = coordinator.loaded().expect("it was written");
    assert_eq!(
        record_members(live),
        record_members(logged.assigned_record())
    );
}

fn record_members(
    record: ottla_wire::coordinator_record::GroupRecord<'static>,
) -> Vec<ottla_wire::coordinator_record::group::group_metadata::MemberMetadata<'static>> {
    let ottla_wire::coordinator_record::GroupRecord::GroupMetadata(_, Some(value)) = record else {
        panic!("a group writes itself");
    };
    value.members
}

#[test]
fn what_has_begun_meanwhile_is_not_taken_back() {
    let (mut coordinator, ids) = stable();
    let two = coordinator.join(&Client::instance("two"));
    let one = coordinator.join(&Client {
        member_id: ids[0].clone(),
        ..Client::instance("one")
    });
    let joined = coordinator.joined(two);
    assert_eq!(joined.generation, 2, "its join counts for the next one");
    assert_eq!(coordinator.joined(one).generation, 2);
    coordinator.fail(ErrorCode::NotEnoughReplicas);
    let told = coordinator.heartbeat(&joined.member_id, Some("two"), 2);
    assert_eq!(told, ErrorCode::None);
}

#[test]
fn the_group_waits_for_a_restarting_instance_as_long_as_its_session_lasts() {
    let mut coordinator = Coordinator::default();
    let client = |instance| Client {
        session_timeout: 300 * SECOND,
        ..Client::instance(instance)
    };
    let tickets = ["one", "two"].map(|instance| coordinator.join(&client(instance)));
    coordinator.pass(6 * SECOND);
    let [one, two] = tickets.map(|ticket| coordinator.joined(ticket).member_id.to_string());
    coordinator.assign();

    let ticket = coordinator.join(&Client {
        member_id: one.clone(),
        ..client("one")
    });
    coordinator.pass(60 * SECOND);
    let joined = coordinator.joined(ticket);
    let members: Vec<&str> = joined.members.iter().map(|m| &*m.member_id).collect();
    assert_eq!(members.len(), 2, "{two} is away");
    coordinator.sync(&one, Some("one"), 2, &[(&two, "kept for it")]);
    coordinator.commit();
    let ticket = coordinator.join(&client("two"));
    coordinator.commit();
    let back = coordinator.joined(ticket);
    assert_eq!(back.generation, 2);
    let sync = coordinator.sync(&back.member_id, Some("two"), 2, &[]);
    assert_eq!(&coordinator.synced(sync).assignment[..], b"kept for it");
    for _ in 0..30 {
        coordinator.pass(5 * SECOND);
        let told = coordinator.heartbeat(&one, Some("one"), 2);
        assert_eq!(told, ErrorCode::None, "nobody is late with a sync");
        let told = coordinator.heartbeat(&back.member_id, Some("two"), 2);
        assert_eq!(told, ErrorCode::None);
    }
}

#[test]
fn if_no_static_member_comes_back_the_rebalance_waits_for_their_sessions() {
    let mut coordinator = Coordinator::default();
    let client = Client {
        session_timeout: 200 * SECOND,
        ..Client::instance("one")
    };
    coordinator.join(&client);
    let ticket = coordinator.join(&Client::default().version(3));
    coordinator.pass(6 * SECOND);
    coordinator.assign();
    let other = coordinator.joined(ticket).member_id.to_string();
    coordinator.leave(&[(&other, None)]);
    assert_eq!(coordinator.state(), "PreparingRebalance");
    coordinator.pass(190 * SECOND);
    assert_eq!(coordinator.state(), "PreparingRebalance");
    coordinator.pass(10 * SECOND);
    assert_eq!(coordinator.state(), "Empty");
}

#[test]
fn an_administrator_removes_an_instance_by_its_name() {
    let (mut coordinator, ids) = stable();
    let ticket = coordinator.leave(&[("", Some("two"))]);
    assert_eq!(coordinator.left(ticket), [ErrorCode::None]);
    let told = coordinator.heartbeat(&ids[1], Some("two"), 1);
    assert_eq!(told, ErrorCode::UnknownMemberId);
}
