# SPDX-License-Identifier: BSD-2-Clause
"""A Postfix as Debian packages it, in a Net: its own files, users and spool, its own master.

    with Net() as net, Daemon(net, group=POSTFIX_GID) as daemon:
        mx = Postfix(net); mx.start()
        client = net.smtp(mx, source="203.0.113.9")

Nothing is installed: the package is unpacked and shown to this Postfix alone, in a mount namespace where
it lies in its proper places. master.cf and main.cf are Debian's own with the lines of postern-exim(7)
added, taken from the manual. The log is a file that postlogd writes. It asks at /run/postern/door, as the Exims do.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

from .debs import unpacked
from .eximpair import PairError, _copy_or_skip, _hold, _release

POSTFIX_UID = POSTFIX_GID = 61125
POSTDROP_GID = 61126
USERS = {"alice": 61026, "bob": 61027}

DOOR = "unix:/run/postern/door"
MANUAL = pathlib.Path(__file__).resolve().parents[3] / "man/postern-exim.7"

SCRIPT = """
set -e
stage=$1 run=$2 host=$3 address=$4
mount --make-rprivate /
ip address replace "$address/32" dev lo  # Postfix listens on addresses of interfaces only
hostname "$host"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/postern /run/sbin /run/lib /run/mixed
mount --bind "$run" /run/postern
mount --bind /usr/sbin /run/sbin
mount -t tmpfs -o mode=755 tmpfs /usr/sbin
ln -s /run/sbin/* /usr/sbin/
for program in "$stage"/sbin/*; do
    rm -f "/usr/sbin/${program##*/}"
    cp -a "$program" /usr/sbin/
