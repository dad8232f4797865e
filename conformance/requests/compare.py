#!/usr/bin/env python3
"""compare.py REQUESTS THEIRS OURS: the answers to each request, but for what may differ: texts, ids, times and lengths of logs."""
import json
import sys

# Texts are each one's own; the rest is drawn, or a matter of time.
IGNORED = {
    "errorMessage", "batchIndexErrorMessage", "topicId", "documentation", "throttleTimeMs", "replicaDirectoryId", "directoryId", "clusterId", "highWatermark",
    "logEndOffset", "lastFetchTimestamp", "lastCaughtUpTimestamp", "finalizedFeaturesEpoch", "endOffset", "port",
    "logDir", "totalBytes", "usableBytes",
}


def plain(value):
    """Without what may differ; what Kafka keeps in sets comes in any order."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in IGNORED}
    if isinstance(value, list):
        return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def read(answer):
    return plain(json.loads(answer)) if answer.startswith("{") else answer


requests, theirs, ours = ([line.rstrip("\n") for line in open(path)] for path in sys.argv[1:4])
assert len(requests) == len(theirs) == len(ours), "every request has an answer"
differences = 0
for request, their, our in zip(requests, theirs, ours):
    their, our = read(their), read(our)
    if " API_VERSIONS " in request:
        # A release may serve less, but what it serves in the same versions.
        keys = [api["apiKey"] for api in our["apiKeys"]]
        their["apiKeys"] = [api for api in their["apiKeys"] if api["apiKey"] in keys]
    # What both never show is a request that waits for nothing.
    if their != our or str(their).startswith("never "):
        differences += 1
        print(f"{request[:400]}\n  theirs {json.dumps(their)}\n  ours   {json.dumps(our)}")
print(f"{len(requests)} requests, {differences} differences")
sys.exit(1 if differences else 0)
