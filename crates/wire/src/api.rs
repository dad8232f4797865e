//! The APIs of Kafka 4.3: their keys, versions and listeners.

use std::ops::RangeInclusive;

use crate::Message;
use crate::message::*;
use crate::schema::{Kind, MessageSchema};

/// One API: what is spoken of it, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    pub key: ApiKey,
    pub name: &'static str,
    pub min_version: i16,
    /// The newest stable version; some messages have an unstable one beyond it.
    pub max_version: i16,
    /// `i16::MAX` when no version is flexible.
    pub flexible_from: i16,
    /// Whether the listeners of brokers answer it.
    pub on_broker: bool,
    /// Whether the listeners of controllers answer it.
    pub on_controller: bool,
}

impl Api {
    #[must_use]
    pub const fn versions(&self) -> RangeInclusive<i16> {
        self.min_version..=self.max_version
    }

    #[must_use]
    pub const fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible_from
    }
}

macro_rules! apis {
    ($($name:ident($request:ty, $response:ty) on $($listener:ident)|+;)*) => {
        /// The number that begins a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey {
            $($name = key(&<$request>::SCHEMA, &<$response>::SCHEMA),)*
        }

        /// Every API, ascending by key.
        pub const TABLE: &[Api] = &[$(Api {
            key: ApiKey::$name,
            name: stringify!($name),
            min_version: *<$request>::SCHEMA.stable().start(),
            max_version: *<$request>::SCHEMA.stable().end(),
            flexible_from: <$request>::FLEXIBLE_FROM,
            on_broker: $(matches!(Listener::$listener, Listener::Broker))||+,
            on_controller: $(matches!(Listener::$listener, Listener::Controller))||+,
        }),*];

        /// The tables of all requests and responses, in the order of the APIs.
        pub const SCHEMAS: &[MessageSchema] = &[$(<$request>::SCHEMA, <$response>::SCHEMA),*];
    };
}

enum Listener {
    Broker,
    Controller,
}

/// The key that a request and its response agree on, as they do on their versions.
const fn key(request: &MessageSchema, response: &MessageSchema) -> i16 {
    assert!(matches!(request.kind, Kind::Request) && matches!(response.kind, Kind::Response));
    assert!(*request.valid.start() == *response.valid.start());
    assert!(*request.valid.end() == *response.valid.end());
    assert!(request.flexible_from == response.flexible_from);
    let (Some(key), Some(of_response)) = (request.key, response.key) else {
        unreachable!();
    };
    assert!(key == of_response);
    key
}

