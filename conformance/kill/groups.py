"""Judges groups whose node is ended again and again: `groups.py BOOTSTRAP`, driven by lines on stdin.

    start       creates the topic, and the members of each group, in processes of their own (members.py)
    ended       the node has been ended: nothing that was sent before, and whose sender has given up, is under way any more
    offsets     what each group has committed is what was acknowledged last, or was sent and may have come later
    check       the same, and with members that stay each group becomes stable: each partition has one owner, who knows it
    stop        ends the members, and sums up

Each answer is a line, "ok ..." or what is wrong.
"""

import collections
import dataclasses
import os
import random
import subprocess
import sys
import threading
import time

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP = sys.argv[1]
TOPIC = "owned"
PARTITIONS = 6
SECONDS_TO_ANSWER = 30
SECONDS_TO_SETTLE = 60
# Each process of members: its group, the protocol, how many, the settings. In the classic protocol no static members are cooperative, for it
# has a hole there: if one dies that was to give up something, it comes back to what it was left, and nobody joins again to get the rest.
# librdkafka's cooperative assignor stands still while a commit is always under way; here there is a moment between any two.
CREWS = [
    ("eager", "classic", 2, "partition.assignment.strategy=range,roundrobin"),
    ("eager", "classic", 2, "partition.assignment.strategy=range", "static"),
    ("cooperative", "classic", 3, "partition.assignment.strategy=cooperative-sticky"),
    ("cooperative", "classic", 2, "partition.assignment.strategy=cooperative-sticky"),
    ("uniform", "consumer", 2),
    ("uniform", "consumer", 2),
    ("ranged", "consumer", 2, "group.remote.assignor=range"),
    ("ranged", "consumer", 2, "group.remote.assignor=range", "static"),
    ("migrating", "classic", 2, "partition.assignment.strategy=range"),
    ("migrating", "consumer", 2),
    ("simple", "none", 1),
]
# What Apache Kafka answers to a commit, or to a member that it ends. What the client says of itself begins with "_".
EXPECTED_CODES = [
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR, KafkaError.REQUEST_TIMED_OUT,
    KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.REBALANCE_IN_PROGRESS, KafkaError.FENCED_INSTANCE_ID,
    KafkaError.FENCED_MEMBER_EPOCH, KafkaError.STALE_MEMBER_EPOCH, KafkaError.UNRELEASED_INSTANCE_ID,
]
EXPECTED = {said for code in EXPECTED_CODES for said in (KafkaError(code).name(), KafkaError(code).str().removeprefix("Broker: ").replace(" ", "-"))}
judged = threading.RLock()


@dataclasses.dataclass
class Commit:
    offset: int
    partitions: frozenset
    sent: float
    acknowledged: frozenset = frozenset()
    acknowledged_at: float = None
    # When it can no longer come about: when it was acknowledged, or when the node ended after the sender had given up.
    over: float = None
    given_up: bool = False


class Group:
    def __init__(self):
        self.commits = {}
        self.owned = {}  # by the client id of each member that lives
        self.acknowledged = 0
        self.failed = collections.Counter()

    def node_ended(self, at):
        for commit in self.commits.values():
            if commit.given_up and commit.over is None:
                commit.over = at

    def judge(self, partition, found, asked):
        """What is wrong with the offset that a fetch begun at `asked` has found, or None."""
        mine = [commit for commit in self.commits.values() if partition in commit.partitions]
        bound = [commit for commit in mine if partition in commit.acknowledged and commit.acknowledged_at < asked]
        if found < 0:
            return f"nothing is committed, and {max(commit.offset for commit in bound)} was acknowledged" if bound else None
        commit = self.commits.get(found)
        if commit is None or commit not in mine:
            return f"{found} is committed, and was never sent, or is long outdated"
        later = [other for other in bound if commit.over is not None and other.sent > commit.over]
        return f"{found} is committed, and {later[-1].offset} was sent after it and acknowledged" if later else None

    def forget(self, asked):
        """Forgets commits that no fetch from now on may find."""
        last = {}
        for commit in self.commits.values():
            if commit.acknowledged_at is not None and commit.acknowledged_at < asked:
                for partition in commit.acknowledged:
                    last[partition] = max(last.get(partition, 0.0), commit.sent)
        self.commits = {
            offset: commit for offset, commit in self.commits.items()
            if commit.over is None or any(commit.over >= last.get(partition, 0.0) for partition in commit.partitions)
        }


