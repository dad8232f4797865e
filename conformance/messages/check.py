#!/usr/bin/env python3
"""Compares the tables of ottla-wire with the message definitions inside Apache Kafka's jars, field by field.

    cargo run -q -p ottla-wire --example tables > tables.json
    conformance/messages/check.py DIRECTORY_OF_JARS tables.json

Without a second argument the tables are taken from cargo. Prints every difference; exits with 1 if there is one.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import zipfile

LAST = 32767

# Definitions that are declared nowhere, and why.
NOT_DECLARED = {
    "SubscriptionInfoData": "what Kafka Streams' clients tell each other; to a broker it is the opaque user data of a classic group",
}

# Fields that we call otherwise: a name is not on the wire.
OTHER_NAMES = {
    "RequestHeader.RequestApiKey": "api_key",
    "RequestHeader.RequestApiVersion": "api_version",
}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    definitions = read_definitions(pathlib.Path(sys.argv[1]))
    if not definitions:
        sys.exit(f"no message definitions in the jars of {sys.argv[1]}")
    tables = {table["name"]: table for table in read_tables(sys.argv[2:])}

    differences = [f"{name}: is to be an exception, but is no definition" for name in NOT_DECLARED.keys() - definitions]
    compared = collections.Counter()
    for name, definition in sorted(definitions.items()):
        valid = versions(definition["validVersions"])
        if valid is None:
            continue  # Removed; only its key is kept.
        table = tables.pop(name, None)
        if (table is None) != (name in NOT_DECLARED):
            differences.append(f"{name}: not declared" if table is None else f"{name}: declared, yet an exception")
        if table is None:
            continue
        compared[definition["type"]] += 1
        differences += compare_message(name, definition, table, valid)
    differences += [f"{name}: not among Apache's definitions" for name in tables]

    for difference in differences:
        print(difference)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(compared.items()))
    print(f"{compared.total()} messages compared ({counts}), {len(NOT_DECLARED)} left out, {len(differences)} differences")
    sys.exit(bool(differences))


def read_tables(arguments):
    if arguments:
        return json.loads(pathlib.Path(arguments[0]).read_text())
    root = pathlib.Path(__file__).resolve().parents[2]
    command = ["cargo", "run", "--quiet", "--package", "ottla-wire", "--example", "tables"]
    return json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)


def read_definitions(directory):
    definitions = {}
    for jar in sorted(directory.glob("*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for path in archive.namelist():
                if re.fullmatch(r"((common/)?message|common/metadata)/\w+\.json", path):
                    definition = json.loads(without_comments(archive.read(path).decode()))
                    assert definition["name"] not in definitions, f"{path} of {jar} is a second definition of its name"
                    definitions[definition["name"]] = definition
    return definitions


def without_comments(text):
    strings_or_comments = r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/'
    return re.sub(strings_or_comments, lambda match: match[1] or "", text, flags=re.DOTALL)


def versions(text):
    """"3-5", "3+", "3" or "none" as first and last version."""
    if text is None or text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), LAST
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def common(a, b):
    """The versions in both ranges."""
    if a is None or b is None:
        return None
    first, last = max(a[0], b[0]), min(a[1], b[1])
    return (first, last) if first <= last else None


def compare_message(name, definition, table, valid):
    flexible = versions(definition["flexibleVersions"])
    expected = {
        "kind": definition["type"],
        "key": definition.get("apiKey"),
        "valid": list(valid),
        "flexible": flexible[0] if flexible else LAST,
        "latest_unstable": definition.get("latestVersionUnstable", False),
    }
    if expected["kind"] == "response":
        # Told by the request alone.
        del expected["latest_unstable"]
    for what, value in expected.items():
        if table[what] != value:
            yield f"{name}: {what} is {table[what]}, expected {value}"
    shared = {struct["name"]: struct["fields"] for struct in definition.get("commonStructs", [])}
    yield from compare_fields(name, definition["fields"], table["fields"], valid, shared)


def compare_fields(path, definitions, fields, present, shared):
    """`present` are the versions that have the struct."""
    # A field that is always tagged may name the versions of its tag alone.
    spoken = [versions(field.get("versions", field.get("taggedVersions"))) for field in definitions]
    expected = [(field, common(range_, present)) for field, range_ in zip(definitions, spoken)]
    expected = [(field, range_) for field, range_ in expected if range_]
    # Tagged fields are sent by tag, so only the order of the others is the protocol's; ours keeps that of the definition.
    ours = [plain(field["name"]) for field in fields]
    theirs = [plain(OTHER_NAMES.get(f"{path}.{field['name']}", field["name"])) for field, _ in expected]
    if ours != theirs:
        yield f"{path}: fields are {ours}, expected {theirs}"
        return
    for (definition, range_), field in zip(expected, fields):
        yield from compare_field(f"{path}.{definition['name']}", definition, field, range_, shared)


def compare_field(path, definition, field, range_, shared):
    kind = definition["type"]
    element = kind.removeprefix("[]")
    is_array = kind != element
    is_struct = element[0].isupper()
    nullable = common(versions(definition.get("nullableVersions")), range_)
    expected = {
        "type": ("[]" if is_array else "") + ("struct" if is_struct else element),
        "versions": range_,
        "nullable": nullable,
        "tag": definition.get("tag"),
        "ignorable": str(definition.get("ignorable", False)).lower() == "true",
        "classic": definition.get("flexibleVersions") == "none",
        "default": default(definition, is_array, is_struct, nullable),
    }
    actual = dict(field)
    actual["versions"] = common(actual["versions"], range_)
    actual["nullable"] = common(actual["nullable"], range_)
    actual["default"] = debug_value(actual["default"], kind)
    for what, value in expected.items():
        if actual[what] != value:
            yield f"{path}: {what} is {actual[what]}, expected {value}"
    if expected["tag"] is not None and common(versions(definition["taggedVersions"]), range_) != range_:
        yield f"{path}: tagged in {definition['taggedVersions']} only, which no declaration can say"
    if is_struct:
        fields = definition.get("fields") or shared[element]
        yield from compare_fields(path, fields, field["fields"], range_, shared)


def default(definition, is_array, is_struct, nullable):
    """The default of a field, as debug_value gives it."""
    # Null as text is null; a null of JSON's is no default at all, as if it were left out.
    value = definition.get("default") or ""
    if value == "null" or (definition["type"] == "records" and nullable):
        return None
    if is_array:
        return []
    if is_struct:
        return "struct"
    kind = definition["type"]
    if kind == "bool":
        return str(value).lower() == "true"
    if kind == "uuid":
        return "A" * 22
    if kind == "string":
        return value
    if kind in ("bytes", "records"):
        return []
    if kind == "float64":
        return float(value or 0)
    return int(str(value), 0) if value != "" else 0


def debug_value(text, kind):
    """A value that Rust printed for debugging, freed of the types around it."""
    if kind == "int16" and text == "None":
        return 0  # The error code of that name.
    while match := re.fullmatch(r"(?!None)[A-Z]\w*\((.*)\)", text):
        text = match[1]
    if text == "None":
        return None
    if kind[0].isupper():
        return "struct"
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?[\d.]+", text):
        return float(text)
    if text.startswith('"'):
        return json.loads(text)
    return [] if text == "[]" else text


def plain(name):
    """A field's name in any of the usual spellings."""
    return name.replace("_", "").lower()


if __name__ == "__main__":
    main()
