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


def test_pipe_and_link_for_a_name(tmp_path):
    """The names of a copied server: nothing waits for a pipe, and no link leads out of the copy."""
    folder = server(tmp_path)
    (folder / "etc").mkdir()
    os.mkfifo(folder / "etc/hostname")
    (tmp_path / "name").write_text("barfoo.com\n")
    (folder / "etc/mailname").symlink_to(tmp_path / "name")
    (folder / "complaint.eml").write_text(
        "Received: from x by foobar.com with local (Exim 4.96) id 1xNopc-0009Dz-G8; "
        "Mon, 2 Nov 2026 10:00:00 +0000\n\nhi\n")
    done = subprocess.run(
        [golden.POSTERN, "trace", "--root", ".", "--log", "mainlog", "complaint.eml"],
        cwd=folder, env={"PATH": "/nonexistent", "LC_ALL": "C", "TZ": "UTC"}, timeout=60,
        check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "which is not this server" not in done.stdout     # nothing told its name


def test_more_matches_than_are_shown(tmp_path):
    """That a search finds more than is shown is said, but every log was read to its end."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    (tmp_path / "mainlog").write_text("".join(
        f"2026-11-02 10:00:00 1xNopc-00{digits[i // 62]}{digits[i % 62]}Dz-G8 <= bob@barfoo.com "
        "H=(pc) [203.0.113.77] P=esmtpa A=fixed_plain:bob@barfoo.com S=632\n"
        for i in range(101)))
    done = subprocess.run(
        [golden.POSTERN, "trace", "--log", "mainlog", "--no-run", "--json", "--from",
         "bob@barfoo.com"],
        cwd=tmp_path, env={"PATH": "/nonexistent", "LC_ALL": "C", "TZ": "UTC"}, timeout=60,
        check=False, capture_output=True, text=True)
    assert done.stderr.startswith("postern: warning: 101 messages match; the newest 100 are shown")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 100)
