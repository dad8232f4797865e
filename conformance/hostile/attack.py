"""Everything that a client should not send, case by case: `attack.py BOOTSTRAP CONTROLLER PID [--long] [CASE...]`.

Prints `case pass|fail seconds what`. After each case both listeners must answer, and the process must not have taken more memory than the bound.
"""

import os
import random
import resource
import socket
import struct
import sys
import threading
import time

import wire
from wire import Closed, Connection, array, batch, frame, i8, i16, i32, i64, produce, record, request, string, uvarint, varint

arguments = [argument for argument in sys.argv[4:] if not argument.startswith("--")]
LONG = "--long" in sys.argv


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


BROKER, CONTROLLER, PID = address(sys.argv[1]), address(sys.argv[2]), int(sys.argv[3])
LISTENERS = (BROKER, CONTROLLER)
# What the node may come to, whoever asks for what. Bytes.
MEMORY = int(os.environ.get("MEMORY", 600)) << 20
TOPIC = "attacked"
dice = random.Random(int(os.environ.get("SEED", 1)))
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def peak_memory():
    with open(f"/proc/{PID}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def holds(what, condition):
    if not condition:
        raise AssertionError(what)


def answers(listener):
    with Connection(listener) as connection:
        answer = connection.ask(request(wire.API_VERSIONS, 0, b""))
        holds("ApiVersions is answered", answer[:6] == i32(7) + i16(0))


def closes(listener, data, end=False):
    """Whether what is sent gets the connection closed and nothing else."""
    with Connection(listener) as connection:
        try:
            connection.send(data)
            if end:
                connection.half_close()
            connection.answer()
        except Closed:
            return
    raise AssertionError(f"answered: {data[:40]!r}")


def answered_or_closed(listener, content, timeout=60):
    """The answer, or None. Hanging is neither."""
    with Connection(listener, timeout) as connection:
        try:
            return connection.ask(content)
        except Closed:
            return None
        except TimeoutError:
            raise AssertionError(f"neither an answer nor an end: {content!r:.200}") from None


def produced(records, version=8, topic=TOPIC):
    """The error code that a batch gets."""
    with Connection(BROKER, 120) as connection:
        answer = connection.ask(produce(topic, records, version=version))
    (code,) = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(topic) + 4 + 4)
    return code


# A request of many shapes each: not all are good, but all are well-formed.
def requests():
    yield wire.METADATA, request(wire.METADATA, 5, array([string(TOPIC)]) + i8(0))
    yield wire.METADATA, request(wire.METADATA, 12, uvarint(2) + bytes(16) + wire.compact(TOPIC) + b"\0" + i8(0) * 2 + b"\0", True)
    yield wire.PRODUCE, produce(TOPIC, batch(record()))
    partition = i32(0) + i64(0) + i64(-1) + i32(1 << 20)
    yield wire.FETCH, request(wire.FETCH, 5, i32(-1) + i32(0) + i32(1) + i32(1 << 20) + i8(0) + array([string(TOPIC) + array([partition])]))
    yield wire.LIST_OFFSETS, request(wire.LIST_OFFSETS, 2, i32(-1) + i8(0) + array([string(TOPIC) + array([i32(0) + i64(-1)])]))
    commit = array([string(TOPIC) + array([i32(0) + i64(1) + string("")])])
    yield wire.OFFSET_COMMIT, request(wire.OFFSET_COMMIT, 2, string("g") + i32(-1) + string("") + i64(-1) + commit)
    yield wire.OFFSET_FETCH, request(wire.OFFSET_FETCH, 2, string("g") + array([string(TOPIC) + array([i32(0)])]))
    yield wire.FIND_COORDINATOR, request(wire.FIND_COORDINATOR, 1, string("g") + i8(0))
    member = i32(5) + b"\0\0\0\0\0"
    yield wire.JOIN_GROUP, request(wire.JOIN_GROUP, 2, string("j") + i32(6000) + i32(100) + string("") + string("consumer") + array([string("range") + member]))
    yield wire.SYNC_GROUP, request(wire.SYNC_GROUP, 1, string("j") + i32(1) + string("m") + array([string("m") + member]))
    yield wire.DESCRIBE_GROUPS, request(wire.DESCRIBE_GROUPS, 0, array([string("g")]))
    yield wire.API_VERSIONS, request(wire.API_VERSIONS, 3, wire.compact("me") + wire.compact("1") + b"\0", True)
    new = string("cut-short") + i32(1) + i16(1) + i32(0) + array([string("retention.ms") + string("5")])
    # Validates only: none of them is to leave a topic.
    yield wire.CREATE_TOPICS, request(wire.CREATE_TOPICS, 2, array([new]) + i32(1000) + i8(1))
    yield wire.DESCRIBE_CONFIGS, request(wire.DESCRIBE_CONFIGS, 1, array([i8(2) + string(TOPIC) + i32(-1)]) + i8(1))
    heartbeat = wire.compact("c") + wire.compact("") + i32(0) + b"\0\0" + i32(1000) + uvarint(2) + wire.compact(TOPIC) + b"\0" + b"\1" + b"\0"
    yield wire.CONSUMER_GROUP_HEARTBEAT, request(wire.CONSUMER_GROUP_HEARTBEAT, 0, heartbeat, True)


