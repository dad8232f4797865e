#!/usr/bin/env python3
"""Requests for Ask, a line each.
  questions.py set FILE              what a file of sets/ alters, and then descriptions of all there is
  questions.py values DEFINITIONS    every key set to good and bad values, by what Definitions printed

Lines of a set behind its properties, after a line --:
  RESOURCE NAME KEY=VALUE...         sets them; KEY alone deletes it, KEY+=VALUE adds to a list; NAME is - where it is empty
  topic NAME KEY=VALUE...            creates it first
  controller RESOURCE NAME …         the same, asked of the controller
  wait MILLISECONDS                  until what was altered is taken over
"""
import json
import sys

TYPES = {"topic": 2, "broker": 4, "broker-logger": 8, "client-metrics": 16, "group": 32}


def say(key, version, request, listener="broker"):
    print(listener, key, version, json.dumps(request))


def name_of(word):
    return "" if word == "-" else word


def alter(kind, name, words, validate_only=False, listener="broker"):
    configs = []
    for word in words:
        key, is_set, value = word.partition("=")
        operation = 2 if key.endswith("+") else 0 if is_set else 1
        configs.append({"name": key.rstrip("+"), "configOperation": operation, "value": value if is_set else None})
    resource = {"resourceType": TYPES[kind], "resourceName": name, "configs": configs}
    say("INCREMENTAL_ALTER_CONFIGS", 1, {"resources": [resource], "validateOnly": validate_only}, listener)


def create(name):
    topic = {"name": name, "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []}
    say("CREATE_TOPICS", 7, {"topics": [topic], "timeoutMs": 10000, "validateOnly": False})


def describe(resources, version=4, synonyms=True, documentation=True):
    asked = [{"resourceType": TYPES[kind], "resourceName": name, "configurationKeys": keys} for kind, name, keys in resources]
    request = {"resources": asked, "includeSynonyms": synonyms}
    if version >= 3:
        request["includeDocumentation"] = documentation
    say("DESCRIBE_CONFIGS", version, request)


def of_set(path):
    lines = iter(open(path).read().splitlines())
    for line in lines:
        if line == "--":
            break
    seen = {("broker", "1"), ("broker", ""), ("client-metrics", "none"), ("group", "none"), ("topic", "plain")}
    create("plain")
    for line in lines:
        if not line or line.startswith("#"):
            continue
        listener = "controller" if line.startswith("controller ") else "broker"
        kind, name, *words = line.removeprefix("controller ").split(" ")
        if kind == "wait":
            print(line)
            continue
        name = name_of(name)
        if kind == "topic" and (kind, name) not in seen:
            create(name)
        seen.add((kind, name))
        alter(kind, name, words, listener=listener)
    # Brokers take over what is committed when they get to it.
    print("wait 1000")
    for kind, name in sorted(seen):
        for version, synonyms in ((4, True), (4, False), (1, True)):
            # The other loggers are each one's own.
            describe([(kind, name, ["root"] if kind == "broker-logger" else None)], version, synonyms, synonyms)


def values(path):
    """What a broker's key is set to is only validated: some would take the node off the network."""
    create("values")
    names = {"topic": ["values"], "group": ["values"], "client-metrics": ["values"], "broker": ["1", ""]}
    keys, tried = {}, {}
    for line in open(path, newline="\n"):
        word, scope, key, *rest = line.rstrip("\n").split("\t")
        if word == "key":
            keys[scope, key] = rest
        else:
            tried.setdefault((scope, key), []).append(rest)
    for (scope, key), (kind, _, default) in keys.items():
        texts = tried.get((scope, key), [])
        if scope == "broker":
            # Enough of the good ones: their forms are compared where they are defined.
            good = [text for text, outcome in texts if outcome != "refused"][::8]
            bad = [text for text, outcome in texts if outcome == "refused"][::16]
            texts = [default] * (default != "\\N" and kind != "CLASS") + good + bad
        else:
            texts = [text for text, _ in texts]
        for name in names[scope]:
            for text in dict.fromkeys(texts):
                alter(scope, name, [f"{key}={text}"], True)
            alter(scope, name, [key], True)
        if scope != "broker":
            for text in texts:
                alter(scope, "values", [f"{key}={text}"])
            print("wait 50")
            describe([(scope, "values", [key])])
            alter(scope, "values", [key])


if sys.argv[1] == "set":
    of_set(sys.argv[2])
else:
    values(sys.argv[2])
