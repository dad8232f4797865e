"""Members of groups on kafka-python: `member.py BOOTSTRAP`."""

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import RebalanceInProgressError
from python_members import BOOTSTRAP, Member, serve

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}


class KafkaPythonMember(Member, ConsumerRebalanceListener):
    def open(self):
        self.consumer = KafkaConsumer(
            bootstrap_servers=BOOTSTRAP, group_id=self.group, auto_offset_reset="earliest", enable_auto_commit=False,
            partition_assignment_strategy=[ASSIGNORS[self.settings["assignor"]]],
            session_timeout_ms=int(self.settings["session"]), heartbeat_interval_ms=500,
            group_instance_id=self.settings.get("instance"),
        )
        self.consumer.subscribe([self.topic], listener=self)

    def poll(self):
        for batch in self.consumer.poll(timeout_ms=100).values():
            for record in batch:
                yield record.partition, record.offset, record.value

    def commit(self):
        try:
            self.consumer.commit()
        except RebalanceInProgressError:
            return False
        return True

    def close(self):
        self.consumer.close()

    def on_partitions_assigned(self, partitions):
        self.assigned(p.partition for p in partitions)

    def on_partitions_revoked(self, partitions):
        self.revoked(p.partition for p in partitions)

    def on_partitions_lost(self, partitions):
        self.lost(p.partition for p in partitions)


serve(KafkaPythonMember)
