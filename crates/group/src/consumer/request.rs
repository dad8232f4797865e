//! What a heartbeat must have before it is looked at any further.

use ottla_model::{ErrorCode, PartitionIndex, TopicId};
use ottla_wire::Str;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, TopicPartitions,
};

use super::assignor::Assignor;
use super::{Epoch, Rejection};

/// From this version on, members bring their own ids.
const CLIENTS_MAKE_IDS: i16 = 1;

/// The checks that need no group, in Kafka's order. `assignors` are those that are configured.
pub fn check(
    request: &ConsumerGroupHeartbeatRequest<'_>,
    version: i16,
    assignors: &[Assignor],
) -> Result<(), Rejection> {
    let epoch = Epoch(request.member_epoch);
    if version >= CLIENTS_MAKE_IDS || epoch > Epoch::JOIN || epoch == Epoch::NONE {
        not_blank(Some(&request.member_id), "MemberId can't be empty.")?;
    }
    not_blank(Some(&request.group_id), "GroupId can't be empty.")?;
    not_blank(request.instance_id.as_ref(), "InstanceId can't be empty.")?;
    not_blank(request.rack_id.as_ref(), "RackId can't be empty.")?;
    if epoch == Epoch::JOIN {
        check_join(request)?;
    } else if epoch == Epoch::STATIC_LEAVE && request.instance_id.is_none() {
        return Err(Rejection::invalid_request("InstanceId can't be null."));
    } else if epoch < Epoch::STATIC_LEAVE {
        return Err(Rejection::invalid_request("MemberEpoch is invalid."));
    }
    check_assignor(request.server_assignor.as_ref(), assignors)
}

/// A member that joins tells all of itself, and has nothing.
fn check_join(request: &ConsumerGroupHeartbeatRequest<'_>) -> Result<(), Rejection> {
    if request.rebalance_timeout_ms == -1 {
        return Err(Rejection::invalid_request(
            "RebalanceTimeoutMs must be provided in first request.",
        ));
    }
    if !request.topic_partitions.as_ref().is_some_and(Vec::is_empty) {
        return Err(Rejection::invalid_request(
            "TopicPartitions must be empty when (re-)joining.",
        ));
    }
    if request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none() {
        return Err(Rejection::invalid_request(
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ));
    }
    Ok(())
}

fn check_assignor(name: Option<&Str<'_>>, assignors: &[Assignor]) -> Result<(), Rejection> {
    let Some(name) = name else {
        return Ok(());
    };
    let known = assignors.iter().map(|assignor| assignor.name());
    if known.clone().any(|known| known == name) {
        return Ok(());
    }
    let known: Vec<&str> = known.collect();
    Err(Rejection::new(
        ErrorCode::UnsupportedAssignor,
        format!(
            "ServerAssignor {name} is not supported. Supported assignors: {}.",
            known.join(", ")
        ),
    ))
}

/// Java's `String.trim` takes away all that is not above a space.
fn not_blank(text: Option<&Str<'_>>, message: &str) -> Result<(), Rejection> {
    match text {
        Some(text) if text.chars().all(|character| character <= ' ') => {
            Err(Rejection::invalid_request(message))
        }
        _ => Ok(()),
    }
}

pub(super) fn owned(
    topics: Option<&Vec<TopicPartitions>>,
) -> Option<Vec<(TopicId, Vec<PartitionIndex>)>> {
    let topics = topics?.iter();
    Some(
        topics
            .map(|topic| (topic.topic_id, topic.partitions.clone()))
            .collect(),
    )
}

/// A request with all that a member can tell: it joins, or had an error and wants all it has to be told again.
pub(super) fn is_full(request: &ConsumerGroupHeartbeatRequest<'_>) -> bool {
    request.rebalance_timeout_ms != -1
        && (request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some())
        && request.topic_partitions.is_some()
}