class Crew:
    """A process of members, which is killed now and then and begins anew."""

    def __init__(self, number, group, protocol, count, *settings):
        self.number, self.group, self.members = number, group, groups[group]
        self.arguments = [BOOTSTRAP, group, protocol, str(number), str(count), *settings]
        self.command = "churn"
        self.heard = threading.Event()
        self.begin()

    def begin(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "members.py")
        self.process = subprocess.Popen(
            [sys.executable, program, *self.arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "SEED": str(random.randrange(1 << 32))},
        )
        self.drive(self.command)
        self.reader = threading.Thread(target=self.follow, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def drive(self, command):
        if command != "mark":
            self.command = command
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        with judged:
            for client in [client for client in self.members.owned if client.startswith(f"{self.group}-{self.number}.")]:
                del self.members.owned[client]
            for commit in self.members.commits.values():
                if commit.acknowledged_at is None and commit.offset % 1000 == self.number:
                    commit.given_up = True

    def follow(self, lines):
        for line in lines:
            if line.endswith("\n"):  # else it was killed as it wrote
                with judged:
                    self.take(line.split())

    def take(self, words):
        kind, at, subject = words[0], float(words[1]), words[2]
        if kind == "M":
            self.heard.set()
        elif kind == "+":
            self.members.owned[subject] = frozenset()
        elif kind == "-":
            del self.members.owned[subject]
        elif kind == "=":
            self.members.owned[subject] = places(words[3])
        elif kind == "!":
            self.members.failed[words[3]] += 1
        elif kind == "S":
            self.members.commits[int(subject)] = Commit(int(subject), places(words[3]), at)
        elif kind == "A":
            commit = self.members.commits[int(subject)]
            commit.acknowledged, commit.acknowledged_at = places(words[3]), at
            if commit.acknowledged == commit.partitions:
                commit.over = at
            self.members.acknowledged += len(commit.acknowledged)
        elif kind == "F":
            self.members.commits[int(subject)].given_up = True
            self.members.failed[words[3]] += 1


def places(text):
    return frozenset() if text == "none" else frozenset(map(int, text.split(",")))


def answered(what, ask):
    """Asks again until it is answered: the node has only just begun."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while True:
        try:
            return ask()
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise ValueError(f"{what}: not answered within {SECONDS_TO_ANSWER} s: {error}") from error
            time.sleep(0.05)


def hear_all():
    """Returns once everything is known that members have told up to now."""
    for crew in crews:
        crew.heard.clear()
        crew.drive("mark")
    for crew in crews:
        if not crew.heard.wait(SECONDS_TO_ANSWER):
            raise ValueError(f"the members {crew.arguments} tell nothing any more")


def check_offsets():
    seen = 0
    for name, group in groups.items():
        asked = None

        def ask(name=name):
            nonlocal asked
            asked = time.monotonic()
            future = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)], request_timeout=5)[name]
            return future.result().topic_partitions

        found = {place.partition: place for place in answered(f"offsets of {name}", ask)}
        errors = [str(place.error) for place in found.values() if place.error is not None]
        if errors:
            raise ValueError(f"{name}: {errors}")
        offsets = {partition: found[partition].offset if partition in found else -1 for partition in range(PARTITIONS)}
        hear_all()
        with judged:
            for partition, offset in offsets.items():
                wrong = group.judge(partition, offset, asked)
                if wrong:
                    raise ValueError(f"group {name}, partition {partition}: {wrong}")
            group.forget(asked)
        seen += len(found)
    return seen


def described(name):
    return answered(f"description of {name}", lambda: admin.describe_consumer_groups([name], request_timeout=5)[name].result())


def unsettled():
    """Why the groups are not what their members think, or None."""
    descriptions = {name: described(name) for name in groups if name != "simple"}
    with judged:
        for name, description in descriptions.items():
            owned_by = ((member.client_id, member.assignment.topic_partitions) for member in description.members)
            shown = {client: frozenset(place.partition for place in owned) for client, owned in owned_by}
            owners = collections.Counter(partition for owned in shown.values() for partition in owned)
            if description.state != ConsumerGroupState.STABLE:
                return f"{name} is {description.state.name}"
            if shown != groups[name].owned:
                return f"{name} is shown as {readable(shown)} and its members say {readable(groups[name].owned)}"
            if owners != collections.Counter(range(PARTITIONS)) or len(shown) != len(description.members):
                return f"{name}: the owners are {readable(shown)}"
    return None


def readable(owned):
    return {client: sorted(partitions) for client, partitions in sorted(owned.items())}


def settle():
    """Tells how long it took, and if that was long, for what."""
    began, last = time.monotonic(), None
    while (problem := unsettled()) is not None:
        last = problem
        if time.monotonic() > began + SECONDS_TO_SETTLE:
            raise ValueError(f"not settled within {SECONDS_TO_SETTLE} s: {problem}")
        time.sleep(0.1)
    seconds = time.monotonic() - began
    return f"{seconds:.1f} s" if seconds < SECONDS_TO_SETTLE / 4 else f"{seconds:.1f} s ({last})"


def check():
    for crew in crews:
        crew.drive("hold")
    settled = settle()
    count = check_offsets()
    for crew in crews:
        crew.drive("churn")
    if random.random() < 0.5:
        crew = random.choice(crews)
        crew.end()
        crew.begin()
    members = sum(len(group.owned) for group in groups.values())
    return f"{count} committed offsets are right, {members} members settled after {settled}"


def what_failed():
    with judged:
        return dict(sum((group.failed for group in groups.values()), collections.Counter()))


def sum_up():
    """Fails if there was nothing to lose, or where something has failed as it never does."""
    acknowledged = {name: group.acknowledged for name, group in groups.items()}
    if 0 in acknowledged.values():
        raise ValueError(f"groups without an acknowledged commit: {acknowledged}")
    unexpected = [reason for reason in what_failed() if reason not in EXPECTED and not reason.startswith("_")]
    if unexpected:
        raise ValueError(f"nobody expects {unexpected}")
    return f"{sum(acknowledged.values())} commits of a partition were acknowledged; what failed: {what_failed()}"


def create():
    future = admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC]
    future.result(20)
    crews.extend(Crew(number, *crew) for number, crew in enumerate(CREWS))


def main():
    for line in sys.stdin:
        try:
            match line.strip():
                case "start":
                    create()
                    answer = f"{len(groups)} groups"
                case "ended":
                    with judged:
                        for group in groups.values():
                            group.node_ended(time.monotonic())
                    answer = ""
                case "offsets":
                    answer = f"{check_offsets()} committed offsets are right"
                case "check":
                    answer = check()
                case "stop":
                    check_offsets()
                    for crew in crews:
                        crew.end()
                    answer = sum_up()
            problem = None
        except (ValueError, KafkaException) as error:
            problem = f"{error}; what failed: {what_failed()}"
        print(problem or f"ok {answer}", flush=True)


random.seed(os.environ["SEED"])
groups = {crew[0]: Group() for crew in CREWS}
crews = []
# As it bootstraps anew, librdkafka 2.16 may get stuck on the connection that it gives up.
settings = {"bootstrap.servers": BOOTSTRAP, "metadata.recovery.strategy": "none", "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}
admin = AdminClient(settings, logger=None)
main()
