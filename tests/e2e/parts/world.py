# SPDX-License-Identifier: BSD-2-Clause
"""A private world: one server with Exim, Apache, PHP and cron, and the Internet around it.

A World is a folder under the temporary directory and one process, world.sh, that holds the
namespaces. Files of the world are plain files in that folder, so a test reads logs and mailboxes
directly. Programs run inside by World.run(), which enters the namespaces.

Nothing here may touch the machine's own mail server, web server, users, ports or files. See
world.sh for how that is kept.
"""

import contextlib
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from . import exim, web

TOP = pathlib.Path(__file__).resolve().parents[3]
PARTS = TOP / "build" / "parts" / "root"

SERVER_NAME = "barfoo.com"
SERVER_IP = "192.0.2.10"
MX_FOOBAR = "198.51.100.25"
MX_FREEMAIL = "198.51.100.26"
WEB_CLIENT = "203.0.113.66"
WEB_VISITOR = "203.0.113.67"
MAIL_CLIENT = "203.0.113.77"
OUTSIDER = "203.0.113.9"
RELAY_CLIENT = "203.0.113.5"
MAIL_READER = "203.0.113.88"
ADDRESSES = (
    SERVER_IP,
    MX_FOOBAR,
    MX_FREEMAIL,
    WEB_CLIENT,
    WEB_VISITOR,
    MAIL_CLIENT,
    OUTSIDER,
    RELAY_CLIENT,
    MAIL_READER,
)

HOSTS = f"""127.0.0.1 localhost
{SERVER_IP} {SERVER_NAME} forum.example.com
{MX_FOOBAR} foobar.com
{MX_FREEMAIL} mx.freemail.example
{RELAY_CLIENT} fax.customer.example
"""

# name, uid, home. The uids are above all that Debian gives out.
USERS = (
    ("Debian-exim", 61025, "/var/spool/exim4"),
    ("ClientX", 61001, "/home/ClientX"),
    ("ClientY", 61002, "/home/ClientY"),
)

# The article's setting, and what we advise on top of it.
SELECTORS = {
    "article": "+arguments +subject",
    "pids": "+arguments +subject +pid +received_recipients",
}

# All that Exim can log, and no more than it must: for single tests.
EVERYTHING = "everything"
NOTHING = "nothing"


class WorldError(Exception):
    """A real part did not start or did not do what a story needs. The text says which and shows its
    words."""


