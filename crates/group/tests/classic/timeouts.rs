//! What happens when members are silent.

use std::time::Duration;

use ottla_model::ErrorCode;

use crate::coordinator::{Client, Coordinator, SECOND};

#[test]
fn the_first_members_have_time_to_find_together() {
    let mut coordinator = Coordinator::default();
    let first = coordinator.join(&Client::default().version(3));
    coordinator.commit();
    coordinator.pass(2 * SECOND);
    let second = coordinator.join(&Client::default().version(3));
    coordinator.pass(SECOND);
    assert!(
        coordinator.is_waiting(first),
        "it has grown, and waits again"
    );
    coordinator.pass(2 * SECOND);
    let third = coordinator.join(&Client::default().version(3));
    coordinator.pass(SECOND);
    assert!(coordinator.is_waiting(first));
    coordinator.pass(3 * SECOND - Duration::from_millis(1));
    assert!(coordinator.is_waiting(first));
    coordinator.pass(Duration::from_millis(1));
    let members = coordinator.joined(first).members.len();
    assert_eq!(members, 3);
    assert!(!coordinator.is_waiting(second) && !coordinator.is_waiting(third));
}

#[test]
fn the_first_members_do_not_wait_longer_than_the_rebalance_timeout() {
    let mut coordinator = Coordinator::default();
    let client = Client {
        rebalance_timeout: 7 * SECOND,
        ..Client::default().version(3)
    };
    let first = coordinator.join(&client);
    for _ in 0..7 {
        assert!(coordinator.is_waiting(first));
        coordinator.pass(SECOND);
        coordinator.join(&client);
    }
    assert_eq!(coordinator.joined(first).members.len(), 7);
    assert_eq!(
        coordinator.state(),
        "PreparingRebalance",
        "the eighth has come when the seven were told"
    );
}

#[test]
fn without_an_initial_delay_the_first_is_alone() {
    let mut coordinator = Coordinator::default();
    coordinator.settings.initial_rebalance_delay = Duration::ZERO;
    let ticket = coordinator.join(&Client::default().version(3));
    coordinator.pass(Duration::ZERO);
    assert_eq!(coordinator.joined(ticket).members.len(), 1);
}

#[test]
fn a_silent_member_is_removed() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    for _ in 0..4 {
        coordinator.pass(3 * SECOND);
        if coordinator.state() == "Stable" {
            assert_eq!(coordinator.heartbeat(&ids[0], None, 1), ErrorCode::None);
        }
    }
    assert_eq!(coordinator.state(), "PreparingRebalance");
    let told = coordinator.heartbeat(&ids[1], None, 1);
    assert_eq!(told, ErrorCode::UnknownMemberId);
    let ticket = coordinator.join(&Client::named(&ids[0]));
    assert_eq!(coordinator.joined(ticket).members.len(), 1);
}

#[test]
fn when_all_are_silent_the_group_is_empty() {
    let (mut coordinator, _) = Coordinator::stable(3);
    coordinator.pass(120 * SECOND);
    assert_eq!(coordinator.state(), "Empty");
    assert_eq!(coordinator.group().generation(), 2);
    coordinator.commit();
    let record = coordinator.log.expect("the group is written");
    assert_eq!((record.members.len(), record.generation), (0, 2));
    assert_eq!((record.protocol, record.leader), (None, None));
    assert_eq!(record.protocol_type, "consumer");
}

#[test]
fn who_does_not_come_back_in_time_is_no_member_any_more() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let ticket = coordinator.join(&Client::named(&ids[0]));
    for _ in 0..19 {
        coordinator.pass(3 * SECOND);
        let told = coordinator.heartbeat(&ids[1], None, 1);
        assert_eq!(told, ErrorCode::RebalanceInProgress, "it is alive");
    }
    assert!(coordinator.is_waiting(ticket));
    coordinator.pass(3 * SECOND);
    assert_eq!(coordinator.joined(ticket).members.len(), 1);
    let told = coordinator.heartbeat(&ids[1], None, 1);
    assert_eq!(told, ErrorCode::UnknownMemberId);
}

#[test]
fn a_leader_that_does_not_come_back_is_replaced() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let newcomer = coordinator.new_id(&Client::default());
    coordinator.join(&Client::named(&newcomer));
    let ticket = coordinator.join(&Client::named(&ids[1]));
    coordinator.pass(60 * SECOND);
    let joined = coordinator.joined(ticket);
    assert_eq!(*joined.leader, *ids[1]);
    assert_eq!(joined.members.len(), 2);
}

#[test]
fn the_longest_rebalance_timeout_counts() {
    let mut coordinator = Coordinator::default();
    let patient = Client {
        rebalance_timeout: 100 * SECOND,
        session_timeout: 1000 * SECOND,
        ..Client::default().version(3)
    };
    let hasty = Client {
        rebalance_timeout: 10 * SECOND,
        session_timeout: 1000 * SECOND,
        ..Client::default().version(3)
    };
    coordinator.join(&patient);
    let ticket = coordinator.join(&hasty);
    coordinator.pass(6 * SECOND);
    coordinator.assign();
    let id = coordinator.joined(ticket).member_id;
    let ticket = coordinator.join(&Client {
        member_id: id.to_string(),
        ..hasty.saying("other")
    });
    coordinator.pass(99 * SECOND);
    assert!(coordinator.is_waiting(ticket));
    coordinator.pass(SECOND);
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::None);
}

