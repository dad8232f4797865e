"""confluent-kafka against a node: `cases.py BOOTSTRAP LOGS [CASE]` prints `case pass|fail seconds` for each case."""

import pathlib
import time

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_INVALID,
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from python_cases import BASE_TIME, BOOTSTRAP, LARGEST_VALUE, CASES, case, equal, holds, run, wait

admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


# Clients


def create(topic, partitions=1, **configs):
    configs = {key.replace("_", "."): value for key, value in configs.items()}
    admin.create_topics([NewTopic(topic, partitions, 1, config=configs)])[topic].result(20)
    # The controller acknowledges a topic before its broker has the logs, and what is sent too early is sent again out of order.
    wait("the partitions", lambda: all(answers(TopicPartition(topic, i)) for i in range(partitions)))


def answers(partition):
    # A client of its own, for one that was refused remembers the leaders it knew.
    reader = consumer()
    try:
        return reader.get_watermark_offsets(partition, 5) is not None
    except KafkaException:
        return False
    finally:
        reader.close()


def produce(topic, records, **settings):
    """Produces keyword arguments of Producer.produce and returns the delivered messages in the order of the reports."""
    settings = {key.replace("_", "."): value for key, value in settings.items()}
    delivered = []

    def report(error, message):
        if error is not None:
            raise KafkaException(error)
        delivered.append(message)

    producer = Producer({"bootstrap.servers": BOOTSTRAP, "message.timeout.ms": 20000, **settings})
    for record in records:
        producer.produce(topic, on_delivery=report, **record)
        producer.poll(0)
    equal("records left in the producer", 0, producer.flush(30))
    return delivered


def consumer(**settings):
    settings = {key.replace("_", "."): value for key, value in settings.items()}
    return Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False,
        "auto.offset.reset": "error", **settings,
    })


def consume(topic, count, partitions=1, offset=OFFSET_BEGINNING, **settings):
    """The records of the partitions from an offset, exactly `count` of them."""
    reader = consumer(enable_partition_eof=True, **settings)
    try:
        reader.assign([TopicPartition(topic, i, offset) for i in range(partitions)])
        messages, ends, deadline = [], set(), time.monotonic() + 20
        while len(ends) < partitions and time.monotonic() < deadline:
            message = reader.poll(0.2)
            if message is None:
                continue
            if message.error() is None:
                messages.append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                ends.add(message.partition())
            else:
                raise KafkaException(message.error())
        equal("partitions read to their end", partitions, len(ends))
        equal("number of records", count, len(messages))
        return messages
    finally:
        reader.close()


def value(i):
    return f"value {i} of many, with words that repeat, repeat, repeat".encode()


def noise(size):
    return bytes((i * 7919 >> 5) & 0xFF for i in range(size))


def offset_of(topic, spec):
    partition = TopicPartition(topic, 0)
    return admin.list_offsets({partition: spec})[partition].result(20)


# Produce and consume


def round_trip(topic, **settings):
    create(topic)
    count = 5000
    delivered = produce(
        topic, ({"value": value(i), "partition": 0, "timestamp": BASE_TIME + i} for i in range(count)), **settings
    )
    equal("offsets in the answers", list(range(count)), [m.offset() for m in delivered])
    for i, message in enumerate(consume(topic, count)):
        equal("offset", i, message.offset())
        equal("value", value(i), message.value())
        equal("timestamp", (TIMESTAMP_CREATE_TIME, BASE_TIME + i), message.timestamp())


for codec in "none", "gzip", "snappy", "lz4", "zstd":
    CASES[f"codec-{codec}"] = lambda topic, codec=codec: round_trip(topic, compression_type=codec, linger_ms=20)
CASES["acks-1"] = lambda topic: round_trip(topic, acks=1)
CASES["acks-all"] = lambda topic: round_trip(topic, acks="all")
CASES["idempotent"] = lambda topic: round_trip(topic, enable_idempotence=True, batch_num_messages=50)
CASES["not-idempotent"] = lambda topic: round_trip(topic, enable_idempotence=False, batch_num_messages=50)