done
# Shared libraries must be found at every moment: the mixed folder takes the place of /usr/lib at once.
mount --bind /usr/lib /run/lib
mount -t tmpfs -o mode=755 tmpfs /run/mixed
ln -s /run/lib/* /run/mixed/
rm -f /run/mixed/postfix /run/mixed/sendmail
ln -s "$stage/lib" /run/mixed/postfix
mount --move /run/mixed /usr/lib
mount --bind "$stage/etc" /etc
mount --bind "$stage/var" /var
echo ready
cat >/dev/null
"""

MAIN = """
myhostname = {host}
mydestination = here.test
inet_interfaces = {address}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8 203.0.113.5
alias_maps =
alias_database =
mail_spool_directory = /var/mail
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var
smtpd_use_tls = no
smtpd_tls_security_level = none
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_junk_command_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
{ask}
{more}
"""


def manual_lines():
    """The lines for main.cf as postern-exim(7) has them."""
    postfix = MANUAL.read_text().partition(".Sh POSTFIX\n")[2]
    lines = postfix.partition(".Bd -literal\n")[2].partition(".Ed\n")[0]
    assert f"check_policy_service {DOOR}\n" in lines and "default_action = DUNNO" in lines, lines
    return lines


class Postfix:
    """One Postfix in a Net, not started. `where` is the socket that it asks at. `chroot` leaves smtpd in
    the chroot that Debian gives it."""

    def __init__(self, net, address="192.0.2.26", where=DOOR, chroot=False, more="",
                 host="mx.here.test"):
        self.net, self.address, self.host = net, address, host
        self.stage = net.path / f"postfix{len(net.exims)}"
        self.etc, self.var = self.stage / "etc", self.stage / "var"
        self._holder = None
        self.stage.mkdir()
        self._programs()
        self._files()
        self.configure(where, chroot, more)
        self._holder = _hold(
            [*net.enter()[:-1], "--", "unshare", "--mount", "--uts", "/bin/sh", "-c", SCRIPT, "sh",
             str(self.stage), str(net.run), host, address],
            "Postfix's namespace",
        )
        net.exims.append(self)  # the Net closes all of these

    def close(self):
        if self._holder is not None:
            self.stop()
            _release(self._holder)
            self._holder = None

    # --- files -----------------------------------------------------------------------------------

    def _programs(self):
        package = unpacked("postfix")
        shutil.copytree(package / "usr/sbin", self.stage / "sbin", symlinks=True)
        shutil.copytree(package / "usr/lib/postfix", self.stage / "lib", symlinks=True,
                        ignore=shutil.ignore_patterns("*.a"))
        shutil.copytree(package / "usr/share/postfix", self.stage / "share")
        for name in ("postdrop", "postqueue"):  # as the package leaves them
            os.chown(self.stage / "sbin" / name, 0, POSTDROP_GID)
            (self.stage / "sbin" / name).chmod(0o2555)

    def _files(self):
        shutil.copytree(
            "/etc", self.etc, symlinks=True, copy_function=_copy_or_skip,
            ignore=shutil.ignore_patterns("exim4", "exim", "postern", "postfix", "apache2", "php",
                                          "ssl"),
        )
        shutil.copytree(unpacked("postfix") / "etc/postfix", self.etc / "postfix")
        for folder in ("lib/postfix", "spool/postfix/etc", "spool/postfix/pid", "log", "mail", "tmp"):
            (self.var / folder).mkdir(parents=True)
        os.chown(self.var / "lib/postfix", POSTFIX_UID, POSTFIX_GID)
        for folder in ("mail", "tmp"):
            (self.var / folder).chmod(0o1777)
        self._users()
        (self.etc / "hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.host}\n")
        (self.etc / "nsswitch.conf").write_text(
            "passwd: files\ngroup: files\nhosts: files\nservices: files\n"
        )
        (self.etc / "resolv.conf").write_text(
            "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
        )
        for name in ("hosts", "nsswitch.conf", "resolv.conf", "services"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(self.etc / name, self.var / "spool/postfix/etc" / name)

    def _users(self):
        accounts = [("postfix", POSTFIX_UID, "/var/spool/postfix")]
        accounts += [(name, uid, "/") for name, uid in USERS.items()]
        passwd = [f"{name}:x:{uid}:{uid}::{home}:/bin/sh" for name, uid, home in accounts]
        group = [f"{name}:x:{uid}:" for name, uid, _ in accounts] + [f"postdrop:x:{POSTDROP_GID}:"]
        for name, lines in (("passwd", passwd), ("group", group)):
            ours = [line.split(":")[0] for line in lines]
            kept = [line for line in (self.etc / name).read_text().splitlines()
                    if line.split(":")[0] not in ours]
            (self.etc / name).write_text("\n".join(kept + lines) + "\n")

    def configure(self, where=DOOR, chroot=False, more="", timeout="10s"):
        """Writes main.cf and master.cf: Debian's, the manual's lines, and what a test wants."""
        lines = manual_lines().replace(DOOR, where)
        assert "timeout = 10s" in lines, lines
        share = self.stage / "share"
        main = (share / "main.cf.debian").read_text() + MAIN.format(
            host=self.host, address=self.address, more=more,
            ask=lines.replace("timeout = 10s", f"timeout = {timeout}"),
        )
        master = (share / "master.cf.dist").read_text()
        if not chroot:
            master = re.sub(r"(?m)^(smtp +inet +n +- +)y", r"\1n", master)
        # each in one step: the master may still be reading them, and half a master.cf ends it
        for name, text in (("main.cf", main), ("master.cf", master)):
            made = self.etc / f"postfix/{name}.new"
            made.write_text(text)
            made.rename(self.etc / "postfix" / name)
        shutil.copy(share / "dynamicmaps.cf", self.etc / "postfix/dynamicmaps.cf")

    # --- running ---------------------------------------------------------------------------------

    def inside(self, argv):
        """The command line that runs argv where this Postfix runs."""
        return [*self.net.enter(self._holder.pid), "--", "/usr/bin/env", "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC",
                *[str(arg) for arg in argv]]

    def run(self, argv, check=True, timeout=60):
        """Runs argv there and waits. Raises PairError with its words if it fails and check is set."""
        done = subprocess.run(
            self.inside(argv), text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        if check and done.returncode != 0:
            raise PairError(
                f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}\n{self.log()}"
            )
        return done

    def start(self):
        """Starts it, and waits until it listens. Returns the Postfix."""
        self.run(["/usr/sbin/postfix", "start"])
        end = time.monotonic() + 20
        while not self.net.listens(self.address, 25):
            if time.monotonic() > end:
                raise PairError(f"no Postfix on {self.address}; its log:\n{self.log()}")
            time.sleep(0.02)
        return self

    def reload(self):
        """Reads main.cf and master.cf again. Returns when the master does so and no smtpd with the
        old settings is left: `postfix reload` only sends a signal, and whoever is quick still meets
        an old one."""
        old, begun = self._smtpds(), self._reloads()
        self.run(["/usr/sbin/postfix", "reload"])
        end = time.monotonic() + 20
        while self._reloads() == begun or old & self._smtpds():
            if time.monotonic() > end:
                raise PairError(f"no end of a reload of Postfix; its log:\n{self.log()}")
            time.sleep(0.01)

    def _reloads(self):
        return self.log().count(": reload -- version ")

    def _smtpds(self):
        """The numbers of this Postfix's smtpd processes, as seen from outside of its namespace."""
        mine, found = os.readlink(f"/proc/{self._holder.pid}/ns/mnt"), set()
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if (process / "comm").read_text() == "smtpd\n" and \
                        os.readlink(process / "ns/mnt") == mine:
                    found.add(int(process.name))
        return found

    def stop(self):
        self.run(["/usr/sbin/postfix", "stop"], check=False)

    def log(self):
        path = self.var / "log/postfix.log"
        return path.read_text(errors="backslashreplace") if path.exists() else ""

    def logged(self, *texts, seconds=10):
        """Waits for a line of its log that has all these texts. Returns the last such line."""
        end = time.monotonic() + seconds
        while True:
            found = [line for line in self.log().splitlines() if all(t in line for t in texts)]
            if found:
                return found[-1]
            assert time.monotonic() < end, f"not in the log: {texts}\n{self.log()}"
            time.sleep(0.02)

    def mail(self, user, containing, seconds=15):
        """Waits until this user's mailbox has the text. Returns the mailbox."""
        box = self.var / "mail" / user
        end = time.monotonic() + seconds
        while not box.exists() or containing not in box.read_text(errors="replace"):
            assert time.monotonic() < end, f"no mail for {user}\n{self.log()}"
            time.sleep(0.02)
        return box.read_text(errors="replace")
