//! ApiVersions (KIP-35, KIP-511, KIP-584): what this listener serves, and the features of the cluster.

use ottla_env::{Env, Piece};
use ottla_metadata::features::KRAFT_VERSION;
use ottla_model::ErrorCode;
use ottla_wire::Message;
use ottla_wire::api::{ApiKey, TABLE};
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

use crate::FileOf;
use crate::dispatch::{Close, is_served, respond};
use crate::node::Node;
use crate::request::{Context, Software};

/// From this version on a client can read a feature whose lowest level is 0.
const FIRST_VERSION_WITH_ZERO_LEVELS: i16 = 4;

/// Any version is answered: a client that speaks only newer ones learns from a version 0 body which it may use.
pub(crate) fn answer<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
    header: &RequestHeader<'_>,
) -> Result<Vec<Piece<FileOf<E>>>, Close> {
    if !ApiVersionsRequest::VALID.contains(&header.api_version) {
        let own = ApiKey::ApiVersions.api();
        let api_keys = vec![ApiVersion {
            api_key: own.key as i16,
            min_version: own.min_version,
            max_version: own.max_version,
            ..Default::default()
        }];
        let response = ApiVersionsResponse {
            error_code: ErrorCode::UnsupportedVersion,
            api_keys,
            ..Default::default()
        };
        let as_version_0 = RequestHeader {
            api_version: 0,
            ..header.clone()
        };
        return respond(ApiKey::ApiVersions, &as_version_0, &response);
    }
    let response = match ApiVersionsRequest::decode(body, header.api_version) {
        Ok(_) if header.api_version < 3 => describe(node, context),
        Ok(request) if is_named(&request) => {
            context.caller.introduce(Software::named(
                &request.client_software_name,
                &request.client_software_version,
            ));
            describe(node, context)
        }
        _ => ApiVersionsResponse {
            error_code: ErrorCode::InvalidRequest,
            ..Default::default()
        },
    };
    respond(ApiKey::ApiVersions, header, &response)
}

/// Letters and digits, and within them dots and dashes.
fn is_named(request: &ApiVersionsRequest<'_>) -> bool {
    [
        &request.client_software_name,
        &request.client_software_version,
    ]
    .iter()
    .all(|text| {
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        text.chars().all(is_inner)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// Clients push their metrics wherever they are told that they can, whether or not anything becomes of them (KIP-714).
fn is_told_of<E: Env>(node: &Node<E>, key: ApiKey) -> bool {
    let is_of_telemetry = matches!(
        key,
        ApiKey::GetTelemetrySubscriptions | ApiKey::PushTelemetry
    );
    !is_of_telemetry || node.telemetry.is_exported()
}

fn describe<E: Env>(node: &Node<E>, context: Context<'_>) -> ApiVersionsResponse<'static> {
    let on_controller = context.caller.is_controller_listener;
    let api_keys = TABLE
        .iter()
        .filter(|api| is_served(api, on_controller) && is_told_of(node, api.key))
        .map(|api| {
            // librdkafka before 2.8 takes a Produce minimum above 0 for a broker without message format 2 (KAFKA-18659).
            let is_produce = api.key == ApiKey::Produce;
            let min_version = if is_produce { 0 } else { api.min_version };
            ApiVersion {
                api_key: api.key as i16,
                min_version,
                max_version: api.max_version,
                ..Default::default()
            }
        })
        .collect();
    let image = node.image();
    let supported_features = ottla_metadata::features::supported()
        .filter(|feature| feature.min > 0 || context.version >= FIRST_VERSION_WITH_ZERO_LEVELS)
        .map(|feature| SupportedFeatureKey {
            name: feature.name.into(),
            min_version: feature.min,
            max_version: feature.max,
            ..Default::default()
        })
        .collect();
    // The quorum's own level is not in the image.
    let kraft_version = node.quorum.kraft_version();
    let quorum = (kraft_version > 0).then_some((KRAFT_VERSION, kraft_version));
    let finalized_features = image
        .features()
        .finalized()
        .chain(quorum)
        .map(|(name, level)| FinalizedFeatureKey {
            name: name.to_owned().into(),
            max_version_level: level,
            min_version_level: level,
            ..Default::default()
        })
        .collect();
    ApiVersionsResponse {
        api_keys,
        supported_features,
        finalized_features_epoch: image.offset().0,
        finalized_features,
        ..Default::default()
    }
}
