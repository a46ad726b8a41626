# SPDX-License-Identifier: BSD-2-Clause
"""test_golden - what postern says, word for word

Each folder of cases/ is one case, and says in its `about` what it shows:

    args     the arguments, one a line
    out      what must come on standard output (compared byte for byte) ...
    json     ... or, where the full text says too much, a list with one object for each line of
             --json: every key in it must be there with that value; lists must have that length
    err      what must come on standard error; without it: nothing
    status   the exit status; without it: 0
    env      NAME=VALUE lines; without it: TZ=UTC
    stdin    standard input; without it: none

Everything else in the folder is input. postern runs in the folder, without an Exim to ask.
POSTERN names the program; POSTERN_UPDATE=1 writes out, err and status anew, to be reviewed with
git diff and never blindly.
"""
import json
import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
POSTERN = pathlib.Path(os.environ.get("POSTERN", HERE.parents[1] / "build" / "postern")).resolve()
CASES = sorted(p.parent for p in HERE.glob("cases/*/args"))
UPDATE = os.environ.get("POSTERN_UPDATE") == "1"


def read(case, name, default):
    path = case / name
    return path.read_bytes() if path.exists() else default


def run(case, extra=()):
    env = {"PATH": "/nonexistent", "LC_ALL": "C", "TZ": "UTC"}
    for line in read(case, "env", b"").decode().splitlines():
        name, _, value = line.partition("=")
        env[name] = value
    args = read(case, "args", b"").decode("utf-8", "surrogateescape").splitlines()
    return subprocess.run([POSTERN, *args, *extra], cwd=case, env=env, timeout=60, check=False,
                          input=read(case, "stdin", b""), capture_output=True)


def subset(want, got, where="$"):
    """The first place where `want` is not in `got`, or None."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            if key not in got:
                return f"{where}.{key}: missing"
            wrong = subset(value, got[key], f"{where}.{key}")
            if wrong:
                return wrong
        return None
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return f"{where}: {len(got)} elements, expected {len(want)}: {got}"
        wrongs = (subset(w, g, f"{where}[{i}]") for i, (w, g) in enumerate(zip(want, got)))
        return next((w for w in wrongs if w), None)
    if want == got and type(want) is type(got):
        return None
    return f"{where}: {got!r}, expected {want!r}"


def scrub(out):
    """Without what depends on the kernel."""
    return re.sub(rb"(?m)^(.* rights: ).*$", rb"\1...", out)


def update(case, done):
    if not (case / "json").exists():
        (case / "out").write_bytes(scrub(done.stdout))
    for name, value, default in (("err", done.stderr, b""),
                                 ("status", b"%d\n" % done.returncode, b"0\n")):
        if value != default:
            (case / name).write_bytes(value)
        else:
            (case / name).unlink(missing_ok=True)


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_case(case):
    assert (case / "about").exists(), "every case says what it shows"
    done = run(case)
    assert done.returncode >= 0, f"died of signal {-done.returncode}: {done.stderr!r}"
    if UPDATE:
        update(case, done)
        return
    text = {name: getattr(done, name).decode("utf-8", "backslashreplace")
            for name in ("stdout", "stderr")}
    assert text["stderr"] == read(case, "err", b"").decode("utf-8", "backslashreplace")
    if (case / "json").exists():
        want = json.loads((case / "json").read_text())
        got = [json.loads(line) for line in text["stdout"].splitlines()]
        assert subset(want, got) is None
    else:
        assert (scrub(done.stdout).decode("utf-8", "backslashreplace")
                == read(case, "out", b"").decode("utf-8", "backslashreplace"))
    assert done.returncode == int(read(case, "status", b"0"))


def test_there_are_cases():
    assert len(CASES) > 50