# Some of what they say is how long they are ready to wait.
WAITING = {wire.FETCH, wire.JOIN_GROUP, wire.SYNC_GROUP}


@case
def lengths_that_cannot_be():
    for listener in LISTENERS:
        for length in (-1, -(1 << 31), (1 << 31) - 1, (100 << 20) + 1, 0, 1, 7):
            closes(listener, i32(length) + bytes(max(0, min(length, 100))))


@case
def frames_cut_short():
    whole = frame(request(wire.METADATA, 5, array([string(TOPIC)]) + i8(0)))
    for listener in LISTENERS:
        for length in (1, 3, 4, 5, len(whole) - 1):
            closes(listener, whole[:length], end=True)


@case
def half_closed_sockets_are_answered():
    for listener in LISTENERS:
        with Connection(listener) as connection:
            connection.send(frame(request(wire.API_VERSIONS, 0, b"")) * 3)
            connection.half_close()
            for _ in range(3):
                holds("answered", connection.answer()[:4] == i32(7))
            try:
                connection.answer()
                raise AssertionError("a fourth answer")
            except Closed:
                pass


@case
def unknown_keys_and_versions():
    for listener in LISTENERS:
        for key in (-1, 4, 5, 6, 7, 93, 1000, 32767, -32768):
            closes(listener, frame(request(key, 0, bytes(50))))
        for key in (wire.METADATA, wire.CREATE_TOPICS, wire.FETCH):
            for version in (-1, -32768, 100, 32767):
                closes(listener, frame(request(key, version, bytes(50))))
        for version in (-1, 5, 32767):
            answer = answered_or_closed(listener, request(wire.API_VERSIONS, version, b"\0\0\0"))
            holds(f"version {version} of ApiVersions is answered UNSUPPORTED_VERSION", answer and answer[4:6] == i16(35))


@case
def requests_cut_at_each_byte():
    for _, content in requests():
        for length in range(len(content)):
            answered_or_closed(BROKER, content[:length])


@case
def requests_with_each_byte_changed():
    for key, content in requests():
        for at in range(0, len(content), 1 if LONG else 2):
            for byte in (0x00, 0xFF, 0x7F, 0x80):
                # Versions and keys have a case of their own; a produce that asks for no answer gets none.
                if at >= 8 and content[at] != byte and not (key == wire.PRODUCE and 18 <= at < 21):
                    changed = content[:at] + bytes([byte]) + content[at + 1:]
                    if key in WAITING:
                        with Connection(BROKER) as connection:
                            connection.send(frame(changed))
                    else:
                        answered_or_closed(BROKER, changed)


@case
def lying_counts():
    """Of arrays and strings, where 2,147,483,647 of them would not fit anywhere."""
    huge = (i32((1 << 31) - 1), i32(-(1 << 31)), i32(-2), i32(1 << 24))
    for listener in LISTENERS:
        for count in huge:
            for key, version, body in (
                (wire.METADATA, 5, count + string(TOPIC)),
                (wire.CREATE_TOPICS, 2, count + string(TOPIC)),
                (wire.CREATE_TOPICS, 2, array([string("t") + i32(1) + i16(1) + count])),
                (wire.DESCRIBE_CONFIGS, 1, count + i8(2)),
                (wire.FETCH, 5, i32(-1) + i32(0) * 2 + i32(1) + i8(0) + count),
            ):
                answered_or_closed(listener, request(key, version, body + bytes(20)))
        for count in (uvarint((1 << 32) - 1), uvarint(1 << 31), b"\xff" * 5 + b"\x01", b"\xff" * 10, uvarint(1 << 24)):
            answered_or_closed(listener, request(wire.METADATA, 12, count + bytes(20), True))
            # Tags, whose number and sizes lie.
            answered_or_closed(listener, i16(wire.METADATA) + i16(12) + i32(7) + string("me") + count + bytes(40))
            answered_or_closed(listener, request(wire.METADATA, 12, b"\1" + i8(0) * 2 + b"\1\0" + count + bytes(9), True))
    for length in (-2, -32768, 32767):
        answered_or_closed(BROKER, request(wire.FIND_COORDINATOR, 1, i16(length) + b"g" + i8(0)))


