use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::{ConnectionWriter, Disk, DiskFile, FilePiece, OpenMode, Piece};

use super::*;
use crate::disk::RealDisk;

async fn pair() -> (RealConnection, RealConnection) {
    let net = RealNet::new(Handle::current());
    let mut listener = net
        .bind("127.0.0.1", 0, SocketOptions::default())
        .await
        .unwrap();
    let port = listener.local_address().unwrap().port();
    let (client, server) = tokio::join!(net.connect("127.0.0.1", port), listener.accept());
    (client.unwrap(), server.unwrap())
}

async fn read_to_end(mut reader: RealReader) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(1000);
        if reader.read(&mut buffer, usize::MAX).await.unwrap() == 0 {
            return buffer.to_vec();
        }
    }
}

/// Bytes that differ from their neighbours.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn file_of(content: &[u8]) -> (tempfile::TempDir, Arc<RealFile>) {
    let directory = tempfile::tempdir().unwrap();
    let file = RealDisk
        .open(&directory.path().join("file"), OpenMode::Create)
        .unwrap();
    file.write_at(&mut [IoSlice::new(content)], 0).unwrap();
    (directory, Arc::new(file))
}

#[tokio::test]
async fn bytes_and_file_pieces_arrive_in_order() {
    let content = pattern(3_000_000);
    let (_directory, file) = file_of(&content);
    let (client, server) = pair().await;
    let (reader, _kept) = client.split();
    let (_, mut writer) = server.split();
    let mut pieces: Vec<Piece<RealFile>> = (0..200u8)
        .map(|byte| Piece::Bytes(Bytes::from(vec![byte; usize::from(byte)])))
        .collect();
    pieces.push(Piece::File(FilePiece {
        file: Arc::clone(&file),
        position: 10,
        length: 2_500_000,
    }));
    pieces.push(Piece::Bytes(Bytes::from_static(b"between")));
    // None, a few bytes, and more than is copied.
    for (position, length) in [(0, 0), (5, 100), (7, 30_000), (11, 70_000)] {
        pieces.push(Piece::File(FilePiece {
            file: Arc::clone(&file),
            position,
            length,
        }));
    }
    pieces.push(Piece::Bytes(Bytes::from_static(b"end")));
    let mut expected: Vec<u8> = (0..200u8)
        .flat_map(|byte| vec![byte; usize::from(byte)])
        .collect();
    expected.extend_from_slice(&content[10..2_500_010]);
    expected.extend_from_slice(b"between");
    for range in [5..105, 7..30_007, 11..70_011] {
        expected.extend_from_slice(&content[range]);
    }
    expected.extend_from_slice(b"end");
    let write = async move { writer.write(pieces).await.unwrap() };
    let ((), arrived) = tokio::join!(write, read_to_end(reader));
    assert!(arrived == expected);
}

#[tokio::test]
async fn copies_of_many_small_pieces_do_not_pile_up() {
    let content = pattern(30_000);
    let mut run = run::Run::default();
    let (client, server) = pair().await;
    let (reader, _kept) = client.split();
    let write = async move {
        let mut written = 0;
        for _ in 0..100 {
            if run.room(content.len()).is_none() {
                run.write_all(&server.stream).await.unwrap();
                written += 1;
            }
            run.room(content.len()).unwrap().copy_from_slice(&content);
            run.push_copy();
        }
        run.write_all(&server.stream).await.unwrap();
        written
    };
    let (written, arrived) = tokio::join!(write, read_to_end(reader));
    assert_eq!(written, 100 / (run::MAX_COPIED / 30_000) - 1);
    assert!(arrived == pattern(30_000).repeat(100));
}

