//! The world tested by itself: a server that keeps numbers in a file and answers when they are safe, a client, and crashes.
//! Every number that was acknowledged must be in the file after the last crash, in its place.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use ottla_env::{
    Clock, Connection, ConnectionReader, ConnectionWriter, Disk, DiskFile, Env, Listener, Net,
    OpenMode, Piece, SocketOptions, Spawn,
};
use parking_lot::Mutex;

use super::{Failure, LIMIT, Played};
use crate::{Machine, SimEnv, Simulation, World};

const SERVER: Machine = Machine(1);
const CLIENT: Machine = Machine(2);
const PORT: u16 = 7;
const FILE: &str = "/journal/numbers";
/// Bytes of a number.
const SIZE: u64 = 8;
/// Numbers a run sends.
const NUMBERS: u64 = 60;

/// How careful the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Careful,
    /// The canary: it answers before it has synced. A judge that never catches it judges nothing.
    Hasty,
}

/// Plays the scenario under `seed`.
pub fn play(seed: u64, server: Server) -> Result<Played, Failure> {
    let simulation = Simulation::new(seed);
    let world = simulation.world().clone();
    let acknowledged = Arc::new(Mutex::new(0));
    start(&world, server);
    let client = client(world.boot(CLIENT), Arc::clone(&acknowledged));
    let crashes = crashes(world.clone(), server);
    let script = async move {
        futures::future::join(client, crashes).await;
        world.crash(SERVER);
    };
    simulation.run(LIMIT, script).map_err(Failure::Stuck)?;
    let acknowledged = *acknowledged.lock();
    judge(simulation.world(), acknowledged).map_err(Failure::Violated)?;
    simulation.world().note(acknowledged);
    Ok(Played {
        trace: simulation.world().trace(),
        judged: acknowledged,
    })
}

fn start(world: &World, server: Server) {
    let env = world.boot(SERVER);
    env.spawn().clone().lane(async move {
        // A crash under it shows as an error; it has ended by then anyway.
        drop(serve(&env, server).await);
    });
}

async fn crashes(world: World, server: Server) {
    for _ in 0..world.choose(6) {
        world
            .clock()
            .sleep(Duration::from_millis(world.choose(4000)))
            .await;
        match world.choose(3) {
            0 => world.break_connections(SERVER),
            1 => {
                world.kill(SERVER);
                start(&world, server);
            }
            _ => {
                world.crash(SERVER);
                start(&world, server);
            }
        }
    }
}

async fn serve(env: &SimEnv, server: Server) -> io::Result<()> {
    let path = Path::new(FILE);
    let directory = path.parent().expect("it has one");
    env.disk().create_directories(directory)?;
    let file = Arc::new(env.disk().open(path, OpenMode::Create)?);
    env.disk().sync_directory(Path::new("/"))?;
    env.disk().sync_directory(directory)?;
    let mut listener = env.net().bind("", PORT, SocketOptions::default()).await?;
    loop {
        let (mut reader, mut writer) = listener.accept().await?.split();
        let mut buffer = BytesMut::new();
        // One client: the next connection means that this one is of no more use, which reading it shows.
        'connection: loop {
            while buffer.len() >= SIZE as usize {
                let number = buffer.get_u64();
                let entry = number.to_be_bytes();
                file.write_at(&mut [IoSlice::new(&entry)], number * SIZE)?;
                if server == Server::Careful {
                    let file = Arc::clone(&file);
                    env.spawn().blocking(move || file.sync()).await?;
                }
                let answer = vec![Piece::Bytes(Bytes::copy_from_slice(&entry))];
                if writer.write(answer).await.is_err() {
                    break 'connection;
                }
            }
            buffer.reserve(64);
            match reader.read(&mut buffer, usize::MAX).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    }
}

/// Sends the numbers in order, each until it is acknowledged.
async fn client(env: SimEnv, acknowledged: Arc<Mutex<u64>>) {
    while *acknowledged.lock() < NUMBERS {
        // Broken in any way: connect anew, and send what is not acknowledged.
        drop(converse(&env, &acknowledged).await);
        env.clock().sleep(Duration::from_millis(100)).await;
    }
}

async fn converse(env: &SimEnv, acknowledged: &Mutex<u64>) -> io::Result<()> {
    let (mut reader, mut writer) = env.net().connect("node-1", PORT).await?.split();
    let mut buffer = BytesMut::new();
    loop {
        let number = *acknowledged.lock();
        if number == NUMBERS {
            return Ok(());
        }
        let entry = Bytes::copy_from_slice(&number.to_be_bytes());
        writer.write(vec![Piece::Bytes(entry)]).await?;
        while buffer.len() < SIZE as usize {
            buffer.reserve(64);
            if reader.read(&mut buffer, usize::MAX).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        assert_eq!(
            buffer.get_u64(),
            number,
            "answers come in the order of the requests"
        );
        *acknowledged.lock() = number + 1;
    }
}

fn judge(world: &World, acknowledged: u64) -> Result<(), String> {
    let file = world
        .disk(SERVER)
        .open(Path::new(FILE), OpenMode::Read)
        .map_err(|error| {
            format!("{acknowledged} numbers were acknowledged, and the file is gone: {error}")
        })?;
    for number in 0..acknowledged {
        let mut entry = [0; SIZE as usize];
        let read = file
            .read_at(&mut entry, number * SIZE)
            .map_err(|error| error.to_string())?;
        if read < entry.len() || u64::from_be_bytes(entry) != number {
            return Err(format!("{number} was acknowledged and is not in the file"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_survives_every_seed() {
        for seed in 0..200 {
            let played = play(seed, Server::Careful)
                .unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
            assert_eq!(played.judged, NUMBERS);
        }
    }

    #[test]
    fn a_seed_played_twice_leaves_the_same_trace() {
        for seed in 0..20 {
            assert_eq!(play(seed, Server::Careful), play(seed, Server::Careful));
        }
        assert_ne!(play(1, Server::Careful), play(2, Server::Careful));
    }

    #[test]
    fn the_judge_catches_a_server_that_answers_too_early() {
        let caught = (0..50)
            .filter(|&seed| matches!(play(seed, Server::Hasty), Err(Failure::Violated(_))))
            .count();
        assert!(caught > 10, "only {caught} of 50 seeds");
    }
}
