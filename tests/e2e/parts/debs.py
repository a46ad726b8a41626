# SPDX-License-Identifier: BSD-2-Clause
"""Debian packages that cannot be installed side by side, unpacked into folders of their own.

exim4-daemon-light, exim4-daemon-heavy and postfix exclude each other. unpacked() fetches what is
asked for (once; the folder is kept in build/parts) and returns the root that holds the files of all
packages that were named. Nothing is installed and no script of a package is run. What the programs
link against is in tools/packages.
"""

import fcntl
import pathlib
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]
CACHE = TOP / "build" / "parts"


class DebError(Exception):
    """A package could not be had. The text has what apt-get said."""


def unpacked(*packages):
    """The folder with the files of these packages. Safe for test runs at the same time."""
    name = "+".join(packages)
    root = CACHE / "apart" / name
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(root.parent / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = root.parent / f"{name}.done"
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            for package in packages:
                _unpack(package, root)
            done.touch()
    return root


def _unpack(package, root):
    fetch = root.parent / f"{root.name}.fetch"
    shutil.rmtree(fetch, ignore_errors=True)
    fetch.mkdir()
    try:
        _fetch(package, fetch)
        for deb in fetch.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(deb), str(root)], check=True)
    finally:
        shutil.rmtree(fetch, ignore_errors=True)


def _fetch(package, folder):
    """Fetches one .deb; if apt knows no such file, its lists may be old or missing."""
    first = _apt(folder, "download", package)
    if first.returncode != 0:
        _apt(folder, "update")
        second = _apt(folder, "download", package)
        if second.returncode != 0:
            raise DebError(f"apt-get could not fetch {package}:\n{second.stdout}")


def _apt(folder, *args):
    # As its own user apt may not be able to enter the folder.
    return subprocess.run(
        ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "DPkg::Lock::Timeout=300", *args],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
