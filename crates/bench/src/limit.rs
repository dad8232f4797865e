//! The bare loops: what must be done with every byte, and nothing else.
//!
//! A broker that takes a produce request must read it from its socket, compute its checksum, write it to a file and answer.
//! One that is fetched from must move a file's bytes to a socket. These loops do that and no more, so that what a broker
//! costs can be said as a multiple of what it must cost on this machine, in this hour.
//!
//! The loop that is measured is this process, which has one thread; the other end of its socket is a process of its own, as a
//! client is for a broker: what is counted is the whole of one process by the same accounting, changes of the address
//! space included, which two threads of one process would not have.

mod files;
mod peer;
mod receive;
mod send;

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::ValueEnum;
use ottla_env::Clock;
use ottla_runtime::RealClock;

use crate::process::own_cpu_time;
use crate::size::{GIB, MIB, Size};
use crate::spread::Spread;

pub(crate) use peer::{PeerArguments, run as run_peer};

/// Measure the bare loops that no broker can beat here: socket to checksum to files, and files to socket.
///
/// Prints for each the CPU seconds per GiB of the process that serves, without those of the other end, and the throughput:
/// the median of all rounds, the least and the most.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The loops to measure; default: both.
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Loop {
    /// Read from a socket, compute CRC-32C, write to a file, answer.
    Receive,
    /// Send from a file to a socket.
    Send,
}

/// What one round took.
#[derive(Clone, Copy, Debug)]
struct Round {
    bytes: u64,
    cpu: Duration,
    elapsed: Duration,
}

impl Round {
    fn cpu_seconds_per_gib(&self) -> f64 {
        self.cpu.as_secs_f64() / self.bytes as f64 * GIB as f64
    }

    fn mib_per_second(&self) -> f64 {
        self.bytes as f64 / MIB as f64 / self.elapsed.as_secs_f64()
    }
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<()> {
    let loops = if arguments.loops.is_empty() {
        Loop::value_variants()
    } else {
        &arguments.loops
    };
    let mut files = files::Files::create(&arguments.directory, arguments.files, arguments.bytes)?;
    if !arguments.json {
        println!("{:<38} {:>22} {:>22}", "loop", "CPU s per GiB", "MiB/s");
    }
    for which in loops {
        match which {
            Loop::Receive => {
                for &request in &arguments.request_bytes {
                    let batch = arguments.batch_bytes.unwrap_or(request);
                    let name = format!("receive {request}, write {batch}");
                    measure(&name, arguments, || {
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
                measure(&name, arguments, || send_round(arguments, &files))?;
            }
        }
    }
    Ok(())
}

fn measure(
    name: &str,
    arguments: &Arguments,
    mut round: impl FnMut() -> io::Result<Round>,
) -> io::Result<()> {
    round()?;
    let rounds = (0..arguments.rounds)
        .map(|_| round())
        .collect::<io::Result<Vec<_>>>()?;
    let spread = |figure: fn(&Round) -> f64| {
        Spread::of(rounds.iter().map(figure)).expect("rounds are at least one")
    };
    let cpu = spread(Round::cpu_seconds_per_gib);
    let throughput = spread(Round::mib_per_second);
    if arguments.json {
        let line = serde_json::json!({
            "loop": name,
            "cpu_per_gib": cpu.median,
            "bytes_per_second": throughput.median * MIB as f64,
        });
        println!("{line}");
        return Ok(());
    }
    let (cpu, throughput) = (format!("{cpu:.3}"), format!("{throughput:.0}"));
    println!("{name:<38} {cpu:>22} {throughput:>22}");
    Ok(())
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

/// `serve` tells how many bytes went through.
fn timed(serve: impl FnOnce() -> io::Result<u64>) -> io::Result<Round> {
    let clock = RealClock::new();
    let (cpu, started) = (own_cpu_time(), clock.monotonic());
    let bytes = serve()?;
    Ok(Round {
        bytes,
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
            Err(io::Error::other(format!(
                "the other end of the loop ended with {status}"
            )))
        }
    }
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
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let child = Command::new(std::env::current_exe()?)
        .args(arguments.to_words(listener.local_addr()?.port()))
        .stdin(Stdio::null())
        .spawn()?;
    let peer = Peer { child };
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_round_are_per_gibibyte_and_per_second() {
        let round = Round {
            bytes: 2 * GIB,
            cpu: Duration::from_millis(1500),
            elapsed: Duration::from_secs(4),
        };
        assert_eq!(round.cpu_seconds_per_gib(), 0.75);
        assert_eq!(round.mib_per_second(), 512.0);
    }
}
