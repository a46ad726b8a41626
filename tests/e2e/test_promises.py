# SPDX-License-Identifier: BSD-2-Clause
"""What the manual promises of the program itself: a line of progress, rights that are given up, and
an answer from the shortest log that an Exim can write."""

import bz2
import os
import pty
import re
import subprocess
import time

import pytest
from conftest import FOUND, NO_MATCH, POSTERN, postern, trace
from parts import stories
from parts.world import NOTHING, World

SLOW_BYTES = 12 << 20       # inflated, of one of SLOW_PARTS; bzip2 gives some 50 MB a second
SLOW_PARTS = 20


@pytest.fixture(scope="module")
def slow_log(tmp_path_factory):
    """A log that takes seconds to read, however small it is on disk."""
    line = b"2026-11-02 10:00:00 [4711] 1xNopc-0001Dz-G8 => fred@foobar.com R=r T=t H=h [192.0.2.1]\n"
    path = tmp_path_factory.mktemp("slow") / "mainlog.1.bz2"
    part = bz2.compress(line * (SLOW_BYTES // len(line)), 1)
    path.write_bytes(part * SLOW_PARTS)
    return path


def search(log, **streams):
    return subprocess.Popen([POSTERN, "trace", "--log", log, "--from", "nobody@nowhere.example"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}, **streams)


def read_all(fd):
    said = b""
    while True:
        try:
            more = os.read(fd, 65536)
        except OSError:         # the other end of a terminal is gone
            return said
        if not more:
            return said
        said += more


def on_a_terminal(log):
    """What standard error says, if it is a terminal; and how long it took."""
    ours, theirs = pty.openpty()
    began = time.monotonic()
    with search(log, stderr=theirs) as child:
        os.close(theirs)
        said = read_all(ours)
        os.close(ours)
        assert child.wait(60) == NO_MATCH
    return said, time.monotonic() - began


def test_progress(slow_log):
    said, took = on_a_terminal(slow_log)
    assert took > 1, "the log is too fast for this test"
    shown = re.findall(rb"\rreading the log: (\d+) % \(\d+ MiB\), (\d+) s ", said)
    assert shown, said
    assert all(int(seconds) >= 1 for _, seconds in shown), "it came before the first second was over"
    assert [int(percent) for percent, _ in shown] == sorted(int(percent) for percent, _ in shown)
    assert b"\r\x1b[K" in said[said.rindex(b"reading the log"):], "the line was not wiped"


def test_no_progress(slow_log, tmp_path):
    """Not in a file, and not for what is quick."""
    with open(tmp_path / "err", "wb") as err, search(slow_log, stderr=err) as child:
        assert child.wait(60) == NO_MATCH
    assert b"reading" not in (tmp_path / "err").read_bytes()
    quick = tmp_path / "mainlog"
    quick.write_bytes(bz2.decompress(slow_log.read_bytes())[:1 << 16])
    assert b"reading" not in on_a_terminal(quick)[0]


# Tries what a bug in a parser could be used for: before main(), and when a report is printed.
PROBE = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void try(const char *when, int in_child)
{
    int file = open(getenv("PROBE_FILE"), O_WRONLY | O_CREAT, 0600), file_error = errno;
    int sock = socket(AF_INET, SOCK_STREAM, 0), sock_error = errno;
    char *argv[] = { "true", NULL };
    int status = 0, exec_error = 0;
    if (!in_child || fork() == 0) {
        execve("/bin/true", argv, argv + 1);
        exec_error = errno;
        if (in_child)
            _exit(1);
    } else {
        wait(&status);
        exec_error = status;
    }
    dprintf(2, "%s: write %d socket %d exec %d\n", when, file < 0 ? file_error : 0,
            sock < 0 ? sock_error : 0, exec_error);
    close(file);
    close(sock);
}

__attribute__((constructor)) static void before(void)
{
    unsetenv("LD_PRELOAD");
    try("before", 1);
}

int fflush(FILE *f)
{
    static int tried;
    if (f == stdout && !tried++)
        try("reading", 0);
    return fflush_unlocked(f);
}
"""
EACCES = 13


def test_rights_are_given_up(tmp_path):
    log, source, probe = tmp_path / "mainlog", tmp_path / "probe.c", tmp_path / "probe.so"
    log.write_text(
        "2026-11-02 10:00:00 [4711] 1xNopc-0001Dz-G8 <= bob@barfoo.com H=(x) [192.0.2.1] P=esmtp "
        "A=plain:bob S=9\n2026-11-02 10:00:00 [4711] 1xNopc-0001Dz-G8 Completed\n")
    source.write_text(PROBE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", probe, source], check=True, timeout=60)
    env = {"TZ": "UTC", "LD_PRELOAD": str(probe), "PROBE_FILE": str(tmp_path / "made"),
           "ASAN_OPTIONS": "verify_asan_link_order=0"}
    done = subprocess.run([POSTERN, "trace", "--explain", "--log", log, "1xNopc-0001Dz-G8"],
                          env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == FOUND, done
    rights = re.search(r"rights: (.*)", done.stdout).group(1)
    if "Landlock ABI" not in rights:
        pytest.skip(f"the kernel has no Landlock: {rights}")
    assert "no writing" in rights and "no programs" in rights and "no network" in rights
    assert "before: write 0 socket 0 exec 0\n" in done.stderr, "the probe does not work"
    assert f"reading: write {EACCES} socket {EACCES} exec {EACCES}\n" in done.stderr


class BareWorld(World):
    """Without a subject in the log a message is known by being the next."""

    def arrival(self, subject):
        def find():
            ids = re.findall(r"^\S+ \S+ (\S+) <= ", "".join(self.log_lines()), re.M)
            new = [ident for ident in ids if ident not in self.seen]
            return new[0] if new else None

        ident = self.until(find, f"a message ({subject})")
        self.seen.add(ident)
        return ident


def test_no_selector():
    """log_selector = -all: what can be known is, and for the rest the setting is named."""
    with BareWorld(NOTHING) as world:
        world.seen = set()
        login = stories.login(world)
        answer = trace(login.ident, inside=world)
        assert answer.status == FOUND, answer
        assert answer.one["verdict"] == "login"
        assert answer.one["source"]["login"] == login.source["login"]
        script = stories.script_shared(world)
        answer = trace(script.ident, inside=world)
        assert (answer.one["verdict"], answer.one["confidence"]) == ("script", "likely"), answer
        assert answer.one["source"]["user"] == "nobody"
        assert answer.one["source"]["cwd"] is None
        assert "+arguments" in answer.one["reason"]
        assert answer.one["deliveries"][0]["address"] == "fred@foobar.com"
        said = postern("top", "--by", "login", "--json", inside=world)
        assert [row["key"] for row in said.objects] == [login.source["login"]]
