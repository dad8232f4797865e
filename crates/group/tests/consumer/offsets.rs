use ottla_group::consumer::{CommitPermit, Epoch};
use ottla_model::{ErrorCode, PartitionIndex};

use crate::coordinator::{Coordinator, alive, join, owns};

#[test]
fn an_empty_group_takes_commits_of_who_is_no_member() {
    let (mut coordinator, _) = Coordinator::with_partitions(1);
    coordinator.send(&join("a", &["t"]));
    let refused = |coordinator: &Coordinator| {
        let permit = coordinator
            .group()
            .permit_commit("", None, Epoch::NONE, false, 9);
        permit.err().map(|refusal| refusal.error)
    };
    assert_eq!(refused(&coordinator), Some(ErrorCode::UnknownMemberId));
    coordinator.send(&alive("a", -1));
    assert_eq!(refused(&coordinator), None);
}

#[test]
fn a_commit_names_the_epoch_of_its_member() {
    let (mut coordinator, topic) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    coordinator.topics.grow("t", 3);
    coordinator.timers.metadata_changed();
    coordinator.send(&owns("a", 2, topic, &[0, 1]));
    let group = coordinator.group();
    let permit = |epoch| group.permit_commit("a", None, Epoch(epoch), false, 9);
    assert!(matches!(permit(3), Ok(CommitPermit::All)));
    assert_eq!(permit(4).unwrap_err().error, ErrorCode::StaleMemberEpoch);
    // What it has had since the epoch it names, it may commit for.
    let late = permit(2).unwrap();
    assert_eq!(late.check("t", topic, PartitionIndex(1)), Ok(()));
    let refused = late.check("t", topic, PartitionIndex(2)).unwrap_err();
    assert_eq!(refused.error, ErrorCode::StaleMemberEpoch);
    assert_eq!(
        refused.message,
        "Received member epoch 2 is older than assignment epoch 3 for partition t-2."
    );
    let refused = late.check("t", topic, PartitionIndex(3)).unwrap_err();
    assert_eq!(
        refused.message,
        "Partition t-3 is not assigned or pending revocation for member."
    );
    let old = group.permit_commit("a", None, Epoch(3), false, 8);
    assert_eq!(old.unwrap_err().error, ErrorCode::UnsupportedVersion);
}

#[test]
fn a_fetch_names_the_epoch_of_its_member_or_no_member() {
    let (mut coordinator, _) = Coordinator::with_partitions(2);
    coordinator.send(&join("a", &["t"]));
    let error = |member, epoch| {
        let permit = coordinator.group().permit_fetch(member, Epoch(epoch));
        permit.err().map(|refusal| refusal.error)
    };
    assert_eq!(error(None, -1), None);
    assert_eq!(error(Some("a"), 2), None);
    assert_eq!(error(Some("a"), 1), Some(ErrorCode::StaleMemberEpoch));
    assert_eq!(error(Some("b"), 2), Some(ErrorCode::UnknownMemberId));
}
