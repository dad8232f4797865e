#!/usr/bin/env python3
"""plain.py HOST:PORT: what a tool printed, but for what is drawn or a matter of time or place; Kafka keeps much of what it lists in sets."""
import re
import sys

MASKS = [
    (re.escape(sys.argv[1]), "HOST:PORT"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"(?<![\w-])[\w-]{22}(?![\w-])", "ID"),
    (r'[^"\s]*/ottla-conformance\.\w+', "WORK"),
    (r"Epoch: \d+", "Epoch: N"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[,.]\d{3}", "TIME"),
]


def plain(line):
    for pattern, mask in MASKS:
        line = re.sub(pattern, mask, line)
    # What it lists with commas comes in any order.
    return " ".join(sorted(re.findall(r"[^\s,()\[\]]+", line))) if "," in line else line


# Where a tool of its own throws is its own matter.
lines = [line.rstrip("\n") for line in sys.stdin if not re.match(r"\tat |\t\.\.\. \d+ more$", line)]
print(*sorted(map(plain, lines)), sep="\n")
