//! The first half of a produce: its batches are checked and go to their lanes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::future::select;
use ottla_env::{Clock, Env};
use ottla_log::validate::validate;
use ottla_model::{ErrorCode, Monotonic, PartitionIndex, TopicId};
use ottla_replica::Acks;
use ottla_security::Kind;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::produce::{PartitionProduceData, ProduceRequest};
use ottla_wire::records::{Attributes, BatchHeader};
use ottla_wire::{Message, Records};

use super::{Begun, BegunPartition, BegunTopic, NO_ACKS, Refusal, Used};
use crate::authorize::{Operation, Resource};
use crate::dispatch::{Close, without_client};
use crate::internal_topics::{ADMIN_CLIENT_ID, is_internal};
use crate::lane::{Answers, Append, Job};
use crate::node::Node;
use crate::partition::Partition;
use crate::request::Context;

const LEADER_ACKS: i16 = 1;
const ALL_ACKS: i16 = -1;
/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;
/// Bytes of batches that one request has at its lanes at once. What is packed again for a topic of another codec may be many times what
/// was received, and is not in the budget of requests.
const MOST_AT_LANES: usize = 64 << 20;
/// How long the batches of one request are checked before others have their turn: few bytes may unpack to many.
const TURN: Duration = Duration::from_millis(10);

/// Checks the batches of a request and hands them to their lanes.
///
/// # Errors
/// For bytes that are no request.
pub(crate) async fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    body: &mut Reader<'_>,
    header: &RequestHeader<'_>,
) -> Result<Begun<E>, Close> {
    let request = ProduceRequest::decode(body, header.api_version)?;
    let clock = node.env.clock();
    let began = clock.monotonic();
    let mut turn_began = began;
    let deadline = turn_began + Duration::from_millis(request.timeout_ms.max(0) as u64);
    let batches = request.topic_data.iter().map(|t| t.partition_data.len());
    let mut begin = Begin {
        node,
        context,
        frame,
        acks: request.acks,
        refused: refused(&request),
        answers: Answers::with_capacity(batches.sum()),
        by_lane: Vec::new(),
        bytes: 0,
    };
    let mut topics = Vec::with_capacity(request.topic_data.len());
    for topic in &request.topic_data {
        let target = begin.target(topic.topic_id, &topic.name);
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in &topic.partition_data {
            partitions.push(begin.partition(&target, data));
            if begin.bytes >= MOST_AT_LANES {
                begin.send();
                begin.until_complete(deadline).await;
            }
            if clock.monotonic() - turn_began > TURN {
                let_others().await;
                turn_began = clock.monotonic();
            }
        }
        topics.push(BegunTopic {
            name: topic.name.to_string(),
            id: topic.topic_id,
            partitions,
        });
    }
    begin.send();
    let of_time = node.client_quotas.limit(Kind::Request, context);
    Ok(Begun {
        header: without_client(header),
        acks: request.acks,
        topics,
        answers: begin.answers,
        deadline,
        used: Used {
            bytes: frame.len(),
            of_bytes: node.client_quotas.limit(Kind::Produce, context),
            // From its beginning: nearly always it is one turn.
            time: match of_time {
                Some(_) => clock.monotonic() - began,
                None => Duration::ZERO,
            },
            of_time,
        },
    })
}

/// Why none of the request is looked at: who writes a part of a transaction names it.
fn refused(request: &ProduceRequest<'_>) -> Option<ErrorCode> {
    let mut partitions = request.topic_data.iter().flat_map(|t| &t.partition_data);
    let is_transactional = |data: &PartitionProduceData<'_>| match &data.records {
        Some(Records::Bytes(bytes)) => is_transactional(bytes),
        _ => false,
    };
    let unnamed = request.transactional_id.is_none() && partitions.any(is_transactional);
    unnamed.then_some(ErrorCode::TransactionalIdAuthorizationFailed)
}

/// Whether it begins with a batch that is. The header of any other is parsed when the batch is checked, and not here as well.
fn is_transactional(records: &[u8]) -> bool {
    let attributes = BatchHeader::peek_attributes(records);
    attributes.is_some_and(Attributes::is_transactional) && BatchHeader::parse(records).is_ok()
}

/// A request on its way to its lanes.
struct Begin<'a, E: Env> {
    node: &'a Node<E>,
    context: Context<'a>,
    frame: &'a Bytes,
    acks: i16,
    /// All of the request.
    refused: Option<ErrorCode>,
    answers: Answers,
    /// Nearly always a node has one lane for all of them. The partition is any of those it owns.
    by_lane: Vec<(Arc<Partition<E>>, Vec<Append>)>,
    /// Of the batches as they are with the lanes, since they were last waited for.
    bytes: usize,
}

/// What a topic of the request means here.
type Target = Result<(Arc<str>, TopicId), ErrorCode>;

