//! A broker that keeps nothing: what a produce request costs its client, and takes, where the other end only answers.
//!
//! What a broker adds to a latency is what is measured with it, less what is measured with this under the same load.

mod answers;

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use answers::Answers;

use crate::framing::read_frame;

/// Answer producers at once, and keep nothing.
///
/// Prints the address it listens on, and ends when its standard input does. Any topic exists.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 is one that is free.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "HOST:PORT")]
    listen: SocketAddr,
    /// Partitions of every topic.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<()> {
    println!("{}", start(arguments.listen, arguments.partitions)?);
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

/// Answers until the process ends, each connection on a thread of its own. Returns where it listens.
pub(crate) fn start(listen: SocketAddr, partitions: i32) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    let answers = Arc::new(Answers::new(address, partitions));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answers = Arc::clone(&answers);
            // Clients that are gone, or not understood, have the connection closed.
            thread::spawn(move || stream.and_then(|stream| serve(stream, &answers)));
        }
    });
    Ok(address)
}

fn serve(stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut buffer = Vec::new();
    loop {
        let length = read_frame(&mut reader, &mut buffer)?;
        let answer = answers.to(&buffer[..length]);
        if let Some(answer) = answer.map_err(|error| io::Error::other(error.to_string()))? {
            reader.get_mut().write_all(&answer)?;
        }
    }
}
