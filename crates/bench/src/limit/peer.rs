use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use super::answer;
use crate::size::Size;

/// In front of a request, as in the protocol.
pub(super) const LENGTH_BYTES: usize = 4;
/// About what the answer to a produce request of one partition takes.
pub(super) const ANSWER_BYTES: usize = 64;

/// About what a fetch request within a session takes.
pub(super) const REQUEST_BYTES: usize = 64;

/// How a consumer fetches: so many times so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fetches {
    pub(super) asked: Size,
    pub(super) count: u64,
}

/// Bytes that the receiving end takes at a time, as a consumer does.
const TAKEN_AT_ONCE: usize = 256 << 10;

#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerArguments {
    /// Where the loop listens.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Requests of so many bytes are sent; without it bytes are received until there are no more.
    #[arg(long)]
    request_bytes: Option<Size>,
    /// So many bytes are asked for at a time.
    #[arg(long, conflicts_with = "request_bytes")]
    fetch_bytes: Option<Size>,
    #[arg(long, default_value_t = 0)]
    requests: u64,
    #[arg(long, default_value_t = 1)]
    in_flight: u16,
    /// Each of so many connections asks for small answers.
    #[arg(long, conflicts_with_all = ["request_bytes", "fetch_bytes"])]
    connections: Option<u16>,
}

impl PeerArguments {
    pub(super) fn sends(request_bytes: Size, requests: u64, in_flight: u16) -> Self {
        Self {
            port: 0,
            request_bytes: Some(request_bytes),
            fetch_bytes: None,
            requests,
            in_flight,
            connections: None,
        }
    }

    pub(super) fn receives(fetches: Option<Fetches>) -> Self {
        Self {
            port: 0,
            request_bytes: None,
            fetch_bytes: fetches.map(|fetches| fetches.asked),
            requests: fetches.map_or(0, |fetches| fetches.count),
            in_flight: 1,
            connections: None,
        }
    }

    pub(super) fn asks(connections: u16) -> Self {
        Self {
            connections: Some(connections),
            ..Self::receives(None)
        }
    }

    /// The words of a command line that mean these arguments.
    pub(super) fn to_words(&self, port: u16) -> Vec<String> {
        let mut words = vec![
            "limit-peer".to_owned(),
            format!("--port={port}"),
            format!("--requests={}", self.requests),
            format!("--in-flight={}", self.in_flight),
        ];
        words.extend(
            self.request_bytes
                .map(|bytes| format!("--request-bytes={bytes}")),
        );
        words.extend(
            self.fetch_bytes
                .map(|bytes| format!("--fetch-bytes={bytes}")),
        );
        words.extend(
            self.connections
                .map(|connections| format!("--connections={connections}")),
        );
        words
    }
}

pub(crate) fn run(arguments: &PeerArguments) -> io::Result<()> {
    if let Some(connections) = arguments.connections {
        let streams = (0..connections).map(|_| connect(arguments.port));
        return answer::ask(&streams.collect::<io::Result<Vec<_>>>()?);
    }
    let stream = connect(arguments.port)?;
    match (arguments.request_bytes, arguments.fetch_bytes) {
        (Some(bytes), _) => send(stream, bytes, arguments.requests, arguments.in_flight),
        (None, Some(bytes)) => fetch(stream, bytes, arguments.requests),
        (None, None) => receive(stream),
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn send(mut stream: TcpStream, bytes: Size, requests: u64, in_flight: u16) -> io::Result<()> {
    let length = u32::try_from(bytes.0).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.resize(LENGTH_BYTES + bytes.length(), 0x6f);
    let mut answer = [0; ANSWER_BYTES];
    for sent in 0..requests {
        if sent >= u64::from(in_flight) {
            stream.read_exact(&mut answer)?;
        }
        stream.write_all(&frame)?;
    }
    for _ in 0..requests.min(u64::from(in_flight)) {
        stream.read_exact(&mut answer)?;
    }
    Ok(())
}

fn fetch(mut stream: TcpStream, bytes: Size, requests: u64) -> io::Result<()> {
    let request = [0; REQUEST_BYTES];
    let mut buffer = vec![0; bytes.length()];
    for _ in 0..requests {
        stream.write_all(&request)?;
        stream.read_exact(&mut buffer)?;
    }
    Ok(())
}

fn receive(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; TAKEN_AT_ONCE];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        arguments: PeerArguments,
    }

    #[test]
    fn the_other_end_reads_the_words_it_is_started_with() {
        for arguments in [
            PeerArguments::sends(Size(100 << 10), 7, 5),
            PeerArguments::receives(None),
            PeerArguments::receives(Some(Fetches {
                asked: Size(16 << 20),
                count: 9,
            })),
            PeerArguments::asks(1000),
        ] {
            let words = arguments.to_words(99);
            let read = Program::parse_from(words).arguments;
            assert_eq!(
                read,
                PeerArguments {
                    port: 99,
                    ..arguments
                }
            );
        }
    }
}
