"""kafka-python against a node: `cases.py BOOTSTRAP LOGS [CASE]` prints `case pass|fail seconds` for each case."""

import concurrent.futures
import pathlib
import time
import uuid

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.admin import AlterConfigOp, ConfigResource, OffsetSpec
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.structs import OffsetAndMetadata
from python_cases import BASE_TIME, BOOTSTRAP, LARGEST_VALUE, CASES, case, equal, holds, run, wait

CREATE_TIME, LOG_APPEND_TIME = 0, 1
admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


# Clients


def create(topic, partitions=1, **configs):
    configs = {key.replace("_", "."): value for key, value in configs.items()}
    admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}})
    ready(topic, partitions)


def ready(topic, partitions):
    # The controller acknowledges a topic before its broker has the logs, and what is sent too early is sent again out of order.
    wait("the partitions", lambda: answer(topic, partitions))


def answer(topic, partitions):
    try:
        return len(admin.list_partition_offsets({p: OffsetSpec.LATEST for p in of(topic, partitions)})) == partitions
    except (errors.UnknownTopicOrPartitionError, errors.NotLeaderForPartitionError, errors.LeaderNotAvailableError):
        return False


def of(topic, partitions):
    return [TopicPartition(topic, i) for i in range(partitions)]


def producer(**settings):
    return KafkaProducer(
        bootstrap_servers=BOOTSTRAP, **{"delivery_timeout_ms": 20000, "request_timeout_ms": 10000, "max_block_ms": 15000, **settings}
    )


def produce(topic, records, **settings):
    """Produces keyword arguments of KafkaProducer.send and returns the answers in the same order."""
    sender = producer(**settings)
    try:
        futures = [sender.send(topic, **record) for record in records]
        sender.flush(30)
        return [future.get(20) for future in futures]
    finally:
        sender.close(5)


def consumer(**settings):
    return KafkaConsumer(bootstrap_servers=BOOTSTRAP, **{"auto_offset_reset": "none", "enable_auto_commit": False, **settings})


def consume(topic, count, partitions=1, start=KafkaConsumer.seek_to_beginning, **settings):
    """The records of the partitions, exactly `count` of them; `start` is told the consumer and says where reading begins."""
    reader = consumer(**settings)
    try:
        reader.assign(of(topic, partitions))
        start(reader)
        return read(reader, count)
    finally:
        reader.close()


def read(reader, count):
    records, ends, deadline = [], reader.end_offsets(list(reader.assignment())), time.monotonic() + 20
    while any(reader.position(p) < end for p, end in ends.items()) and time.monotonic() < deadline:
        for batch in reader.poll(timeout_ms=200).values():
            records.extend(batch)
    equal("positions at the end", ends, {p: reader.position(p) for p in ends})
    equal("number of records", count, len(records))
    return records


def value(i):
    return f"value {i} of many, with words that repeat, repeat, repeat".encode()


def noise(size):
    return bytes((i * 7919 >> 5) & 0xFF for i in range(size))


def offset_of(topic, spec):
    partition = TopicPartition(topic, 0)
    return admin.list_partition_offsets({partition: spec})[partition]


# Produce and consume


def round_trip(topic, **settings):
    create(topic)
    count = 3000
    sent = produce(
        topic, ({"value": value(i), "partition": 0, "timestamp_ms": BASE_TIME + i} for i in range(count)), **settings
    )
    equal("offsets in the answers", list(range(count)), [answer.offset for answer in sent])
    for i, record in enumerate(consume(topic, count)):
        equal("offset", i, record.offset)
        equal("key and value", (None, value(i)), (record.key, record.value))
        equal("timestamp", (CREATE_TIME, BASE_TIME + i), (record.timestamp_type, record.timestamp))


for codec in "none", "gzip", "snappy", "lz4", "zstd":
    kind = None if codec == "none" else codec
    CASES[f"codec-{codec}"] = lambda topic, kind=kind: round_trip(topic, compression_type=kind, linger_ms=20)
CASES["acks-1"] = lambda topic: round_trip(topic, acks=1, enable_idempotence=False)
CASES["acks-all"] = lambda topic: round_trip(topic, acks="all")
CASES["idempotent"] = lambda topic: round_trip(topic, enable_idempotence=True, batch_size=2000)
CASES["not-idempotent"] = lambda topic: round_trip(
    topic, enable_idempotence=False, batch_size=2000, max_in_flight_requests_per_connection=1
)


