//! The cases, as one table.

use super::{Case, Group, Work};
use crate::compare::bare_loop::{BareLoop, Shape};
use crate::compare::load::{Client, Consume, Produce};
use crate::compare::members::Members;
use crate::size::{GIB, KIB, MIB};

/// The client that users run, with its own defaults.
const LIBRDKAFKA: Produce = Produce {
    client: Client::Librdkafka,
    producers: 1,
    record_bytes: KIB,
    batch_bytes: None,
    request_bytes: None,
    in_flight: None,
    codec: "none",
    partitions: 16,
    acks: "1",
    idempotent: false,
    linger_ms: None,
    rate: None,
    tail: 0,
    reader: false,
    baseline: None,
    flush_each: false,
    verify: false,
    warm_up: 128 * MIB,
    bytes: 3 * GIB,
    seconds: 5,
    echo: false,
};

/// A busy librdkafka fills batches of a megabyte, of which it takes few. This is the Java client's default.
const SMALL_BATCHES: Produce = Produce {
    batch_bytes: Some(16 * KIB),
    ..LIBRDKAFKA
};

/// Requests of sixteen batches of 15 KiB, one for each partition: what librdkafka sends when it is busy, without its cost.
const LEAN: Produce = Produce {
    client: Client::Lean,
    batch_bytes: Some(16 * KIB),
    request_bytes: Some(256 * KIB),
    warm_up: 256 * MIB,
    ..LIBRDKAFKA
};

/// Well below what either broker can do, so that what consumers cost stands beside a known load.
const PACED: Produce = Produce {
    rate: Some(40 * KIB),
    warm_up: 40 * MIB,
    // Little CPU time is used in a second, and it is told in steps of 10 ms.
    seconds: 8,
    ..LEAN
};

/// Nobody waits for a batch to fill, and there are many who wait.
const SMALL: Produce = Produce {
    producers: 50,
    record_bytes: 100,
    linger_ms: Some(0),
    warm_up: 2 * MIB,
    seconds: 8,
    ..LIBRDKAFKA
};

const LATENCY: Produce = Produce {
    rate: Some(5000),
    linger_ms: Some(0),
    warm_up: 10 * MIB,
    seconds: 8,
    echo: true,
    ..LIBRDKAFKA
};

const fn case(name: &'static str, group: Group, title: &'static str, work: Work) -> Case {
    Case {
        name,
        group,
        title,
        work,
    }
}

const fn produce(name: &'static str, group: Group, title: &'static str, load: Produce) -> Case {
    case(name, group, title, Work::Produce(load))
}

