//! From a frame to the handler of its API, and from the handler's answer to bytes.

use std::time::Duration;

use bytes::Bytes;
use ottla_env::{Clock, Env, FilePiece, Piece};
use ottla_security::{Kind, Limit};
use ottla_wire::Message;
use ottla_wire::api::{Api, ApiKey};
use ottla_wire::codec::{DecodeError, Encoded, Reader, Writer};
use ottla_wire::frame::{RequestHeader, decode_request_header, encode_response_header};

use crate::FileOf;
use crate::api;
use crate::client_quotas::timed;
use crate::node::Node;
use crate::request::{Caller, Context};

/// The connection is of no more use; the reason goes to the log.
#[derive(Debug)]
pub(crate) struct Close(pub(crate) String);

impl From<DecodeError> for Close {
    fn from(error: DecodeError) -> Self {
        Self(error.to_string())
    }
}

/// What goes out: nothing where the client asked for no answer.
pub(crate) type Answer<E> = Result<Option<Vec<Piece<FileOf<E>>>>, Close>;

/// The APIs whose handlers take a request and return a response. Those with a life of their own stand in `answer`.
macro_rules! plain_apis {
    ($($key:ident: $module:ident($request:ident)),* $(,)?) => {
        /// What this node answers, whichever listener asks.
        pub(crate) const ANSWERED: &[ApiKey] = &[ApiKey::ApiVersions, ApiKey::Produce, ApiKey::Fetch, ApiKey::FetchSnapshot, ApiKey::JoinGroup, ApiKey::SyncGroup, ApiKey::LeaveGroup, $(ApiKey::$key),*];

        async fn plain<E: Env>(
            node: &Node<E>,
            context: Context<'_>,
            key: ApiKey,
            body: &mut Reader<'_>,
            header: &RequestHeader<'_>,
        ) -> Answer<E> {
            match key {
                $(ApiKey::$key => {
                    let request = ottla_wire::message::$module::$request::decode(body, header.api_version)?;
                    let limit = node.client_quotas.limit(Kind::Request, context);
                    let handled = api::$module::handle(node, context, request);
                    let (mut response, throttle) = counted(node, context.caller, limit, handled).await;
                    if throttle > 0 && let Some(said) = response.throttle_time_ms() {
                        *said = throttle.max(*said);
                    }
                    respond(key, header, &response).map(Some)
                })*
                _ => unreachable!("only answered APIs come here, and the others are answered before"),
            }
        }
    };
}

plain_apis! {
    ListOffsets: list_offsets(ListOffsetsRequest),
    Metadata: metadata(MetadataRequest),
    OffsetCommit: offset_commit(OffsetCommitRequest),
    OffsetFetch: offset_fetch(OffsetFetchRequest),
    FindCoordinator: find_coordinator(FindCoordinatorRequest),
    Heartbeat: heartbeat(HeartbeatRequest),
    DescribeGroups: describe_groups(DescribeGroupsRequest),
    ListGroups: list_groups(ListGroupsRequest),
    CreateTopics: create_topics(CreateTopicsRequest),
    DeleteTopics: delete_topics(DeleteTopicsRequest),
    DeleteRecords: delete_records(DeleteRecordsRequest),
    InitProducerId: init_producer_id(InitProducerIdRequest),
    OffsetForLeaderEpoch: offset_for_leader_epoch(OffsetForLeaderEpochRequest),
    DescribeConfigs: describe_configs(DescribeConfigsRequest),
    AlterConfigs: alter_configs(AlterConfigsRequest),
    IncrementalAlterConfigs: incremental_alter_configs(IncrementalAlterConfigsRequest),
    AlterReplicaLogDirs: alter_replica_log_dirs(AlterReplicaLogDirsRequest),
    DescribeLogDirs: describe_log_dirs(DescribeLogDirsRequest),
    CreatePartitions: create_partitions(CreatePartitionsRequest),
    DeleteGroups: delete_groups(DeleteGroupsRequest),
    Vote: vote(VoteRequest),
    BeginQuorumEpoch: begin_quorum_epoch(BeginQuorumEpochRequest),
    EndQuorumEpoch: end_quorum_epoch(EndQuorumEpochRequest),
    DescribeQuorum: describe_quorum(DescribeQuorumRequest),
    OffsetDelete: offset_delete(OffsetDeleteRequest),
    DescribeCluster: describe_cluster(DescribeClusterRequest),
    ConsumerGroupHeartbeat: consumer_group_heartbeat(ConsumerGroupHeartbeatRequest),
    ConsumerGroupDescribe: consumer_group_describe(ConsumerGroupDescribeRequest),
    DescribeProducers: describe_producers(DescribeProducersRequest),
    ListConfigResources: list_config_resources(ListConfigResourcesRequest),
    ElectLeaders: elect_leaders(ElectLeadersRequest),
    AlterPartitionReassignments: alter_partition_reassignments(AlterPartitionReassignmentsRequest),
    ListPartitionReassignments: list_partition_reassignments(ListPartitionReassignmentsRequest),
    DescribeClientQuotas: describe_client_quotas(DescribeClientQuotasRequest),
    AlterClientQuotas: alter_client_quotas(AlterClientQuotasRequest),
    DescribeUserScramCredentials: describe_user_scram_credentials(DescribeUserScramCredentialsRequest),
    AlterUserScramCredentials: alter_user_scram_credentials(AlterUserScramCredentialsRequest),
    UpdateFeatures: update_features(UpdateFeaturesRequest),
    UnregisterBroker: unregister_broker(UnregisterBrokerRequest),
    DescribeTopicPartitions: describe_topic_partitions(DescribeTopicPartitionsRequest),
    GetTelemetrySubscriptions: get_telemetry_subscriptions(GetTelemetrySubscriptionsRequest),
    PushTelemetry: push_telemetry(PushTelemetryRequest),
}

