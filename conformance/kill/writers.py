"""Writes to a node that is killed again and again, and reads what is there: `writers.py BOOTSTRAP`, driven by lines on stdin.

    start       creates the topics and begins to write
    check       reads what has come since the last check; check-all: everything
    stop        ends the writing, waits for what is under way, reads everything

Each answer is a line, "ok ..." or what is wrong. Every writer numbers its records by partition, so a partition must hold 0, 1, 2, ...
of each of its writers, once each and in order, and at least as many as were acknowledged.
"""

import collections
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP = sys.argv[1]
PARTITIONS = 3
# Synced record by record, and as the node sees fit: a process that is killed loses neither.
TOPICS = {"synced": {"flush.messages": "1"}, "cached": {}}
RECORDS_PER_SECOND = 1500
PLACES = [(topic, partition) for topic in TOPICS for partition in range(PARTITIONS)]


class Writer(threading.Thread):
    def __init__(self, name, **config):
        super().__init__(daemon=True)
        self.name = name
        # Ends with the test, not with a time-out of its own: what is given up is not sent again, and the numbers have a gap.
        config = {"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "message.timeout.ms": 0, **config}
        self.producer = Producer(config, logger=None)
        self.next = collections.Counter()
        self.acknowledged = {place: -1 for place in PLACES}
        self.problem = None
        self.goes_on = True

    def run(self):
        while self.goes_on and not self.problem:
            began = time.monotonic()
            for _ in range(RECORDS_PER_SECOND // 50):
                place = PLACES[sum(self.next.values()) % len(PLACES)]
                self.write(place)
            self.producer.poll(0)
            time.sleep(max(0.0, began + 0.02 - time.monotonic()))
        while len(self.producer) and not self.problem:
            self.producer.flush(1)

    def write(self, place):
        topic, partition = place
        number = self.next[place]

        def delivered(error, message):
            if error is not None:
                self.problem = f"{self.name}: {topic}-{partition} number {number} is not written: {error}"
            elif number != self.acknowledged[place] + 1:
                self.problem = f"{self.name}: {topic}-{partition}: {number} is acknowledged after {self.acknowledged[place]}"
            else:
                self.acknowledged[place] = number

        try:
            self.producer.produce(topic, key=self.name, value=f"{number}", partition=partition, on_delivery=delivered)
        except BufferError:
            self.producer.poll(0.05)
            return
        self.next[place] += 1


class Reader:
    def __init__(self):
        self.consumer = Consumer({
            "bootstrap.servers": BOOTSTRAP, "group.id": "none", "enable.auto.commit": False,
            "enable.partition.eof": False, "auto.offset.reset": "error",
        }, logger=None)
        self.forget()

    def forget(self):
        self.positions = {place: 0 for place in PLACES}
        self.last = {place: collections.defaultdict(lambda: -1) for place in PLACES}

    def end(self, place):
        deadline = time.monotonic() + 60
        while True:
            try:
                low, high = self.consumer.get_watermark_offsets(TopicPartition(*place), 5)
                if low != 0:
                    raise ValueError(f"{place} begins at {low}")
                return high
            except KafkaException:
                if time.monotonic() > deadline:
                    raise

    def check(self, writers):
        """Reads to the ends of now; gives the number of records read."""
        due = {writer.name: dict(writer.acknowledged) for writer in writers}
        ends = {place: self.end(place) for place in PLACES}
        for place, end in ends.items():
            if end < self.positions[place]:
                raise ValueError(f"{place} ends at {end}, and {self.positions[place]} was read before")
        wanted = {place for place in PLACES if self.positions[place] < ends[place]}
        self.consumer.assign([TopicPartition(*place, self.positions[place]) for place in wanted])
        count, deadline = 0, time.monotonic() + 120
        while wanted:
            if time.monotonic() > deadline:
                raise ValueError(f"{wanted} are not read to {ends} within 120 s: {self.positions}")
            for message in self.consumer.consume(5000, 0.2):
                if message.error():
                    if message.error().retriable() or message.error().code() < 0:
                        continue
                    raise ValueError(f"{message.topic()}-{message.partition()}: {message.error()}")
                self.take(message)
                count += 1
            wanted = {place for place in wanted if self.positions[place] < ends[place]}
        self.consumer.unassign()
        for name, acknowledged in due.items():
            for place, number in acknowledged.items():
                if self.last[place][name] < number:
                    raise ValueError(f"{place}: {name} had {number} acknowledged, and {self.last[place][name]} is its last there")
        return count

    def take(self, message):
        place = (message.topic(), message.partition())
        if message.offset() != self.positions[place]:
            raise ValueError(f"{place}: offset {message.offset()} where {self.positions[place]} is next")
        name, number = message.key().decode(), int(message.value())
        if number != self.last[place][name] + 1:
            raise ValueError(f"{place} at {message.offset()}: {name} has {number} after {self.last[place][name]}")
        self.last[place][name] = number
        self.positions[place] = message.offset() + 1


def create():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    topics = [NewTopic(name, PARTITIONS, 1, config=config) for name, config in TOPICS.items()]
    for future in admin.create_topics(topics).values():
        future.result(20)


def main():
    reader = Reader()
    writers = [
        Writer("eager", **{"linger.ms": 0}),
        Writer("packed", **{"linger.ms": 20, "compression.type": "lz4"}),
        Writer("alone", **{"max.in.flight": 1, "compression.type": "zstd"}),
    ]
    for line in sys.stdin:
        try:
            match line.strip():
                case "start":
                    create()
                    for writer in writers:
                        writer.start()
                    answer = f"{len(writers)} idempotent writers, {len(PLACES)} partitions"
                case "check":
                    answer = f"{reader.check(writers)} more records read"
                case "check-all":
                    reader.forget()
                    answer = f"all {reader.check(writers)} records read"
                case "stop":
                    for writer in writers:
                        writer.goes_on = False
                    for writer in writers:
                        writer.join(60)
                    reader.forget()
                    count, sent = reader.check(writers), sum(sum(writer.next.values()) for writer in writers)
                    if count != sent:
                        raise ValueError(f"{sent} records were sent and {count} are there")
                    answer = f"{count} records, each once"
            problem = next((writer.problem for writer in writers if writer.problem), None)
        except (ValueError, KafkaException) as error:
            problem = error
        print(problem or f"ok {answer}", flush=True)


main()
