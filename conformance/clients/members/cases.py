"""Groups whose members are on all clients, in both protocols: `cases.py BOOTSTRAP LOGS [CASE]` prints `case pass|fail seconds` for each."""

import os

from group import Group
from python_cases import CASES, equal, holds, run

LONG = bool(int(os.environ.get("LONG", "0")))
# Milliseconds after which the coordinator gives a silent classic member up; the node says it for the consumer protocol. A static member
# has to be back within them, on a busy machine, too.
SESSION = 30_000
CLASSIC = {"protocol": "classic", "session": SESSION}
CONSUMER = {"protocol": "consumer"}


def kind(settings):
    return settings["protocol"].upper()


# One to twelve members over twelve partitions


def churn(topic, client, **settings):
    """Members join until there are twelve, four of them are killed, others join in their place, and all but one leave."""
    names = [f"m{i}" for i in range(14)]
    # A process is killed as one, so that there are three.
    with Group(topic) as group:
        programs = [group.program(client) for _ in range(3)]

        def join(*numbers):
            for i in numbers:
                group.join(programs[i % 3], names[i], **settings)
            group.settle(kind(settings))

        for numbers in [[i] for i in range(12)] if LONG else ([0], [1], [2, 3, 4], range(5, 12)):
            join(*numbers)
        group.kill(programs[2])
        equal("those who are left", 8, len(group.alive()))
        group.settle(kind(settings))
        programs[2] = group.program(client)
        join(12, 13)
        leaving = [name for name in group.alive()][:-1]
        for some in [[name] for name in leaving] if LONG else (leaving[:3], leaving[3:]):
            group.leave(*some)
            group.settle(kind(settings))
        group.finish()


CASES["churn-classic"] = lambda topic: churn(topic, "franz-go", assignor="cooperative-sticky", **CLASSIC)
CASES["churn-consumer"] = lambda topic: churn(topic, "java", **CONSUMER)
if LONG:
    CASES["churn-franz-go-eager"] = lambda topic: churn(topic, "franz-go", assignor="sticky", **CLASSIC)
    CASES["churn-franz-go-consumer"] = lambda topic: churn(topic, "franz-go", remote="uniform", **CONSUMER)
    CASES["churn-java-classic"] = lambda topic: churn(topic, "java", assignor="cooperative-sticky", **CLASSIC)
    CASES["churn-java-eager"] = lambda topic: churn(topic, "java", assignor="range", **CLASSIC)
    CASES["churn-librdkafka-classic"] = lambda topic: churn(topic, "confluent-python", assignor="range", **CLASSIC)
    CASES["churn-librdkafka-consumer"] = lambda topic: churn(topic, "confluent-python", **CONSUMER)


# Clients in five languages


def mixed(topic, assignor, *clients):
    """Clients that have an assignor in common share a group."""
    settings = {"assignor": assignor, **CLASSIC}
    with Group(topic) as group:
        programs = {client: group.program(client) for client in clients}
        for client in clients:
            group.join(programs[client], client, **settings)
            group.settle("CLASSIC")
        # Each takes its turn away, so that each has led others.
        for client in clients:
            group.leave(client)
            group.settle("CLASSIC")
            group.join(programs[client], f"{client}-again", **settings)
            group.settle("CLASSIC")
        group.finish()


CASES["mixed"] = lambda topic: mixed(topic, "roundrobin", "java", "confluent-python", "franz-go", "kafkajs", "kafka-python")
if LONG:
    CASES["mixed-range"] = lambda topic: mixed(topic, "range", "java", "confluent-python", "franz-go", "kafka-python")
    CASES["mixed-cooperative"] = lambda topic: mixed(topic, "cooperative-sticky", "java", "franz-go")


def mixed_consumer(topic):
    """Those who follow the consumer protocol in one group, beside one who follows the classic one."""
    with Group(topic) as group:
        group.join(group.program("kafka-python"), "classic", assignor="range", **CLASSIC)
        group.settle("CLASSIC")
        for client in "java", "confluent-python", "franz-go":
            group.join(group.program(client), client, **CONSUMER)
            group.settle("CONSUMER")
        for name in "java", "classic", "confluent-python":
            group.leave(name)
            group.settle("CONSUMER")
        group.finish()


CASES["mixed-consumer"] = mixed_consumer


# From the classic protocol to the consumer protocol and back, while the group runs


