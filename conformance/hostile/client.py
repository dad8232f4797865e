"""A client that means well, librdkafka: produces and consumes until stdin ends, and then prints what came of it and exits by that.

    client.py BOOTSTRAP [SECONDS]

Everything acknowledged is read back once, in order, and nothing took longer than the bounds; or than SECONDS, where it cannot be quick.
"""

import collections
import math
import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP, TOPIC, PARTITIONS = sys.argv[1], "well-meant", 3
RECORDS_PER_SECOND = 500
# Seconds, by percent of the records, on a machine that has other things to do: what hangs takes longer. What half of them take is only told.
BOUNDS = {50: math.inf, 99: 10.0, 100: 20.0} if len(sys.argv) < 3 else {100: float(sys.argv[2])}

admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
admin.create_topics([NewTopic(TOPIC, PARTITIONS)])[TOPIC].result(30)
problems, delivered, latencies = [], collections.Counter(), []
goes_on = True


def produce():
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "linger.ms": 5}, logger=None)
    number = 0

    def acknowledge(sent):
        def delivery(error, message):
            if error is not None:
                problems.append(f"{message.topic()}-{message.partition()} is not written: {error}")
            else:
                latencies.append(time.monotonic() - sent)
                delivered[message.partition()] += 1
        return delivery

    while goes_on:
        for _ in range(RECORDS_PER_SECOND // 50):
            partition, value = number % PARTITIONS, number // PARTITIONS
            producer.produce(TOPIC, value=str(value).ljust(200), partition=partition, on_delivery=acknowledge(time.monotonic()))
            number += 1
        producer.poll(0)
        time.sleep(0.02)
    if producer.flush(60):
        problems.append("not everything is acknowledged 60 s after the last record")


def consume(is_enough):
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "well-meant", "enable.auto.commit": False,
                         "auto.offset.reset": "error"}, logger=None)
    consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in range(PARTITIONS)])
    read = collections.Counter()
    while not is_enough(read):
        for message in consumer.consume(1000, 0.2):
            if message.error():
                if not message.error().retriable() and message.error().code() >= 0:
                    problems.append(str(message.error()))
                continue
            partition = message.partition()
            if int(message.value()) != read[partition]:
                problems.append(f"{TOPIC}-{partition}: {message.value().strip()} where {read[partition]} is expected")
                return
            read[partition] += 1
    consumer.close()


deadline = []
producing = threading.Thread(target=produce)
# Reads along, and then to the end of what was acknowledged.
consuming = threading.Thread(target=consume, args=(
    lambda read: not producing.is_alive() and all(read[p] >= delivered[p] for p in range(PARTITIONS)) or deadline and time.monotonic() > deadline[0],))
producing.start()
consuming.start()
print("ready", flush=True)
sys.stdin.read()
goes_on = False
producing.join()
deadline.append(time.monotonic() + 60)
consuming.join()
if time.monotonic() > deadline[0]:
    problems.append("not everything that was acknowledged is read within 60 s")
latencies.sort()
told = []
for percent, bound in BOUNDS.items():
    latency = latencies[min(len(latencies) - 1, len(latencies) * percent // 100)]
    told.append(f"p{percent} {latency * 1000:.0f} ms")
    if latency > bound:
        problems.append(f"{percent} % of the records took up to {latency:.1f} s, the bound is {bound}")
print(f"{sum(delivered.values())} records acknowledged and read, {', '.join(told)}")
for problem in problems[:10]:
    print("FAILED:", problem)
sys.exit(1 if problems else 0)