apis! {
    Produce(produce::ProduceRequest, produce::ProduceResponse) on Broker;
    Fetch(fetch::FetchRequest, fetch::FetchResponse) on Broker | Controller;
    ListOffsets(list_offsets::ListOffsetsRequest, list_offsets::ListOffsetsResponse) on Broker;
    Metadata(metadata::MetadataRequest, metadata::MetadataResponse) on Broker;
    OffsetCommit(offset_commit::OffsetCommitRequest, offset_commit::OffsetCommitResponse) on Broker;
    OffsetFetch(offset_fetch::OffsetFetchRequest, offset_fetch::OffsetFetchResponse) on Broker;
    FindCoordinator(find_coordinator::FindCoordinatorRequest, find_coordinator::FindCoordinatorResponse) on Broker;
    JoinGroup(join_group::JoinGroupRequest, join_group::JoinGroupResponse) on Broker;
    Heartbeat(heartbeat::HeartbeatRequest, heartbeat::HeartbeatResponse) on Broker;
    LeaveGroup(leave_group::LeaveGroupRequest, leave_group::LeaveGroupResponse) on Broker;
    SyncGroup(sync_group::SyncGroupRequest, sync_group::SyncGroupResponse) on Broker;
    DescribeGroups(describe_groups::DescribeGroupsRequest, describe_groups::DescribeGroupsResponse) on Broker;
    ListGroups(list_groups::ListGroupsRequest, list_groups::ListGroupsResponse) on Broker;
    SaslHandshake(sasl_handshake::SaslHandshakeRequest, sasl_handshake::SaslHandshakeResponse) on Broker | Controller;
    ApiVersions(api_versions::ApiVersionsRequest, api_versions::ApiVersionsResponse) on Broker | Controller;
    CreateTopics(create_topics::CreateTopicsRequest, create_topics::CreateTopicsResponse) on Broker | Controller;
    DeleteTopics(delete_topics::DeleteTopicsRequest, delete_topics::DeleteTopicsResponse) on Broker | Controller;
    DeleteRecords(delete_records::DeleteRecordsRequest, delete_records::DeleteRecordsResponse) on Broker;
    InitProducerId(init_producer_id::InitProducerIdRequest, init_producer_id::InitProducerIdResponse) on Broker;
    OffsetForLeaderEpoch(offset_for_leader_epoch::OffsetForLeaderEpochRequest, offset_for_leader_epoch::OffsetForLeaderEpochResponse) on Broker;
    AddPartitionsToTxn(add_partitions_to_txn::AddPartitionsToTxnRequest, add_partitions_to_txn::AddPartitionsToTxnResponse) on Broker;
    AddOffsetsToTxn(add_offsets_to_txn::AddOffsetsToTxnRequest, add_offsets_to_txn::AddOffsetsToTxnResponse) on Broker;
    EndTxn(end_txn::EndTxnRequest, end_txn::EndTxnResponse) on Broker;
    WriteTxnMarkers(write_txn_markers::WriteTxnMarkersRequest, write_txn_markers::WriteTxnMarkersResponse) on Broker;
    TxnOffsetCommit(txn_offset_commit::TxnOffsetCommitRequest, txn_offset_commit::TxnOffsetCommitResponse) on Broker;
    DescribeAcls(describe_acls::DescribeAclsRequest, describe_acls::DescribeAclsResponse) on Broker | Controller;
    CreateAcls(create_acls::CreateAclsRequest, create_acls::CreateAclsResponse) on Broker | Controller;
    DeleteAcls(delete_acls::DeleteAclsRequest, delete_acls::DeleteAclsResponse) on Broker | Controller;
    DescribeConfigs(describe_configs::DescribeConfigsRequest, describe_configs::DescribeConfigsResponse) on Broker | Controller;
    AlterConfigs(alter_configs::AlterConfigsRequest, alter_configs::AlterConfigsResponse) on Broker | Controller;
    AlterReplicaLogDirs(alter_replica_log_dirs::AlterReplicaLogDirsRequest, alter_replica_log_dirs::AlterReplicaLogDirsResponse) on Broker;
    DescribeLogDirs(describe_log_dirs::DescribeLogDirsRequest, describe_log_dirs::DescribeLogDirsResponse) on Broker;
    SaslAuthenticate(sasl_authenticate::SaslAuthenticateRequest, sasl_authenticate::SaslAuthenticateResponse) on Broker | Controller;
    CreatePartitions(create_partitions::CreatePartitionsRequest, create_partitions::CreatePartitionsResponse) on Broker | Controller;
    CreateDelegationToken(create_delegation_token::CreateDelegationTokenRequest, create_delegation_token::CreateDelegationTokenResponse) on Broker | Controller;
    RenewDelegationToken(renew_delegation_token::RenewDelegationTokenRequest, renew_delegation_token::RenewDelegationTokenResponse) on Broker | Controller;
    ExpireDelegationToken(expire_delegation_token::ExpireDelegationTokenRequest, expire_delegation_token::ExpireDelegationTokenResponse) on Broker | Controller;
    DescribeDelegationToken(describe_delegation_token::DescribeDelegationTokenRequest, describe_delegation_token::DescribeDelegationTokenResponse) on Broker | Controller;
    DeleteGroups(delete_groups::DeleteGroupsRequest, delete_groups::DeleteGroupsResponse) on Broker;
    ElectLeaders(elect_leaders::ElectLeadersRequest, elect_leaders::ElectLeadersResponse) on Broker | Controller;
    IncrementalAlterConfigs(incremental_alter_configs::IncrementalAlterConfigsRequest, incremental_alter_configs::IncrementalAlterConfigsResponse) on Broker | Controller;
    AlterPartitionReassignments(alter_partition_reassignments::AlterPartitionReassignmentsRequest, alter_partition_reassignments::AlterPartitionReassignmentsResponse) on Broker | Controller;
    ListPartitionReassignments(list_partition_reassignments::ListPartitionReassignmentsRequest, list_partition_reassignments::ListPartitionReassignmentsResponse) on Broker | Controller;
    OffsetDelete(offset_delete::OffsetDeleteRequest, offset_delete::OffsetDeleteResponse) on Broker;
    DescribeClientQuotas(describe_client_quotas::DescribeClientQuotasRequest, describe_client_quotas::DescribeClientQuotasResponse) on Broker;
    AlterClientQuotas(alter_client_quotas::AlterClientQuotasRequest, alter_client_quotas::AlterClientQuotasResponse) on Broker | Controller;
    DescribeUserScramCredentials(describe_user_scram_credentials::DescribeUserScramCredentialsRequest, describe_user_scram_credentials::DescribeUserScramCredentialsResponse) on Broker | Controller;
    AlterUserScramCredentials(alter_user_scram_credentials::AlterUserScramCredentialsRequest, alter_user_scram_credentials::AlterUserScramCredentialsResponse) on Broker | Controller;
    Vote(vote::VoteRequest, vote::VoteResponse) on Controller;
    BeginQuorumEpoch(begin_quorum_epoch::BeginQuorumEpochRequest, begin_quorum_epoch::BeginQuorumEpochResponse) on Controller;
    EndQuorumEpoch(end_quorum_epoch::EndQuorumEpochRequest, end_quorum_epoch::EndQuorumEpochResponse) on Controller;
    DescribeQuorum(describe_quorum::DescribeQuorumRequest, describe_quorum::DescribeQuorumResponse) on Broker | Controller;
    AlterPartition(alter_partition::AlterPartitionRequest, alter_partition::AlterPartitionResponse) on Controller;
    UpdateFeatures(update_features::UpdateFeaturesRequest, update_features::UpdateFeaturesResponse) on Broker | Controller;
    Envelope(envelope::EnvelopeRequest, envelope::EnvelopeResponse) on Controller;
    FetchSnapshot(fetch_snapshot::FetchSnapshotRequest, fetch_snapshot::FetchSnapshotResponse) on Controller;
    DescribeCluster(describe_cluster::DescribeClusterRequest, describe_cluster::DescribeClusterResponse) on Broker | Controller;
    DescribeProducers(describe_producers::DescribeProducersRequest, describe_producers::DescribeProducersResponse) on Broker;
    BrokerRegistration(broker_registration::BrokerRegistrationRequest, broker_registration::BrokerRegistrationResponse) on Controller;
    BrokerHeartbeat(broker_heartbeat::BrokerHeartbeatRequest, broker_heartbeat::BrokerHeartbeatResponse) on Controller;
    UnregisterBroker(unregister_broker::UnregisterBrokerRequest, unregister_broker::UnregisterBrokerResponse) on Broker | Controller;
    DescribeTransactions(describe_transactions::DescribeTransactionsRequest, describe_transactions::DescribeTransactionsResponse) on Broker;
    ListTransactions(list_transactions::ListTransactionsRequest, list_transactions::ListTransactionsResponse) on Broker;
    AllocateProducerIds(allocate_producer_ids::AllocateProducerIdsRequest, allocate_producer_ids::AllocateProducerIdsResponse) on Controller;
    ConsumerGroupHeartbeat(consumer_group_heartbeat::ConsumerGroupHeartbeatRequest, consumer_group_heartbeat::ConsumerGroupHeartbeatResponse) on Broker;
    ConsumerGroupDescribe(consumer_group_describe::ConsumerGroupDescribeRequest, consumer_group_describe::ConsumerGroupDescribeResponse) on Broker;
    ControllerRegistration(controller_registration::ControllerRegistrationRequest, controller_registration::ControllerRegistrationResponse) on Controller;
    GetTelemetrySubscriptions(get_telemetry_subscriptions::GetTelemetrySubscriptionsRequest, get_telemetry_subscriptions::GetTelemetrySubscriptionsResponse) on Broker;
    PushTelemetry(push_telemetry::PushTelemetryRequest, push_telemetry::PushTelemetryResponse) on Broker;
    AssignReplicasToDirs(assign_replicas_to_dirs::AssignReplicasToDirsRequest, assign_replicas_to_dirs::AssignReplicasToDirsResponse) on Controller;
    ListConfigResources(list_config_resources::ListConfigResourcesRequest, list_config_resources::ListConfigResourcesResponse) on Broker;
    DescribeTopicPartitions(describe_topic_partitions::DescribeTopicPartitionsRequest, describe_topic_partitions::DescribeTopicPartitionsResponse) on Broker;
    ShareGroupHeartbeat(share_group_heartbeat::ShareGroupHeartbeatRequest, share_group_heartbeat::ShareGroupHeartbeatResponse) on Broker;
    ShareGroupDescribe(share_group_describe::ShareGroupDescribeRequest, share_group_describe::ShareGroupDescribeResponse) on Broker;
    ShareFetch(share_fetch::ShareFetchRequest, share_fetch::ShareFetchResponse) on Broker;
    ShareAcknowledge(share_acknowledge::ShareAcknowledgeRequest, share_acknowledge::ShareAcknowledgeResponse) on Broker;
    AddRaftVoter(add_raft_voter::AddRaftVoterRequest, add_raft_voter::AddRaftVoterResponse) on Broker | Controller;
    RemoveRaftVoter(remove_raft_voter::RemoveRaftVoterRequest, remove_raft_voter::RemoveRaftVoterResponse) on Broker | Controller;
    UpdateRaftVoter(update_raft_voter::UpdateRaftVoterRequest, update_raft_voter::UpdateRaftVoterResponse) on Controller;
    InitializeShareGroupState(initialize_share_group_state::InitializeShareGroupStateRequest, initialize_share_group_state::InitializeShareGroupStateResponse) on Broker;
    ReadShareGroupState(read_share_group_state::ReadShareGroupStateRequest, read_share_group_state::ReadShareGroupStateResponse) on Broker;
    WriteShareGroupState(write_share_group_state::WriteShareGroupStateRequest, write_share_group_state::WriteShareGroupStateResponse) on Broker;
    DeleteShareGroupState(delete_share_group_state::DeleteShareGroupStateRequest, delete_share_group_state::DeleteShareGroupStateResponse) on Broker;
    ReadShareGroupStateSummary(read_share_group_state_summary::ReadShareGroupStateSummaryRequest, read_share_group_state_summary::ReadShareGroupStateSummaryResponse) on Broker;
    StreamsGroupHeartbeat(streams_group_heartbeat::StreamsGroupHeartbeatRequest, streams_group_heartbeat::StreamsGroupHeartbeatResponse) on Broker;
    StreamsGroupDescribe(streams_group_describe::StreamsGroupDescribeRequest, streams_group_describe::StreamsGroupDescribeResponse) on Broker;
    DescribeShareGroupOffsets(describe_share_group_offsets::DescribeShareGroupOffsetsRequest, describe_share_group_offsets::DescribeShareGroupOffsetsResponse) on Broker;
    AlterShareGroupOffsets(alter_share_group_offsets::AlterShareGroupOffsetsRequest, alter_share_group_offsets::AlterShareGroupOffsetsResponse) on Broker;
    DeleteShareGroupOffsets(delete_share_group_offsets::DeleteShareGroupOffsetsRequest, delete_share_group_offsets::DeleteShareGroupOffsetsResponse) on Broker;
}

impl ApiKey {
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        TABLE
            .binary_search_by_key(&code, |api| api.key.code())
            .ok()
            .map(|index| TABLE[index].key)
    }

    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The row of the table.
    #[must_use]
    pub const fn api(self) -> &'static Api {
        &TABLE[ROWS[self as usize] as usize]
    }
}

const KEYS: usize = TABLE[TABLE.len() - 1].key as usize + 1;

/// The row of each key. Keys of removed APIs have none, and no `ApiKey` names them.
const ROWS: [u8; KEYS] = {
    let mut rows = [u8::MAX; KEYS];
    let mut row = 0;
    while row < TABLE.len() {
        rows[TABLE[row].key as usize] = row as u8;
        row += 1;
    }
    rows
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_finds_its_row() {
        for api in TABLE {
            assert_eq!(ApiKey::from_code(api.key.code()), Some(api.key));
            assert_eq!(api.key.api(), api);
        }
        for removed in [-1, 4, 5, 6, 7, 93] {
            assert_eq!(ApiKey::from_code(removed), None);
        }
    }
}
