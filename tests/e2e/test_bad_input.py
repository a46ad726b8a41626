# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one clear line that says what and where, the right status, and never a crash or a
wrong answer."""

import gzip
import os
import pty
import subprocess

import pytest
from conftest import FOUND, LOG_TROUBLE, NO_MATCH, POSTERN, USAGE, bring, postern, trace
from parts import stories
from parts.world import TOP

IDENT = "1xVS3i-0005Ti-0S"


@pytest.fixture(scope="module")
def story(fixed):
    return stories.script_shared(fixed, "For bad input")


@pytest.fixture
def log(tmp_path, fixed, story):
    """A copy of a real log that a test may spoil."""
    copy = tmp_path / "mainlog"
    copy.write_bytes(fixed.mainlog.read_bytes())
    return copy


# A log that was named but is none: a wrong argument as much as a log that cannot be read.
NO_LOG = (USAGE, LOG_TROUBLE)


def complains(answer, status, *texts):
    """The status, and a message of one line for each fault that names what it is about."""
    assert answer.status in (status if isinstance(status, tuple) else (status,)), answer
    for text in texts:
        assert text in answer.err, f"'{text}' is not said: {answer}"
    assert 1 <= len(answer.err.strip().splitlines()) <= 3, answer


def test_no_such_log(tmp_path):
    complains(trace("--log", tmp_path / "missing", IDENT), NO_LOG, "missing")


def test_queue_folder_with_a_closed_one(fixed, story):
    """What is in there is missing from the answer: that is said, and the rest is answered."""
    queue = fixed.mkdir("var/spool/copy/input")
    ident = "1xVSGX-0005a5-2C"
    sample = TOP / "fuzz" / "corpus" / "spool" / "local"
    (queue / f"{ident}-H").write_bytes(sample.read_bytes())
    (queue / f"{ident}-H").chmod(0o644)
    log = fixed.mkdir("var/log/open") / "mainlog"
    log.write_bytes(fixed.mainlog.read_bytes())
    command = [bring(fixed), "trace", "--log", "/var/log/open/mainlog", "/var/spool/copy"]
    fixed.mkdir("var/spool/copy/input/x", mode=0o700)
    closed = fixed.run(command, user="ClientY", check=False)
    assert closed.returncode == LOG_TROUBLE and ident in closed.stdout, closed
    assert "/var/spool/copy/input/x: Permission denied" in closed.stdout
    (queue / f"{ident}-H").unlink()
    closed = fixed.run(command, user="ClientY", check=False)
    assert closed.returncode == USAGE, closed
    assert closed.stdout == "postern: trace: /var/spool/copy/input/x: Permission denied\n"


def test_no_such_complaint(log):
    complains(trace("--log", log, log.parent / "nothing.eml"), USAGE, "nothing.eml")


def test_unreadable_log(tmp_path, fixed, story):
    folder = fixed.mkdir("var/log/closed", mode=0o755)
    closed = folder / "mainlog"
    closed.write_bytes(fixed.mainlog.read_bytes())
    closed.chmod(0o600)
    done = fixed.run(
        [bring(fixed), "trace", "--log", "/var/log/closed/mainlog", story.ident],
        user="ClientY",
        check=False,
    )
    assert done.returncode == LOG_TROUBLE, done.stdout
    assert "Permission denied" in done.stdout and "mainlog" in done.stdout


def test_empty_log(tmp_path):
    (tmp_path / "mainlog").write_bytes(b"")
    complains(trace("--log", tmp_path / "mainlog", IDENT), NO_LOG, "mainlog")


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\x02\x01\x01" + os.urandom(5000), b"just some words\n" * 100, b"\0" * 100000],
    ids=["binary", "words", "zeros"],
)
def test_not_a_log(tmp_path, data):
    (tmp_path / "mainlog").write_bytes(data)
    complains(trace("--log", tmp_path / "mainlog", IDENT), NO_LOG, "mainlog")


@pytest.mark.parametrize("ident", ["hello", "1xVS3i-0005Ti", "1xVS3i-0005Ti-0!", ""])
def test_not_an_id(log, ident):
    assert trace("--log", log, ident).status == USAGE


def test_unknown_option(log):
    complains(postern("trace", "--loog", str(log), IDENT), USAGE, "loog")


@pytest.mark.parametrize(
    "args",
    [
        ["--since", "soon"],
        ["--timezone", "Mars/Olympus"],
        ["--docroot", "/nothing"],
        ["--docroot", "/home/x=/dev/null"],
        ["--docroot", "/home/x=/tmp"],
    ],
)
def test_bad_values(log, args):
    answer = trace("--log", log, *args, IDENT)
    assert answer.status == USAGE, answer
    assert answer.err.strip()


def test_nothing_to_do(log):
    assert postern("trace").status == USAGE
    assert postern().status == USAGE
    assert postern("frobnicate").status == USAGE


def test_complaint_without_received(log):
    answer = postern(
        "trace", "--log", str(log), "-", stdin=b"From: a@b.example\nSubject: hi\n\nno headers\n"
    )
    assert answer.status == NO_MATCH, answer
    assert "Received" in answer.out + answer.err, "says what is missing"


def test_empty_complaint(log):
    assert trace("--log", log, "-", stdin=b"").status in (NO_MATCH, USAGE)


def test_id_that_is_in_no_log(log):
    complains_not_ours = trace("--log", log, "1xVS3i-000zzz-0S")
    assert complains_not_ours.status == NO_MATCH


def test_clock_runs_backwards(log, story):
    """Two halves of a log in the wrong order: the message is found, or the fault is said; no wrong
    answer."""
    lines = log.read_bytes().splitlines(keepends=True)
    old = [b"2020-01-01 00:00:00 Start queue run: pid=1\n"] * 1000
    log.write_bytes(b"".join(lines + old))
    answer = trace("--log", log, story.ident)
    assert answer.one["id"] == story.ident
    assert answer.one["verdict"] == "script", answer


def test_lines_of_a_megabyte(log, story):
    data = log.read_bytes()
    long = b"2020-01-01 00:00:00 " + b"x" * (1 << 20) + b"\n"
    log.write_bytes(long + data + long.replace(b"2020", b"2030"))
    answer = trace("--log", log, story.ident)
    assert answer.one["verdict"] == "script", answer


def test_nul_bytes_after_a_crash(log, story):
    log.write_bytes(
        log.read_bytes() + b"\0" * 4096 + b"\n2030-01-01 00:00:00 Start queue run: pid=1\n"
    )
    assert trace("--log", log, story.ident).one["verdict"] == "script"


def test_no_newline_at_the_end(log, story):
    log.write_bytes(log.read_bytes()[:-1])
    assert trace("--log", log, story.ident).one["verdict"] == "script"


@pytest.mark.parametrize("keep", [5, 12, 200])
def test_gzip_cut(log, keep, story):
    packed = gzip.compress(log.read_bytes())
    (log.parent / "mainlog.1.gz").write_bytes(
        packed[:keep] if keep < 200 else packed[: len(packed) // 2]
    )
    log.unlink()
    assert trace("--log", log.parent, story.ident).status == LOG_TROUBLE


def test_one_bad_file_among_good_ones(log, story):
    """A file that cannot be read does not hide what the others say."""
    (log.parent / "mainlog.1.gz").write_bytes(gzip.compress(b"x" * 100000)[:50])
    answer = trace("--log", log.parent, story.ident)
    assert answer.one["verdict"] == "script"
    assert answer.status in (FOUND, LOG_TROUBLE), answer


def test_folder_as_log_without_logs(tmp_path):
    complains(trace("--log", tmp_path, IDENT), NO_LOG, str(tmp_path))


def test_no_mail_server(tmp_path):
    """A machine without Exim and without logs, as a copied root that is empty."""
    answer = trace("--root", tmp_path, IDENT)
    assert answer.status in (USAGE, LOG_TROUBLE), answer
    assert "--log" in answer.err, "says what to do"


def test_escapes_for_the_terminal(log):
    """What a sender wrote never reaches the terminal as it is."""
    log.write_bytes(
        log.read_bytes()
        + b"2030-01-01 00:00:00 1zzzzz-000001-00 <= \x1b[31m@x U=y P=local S=1 "
        + b'T="\x1b]0;owned\x07\x9b"\n'
    )
    for form in ([], ["--explain"]):
        answer = postern("trace", *form, "--log", str(log), "1zzzzz-000001-00")
        assert "\x1b" not in answer.out + answer.err and "\x07" not in answer.out, answer


@pytest.mark.parametrize("args", [["trace"], ["trace", "--json"], ["trace", "--raw"], ["top"]])
def test_output_that_cannot_be_written(log, story, args):
    """A full disk behind > is an error, not a short report."""
    idents = [] if args == ["top"] else [story.ident]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [POSTERN, *args, "--log", log, *idents],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == LOG_TROUBLE, done
    assert b"standard output" in done.stderr


@pytest.mark.parametrize(
    "env, args, coloured",
    [
        ({"TERM": "xterm"}, [], True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
        ({"TERM": "dumb"}, [], False),
        ({}, [], False),
        ({"TERM": "xterm"}, ["--color", "never"], False),
        ({"TERM": "dumb", "NO_COLOR": "1"}, ["--color", "always"], True),
    ],
)
def test_colours_on_a_terminal(log, story, env, args, coloured):
    ours, theirs = pty.openpty()
    subprocess.run(
        [POSTERN, "trace", "--no-run", *args, "--log", log, story.ident],
        stdout=theirs,
        env={"TZ": "UTC", **env},
        check=True,
        timeout=60,
    )
    os.close(theirs)
    said = os.read(ours, 100000)
    os.close(ours)
    assert story.ident.encode() in said
    assert (b"\x1b[" in said) == coloured, said
