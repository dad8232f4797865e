use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::future::{Either, select};
use ottla_env::{Clock, Connection, ConnectionReader, ConnectionWriter, Env};
use thiserror::Error;

use super::listener::BoundListener;
use crate::dispatch::{self, Close};
use crate::node::Node;
use crate::request::Caller;

const LENGTH_BYTES: usize = 4;
/// What a connection's buffer grows to before anything larger is known to come: many small requests in one read.
const READ_BYTES: usize = 16 * 1024;

/// Why no further request comes.
#[derive(Debug, Error)]
enum End {
    #[error("closed by the client")]
    Closed,
    #[error("idle for connections.max.idle.ms")]
    Idle,
    #[error("a frame of {0} bytes, the bound is socket.request.max.bytes")]
    FrameLength(i32),
    #[error(transparent)]
    Io(#[from] io::Error),
}

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
    let (mut reader, mut writer) = connection.split();
    let mut buffer = BytesMut::new();
    loop {
        let length = match frame_length(node, &mut reader, &mut buffer).await {
            Ok(length) => length,
            Err(End::Closed) => return,
            Err(end @ (End::Idle | End::Io(_))) => {
                return tracing::debug!(peer = %caller.peer, %end, "connection closed");
            }
            Err(end) => return tracing::warn!(peer = %caller.peer, %end, "connection closed"),
        };
        let _in_flight = node.request_memory.reserve(length).await;
        let frame = match read_frame(node, &mut reader, &mut buffer, length).await {
            Ok(frame) => frame,
            Err(end) => {
                return tracing::debug!(peer = %caller.peer, %end, "connection closed within a frame");
            }
        };
        match dispatch::answer(node, &caller, frame).await {
            Ok(None) => {}
            Ok(Some(response)) => {
                if let Err(error) = writer.write(response).await {
                    return tracing::debug!(peer = %caller.peer, %error, "connection closed while answering");
                }
            }
            Err(Close(reason)) => {
                return tracing::warn!(peer = %caller.peer, reason, "connection closed");
            }
        }
    }
}

/// The length of the next frame, taken out of the buffer.
async fn frame_length<E: Env>(
    node: &Node<E>,
    reader: &mut impl ConnectionReader,
    buffer: &mut BytesMut,
) -> Result<usize, End> {
    while buffer.len() < LENGTH_BYTES {
        read_more(node, reader, buffer, READ_BYTES).await?;
    }
    let length = buffer.get_i32();
    match usize::try_from(length) {
        Ok(bytes) if bytes <= node.options.max_request_bytes => Ok(bytes),
        _ => Err(End::FrameLength(length)),
    }
}

async fn read_frame<E: Env>(
    node: &Node<E>,
    reader: &mut impl ConnectionReader,
    buffer: &mut BytesMut,
    length: usize,
) -> Result<Bytes, End> {
    while buffer.len() < length {
        let missing = length - buffer.len();
        read_more(node, reader, buffer, missing).await?;
    }
    Ok(buffer.split_to(length).freeze())
}

/// Makes room for `wanted` bytes and reads what there is of them.
async fn read_more<E: Env>(
    node: &Node<E>,
    reader: &mut impl ConnectionReader,
    buffer: &mut BytesMut,
    wanted: usize,
) -> Result<(), End> {
    buffer.reserve(wanted);
    let idle = node.options.max_idle.unwrap_or(Duration::MAX);
    let read = pin!(reader.read(buffer));
    let timeout = pin!(node.env.clock().sleep(idle));
    match select(read, timeout).await {
        Either::Left((read, _)) => match read? {
            0 => Err(End::Closed),
            _ => Ok(()),
        },
        Either::Right(_) => Err(End::Idle),
    }
}