# What a batch that lies is told. Apache Kafka says UNKNOWN_SERVER_ERROR, -1, of what it cannot unpack.
CORRUPT, INVALID_RECORD, TOO_LARGE = 2, 87, 10


@case
def batches_that_lie():
    whole = batch(record())
    good, wrong = record(), []
    for what, records, codes in (
        ("the checksum is wrong", batch(good, crc=1), {CORRUPT}),
        ("a byte is another", whole[:-1] + b"\1", {CORRUPT}),
        ("longer than it is", batch(good, length=1 << 20), {INVALID_RECORD}),
        ("shorter than any", batch(good, length=10), {CORRUPT}),
        ("of negative length", batch(good, length=-1), {CORRUPT}),
        ("two records are said to be there", batch(good, count=2), {CORRUPT, INVALID_RECORD}),
        ("none is said to be there", batch(good, count=0, last_delta=0), {CORRUPT, INVALID_RECORD}),
        ("-1 records", batch(good, count=-1, last_delta=0), {CORRUPT, INVALID_RECORD}),
        ("2147483647 records", batch(good, count=(1 << 31) - 1), {CORRUPT, INVALID_RECORD}),
        ("a last offset below the first", batch(good, last_delta=-5), {CORRUPT, INVALID_RECORD}),
        ("a record longer than the batch", batch(varint(5000) + good[1:]), {CORRUPT, INVALID_RECORD}),
        ("a record of negative length", batch(varint(-5) + good[1:]), {CORRUPT, INVALID_RECORD}),
        # Nobody takes offense; they are numbered by their order.
        ("offsets that go back", batch(record(delta=1) + record(delta=0), count=2), {0}),
        ("a codec that does not exist", batch(good, attributes=7), {INVALID_RECORD, -1}),
        ("gzip that is none", batch(b"no gzip" * 5, attributes=wire.GZIP), {INVALID_RECORD, -1}),
        ("snappy that is none", batch(b"no snappy" * 5, attributes=wire.SNAPPY), {INVALID_RECORD, -1}),
        ("lz4 that is none", batch(b"no lz4" * 5, attributes=wire.LZ4), {INVALID_RECORD, -1}),
        ("zstd that is none", batch(b"no zstd" * 5, attributes=wire.ZSTD), {INVALID_RECORD, -1}),
        ("a magic that does not exist", batch(good, magic=3), {CORRUPT}),
        ("a control batch", batch(good, attributes=0x20), {INVALID_RECORD}),
        ("nothing", b"", {CORRUPT, INVALID_RECORD}),
        ("61 zeros", bytes(61), {CORRUPT, INVALID_RECORD}),
        ("two batches in one", whole + whole, {INVALID_RECORD}),
        # Apache Kafka cuts it off, and takes the rest.
        ("half a batch behind one", whole + whole[:40], {0, INVALID_RECORD}),
    ):
        code = produced(records)
        print(f"  {what}: {code}", file=sys.stderr)
        if code not in codes:
            wrong.append(f"{what}: {code}")
    holds("; ".join(wrong), not wrong)


@case
def decompression_bombs():
    """Some at the same time, each as large as its format can make a megabyte: a gigabyte, LZ4's 240 MiB, Snappy's 20."""
    for codec, bomb in wire.BOMBS.items():
        size = {wire.SNAPPY: 20, wire.LZ4: 240}.get(codec, 960) << 20
        packed = bomb(size)
        holds(f"codec {codec} packs it into {len(packed)} bytes", len(packed) < 1_048_000)
        data = batch(packed, attributes=codec)
        codes, threads = [], []
        for _ in range(4 if LONG else 2):
            threads.append(threading.Thread(target=lambda: codes.append(produced(data))))
            threads[-1].start()
        for thread in threads:
            thread.join()
        print(f"  codec {codec}: {len(packed)} bytes: {codes}", file=sys.stderr)
        holds(f"codec {codec}: all are answered", len(codes) == len(threads))
        # It is a right record, and so what is within bounds is taken.
        holds(f"codec {codec}: {codes}", set(codes) <= {0, CORRUPT, TOO_LARGE, INVALID_RECORD, -1})


