"""Some members of one group, in a process that can be killed: `members.py BOOTSTRAP GROUP PROTOCOL NUMBER COUNT [key=value...]`.

PROTOCOL is classic, consumer, or none: one that commits without being a member. `static` among the settings gives each its instance id,
which lasts from one life of a member to the next. Lines on stdin drive them: `churn` (they join, live for a moment, leave, and come
back), `hold` (they stay as they are), `mark` (which is answered). What happens is told on stdout as it happens, with the monotonic time
in seconds:

    + time client                a member subscribes             - time client            ... is about to close
    = time client partitions     what it owns changed            ! time client reason     ... was ended by an error
    S time offset partitions     a commit is about to be sent: its offset is no other commit's
    A time offset partitions     ... is acknowledged for them    F time offset reason     ... has failed, or may have
    M time mark                  a mark is read: all that happened before it was told before
"""

import os
import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

BOOTSTRAP, GROUP, PROTOCOL, NUMBER, COUNT = *sys.argv[1:4], *map(int, sys.argv[4:6])
NAME = f"{GROUP}-{NUMBER}"
STATIC = "static" in sys.argv[6:]
SETTINGS = dict(setting.split("=", 1) for setting in sys.argv[6:] if "=" in setting)
TOPIC = "owned"
PARTITIONS = 6
SECONDS_BETWEEN_COMMITS = 0.1
telling = threading.Lock()
churning = threading.Event()
random.seed(os.environ["SEED"])
last_offset = 0


def tell(kind, *words):
    with telling:
        print(kind, f"{time.monotonic():.6f}", *words, flush=True)


def next_offset():
    """Grows with time across all processes, and no two commits have the same."""
    global last_offset
    with telling:
        last_offset = max(last_offset // 1000 + 1, int(time.monotonic() * 1000)) * 1000 + NUMBER
        return last_offset


def commit(consumer, client, partitions):
    offset = next_offset()
    places = [TopicPartition(TOPIC, partition, offset, client) for partition in partitions]
    tell("S", offset, listed(partitions))
    try:
        results = consumer.commit(offsets=places, asynchronous=False)
    except KafkaException as error:
        tell("F", offset, error.args[0].name())
        return
    tell("A", offset, listed(result.partition for result in results if result.error is None))
    for result in results:
        if result.error is not None:
            tell("F", offset, result.error.name())


def listed(partitions):
    return ",".join(str(partition) for partition in sorted(partitions)) or "none"


def config(slot, client):
    of_protocol = {
        "classic": {"group.protocol": "classic", "session.timeout.ms": 2000, "heartbeat.interval.ms": 300},
        "consumer": {"group.protocol": "consumer"},
        "none": {},
    }[PROTOCOL]
    return {
        "bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "client.id": client, "enable.auto.commit": False,
        # As it bootstraps anew, librdkafka 2.16 may get stuck on the connection that it gives up.
        "metadata.recovery.strategy": "none",
        "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50, "retry.backoff.max.ms": 200,
        **({"group.instance.id": f"{NAME}-{slot}"} if STATIC else {}), **of_protocol, **SETTINGS,
    }


def live(slot, client):
    """One life of a member: it owns what it is given, reads nothing of it, and commits."""
    def assigned(consumer, partitions):
        # Nothing is read: where these commits point there is no record.
        if incremental:
            consumer.incremental_assign(partitions)
        else:
            consumer.assign(partitions)
        consumer.pause(partitions)

    incremental = PROTOCOL == "consumer" or SETTINGS.get("partition.assignment.strategy") == "cooperative-sticky"
    consumer = Consumer(config(slot, client), logger=None)
    # Only the time counts in which members come and go, or all would leave at once after a hold.
    left, last = random.expovariate(1 / 1.5), time.monotonic()
    owned, committed = None, 0.0
    if PROTOCOL != "none":
        consumer.subscribe([TOPIC], on_assign=assigned)
        tell("+", client)
    try:
        while left > 0:
            message = consumer.poll(0.05)
            now = time.monotonic()
            if churning.is_set():
                left -= now - last
            last = now
            if message is not None and message.error() is not None and message.error().code() == KafkaError._FATAL:
                raise KafkaException(message.error())
            if PROTOCOL == "none":
                now_owned = list(range(PARTITIONS))
            else:
                now_owned = sorted(place.partition for place in consumer.assignment())
            if now_owned != owned:
                owned = now_owned
                if PROTOCOL != "none":
                    tell("=", client, listed(owned))
            if owned and now > committed + SECONDS_BETWEEN_COMMITS:
                commit(consumer, client, owned)
                committed = now
    except KafkaException as error:
        text = error.args[0].str()
        tell("!", client, ("" if "Broker: " in text else "_") + text.rsplit(": ", 1)[-1].replace(" ", "-"))
    if PROTOCOL != "none":
        tell("-", client)
    consumer.close()


def lives(slot):
    for life in range(sys.maxsize):
        # A static member that comes back is shown with the client id that it had first.
        live(slot, f"{NAME}.{slot}" if STATIC else f"{NAME}.{slot}.{life}")
        # One of a static member is within its session's two seconds, or is not.
        time.sleep(random.expovariate(1 if STATIC else 5))


def main():
    for slot in range(COUNT):
        threading.Thread(target=lives, args=(slot,), daemon=True).start()
    for line in sys.stdin:
        match line.strip():
            case "churn":
                churning.set()
            case "hold":
                churning.clear()
            case "mark":
                tell("M", "mark")


main()