#[test]
fn a_member_that_waits_for_an_answer_is_alive() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    let ticket = coordinator.join(&Client::named(&ids[0]));
    for _ in 0..10 {
        coordinator.pass(5 * SECOND);
        let _ = coordinator.heartbeat(&ids[1], None, 1);
    }
    assert!(coordinator.is_waiting(ticket), "five sessions have passed");
    coordinator.join(&Client::named(&ids[1]));
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::None);
    let sync = coordinator.sync(&ids[1], None, 2, &[]);
    for _ in 0..10 {
        coordinator.pass(5 * SECOND);
        let told = coordinator.heartbeat(&ids[0], None, 2);
        assert_eq!(told, ErrorCode::None);
    }
    assert!(
        coordinator.is_waiting(sync),
        "and so have five for the sync"
    );
}

#[test]
fn a_new_member_that_waits_may_have_gone() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    let newcomer = Client {
        rebalance_timeout: 1000 * SECOND,
        ..Client::default().version(3)
    };
    let ticket = coordinator.join(&newcomer);
    for _ in 0..100 {
        assert!(coordinator.is_waiting(ticket));
        coordinator.pass(3 * SECOND);
        let _ = coordinator.heartbeat(&ids[0], None, 1);
    }
    let answer = coordinator.joined(ticket);
    assert_eq!(answer.error, ErrorCode::UnknownMemberId);
    assert_eq!(&*answer.member_id, "");
}

#[test]
fn an_id_that_nobody_joins_with_is_forgotten() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    let pending = coordinator.new_id(&Client::default());
    let ticket = coordinator.join(&Client::named(&ids[0]));
    coordinator.pass(10 * SECOND);
    assert_eq!(coordinator.joined(ticket).members.len(), 1);
    let ticket = coordinator.join(&Client::named(&pending));
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::UnknownMemberId);
}

#[test]
fn that_an_id_is_forgotten_disturbs_nobody() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    coordinator.new_id(&Client::default());
    for _ in 0..5 {
        coordinator.pass(3 * SECOND);
        assert_eq!(coordinator.heartbeat(&ids[0], None, 1), ErrorCode::None);
    }
    assert_eq!(coordinator.state(), "Stable");
}

#[test]
fn even_the_initial_delay_ends_when_the_last_that_was_waited_for_is_forgotten() {
    let mut coordinator = Coordinator::default();
    coordinator.settings.initial_rebalance_delay = 50 * SECOND;
    let ticket = coordinator.join(&Client::default().version(3));
    coordinator.new_id(&Client::default());
    coordinator.pass(10 * SECOND);
    assert_eq!(coordinator.joined(ticket).members.len(), 1);
}

#[test]
fn who_joins_and_never_syncs_is_expelled() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    let parts = [(&*ids[0], "everything")];
    coordinator.sync(&ids[0], None, 2, &parts);
    coordinator.commit();
    assert_eq!(coordinator.state(), "Stable");
    for _ in 0..20 {
        assert_eq!(coordinator.state(), "Stable");
        coordinator.pass(3 * SECOND);
        for id in &ids {
            let _ = coordinator.heartbeat(id, None, 2);
        }
    }
    assert_eq!(coordinator.state(), "PreparingRebalance");
    let told = coordinator.heartbeat(&ids[1], None, 2);
    assert_eq!(told, ErrorCode::UnknownMemberId);
}

#[test]
fn the_session_of_a_new_member_begins_when_it_is_told_its_generation() {
    let mut coordinator = Coordinator::default();
    let ticket = coordinator.join(&Client::default().version(3));
    coordinator.pass(3 * SECOND);
    assert_eq!(coordinator.joined(ticket).error, ErrorCode::None);
    coordinator.pass(10 * SECOND - Duration::from_millis(1));
    assert_eq!(coordinator.state(), "CompletingRebalance");
    coordinator.pass(Duration::from_millis(1));
    assert_eq!(coordinator.state(), "Empty");
}

#[test]
fn a_leader_that_never_assigns_is_expelled() {
    let (mut coordinator, ids) = Coordinator::stable(2);
    for id in &ids {
        coordinator.join(&Client::named(id));
    }
    let ticket = coordinator.sync(&ids[1], None, 2, &[]);
    for _ in 0..20 {
        coordinator.pass(3 * SECOND);
        let _ = coordinator.heartbeat(&ids[0], None, 2);
    }
    let answer = coordinator.synced(ticket);
    assert_eq!(answer.error, ErrorCode::RebalanceInProgress);
    let ticket = coordinator.join(&Client::named(&ids[1]));
    let joined = coordinator.joined(ticket);
    assert_eq!(*joined.leader, *ids[1]);
}

#[test]
fn silence_while_the_assignment_is_awaited_is_no_end() {
    let (mut coordinator, ids) = Coordinator::stable(1);
    coordinator.join(&Client::named(&ids[0]));
    let ticket = coordinator.sync(&ids[0], None, 2, &[(&ids[0], "everything")]);
    coordinator.pass(50 * SECOND);
    coordinator.commit();
    assert_eq!(&coordinator.synced(ticket).assignment[..], b"everything");
    coordinator.pass(10 * SECOND - Duration::from_millis(1));
    assert_eq!(coordinator.state(), "Stable", "a session has begun then");
    coordinator.pass(Duration::from_millis(1));
    assert_eq!(coordinator.state(), "Empty");
}
