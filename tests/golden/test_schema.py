# SPDX-License-Identifier: BSD-2-Clause
"""test_schema - the report for a program has every key, always, and each of its type

--json is an interface: scripts read it. All cases of cases/ that print reports or rankings are run
and every line is held against the schema here: no key may be missing, none may be new.
"""
import json
import os
import pathlib
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_golden as golden

VERDICTS = {"script", "cron", "login", "webmail", "localhost-smtp", "relay", "forward", "autoreply",
            "list", "bounce", "inbound", "not-ours", "expired"}
UNNAMED = {"not-ours", "expired"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)\Z")
ID = re.compile(r"[0-9A-Za-z]{6}-([0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})\Z")


def text(v):
    return isinstance(v, str)


def count(v):
    return isinstance(v, int) and not isinstance(v, bool) and v >= 0


def time(v):
    return text(v) and RFC3339.match(v)


def message_id(v):
    return text(v) and ID.match(v)


def one_of(*values):
    return lambda v: v in values


def null_or(check):
    return lambda v: v is None or check(v)


def share(v):
    return isinstance(v, float) and 0 <= v <= 1


SOURCE = dict.fromkeys(("user", "account", "cwd", "script", "login", "authenticator", "client_ip",
                        "host", "site"), null_or(text))
REPORT = {
    "id": null_or(message_id),
    "received": null_or(time),
    "verdict": one_of(*VERDICTS),
    "confidence": one_of("certain", "likely", "ambiguous", None),
    "source": SOURCE,
    "sender": null_or(text),
    "subject": null_or(text),
    "size": null_or(count),
    "deliveries": [{"address": text,
                    "outcome": one_of("delivered", "failed", "deferred", "discarded"),
                    "time": time, "router": null_or(text), "transport": null_or(text),
                    "host": null_or(text), "ip": null_or(text), "text": null_or(text)}],
    "requests": [{"site": text, "method": text, "path": text, "client_ip": text,
                  "messages": count, "share": share}],
    "run": (None, {"messages": count, "recipients": count, "first": time, "last": time,
                   "delivered": count, "failed": count, "deferred": count, "subjects": count}),
    "candidates": [{"cwd": text, "args": text, "time": time, "line": null_or(count)}],
    "witnesses": [{"kind": one_of("received", "arrival", "cwd", "delivery", "panel", "access-log",
                                  "header", "php-log", "spool"),
                   "trust": one_of("ours", "forgeable"), "file": null_or(text),
                   "line": null_or(count), "text": null_or(text), "says": null_or(text)}],
    "lines": [text],
    "related": [{"id": message_id, "relation": one_of("parent", "child"),
                 "verdict": null_or(one_of(*VERDICTS)), "source": SOURCE, "sender": null_or(text),
                 "subject": null_or(text), "reason": null_or(text)}],
    "input": null_or(text),
    "reason": text,
}
# There where they say something: an offset where lines were not counted, steps with --explain and
# where no source was named.
OPTIONAL = {"steps": [text], "offset": count}
TOP = {"by": text, "key": text, "messages": count, "recipients": count, "delivered": count,
       "failed": count, "deferred": count, "queued": count, "subjects": count, "client_ips": count,
       "first": null_or(time), "last": null_or(time)}


def wrong(schema, value, where):
    """What is wrong with `value`, as text, or None."""
    if isinstance(schema, tuple):
        return None if value is None else wrong(schema[1], value, where)
    if isinstance(schema, list):
        if not isinstance(value, list):
            return f"{where}: no list: {value!r}"
        found = (wrong(schema[0], v, f"{where}[{i}]") for i, v in enumerate(value))
        return next((w for w in found if w), None)
    if not isinstance(schema, dict):
        return None if schema(value) else f"{where}: {value!r}"
    if not isinstance(value, dict):
        return f"{where}: no object: {value!r}"
    missing, new = schema.keys() - value.keys(), value.keys() - schema.keys() - OPTIONAL.keys()
    if missing or new:
        return f"{where}: missing {sorted(missing)}, not in the schema {sorted(new)}"
    found = (wrong(schema.get(k) or OPTIONAL[k], v, f"{where}.{k}") for k, v in value.items())
    return next((w for w in found if w), None)


def lines_of(case):
    done = golden.run(case, extra=["--json"])
    return done.stdout.decode("ascii").splitlines()   # all beyond ASCII is escaped


def prints_json(case):
    args = (case / "args").read_bytes()
    return not re.search(rb"(?m)^(--json|--raw|--help)$", args) and not case.name.startswith("bad-")


def cases(command):
    return [c for c in golden.CASES
            if (c / "args").read_bytes().startswith(command) and
            (prints_json(c) or (c / "json").exists())]


@pytest.mark.parametrize("case", cases(b"trace\n"), ids=lambda p: p.name)
def test_report(case):
    for line in lines_of(case):
        report = json.loads(line)
        assert wrong(REPORT, report, "$") is None
        assert (report["confidence"] is None) == (report["verdict"] in UNNAMED)
        assert list(report)[:len(REPORT)] == list(REPORT), "keys come in the order of the design"


@pytest.mark.parametrize("case", cases(b"top\n"), ids=lambda p: p.name)
def test_top(case):
    for line in lines_of(case):
        row = json.loads(line)
        assert wrong(TOP, row, "$") is None
        outcomes = ("delivered", "failed", "deferred", "queued")
        assert sum(row[name] for name in outcomes) <= row["recipients"]


def test_schema_notices():
    """The checker itself can fail."""
    report = json.loads(lines_of(golden.HERE / "cases" / "article-script")[0])
    for key in REPORT:
        assert wrong(REPORT, {k: v for k, v in report.items() if k != key}, "$")
    assert wrong(REPORT, {**report, "size": "1230"}, "$")
    assert wrong(REPORT, {**report, "extra": 1}, "$")
    assert wrong(REPORT, {**report, "received": "2006-04-27 17:05:41"}, "$")
