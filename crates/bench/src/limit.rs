//! The bare loops: what must be done with every byte, and nothing else.
//!
//! A broker that takes a produce request must read it from its socket, compute its checksum, write it to a file and answer.
//! One that is fetched from must move a file's bytes to a socket. These loops do that and no more, so that what a broker
//! costs can be said as a multiple of what it must cost on this machine, in this hour. And whatever many clients ask for, one
//! small request each, must be read from their sockets and answered.
//!
//! The loop that is measured is this process, which has one thread; the other end of its socket is a process of its own, as a
//! client is for a broker: what is counted is the whole of one process by the same accounting, changes of the address
//! space included, which two threads of one process would not have.

mod answer;
mod files;
mod peer;
mod receive;
mod send;

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use clap::ValueEnum;
use ottla_env::Clock;
use ottla_runtime::RealClock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use crate::process::{own_cpu_time, raise_descriptor_limit};
use crate::size::{GIB, MIB, Size};
use crate::spread::Spread;

pub(crate) use peer::{PeerArguments, run as run_peer};

/// Measure the bare loops that no broker can beat here: socket to checksum to files, files to socket, and small answers to small
/// requests.
///
/// Prints for each the CPU seconds per GiB, or the CPU microseconds per small request, of the process that serves, without
/// those of the other end, and the throughput: the median of all rounds, the least and the most.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The loops to measure; default: all.
    #[arg(long = "loop", value_enum, value_delimiter = ',', value_name = "LOOP")]
    loops: Vec<Loop>,
    /// Bytes per request of the receiving loop, for instance 100KiB; several, separated by commas, are measured one by one.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "16KiB,100KiB,1MiB",
        value_name = "SIZE"
    )]
    request_bytes: Vec<Size>,
    /// Checksum and write a request in parts of so many bytes, each to the next file, as a broker does with the batches of
    /// several partitions; without it a request goes to one file. The files that are sent from are written so, too: what is
    /// written at once decides how the kernel keeps it in memory, and so what it costs to send.
    #[arg(long, value_name = "SIZE")]
    batch_bytes: Option<Size>,
    /// Bytes that the sending loop moves from one file before it goes on to the next.
    #[arg(long, default_value_t = Size(MIB), value_name = "SIZE")]
    piece_bytes: Size,
    /// Bytes that the other end asks the sending loop for at a time, with one request under way as a consumer has; without it
    /// they come unasked, one long stream.
    #[arg(long, value_name = "SIZE")]
    fetch_bytes: Option<Size>,
    /// Bytes that go through a loop in a round.
    #[arg(long, default_value_t = Size(2 * GIB), value_name = "SIZE")]
    bytes: Size,
    /// Files that the bytes are spread over, round robin.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    files: u16,
    /// Where to make the files, which are removed at the end: on the file system that the broker is measured on.
    #[arg(long, default_value = ".", value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Rounds of each loop. One more goes before them and is not counted.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Print each loop as a line of JSON: CPU seconds per GiB and bytes per second, the medians.
    #[arg(long)]
    json: bool,
    /// Requests that the other end has under way.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
    /// Connections of the answering loop, each with one request under way.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Loop {
    /// Read from a socket, compute CRC-32C, write to a file, answer.
    Receive,
    /// Send from a file to a socket.
    Send,
    /// Read a small request from each of many sockets, and answer it.
    Answer,
}

/// What a loop's cost is told of, and its throughput in.
struct Unit {
    /// The heading, the field of a line of JSON, and how many CPU seconds are one.
    cpu: (&'static str, &'static str, f64),
    /// The cost is that of so many.
    per: f64,
    /// The heading, the field of a line of JSON, and how many are one.
    throughput: (&'static str, &'static str, f64),
}

const BYTES: Unit = Unit {
    cpu: ("CPU s per GiB", "cpu_per_gib", 1.0),
    per: GIB as f64,
    throughput: ("MiB/s", "bytes_per_second", MIB as f64),
};

const REQUESTS: Unit = Unit {
    cpu: ("CPU µs per request", "cpu_per_request", 1e-6),
    per: 1.0,
    throughput: ("requests/s", "requests_per_second", 1.0),
};

