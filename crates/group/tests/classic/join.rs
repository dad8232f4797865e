//! Who becomes a member, and what each learns of its generation.

use std::time::Duration;

use ottla_model::ErrorCode;

use crate::coordinator::{Client, Coordinator, SECOND};

#[test]
fn a_client_is_told_an_id_and_joins_with_it() {
    let mut coordinator = Coordinator::default();
    let ticket = coordinator.join(&Client::default());
    assert!(
        coordinator.is_waiting(ticket),
        "the group is not written yet"
    );
    coordinator.commit();
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::MemberIdRequired);
    assert_eq!(
        &*answer.member_id,
        "client-00000000-0000-0000-0000-000000000001"
    );
    assert_eq!(coordinator.state(), "Empty");

    let ticket = coordinator.join(&Client::named(&answer.member_id));
    assert_eq!(coordinator.state(), "PreparingRebalance");
    coordinator.pass(3 * SECOND);
    let joined = coordinator.joined(ticket);
    assert_eq!(joined.error, ErrorCode::None);
    assert_eq!(joined.generation, 1);
    assert_eq!(joined.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(joined.protocol.as_deref(), Some("range"));
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(joined.members.len(), 1);
    assert_eq!(&joined.members[0].metadata[..], b"metadata");
    assert_eq!(coordinator.state(), "CompletingRebalance");
}

#[test]
fn before_version_4_a_client_learns_its_id_with_its_generation() {
    let mut coordinator = Coordinator::default();
    let ticket = coordinator.join(&Client::default().version(3));
    coordinator.commit();
    assert!(coordinator.is_waiting(ticket));
    coordinator.pass(3 * SECOND);
    let joined = coordinator.joined(ticket);
    assert_eq!(joined.error, ErrorCode::None);
    assert_eq!(joined.leader, joined.member_id);
}

#[test]
fn version_0_has_no_rebalance_timeout_of_its_own() {
    let mut coordinator = Coordinator::default();
    let client = Client {
        session_timeout: 7 * SECOND,
        rebalance_timeout: Duration::ZERO,
        ..Client::default().version(0)
    };
    coordinator.join(&client);
    coordinator.pass(3 * SECOND);
    coordinator.assign();
    let record = coordinator.log.expect("the group is written");
    assert_eq!(record.members[0].rebalance_timeout, 7000);
}

#[test]
fn the_leader_alone_learns_who_is_there() {
    let mut coordinator = Coordinator::default();
    let tickets = ["first", "second"].map(|metadata| {
        let id = coordinator.new_id(&Client::default());
        coordinator.join(&Client::named(&id).saying(metadata))
    });
    coordinator.pass(6 * SECOND);
    let [first, second] = tickets.map(|ticket| coordinator.joined(ticket));
    assert_eq!(first.leader, first.member_id);
    assert_eq!(second.leader, first.member_id);
    assert_eq!(second.generation, first.generation);
    assert!(second.members.is_empty());
    let metadata: Vec<&[u8]> = first.members.iter().map(|m| &m.metadata[..]).collect();
    assert_eq!(metadata, [&b"first"[..], b"second"]);
}

#[test]
fn an_id_that_is_nobodys_is_refused() {
    let mut coordinator = Coordinator::default();
    let ticket = coordinator.join(&Client::named("stranger"));
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::UnknownMemberId);
    assert_eq!(&*answer.member_id, "stranger");

    let (mut coordinator, _) = Coordinator::stable(1);
    let ticket = coordinator.join(&Client::named("stranger"));
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::UnknownMemberId);
    assert_eq!(coordinator.state(), "Stable");
}

#[test]
fn a_client_must_follow_what_all_follow() {
    let (mut coordinator, _) = Coordinator::stable(1);
    for client in [
        Client::default().liking(&["sticky"]),
        Client::default().liking(&[]),
        Client {
            protocol_type: "connect",
            ..Client::default()
        },
    ] {
        let ticket = coordinator.join(&client);
        let answer = coordinator.joined(ticket);
        assert_eq!(answer.error, ErrorCode::InconsistentGroupProtocol);
    }
    assert_eq!(coordinator.state(), "Stable");
}

#[test]
fn an_empty_group_takes_no_client_without_protocols_or_type() {
    for client in [
        Client::default().liking(&[]),
        Client {
            protocol_type: "",
            ..Client::default()
        },
    ] {
        let mut coordinator = Coordinator::default();
        let ticket = coordinator.join(&client);
        coordinator.commit();
        let answer = coordinator.joined(ticket);
        assert_eq!(answer.error, ErrorCode::InconsistentGroupProtocol);
        assert_eq!(coordinator.state(), "Empty");
    }
}

#[test]
fn a_group_of_another_type_may_follow_once_it_is_empty() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    coordinator.leave(&[(&ids[0], None)]);
    coordinator.commit();
    let client = Client {
        protocol_type: "connect",
        ..Client::default()
    };
    let id = coordinator.new_id(&client);
    let ticket = coordinator.join(&Client {
        member_id: id,
        ..client
    });
    coordinator.pass(3 * SECOND);
    let joined = coordinator.joined(ticket);
    assert_eq!(joined.protocol_type.as_deref(), Some("connect"));
    assert_eq!(joined.generation, 3, "being empty was a generation, too");
}

#[test]
fn members_vote_among_what_all_know() {
    let mut coordinator = Coordinator::default();
    let likings: [&[&str]; 3] = [
        &["a", "sticky", "range"],
        &["range", "sticky"],
        &["sticky", "b", "range"],
    ];
    let tickets =
        likings.map(|likes| coordinator.join(&Client::default().version(3).liking(likes)));
    coordinator.pass(9 * SECOND);
    for ticket in tickets {
        let joined = coordinator.joined(ticket);
        assert_eq!(joined.protocol.as_deref(), Some("sticky"));
    }
}

