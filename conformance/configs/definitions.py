#!/usr/bin/env python3
"""definitions.py DIFFERENCES THEIRS OURS: the lines in which the two differ, but for those that match a pattern of DIFFERENCES."""
import os
import re
import sys

differences, theirs, ours = sys.argv[1:]
known = [line.rstrip("\n").split("\t")[0] for line in open(differences) if line.strip() and not line.startswith("#")]
theirs, ours = (open(path, newline="\n").read().split("\n") for path in (theirs, ours))
used, count = set(), 0
for side, lines, others in (("theirs", theirs, set(ours)), ("ours", ours, set(theirs))):
    for line in lines:
        if line in others:
            continue
        line = "definitions: " + " ".join(line.split("\t"))
        pattern = next((pattern for pattern in known if re.search(pattern, line)), None)
        if pattern:
            used.add(pattern)
        else:
            count += 1
            print(f"{line} (only {side})")
with open(os.environ["USED"], "a") as file:
    file.writelines(f"{pattern}\n" for pattern in used)
print(f"definitions: {len(theirs)} lines, {count} differences")
sys.exit(1 if count else 0)