/// Counts the time that `handled` takes of a thread against `limit`. Gives what comes of it, and for how long the client is silent.
pub(crate) async fn counted<E: Env, T>(
    node: &Node<E>,
    caller: &Caller,
    limit: Option<Limit>,
    handled: impl Future<Output = T>,
) -> (T, i32) {
    let Some(limit) = limit else {
        return (handled.await, 0);
    };
    let (made, spent) = timed(node.env.clock(), handled).await;
    (made, throttle_time(node, caller, &limit, spent))
}

/// For how long the client is silent that has kept a thread busy for so long.
pub(crate) fn throttle_time<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    limit: &Limit,
    spent: Duration,
) -> i32 {
    let now = node.env.clock().monotonic();
    caller.mute(node.client_quotas.worked(limit, spent, now), now)
}

/// Whether a listener of that kind serves the API.
pub(crate) fn is_served(api: &Api, on_controller_listener: bool) -> bool {
    ANSWERED.contains(&api.key)
        && if on_controller_listener {
            api.on_controller
        } else {
            api.on_broker
        }
}

/// Whether it is a produce by its API key. That is no promise about the rest of it.
pub(crate) fn is_produce(frame: &[u8]) -> bool {
    frame.starts_with(&(ApiKey::Produce as i16).to_be_bytes())
}

/// Whether a frame asks for what may have yet to come: records, or what others of a group do. To wait for it no longer changes nothing.
pub(crate) fn only_waits(frame: &[u8]) -> bool {
    [ApiKey::Fetch, ApiKey::JoinGroup, ApiKey::SyncGroup]
        .iter()
        .any(|key| frame.starts_with(&(*key as i16).to_be_bytes()))
}

/// Answers one frame. Bytes behind the request are let pass, as Kafka does: some clients send them.
///
/// # Errors
/// [`Close`] for what Kafka answers by closing the connection: an API or version that this listener does not serve, bytes that
/// are no request.
pub(crate) async fn answer<E: Env>(node: &Node<E>, caller: &Caller, frame: Bytes) -> Answer<E> {
    let Request {
        api,
        header,
        mut body,
    } = Request::decode(node, caller, &frame)?;
    let context = Context::new(caller, &header);
    match api.key {
        ApiKey::ApiVersions => {
            api::api_versions::answer(node, context, &mut body, &header).map(Some)
        }
        ApiKey::FetchSnapshot => {
            api::fetch_snapshot::answer(node, context, &mut body, &header).await
        }
        // What the frame took of the memory for requests is not for fetches that only wait.
        ApiKey::Fetch if caller.is_controller_listener => {
            let asked = api::fetch_metadata_log::begin(node, context, &mut body)?;
            let header = without_client(&header);
            drop(frame);
            api::fetch_metadata_log::answer(node, caller, asked, &header).await
        }
        ApiKey::Fetch => {
            let begun = api::fetch::begin(node, context, &mut body)?;
            let header = without_client(&header);
            drop(frame);
            api::fetch::answer(node, caller, begun, &header).await
        }
        // They may wait for other members, as long as a rebalance takes.
        ApiKey::JoinGroup => {
            let asked = api::join_group::begin(node, context, &mut body)?;
            let header = without_client(&header);
            drop(frame);
            api::join_group::answer(node, caller, asked, &header).await
        }
        ApiKey::SyncGroup => {
            let asked = api::sync_group::begin(node, context, &mut body)?;
            let header = without_client(&header);
            drop(frame);
            api::sync_group::answer(node, caller, asked, &header).await
        }
        ApiKey::LeaveGroup => api::leave_group::answer(node, context, &mut body, &header).await,
        key => plain(node, context, key, &mut body, &header).await,
    }
}

