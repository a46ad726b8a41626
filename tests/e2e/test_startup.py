# SPDX-License-Identifier: BSD-2-Clause
"""What postern starts and loads before it reads the first line: no Exim that has nothing to say, no
library that this run does not need, and one clear line where one is missing that it does."""

import bz2
import subprocess

import pytest
from conftest import FOUND, LOG_TROUBLE, POSTERN, USAGE

IDENT = "1xNopc-0001HD-G8"
COMPLAINT = f"""Received: from nobody by barfoo.com with local (Exim 4.96)
\tid {IDENT}
\tfor fred@foobar.com; Mon, 02 Nov 2026 10:00:00 +0000
From: bob@barfoo.com
Subject: Buy Me!
"""

# In a mount namespace of its own: an Exim that notes that it was asked, and libraries hidden.
INSIDE = r"""
set -e
mount -t tmpfs none /usr/local/sbin
printf '#!/bin/sh\necho asked >>/usr/local/sbin/asked\n' >/usr/local/sbin/exim
chmod 755 /usr/local/sbin/exim
for hidden in /usr/sbin/exim4 /usr/sbin/exim; do
    [ ! -e $hidden ] || mount --bind /usr/local/sbin/exim $hidden
done
for library in $HIDE; do
    for path in /lib/*/$library /usr/lib/*/$library; do
        [ ! -e $path ] || mount --bind /dev/null $path
    done
done
status=0
"$@" || status=$?
[ ! -e /usr/local/sbin/asked ] || echo asked
exit $status
"""


def inside(*args, hide=""):
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", INSIDE, "sh", POSTERN, *args],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", "HIDE": hide},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def log_write(folder, pid, spool="/var/spool/exim4"):
    lines = [
        "cwd=/home/ClientX/public_html 3 args: /usr/sbin/sendmail -t -i",
        f"{IDENT} <= bob@barfoo.com U=nobody P=local S=900 id=same@laptop",
        f"cwd={spool} 3 args: /usr/sbin/exim4 -Mc {IDENT}",
        f"{IDENT} => fred@foobar.com R=lookuphost T=remote_smtp H=foobar.com [198.51.100.25]",
        f"{IDENT} Completed",
    ]
    path = folder / "mainlog"
    path.write_text("".join(f"2026-11-02 10:00:00 {pid}{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("pid", "spool", "asked"),
    [
        ("[4911] ", "/var/spool/exim4", False),
        ("", "/var/spool/exim4", True),
        ("[4911] ", "/srv/spool", True),
    ],
)
def test_exim_for_an_id(tmp_path, pid, spool, asked):
    done = inside("trace", "--log", log_write(tmp_path, pid, spool), "--no-run", IDENT)
    assert done.returncode == FOUND, done
    assert ("asked" in done.stdout.splitlines()) == asked


def test_exim_for_a_complaint(tmp_path):
    complaint = tmp_path / "complaint.eml"
    complaint.write_text(COMPLAINT)
    done = inside("trace", "--log", log_write(tmp_path, "[4911] "), "--no-run", complaint)
    assert done.returncode == FOUND, done
    assert "asked" in done.stdout.splitlines()


def test_without_gmime(tmp_path):
    complaint = tmp_path / "complaint.eml"
    complaint.write_text(COMPLAINT)
    log = log_write(tmp_path, "[4911] ")
    done = inside("trace", "--log", log, complaint, hide="libgmime-3.0.so.0")
    assert done.returncode == USAGE, done
    assert "cannot load GMime" in done.stderr and "install libgmime-3.0-0" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    done = inside("trace", "--log", log, "--no-run", IDENT, hide="libgmime-3.0.so.0")
    assert done.returncode == FOUND, done


def test_without_libarchive(tmp_path):
    log = log_write(tmp_path, "[4911] ")
    packed = tmp_path / "mainlog.1.bz2"
    packed.write_bytes(bz2.compress(log.read_bytes()))
    done = inside("trace", "--log", packed, "--no-run", IDENT, hide="libarchive.so.13")
    assert done.returncode == LOG_TROUBLE, done
    assert "cannot load libarchive" in done.stderr and "mainlog.1.bz2" in done.stderr
    done = inside("trace", "--log", log, "--no-run", IDENT, hide="libarchive.so.13")
    assert done.returncode == FOUND, done
    done = inside("trace", "--log", packed, "--no-run", IDENT)
    assert done.returncode == FOUND, done
