"""Damages the data directory of a node that is stopped, as a seed says: `damage.py SEED DATA clean|killed KEPT`.

Prints what it did, a line each, and writes to KEPT which records must still be there: lines of a partition's directory, the offset up to
which nothing was touched, and whether its `partition.metadata` is left. Batches are found by their heads alone, so this knows no more of the format than their lengths.
"""

import os
import random
import shutil
import struct
import sys

seed, data, stop, kept_path = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
dice = random.Random(seed)
# From here on a batch's checksum and what it is about: of damage of the base offset or the leader epoch alone nobody can know.
CHECKED_FROM = 17


def path(*names):
    return os.path.join(data, *names)


def read(name):
    with open(name, "rb") as file:
        return bytearray(file.read())


def write(name, content):
    with open(name, "wb") as file:
        file.write(content)


def told(name, what):
    print(f"  {os.path.relpath(name, data)}: {what}")


def files(partition, suffix):
    return sorted(path(partition, name) for name in os.listdir(path(partition)) if name.endswith(suffix))


def batches(content):
    """Position and offset behind each batch; the last pair is the end."""
    position, offset, found = 0, 0, [(0, None)]
    while position + 61 <= len(content):
        base, length = struct.unpack_from(">qi", content, position)
        (delta,) = struct.unpack_from(">i", content, position + 23)
        if length < 49 or position + 12 + length > len(content):
            break
        position, offset = position + 12 + length, base + delta + 1
        found.append((position, offset))
    return found


def damage_segment(name):
    """Damages a segment behind some point; gives the offset up to which it is whole."""
    content = read(name)
    borders = batches(content)
    base = int(os.path.basename(name)[:20])

    def whole(point):
        offset = [offset for position, offset in borders if position <= point][-1]
        return base if offset is None else offset

    end = whole(len(content))
    kind = dice.choice(["cut", "flip", "zeros", "garbage", "zeros behind", "garbage behind"] if content else ["zeros behind"])
    if kind == "cut":
        at = dice.randrange(len(content))
        del content[at:]
        end = whole(at)
    elif kind in ("flip", "zeros", "garbage"):
        at = dice.randrange(len(content))
        end = whole(at)
        at = max(at, max(position for position, _ in borders if position <= at) + CHECKED_FROM)
        if kind == "flip":
            content[at] ^= 1 << dice.randrange(8)
        elif kind == "zeros":
            content[at:] = bytes(len(content) - at)
        else:
            count = min(len(content) - at, dice.randrange(1, 200))
            content[at:at + count] = dice.randbytes(count)
    elif kind == "zeros behind":
        content += bytes(dice.randrange(1, 5000))
    else:
        content += dice.randbytes(dice.randrange(1, 5000))
    write(name, content)
    told(name, f"{kind}; whole up to offset {end}")
    return end


def damage_file(name, entry=1, shows=False):
    """Damages a file that can be made from others; `shows`: not so that it looks like another right one."""
    content = read(name)
    kind = dice.choice(["gone", "empty", "cut", "zeros", "garbage", "garbage behind"])
    if entry == 1 and not has_wrong_texts:
        kind = "gone"
    if kind == "gone":
        os.remove(name)
        told(name, kind)
        return
    if kind == "empty":
        content = bytearray()
    elif kind == "cut":
        left = dice.randrange(len(content)) if content else 0
        if shows and entry > 1 and left % entry == 0:
            left += 1
        if entry == 1:
            left = min(left, max(0, content.rfind(b"\n", 0, -1)))
        del content[left:]
    elif kind == "zeros":
        at = 0 if shows else dice.randrange(max(1, len(content)))
        content[at:] = bytes(len(content) - at)
    else:
        at = dice.randrange(max(1, len(content))) if kind == "garbage" else len(content)
        # No digits: another number in a text is another right one.
        garbage = bytes(byte | 0x80 for byte in dice.randbytes(dice.randrange(1, 60)))
        if kind == "garbage":
            content[at:at + len(garbage)] = garbage[:max(1, len(content) - at)]
        else:
            content += garbage
    write(name, content)
    told(name, kind)


