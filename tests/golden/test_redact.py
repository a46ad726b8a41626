# SPDX-License-Identifier: BSD-2-Clause
"""test_redact - no form of output names a recipient with --redact

The case output-redact-forms has recipients wherever Exim, PHP, a web server or another host can
write one. What it looks like for a person is its `out`; here it is every form.
"""
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_golden as golden

CASE = golden.HERE / "cases" / "output-redact-forms"
FORMS = ((), ("--explain",), ("--json",), ("--json", "--explain"), ("--raw",), ("--no-run",))
RECIPIENTS = ("fred", "brien", "john", "smith", "wilma", "pebbles", "bambam")


def output(monkeypatch, form, without=()):
    """Of the case in one form of output."""
    args = [a for a in (CASE / "args").read_text().splitlines()
            if a not in ("--explain", *without)]
    monkeypatch.setattr(golden, "read", lambda case, name, default:
                        "\n".join(args).encode() if name == "args" else default)
    done = golden.run(CASE, extra=form)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().lower()


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_hidden(monkeypatch, form):
    out = output(monkeypatch, form)
    assert [name for name in RECIPIENTS if re.search(name, out)] == []
    for stays in ("@lists.barfoo.com", "/home/clientx/public_html/phpbb", "[redacted]"):
        assert stays in out


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_shown_without(monkeypatch, form):
    """The case has them all."""
    out = output(monkeypatch, form, without=("--redact",))
    assert [name for name in RECIPIENTS if not re.search(name, out)] == []


@pytest.mark.parametrize("options", ((), ("--redact",)), ids=" ".join)
def test_raw_of_many(tmp_path, options):
    """A message with as many lines as are kept, of megabytes: --raw has them all."""
    at = "2026-11-02 10:00:00 [4711] 1xNopc-0001Dz-G8 "
    log = [at + "<= bob@barfoo.com U=bob P=local S=390"]
    log += [f"{at}** user.{i}@foobar.com R=lookuphost T=remote_smtp: SMTP error from remote mail "
            f"server: 550 5.1.1 user.{i} unknown" + 200 * "." for i in range(19000)]
    (tmp_path / "mainlog").write_text("\n".join(log) + "\n")
    done = golden.subprocess.run(
        [golden.POSTERN, "trace", "--log", "mainlog", "--raw", "--no-run", *options,
         "1xNopc-0001Dz-G8"], cwd=tmp_path, env={"PATH": "/nonexistent", "TZ": "UTC"},
        timeout=60, check=False, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if options:
        log = [re.sub(r"user\.\d+(@foobar\.com)?", "[redacted]", line) for line in log]
    assert lines == log
