#!/usr/bin/env python3
"""plain.py HOST:PORT: what a tool printed, but for what is drawn or a matter of time or place; Kafka keeps much of what it lists in sets."""
import os
import re
import sys

MASKS = [
    (re.escape(os.environ["DATA"]), "DATA"),
    (r'"(totalBytes|usableBytes)":\d+', r'"\1":BYTES'),
    (re.escape(os.getcwd()), "HERE"),
    (re.escape(sys.argv[1]).replace(":", "[: ]"), "HOST:PORT"),
    (re.escape(os.environ["CONTROLLER"]).replace(":", "[: ]"), "CONTROLLER"),
    # Batches are as the producer's time makes them.
    (r'"size":[1-9]\d*', '"size":SOME'),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    # The last of its 22 letters has but two bits of a drawn id; a name of words, or behind its package, is none.
    (r"(?<![\w.-])(?![A-Za-z][a-z]+(?:[A-Z-][a-z]+)*(?![\w-]))[\w-]{21}[AQgw](?![\w-])", "ID"),
    (r'[^"\s]*/ottla-conformance\.\w+', "WORK"),
    (r"Epoch: \d+", "Epoch: N"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[,.:]\d{3}", "TIME"),
    (r'"timestamp":\d{13}', '"timestamp":TIME'),
    (r"correlation id \d+", "correlation id N"),
    # How quick it was.
    (r"\d+(?:\.\d+)?(?= (?:records/sec|MB/sec|ms (?:avg|max) latency|ms \d\d(?:\.\d)?th)\b)", "N"),
    (r"^TIME, TIME, ([\d.]+), \S+, (\d+), \S+, \d+, -?\d+, \S+, \S+$", r"TIME, TIME, \1 MB, N, \2 records, N"),
    (r"\bperf-consumer-\d+(\)?) *", r"perf-consumer-N\1"),
    (r"^(Avg latency: |\d+\t)[\d.]+", r"\1N"),
    (r"\b(\d\d(?:\.\d)?th = )\d+", r"\1N"),
    (r'"avg_throughput":[\d.E-]+', '"avg_throughput":N'),
    # The quorum's log; how far a replica is behind in it is compared.
    (r"^(HighWatermark|MaxFollowerLagTimeMs): +\d+", r"\1: N"),
    (r"^(\d+\s+\S+\s+)\d+\s+(\d+)\s+(?:\d{13}|\d+ ms ago)\s+(?:\d{13}|\d+ ms ago)\s+", r"\1N \2 TIME TIME "),
    # What was wrong is said in each one's own words; which error it is, is not.
    (r"(errors\.\w+Exception: ).*", r"\1WORDS"),
    (r"( Error: [A-Z_]+)\. Error Message: .*(?= \(org\.apache\.kafka\.)", r"\1"),
    (r"^(Error while executing [\w ]+ command( with args '.*')? ?:) .*", r"\1 WORDS"),
]


def in_order(line):
    """What it lists, in one pair of brackets or with a blank behind each comma, comes in any order; a line of CSV does not."""
    lists = []

    def shown(text):
        return re.sub("[\ue000-\uf8ff]", lambda place: lists[ord(place[0]) - 0xE000], text)

    def listed(items):
        return ", ".join(sorted(shown(item.strip()) for item in items.split(",")))

    def keep(brackets):
        lists.append(brackets[1] + listed(brackets[2]) + brackets[3])
        return chr(0xE000 + len(lists) - 1)

    replaced = 1
    while replaced:
        line, replaced = re.subn(r"([(\[{])([^()\[\]{}]*)([)\]}])", keep, line)
    return shown(re.sub(r"[^\s,]+(?:, [^\s,]+)+", lambda items: listed(items[0]), line))


def plain(line):
    for pattern, mask in MASKS:
        line = re.sub(pattern, mask, line)
    line = re.sub(r"(?<=\tConfigs: )\S+", lambda configs: ",".join(sorted(configs[0].split(","))), line)
    return in_order(line)


# Where a tool of its own throws is its own matter.
lines = [line.rstrip("\n") for line in sys.stdin if not re.match(r"\tat |\t\.\.\. \d+ more$", line)]
print(*sorted(map(plain, lines)), sep="\n")
