"""Fills the topics that are damaged afterwards: `write.py BOOTSTRAP SEED`."""

import random
import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap, seed = sys.argv[1], int(sys.argv[2])
dice = random.Random(seed)
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# Small segments, for time goes by quickly, with many index entries.
CONFIG = {"segment.ms": "60000", "index.interval.bytes": "1000", "retention.ms": "-1"}
TOPICS = {"plain": 2, "idempotent": 2, "compressed": 2}

admin = AdminClient({"bootstrap.servers": bootstrap})
for future in admin.create_topics([NewTopic(name, count, 1, config=CONFIG) for name, count in TOPICS.items()]).values():
    future.result(30)


def check(error, _message):
    if error is not None:
        sys.exit(str(error))


now = 1_700_000_000_000
for topic, partitions in TOPICS.items():
    # Several producers, so that their states are several too.
    for _ in range(3):
        config = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": topic != "plain",
            "compression.type": dice.choice(CODECS[1:]) if topic == "compressed" else "none",
            "batch.size": 2000,
            "linger.ms": 1,
        }
        producer = Producer(config)
        for number in range(dice.randrange(50, 300)):
            value = dice.randbytes(dice.randrange(400)).hex()
            now += dice.randrange(1000)
            producer.produce(
                topic, value, key=f"key-{number}", partition=dice.randrange(partitions),
                timestamp=now - dice.randrange(5000), on_delivery=check,
            )
            producer.poll(0)
        if producer.flush(60):
            sys.exit("not everything is delivered within 60 s")
