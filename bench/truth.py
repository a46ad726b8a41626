# SPDX-License-Identifier: BSD-2-Clause
"""truth - compare what postern says with what loggen knows

Used by bench/run before it prints a figure, and by tests/golden/test_truth.py. Every function
returns a list of faults, each one sentence; an empty list means that postern is right.
"""
import csv
import datetime

# A webmail message is a login too; which one it is called depends on marks that may be missing.
SAME = {"webmail": {"webmail", "login"}}
# Without a delivery nobody can tell mail for here from mail for elsewhere.
BY_DELIVERY = {"forward", "inbound", "relay"}
JOINED = {"script", "cron"}
# Which program spoke SMTP to localhost, and whether it was webmail, no log says for certain.
LIKELY = {"localhost-smtp", "webmail"}
AMBIGUOUS = "(ambiguous)"           # the key of top's row for what it does not know
RECEPTION_MAX = 4       # seconds from the one inside the id to the arrival line, in our logs
COUNTS = ("messages", "recipients", "delivered", "failed", "deferred", "queued")


def load(path):
    """One of loggen's truth files as a list of dicts."""
    with open(path, encoding="latin-1", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def seconds(rfc3339):
    return int(datetime.datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp())


def arrival_place(row, rotated):
    """File name without .gz, line and offset of the message's `<=` line."""
    if rotated:
        return row["file"], int(row["file_line"]), int(row["file_offset"])
    return "mainlog", int(row["arrival_line"]), int(row["arrival_offset"])


def is_witnessed(report, place):
    """Far inside a plain file a witness has an offset instead of a line: lines are not counted."""
    name, line, offset = place
    for w in report.get("witnesses") or []:
        found = (w.get("file") or "").rsplit("/", 1)[-1].removesuffix(".gz")
        if found == name and (w["line"] == line if w.get("line") else w.get("offset") == offset):
            return True
    return False


def outcome_faults(row, report):
    """An address may have several lines: attempts, and a vacation beside the mailbox."""
    last = list({(d["address"], d.get("final")): d["outcome"]
                 for d in report["deliveries"]}.values())
    for kind in ("delivered", "failed", "deferred"):
        if last.count(kind) != int(row[kind]):
            yield f"{last.count(kind)} recipients {kind}, not {row[kind]}"


def source_faults(row, report):
    """What names the culprit, for a report that says it knows."""
    kind, source = row["kind"], report["source"] or {}
    if report["verdict"] not in SAME.get(kind, {kind}):
        yield f"verdict {report['verdict']}, not {kind}"
    if kind in JOINED and source.get("cwd") != row["key"]:
        yield f"directory {source.get('cwd')}, not {row['key']}"
    if kind in JOINED and source.get("user") != row["user"]:
        yield f"user {source.get('user')}, not {row['user']}"
    if row["login"] and source.get("login") != row["login"]:
        yield f"login {source.get('login')}, not {row['login']}"
    if row["client_ip"] and source.get("client_ip") != row["client_ip"]:
        yield f"client {source.get('client_ip')}, not {row['client_ip']}"


def ambiguity_faults(row, report):
    directories = [c.get("cwd") for c in report.get("candidates") or []]
    if row["kind"] not in JOINED:
        yield f"ambiguous, though a {row['kind']} needs no cwd line"
    elif row["key"] not in directories:
        yield f"ambiguous, and {row['key']} is not among the candidates"


def message_faults(row, report, pids, rotated):
    """`report` is the JSON object that trace gave for the id of `row`."""
    faults = []
    if not 0 <= seconds(report["received"]) - int(row["received"]) <= RECEPTION_MAX:
        faults.append(f"received {report['received']}, not at {row['received']}")
    if (report["sender"] or "").strip("<>") != row["sender"]:
        faults.append(f"sender {report['sender']}, not {row['sender']}")
    if report["size"] != int(row["size"]):
        faults.append(f"size {report['size']}, not {row['size']}")
    faults += outcome_faults(row, report)
    if not is_witnessed(report, arrival_place(row, rotated)):
        faults.append(f"no witness at {arrival_place(row, rotated)}")
    kind = row["kind"]
    if kind in BY_DELIVERY and int(row["delivered"]) == 0:
        return faults
    if report["confidence"] == "ambiguous":
        faults += ambiguity_faults(row, report)
        if pids:
            faults.append("ambiguous, though the log has pids")
    else:
        faults += source_faults(row, report)
        if pids and report["confidence"] != "certain" and kind not in LIKELY:
            faults.append(f"{kind} only {report['confidence']}, though the log has pids")
    return faults


def trace_faults(rows, reports, pids, rotated):
    """All of `rows` were asked for in one call; `reports` is what came back, in any order."""
    by_id = {r["id"]: r for r in reports}
    faults = []
    for row in rows:
        report = by_id.get(row["id"])
        if report is None:
            faults.append(f"{row['id']}: not reported")
            continue
        try:
            found = message_faults(row, report, pids, rotated)
        except (KeyError, TypeError, ValueError) as e:
            found = [f"the report is not as the schema says: {e!r}"]
        faults += [f"{row['id']}: {f}" for f in found]
    return faults


def ambiguous_top_faults(truth, rows):
    """Which directory a message is from hangs on joins that may be ambiguous: no directory may have
    more messages than it sent, and what is missing is in the row for it."""
    by_key = {r["key"]: r["messages"] for r in rows}
    faults = [f"{t['key']}: {by_key[t['key']]} messages, not {t['messages']}" for t in truth
              if by_key.get(t["key"], 0) > int(t["messages"])]
    missing = sum(int(t["messages"]) - by_key.get(t["key"], 0) for t in truth)
    if missing > by_key.get(AMBIGUOUS, 0):
        faults.append(f"{missing} messages missing, {by_key.get(AMBIGUOUS, 0)} called ambiguous")
    return faults


def top_faults(truth, rows, first, by, pids):
    """The `first` sources of the truth have their rows, in order, with the same counts. `rows` are
    all that top has. Our logs without pids have no recipients on their arrivals either."""
    if by == "script" and not pids:
        return ambiguous_top_faults(truth, rows)
    compared = COUNTS if pids else ("messages", "delivered", "failed", "deferred")
    by_key = {r["key"]: r for r in rows}
    faults = []
    for t in truth[:first]:
        row = by_key.get(t["key"])
        if row is None:
            faults.append(f"{t['key']}: no row, {t['messages']} messages missing")
            continue
        faults += [f"{t['key']}: {c} {row.get(c)}, not {t[c]}" for c in compared
                   if row.get(c) != int(t[c])]
    known = {t["key"] for t in truth}
    order = [r["messages"] for r in rows if r["key"] in known][:first]
    if order != [int(t["messages"]) for t in truth[:first]]:
        faults.append("the rows are not in the order of their messages")
    return faults
