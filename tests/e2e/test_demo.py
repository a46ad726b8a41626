# SPDX-License-Identifier: BSD-2-Clause
"""The demo: each chapter ends well and shows what it promises, and leaves nothing behind, also when
it is interrupted."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

import pytest

DEMO = pathlib.Path(__file__).with_name("demo.py")
PR_SET_CHILD_SUBREAPER = 36

SHOWN = {
    "inbound": (
        "posternd --check",
        "+++ /etc/exim4/exim4.conf.localmacros",
        "Test     passed",
        "< 250 OK id=",
        "is in an RBL, see https://bl.example.net/203.0.113.66",
        "HELO/EHLO set to my IP address or name",
        "does not contain a dotted address",
        "Sender verify failed",
        "is banned until",
        "action=pass",
        "postern did not answer",
        "have the bytes that they had before",
    ),
    "outbound": (
        "Verdict   web script (certain)",
        "Verdict   mailbox login (certain)",
        "Verdict   forward (certain)",
        "A complaint with forged Received lines",
        "postern top --by script",
        "Verdict   expired",
    ),
}


def children():
    """The processes whose parent is this one: what a program that has ended left behind comes to us."""
    found = set()
    for task in pathlib.Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def living(pids):
    """Those that have not ended. The others are waited for: a PID namespace ends only after that."""
    return {pid for pid in pids if os.waitpid(pid, os.WNOHANG) == (0, 0)}


@pytest.fixture
def place(tmp_path):
    """A folder for the demo's files. Nothing may be left in it, nor mounted or running."""
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    before = children()
    yield tmp_path
    end = time.monotonic() + 5  # the kernel ends what was in a namespace, which takes a moment
    while (left := living(children() - before)) and time.monotonic() < end:
        time.sleep(0.02)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert not left
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in pathlib.Path("/proc/mounts").read_text()


def start(place, chapter):
    return subprocess.Popen(
        ["/usr/bin/python3", DEMO, chapter],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.parametrize("chapter", list(SHOWN))
def test_chapter(place, chapter):
    began = time.monotonic()
    with start(place, chapter) as demo:
        said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, said
    for text in SHOWN[chapter]:
        assert text in said, f"not shown: {text}\n{said}"
    assert said.rstrip().endswith("Everything that was started has ended.")
    assert time.monotonic() - began < 100


@pytest.mark.parametrize(
    ("chapter", "when"), [("inbound", "connects"), ("outbound", "postern trace")]
)
def test_interrupted(place, chapter, when):
    with start(place, chapter) as demo:
        for line in demo.stdout:
            if when in line:
                break
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
    assert demo.returncode == 130


def test_no_such_chapter(place):
    with start(place, "sideways") as demo:
        said, _ = demo.communicate(timeout=30)
    assert demo.returncode == 2 and "no such chapter: sideways" in said