def leave_over(partition):
    """What a deletion or a compaction leaves that was ended within."""
    segments = files(partition, ".log")
    some = dice.choice(segments)[:-len(".log")]
    garbage = dice.randbytes(300)
    kind = dice.randrange(6)
    if kind == 0:
        write(some + ".log.cleaned", garbage)
        told(some + ".log.cleaned", "added")
    elif kind == 1:
        write(some + ".log.deleted", garbage)
        write(some + ".timeindex.deleted", garbage)
        told(some + ".log.deleted", "added")
    elif kind == 2:
        if not files(partition, ".swap"):
            shutil.copyfile(some + ".log", some + ".log.swap")
            told(some + ".log.swap", "added, the same batches")
    elif kind == 3:
        orphan = path(partition, "00000000000000000001")
        write(orphan + ".index", garbage)
        write(orphan + ".timeindex", garbage)
        told(orphan + ".index", "added")
    elif kind == 4:
        gone = path(f"{partition}.{dice.getrandbits(128):032x}-delete")
        shutil.copytree(path(partition), gone)
        told(gone, "added")
    else:
        for name in ("leader-epoch-checkpoint.tmp", "partition.metadata.tmp"):
            write(path(partition, name), garbage)
            told(path(partition, name), "added")


if stop == "killed":
    is_clean = False
else:
    is_clean = dice.random() < 0.5
    if not is_clean:
        os.remove(path(".kafka_cleanshutdown"))
print(f"  seed {seed}: {stop}, {'taken for clean' if is_clean else 'to be recovered'}")

# Apache's broker does not start on most of them, and then it is no judge of the rest.
has_wrong_texts = dice.random() < 0.25

# Below the recovery point nothing is read again, so that there damage must show to be found.
points = path("recovery-point-offset-checkpoint")
recovery = {}
if os.path.exists(points):
    for line in read(points).decode().splitlines()[2:]:
        topic, partition, offset = line.split()
        recovery[f"{topic}-{partition}"] = int(offset)

partitions = sorted(
    name for name in os.listdir(data)
    if name.rpartition("-")[2].isdigit() and not name.startswith("__") and os.path.isdir(path(name))
)
starts = {}
with open(kept_path, "w") as kept:
    for partition in partitions:
        segments = files(partition, ".log")
        content = read(segments[-1])
        end = batches(content)[-1][1]
        if end is None:
            end = int(os.path.basename(segments[-1])[:20])
        if dice.random() < 0.05:
            # Nothing of it is left then, but no offset may be given out again.
            starts[partition] = end + dice.randrange(1, 50)
            end = 0
        elif not is_clean and dice.random() < 0.6:
            end = damage_segment(segments[-1])
        for suffix, entry in ((".index", 8), (".timeindex", 12), (".snapshot", 46)):
            for name in files(partition, suffix):
                if dice.random() < 0.3:
                    damage_file(name, entry, is_clean or recovery.get(partition, 0) > 0)
        if dice.random() < 0.4:
            damage_file(path(partition, "leader-epoch-checkpoint"))
        is_named = dice.random() >= 0.05
        if not is_named:
            os.remove(path(partition, "partition.metadata"))
            told(path(partition, "partition.metadata"), "gone")
        kept.write(f"{partition} {end} {'named' if is_named else 'unnamed'}\n")
        if dice.random() < 0.5:
            leave_over(partition)

if starts:
    lines = ["0", str(len(starts))] + [f"{name.rpartition('-')[0]} {name.rpartition('-')[2]} {start}" for name, start in starts.items()]
    name = path("log-start-offset-checkpoint")
    write(name, "".join(line + "\n" for line in lines).encode())
    told(name, f"starts behind the ends: {starts}")

for name in ("recovery-point", "log-start", "replication", "cleaner"):
    name = path(f"{name}-offset-checkpoint")
    if dice.random() < 0.2 and os.path.exists(name):
        damage_file(name)
metadata = path("__cluster_metadata-0")
if dice.random() < 0.4:
    name = os.path.join(metadata, f"{dice.randrange(1, 10**6):020}-0000000001.checkpoint.part")
    write(name, dice.randbytes(500))
    told(name, "added")
if dice.random() < 0.2:
    name = path("bootstrap.checkpoint.tmp")
    write(name, dice.randbytes(100))
    told(name, "added")
if dice.random() < 0.25:
    name = os.path.join(metadata, "quorum-state")
    if os.path.exists(name):
        damage_file(name)
if not is_clean and dice.random() < 0.4:
    # Behind the records: what a machine leaves that went down while it wrote.
    name = sorted(entry for entry in os.listdir(metadata) if entry.endswith(".log"))[-1]
    name = os.path.join(metadata, name)
    content = read(name)
    content += dice.choice([bytes(777), dice.randbytes(777)])
    write(name, content)
    told(name, "garbage behind")
