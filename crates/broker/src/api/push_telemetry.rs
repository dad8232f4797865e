//! PushTelemetry (KIP-714): takes metrics of a client.

use ottla_env::{Clock, Env};
use ottla_model::ErrorCode;
use ottla_wire::message::push_telemetry::{PushTelemetryRequest, PushTelemetryResponse};

use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: PushTelemetryRequest<'_>,
) -> PushTelemetryResponse {
    let now = node.env.clock().monotonic();
    let taken = node.telemetry.push(context, &request, now);
    PushTelemetryResponse {
        error_code: taken.err().unwrap_or(ErrorCode::None),
        ..Default::default()
    }
}