@case
def acks_0(topic):
    create(topic)
    produce(topic, ({"value": value(i), "partition": 0} for i in range(1000)), acks=0)
    wait("the records", lambda: offset_of(topic, OffsetSpec.latest()).offset == 1000)
    equal("values", [value(i) for i in range(1000)], [m.value() for m in consume(topic, 1000)])


@case
def keyed(topic):
    create(topic, 5)
    produce(topic, ({"key": f"key-{i % 41}", "value": value(i)} for i in range(4100)), compression_type="zstd")
    following, places = list(range(41)), {}
    for message in consume(topic, 4100, partitions=5):
        key = int(message.key()[4:])
        equal(f"partition of key {key}", places.setdefault(key, message.partition()), message.partition())
        equal(f"value of key {key} in its order", value(following[key]), message.value())
        following[key] += 41


@case
def unkeyed(topic):
    create(topic, 4)
    produce(topic, ({"value": value(i)} for i in range(4000)), sticky_partitioning_linger_ms=1)
    equal("values", {value(i) for i in range(4000)}, {m.value() for m in consume(topic, 4000, partitions=4)})


@case
def partitioner(topic):
    create(topic, 7)
    table = (pathlib.Path(__file__).parent.parent / "murmur2.tsv").read_text().splitlines()
    expected = {key.encode(): int(hashed) % 7 for key, hashed in (line.split("\t") for line in table)}
    produce(topic, ({"key": key, "value": b""} for key in expected), partitioner="murmur2_random")
    found = {m.key(): m.partition() for m in consume(topic, len(expected), partitions=7)}
    equal("partition of each key", expected, found)


@case
def many_partitions(topic):
    for partitions in 1, 10, 100:
        name = f"{topic}-{partitions}"
        create(name, partitions)
        produce(name, ({"value": value(i), "partition": i % partitions} for i in range(1000)))
        found = {p: [] for p in range(partitions)}
        for message in consume(name, 1000, partitions):
            equal("offset", len(found[message.partition()]), message.offset())
            found[message.partition()].append(message.value())
        for p in range(partitions):
            equal(f"values of partition {p}", [value(i) for i in range(p, 1000, partitions)], found[p])


def one_record(topic, key, val):
    create(topic)
    produce(topic, [{"key": key, "value": val}])
    [message] = consume(topic, 1)
    equal("key and value", (key, val), (message.key(), message.value()))


CASES["null-key"] = lambda topic: one_record(topic, None, b"value")
CASES["null-value"] = lambda topic: one_record(topic, b"key", None)
CASES["both-null"] = lambda topic: one_record(topic, None, None)
CASES["empty-value"] = lambda topic: one_record(topic, b"key", b"")


@case
def headers(topic):
    create(topic)
    sent = [("first", b"1"), ("empty", b""), ("first", "zwölf".encode()), ("none", None)]
    produce(topic, [{"value": b"value", "headers": sent}])
    equal("headers", sent, consume(topic, 1)[0].headers())


@case
def sizes(topic):
    create(topic)
    values = [noise(size) for size in (1, 2, 63, 64, 1000, 16384, 100_000, 1_000_000, LARGEST_VALUE)]
    produce(topic, ({"value": v} for v in values), message_max_bytes=2_000_000)
    for sent, message in zip(values, consume(topic, len(values)), strict=True):
        holds(f"the value of {len(sent)} bytes comes back", message.value() == sent)
    fails(
        KafkaError.MSG_SIZE_TOO_LARGE,
        lambda: produce(topic, [{"value": noise(LARGEST_VALUE + 1)}], message_max_bytes=2_000_000),
    )


@case
def too_large(topic):
    create(topic, max_message_bytes="10000")
    fails(KafkaError.MSG_SIZE_TOO_LARGE, lambda: produce(topic, [{"value": bytes(20_000)}]))
    equal("offset", 0, produce(topic, [{"value": bytes(5_000)}])[0].offset())