#[test]
fn a_new_member_calls_the_others_together() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let newcomer = coordinator.new_id(&Client::default());
    assert_eq!(coordinator.state(), "Stable", "it has not joined yet");
    let ticket = coordinator.join(&Client::named(&newcomer));
    assert_eq!(coordinator.state(), "PreparingRebalance");
    let told = coordinator.heartbeat(&ids[0], None, 1);
    assert_eq!(told, ErrorCode::RebalanceInProgress);

    coordinator.join(&Client::named(&ids[1]));
    assert!(coordinator.is_waiting(ticket));
    coordinator.join(&Client::named(&ids[0]));
    let joined = coordinator.joined(ticket);
    assert_eq!(joined.generation, 2);
    assert_eq!(*joined.leader, *ids[0], "who led goes on leading");
    assert!(coordinator.waiting.is_empty());
}

#[test]
fn the_next_generation_waits_for_who_was_told_an_id() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    let newcomer = coordinator.new_id(&Client::default());
    let ticket = coordinator.join(&Client::named(&ids[0]));
    assert!(coordinator.is_waiting(ticket));
    coordinator.join(&Client::named(&newcomer));
    assert_eq!(coordinator.joined(ticket).members.len(), 2);
}

#[test]
fn a_follower_that_comes_back_with_nothing_new_disturbs_nobody() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let ticket = coordinator.join(&Client::named(&ids[1]));
    let joined = coordinator.joined(ticket);
    assert_eq!((joined.error, joined.generation), (ErrorCode::None, 1));
    assert_eq!(*joined.leader, *ids[0]);
    assert_eq!(coordinator.state(), "Stable");
}

#[test]
fn a_follower_with_other_metadata_calls_for_a_rebalance() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.join(&Client::named(&ids[1]).saying("more topics"));
    assert_eq!(coordinator.state(), "PreparingRebalance");
    let ticket = coordinator.join(&Client::named(&ids[0]));
    let joined = coordinator.joined(ticket);
    let metadata: Vec<&[u8]> = joined.members.iter().map(|m| &m.metadata[..]).collect();
    assert_eq!(metadata, [&b"metadata"[..], b"more topics"]);
}

#[test]
fn the_leader_calls_for_a_rebalance_by_coming_back() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let ticket = coordinator.join(&Client::named(&ids[0]));
    assert!(coordinator.is_waiting(ticket));
    assert_eq!(coordinator.state(), "PreparingRebalance");
}

#[test]
fn who_has_missed_its_answer_gets_it_again() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.join(&Client::named(&ids[0]));
    let lost = coordinator.join(&Client::named(&ids[1]));
    let first = coordinator.joined(lost);
    let again = coordinator.join(&Client::named(&ids[1]));
    assert_eq!(coordinator.joined(again), first);
    let leader = coordinator.join(&Client::named(&ids[0]));
    assert_eq!(coordinator.joined(leader).members.len(), 2);
    assert_eq!(coordinator.state(), "CompletingRebalance");
}

#[test]
fn a_join_that_is_given_up_is_answered_when_another_takes_its_place() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let given_up = coordinator.join(&Client::named(&ids[0]));
    let ticket = coordinator.join(&Client::named(&ids[0]));
    let answer = coordinator.joined(given_up);
    assert_eq!(answer.error, ErrorCode::RebalanceInProgress);
    assert!(coordinator.is_waiting(ticket));
}

#[test]
fn other_metadata_while_the_leader_assigns_begins_the_rebalance_anew() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    coordinator.join(&Client::named(&ids[0]));
    coordinator.join(&Client::named(&ids[1]));
    assert_eq!(coordinator.state(), "CompletingRebalance");
    let sync = coordinator.sync(&ids[0], None, 2, &[]);
    coordinator.join(&Client::named(&ids[1]).saying("more topics"));
    assert_eq!(coordinator.state(), "PreparingRebalance");
    let told = coordinator.synced(sync);
    assert_eq!(told.error, ErrorCode::RebalanceInProgress);
    assert!(coordinator.commit(), "the assignment had gone to the log");
    assert_eq!(
        coordinator.state(),
        "PreparingRebalance",
        "but comes too late"
    );
}

#[test]
fn an_instance_does_not_use_an_id_that_was_given_to_another() {
    let mut coordinator = Coordinator::default();
    let id = coordinator.new_id(&Client::default());
    let ticket = coordinator.join(&Client {
        member_id: id,
        ..Client::instance("one")
    });
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::UnknownServerError);
}

#[test]
fn if_the_group_cannot_be_written_nobody_has_joined_it() {
    let mut coordinator = Coordinator::default();
    let told = coordinator.join(&Client::default());
    let parked = coordinator.join(&Client::default().version(3));
    coordinator.fail(ErrorCode::NotEnoughReplicas);
    assert!(coordinator.group.is_none());
    let error = coordinator.joined(parked).error;
    assert_eq!(error, ErrorCode::CoordinatorNotAvailable);
    let held = coordinator.answers.remove(&told);
    assert_eq!(held, Some(Err(ErrorCode::NotEnoughReplicas)));
    assert!(coordinator.waiting.is_empty());
}

#[test]
fn old_versions_have_a_protocol_even_when_there_is_none() {
    let (mut coordinator, _) = Coordinator::stable(1);
    let ticket = coordinator.join(&Client::named("stranger"));
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.response(7).protocol_name, None);
    assert_eq!(answer.response(6).protocol_name.as_deref(), Some(""));
    assert_eq!(answer.response(0).generation_id, -1);
}
