//! UpdateFeatures (KIP-584, KIP-778): other levels for the features of the cluster.

use ottla_controller::{FeatureUpdate, Reply, Request, UpgradeType};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_wire::message::update_features::{
    UpdatableFeatureResult, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: UpdateFeaturesRequest<'_>,
) -> UpdateFeaturesResponse<'static> {
    if !node.allowed(context.caller, Operation::Alter, Resource::Cluster) {
        return UpdateFeaturesResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed,
            error_message: Some("not authorized".into()),
            ..Default::default()
        };
    }
    // Version 0 may say that it allows a downgrade, which Kafka's controllers do not look at.
    let updates = request.feature_updates.iter().map(|update| FeatureUpdate {
        feature: update.feature.to_string(),
        level: update.max_version_level,
        upgrade_type: UpgradeType::of_code(update.upgrade_type),
    });
    let asked = Request::UpdateFeatures {
        updates: updates.collect(),
        validate_only: request.validate_only,
    };
    match node.quorum.ask(asked).await {
        Ok(Reply::Done) => UpdateFeaturesResponse {
            error_message: None,
            results: request
                .feature_updates
                .iter()
                .map(|update| UpdatableFeatureResult {
                    feature: update.feature.to_string().into(),
                    error_code: ErrorCode::None,
                    error_message: None,
                })
                .collect(),
            ..Default::default()
        },
        other => {
            let refusal = super::no_such_reply(other);
            UpdateFeaturesResponse {
                error_code: refusal.code,
                error_message: Some(refusal.message.into()),
                ..Default::default()
            }
        }
    }
}
