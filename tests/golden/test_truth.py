# SPDX-License-Identifier: BSD-2-Clause
"""test_truth - trace and top against a log whose every message is known

bench/loggen writes the log and the truth. With pids postern must be certain and right about every
message. Without pids several programs of one user may have submitted in the same second: then it
may say that it does not know, with the right directory among its candidates, but never name a
wrong one.
"""
import glob
import gzip
import json
import os
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "bench"))
import truth  # it is beside the generator, bench/run uses it too

POSTERN = os.environ.get("POSTERN", os.path.join(TOP, "build", "postern"))
LOGGEN = os.environ.get("LOGGEN", os.path.join(os.path.dirname(POSTERN), "bench", "loggen"))
ENV = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}

FORMS = [(pids, ids) for pids in (True, False) for ids in ("old", "new")]


class Made:
    def __init__(self, folder, pids, ids):
        flags = ["--pid", "--for"] if pids else []
        subprocess.run([LOGGEN, "--size", "2M", "--seed", "7", "--samples", "400", "--id", ids,
                        *flags, folder], check=True, capture_output=True)
        for path in glob.glob(os.path.join(folder, "rotated", "mainlog.*")):
            with open(path, "rb") as f, gzip.open(path + ".gz", "wb") as packed:
                packed.write(f.read())
            os.unlink(path)
        self.folder, self.pids = folder, pids
        self.messages = truth.load(os.path.join(folder, "truth", "messages.tsv"))

    def logs(self, rotated):
        """The files in an order that is not theirs: postern must find it."""
        pattern = "rotated/mainlog*" if rotated else "plain/mainlog"
        return [a for f in sorted(glob.glob(os.path.join(self.folder, pattern)))
                for a in ("--log", f)]

    def top(self, by):
        return truth.load(os.path.join(self.folder, "truth", f"top-{by}.tsv"))


@pytest.fixture(scope="module", params=FORMS,
                ids=lambda p: f"{'pids' if p[0] else 'no-pids'}-{p[1]}-ids")
def made(request, tmp_path_factory):
    return Made(str(tmp_path_factory.mktemp("log")), *request.param)


@pytest.fixture(params=(False, True), ids=("plain", "rotated"))
def rotated(request):
    return request.param


def postern(*args):
    p = subprocess.run([POSTERN, *args], env=ENV, capture_output=True, timeout=120, check=False)
    text = p.stdout.decode("utf-8")     # strict: JSON is UTF-8, whatever the log was
    return p.returncode, [json.loads(line) for line in text.splitlines()], p.stderr.decode()


def show(faults):
    return f"{len(faults)} faults:\n" + "\n".join(faults[:25])


def test_trace_names_the_source(made, rotated):
    ids = [m["id"] for m in made.messages]
    status, reports, said = postern("trace", "--json", "--no-run", *made.logs(rotated), *ids)

    faults = truth.trace_faults(made.messages, reports, made.pids, rotated)
    assert not faults, show(faults) + said
    assert len(reports) == len(ids)
    ambiguous = sum(r["confidence"] == "ambiguous" for r in reports)
    assert status == (4 if ambiguous else 0), said
    # To call everything ambiguous would never be wrong either.
    assert ambiguous <= len(reports) // 10


@pytest.mark.parametrize("by", ("script", "login"))
def test_top_counts_every_source(made, rotated, by):
    status, rows, said = postern("top", "--json", "--by", by, "--limit", "5000",
                                 *made.logs(rotated))
    expected = made.top(by)

    assert status == 0, said
    faults = truth.top_faults(expected, rows, len(expected), by, made.pids)
    assert not faults, show(faults)
    # Traps in subjects, senders and Message-IDs name these; nobody of them ever sent.
    keys = {r["key"] for r in rows}
    assert not keys & {"x", "boss@client1.example", "forged@client3.example", "ceo"} - {
        t["key"] for t in expected}


def test_nothing_but_sources_is_ranked(made):
    """Queue listings, refused submissions and forged fields make no row of their own."""
    _, rows, _ = postern("top", "--json", "--by", "login", "--limit", "5000", *made.logs(False))
    assert {r["key"] for r in rows} == {t["key"] for t in made.top("login")}
