# SPDX-License-Identifier: BSD-2-Clause
"""test_folder - a queue that goes on while its folder is traced

postern writes one report after the other. Nobody reads them at first, so it waits in the middle of
the queue for as long as the test likes.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_golden as golden

COUNT = 600      # their reports are more than a pipe holds


def queue(tmp_path):
    text = (golden.HERE / "cases/trap-queue-file-localerror/1xNopc-0001Dz-00-H").read_text()
    folder = tmp_path / "input"
    folder.mkdir()
    names = [f"1xNopc-{10000 + i:06d}-00-H" for i in range(COUNT)]
    for name in names:
        (folder / name).write_text(text.replace("1xNopc-0001Dz-00-H", name))
    return folder, names


def start(tmp_path, folder):
    (tmp_path / "mainlog").write_text("2026-11-02 10:00:00 Start queue run: pid=1\n")
    return subprocess.Popen(
        [golden.POSTERN, "trace", "--log", "mainlog", "--no-run", "--json", folder], cwd=tmp_path,
        env={"PATH": "/nonexistent", "LC_ALL": "C", "TZ": "UTC"}, bufsize=0,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_message_leaves_meanwhile(tmp_path):
    folder, names = queue(tmp_path)
    trace = start(tmp_path, folder)
    first = trace.stdout.read(1)
    (folder / names[-1]).unlink()
    out, err = trace.communicate(timeout=60)
    assert len((first + out).splitlines()) == COUNT - 1
    assert err.decode() == (f"postern: warning: {folder}/{names[-1]}: No such file or directory; "
                            "it has left the queue meanwhile\n")
    assert trace.returncode == 4     # as without it: the queue files name no directory


def test_file_that_is_none_meanwhile(tmp_path):
    """What cannot be read, and did not leave, is still a fault."""
    folder, names = queue(tmp_path)
    trace = start(tmp_path, folder)
    first = trace.stdout.read(1)
    (folder / names[-1]).unlink()
    (folder / names[-1]).mkdir()
    out, err = trace.communicate(timeout=60)
    assert len((first + out).splitlines()) == COUNT - 1
    assert b"not a regular file" in err
    assert trace.returncode == 2