/// What one round took.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Bytes or requests.
    served: u64,
    cpu: Duration,
    elapsed: Duration,
}

impl Round {
    fn cpu(&self, unit: &Unit) -> f64 {
        self.cpu.as_secs_f64() / self.served as f64 * unit.per / unit.cpu.2
    }

    fn throughput(&self, unit: &Unit) -> f64 {
        self.served as f64 / unit.throughput.2 / self.elapsed.as_secs_f64()
    }
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<()> {
    let loops = if arguments.loops.is_empty() {
        Loop::value_variants()
    } else {
        &arguments.loops
    };
    let mut files = files::Files::create(&arguments.directory, arguments.files, arguments.bytes)?;
    let mut table = Table::new(arguments);
    for which in loops {
        match which {
            Loop::Receive => {
                for &request in &arguments.request_bytes {
                    let batch = arguments.batch_bytes.unwrap_or(request);
                    let name = format!("receive {request}, write {batch}");
                    table.measure(&name, &BYTES, || {
                        files.empty()?;
                        receive_round(arguments, &mut files, request, batch)
                    })?;
                }
            }
            Loop::Send => {
                let batch = arguments.batch_bytes.unwrap_or(Size(MIB));
                files.fill(arguments.bytes, batch)?;
                let asked = arguments
                    .fetch_bytes
                    .map(|asked| format!(" of {asked}"))
                    .unwrap_or_default();
                let name = format!("send {}{asked}, written {batch}", arguments.piece_bytes);
                table.measure(&name, &BYTES, || send_round(arguments, &files))?;
            }
            Loop::Answer => {
                let connections = arguments.connections;
                let name = format!("answer {connections} connections");
                table.measure(&name, &REQUESTS, || answer_round(connections))?;
            }
        }
    }
    Ok(())
}

/// Prints the loops.
struct Table {
    rounds: u16,
    json: bool,
    /// The headings that stand over the last line.
    under: &'static str,
}

impl Table {
    fn new(arguments: &Arguments) -> Self {
        Self {
            rounds: arguments.rounds,
            json: arguments.json,
            under: "",
        }
    }

    fn measure(
        &mut self,
        name: &str,
        unit: &Unit,
        mut round: impl FnMut() -> io::Result<Round>,
    ) -> io::Result<()> {
        round()?;
        let rounds = (0..self.rounds)
            .map(|_| round())
            .collect::<io::Result<Vec<_>>>()?;
        let spread = |figure: &dyn Fn(&Round) -> f64| {
            Spread::of(rounds.iter().map(figure)).expect("rounds are at least one")
        };
        let cpu = spread(&|round| round.cpu(unit));
        let throughput = spread(&|round| round.throughput(unit));
        let (cpu_heading, cpu_field, _) = unit.cpu;
        let (heading, field, scale) = unit.throughput;
        if self.json {
            let line = serde_json::json!({
                "loop": name,
                cpu_field: cpu.median,
                field: throughput.median * scale,
            });
            println!("{line}");
            return Ok(());
        }
        if self.under != cpu_heading {
            println!("{:<38} {cpu_heading:>22} {heading:>22}", "loop");
            self.under = cpu_heading;
        }
        let (cpu, throughput) = (format!("{cpu:.3}"), format!("{throughput:.0}"));
        println!("{name:<38} {cpu:>22} {throughput:>22}");
        Ok(())
    }
}

fn receive_round(
    arguments: &Arguments,
    files: &mut files::Files,
    request: Size,
    batch: Size,
) -> io::Result<Round> {
    let requests = arguments.bytes.0.div_ceil(request.0);
    let (stream, peer) = start_peer(&PeerArguments::sends(
        request,
        requests,
        arguments.in_flight,
    ))?;
    let round = timed(|| receive::serve(&stream, files, request, batch, requests))?;
    peer.finish()?;
    Ok(round)
}

fn send_round(arguments: &Arguments, files: &files::Files) -> io::Result<Round> {
    let fetches = arguments.fetch_bytes.map(|asked| peer::Fetches {
        asked,
        count: arguments.bytes.0.div_ceil(asked.0),
    });
    let (stream, peer) = start_peer(&PeerArguments::receives(fetches))?;
    let round = timed(|| {
        let mut pieces = send::Pieces::new(files, arguments.piece_bytes);
        match fetches {
            Some(fetches) => pieces.answer(&stream, fetches),
            None => pieces.send(&stream, arguments.bytes.0),
        }
    })?;
    drop(stream);
    peer.finish()?;
    Ok(round)
}

fn answer_round(connections: u16) -> io::Result<Round> {
    // Each connection has a socket here, and one at the other end.
    raise_descriptor_limit()?;
    let listener = listen()?;
    let requests = u32::from(connections) * answer::REQUESTS_PER_CONNECTION;
    let mut peer = spawn_peer(&PeerArguments::asks(connections), &listener)?;
    let streams = (0..connections)
        .map(|_| accept(&listener, &mut peer))
        .collect::<io::Result<Vec<_>>>()?;
    let round = timed(|| answer::serve(&streams, requests))?;
    peer.finish()?;
    Ok(round)
}

/// `serve` tells how many bytes or requests went through.
fn timed(serve: impl FnOnce() -> io::Result<u64>) -> io::Result<Round> {
    let clock = RealClock::new();
    let (cpu, started) = (own_cpu_time(), clock.monotonic());
    let served = serve()?;
    Ok(Round {
        served,
        cpu: own_cpu_time().saturating_sub(cpu),
        elapsed: clock.monotonic() - started,
    })
}

/// The process at the other end, ended with this value.
struct Peer {
    child: Child,
}

impl Peer {
    fn finish(mut self) -> io::Result<()> {
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(ended(status))
        }
    }

