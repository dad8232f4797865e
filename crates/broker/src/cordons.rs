//! How the controller hears of directories that get no new partitions (KIP-1066).

use std::sync::Arc;

use futures::StreamExt;
use futures::channel::mpsc;
use ottla_controller::{Reply, Request};
use ottla_env::Env;
use ottla_model::{BrokerEpoch, Uuid};

use crate::node::Node;

/// Tells the controller which they are whenever that changes, until the node ends.
pub(crate) async fn tell_cordoned<E: Env>(
    node: Arc<Node<E>>,
    epoch: BrokerEpoch,
    mut cordoned: mpsc::UnboundedReceiver<Vec<Uuid>>,
) {
    while let Some(mut newest) = cordoned.next().await {
        while let Ok(newer) = cordoned.try_recv() {
            newest = newer;
        }
        let request = Request::CordonDirectories {
            broker: node.id,
            epoch,
            cordoned: newest,
        };
        match node.quorum.ask(request).await {
            Ok(Reply::Done) => {}
            // The next start tells it again.
            other => {
                tracing::warn!(
                    ?other,
                    "the controller was not told of cordoned directories"
                );
            }
        }
    }
}