@case
def random_bytes():
    for _ in range(5000 if LONG else 500):
        listener = dice.choice(LISTENERS)
        data = dice.randbytes(dice.choice((1, 4, 8, 20, 200, 5000)))
        with Connection(listener) as connection:
            try:
                connection.send(dice.choice((data, frame(data), frame(i16(dice.randrange(93)) + i16(dice.randrange(14)) + data))))
                connection.half_close()
                while True:
                    connection.answer()
            except Closed:
                pass


@case
def garbage_behind_good_requests():
    good = frame(request(wire.API_VERSIONS, 0, b""))
    for listener in LISTENERS:
        for garbage in (i32(-1), i32(1 << 30), frame(bytes(9)), frame(request(-1, 0, b""))):
            with Connection(listener) as connection:
                connection.send(good * 5 + garbage + good)
                for _ in range(5):
                    holds("what is good is answered", connection.answer()[:4] == i32(7))
                try:
                    connection.answer()
                    raise AssertionError("what follows garbage is answered")
                except Closed:
                    pass
    with Connection(BROKER) as connection:
        connection.send(frame(produce(TOPIC, batch(record()))) * 3 + i32(-1))
        for _ in range(3):
            holds("produces are answered", connection.answer()[:4] == i32(7))


@case
def a_byte_a_second():
    seconds, many = (60, 1000) if LONG else (8, 200)
    whole = frame(request(wire.METADATA, 5, array([string(TOPIC)]) + i8(0)))
    slow = [Connection(dice.choice(LISTENERS)) for _ in range(many)]
    for at in range(min(seconds, len(whole) - 1)):
        for connection in slow:
            connection.send(whole[at:at + 1])
        time.sleep(1)
    # They have broken nothing, and are in time.
    for connection in slow[:20]:
        connection.send(whole[min(seconds, len(whole) - 1):])
        if connection.socket.getpeername() == BROKER:
            holds("a slow request is answered", connection.answer()[:4] == i32(7))
    for connection in slow:
        connection.socket.close()


@case
def large_frames_that_never_end():
    """Each says that 100 MiB come, and sends a little of it."""
    stalled = []
    for _ in range(500 if LONG else 100):
        connection = Connection(BROKER)
        # What waits for memory is not read, and so the socket fills up.
        connection.socket.setblocking(False)
        try:
            connection.socket.send(i32(100 << 20) + request(wire.PRODUCE, 8, bytes(100_000)))
        except BlockingIOError:
            pass
        stalled.append(connection)
    time.sleep(2)
    for _ in range(5):
        answers(BROKER)
    for connection in stalled:
        connection.socket.close()


@case
def ten_thousand_idle_connections():
    many = 10_000 if LONG else 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle = []
    try:
        for at in range(many):
            idle.append(socket.create_connection(BROKER, 30))
            if at % 500 == 0:
                answers(BROKER)
        # They are served, too: one of them asks.
        idle[many // 2].sendall(frame(request(wire.API_VERSIONS, 0, b"")))
        holds("one of them is answered", idle[many // 2].recv(4))
        answers(CONTROLLER)
    finally:
        for connection in idle:
            connection.close()


def play(name):
    start, verdict, what = time.monotonic(), "pass", ""
    try:
        CASES[name]()
        for listener in LISTENERS:
            answers(listener)
    except Exception as problem:
        verdict, what = "fail", f"{type(problem).__name__}: {problem}"
    memory = peak_memory()
    if memory > MEMORY:
        verdict, what = "fail", what + f" it took {memory >> 20} MiB, the bound is {MEMORY >> 20}"
    print(f"{name:34} {verdict} {time.monotonic() - start:6.1f} s  {memory >> 20:5} MiB  {what}", flush=True)
    return verdict == "pass"


with Connection(BROKER, 60) as connection:
    connection.ask(request(wire.CREATE_TOPICS, 2, array([string(TOPIC) + i32(1) + i16(1) + i32(0) * 2]) + i32(30_000) + i8(0)))
# Apache Kafka's broker knows it a moment later.
deadline = time.monotonic() + 30
while produced(batch(record())) and time.monotonic() < deadline:
    time.sleep(0.1)
results = [play(name) for name in CASES if not arguments or name in arguments]
sys.exit(0 if all(results) else 1)