pub(in crate::compare) const CASES: &[Case] = &[
    case(
        "loop-receive",
        Group::Limit,
        "socket to checksum to 16 files: requests of 240 KiB, written in batches of 15 KiB",
        Work::Loop(BareLoop {
            shape: Shape::Receive,
            request_bytes: 240 * KIB,
            batch_bytes: 15 * KIB,
        }),
    ),
    case(
        "loop-receive-1m",
        Group::Limit,
        "the same: requests of 1 MiB, written in batches of 64 KiB",
        Work::Loop(BareLoop {
            shape: Shape::Receive,
            request_bytes: MIB,
            batch_bytes: 64 * KIB,
        }),
    ),
    case(
        "loop-send",
        Group::Limit,
        "16 files to socket, asked for 16 MiB at a time as a consumer asks",
        Work::Loop(BareLoop {
            shape: Shape::Send,
            request_bytes: 16 * MIB,
            batch_bytes: 15 * KIB,
        }),
    ),
    produce("base", Group::Produce, "librdkafka", LIBRDKAFKA),
    produce(
        "base-16k",
        Group::Produce,
        "librdkafka, batch.size=16384",
        SMALL_BATCHES,
    ),
    produce("lean", Group::Produce, "lean", LEAN),
    produce(
        "lean-1m",
        Group::Produce,
        "lean, requests of 1 MiB",
        Produce {
            batch_bytes: Some(64 * KIB),
            request_bytes: Some(MIB),
            ..LEAN
        },
    ),
    produce(
        "100b",
        Group::Produce,
        "librdkafka, 100 B records",
        Produce {
            record_bytes: 100,
            warm_up: 32 * MIB,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "100b-16k",
        Group::Produce,
        "librdkafka, 100 B records, batch.size=16384",
        Produce {
            record_bytes: 100,
            warm_up: 32 * MIB,
            ..SMALL_BATCHES
        },
    ),
    produce(
        "100b-lean",
        Group::Produce,
        "lean, 100 B records",
        Produce {
            record_bytes: 100,
            ..LEAN
        },
    ),
    produce(
        "10k",
        Group::Produce,
        "librdkafka, 10 KiB records",
        Produce {
            record_bytes: 10 * KIB,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "lz4",
        Group::Shapes,
        "lean, lz4",
        Produce {
            codec: "lz4",
            ..LEAN
        },
    ),
    produce(
        "zstd",
        Group::Shapes,
        "lean, zstd",
        Produce {
            codec: "zstd",
            ..LEAN
        },
    ),
    produce(
        "partitions-1",
        Group::Shapes,
        "librdkafka, 1 partition",
        Produce {
            partitions: 1,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "partitions-1000",
        Group::Shapes,
        "librdkafka, 1,000 partitions",
        Produce {
            partitions: 1000,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "acks-all",
        Group::Shapes,
        "librdkafka, acks=all",
        Produce {
            acks: "all",
            ..LIBRDKAFKA
        },
    ),
    produce(
        "idempotent",
        Group::Shapes,
        "librdkafka, acks=all, idempotent",
        Produce {
            acks: "all",
            idempotent: true,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "producers-50",
        Group::Producers,
        "librdkafka, 50 producers",
        Produce {
            producers: 50,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "small-50",
        Group::Producers,
        "librdkafka, 50 producers, 100 B, linger.ms=0, 20,000 records/s",
        // Asked for all that they can, they would fall behind, and then their batches are not small.
        Produce {
            rate: Some(20_000),
            ..SMALL
        },
    ),
    produce(
        "small-50-lean",
        Group::Producers,
        "lean, 50 connections, requests of two 100 B records",
        Produce {
            client: Client::Lean,
            batch_bytes: Some(300),
            request_bytes: Some(300),
            in_flight: Some(1),
            linger_ms: None,
            warm_up: 8 * MIB,
            ..SMALL
        },
    ),
    case(
        "fetch",
        Group::Consume,
        "lean consumer, from the start",
        Work::Consume(Consume {
            client: Client::Lean,
        }),
    ),
    case(
        "fetch-librdkafka",
        Group::Consume,
        "librdkafka consumer, from the start",
        Work::Consume(Consume {
            client: Client::Librdkafka,
        }),
    ),
    produce(
        "tail-0",
        Group::Consume,
        "lean, 40 MiB/s, nobody reads",
        PACED,
    ),
    produce(
        "tail-1",
        Group::Consume,
        "lean, 40 MiB/s, 1 consumer at the tail",
        Produce {
            tail: 1,
            baseline: Some("tail-0"),
            ..PACED
        },
    ),
    produce(
        "tail-5",
        Group::Consume,
        "lean, 40 MiB/s, 5 consumers at the tail",
        Produce {
            tail: 5,
            baseline: Some("tail-0"),
            ..PACED
        },
    ),
    produce(
        "reader",
        Group::Consume,
        "lean, 40 MiB/s, 1 consumer reads from the start",
        Produce {
            reader: true,
            baseline: Some("tail-0"),
            ..PACED
        },
    ),
    produce(
        "flush-50",
        Group::Flush,
        "librdkafka, 50 producers, flush.messages=1",
        Produce {
            producers: 50,
            flush_each: true,
            // Backlogs build up until batches are as large as they get.
            warm_up: 16 * MIB,
            seconds: 8,
            ..LIBRDKAFKA
        },
    ),
    produce(
        "flush-50-lean",
        Group::Flush,
        "lean, 50 connections, flush.messages=1",
        Produce {
            producers: 50,
            flush_each: true,
            batch_bytes: Some(KIB),
            request_bytes: Some(KIB),
            in_flight: Some(1),
            warm_up: MIB / 2,
            ..LEAN
        },
    ),
    produce(
        "flush-50-one",
        Group::Flush,
        "lean, 50 connections, flush.messages=1, 1 partition",
        Produce {
            producers: 50,
            partitions: 1,
            flush_each: true,
            batch_bytes: Some(KIB),
            request_bytes: Some(KIB),
            in_flight: Some(1),
            warm_up: MIB / 2,
            ..LEAN
        },
    ),
    produce(
        "latency-5k",
        Group::Latency,
        "librdkafka, 5,000 records/s of 1 KiB, linger.ms=0",
        LATENCY,
    ),
    produce(
        "latency-20m",
        Group::Latency,
        "librdkafka, 20 MiB/s of 1 KiB records, linger.ms=5",
        Produce {
            rate: Some(20 * KIB),
            linger_ms: Some(5),
            warm_up: 40 * MIB,
            ..LATENCY
        },
    ),
    produce(
        "latency-5k-lean",
        Group::Latency,
        "lean, 5,000 requests/s of one 1 KiB record",
        Produce {
            client: Client::Lean,
            batch_bytes: Some(KIB),
            request_bytes: Some(KIB),
            linger_ms: None,
            ..LATENCY
        },
    ),
    case(
        "classic-100",
        Group::Groups,
        "100 members, classic protocol",
        Work::Members(Members {
            protocol: "classic",
            members: 100,
            groups: 8,
            pause_ms: 100,
        }),
    ),
    case(
        "classic-1000",
        Group::Groups,
        "1,000 members, classic protocol",
        Work::Members(Members {
            protocol: "classic",
            members: 1000,
            groups: 8,
            pause_ms: 100,
        }),
    ),
    case(
        "consumer-100",
        Group::Groups,
        "100 members, KIP-848",
        Work::Members(Members {
            protocol: "consumer",
            members: 100,
            groups: 4,
            pause_ms: 1100,
        }),
    ),
    case(
        "consumer-1000",
        Group::Groups,
        "1,000 members, KIP-848",
        Work::Members(Members {
            protocol: "consumer",
            members: 1000,
            groups: 4,
            pause_ms: 1100,
        }),
    ),
    case(
        "start",
        Group::Start,
        "a node that holds nothing",
        Work::Start,
    ),
    case(
        "connections-10000",
        Group::Connections,
        "10,000 connections, idle",
        Work::Idle {
            connections: 10_000,
        },
    ),
    case(
        "restart-1000",
        Group::Restart,
        "1,000 partitions with a record each",
        Work::Restart { partitions: 1000 },
    ),
    case(
        "restart-10000",
        Group::Restart,
        "10,000 partitions with a record each",
        Work::Restart { partitions: 10_000 },
    ),
    case(
        "flood",
        Group::Flood,
        "lean, 100 B records for a minute, all found again",
        Work::Flood(Produce {
            record_bytes: 100,
            // A little more: who is asked for a rate comes to it from below.
            rate: Some(2_010_000),
            verify: true,
            bytes: 20 * GIB,
            seconds: 60,
            ..LEAN
        }),
    ),
];