def migrate(topic, client, assignor, killed=False):
    """Members of the other protocol take the places of those there are, one after another; each time round, the group changes its type."""
    with Group(topic) as group:
        classic = {"assignor": assignor, **CLASSIC}

        def join(name, settings):
            # One is killed with all that its process plays.
            program = group.program(client) if killed or not group.programs else group.programs[0]
            group.join(program, name, **settings)

        there = [f"member-{i}" for i in range(3)]
        for name in there:
            join(name, classic)
        group.settle("CLASSIC")
        for settings in CONSUMER, classic:
            for i, leaver in enumerate(there):
                there[i] = f"{leaver}-{settings['protocol']}"
                join(there[i], settings)
                # With members of both, it is a group of the consumer protocol.
                group.settle("CONSUMER")
                if killed:
                    group.kill(group.members[leaver].program)
                else:
                    group.leave(leaver)
                group.settle(kind(settings) if i == len(there) - 1 else "CONSUMER")
            group.shown_by_tools(kind(settings))
        group.finish()


CASES["migrate-java"] = lambda topic: migrate(topic, "java", "cooperative-sticky")
CASES["migrate-librdkafka"] = lambda topic: migrate(topic, "confluent-python", "range")
if LONG:
    CASES["migrate-franz-go"] = lambda topic: migrate(topic, "franz-go", "cooperative-sticky")
    CASES["migrate-java-eager"] = lambda topic: migrate(topic, "java", "range")
    CASES["migrate-killed"] = lambda topic: migrate(topic, "franz-go", "range", killed=True)


def restart(topic, client, assignor):
    """Static members are restarted one after another, each with the other protocol, and then back."""
    with Group(topic) as group:
        program, classic = group.program(client), {"assignor": assignor, **CLASSIC}

        def join(i, name, settings):
            group.join(program, name, instance=f"instance-{i}", **settings)

        there = [f"member-{i}" for i in range(3)]
        for i, name in enumerate(there):
            join(i, name, classic)
        group.settle("CLASSIC")
        for settings in CONSUMER, classic:
            for i, leaver in enumerate(there):
                there[i] = f"{leaver}-{settings['protocol']}"
                group.leave(leaver)
                join(i, there[i], settings)
                group.settle(kind(settings) if i == len(there) - 1 else "CONSUMER")
        group.finish()


CASES["migrate-static"] = lambda topic: restart(topic, "java", "range")


# Static members


def static(topic, client, **settings):
    """Who comes back in time finds what it had, and the others notice nothing; who does not loses it; and an instance is there once."""
    instances = ["one", "two", "three"]
    with Group(topic) as group:
        programs = [group.program(client) for _ in instances]

        def join(i, name):
            group.join(programs[i], name, instance=instances[i], **settings)

        for i, name in enumerate(instances):
            join(i, name)
            group.settle(kind(settings))
        before = {name: (member.owned, member.generation, member.changes) for name, member in group.members.items()}

        # Back within the session timeout.
        group.leave("three")
        join(2, "three-again")
        group.until("it has what it had", lambda: group.members["three-again"].owned == before["three"][0])
        group.settle(kind(settings))
        for name in "one", "two":
            member = group.members[name]
            equal(f"what {name} has", before[name], (member.owned, member.generation, member.changes))
        if settings["protocol"] == "classic":
            equal("generation", before["three"][1], group.members["three-again"].generation)

        # Not back within it.
        group.kill(programs[2])
        group.settle(kind(settings))
        programs[2] = group.program(client)
        join(2, "three-late")
        group.settle(kind(settings))

        # Twice: the classic protocol keeps the newer of both, the consumer protocol the older.
        programs.append(group.program(client))
        group.join(programs[3], "three-twice", instance="three", **settings)
        fenced = "three-late" if settings["protocol"] == "classic" else "three-twice"
        group.until("one is fenced", lambda: group.members[fenced].end)
        holds(f"{fenced} is fenced: {group.members}", group.members[fenced].end.startswith("failed"))
        group.killed(fenced)
        group.settle(kind(settings))
        group.finish()


CASES["static-classic"] = lambda topic: static(topic, "java", assignor="range", **CLASSIC)
CASES["static-consumer"] = lambda topic: static(topic, "java", **CONSUMER)
if LONG:
    CASES["static-franz-go-classic"] = lambda topic: static(topic, "franz-go", assignor="range", **CLASSIC)
    CASES["static-librdkafka-classic"] = lambda topic: static(topic, "confluent-python", assignor="range", **CLASSIC)

# Most of the time all members wait.
run("members", at_once=3)