@case
def acks_0(topic):
    create(topic)
    produce(topic, ({"value": value(i), "partition": 0} for i in range(1000)), acks=0, enable_idempotence=False)
    wait("the records", lambda: offset_of(topic, OffsetSpec.LATEST).offset == 1000)
    equal("values", [value(i) for i in range(1000)], [r.value for r in consume(topic, 1000)])


@case
def keyed(topic):
    create(topic, 5)
    produce(topic, ({"key": f"key-{i % 41}".encode(), "value": value(i)} for i in range(2050)), compression_type="zstd")
    following, places = list(range(41)), {}
    for record in consume(topic, 2050, partitions=5):
        key = int(record.key[4:])
        equal(f"partition of key {key}", places.setdefault(key, record.partition), record.partition)
        equal(f"value of key {key} in its order", value(following[key]), record.value)
        following[key] += 41


@case
def unkeyed(topic):
    create(topic, 4)
    produce(topic, ({"value": value(i)} for i in range(2000)), batch_size=1000)
    found = consume(topic, 2000, partitions=4)
    equal("keys", {None}, {r.key for r in found})
    equal("values", {value(i) for i in range(2000)}, {r.value for r in found})


@case
def partitioner(topic):
    create(topic, 7)
    table = (pathlib.Path(__file__).parent.parent / "murmur2.tsv").read_text().splitlines()
    expected = {key.encode(): int(hashed) % 7 for key, hashed in (line.split("\t") for line in table)}
    produce(topic, ({"key": key, "value": b""} for key in expected))
    found = {r.key: r.partition for r in consume(topic, len(expected), partitions=7)}
    equal("partition of each key", expected, found)


@case
def many_partitions(topic):
    for partitions in 1, 10, 100:
        name = f"{topic}-{partitions}"
        create(name, partitions)
        produce(name, ({"value": value(i), "partition": i % partitions} for i in range(500)))
        found = {p: [] for p in range(partitions)}
        for record in consume(name, 500, partitions):
            equal("offset", len(found[record.partition]), record.offset)
            found[record.partition].append(record.value)
        for p in range(partitions):
            equal(f"values of partition {p}", [value(i) for i in range(p, 500, partitions)], found[p])


def one_record(topic, key, val):
    create(topic)
    produce(topic, [{"key": key, "value": val}])
    [record] = consume(topic, 1)
    equal("key and value", (key, val), (record.key, record.value))


CASES["null-key"] = lambda topic: one_record(topic, None, b"value")
CASES["null-value"] = lambda topic: one_record(topic, b"key", None)
CASES["empty-value"] = lambda topic: one_record(topic, b"key", b"")


@case
def headers(topic):
    create(topic)
    sent = [("first", b"1"), ("empty", b""), ("first", "zwölf".encode())]
    produce(topic, [{"value": b"value", "headers": sent}, {"value": b"none"}])
    equal("headers", [sent, []], [list(r.headers) for r in consume(topic, 2)])


@case
def sizes(topic):
    create(topic)
    values = [noise(size) for size in (1, 2, 63, 64, 1000, 16384, 100_000, 1_000_000, LARGEST_VALUE)]
    produce(topic, ({"value": v} for v in values), max_request_size=2_000_000)
    equal("sizes", [len(v) for v in values], [len(r.value) for r in consume(topic, len(values))])
    for sent, record in zip(values, consume(topic, len(values))):
        holds(f"the value of {len(sent)} bytes comes back", record.value == sent)
    fails(
        errors.MessageSizeTooLargeError,
        lambda: produce(topic, [{"value": noise(LARGEST_VALUE + 1)}], max_request_size=2_000_000),
    )


@case
def too_large(topic):
    create(topic, max_message_bytes="10000")
    # An idempotent producer of this client is over after a refusal.
    sender = producer(enable_idempotence=False)
    fails(errors.MessageSizeTooLargeError, lambda: sender.send(topic, bytes(20_000)).get(20))
    equal("offset", 0, sender.send(topic, bytes(5_000)).get(20).offset)
    sender.close(5)


# Where reading starts


def fill(topic, count=100):
    produce(
        topic, ({"value": value(i), "partition": 0, "timestamp_ms": BASE_TIME + 10 * i} for i in range(count)), batch_size=700
    )


