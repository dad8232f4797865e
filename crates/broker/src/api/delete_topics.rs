//! DeleteTopics (KIP-4, KIP-516): by name, or from version 6 on by id.

use std::collections::{BTreeMap, BTreeSet};

use ottla_controller::{Refusal, Reply, Request, TopicName};
use ottla_env::Env;
use ottla_metadata::Image;
use ottla_model::{ErrorCode, TopicId};
use ottla_wire::message::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};

use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::client_quotas::MutationQuota;
use crate::node::Node;
use crate::request::Context;

/// Up to this version a client does not know TOPIC_DELETION_DISABLED.
const LAST_VERSION_WITHOUT_DISABLED: i16 = 2;

/// From this version on clients know THROTTLING_QUOTA_EXCEEDED.
const STRICT_FROM: i16 = 5;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DeleteTopicsRequest<'_>,
) -> DeleteTopicsResponse<'static> {
    let by_name = request
        .topic_names
        .iter()
        .map(|name| Ok(TopicName::Name(name.to_string())));
    let by_either = request
        .topics
        .iter()
        .map(|topic| match (&topic.name, topic.topic_id) {
            (Some(name), TopicId::NONE) => Ok(TopicName::Name(name.to_string())),
            (None, id) if id != TopicId::NONE => Ok(TopicName::Id(id)),
            (name, id) => Err((name.as_deref().map(str::to_owned), id)),
        });
    let mut responses = Vec::new();
    let mut wanted = Vec::new();
    for named in by_name.chain(by_either) {
        match named {
            Ok(name) if is_allowed(node, context, &name) => wanted.push(name),
            Ok(name) => responses.push(refused(
                &name,
                ErrorCode::TopicAuthorizationFailed,
                "not authorized".to_owned(),
            )),
            Err((name, topic_id)) => responses.push(DeletableTopicResult {
                name: name.map(Into::into),
                topic_id,
                error_code: ErrorCode::InvalidRequest,
                error_message: Some(
                    "a topic is named by its name or by its id, not by both".into(),
                ),
            }),
        }
    }
    let (wanted, duplicates) = apart(wanted, TopicName::clone);
    responses.extend(duplicates.iter().map(|name| {
        let message = "the topic is named more than once".to_owned();
        refused(name, ErrorCode::InvalidRequest, message)
    }));
    let (wanted, twice) = named_in_one_way(&node.image(), wanted);
    responses.extend(
        twice
            .into_iter()
            .map(|(name, topic_id)| DeletableTopicResult {
                name: Some(name.into()),
                topic_id,
                error_code: ErrorCode::InvalidRequest,
                error_message: Some("the topic is named by its id, too".into()),
            }),
    );
    let quota = MutationQuota::of(node, context, STRICT_FROM);
    let asked = Request::DeleteTopics {
        topics: wanted.clone(),
        permits: quota.permits,
    };
    let reply = super::ask_within(node, request.timeout_ms, asked).await;
    let results = match reply {
        Ok(Reply::TopicsDeleted(results)) => results,
        other => vec![Err(super::no_such_reply(other)); wanted.len()],
    };
    let deleted = results.iter().flatten().map(|it| it.partitions as usize);
    let was_refused = results.iter().any(super::is_throttled);
    let throttle_time_ms = quota.used(node, context.caller, deleted.sum(), was_refused);
    for (name, result) in wanted.iter().zip(results) {
        responses.push(match result {
            Ok(deleted) => DeletableTopicResult {
                name: Some(deleted.name.into()),
                topic_id: deleted.id,
                error_code: ErrorCode::None,
                error_message: None,
            },
            Err(Refusal {
                code: ErrorCode::TopicDeletionDisabled,
                message,
            }) if context.version <= LAST_VERSION_WITHOUT_DISABLED => {
                refused(name, ErrorCode::InvalidRequest, message)
            }
            Err(refusal) => refused(name, refusal.code, refusal.message),
        });
    }
    DeleteTopicsResponse {
        throttle_time_ms,
        responses,
        ..Default::default()
    }
}

/// What names a topic by its name or by its id, and apart from it the topics that are named by both: nobody can say whether the id is
/// that of the topic which is meant.
fn named_in_one_way(
    image: &Image,
    wanted: Vec<TopicName>,
) -> (Vec<TopicName>, Vec<(String, TopicId)>) {
    let mut ids = BTreeSet::new();
    for name in &wanted {
        if let TopicName::Id(id) = name {
            ids.insert(*id);
        }
    }
    let by_both: BTreeMap<TopicId, String> = wanted
        .iter()
        .filter_map(|name| match name {
            TopicName::Name(name) => image.topics().by_name(name),
            TopicName::Id(_) => None,
        })
        .filter(|topic| ids.contains(&topic.id))
        .map(|topic| (topic.id, topic.name.to_string()))
        .collect();
    let by_name: BTreeSet<&str> = by_both.values().map(String::as_str).collect();
    let in_one_way = |name: &TopicName| match name {
        TopicName::Name(name) => !by_name.contains(name.as_str()),
        TopicName::Id(id) => !by_both.contains_key(id),
    };
    let rest = wanted.into_iter().filter(in_one_way).collect();
    (
        rest,
        by_both.into_iter().map(|(id, name)| (name, id)).collect(),
    )
}

fn is_allowed<E: Env>(node: &Node<E>, context: Context<'_>, name: &TopicName) -> bool {
    match name {
        TopicName::Name(name) => {
            node.allowed(context.caller, Operation::Delete, Resource::Topic(name))
        }
        TopicName::Id(id) => match node.image().topics().by_id(*id) {
            Some(topic) => node.allowed(
                context.caller,
                Operation::Delete,
                Resource::Topic(&topic.name),
            ),
            None => true,
        },
    }
}

fn refused(
    name: &TopicName,
    error_code: ErrorCode,
    message: String,
) -> DeletableTopicResult<'static> {
    let (name, topic_id) = match name {
        TopicName::Name(name) => (Some(name.clone().into()), TopicId::NONE),
        TopicName::Id(id) => (None, *id),
    };
    DeletableTopicResult {
        name,
        topic_id,
        error_code,
        error_message: Some(message.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_image::{id, image, topic};
    use super::*;

    #[test]
    fn a_topic_named_by_name_and_by_id_is_not_deleted() {
        let image = image(&[topic("a", 1), topic("b", 1), topic("c", 1)]);
        let name = |name: &str| TopicName::Name(name.to_owned());
        let named = vec![
            TopicName::Id(id("a")),
            name("a"),
            name("b"),
            TopicName::Id(id("c")),
            name("missing"),
        ];
        let (rest, twice) = named_in_one_way(&image, named);
        assert_eq!(rest, [name("b"), TopicName::Id(id("c")), name("missing")]);
        assert_eq!(twice, [("a".to_owned(), id("a"))]);
    }
}
