//! Leaders that are asked for by hand (KIP-183, KIP-460).

use ottla_model::{ErrorCode, NodeId, PartitionIndex};
use ottla_wire::metadata_record::MetadataRecord;

use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::operation::Operation;
use crate::partition_change::Candidates;

/// Who is to be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The first of the replicas, if it is in sync.
    Preferred,
    /// Where nobody leads, any replica that is there, whatever it has lost.
    Unclean,
}

/// What became of the partitions of one topic, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionResults {
    pub topic: String,
    pub partitions: Vec<(PartitionIndex, Result<(), Refusal>)>,
}

impl Controller {
    /// `None`: all partitions there are; of them only those are in the reply whose election is needed.
    pub(crate) fn elect_leaders(
        &self,
        election: Election,
        wanted: Option<&[(String, Vec<PartitionIndex>)]>,
    ) -> Outcome {
        let mut operation = Operation::default();
        let mut elect = |topic: &str, index| {
            let elected = self.elect_leader(election, topic, index);
            let elected = elected.and_then(|record| operation.add(vec![record]));
            (index, elected)
        };
        let results = match wanted {
            Some(wanted) => wanted
                .iter()
                .map(|(topic, indexes)| PartitionResults {
                    topic: topic.clone(),
                    partitions: indexes.iter().map(|index| elect(topic, *index)).collect(),
                })
                .collect(),
            None => self
                .image
                .topics()
                .iter()
                .map(|topic| {
                    let elected = topic.partitions().map(|(index, _)| elect(&topic.name, index));
                    let is_needed = |(_, elected): &(_, Result<(), Refusal>)| {
                        !matches!(elected, Err(refusal) if refusal.code == ErrorCode::ElectionNotNeeded)
                    };
                    PartitionResults {
                        topic: topic.name.to_string(),
                        partitions: elected.filter(is_needed).collect(),
                    }
                })
                .collect(),
        };
        // Each election stands for itself.
        Outcome::of(operation.records(false), Reply::Partitions(results))
    }

    fn elect_leader(
        &self,
        election: Election,
        name: &str,
        index: PartitionIndex,
    ) -> Result<MetadataRecord<'static>, Refusal> {
        // Tools print what is said of a partition.
        let unknown = |message| Refusal::new(ErrorCode::UnknownTopicOrPartition, message);
        let topic = self.image.topics().by_name(name);
        let topic = topic.ok_or_else(|| unknown(format!("No such topic as {name}")))?;
        let partition = topic
            .partition(index)
            .ok_or_else(|| unknown(format!("No such partition as {name}-{index}")))?;
        let (is_needed, candidates, unavailable) = match election {
            Election::Preferred => (
                partition.replicas.first() != Some(&partition.leader),
                Candidates::PreferredFirst,
                Refusal::new(
                    ErrorCode::PreferredLeaderNotAvailable,
                    "the first of the replicas is not in sync or not there",
                ),
            ),
            Election::Unclean => (
                partition.leader == NodeId::NONE,
                Candidates::OutOfSyncToo,
                Refusal::new(
                    ErrorCode::EligibleLeadersNotAvailable,
                    "none of the replicas is there",
                ),
            ),
        };
        if !is_needed {
            // The words by which Apache's tools know it.
            let message = "Leader election not needed for topic partition.";
            return Err(Refusal::new(ErrorCode::ElectionNotNeeded, message));
        }
        let elected = self.election_among(candidates, topic, index, partition);
        elected.map(Into::into).ok_or(unavailable)
    }
}
