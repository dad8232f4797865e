"""Gives a node groups to keep: `swap_groups.py BOOTSTRAP ROUND`.

Each round makes groups of its own whose members die with this process, long before their sessions end, so that who takes over the
directory finds them; and it goes on with groups of earlier rounds: members that come and leave, commits without any, offsets and whole
groups that are deleted.
"""

import os
import signal
import sys
import time

from confluent_kafka import Consumer, ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP, ROUND = sys.argv[1], int(sys.argv[2])
TOPIC = "read"
PARTITIONS = 4
RECORDS = 100
admin = AdminClient({"bootstrap.servers": BOOTSTRAP}, logger=None)


def subscribed(group, protocol, number, **config):
    """A member that has only just begun to join."""
    if protocol == "classic":
        config = {"session.timeout.ms": 300000, **config}
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": group, "client.id": f"{group}-{number}", "group.protocol": protocol,
        "auto.offset.reset": "earliest", "enable.auto.commit": False, **config,
    }, logger=None)
    consumer.subscribe([TOPIC])
    return consumer


def described(group):
    deadline = time.monotonic() + 60
    while True:
        try:
            return admin.describe_consumer_groups([group])[group].result()
        except KafkaException as error:
            # Apache's coordinator comes a moment after the topic of its log.
            if error.args[0].code() not in (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS):
                raise
            if time.monotonic() > deadline:
                raise SystemExit(f"{group} has no coordinator: {error}") from error
            time.sleep(0.1)


def settle(group, consumers):
    """Returns once all members are in, and each partition is somebody's, to the node and to them."""
    deadline = time.monotonic() + 60
    while True:
        for consumer in consumers:
            consumer.poll(0.05)
        owned = sorted(place.partition for consumer in consumers for place in consumer.assignment())
        shown = described(group)
        if (owned == list(range(PARTITIONS)) and shown.state == ConsumerGroupState.STABLE and len(shown.members) == len(consumers)
                and sorted(place.partition for member in shown.members for place in member.assignment.topic_partitions) == owned):
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"{group} does not settle: {shown.state}, {owned}")


def commit(consumer, partitions, offset, metadata):
    places = [TopicPartition(TOPIC, partition, offset, metadata) for partition in partitions]
    done(consumer.commit(offsets=places, asynchronous=False))


def done(places):
    """Each has a result of its own."""
    errors = [str(place) for place in places if place.error is not None]
    if errors:
        raise SystemExit(f"round {ROUND}: {errors}")


def settled(group, members):
    """A group of members, each a protocol and its settings, that own all and have committed."""
    consumers = []
    for number, (protocol, config) in enumerate(members):
        if protocol == "consumer" and members[0][0] == "classic":
            # Where a classic group has had no generation yet, Apache 4.3.1 answers who turns it into another one UNKNOWN_SERVER_ERROR.
            settle(group, consumers)
        consumers.append(subscribed(group, protocol, number, **config))
    settle(group, consumers)
    for number, consumer in enumerate(consumers):
        commit(consumer, (place.partition for place in consumer.assignment()), 10 * ROUND + number, f"round {ROUND}")
    return consumers


def static(name):
    return {"group.instance.id": name}


def fill():
    one_of_round = {
        "eager": [("classic", {"partition.assignment.strategy": "range,roundrobin"})] * 2,
        "cooperative": [("classic", {"partition.assignment.strategy": "cooperative-sticky"})] * 2,
        "static": [("classic", static("one")), ("classic", static("two"))],
        "uniform": [("consumer", {})] * 2,
        "ranged": [("consumer", {"group.remote.assignor": "range", **static("one")}), ("consumer", {"group.remote.assignor": "range"})],
        "migrating": [("classic", {"partition.assignment.strategy": "range"}), ("consumer", {})],
    }
    # Held to the end: whose handle is given back leaves.
    held = [settled(f"{name}-{ROUND}", members) for name, members in one_of_round.items()]
    # Of all rounds: their generations and epochs go on.
    for name, protocol in {"left-classic": "classic", "left-consumer": "consumer", "left-alternating": ["classic", "consumer"][ROUND % 2]}.items():
        for consumer in settled(name, [(protocol, {})] * 2):
            consumer.close()
    simple = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "simple"}, logger=None)
    commit(simple, [ROUND % PARTITIONS, 3], ROUND + 1, "")
    for number in range(2):
        commit(Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"brief-{ROUND}-{number}"}, logger=None), [0, 1], 7, "x" * 100)
    admin.delete_consumer_groups([f"brief-{ROUND}-0"])[f"brief-{ROUND}-0"].result()
    if ROUND > 0:
        admin.delete_consumer_groups([f"brief-{ROUND - 1}-1"])[f"brief-{ROUND - 1}-1"].result()
    moved = ConsumerGroupTopicPartitions("left-classic", [TopicPartition(TOPIC, 0, 3 + ROUND)])
    done(admin.alter_consumer_group_offsets([moved])["left-classic"].result().topic_partitions)
    return held


def create():
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result(20)
    producer = Producer({"bootstrap.servers": BOOTSTRAP}, logger=None)
    for number in range(RECORDS):
        producer.produce(TOPIC, partition=number % PARTITIONS, value=b"a record")
    if producer.flush(20) > 0:
        raise SystemExit("the records are not written")


if ROUND == 0:
    create()
try:
    held = fill()
except KafkaException as error:
    raise SystemExit(f"round {ROUND}: {error}") from error
print("done", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
