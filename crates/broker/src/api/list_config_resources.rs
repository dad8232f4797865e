//! ListConfigResources (KIP-1000, KIP-1142): what has configs, by its type. Topics and brokers always have, groups and client metrics
//! when something is configured of them.

use std::collections::BTreeSet;

use ottla_env::Env;
use ottla_metadata::{Image, Resource as ConfigResource};
use ottla_model::ErrorCode;
use ottla_wire::message::list_config_resources::{
    ConfigResource as Listed, ListConfigResourcesRequest, ListConfigResourcesResponse,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse<'static> {
    let refused = |error_code| ListConfigResourcesResponse {
        error_code,
        ..Default::default()
    };
    if !node.allowed(
        context.caller,
        Operation::DescribeConfigs,
        Resource::Cluster,
    ) {
        return refused(ErrorCode::ClusterAuthorizationFailed);
    }
    let kinds: BTreeSet<i8> = match &request.resource_types[..] {
        // The first version knows no types.
        [] if context.version == 0 => BTreeSet::from([ConfigResource::CLIENT_METRICS]),
        [] => BTreeSet::from(ConfigResource::ALL),
        kinds => kinds.iter().copied().collect(),
    };
    if !kinds.iter().all(|kind| ConfigResource::ALL.contains(kind)) {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let image = node.image();
    let listed = |kind| {
        let names = names(&image, kind).into_iter();
        names.map(move |name| Listed {
            resource_name: name.into(),
            resource_type: kind,
        })
    };
    ListConfigResourcesResponse {
        config_resources: kinds.into_iter().flat_map(listed).collect(),
        ..Default::default()
    }
}

fn names(image: &Image, kind: i8) -> Vec<String> {
    match kind {
        ConfigResource::TOPIC => {
            let topics = image.topics().iter();
            topics.map(|topic| topic.name.to_string()).collect()
        }
        ConfigResource::BROKER | ConfigResource::BROKER_LOGGER => {
            let brokers = image.cluster().brokers();
            let alive = brokers.filter(|broker| !broker.is_fenced());
            alive.map(|broker| broker.id().to_string()).collect()
        }
        _ => {
            let resources = image.configs().resources();
            let of_kind = resources.filter(|resource| resource.kind == kind);
            of_kind.map(|resource| resource.name.to_string()).collect()
        }
    }
}