# Where reading starts


def fill(topic, count=100):
    produce(
        topic, ({"value": value(i), "partition": 0, "timestamp": BASE_TIME + 10 * i} for i in range(count)),
        batch_num_messages=7,
    )


@case
def earliest(topic):
    create(topic)
    fill(topic)
    equal("earliest", 0, offset_of(topic, OffsetSpec.earliest()).offset)
    equal("first offset", 0, consume(topic, 100)[0].offset())
    equal("first offset from 93", 93, consume(topic, 7, offset=93)[0].offset())
    reader = consumer()
    equal("watermarks", (0, 100), reader.get_watermark_offsets(TopicPartition(topic, 0), 10))
    reader.close()


@case
def latest(topic):
    create(topic)
    fill(topic)
    equal("latest", 100, offset_of(topic, OffsetSpec.latest()).offset)
    reader = consumer(enable_partition_eof=True)
    reader.assign([TopicPartition(topic, 0, OFFSET_END)])
    end = reader.poll(15)
    equal("at the end", KafkaError._PARTITION_EOF, end.error().code())
    produce(topic, [{"value": b"new", "partition": 0}])
    message = reader.poll(15)
    equal("first record", (b"new", 100), (message.value(), message.offset()))
    reader.close()


@case
def timestamp(topic):
    create(topic)
    fill(topic)
    at = lambda millis: offset_of(topic, OffsetSpec.for_timestamp(millis)).offset
    equal("at a record's time", 50, at(BASE_TIME + 500))
    equal("between two records", 51, at(BASE_TIME + 501))
    equal("after all", -1, at(BASE_TIME + 86_400_000))
    newest = offset_of(topic, OffsetSpec.max_timestamp())
    equal("of the largest timestamp", (99, BASE_TIME + 990), (newest.offset, newest.timestamp))
    reader = consumer()
    [found] = reader.offsets_for_times([TopicPartition(topic, 0, BASE_TIME + 501)], timeout=10)
    equal("offset for the time", 51, found.offset)
    reader.close()


