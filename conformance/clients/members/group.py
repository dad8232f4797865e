"""A group whose members are told what to do from here: who owns what, and who has read which record."""

import collections
import contextlib
import os
import pathlib
import subprocess
import threading

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from python_cases import BOOTSTRAP, LOGS, equal, holds, wait

CLIENTS = pathlib.Path(__file__).parent.parent
# Seconds that a change may take; a busy machine needs longer than the timeouts of the protocol say.
PATIENCE = 180
# Seconds that a process may take to end once its members have left.
SECONDS_TO_END = 60
admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


def table(tool, *arguments):
    """The rows that one of Apache's tools prints below its headings."""
    command = [CLIENTS.parent / "peer" / "kafka", tool, "--bootstrap-server", BOOTSTRAP, *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
    headings, *rows = [line.split() for line in said.splitlines() if line.strip()]
    return [dict(zip(headings, row)) for row in rows]


class Member:
    """What a member has reported of itself."""

    def __init__(self, program):
        self.program = program
        self.owned, self.generation, self.changes, self.end = (), None, 0, None

    def __repr__(self):
        return self.end or f"{self.program.client} has {list(self.owned)} in {self.generation}"


class Program:
    """A process that plays members of one group on one client."""

    def __init__(self, client, group):
        self.client, self.group = client, group
        self.process = subprocess.Popen(
            [CLIENTS / client / "member"], env={**os.environ, "BOOTSTRAP": BOOTSTRAP}, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(LOGS / f"{group.name}.{client}.stderr").open("a"),
        )
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")

    def listen(self):
        for line in self.process.stdout:
            self.group.heard(*line.rstrip("\n").split(" "))

    def kill(self):
        """Ends it without a word to the broker; what it had reported is heard."""
        self.process.kill()
        self.close()

    def close(self):
        """Tells it nothing more, whereupon it has to end."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.client} is still there {SECONDS_TO_END} s after it was told all") from None
        finally:
            self.process.kill()
            self.reader.join()


class Group:
    """A group with the name of its topic, into which numbered records come all the time."""

    def __init__(self, topic, partitions=12):
        self.name, self.partitions = topic, partitions
        self.members, self.programs = {}, []
        self.readers = collections.defaultdict(list)
        self.changed = threading.Condition()
        admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(20)
        self.feed = Feed(topic, partitions)

    def __enter__(self):
        self.feed.start()
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as ends:
            for program in self.programs:
                ends.callback(program.close)
            ends.callback(self.feed.stop)

    # Reports

    def heard(self, name, what, *words):
        with self.changed:
            member = self.members[name]
            if what == "read":
                self.readers[int(words[2])].append(name)
            elif what == "owns":
                member.generation, member.owned = words[0], tuple(sorted(map(int, words[1:])))
                member.changes += 1
            else:
                member.owned, member.end = (), " ".join([what, *words])
            self.changed.notify_all()

    def until(self, what, condition, seconds=PATIENCE):
        with self.changed:
            holds(f"{what} within {seconds} s: {self.members}", self.changed.wait_for(condition, seconds))

    # Changes

    def program(self, client):
        self.programs.append(Program(client, self))
        return self.programs[-1]

    def join(self, program, *names, **settings):
        for name in names:
            with self.changed:
                self.members[name] = Member(program)
            program.tell("join", name, self.name, self.name, *(f"{key}={value}" for key, value in settings.items()))

    def leave(self, *names):
        for name in names:
            self.members[name].program.tell("leave", name)
        self.until(f"{names} leave", lambda: all(self.members[name].end for name in names))
        equal("ends", ["left"] * len(names), [self.members[name].end for name in names])

    def kill(self, program):
        program.kill()
        self.killed(*(name for name, member in self.alive().items() if member.program is program))

    def killed(self, *names):
        """These could not commit what they had read."""
        with self.changed:
            for name in names:
                self.members[name].owned, self.members[name].end = (), "killed"

    # Expectations

    def alive(self):
        """The members there are; none has ended but those that were told to leave, or of whom a case has said that they are killed."""
        failed = {name: member.end for name, member in self.members.items() if member.end not in (None, "left", "killed")}
        equal("members that have failed", {}, failed)
        return {name: member for name, member in self.members.items() if member.end is None}

    def shared(self):
        """Whether every partition has one owner, and the members as many as each other."""
        shares = [member.owned for member in self.alive().values()]
        return sorted(sum(shares, ())) == list(range(self.partitions)) and max(map(len, shares)) - min(map(len, shares)) <= 1

    def settle(self, kind):
        """Waits until members and coordinator agree on who owns what."""
        self.until("one owner for each partition", self.shared)
        wait("a stable group", lambda: self.described() == (kind, sorted(m.owned for m in self.alive().values())), PATIENCE)

    def described(self):
        """The type of the group and the shares of its members, as the coordinator tells them; nothing of one that is not stable."""
        [future] = admin.describe_consumer_groups([self.name]).values()
        found = future.result(20)
        if found.state != ConsumerGroupState.STABLE:
            return None
        return found.type.name, sorted(tuple(sorted(p.partition for p in m.assignment.topic_partitions)) for m in found.members)

    def shown_by_tools(self, kind):
        """Apache's tools name the type of the group, and the protocol's own columns."""
        [listed] = [row for row in table("groups", "--list") if row["GROUP"] == self.name]
        equal("type and protocol", (kind.capitalize(), "consumer"), (listed["TYPE"], listed["PROTOCOL"]))
        [row] = table("consumer-groups", "--describe", "--group", self.name, "--state", "--verbose")
        equal("state", "Stable", row["STATE"])
        equal("members", str(len(self.alive())), row["#MEMBERS"])
        # Only a group of the consumer protocol has epochs.
        holds(f"epochs if it is of type {kind}: {row}", (row["GROUP-EPOCH"] == "-") == (kind == "CLASSIC"))

    def finish(self):
        """
        All records come, everyone leaves, and no two members have read the same but where one was killed or fenced, perhaps before
        it had committed; and what is committed is the end.
        """
        sent = self.feed.stop()
        self.until("every record is read", lambda: self.alive() and len(self.readers) == sent)
        self.leave(*self.alive())
        again = {
            value: readers for value, readers in self.readers.items()
            if sum(self.members[reader].end != "killed" for reader in readers) > 1
        }
        equal("records that came again", {}, again)
        [future] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self.name)]).values()
        committed = {p.partition: p.offset for p in future.result(20).topic_partitions}
        equal("committed offsets", dict(enumerate(self.feed.ends)), committed)


class Feed(threading.Thread):
    """Produces numbered records to the partitions in turn."""

    def __init__(self, topic, partitions):
        super().__init__(daemon=True)
        self.topic, self.ends, self.failures = topic, [0] * partitions, []
        self.over = threading.Event()

    def run(self):
        producer, sent = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "message.timeout.ms": 60_000}), 0
        while not self.over.wait(0.02):
            partition = sent % len(self.ends)
            producer.produce(self.topic, str(sent).encode(), partition=partition, on_delivery=self.delivered)
            producer.poll(0)
            self.ends[partition] += 1
            sent += 1
        if producer.flush(60):
            self.failures.append("not all was sent")

    def delivered(self, error, _):
        if error is not None:
            self.failures.append(KafkaException(error))

    def stop(self):
        """Ends it and returns how many records there are."""
        self.over.set()
        self.join()
        equal("failures of the producer", [], self.failures)
        return sum(self.ends)
