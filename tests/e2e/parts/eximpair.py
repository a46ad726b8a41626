# SPDX-License-Identifier: BSD-2-Clause
"""Exims of both Debian flavours side by side, each as it runs in life, in a network of their own.

    with Net() as net:
        mx = net.exim("light", layout="debian")
        mx.setup("--apply")
        mx.start()
        client = net.smtp(mx, source="203.0.113.9")

A Net is one process that holds a network and a PID namespace: whole networks of documentation
addresses are local there, so servers may listen on, and clients come from, any of them, and port 25
is free. 192.0.2.20 to 192.0.2.30 are addresses of its interface as well, for servers that look (the
HELO check of posternd, Postfix). Each Exim has a mount namespace with /etc, /var and /usr/sbin of its own, its binary is setuid
root and its user exists, so it has the privileges of a real one. The folder /run/postern is one for
all: a daemon, or the PolicyServer of a test, that listens in Net.run is found there by every Exim.

Nothing of the machine is touched, and everything ends with the Net.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from .debs import unpacked

NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
FLAVOURS = {"light": "exim4-daemon-light", "heavy": "exim4-daemon-heavy"}
EXIM_UID = 61025
LAYOUTS = ("plain", "debian", "debian-split")
CLONE_NEWNET = 0x40000000

# Holds the namespaces until its input ends.
NET_SCRIPT = """
set -e
mount --make-rprivate /
ip link set lo up
for host in 20 21 22 23 24 25 26 27 28 29 30; do ip addr add "192.0.2.$host/32" dev lo; done
for network; do ip route add local "$network" dev lo; done
echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind  # with IPv4 the routes are enough
echo ready
cat >/dev/null
"""

EXIM_SCRIPT = """
set -e
stage=$1 run=$2 host=$3
mount --make-rprivate /
hostname "$host"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/postern /run/sbin
mount --bind "$run" /run/postern
mount --bind /usr/sbin /run/sbin
mount -t tmpfs -o mode=755 tmpfs /usr/sbin
ln -s /run/sbin/* /usr/sbin/
rm -f /usr/sbin/exim /usr/sbin/exim4 /usr/sbin/sendmail /usr/sbin/update-exim4.conf
install -m 4755 "$stage/exim4" /usr/sbin/exim4
install -m 755 "$stage/update-exim4.conf" /usr/sbin/update-exim4.conf
ln -s exim4 /usr/sbin/exim
ln -s exim4 /usr/sbin/sendmail
mount --bind "$stage/etc" /etc
mount --bind "$stage/var" /var
echo ready
cat >/dev/null
"""

PLAIN = """
primary_hostname = %(host)s
local_interfaces = %(address)s
domainlist local_domains = here.test
hostlist relay_from_hosts = 127.0.0.1 : 203.0.113.5
tls_advertise_hosts =
keep_environment =
add_environment = <; PATH=/bin:/usr/bin
host_lookup =
helo_accept_junk_hosts = 203.0.113.66
rfc1413_query_timeout = 0s
smtp_accept_max_per_connection = 1000
smtp_max_synprot_errors = 100
acl_smtp_rcpt = acl_check_rcpt

begin acl

acl_check_rcpt:
  accept hosts = : +relay_from_hosts
  accept authenticated = *
  require message = relay not permitted
          domains = +local_domains
  require verify = recipient
  accept

begin routers

waiting:
  driver = redirect
  local_parts = later
  allow_defer
  data = :defer: not now

users:
  driver = accept
  local_parts = alice : bob : postmaster : abuse : ^box[0-9]
  transport = store

begin transports

store:
  driver = appendfile
  user = Debian-exim
  file = /var/mail/$local_part_data

begin retry
* * F,1h,5m

begin authenticators

plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{secret}}
  server_set_id = $auth2
"""

DEBIAN = """
dc_eximconfig_configtype='internet'
dc_other_hostnames='here.test'
dc_local_interfaces='%(address)s'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets='203.0.113.5'
dc_smarthost=''
CFILEMODE='644'
dc_use_split_config='%(split)s'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
"""


class PairError(Exception):
    """An Exim or its namespaces did not start. The text has what was said."""


def _hold(argv, what):
    """Starts a process that says "ready" and then waits for the end of its input."""
    held = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    if held.stdout.readline() != "ready\n":
        held.kill()
        held.wait()
        raise PairError(f"{what} did not start: see the message above")
    return held


def _release(held):
    with contextlib.suppress(BrokenPipeError):
        held.stdin.close()
    try:
        held.wait(10)
    except subprocess.TimeoutExpired:
        held.kill()
        held.wait()
    held.stdout.close()


class Net:
    """The network that Exims, daemons and clients of a test live in. Use as a context manager."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="postern-net-"))
        self.path.chmod(0o755)
        self.run = self.path / "run"  # is /run/postern
        self.run.mkdir()
        self.door = self.run / "door"
        self.exims = []
        self._holder = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise PairError("real Exims need root, for namespaces and for their own privileges")
        try:
            self._holder = _hold(
                ["unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child",
                 "--mount-proc", "/bin/sh", "-c", NET_SCRIPT, "sh", *NETWORKS],
                "the private network",
            )
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        for exim in self.exims:
            exim.close()
        self.exims = []
        if self._holder is not None:
            _release(self._holder)
            self._holder = None
        shutil.rmtree(self.path, ignore_errors=True)

    def exim(self, flavour="light", layout="plain", address="192.0.2.25", **more):
        """A new Exim of this flavour, configured but not started. Each wants an address."""
        made = Exim(self, flavour, layout, address, **more)
        self.exims.append(made)
        return made

    def enter(self, pid=None):
        """The command line that enters the network, the PID namespace and, of the process pid, its
        view of the files."""
        proc, own = f"/proc/{self._holder.pid}/ns", f"/proc/{pid or self._holder.pid}/ns"
        return ["nsenter", f"--mount={own}/mnt", f"--uts={own}/uts", f"--net={proc}/net",
                f"--pid={proc}/pid_for_children"]

    def socket(self, to, source=None, timeout=30):
        """A TCP connection inside, from any address of NETWORKS, as a socket of this process."""
        made = []

        def connect():
            # A thread can go into another network alone, and its sockets stay there.
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                with open(f"/proc/{self._holder.pid}/ns/net", "rb") as net:
                    if libc.setns(net.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                made.append(
                    socket.create_connection(
                        to, timeout=timeout, source_address=(source, 0) if source else None
                    )
                )
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def listens(self, address, port):
        """True if a server listens there. Looked up, not tried: a connection would be a session."""
        if ":" in address:
            packed, table = socket.inet_pton(socket.AF_INET6, address), "tcp6"
        else:
            packed, table = socket.inet_aton(address), "tcp"
        words = [packed[i : i + 4][::-1].hex().upper() for i in range(0, len(packed), 4)]
        wanted = f"{''.join(words)}:{port:04X}"
        rows = pathlib.Path(f"/proc/{self._holder.pid}/net/{table}").read_text().splitlines()[1:]
        return any(row.split()[1] == wanted and row.split()[3] == "0A" for row in rows)

    def smtp(self, exim, source="203.0.113.9", port=25, greet=True):
        """A session with that Exim. Unless greet is False, the greeting has been read and must be
        220."""
        session = Smtp(self.socket((exim.address, port), source))
        if greet:
            reply = session.reply()
            assert reply.startswith("220"), reply
        return session


class Smtp:
    """One SMTP session, byte for byte."""

    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def reply(self):
        """One reply, all its lines; an empty text if the server has closed."""
        lines = []
        while line := self.file.readline():
            lines.append(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    def say(self, command):
        """Sends one command, text or bytes, and returns the reply."""
        data = command if isinstance(command, bytes) else command.encode()
        self.sock.sendall(data + b"\r\n")
        return self.reply()

    def hello(self, name="client.example", sender="someone@sender.example"):
        """EHLO and MAIL, which must succeed. Returns the session."""
        for command in (f"EHLO {name}", f"MAIL FROM:<{sender}>"):
            reply = self.say(command)
            assert reply.startswith("250"), f"{command}: {reply}"
        return self

    def rcpt(self, *recipients):
        """The reply for one recipient, or a list of replies."""
        replies = [self.say(f"RCPT TO:<{one}>") for one in recipients]
        return replies[0] if len(replies) == 1 else replies

    def data(self, text="Subject: test\r\n\r\ntest"):
        reply = self.say("DATA")
        assert reply.startswith("354"), reply
        return self.say(text + "\r\n.")


class Exim:
    """One Exim in a Net. `layout` is plain, debian or debian-split."""

    def __init__(self, net, flavour, layout, address, host="mx.here.test", conf=None):
        assert layout in LAYOUTS
        self.net, self.flavour, self.layout, self.address, self.host = (
            net, flavour, layout, address, host,
        )
        self.stage = net.path / f"exim{len(net.exims)}"
        self.etc, self.var = self.stage / "etc", self.stage / "var"
        self.conf = conf
        self._files()
        self._holder = _hold(
            # not with --pid: nsenter would fork, and its number would not be the one that we need
            [*net.enter()[:-1], "--", "unshare", "--mount", "--uts", "/bin/sh", "-c", EXIM_SCRIPT, "sh",
             str(self.stage), str(net.run), host],
            f"the {flavour} Exim's namespace",
        )
        if layout != "plain":
            self.run(["/usr/sbin/update-exim4.conf"])

    def close(self):
        if self._holder is not None:
            _release(self._holder)
            self._holder = None

    # --- files -----------------------------------------------------------------------------------

    def _files(self):
        daemon, config = unpacked(FLAVOURS[self.flavour]), unpacked("exim4-config")
        self.stage.mkdir()
        shutil.copy(daemon / "usr/sbin/exim4", self.stage / "exim4")
        shutil.copy(config / "usr/sbin/update-exim4.conf", self.stage / "update-exim4.conf")
        shutil.copytree(
            "/etc", self.etc, symlinks=True, copy_function=_copy_or_skip,
            ignore=shutil.ignore_patterns("exim4", "exim", "postern", "apache2", "php", "ssl"),
        )
        for folder in ("lib/exim4", "spool/exim4", "log/exim4", "mail", "tmp", "run"):
            (self.var / folder).mkdir(parents=True)
        for folder in ("lib/exim4", "spool/exim4", "log/exim4", "mail"):
            os.chown(self.var / folder, EXIM_UID, EXIM_UID)
        (self.var / "mail").chmod(0o1777)
        (self.var / "tmp").chmod(0o1777)
        self._users()
        (self.etc / "hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.host}\n")
        (self.etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
        (self.etc / "resolv.conf").write_text(
            "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
        )
        (self.etc / "mailname").write_text(self.host + "\n")
        self._configuration(config)

    def _users(self):
        for name, line in (("passwd", "{0}:x:{1}:{1}::{2}:/bin/sh"), ("group", "{0}:x:{1}:")):
            kept = [
                text for text in (self.etc / name).read_text().splitlines()
                if text.split(":")[0] not in ("Debian-exim", "alice", "bob")
            ]
            for user, uid, home in (("Debian-exim", EXIM_UID, "/var/spool/exim4"),
                                    ("alice", 61026, "/"), ("bob", 61027, "/")):
                kept.append(line.format(user, uid, home))
            (self.etc / name).write_text("\n".join(kept) + "\n")

    def _configuration(self, config):
        values = {
            "address": self.address, "host": self.host,
            "split": "true" if self.layout == "debian-split" else "false",
        }
        exim4 = self.etc / "exim4"
        if self.layout == "plain":
            exim4.mkdir()
            (exim4 / "exim4.conf").write_text(self.conf or PLAIN % values)
            return
        shutil.copytree(config / "etc/exim4", exim4, symlinks=True)
        (exim4 / "update-exim4.conf.conf").write_text(DEBIAN % values)
        (self.etc / "aliases").write_text("postmaster: alice\nabuse: alice\n")
        _unsplit(exim4)

    # --- running ---------------------------------------------------------------------------------

    def inside(self, argv):
        """The command line that runs argv where this Exim runs."""
        return [*self.net.enter(self._holder.pid), "--", "/usr/bin/env", "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC",
                *[str(arg) for arg in argv]]

    def run(self, argv, check=True, text=None, timeout=120):
        """Runs argv there and waits. Raises PairError with its words if it fails and check is set."""
        done = subprocess.run(
            self.inside(argv), input=text, text=True, timeout=timeout, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            **({} if text is not None else {"stdin": subprocess.DEVNULL}),
        )
        if check and done.returncode != 0:
            raise PairError(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}")
        return done

    def spawn(self, argv, **how):
        """Starts argv there and does not wait, as subprocess.Popen; it ends with the Net."""
        return subprocess.Popen(self.inside(argv), stdin=subprocess.DEVNULL, **how)

    def setup(self, *args, program=None, check=True):
        """Runs postern setup exim there, with these arguments."""
        program = pathlib.Path(
            program or os.environ.get("POSTERN", pathlib.Path(__file__).parents[3] / "build/postern")
        )
        shutil.copy(program, self.var / "postern")
        return self.run(["/var/postern", "setup", "exim", *args], check=check)

    def start(self, ports="25"):
        """Starts the daemon on its address and these ports (a list of Exim's: "25 : 587"), and waits
        until it listens. Returns the Exim."""
        self.run(["/usr/sbin/exim4", "-bd", "-oX", ports])
        end = time.monotonic() + 20
        while True:
            if self.net.listens(self.address, 25):
                return self
            if time.monotonic() > end:
                raise PairError(f"no Exim on {self.address}; its log:\n{self.log()}")
            time.sleep(0.02)

    def log(self, name="mainlog"):
        try:
            return (self.var / "log/exim4" / name).read_text(errors="backslashreplace")
        except FileNotFoundError:
            return ""

    def logged(self, text, seconds=10):
        """Waits until the main log has this text. Returns the log."""
        end = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < end, f"not in the log: {text}\n{self.log()}"
            time.sleep(0.02)
        return self.log()

    def mail(self, user, containing, seconds=10):
        """Waits until this user's mailbox has the text. Returns the mailbox."""
        box = self.var / "mail" / user
        end = time.monotonic() + seconds
        while not box.exists() or containing not in box.read_text(errors="replace"):
            assert time.monotonic() < end, f"no mail for {user}\n{self.log()}"
            time.sleep(0.02)
        return box.read_text(errors="replace")


def _unsplit(exim4):
    """The package makes its template from the pieces when it is installed; so do we if it lacks."""
    if not (exim4 / "exim4.conf.template").exists():
        pieces = [
            piece.read_text()
            for folder in ("main", "acl", "router", "transport", "retry", "rewrite", "auth")
            for piece in sorted((exim4 / "conf.d" / folder).iterdir())
        ]
        (exim4 / "exim4.conf.template").write_text("".join(pieces))


def _copy_or_skip(source, target):
    with contextlib.suppress(OSError):
        return shutil.copy2(source, target)
