# SPDX-License-Identifier: BSD-2-Clause
"""posternd in the hands of its administrator: what `postern` says when no daemon is there or one hangs,
and a log file that the real logrotate takes away."""

import contextlib
import grp
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from conftest import LOG_TROUBLE, NO_MATCH, POSTERN, TOP, USAGE

from parts.inbound import POSTERND

LOGROTATE = TOP / "build" / "parts" / "root" / "usr" / "sbin" / "logrotate"
ROTATION = TOP / "etc" / "logrotate" / "postern"
UNIT = TOP / "etc" / "systemd" / "postern.service"


class Running:
    """posternd as nobody, in a folder that nobody can reach; its log is in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-operating.", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.log = self.folder / "log" / "postern.log"
        self.conf = self.folder / "postern.conf"
        self.conf.write_text(
            f"""daemon {{ user = nobody group = nogroup log = "{self.log}" state = "{self.folder}/state" }}
door {{ socket = "{self.folder}/run/door" }}
control {{ socket = "{self.folder}/run/control" }}
recipient {{ layout = none }}
dns {{ trust_anchor = "" }}
"""
        )
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.folder)

    def start(self):
        self.process = subprocess.Popen([POSTERND, "--foreground", "-c", self.conf])
        self.wait_for(self.log, "started ")
        return self

    def wait_for(self, path, text):
        for _ in range(100):
            with contextlib.suppress(FileNotFoundError):
                if text in path.read_text():
                    return
            time.sleep(0.1)
        raise AssertionError(f"{path} has no {text}")

    def postern(self, *args):
        return postern(*args, "--config", self.conf)


def postern(*args):
    return subprocess.run([POSTERN, *map(str, args)], capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.mark.parametrize(("args", "says"), [
    (["ask", "--client", "x"], "client is no IP address: x"),
    (["ask", "--client", "192.0.2.7", "--server", "300.1.1.1"], "server is no IP address"),
    (["ask", "--client", "192.0.2.7", "--verified", "perhaps"], "verified is yes, no or defer"),
    (["ask", "--client", "192.0.2.7", "--helo", "x" * 5000], "helo is longer than"),
    (["bans", "add", "300.1.1.1"], "300.1.1.1 is no address and no network"),
    (["bans", "show", "example.org"], "example.org is no address"),
    (["bans", "remove", "192.0.2.0/33"], "192.0.2.0/33 is no address"),
    (["bans", "add", "0.0.0.0/0"], "a ban of everybody"),
    (["bans", "add", "192.0.2.7", "--for", "100w5"], "--for takes a span"),
    (["bans", "add", "192.0.2.7", "--for", "600w"], "10 years"),
])
def test_bad_arguments_are_told_first(args, says):
    done = postern(*args, "--socket", "/nonexistent/control")
    assert done.returncode == USAGE, done
    assert says in done.stderr, done
    assert "posternd" not in done.stderr, done


def test_good_arguments_without_a_daemon():
    done = postern("ask", "--client", "192.0.2.7", "--socket", "/nonexistent/control")
    assert done.returncode == USAGE
    assert "posternd does not answer on /nonexistent/control: start it" in done.stderr


def test_daemon_that_hangs():
    with Running().start() as daemon:
        assert daemon.postern("bans", "show", "192.0.2.9").returncode == NO_MATCH
        daemon.process.send_signal(signal.SIGSTOP)
        for args in (["status"], ["bans", "list"], ["bans", "add", "192.0.2.9"],
                     ["ask", "--client", "192.0.2.7"]):
            begin = time.monotonic()
            done = daemon.postern(*args)
            assert time.monotonic() - begin < 15, args
            assert done.returncode == LOG_TROUBLE, done
            assert "stopped or hangs" in done.stderr and "systemctl restart postern" in done.stderr, done
        daemon.process.send_signal(signal.SIGCONT)
        # a command that was given up is not carried out later
        assert daemon.postern("status").returncode == 0
        assert daemon.postern("bans", "show", "192.0.2.9").returncode == NO_MATCH


@pytest.mark.parametrize("folder", ["root", "posternd"])
def test_logrotate(folder):
    """The folder is root's, as systemd makes it, or posternd's own, as it makes it itself."""
    program = str(LOGROTATE) if LOGROTATE.exists() else shutil.which("logrotate")
    assert program is not None, "no logrotate: run tools/install-packages test"
    assert grp.getgrnam("adm")
    with Running() as daemon:
        if folder == "root":
            daemon.log.parent.mkdir(mode=0o755)
        daemon.start()
        text = ROTATION.read_text().replace("/var/log/postern/", f"{daemon.log.parent}/")
        text = text.replace("create 0640 postern adm", "create 0640 nobody adm")
        text, hups = re.subn(r"systemctl kill .*", f"kill -HUP {daemon.process.pid}", text)
        assert hups == 1 and "nobody" in text
        conf = daemon.folder / "rotation"
        conf.write_text(text)
        conf.chmod(0o644)
        run = [program, "--state", str(daemon.folder / "rotated"), "--force", str(conf)]
        for turn in (1, 2):
            done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0 and done.stderr == "", done
            daemon.wait_for(daemon.log, "reloaded ")
            assert (daemon.log.owner(), daemon.log.group()) == ("nobody", "adm")
            old = daemon.log.with_name("postern.log.1").read_text()
            assert ("started " in old) == (turn == 1), old
        assert daemon.log.with_name("postern.log.2.gz").exists()


def test_reload_with_the_rights_of_the_unit():
    """What `systemctl reload postern` runs, with the capabilities that the unit leaves to it."""
    text = UNIT.read_text()
    left = re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M).group(1).lower()
    limits = ["-all", *left.replace("cap_", "+").split()]
    lines = re.findall(r"^ExecReload=(.*)$", text, re.M)
    assert len(lines) == 2 and "--check" in lines[0] and "$MAINPID" in lines[1]
    with Running() as daemon:
        daemon.start()
        for line in lines:
            command = line.lstrip("+").replace("$MAINPID", str(daemon.process.pid))
            command = command.replace("@sbindir@/posternd", f"{POSTERND} -c {daemon.conf}").split()
            # systemd takes nothing from a line that begins with +
            rights = [] if line.startswith("+") else ["setpriv", "--bounding-set", ",".join(limits)]
            done = subprocess.run(
                [*rights, *command], capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done
        daemon.wait_for(daemon.log, "reloaded ")


def test_the_unit_lets_a_door_be_where_the_manual_puts_one():
    """systemd makes all other folders read-only, and posternd would not start."""
    page = (TOP / "man" / "postern-exim.7").read_text()
    folder = re.search(r"^\.Dl install -d .* (/\S+)$", page, re.M).group(1)
    assert f"\nReadWritePaths=-{folder}\n" in UNIT.read_text()