impl<E: Env> Begin<'_, E> {
    fn target(&self, id: TopicId, name: &str) -> Target {
        let image = self.node.image();
        let by_id = self.context.version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let topic = if by_id {
            image.topics().by_id(id).ok_or(ErrorCode::UnknownTopicId)?
        } else {
            let topic = image.topics().by_name(name);
            topic.ok_or(ErrorCode::UnknownTopicOrPartition)?
        };
        let resource = Resource::Topic(&topic.name);
        if self
            .node
            .allowed(self.context.caller, Operation::Write, resource)
        {
            Ok((Arc::clone(&topic.name), topic.id))
        } else {
            Err(ErrorCode::TopicAuthorizationFailed)
        }
    }

    fn partition(&mut self, target: &Target, data: &PartitionProduceData<'_>) -> BegunPartition<E> {
        let index = PartitionIndex(data.index);
        let refused = |code: ErrorCode| BegunPartition {
            index,
            partition: None,
            sent: Err(code.into()),
        };
        if let Some(code) = self.refused {
            return refused(code);
        }
        let (topic, id) = match target {
            Ok(found) => found,
            Err(code) => return refused(*code),
        };
        let Some(partition) = self.node.partitions.get(*id, index) else {
            return refused(self.node.absent_partition_error(*id, index));
        };
        let append = self.check(topic, &partition, data);
        BegunPartition {
            index,
            sent: append.map(|append| self.push(&partition, append)),
            partition: Some(partition),
        }
    }

    fn check(
        &self,
        topic: &str,
        partition: &Partition<E>,
        data: &PartitionProduceData<'_>,
    ) -> Result<Append, Refusal> {
        if !matches!(self.acks, NO_ACKS | LEADER_ACKS | ALL_ACKS) {
            return Err(ErrorCode::InvalidRequiredAcks.into());
        }
        if is_internal(topic) && self.context.client_id != Some(ADMIN_CLIENT_ID) {
            return Err(ErrorCode::InvalidTopicException.into());
        }
        let leader_epoch = partition
            .leader_epoch()
            .ok_or(ErrorCode::NotLeaderOrFollower)?;
        let rules = partition.append_rules(self.context.version);
        let records = match &data.records {
            Some(Records::Bytes(bytes)) => *bytes,
            _ => &[],
        };
        let now = self.node.env.clock().wall();
        Ok(Append {
            key: partition.key,
            batch: validate(self.frame.slice_ref(records), &rules, now)?,
            leader_epoch,
            acks: if self.acks == ALL_ACKS {
                Acks::All
            } else {
                Acks::Leader
            },
            reply: self.answers.open(),
        })
    }

    fn push(&mut self, partition: &Arc<Partition<E>>, append: Append) {
        self.bytes += append.batch.header().size;
        let mut lanes = self.by_lane.iter_mut();
        match lanes.find(|(other, _)| other.directory == partition.directory) {
            Some((_, appends)) => appends.push(append),
            None => self.by_lane.push((Arc::clone(partition), vec![append])),
        }
    }

    fn send(&mut self) {
        self.bytes = 0;
        for (partition, appends) in self.by_lane.drain(..) {
            partition.lane.send(Job::Append(appends));
        }
    }

    /// Returns early only at the deadline.
    async fn until_complete(&self, deadline: Monotonic) {
        let complete = poll_fn(|task| self.answers.poll_complete(task));
        let passed = self.node.env.clock().sleep_until(deadline);
        select(complete, pin!(passed)).await;
    }
}

/// Goes on when all others that are ready have had a turn.
async fn let_others() {
    let mut has_waited = false;
    poll_fn(|task| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use ottla_model::Timestamp;
    use ottla_wire::records::{BATCH_OVERHEAD, BatchBuilder, BatchFields, Compression};

    use super::*;

    #[test]
    fn what_is_transactional_is_seen_whatever_else_a_header_says() {
        let batch = |attributes| {
            let fields = BatchFields {
                attributes: Attributes(attributes),
                ..BatchFields::default()
            };
            let mut batch = BatchBuilder::new(fields, Compression::None);
            batch.push(Timestamp(0), None, None, []);
            batch.build()
        };
        let plain = batch(!(1 << 4));
        let transactional = batch(1 << 4);
        assert!(!is_transactional(&plain) && is_transactional(&transactional));
        let parsed = |bytes: &[u8]| {
            BatchHeader::parse(bytes).is_ok_and(|header| header.attributes.is_transactional())
        };
        for whole in [plain, transactional] {
            for at in 0..=BATCH_OVERHEAD {
                assert_eq!(is_transactional(&whole[..at]), parsed(&whole[..at]));
                for bit in 0..8 {
                    let mut damaged = whole.to_vec();
                    damaged[at] ^= 1 << bit;
                    assert_eq!(is_transactional(&damaged), parsed(&damaged), "{at}");
                }
            }
        }
    }
}
