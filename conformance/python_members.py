"""What members of groups written in Python share: they are told by lines on stdin and report, as clients/members/README.md has it."""

import sys
import threading

BOOTSTRAP = sys.argv[1]


class Member(threading.Thread):
    """Plays a member; a client's class has `open`, `poll`, `commit` and `close`, and calls `assigned` and `revoked`."""

    def __init__(self, name, group, topic, settings):
        super().__init__()
        self.name, self.group, self.topic, self.settings = name, group, topic, settings
        self.owned, self.uncommitted, self.leaving = set(), False, threading.Event()

    def run(self):
        try:
            self.open()
            while not self.leaving.is_set() or self.uncommitted:
                for partition, offset, value in self.poll():
                    self.report("read", partition, offset, value.decode())
                    self.uncommitted = True
                self.commit_read()
            self.close()
        except Exception as e:
            self.report("failed", f"{e!r}".replace("\n", " "))
            return
        self.report("left")

    def commit_read(self):
        """Commits what was read; in the middle of a rebalance, a later call does."""
        if self.uncommitted and self.commit():
            self.uncommitted = False

    def assigned(self, partitions):
        self.owned.update(partitions)
        self.report("owns", "-", *sorted(self.owned))

    def revoked(self, partitions):
        self.commit_read()
        self.owned.difference_update(partitions)
        self.report("owns", "-", *sorted(self.owned))

    def lost(self, partitions):
        self.uncommitted = False
        self.revoked(partitions)

    def report(self, *words):
        # One write, so that the lines of members stay apart.
        sys.stdout.write(" ".join(map(str, (self.name, *words))) + "\n")
        sys.stdout.flush()


def serve(kind):
    """Obeys the lines on stdin until its end; `kind` is the client's class."""
    members = {}
    for line in sys.stdin:
        command, name, *words = line.split()
        if command == "leave":
            members[name].leaving.set()
        else:
            group, topic, *settings = words
            members[name] = kind(name, group, topic, dict(setting.split("=") for setting in settings))
            members[name].start()
    for member in members.values():
        member.leaving.set()
    for member in members.values():
        member.join()
