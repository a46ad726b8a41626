# SPDX-License-Identifier: BSD-2-Clause
"""The real parts themselves: they do what the stories rely on, and leave nothing behind."""

import os
import pathlib
import re

from parts import acts, stories
from parts.world import SELECTORS, World


def test_nothing_is_left():
    """No process, no mount and no file, though daemons, a job and a queue were running."""
    with World("article") as world:
        acts.sendmail(world, "Something", user="ClientX", cwd="/home/ClientX")
        world.arrival("Something")
        path, init = world.path, world.init.pid
        namespace = os.readlink(f"/proc/{init}/ns/pid_for_children")
        assert len(processes_of(namespace)) > 5
        assert "/mnt/server" not in pathlib.Path("/proc/mounts").read_text()
    assert not path.exists()
    assert not processes_of(namespace)
    assert str(path) not in pathlib.Path("/proc/mounts").read_text()


def processes_of(namespace):
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if os.readlink(link) == namespace:
                found.append(link)
        except OSError:
            continue
    return found


def test_exim_writes_what_it_writes_in_life(world):
    """The cwd line of a submission comes with its pid where the log has pids, and the id names that
    process."""
    story = stories.script_shared(world, "As in life")
    log = "".join(world.log_lines())
    assert "cwd=/home/ClientX/public_html/phpBB 3 args: /usr/sbin/sendmail -t -i" in log
    pids = SELECTORS[world.variant].find("+pid") >= 0
    assert (
        bool(re.search(rf"\[{pid_of(story.ident)}\] cwd=/home/ClientX/public_html/phpBB ", log))
        == pids
    )
    assert bool(re.search(rf"{story.ident} <= .* for fred@foobar.com", log)) == pids


def pid_of(ident):
    """The process that made an id of Exim up to 4.96, which counts in base 62."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for char in ident.split("-")[1]:
        value = value * 62 + digits.index(char)
    return value