    /// # Errors
    /// It has ended, however it did.
    fn is_there(&mut self) -> io::Result<()> {
        self.child
            .try_wait()?
            .map_or(Ok(()), |status| Err(ended(status)))
    }
}

fn ended(status: ExitStatus) -> io::Error {
    io::Error::other(format!("the other end of the loop ended with {status}"))
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already wherever all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again as the other end, and takes its connection.
fn start_peer(arguments: &PeerArguments) -> io::Result<(TcpStream, Peer)> {
    let listener = listen()?;
    let mut peer = spawn_peer(arguments, &listener)?;
    Ok((accept(&listener, &mut peer)?, peer))
}

fn listen() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

fn spawn_peer(arguments: &PeerArguments, listener: &TcpListener) -> io::Result<Peer> {
    let child = Command::new(std::env::current_exe()?)
        .args(arguments.to_words(listener.local_addr()?.port()))
        .stdin(Stdio::null())
        .spawn()?;
    Ok(Peer { child })
}

/// The next connection of the other end; an error when it has ended and none is left.
fn accept(listener: &TcpListener, peer: &mut Peer) -> io::Result<TcpStream> {
    while !is_ready(listener)? {
        peer.is_there()?;
    }
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether there is a connection, for which it waits a little.
fn is_ready(listener: &TcpListener) -> io::Result<bool> {
    const A_LITTLE: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let mut ready = [PollFd::new(listener, PollFlags::IN)];
    Ok(retry_on_intr(|| poll(&mut ready, Some(&A_LITTLE)))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_ended_is_not_waited_for() {
        let listener = listen().unwrap();
        let child = Command::new("false").spawn().unwrap();
        let error = accept(&listener, &mut Peer { child }).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the other end of the loop ended with "),
            "{error}"
        );
    }

    #[test]
    fn figures_of_a_round_are_of_their_unit_and_per_second() {
        let round = Round {
            served: 2 * GIB,
            cpu: Duration::from_millis(1500),
            elapsed: Duration::from_secs(4),
        };
        assert_eq!(round.cpu(&BYTES), 0.75);
        assert_eq!(round.throughput(&BYTES), 512.0);
        let round = Round {
            served: 5000,
            cpu: Duration::from_millis(20),
            elapsed: Duration::from_millis(50),
        };
        assert_eq!(round.cpu(&REQUESTS), 4.0);
        assert_eq!(round.throughput(&REQUESTS), 100_000.0);
    }
}
