# SPDX-License-Identifier: BSD-2-Clause
"""Worlds of real parts, and the program under test, for the end-to-end tests.

The program is build/postern, or what the environment variable POSTERN names. Every test sees each
world twice: with the log_selector of the article, and with pids and recipients added.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from parts.world import SELECTORS, TOP, World  # noqa: E402

POSTERN = pathlib.Path(os.environ.get("POSTERN", TOP / "build" / "postern")).resolve()

FOUND, NO_MATCH, USAGE, LOG_TROUBLE, AMBIGUOUS = range(5)


class Answer:
    """What one run of postern said."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        assert self.status in range(5), f"status {self.status}\n{self.out}\n{self.err}"

    @property
    def objects(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def one(self):
        assert len(self.objects) == 1, self
        return self.objects[0]

    def __str__(self):
        return f"status {self.status}\n{self.out}\n{self.err}"

    __repr__ = __str__


def bring(world):
    """Puts the program into the world. Returns its name there."""
    if not (world.path / "postern").exists():
        shutil.copy(POSTERN, world.path / "postern")
    return "/mnt/postern"


def postern(*args, stdin=None, inside=None, cwd=None, env=None):
    """Runs postern with these arguments: on this machine, or inside a world as its administrator
    would."""
    argv = [str(a) for a in args]
    if inside is None:
        argv = [str(POSTERN), *argv]
    else:
        argv = inside.admin([bring(inside), *argv], cwd=cwd or "/root", env=env)
    give = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
        cwd=cwd if inside is None else None,
        env={**os.environ, "TZ": "UTC", **(env or {})},
        **give,
    )
    done.stdout, done.stderr = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    return Answer(done)


def trace(*args, **how):
    return postern("trace", "--json", *args, **how)


def top(*args, **how):
    return postern("top", "--json", *args, **how)


@pytest.fixture(scope="session", autouse=True)
def _program():
    if not POSTERN.exists():
        pytest.exit(f"no program to test at {POSTERN}: build it, or set POSTERN", returncode=2)


@pytest.fixture(scope="session", params=list(SELECTORS))
def world(request):
    """A world that tests share; it only ever gets more mail."""
    with World(request.param) as made:
        yield made


@pytest.fixture(params=list(SELECTORS))
def fresh(request):
    """A world for one test, which may do to it what it likes."""
    with World(request.param) as made:
        yield made


@pytest.fixture(scope="session")
def fixed():
    """A world with pids, for what does not depend on the log_selector."""
    with World("pids") as made:
        yield made