class World:
    """One server and its Internet. Use as a context manager; everything ends with it."""

    def __init__(self, variant="article", **options):
        """options are main options of the server's Exim, such as queue_only="true"."""
        self.variant = variant
        self.options = options
        self.tls = variant == "pids"  # so that lines with and without X= are both seen
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="postern-world-"))
        self.server = self.path / "server"  # the root of the server's files, as --root takes it
        self.init = None

    def __enter__(self):
        try:
            self._write_files()
            self._start_namespaces()
            self._start_parts()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Ends every process of the world and removes its folder."""
        if self.init is not None:
            with contextlib.suppress(BrokenPipeError):
                self.init.stdin.close()
            try:
                self.init.wait(10)
            except subprocess.TimeoutExpired:
                self.init.kill()
                self.init.wait()
            self.init.stdout.close()
            self.init = None
        shutil.rmtree(self.path, ignore_errors=True)

    # --- files -----------------------------------------------------------------------------------

    @property
    def mainlog(self):
        return self.server / "var/log/exim4/mainlog"

    @property
    def spool(self):
        return self.server / "var/spool/exim4"

    def mkdir(self, name, owner=None, mode=0o755):
        """Makes a folder of the server, owned by a user of the world."""
        made = self.server / name
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(mode)
        self.own(made, owner)
        return made

    def write(self, name, text, owner=None, mode=0o644):
        made = self.server / name
        if not made.parent.is_dir():
            self.mkdir(str(made.parent.relative_to(self.server)), owner)
        made.write_text(text)
        made.chmod(mode)
        self.own(made, owner)
        return made

    @staticmethod
    def own(path, owner):
        if owner is not None:
            uid = {name: uid for name, uid, _ in USERS}.get(owner, 65534)
            os.chown(path, uid, uid)

    def _write_files(self):
        self.path.chmod(0o755)
        shutil.copytree(
            "/etc",
            self.server / "etc",
            symlinks=True,
            ignore=shutil.ignore_patterns("exim4", "apache2", "php", "ssl", "ca-certificates"),
            copy_function=_copy_or_skip,
        )
        etc = self.server / "etc"
        self._add_users(etc)
        self.write("etc/hosts", HOSTS)
        self.write(
            "etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n"
        )
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.write("etc/mailname", SERVER_NAME + "\n")
        shutil.copy(PARTS / "etc" / "pam.d" / "cron", self.mkdir("etc/pam.d"))
        self.write("etc/crontab", "")
        for folder in ("home", "var/spool/cron/crontabs", "var/log/apache2"):
            self.mkdir(folder)
        for name, _, home in USERS[1:]:
            self.mkdir(home.lstrip("/"), name)
        self.mkdir("var/mail", mode=0o1777)
        for folder in (
            "var/log/exim4",
            "var/spool/exim4",
            "../remote/mail",
            "../remote/spool",
            "../remote/log",
        ):
            self.mkdir(folder, "Debian-exim")
        exim.write_server(self)
        exim.write_remote(self)
        web.write(self)

    @staticmethod
    def _add_users(etc):
        ours = {name for name, _, _ in USERS}
        for name in ("passwd", "group"):
            lines = [
                line
                for line in (etc / name).read_text().splitlines()
                if line.split(":")[0] not in ours | {"crontab"}
            ]
            for user, uid, home in USERS:
                lines.append(
                    f"{user}:x:{uid}:{uid}::{home}:/bin/sh"
                    if name == "passwd"
                    else f"{user}:x:{uid}:"
                )
            if name == "group":
                lines.append("crontab:x:61099:")
            (etc / name).write_text("\n".join(lines) + "\n")
        (etc / "shadow").write_text(
            "".join(
                f"{user}:*:19000:0:99999:7:::\n"
                for user, _, _ in (("root", 0, 0), ("nobody", 0, 0), *USERS)
            )
        )

    # --- processes -------------------------------------------------------------------------------

    def _start_namespaces(self):
        if os.geteuid() != 0:
            raise WorldError(
                "the real parts need root, for namespaces and for Exim's own privileges"
            )
        if not (PARTS / "usr/sbin/exim4").exists():
            raise WorldError(f"no Exim in {PARTS}: run tools/install-packages test")
        script = pathlib.Path(__file__).with_name("world.sh")
        self.init = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--net",
                "--uts",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "/bin/bash",
                str(script),
                str(self.path),
                str(PARTS),
                SERVER_NAME,
                *ADDRESSES,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        if self.init.stdout.readline() != "ready\n":
            raise WorldError("the private world did not start: see the message above")

    def inside(self, argv, cwd="/", user=None, env=None):
        """The command line that runs argv inside the world, in the folder cwd, as user (root if
        None)."""
        proc = f"/proc/{self.init.pid}/ns"
        line = [
            "nsenter",
            f"--mount={proc}/mnt",
            f"--net={proc}/net",
            f"--uts={proc}/uts",
            f"--pid={proc}/pid_for_children",
            # without it, a run in a chroot would leave that for the true root
            f"--root=/proc/{self.init.pid}/root",
            "--",
            "/usr/bin/env",
            "-i",
            f"--chdir={cwd}",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL=C",
            "TZ=" + os.environ.get("TZ", ""),
            *(f"{k}={v}" for k, v in (env or {}).items()),
        ]
        if user is not None:
            line += [
                "setpriv",
                f"--reuid={user}",
                f"--regid={_group_of(user)}",
                "--clear-groups",
                "--",
            ]
        return line + [str(a) for a in argv]

    def admin(self, argv, cwd="/root", env=None):
        """As inside(), for a program that looks at the server as its administrator does.

        All of our Internet is on one loopback, so a program that asks for this host's addresses
        would find those of every stranger. This one sees only the server's own.
        """
        only_ours = f'ip link set lo up && ip addr add {SERVER_IP}/32 dev lo && exec "$@"'
        return self.inside(
            ["unshare", "--net", "/bin/sh", "-c", only_ours, "sh", *argv], cwd=cwd, env=env
        )

    def run(self, argv, cwd="/", user=None, text=None, env=None, check=True, timeout=60):
        """Runs argv inside and waits for it. Raises WorldError with its output if it fails and
        check is set."""
        done = subprocess.run(
            self.inside(argv, cwd, user, env),
            input=text,
            text=True,
            timeout=timeout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **({} if text is not None else {"stdin": subprocess.DEVNULL}),
        )
        if check and done.returncode != 0:
            raise WorldError(
                f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}"
            )
        return done

    def spawn(self, argv, **where):
        """Starts argv inside and does not wait. It ends with the world."""
        return subprocess.Popen(
            self.inside(argv, **where),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _start_parts(self):
        self.run(
            [
                "unshare",
                "-m",
                "/bin/sh",
                "-c",
                "mount --bind /mnt/remote/etc /etc/exim4 && "
                "mount --bind /mnt/remote/spool /var/spool/exim4 && "
                "mount --bind /mnt/remote/log /var/log/exim4 && exec /usr/sbin/exim4 -bd",
            ]
        )
        # no -q: a queue run at the start would deliver what a test wants to see queued
        self.run(["/usr/sbin/exim4", "-bd"])
        self.run(web.FPM)
        self.run(web.APACHE, env=web.APACHE_ENV)
        for ip, port in ((MX_FOOBAR, 25), (SERVER_IP, 25), (SERVER_IP, 80)):
            self.until(lambda: self._listens(ip, port), f"a server on {ip} port {port}")

    def _listens(self, ip, port):
        wanted = "".join(f"{int(part):02X}" for part in reversed(ip.split("."))) + f":{port:04X}"
        tcp = pathlib.Path(f"/proc/{self.init.pid}/net/tcp").read_text()
        return any(
            line.split()[1] == wanted and line.split()[3] == "0A" for line in tcp.splitlines()[1:]
        )

    # --- waiting, and looking at what happened ---------------------------------------------------

    def until(self, ready, what, seconds=20):
        """Waits until ready() is true and returns what it returned. Raises WorldError that names
        what."""
        end = time.monotonic() + seconds
        while True:
            got = ready()
            if got:
                return got
            if time.monotonic() > end:
                raise WorldError(
                    f"waited {seconds} s for {what}; the log ends with:\n"
                    + "".join(self.log_lines()[-15:])
                )
            time.sleep(0.02)

    def log_lines(self):
        try:
            return self.mainlog.read_text(errors="surrogateescape").splitlines(keepends=True)
        except FileNotFoundError:
            return []

    def arrival(self, subject):
        """The id of the message whose T= field is subject, once it is in the log."""
        field = f' T="{subject}"'

        def find():
            for line in self.log_lines():
                got = re.search(r" (\w{6}-\w{6,11}-\w{2,4}) <= ", line)
                if got and field in line:
                    return got[1]
            return None

        return self.until(find, f"the arrival of '{subject}'")

    def child_of(self, parent):
        """The id of the bounce or automatic reply that Exim made for the message parent."""

        def find():
            for line in self.log_lines():
                got = re.search(rf" (\w{{6}}-\w{{6,11}}-\w{{2,4}}) <= .* R={parent} ", line)
                if got:
                    return got[1]
            return None

        return self.until(find, f"a message that refers to {parent}")

    def completed(self, ident):
        self.until(
            lambda: any(f" {ident} Completed" in line for line in self.log_lines()),
            f"the completion of {ident}",
        )

    def received(self, address, containing):
        """The message, as bytes, that the remote server stored for address and that holds this
        text."""
        wanted = (f"Envelope-to: {address}\n".encode(), containing.encode())

        def find():
            for name in sorted(glob.glob(f"{self.path}/remote/mail/new/*")):
                data = pathlib.Path(name).read_bytes()
                if all(text in data for text in wanted):
                    return data
            return None

        return self.until(find, f"'{containing}' in the mailbox of {address}")


def _group_of(user):
    return "nogroup" if user == "nobody" else user


def _copy_or_skip(source, target):
    """Copies one file of /etc; a socket or a file that vanishes is no reason to stop."""
    with contextlib.suppress(OSError):
        return shutil.copy2(source, target)
