//! Small requests on many connections, and their answers: what groups of consumers are for a broker, less all that it does for them.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// About what a heartbeat of a member takes.
const REQUEST_BYTES: usize = 150;
/// About what its answer takes.
const ANSWER_BYTES: usize = 120;

/// Each connection sends so many requests, one after the other is answered.
pub(super) const REQUESTS_PER_CONNECTION: u32 = 100;

/// Reads so many requests from all that send them, and answers each at once. Tells how many they were. Who asks takes the end of one
/// connection for its next answer: all must stay open until all are answered.
pub(super) fn serve(streams: &[TcpStream], requests: u32) -> io::Result<u64> {
    let ready = Ready::new(streams)?;
    let (mut request, answer) = ([0; REQUEST_BYTES], [0; ANSWER_BYTES]);
    let mut left = requests as usize;
    while left > 0 {
        left -= ready.each(|mut stream| {
            stream.read_exact(&mut request)?;
            stream.write_all(&answer)
        })?;
    }
    Ok(u64::from(requests))
}

/// All connections ask at once, and again when all are answered.
pub(super) fn ask(streams: &[TcpStream]) -> io::Result<()> {
    let ready = Ready::new(streams)?;
    let (request, mut answer) = ([0; REQUEST_BYTES], [0; ANSWER_BYTES]);
    for _ in 0..REQUESTS_PER_CONNECTION {
        for mut stream in streams {
            stream.write_all(&request)?;
        }
        let mut left = streams.len();
        while left > 0 {
            left -= ready.each(|mut stream| stream.read_exact(&mut answer))?;
        }
    }
    Ok(())
}

/// Tells which of many connections have something to read.
#[cfg(target_os = "linux")]
struct Ready<'a> {
    streams: &'a [TcpStream],
    epoll: rustix::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl<'a> Ready<'a> {
    fn new(streams: &'a [TcpStream]) -> io::Result<Self> {
        use rustix::event::epoll;

        let ready = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (place, stream) in streams.iter().enumerate() {
            let data = epoll::EventData::new_u64(place as u64);
            epoll::add(&ready, stream, data, epoll::EventFlags::IN)?;
        }
        Ok(Self {
            streams,
            epoll: ready,
        })
    }

    /// Waits until there are some, and tells how many they were.
    fn each(&self, mut take: impl FnMut(&TcpStream) -> io::Result<()>) -> io::Result<usize> {
        use rustix::event::epoll;

        const AT_ONCE: usize = 256;
        let mut events = Vec::with_capacity(AT_ONCE);
        epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut events),
            None,
        )?;
        for event in &events {
            take(&self.streams[event.data.u64() as usize])?;
        }
        Ok(events.len())
    }
}

#[cfg(not(target_os = "linux"))]
struct Ready;

#[cfg(not(target_os = "linux"))]
impl Ready {
    fn new(_: &[TcpStream]) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the answering loop is there for Linux only",
        ))
    }

    fn each(&self, _: impl FnMut(&TcpStream) -> io::Result<()>) -> io::Result<usize> {
        unreachable!("none can be made")
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    #[test]
    fn every_request_of_every_connection_is_answered() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (asking, serving): (Vec<_>, Vec<_>) = (0..3)
            .map(|_| {
                let asking = TcpStream::connect(address).unwrap();
                (asking, listener.accept().unwrap().0)
            })
            .unzip();
        let requests = 3 * REQUESTS_PER_CONNECTION;
        thread::scope(|scope| {
            let served = scope.spawn(|| serve(&serving, requests).unwrap());
            ask(&asking).unwrap();
            assert_eq!(served.join().unwrap(), u64::from(requests));
        });
    }
}
