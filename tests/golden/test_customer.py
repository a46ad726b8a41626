# SPDX-License-Identifier: BSD-2-Clause
"""test_customer - what a customer puts in the way is a note, and no failure of ours

Pipes cannot lie in a repository, so they are made here, in a copy of a case.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_golden as golden

SITE = "home/ClientX/public_html/phpBB"


def trace(folder, *options):
    return subprocess.run(
        [golden.POSTERN, "trace", "--root", ".", "--log", "mainlog", *options, "1xNopc-0001Dz-G8"],
        cwd=folder, env={"PATH": "/nonexistent", "LC_ALL": "C", "TZ": "UTC"}, timeout=60,
        check=False, capture_output=True, text=True)


def server(tmp_path):
    folder = tmp_path / "server"
    shutil.copytree(golden.HERE / "cases" / "output-redact-forms", folder)
    return folder


def test_pipes_of_a_customer(tmp_path):
    folder = server(tmp_path)
    os.mkfifo(folder / SITE / ".htaccess")
    os.mkfifo(folder / "home/ClientX/public_html/.user.ini")
    done = trace(folder)
    assert (done.returncode, done.stderr) == (0, "")
    out = trace(folder, "--explain").stdout
    assert f"/{SITE}/.htaccess: not read: not a regular file\n" in out
    assert "/home/ClientX/public_html/.user.ini: not read: not a regular file\n" in out


def test_pipe_of_root(tmp_path):
    folder = server(tmp_path)
    (folder / "etc").mkdir()
    os.mkfifo(folder / "etc/php.ini")
    done = trace(folder)
    assert done.returncode == 3
    assert done.stderr == "postern: warning: /etc/php.ini: not read: not a regular file\n"
    assert "web script (certain)" in done.stdout
