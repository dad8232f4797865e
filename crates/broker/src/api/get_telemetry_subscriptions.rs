//! GetTelemetrySubscriptions (KIP-714): which of its metrics a client is asked to push, and how often.

use ottla_env::{Clock, Entropy, Env};
use ottla_model::Uuid;
use ottla_wire::message::get_telemetry_subscriptions::{
    GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse,
};
use ottla_wire::records::Compression;

use crate::node::Node;
use crate::request::Context;

/// In what clients can pack what they push, the preferred one first: the order is Kafka's.
const CODECS: [Compression; 4] = [
    Compression::Zstd,
    Compression::Lz4,
    Compression::Gzip,
    Compression::Snappy,
];

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: GetTelemetrySubscriptionsRequest,
) -> GetTelemetrySubscriptionsResponse<'static> {
    let client_instance_id = match request.client_instance_id {
        Uuid::ZERO => node.env.entropy().uuid(),
        own => own,
    };
    let now = node.env.clock().monotonic();
    match node.telemetry.ask(context, client_instance_id, now) {
        Ok(asked) => GetTelemetrySubscriptionsResponse {
            client_instance_id,
            subscription_id: asked.subscription_id,
            accepted_compression_types: CODECS.map(|codec| codec as i8).to_vec(),
            push_interval_ms: asked.interval_ms,
            telemetry_max_bytes: node.telemetry.max_bytes(),
            delta_temporality: true,
            requested_metrics: asked.metrics.into_iter().map(Into::into).collect(),
            ..Default::default()
        },
        Err(error_code) => GetTelemetrySubscriptionsResponse {
            error_code,
            ..Default::default()
        },
    }
}