#[tokio::test]
async fn a_file_that_ends_within_its_piece_is_an_error() {
    let (_directory, file) = file_of(b"short");
    let (client, server) = pair().await;
    let (_, mut writer) = server.split();
    let piece = FilePiece {
        file,
        position: 2,
        length: 10,
    };
    let error = writer.write(vec![Piece::File(piece)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    drop(writer);
    assert_eq!(read_to_end(client.split().0).await, b"ort");
}

#[tokio::test]
async fn the_portable_way_sends_the_same() {
    let content = pattern(600_000);
    let (_directory, file) = file_of(&content);
    let (client, server) = pair().await;
    let (reader, _kept) = client.split();
    let handle = Handle::current();
    let piece = FilePiece {
        file,
        position: 1,
        length: 500_000,
    };
    let send = async move {
        let mut run = run::Run::default();
        run.push(Bytes::from_static(b"before"));
        send_file_portable::send(&server.stream, &handle, &mut run, piece.clone())
            .await
            .unwrap();
        let beyond = FilePiece {
            length: 600_000,
            ..piece
        };
        send_file_portable::send(&server.stream, &handle, &mut run, beyond)
            .await
            .unwrap_err()
            .kind()
    };
    let (error, arrived) = tokio::join!(send, read_to_end(reader));
    assert_eq!(error, ErrorKind::UnexpectedEof);
    assert!(arrived.starts_with(&[b"before", &content[1..500_001]].concat()));
}

#[tokio::test]
async fn no_more_is_read_than_there_is_room_for() {
    let (client, server) = pair().await;
    let (mut reader, _kept) = client.split();
    let (_, mut writer) = server.split();
    writer
        .write(vec![Piece::Bytes(Bytes::from(pattern(100)))])
        .await
        .unwrap();
    let mut buffer = BytesMut::with_capacity(10);
    let room = buffer.capacity();
    assert_eq!(reader.read(&mut buffer, usize::MAX).await.unwrap(), room);
    assert_eq!(buffer[..], pattern(room)[..]);
}

#[tokio::test]
async fn an_empty_host_listens_on_every_address() {
    let net = RealNet::new(Handle::current());
    let mut listener = net.bind("", 0, SocketOptions::default()).await.unwrap();
    let port = listener.local_address().unwrap().port();
    let (client, server) = tokio::join!(net.connect("127.0.0.1", port), listener.accept());
    let (client, server) = (client.unwrap(), server.unwrap());
    assert_eq!(server.local_address(), client.peer_address());
    assert_eq!(server.peer_address(), client.local_address());
    assert!(server.local_address().is_ipv4());
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let net = RealNet::new(Handle::current());
    let listener = net
        .bind("127.0.0.1", 0, SocketOptions::default())
        .await
        .unwrap();
    let port = listener.local_address().unwrap().port();
    let error = net
        .bind("127.0.0.1", port, SocketOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn a_name_of_both_families_is_its_ipv4_address() {
    let net = RealNet::new(Handle::current());
    let listener = net
        .bind("localhost", 0, SocketOptions::default())
        .await
        .unwrap();
    assert!(listener.local_address().unwrap().is_ipv4());
}

/// Those who gave up while they waited to be accepted must not hold up whoever comes after them.
#[tokio::test]
async fn a_connection_that_was_reset_before_it_was_accepted_is_no_error() {
    let net = RealNet::new(Handle::current());
    let mut listener = net
        .bind("127.0.0.1", 0, SocketOptions::default())
        .await
        .unwrap();
    let address = listener.local_address().unwrap();
    for _ in 0..20 {
        let gone = std::net::TcpStream::connect(address).unwrap();
        SockRef::from(&gone)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
    let stays = net.connect("127.0.0.1", address.port()).await.unwrap();
    loop {
        let accepted = listener.accept().await.unwrap();
        if accepted.peer_address() == stays.local_address() {
            break;
        }
    }
}

#[tokio::test]
async fn no_more_is_on_its_way_than_the_send_buffer_has_room_for() {
    let net = RealNet::new(Handle::current());
    let options = SocketOptions {
        send_buffer: Some(16 << 10),
    };
    let mut listener = net.bind("127.0.0.1", 0, options).await.unwrap();
    let port = listener.local_address().unwrap().port();
    let (_client, server) = tokio::join!(net.connect("127.0.0.1", port), listener.accept());
    let server = server.unwrap();
    // The kernel takes twice as much, half of it for what it notes.
    let room = SockRef::from(&server.stream).send_buffer_size().unwrap();
    assert!((16 << 10..=32 << 10).contains(&room), "{room}");
}
