# SPDX-License-Identifier: BSD-2-Clause
"""What whoever types meets: the completion of bash, and setup without the rights for it."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import POSTERN
from parts.world import TOP

COMPLETE = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postern
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words):
    """What bash offers for the last of these words; it splits a line at = as well as at blanks."""
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "-", str(TOP / "etc/completion/postern.bash"), *words],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    "words, offered",
    [
        (("postern", "st"), ["status"]),
        (("postern", "top", "--by", "s"), ["script", "sender", "subject"]),
        (("postern", "top", "--by", "=", "s"), ["script", "sender", "subject"]),
        (("postern", "trace", "--color", "="), ["auto", "always", "never"]),
        (("postern", "trace", "--no-run", "--su"), ["--subject"]),
        (("postern", "bans", "s"), ["show"]),
        (("postern", "setup", ""), ["exim"]),
        (("postern", "setup", "exim", ""), []),
        (("postern", "help", "to"), ["top"]),
    ],
)
def test_completion(words, offered):
    assert completed(*words) == offered


@pytest.mark.parametrize("act", ["--apply", "--undo"])
def test_setup_is_for_root(act):
    """Whoever may not read what was done must not hear that there is nothing to undo."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-console-"))
    try:
        folder.chmod(0o755)
        program = shutil.copy(POSTERN, folder)
        done = subprocess.run(
            [program, "setup", "exim", act],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            user="nobody",
            cwd="/",
        )
    finally:
        shutil.rmtree(folder)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.endswith("run this as root\n") and act in done.stderr
