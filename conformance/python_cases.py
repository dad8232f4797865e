"""What the clients written in Python share: `case` declares a case, `run` plays them and prints `case pass|fail seconds` for each."""

import concurrent.futures
import pathlib
import sys
import time
import traceback

BOOTSTRAP, LOGS = sys.argv[1], pathlib.Path(sys.argv[2])
# Not so old that retention takes what has it.
BASE_TIME = int(time.time() * 1000) - 3_600_000
# A record without a key has 11 bytes besides a value of this size, and its batch 61: together the default of max.message.bytes.
LARGEST_VALUE = 1_048_588 - 61 - 11
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def equal(what, expected, found):
    if expected != found:
        raise AssertionError(f"{what}: expected {expected!r:.300}, found {found!r:.300}")


def holds(what, condition):
    if not condition:
        raise AssertionError(f"does not hold: {what}")


def wait(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        holds(f"{what} within {seconds} s", time.monotonic() < deadline)
        time.sleep(0.02)


def run(client, at_once=1):
    """All cases, or the one that is named behind the directory of the logs; each with a topic of its own name."""
    names = [name for name in CASES if len(sys.argv) < 4 or sys.argv[3] == name]
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for played in [pool.submit(play, client, name) for name in names]:
            played.result()


def play(client, name):
    start, verdict = time.monotonic(), "pass"
    try:
        CASES[name](f"{client}-{name}")
    except BaseException:
        verdict = "fail"
        (LOGS / f"{client}.{name}.log").write_text(traceback.format_exc())
    print(f"{name} {verdict} {int(time.monotonic() - start)}", flush=True)
