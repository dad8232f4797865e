use ottla_env::{Connection, Env};

use super::answer_writer;
use super::frame_reader::{End, FrameReader};
use super::listener::BoundListener;
use crate::dispatch::{self, Close};
use crate::node::Node;
use crate::request::Caller;

/// Answers the requests of one connection, one after the other and so in order, until either side closes it.
pub(super) async fn serve<E: Env>(
    node: &Node<E>,
    listener: &BoundListener,
    connection: impl Connection<File = crate::FileOf<E>>,
) {
    let caller = Caller::anonymous(
        listener,
        connection.peer_address(),
        connection.local_address(),
    );
    let _open = node.metrics.connection();
    let (reader, mut writer) = connection.split();
    let options = &node.options;
    let clock = node.env.clock();
    let mut frames = FrameReader::new(
        reader,
        clock.clone(),
        options.max_idle,
        options.max_request_bytes,
        node.request_memory.clone(),
    );
    loop {
        let frame = match frames.next().await {
            Ok(frame) => frame,
            Err(End::Closed) => return,
            Err(end @ (End::Idle | End::Stalled | End::Io(_))) => {
                return tracing::debug!(peer = %caller.peer, %end, "connection closed");
            }
            Err(end) => return tracing::warn!(peer = %caller.peer, %end, "connection closed"),
        };
        match dispatch::answer(node, &caller, frame).await {
            Ok(None) => {}
            Ok(Some(response)) => {
                let written =
                    answer_writer::write(&mut writer, clock, options.max_idle, response).await;
                match written {
                    Ok(bytes) => node.metrics.sent(bytes),
                    Err(error) => {
                        return tracing::debug!(peer = %caller.peer, %error, "connection closed while answering");
                    }
                }
            }
            Err(Close(reason)) => {
                return tracing::warn!(peer = %caller.peer, reason, "connection closed");
            }
        }
    }
}
