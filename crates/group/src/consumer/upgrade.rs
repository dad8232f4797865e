//! A classic group becomes a consumer group when the first member joins that speaks this protocol. The others go on with the classic one.

use std::sync::Arc;

use ottla_model::{ErrorCode, Timestamp};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::consumer_group_member_metadata::{
    ClassicMemberMetadata, ClassicProtocol,
};

use super::embedded_protocol::{self, Untranslatable};
use super::{Assignment, ConsumerGroup, Context, Epoch, Member, Partitions, Rejection};
use crate::classic::{self, ClassicGroup};

/// The hash of no topics.
const UNSEEN_TOPICS: i64 = 0;

impl ConsumerGroup {
    /// The group as `classic` leaves it, with the records that make it: all members have what its leader gave them. Its own record is still
    /// to be taken back.
    pub(crate) fn upgrade(
        classic: &ClassicGroup,
        context: &Context<'_>,
    ) -> Result<(Self, Vec<GroupRecord<'static>>), Rejection> {
        let cannot = |reason: &str| {
            Rejection::new(
                ErrorCode::GroupIdNotFound,
                format!(
                    "Cannot upgrade classic group {} to consumer group because {reason}.",
                    classic.id()
                ),
            )
        };
        if !context.settings.migration.may_upgrade() {
            return Err(cannot("online upgrade is disabled"));
        }
        if !classic.uses_consumer_protocol() {
            return Err(cannot(
                "the group does not use the consumer embedded protocol",
            ));
        }
        if classic.member_count() > context.settings.max_size {
            return Err(cannot(
                "the group size exceeds the consumer group maximum size",
            ));
        }

        let epoch = Epoch(classic.generation());
        let mut group = Self::new(classic.id());
        let mut targets = Vec::new();
        for (id, member) in classic.members() {
            let target = embedded_protocol::partitions(&member.assignment, context.topics);
            let target = target.map_err(|error| match error {
                Untranslatable::Malformed => {
                    cannot("the embedded consumer protocol is malformed")
                }
                Untranslatable::UserData => cannot(
                    "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before \
                     re-attempting the upgrade",
                ),
            })?;
            let member = upgraded(classic, (id, member), epoch, &target)
                .ok_or_else(|| cannot("the embedded consumer protocol is malformed"))?;
            targets.push((Arc::clone(id), target));
            group.insert(member);
        }

        let mut records: Vec<_> = group.members().map(|m| group.member_record(m)).collect();
        // Nobody knows which topics its leader has seen: who joins looks at them, and begins the next epoch.
        records.push(group.epoch_record(epoch, UNSEEN_TOPICS));
        records.extend(
            targets
                .iter()
                .map(|(id, target)| group.target_record(id, target)),
        );
        records.push(group.target_epoch_record(epoch, Timestamp(0)));
        records.extend(group.members().map(|m| group.assignment_record(m)));
        let mut upgraded = None;
        for record in &records {
            Self::replay(&mut upgraded, record);
        }
        let upgraded = upgraded.expect("the records begin a group");
        Ok((upgraded, records))
    }
}

/// `None` if what it says of itself cannot be read.
fn upgraded(
    group: &ClassicGroup,
    (id, classic): (&Arc<str>, &classic::Member),
    epoch: Epoch,
    target: &Partitions,
) -> Option<Member> {
    let protocols = &classic.terms.protocols;
    let metadata = match group.protocol() {
        Some(protocol) => classic.terms.metadata(protocol),
        None => protocols.first()?.metadata.clone(),
    };
    let subscription = embedded_protocol::subscription(&metadata).ok()?;
    let assigned: Assignment = target
        .iter()
        .map(|(topic, partitions)| {
            (
                *topic,
                partitions.iter().map(|index| (*index, epoch)).collect(),
            )
        })
        .collect();
    let topics = subscription.topics.iter();
    let rack_id = subscription
        .rack_id
        .as_deref()
        .filter(|rack| !rack.is_empty());
    Some(Member {
        instance_id: classic.instance_id.clone(),
        rack_id: rack_id.map(Arc::from),
        client_id: Arc::clone(&classic.client_id),
        client_host: Arc::clone(&classic.client_host),
        rebalance_timeout_ms: classic.terms.rebalance_timeout_ms,
        subscribed_topics: Arc::new(topics.map(|topic| Arc::from(&**topic)).collect()),
        classic: Some(Arc::new(classic_metadata(&classic.terms))),
        epoch,
        previous_epoch: epoch,
        assigned: Arc::new(assigned),
        ..Member::new(id)
    })
}

pub(super) fn classic_metadata(terms: &classic::Terms) -> ClassicMemberMetadata<'static> {
    let protocols = terms.protocols.iter();
    ClassicMemberMetadata {
        session_timeout_ms: terms.session_timeout_ms,
        supported_protocols: protocols
            .map(|protocol| ClassicProtocol {
                name: protocol.name.to_string().into(),
                metadata: protocol.metadata.to_vec().into(),
            })
            .collect(),
    }
}