/// Begins a [produce](is_produce): the next one of the connection may begin before it is answered.
///
/// # Errors
/// As [`answer`] has them.
pub(crate) async fn begin_produce<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    frame: Bytes,
) -> Result<api::produce::Begun<E>, Close> {
    let Request {
        header, mut body, ..
    } = Request::decode(node, caller, &frame)?;
    let context = Context::new(caller, &header);
    api::produce::begin(node, context, &frame, &mut body, &header).await
}

/// A request whose header is read, of an API and a version that its listener serves.
struct Request<'a> {
    api: &'static Api,
    header: RequestHeader<'a>,
    body: Reader<'a>,
}

impl<'a> Request<'a> {
    fn decode<E: Env>(node: &Node<E>, caller: &Caller, frame: &'a Bytes) -> Result<Self, Close> {
        let mut body = Reader::new(frame);
        let header = decode_request_header(&mut body)?;
        let api = ApiKey::from_code(header.api_key)
            .map(ApiKey::api)
            .filter(|api| is_served(api, caller.is_controller_listener))
            .ok_or_else(|| {
                Close(format!(
                    "API key {} is not served on listener {}",
                    header.api_key, caller.listener
                ))
            })?;
        node.metrics.request(api.name, frame.len());
        let is_served = (api.min_version..=api.max_version).contains(&header.api_version);
        // A client that asks for versions it should not know is told which there are.
        if !is_served && api.key != ApiKey::ApiVersions {
            return Err(Close(format!(
                "{} version {} is not served",
                api.name, header.api_version
            )));
        }
        Ok(Self { api, header, body })
    }
}

/// What a response needs of the header, without anything of the frame.
pub(crate) fn without_client(header: &RequestHeader<'_>) -> RequestHeader<'static> {
    RequestHeader {
        client_id: None,
        api_key: header.api_key,
        api_version: header.api_version,
        correlation_id: header.correlation_id,
    }
}

/// A whole response frame, for a response without records.
pub(crate) fn respond<'a, F>(
    key: ApiKey,
    header: &RequestHeader<'_>,
    response: &impl Message<'a>,
) -> Result<Vec<Piece<F>>, Close> {
    let encoded = encode(key, header, response);
    assert!(
        encoded.holes.is_empty(),
        "only responses to fetches leave room for file pieces"
    );
    Ok(vec![
        Piece::Bytes(length_prefix(&encoded)?),
        Piece::Bytes(encoded.bytes),
    ])
}

/// Puts the file pieces where the response leaves room for them.
pub(crate) fn respond_with_files<'a, F>(
    key: ApiKey,
    header: &RequestHeader<'_>,
    response: &impl Message<'a>,
    pieces: Vec<FilePiece<F>>,
) -> Result<Vec<Piece<F>>, Close> {
    let encoded = encode(key, header, response);
    let mut out = Vec::with_capacity(encoded.holes.len() + pieces.len() + 2);
    out.push(Piece::Bytes(length_prefix(&encoded)?));
    let mut pieces = pieces.into_iter();
    let mut at = 0;
    for hole in encoded.holes.iter().filter(|hole| hole.length > 0) {
        out.push(Piece::Bytes(encoded.bytes.slice(at..hole.at)));
        at = hole.at;
        let mut missing = u64::from(hole.length);
        while missing > 0 {
            let piece = pieces
                .next()
                .expect("a hole is as long as the pieces meant for it");
            missing = missing
                .checked_sub(piece.length)
                .expect("pieces do not cross the border of a hole");
            out.push(Piece::File(piece));
        }
    }
    out.push(Piece::Bytes(encoded.bytes.slice(at..)));
    Ok(out)
}

/// Header and body, without the length in front.
fn encode<'a>(key: ApiKey, header: &RequestHeader<'_>, response: &impl Message<'a>) -> Encoded {
    let mut writer = Writer::new();
    encode_response_header(&mut writer, key, header.api_version, header.correlation_id);
    response.encode(&mut writer, header.api_version);
    writer.finish()
}

/// What goes out before everything else: the length of all that follows.
///
/// # Errors
/// [`Close`] where the protocol has no number for it: the request asks for too much at once.
fn length_prefix(encoded: &Encoded) -> Result<Bytes, Close> {
    let length = i32::try_from(encoded.len())
        .map_err(|_| Close(format!("an answer of {} bytes", encoded.len())))?;
    Ok(Bytes::copy_from_slice(&length.to_be_bytes()))
}
