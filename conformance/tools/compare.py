#!/usr/bin/env python3
"""compare.py FILE DIFFERENCES THEIRS OURS: what the transcripts of a file of commands differ in, command by command. Lines that are known to
differ are passed over; a known difference that is none is a fault, too."""
import difflib
import re
import sys

file, differences, *paths = sys.argv[1:]
known = {}
for line in open(differences):
    if line.startswith(file + "\t"):
        known[line.split("\t")[1]] = 0


def commands(path):
    """Each command with the lines that follow it."""
    found = [("what comes before", [])]
    for line in open(path):
        line = line.rstrip("\n")
        if line.startswith("> "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def served(lines, ours):
    """Without the APIs that ours does not serve yet: a release may serve less, but what it serves in the same versions."""
    absent = {line.split(":")[0] for line in ours if re.fullmatch(r"\t\w+\(\d+\): UNSUPPORTED,?", line)}
    return [line.rstrip(",") for line in lines if line.split(":")[0] not in absent] if absent else lines


def differ(command, theirs, ours):
    """The lines that differ, theirs behind a -, ours behind a +, with some around them."""
    said, new = [], False
    theirs, ours = served(theirs, ours), served(ours, ours)
    for line in list(difflib.unified_diff(theirs, ours, n=3, lineterm=""))[2:]:
        pattern = line[0] in "-+" and next((pattern for pattern in known if re.search(pattern, f"{command}: {line}")), None)
        if pattern:
            known[pattern] += 1
        else:
            said.append(line)
            new |= line[0] in "-+"
    return said if new else []


theirs, ours = map(commands, paths)
different = 0
for (command, their), (same_command, our) in zip(theirs, ours):
    assert command == same_command, "both play the same file"
    said = differ(command, their, our)
    if said:
        different += 1
        print("", f"> {command}", *said, sep="\n")
if len(theirs) != len(ours):
    different += 1
    print(f"theirs came to {len(theirs) - 1} commands, ours to {len(ours) - 1}")
for pattern in (pattern for pattern, times in known.items() if not times):
    different += 1
    print(f"no difference any more: {pattern}")
lines = f", {sum(known.values())} lines known to differ" if known else ""
print(f"{file}: {len(theirs) - 1} commands, {different} differences{lines}")
sys.exit(1 if different else 0)
