#!/usr/bin/env python3
"""compare.py DIFFERENCES NAME REQUESTS THEIRS OURS: what the answers of two nodes differ in, a line for each difference. Those that match a
pattern of DIFFERENCES are known; the patterns that were of use are added to the file USED."""
import json
import os
import re
import sys

differences, name, *paths = sys.argv[1:]
known = [line.rstrip("\n").split("\t")[0] for line in open(differences) if line.strip() and not line.startswith("#")]
RESOURCES = {2: "topic", 4: "broker", 8: "broker-logger", 16: "client-metrics", 32: "group"}


def configs(answer):
    """Each config by its resource; of a text that explains it only whether it is there."""
    found = {}
    for result in answer["results"]:
        resource = f'{RESOURCES.get(result["resourceType"])} {result["resourceName"]}'
        found[resource] = {"errorCode": result["errorCode"], "has a message": bool(result["errorMessage"])}
        for config in result["configs"]:
            if "documentation" in config:
                config["documentation"] = bool(config["documentation"])
            found[f'{resource} {config["name"]}'] = config
    return found


def items(answer, request):
    """Each answer by its resource."""
    if "results" in answer:
        return configs(answer)
    asked = request.get("resources", [{}])[0]
    what = " ".join(f'{config["name"]}={config["value"]}' for config in asked.get("configs", []))
    only = " validate-only" if request.get("validateOnly") else ""
    return {
        f'{RESOURCES.get(one.get("resourceType"), "topic")} {one.get("resourceName", one.get("name"))} {what}{only}': {"errorCode": one["errorCode"]}
        for one in answer.get("responses", answer.get("topics", []))
    }


def compare(request, theirs, ours):
    if not (theirs.startswith("{") and ours.startswith("{")):
        return [f"{request[:200]}: theirs {theirs[:60]}, ours {ours[:60]}"] if theirs != ours else []
    body = json.loads(request.split(" ", 3)[3])
    version = request.split(" ")[2]
    theirs, ours = (items(json.loads(answer), body) for answer in (theirs, ours))
    said = []
    for key in sorted(theirs.keys() | ours.keys()):
        their, our = theirs.get(key), ours.get(key)
        if their is None or our is None:
            said.append(f'{key}: {"only ours" if their is None else "only theirs"}')
            continue
        for field in sorted(their.keys() | our.keys()):
            if field == "documentation" and our.get(field):
                continue
            if their.get(field) != our.get(field):
                said.append(f"{key}: {field}: theirs {their.get(field)}, ours {our.get(field)}")
    return said


requests, theirs, ours = ([line.rstrip("\n") for line in open(path)] for path in paths)
assert len(requests) == len(theirs) == len(ours), "every request has an answer"
used, new, count = set(), {}, 0
for request, their, our in zip(requests, theirs, ours):
    for difference in compare(request, their, our) if not request.startswith("wait ") else ():
        difference = f"{name}: {difference}"
        pattern = next((pattern for pattern in known if re.search(pattern, difference)), None)
        if pattern:
            used.add(pattern)
            count += 1
        else:
            new[difference] = new.get(difference, 0) + 1
for difference, times in new.items():
    print(difference, f"({times} times)" if times > 1 else "")
if "USED" in os.environ:
    with open(os.environ["USED"], "a") as file:
        file.writelines(f"{pattern}\n" for pattern in used)
print(f"{name}: {len(requests)} requests, {len(new)} differences, {count} known")
sys.exit(1 if new else 0)
