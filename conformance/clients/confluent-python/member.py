"""Members of groups on confluent-kafka: `member.py BOOTSTRAP`."""

from confluent_kafka import Consumer, KafkaError, KafkaException
from python_members import BOOTSTRAP, Member, serve

SETTINGS = {
    "protocol": "group.protocol", "assignor": "partition.assignment.strategy", "remote": "group.remote.assignor",
    "instance": "group.instance.id", "session": "session.timeout.ms",
}


class ConfluentMember(Member):
    def open(self):
        settings = {SETTINGS[key]: value for key, value in self.settings.items()}
        if "session" in self.settings:
            settings["heartbeat.interval.ms"] = 500
        self.consumer = Consumer({
            "bootstrap.servers": BOOTSTRAP, "group.id": self.group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
            "fetch.wait.max.ms": 200, **settings,
        })
        numbers = lambda partitions: [p.partition for p in partitions]
        self.consumer.subscribe(
            [self.topic],
            on_assign=lambda _, partitions: self.assigned(numbers(partitions)),
            on_revoke=lambda _, partitions: self.revoked(numbers(partitions)),
            on_lost=lambda _, partitions: self.lost(numbers(partitions)),
        )

    def poll(self):
        for message in self.consumer.consume(100, 0.1):
            error = message.error()
            if error is None:
                yield message.partition(), message.offset(), message.value()
            elif error.fatal():
                raise KafkaException(error)

    def commit(self):
        try:
            self.consumer.commit(asynchronous=False)
        except KafkaException as e:
            if e.args[0].code() == KafkaError._NO_OFFSET:
                return True
            if e.args[0].code() != KafkaError.REBALANCE_IN_PROGRESS:
                raise
            return False
        return True

    def close(self):
        self.consumer.close()


serve(ConfluentMember)
