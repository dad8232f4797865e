//! Answers into a connection whose client may have stopped to read.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use ottla_env::{Clock, ConnectionWriter, FilePiece, Piece};

/// What must get out within `connections.max.idle.ms`: a long answer over a slow line takes longer, and still goes on.
const ROUND_BYTES: u64 = 1 << 20;

/// Writes all pieces; gives how many bytes they are. `got_out` hears of each round that the client has taken.
///
/// # Errors
/// `TimedOut` when for `max_idle` no more than a round got out; other errors are the connection's. Either way part of a frame
/// may be out: the connection is of no more use.
pub(super) async fn write<W: ConnectionWriter>(
    writer: &mut W,
    clock: &impl Clock,
    max_idle: Option<Duration>,
    pieces: Vec<Piece<W::File>>,
    got_out: impl Fn(),
) -> io::Result<u64> {
    let bytes = pieces.iter().map(length).sum();
    for round in rounds(pieces) {
        let timeout = clock.sleep(max_idle.unwrap_or(Duration::MAX));
        match select(pin!(writer.write(round)), pin!(timeout)).await {
            Either::Left((written, _)) => {
                written?;
                got_out();
            }
            Either::Right(_) => {
                let message = "the client reads nothing for connections.max.idle.ms";
                return Err(io::Error::new(ErrorKind::TimedOut, message));
            }
        }
    }
    Ok(bytes)
}

/// The same pieces, cut where a round is full.
fn rounds<F>(pieces: Vec<Piece<F>>) -> Vec<Vec<Piece<F>>> {
    if pieces.iter().map(length).sum::<u64>() <= ROUND_BYTES {
        return vec![pieces];
    }
    let mut rounds = Vec::new();
    let mut round = Vec::new();
    let mut left = ROUND_BYTES;
    for mut piece in pieces {
        while length(&piece) > left {
            let (first, rest) = cut(piece, left);
            round.push(first);
            rounds.push(std::mem::take(&mut round));
            left = ROUND_BYTES;
            piece = rest;
        }
        left -= length(&piece);
        round.push(piece);
    }
    rounds.push(round);
    rounds
}

fn length<F>(piece: &Piece<F>) -> u64 {
    match piece {
        Piece::Bytes(bytes) => bytes.len() as u64,
        Piece::File(piece) => piece.length,
    }
}

/// `at` lies within the piece.
fn cut<F>(piece: Piece<F>, at: u64) -> (Piece<F>, Piece<F>) {
    match piece {
        Piece::Bytes(mut bytes) => {
            let at = usize::try_from(at).expect("within bytes in memory");
            let first = bytes.split_to(at);
            (Piece::Bytes(first), Piece::Bytes(bytes))
        }
        Piece::File(piece) => {
            let first = FilePiece {
                length: at,
                ..piece.clone()
            };
            let rest = FilePiece {
                position: piece.position + at,
                length: piece.length - at,
                ..piece
            };
            (Piece::File(first), Piece::File(rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::FutureExt;
    use ottla_env::fake::ManualClock;
    use ottla_model::Timestamp;
    use std::cell::Cell;
    use std::sync::Arc;

    const IDLE: Duration = Duration::from_secs(600);

    /// Takes so many rounds, and then nothing more.
    struct Client {
        rounds: usize,
        got: u64,
    }

    impl ConnectionWriter for Client {
        type File = ();

        async fn write(&mut self, pieces: Vec<Piece<()>>) -> io::Result<()> {
            if self.rounds == 0 {
                std::future::pending::<()>().await;
            }
            self.rounds -= 1;
            self.got += pieces.iter().map(length).sum::<u64>();
            Ok(())
        }
    }

    fn answer() -> Vec<Piece<()>> {
        let file = FilePiece {
            file: Arc::new(()),
            position: 7,
            length: 2 * ROUND_BYTES,
        };
        vec![
            Piece::Bytes(Bytes::from_static(b"1234")),
            Piece::File(file),
            Piece::Bytes(Bytes::from_static(b"56")),
        ]
    }

    #[test]
    fn a_client_that_stops_to_read_is_given_up_after_the_idle_time() {
        let clock = ManualClock::new(Timestamp(0));
        let mut client = Client { rounds: 1, got: 0 };
        let taken = Cell::new(0);
        let count = || taken.set(taken.get() + 1);
        let mut writing = Box::pin(write(&mut client, &clock, Some(IDLE), answer(), count));
        assert!(writing.as_mut().now_or_never().is_none());
        assert_eq!(taken.get(), 1);
        clock.advance(IDLE);
        let end = writing.as_mut().now_or_never().expect("the time is up");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn rounds_are_the_whole_answer_in_order() {
        let clock = ManualClock::new(Timestamp(0));
        let mut client = Client { rounds: 9, got: 0 };
        write(&mut client, &clock, Some(IDLE), answer(), || ())
            .now_or_never()
            .expect("the client reads")
            .unwrap();
        assert_eq!((client.rounds, client.got), (6, 2 * ROUND_BYTES + 6));
        let files = rounds(answer()).into_iter().flatten();
        let pieces: Vec<_> = files
            .filter_map(|piece| match piece {
                Piece::File(piece) => Some((piece.position, piece.length)),
                Piece::Bytes(_) => None,
            })
            .collect();
        assert_eq!(
            pieces,
            [
                (7, ROUND_BYTES - 4),
                (7 + ROUND_BYTES - 4, ROUND_BYTES),
                (7 + 2 * ROUND_BYTES - 4, 4)
            ]
        );
    }
}