@case
def earliest(topic):
    create(topic)
    fill(topic)
    partition = TopicPartition(topic, 0)
    equal("earliest", 0, offset_of(topic, OffsetSpec.EARLIEST).offset)
    equal("values", [value(i) for i in range(100)], [r.value for r in consume(topic, 100)])
    equal("values by reset", [value(i) for i in range(100)],
          [r.value for r in consume(topic, 100, start=lambda reader: None, auto_offset_reset="earliest")])
    equal("offsets from 93", list(range(93, 100)), [r.offset for r in consume(topic, 7, start=lambda c: c.seek(partition, 93))])
    reader = consumer()
    equal("bounds", ({partition: 0}, {partition: 100}), (reader.beginning_offsets([partition]), reader.end_offsets([partition])))
    reader.close()


@case
def latest(topic):
    create(topic)
    fill(topic)
    equal("latest", 100, offset_of(topic, OffsetSpec.LATEST).offset)
    reader = consumer()
    reader.assign(of(topic, 1))
    reader.seek_to_end()
    equal("position", 100, reader.position(TopicPartition(topic, 0)))
    produce(topic, [{"value": b"new", "partition": 0}])
    [record] = read(reader, 1)
    equal("first record", (b"new", 100), (record.value, record.offset))
    reader.close()


@case
def timestamp(topic):
    create(topic)
    fill(topic)
    at = lambda millis: offset_of(topic, millis).offset
    equal("at a record's time", 50, at(BASE_TIME + 500))
    equal("between two records", 51, at(BASE_TIME + 501))
    equal("before all", 0, at(0))
    equal("after all", -1, at(BASE_TIME + 86_400_000))
    newest = offset_of(topic, OffsetSpec.MAX_TIMESTAMP)
    equal("of the largest timestamp", (99, BASE_TIME + 990), (newest.offset, newest.timestamp))
    partition = TopicPartition(topic, 0)

    def start(reader):
        found = reader.offsets_for_times({partition: BASE_TIME + 501})[partition]
        equal("offset and timestamp for the time", (51, BASE_TIME + 510), (found.offset, found.timestamp))
        equal("for a time after all", {partition: None}, reader.offsets_for_times({partition: BASE_TIME + 86_400_000}))
        reader.seek(partition, found.offset)

    equal("values from the time", [value(i) for i in range(51, 100)], [r.value for r in consume(topic, 49, start=start)])