@case
def log_append_time(topic):
    create(topic, message_timestamp_type="LogAppendTime")
    before = time.time_ns() // 1_000_000
    produce(topic, [{"value": b"value", "timestamp": 5}], compression_type="gzip")
    kind, millis = consume(topic, 1)[0].timestamp()
    equal("kind of timestamp", TIMESTAMP_LOG_APPEND_TIME, kind)
    holds("time is the broker's", before <= millis <= time.time_ns() // 1_000_000)


@case
def out_of_range(topic):
    create(topic)
    fill(topic, 10)
    reader = consumer()
    reader.assign([TopicPartition(topic, 0, 11)])
    message = reader.poll(15)
    # With auto.offset.reset=error, librdkafka reports OFFSET_OUT_OF_RANGE under this name.
    equal("error", KafkaError._AUTO_OFFSET_RESET, message.error().code())
    reader.close()


@case
def fetch_limits(topic):
    create(topic, 3)
    produce(topic, ({"value": bytes(1000), "partition": i % 3} for i in range(600)), linger_ms=50, batch_size=20000)
    consume(topic, 600, partitions=3, fetch_message_max_bytes=1000, fetch_max_bytes=2000, message_max_bytes=2000)
    consume(topic, 600, partitions=3, fetch_min_bytes=100_000, fetch_wait_max_ms=300)


@case
def unknown_topic(topic):
    describe = lambda: admin.describe_topics(TopicCollection([topic]))[topic].result(20)
    fails(KafkaError.UNKNOWN_TOPIC_OR_PART, describe)
    reader = consumer()
    equal("error", KafkaError.UNKNOWN_TOPIC_OR_PART, reader.list_topics(topic, 20).topics[topic].error.code())
    reader.close()
    holds("asking creates nothing", topic not in topics())
    # Producing does, with the number of partitions that the node is configured with.
    produce(topic, [{"value": b"value"}])
    equal("partitions", 3, len(topics()[topic].partitions))


# Topics and configs


def topics():
    return admin.list_topics(timeout=20).topics


@case
def topic_create(topic):
    create(topic, 3, retention_ms="1234567")
    wait("it is listed", lambda: len(topics()[topic].partitions) == 3 if topic in topics() else False)
    fails(KafkaError.TOPIC_ALREADY_EXISTS, lambda: create(topic, 3))
    fails(KafkaError.TOPIC_EXCEPTION, lambda: create("not/a/name"))
    fails(KafkaError.INVALID_CONFIG, lambda: create(topic + "-1", retention_ms="soon"))
    fails(
        KafkaError.INVALID_REPLICATION_FACTOR,
        lambda: admin.create_topics([NewTopic(topic + "-2", 1, 2)])[topic + "-2"].result(20),
    )
    admin.create_topics([NewTopic(topic + "-dry", 1, 1)], validate_only=True)[topic + "-dry"].result(20)
    holds("a trial creates nothing", topic + "-dry" not in topics())


@case
def topic_describe(topic):
    create(topic, 5)
    description = admin.describe_topics(TopicCollection([topic]))[topic].result(20)
    equal("partitions", 5, len(description.partitions))
    for partition in description.partitions:
        equal("leader, replicas, ISR", (1, [1], [1]),
              (partition.leader.id, [n.id for n in partition.replicas], [n.id for n in partition.isr]))


@case
def topic_grow(topic):
    create(topic, 2)
    fill(topic, 10)
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(20)
    wait("the new partitions", lambda: len(topics()[topic].partitions) == 4)
    equal("first offset of the new partition", 0, produce(topic, [{"value": b"new", "partition": 3}])[0].offset())
    consume(topic, 11, partitions=4)
    fails(KafkaError.INVALID_PARTITIONS, lambda: admin.create_partitions([NewPartitions(topic, 3)])[topic].result(20))


@case
def topic_delete(topic):
    create(topic, 2)
    fill(topic, 10)
    admin.delete_topics([topic])[topic].result(20)
    wait("its end", lambda: topic not in topics())
    fails(KafkaError.UNKNOWN_TOPIC_OR_PART, lambda: admin.delete_topics([topic])[topic].result(20))
    create(topic, 1)
    wait("the new topic", lambda: topic in topics())
    equal("records of the new topic", 0, offset_of(topic, OffsetSpec.latest()).offset)


def config(kind, name, key):
    [future] = admin.describe_configs([ConfigResource(kind, name)]).values()
    return future.result(20)[key]


@case
def topic_config(topic):
    create(topic, max_message_bytes="50000")

    def alter(key, val, operation):
        entry = ConfigEntry(key, val, incremental_operation=operation)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        [future] = admin.incremental_alter_configs([resource]).values()
        future.result(20)

    read = lambda key: config(ResourceType.TOPIC, topic, key).value
    equal("value", "50000", read("max.message.bytes"))
    equal("default", "604800000", read("retention.ms"))
    alter("retention.ms", "1000000", AlterConfigOpType.SET)
    wait("the new value", lambda: read("retention.ms") == "1000000")
    alter("cleanup.policy", "compact", AlterConfigOpType.APPEND)
    wait("the longer list", lambda: read("cleanup.policy") == "delete,compact")
    alter("retention.ms", None, AlterConfigOpType.DELETE)
    wait("the default", lambda: read("retention.ms") == "604800000")
    fails(KafkaError.INVALID_CONFIG, lambda: alter("retention.ms", "soon", AlterConfigOpType.SET))


@case
def broker_config(topic):
    equal("node.id", "1", config(ResourceType.BROKER, "1", "node.id").value)
    holds("node.id is read-only", config(ResourceType.BROKER, "1", "node.id").is_read_only)
    equal("num.partitions", "3", config(ResourceType.BROKER, "1", "num.partitions").value)


@case
def cluster_describe(topic):
    cluster = admin.describe_cluster().result(20)
    equal("cluster id", 22, len(cluster.cluster_id))
    equal("nodes", [BOOTSTRAP], [f"{n.host}:{n.port}" for n in cluster.nodes])
    equal("controller", 1, cluster.controller.id)


# Groups


def member(topic, **settings):
    """A consumer of the group that has the topic's name."""
    settings = {key.replace("_", "."): value for key, value in settings.items()}
    return Consumer(
        {
            "bootstrap.servers": BOOTSTRAP, "group.id": topic, "group.protocol": "classic", "auto.offset.reset": "earliest",
            "enable.auto.commit": False, **settings,
        }
    )


def take(members, count):
    """The values of so many records, whichever member gets them."""
    values, deadline = [], time.monotonic() + 30
    while len(values) < count and time.monotonic() < deadline:
        for reader in members:
            for message in reader.consume(count, 0.1):
                equal("error", None, message.error())
                values.append(message.value())
    equal("number of records", count, len(values))
    return sorted(values)


def spread(topic, first, last, partitions):
    produce(topic, ({"value": value(i), "partition": i % partitions} for i in range(first, last)))
    return sorted(value(i) for i in range(first, last))


@case
def group_commit(topic):
    create(topic, 2)
    spread(topic, 0, 100, 2)
    places = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    reader = member(topic)
    try:
        found = [(p.offset, p.error) for p in reader.committed(places, 10)]
        equal("committed before", [(OFFSET_INVALID, None)] * 2, found)
        reader.commit(offsets=[TopicPartition(topic, 0, 30, "a note")], asynchronous=False)
        found = [(p.offset, p.metadata) for p in reader.committed(places, 10)]
        equal("committed", [(30, "a note"), (OFFSET_INVALID, None)], found)
        reader.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        take([reader], 20 + 50)
    finally:
        reader.close()


def resume(topic, **settings):
    create(topic, 4)
    for first in 0, 400:
        sent = spread(topic, first, first + 400, 4)
        reader = member(topic, **settings)
        try:
            reader.subscribe([topic])
            equal("what nobody had read", sent, take([reader], 400))
            reader.commit(asynchronous=False)
        finally:
            reader.close()


def rebalance(topic, **settings):
    create(topic, 4)
    members = []

    def joins():
        members.append(member(topic, **settings))
        members[-1].subscribe([topic])

    def shares():
        return [reader.consume(1, 0.1) == [] and len(reader.assignment()) for reader in members]

    joins()
    try:
        equal("values", spread(topic, 0, 100, 4), take(members, 100))
        members[0].commit(asynchronous=False)
        joins()
        wait("each has its half", lambda: shares() == [2, 2], 60)
        equal("values", spread(topic, 100, 200, 4), take(members, 100))
        for reader in members:
            reader.commit(asynchronous=False)
        members.pop(0).close()
        wait("the other has all", lambda: shares() == [4], 60)
    finally:
        for reader in members:
            reader.close()


CASES["group-resume"] = resume
CASES["group-range"] = lambda topic: rebalance(topic, partition_assignment_strategy="range")
CASES["group-roundrobin"] = lambda topic: rebalance(topic, partition_assignment_strategy="roundrobin")
CASES["group-cooperative"] = lambda topic: rebalance(topic, partition_assignment_strategy="cooperative-sticky")
CASES["consumer-resume"] = lambda topic: resume(topic, group_protocol="consumer")
CASES["consumer-uniform"] = lambda topic: rebalance(topic, group_protocol="consumer", group_remote_assignor="uniform")
CASES["consumer-range"] = lambda topic: rebalance(topic, group_protocol="consumer", group_remote_assignor="range")


# Expectations


def fails(code, action):
    try:
        action()
    except KafkaException as e:
        equal("error code", KafkaError(code).name(), e.args[0].name())
        return
    raise AssertionError(f"expected {KafkaError(code).name()}, found success")


run("confluent-python")