@case
def log_append_time(topic):
    create(topic, message_timestamp_type="LogAppendTime")
    before = time.time_ns() // 1_000_000
    [answer] = produce(topic, [{"value": b"value", "timestamp_ms": 5}], compression_type="gzip")
    [record] = consume(topic, 1)
    equal("kind of timestamp", LOG_APPEND_TIME, record.timestamp_type)
    equal("timestamp in the answer", record.timestamp, answer.timestamp)
    holds("time is the broker's", before <= record.timestamp <= time.time_ns() // 1_000_000)


@case
def out_of_range(topic):
    create(topic)
    fill(topic, 10)
    reader = consumer()
    reader.assign(of(topic, 1))
    reader.seek(TopicPartition(topic, 0), 11)

    def polls():
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            equal("records", {}, reader.poll(timeout_ms=200))

    fails(errors.OffsetOutOfRangeError, polls)
    reader.close()


@case
def fetch_limits(topic):
    create(topic, 3)
    sent = [bytes([i % 251]) * 1000 for i in range(300)]
    produce(topic, ({"value": sent[i], "partition": i % 3} for i in range(300)), linger_ms=50, batch_size=20000)
    small = {"fetch_max_bytes": 2000, "max_partition_fetch_bytes": 1000, "max_poll_records": 7}
    for settings in small, {"fetch_min_bytes": 100_000, "fetch_max_wait_ms": 300}, {"enable_incremental_fetch_sessions": False}:
        found = sorted((r.offset, r.partition, r.value) for r in consume(topic, 300, partitions=3, **settings))
        equal("values", sent, [v for _, _, v in found])


@case
def unknown_topic(topic):
    fails(errors.UnknownTopicOrPartitionError, lambda: admin.delete_topics([topic]))
    # Whatever else this client does with a topic first asks for it in a way that creates it, also with allow_auto_create_topics=False.
    [described] = admin.describe_topic_partitions([topic])["topics"]
    equal("error of a description", errors.UnknownTopicOrPartitionError.errno, described["error_code"])
    holds("asking creates nothing", topic not in admin.list_topics())
    create(topic)
    beyond = {TopicPartition(topic, 1): OffsetSpec.LATEST}
    fails(errors.UnknownTopicOrPartitionError, lambda: admin.list_partition_offsets(beyond))


# Topics and configs


@case
def topic_create(topic):
    create(topic, 3, retention_ms="1234567")
    holds("it is listed", topic in admin.list_topics())
    equal("retention.ms", "1234567", configs("topic", topic)["retention.ms"]["value"])
    fails(errors.TopicAlreadyExistsError, lambda: create(topic, 3))
    fails(errors.InvalidTopicError, lambda: create("not/a/name"))
    fails(errors.InvalidPartitionsError, lambda: create(topic + "-0", 0))
    fails(errors.InvalidConfigurationError, lambda: create(topic + "-1", retention_ms="soon"))
    fails(errors.InvalidReplicationFactorError, lambda: admin.create_topics({topic + "-2": {"replication_factor": 2}}))
    [trial] = admin.create_topics([topic + "-dry"], validate_only=True)["topics"]
    equal("name and partitions in the answer to a trial", (topic + "-dry", 3), (trial["name"], trial["num_partitions"]))
    holds("a trial creates nothing", topic + "-dry" not in admin.list_topics())


def describe(topic):
    [found] = admin.describe_topics([topic])
    return found


@case
def topic_describe(topic):
    create(topic, 100)
    found = describe(topic)
    equal("partitions", list(range(100)), sorted(p["partition_index"] for p in found["partitions"]))
    for p in found["partitions"]:
        equal("leader, replicas, ISR", (1, [1], [1]), (p["leader_id"], p["replica_nodes"], p["isr_nodes"]))
    [by_id] = admin.describe_topics([uuid.UUID(found["topic_id"])])
    equal("name by id", topic, by_id["name"])


@case
def topic_grow(topic):
    create(topic, 2)
    fill(topic, 10)
    admin.create_partitions({topic: 4})
    wait("the new partitions", lambda: len(describe(topic)["partitions"]) == 4)
    ready(topic, 4)
    equal("first offset of the new partition", 0, produce(topic, [{"value": b"new", "partition": 3}])[0].offset)
    found = {(r.partition, r.value) for r in consume(topic, 11, partitions=4)}
    equal("records", {(0, value(i)) for i in range(10)} | {(3, b"new")}, found)
    fails(errors.InvalidPartitionsError, lambda: admin.create_partitions({topic: 3}))
    fails(errors.UnknownTopicOrPartitionError, lambda: admin.create_partitions({topic + "-none": 3}))


@case
def topic_delete(topic):
    create(topic, 2)
    fill(topic, 10)
    first = describe(topic)["topic_id"]
    admin.delete_topics([topic])
    wait("its end", lambda: topic not in admin.list_topics())
    fails(errors.UnknownTopicOrPartitionError, lambda: admin.delete_topics([topic]))
    create(topic, 1)
    second = describe(topic)["topic_id"]
    holds("another id", first != second)
    equal("records of the new topic", 0, offset_of(topic, OffsetSpec.LATEST).offset)
    admin.delete_topics([uuid.UUID(second)])
    wait("its end by id", lambda: topic not in admin.list_topics())


def configs(kind, name):
    return admin.describe_configs([ConfigResource(kind, name)], include_synonyms=True, config_filter="all")[kind][name]


@case
def topic_config(topic):
    create(topic, max_message_bytes="50000")

    def alter(key, val, operation=AlterConfigOp.SET):
        # Names that it does not know are to reach the node.
        resource = ConfigResource("topic", topic, {key: (operation, val)})
        return admin.alter_configs([resource], raise_on_unknown=False)["topic"][topic]

    read = lambda key: configs("topic", topic)[key]
    entry = read("max.message.bytes")
    equal("value, source, type", ("50000", "DYNAMIC_TOPIC_CONFIG", "INT"), (entry["value"], entry["config_source"], entry["config_type"]))
    equal("synonyms", ["max.message.bytes", "message.max.bytes"], [s["name"] for s in entry["synonyms"]])
    equal("default", ("604800000", "DEFAULT_CONFIG"), (read("retention.ms")["value"], read("retention.ms")["config_source"]))
    equal("answer", "OK", alter("retention.ms", "1000000"))
    wait("the new value", lambda: read("retention.ms")["value"] == "1000000")
    alter("cleanup.policy", "compact", AlterConfigOp.APPEND)
    wait("the longer list", lambda: read("cleanup.policy")["value"] == "delete,compact")
    alter("cleanup.policy", "delete", AlterConfigOp.SUBTRACT)
    wait("the shorter list", lambda: read("cleanup.policy")["value"] == "compact")
    admin.reset_configs([ConfigResource("topic", topic, ["retention.ms"])])
    wait("the default", lambda: read("retention.ms")["value"] == "604800000")
    for key, val in ("retention.ms", "soon"), ("no.such.key", "1"):
        answered = alter(key, val)
        holds(f"{key}={val} is refused, not {answered}", "InvalidConfigurationError" in answered)


@case
def broker_config(topic):
    found = configs("broker", "1")
    equal("node.id", ("1", True), (found["node.id"]["value"], found["node.id"]["read_only"]))
    equal("num.partitions", ("3", "STATIC_BROKER_CONFIG"), (found["num.partitions"]["value"], found["num.partitions"]["config_source"]))


@case
def cluster_describe(topic):
    cluster = admin.describe_cluster()
    equal("length of the cluster id", 22, len(cluster["cluster_id"]))
    equal("nodes", [(1, BOOTSTRAP)], [(b["broker_id"], f"{b['host']}:{b['port']}") for b in cluster["brokers"]])
    equal("controller", 1, cluster["controller_id"])
    holds("metadata.version is known", "metadata.version" in str(admin.describe_features()))


# Groups


def member(topic, *subscription, **settings):
    """A consumer of the group that has the topic's name."""
    return KafkaConsumer(
        *subscription,
        **{"bootstrap_servers": BOOTSTRAP, "group_id": topic, "auto_offset_reset": "earliest", "enable_auto_commit": False, **settings},
    )


def take(members, count):
    """The values of so many records, whichever member gets them."""
    values, deadline = [], time.monotonic() + 30
    while len(values) < count and time.monotonic() < deadline:
        for reader in members:
            for batch in reader.poll(timeout_ms=100).values():
                values.extend(record.value for record in batch)
    equal("number of records", count, len(values))
    return values


def values(first, last):
    return [value(i) for i in range(first, last)]


def spread(topic, first, last, partitions):
    produce(topic, ({"value": value(i), "partition": i % partitions} for i in range(first, last)))


@case
def group_commit(topic):
    create(topic, 2)
    spread(topic, 0, 100, 2)
    one, other = of(topic, 2)
    reader = member(topic)
    try:
        reader.assign([one, other])
        equal("committed before", None, reader.committed(one))
        take([reader], 100)
        reader.commit({one: OffsetAndMetadata(30, "a note", -1)})
        equal("committed", OffsetAndMetadata(30, "a note", -1), reader.committed(one, metadata=True))
        equal("not committed", None, reader.committed(other))
    finally:
        reader.close()
    reader = member(topic)
    try:
        reader.assign([one, other])
        equal("records behind the offset", 20 + 50, len(take([reader], 70)))
    finally:
        reader.close()


@case
def group_resume(topic):
    create(topic, 4)
    for first in 0, 400:
        spread(topic, first, first + 400, 4)
        reader = member(topic, topic)
        try:
            equal("what nobody had read", sorted(values(first, first + 400)), sorted(take([reader], 400)))
            reader.commit()
        finally:
            reader.close()


def rebalance(topic, assignor):
    create(topic, 4)
    settings = {"partition_assignment_strategy": [assignor]}
    members = [member(topic, topic, **settings)]
    try:
        spread(topic, 0, 100, 4)
        equal("values", sorted(values(0, 100)), sorted(take(members, 100)))
        members[0].commit()
        members.append(member(topic, topic, **settings))
        wait("each has its half", lambda: held(members) == [2, 2], 60)
        equal("all partitions", set(of(topic, 4)), members[0].assignment() | members[1].assignment())
        spread(topic, 100, 200, 4)
        equal("values", sorted(values(100, 200)), sorted(take(members, 100)))
        for reader in members:
            reader.commit()
        members.pop(0).close()
        wait("the other has all", lambda: held(members) == [4], 60)
    finally:
        for reader in members:
            reader.close()


def held(members):
    """The number of partitions that each has. They are polled at once: this client joins again when its join ends between two polls."""
    with concurrent.futures.ThreadPoolExecutor(len(members)) as pool:
        for records in pool.map(lambda reader: reader.poll(timeout_ms=1000), members):
            equal("records", {}, records)
    return [len(reader.assignment()) for reader in members]


CASES["group-range"] = lambda topic: rebalance(topic, RangePartitionAssignor)
CASES["group-roundrobin"] = lambda topic: rebalance(topic, RoundRobinPartitionAssignor)
CASES["group-sticky"] = lambda topic: rebalance(topic, StickyPartitionAssignor)


# Expectations


def fails(expected, action):
    try:
        action()
    except errors.KafkaError as e:
        if type(e) is not expected:
            raise AssertionError(f"expected {expected.__name__}, found {e!r}") from e
        return
    raise AssertionError(f"expected {expected.__name__}, found success")


run("kafka-python")
