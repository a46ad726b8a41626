# SPDX-License-Identifier: BSD-2-Clause
"""The inbound side in a Net: posternd, the lists that it asks, and the DNS around it.

    with Net() as net, Dns(net) as dns, Daemon(net, dns.settings()) as daemon:
        dns.list("bl.here.test", "203.0.113.66", text="Listed, see http://bl.here.test/$")
        mx = net.exim("light"); mx.setup("--apply", "--socket", "/run/postern/door"); mx.start()

The lists are rbldnsd, the rest of the DNS an unbound that knows only what a test tells it. Both listen
on loopback addresses of the Net. posternd is the real program with a configuration of its own; it gives
up root like in life.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from .debs import unpacked

TOP = pathlib.Path(__file__).resolve().parents[3]
POSTERN = pathlib.Path(os.environ.get("POSTERN", TOP / "build" / "postern")).resolve()
POSTERND = pathlib.Path(os.environ.get("POSTERND", POSTERN.parent / "posternd")).resolve()
EXIM_GROUP = 61025  # of the Exims in a Net; see eximpair
DNS_PORT, LISTS_PORT = 5353, 5354
REVERSE = ("2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa")


class InboundError(Exception):
    """A real part did not start. The text has its words."""


def until(ready, what, seconds=15, words=lambda: ""):
    """Waits until ready() is true and returns it."""
    end = time.monotonic() + seconds
    while not (result := ready()):
        if time.monotonic() > end:
            raise InboundError(f"{what} did not come in {seconds} s\n{words()}")
        time.sleep(0.02)
    return result


class Part:
    """A program that runs in a Net until the part ends."""

    def __init__(self, net, name):
        self.net, self.name = net, name
        before = sum(1 for one in net.path.iterdir() if one.name.rstrip("0123456789") == name)
        self.folder = net.path / (f"{name}{before}" if before else name)
        self.folder.mkdir()
        self.process = None
        self.output = self.folder / "output"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def spawn(self, argv):
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [*self.net.enter(), "--", *map(str, argv)], stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )

    def words(self):
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def pid(self):
        """The number of the program itself. nsenter has started it as its child."""
        found = pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        ).read_text().split()
        return int(found[0]) if found else self.process.pid

    def send(self, number):
        os.kill(self.pid(), number)
        if number == signal.SIGCONT:
            self.process.send_signal(number)  # nsenter stops with its child, and has to be woken

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(number)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.send(signal.SIGKILL)
                self.process.wait()
        self.process = None


def _udp_listens(net, port):
    rows = pathlib.Path(f"/proc/{net._holder.pid}/net/udp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") for row in rows)


class Dns:
    """Block lists, and all other names. Both can be changed while they run.

    Answers may be kept for `ttl` seconds. Without it, for one second, and a "no" is not to be kept
    at all: what a test changes is then soon seen.
    """

    def __init__(self, net, port=DNS_PORT, ttl=None):
        self.net = net
        self.port = port  # 53 is where the Exims of a Net look
        self.ttl = ttl
        self.names, self.lists = Part(net, "dns"), Part(net, "lists")
        self.zones = {}  # zone -> lines of an ip4set
        self.data = []
        self.program = shutil.which("unbound") or str(unpacked("unbound") / "usr/sbin/unbound")
        self.rbldnsd = shutil.which("rbldnsd") or str(unpacked("rbldnsd") / "usr/sbin/rbldnsd")

    def __enter__(self):
        self._names_start()
        return self

    def __exit__(self, *exc):
        self.names.stop()
        self.lists.stop()

    # --- names -----------------------------------------------------------------------------------

    def add(self, *records):
        """Records like "sender.example. MX 10 mx.sender.example."; everything else is NXDOMAIN."""
        self.data += records
        if self.names.process is not None:
            self.names.stop()
            self._names_start()

    def host(self, name, address):
        """A name and an address that lead to each other."""
        reverse = ".".join(reversed(address.split(".")))
        self.add(f"{name}. A {address}", f"{reverse}.in-addr.arpa. PTR {name}.")

    def _names_start(self):
        conf = self.names.folder / "unbound.conf"
        local = "".join(f"  local-data: '{one}'\n" for one in self.data)
        reverse = "".join(f"  local-zone: {one} static\n" for one in REVERSE)
        if self.ttl is not None:
            local += "".join(f"  local-data: '{one} {self._soa()}'\n" for one in [".", *REVERSE])
        conf.write_text(
            f"""server:
  interface: 127.0.0.1@{self.port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{self.names.folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  access-control: 127.0.0.0/8 allow
  local-zone: . static
{reverse}{local}remote-control:
  control-enable: no
"""
        )
        self.names.spawn([self.program, "-c", conf])
        until(lambda: _udp_listens(self.net, self.port), "unbound", words=self.names.words)

    def _soa(self):
        return f"{self.ttl} SOA ns.invalid. root.invalid. 1 600 600 86400 {self.ttl}"

    # --- lists -----------------------------------------------------------------------------------

    def list(self, zone, *entries, text="Listed, see http://lists.example/$", value="127.0.0.2"):
        """A block list with these addresses; 127.0.0.2 is in it, as RFC 5782 asks."""
        self.zones.setdefault(zone, [])
        self.zones[zone] += [f":{value}:{text}", *entries, "127.0.0.2"]
        self._lists_write()

    def broken_list(self, zone, answer, keep_test=False):
        """A list that gives this answer to everything."""
        self.zones[zone] = [f":{answer}:broken", "0.0.0.0/1", "128.0.0.0/1"]  # it takes no /0
        self._lists_write()

    def unlist(self, zone):
        """Back to an empty list that is well."""
        self.zones[zone] = []
        self.list(zone)

    def _lists_write(self):
        started = set(self.zones) == getattr(self, "served", None)
        head = ["$TTL 1"]
        if self.ttl is not None:
            head = [f"$SOA {self.ttl} ns.invalid root.invalid 1 600 600 86400 {self.ttl}",
                    f"$TTL {self.ttl}"]
        for zone, lines in self.zones.items():
            (self.lists.folder / zone).write_text("\n".join([*head, *lines]) + "\n")
        if started:
            self.lists.send(signal.SIGHUP)
            time.sleep(0.3)
            return
        self.lists.stop()
        self.served = set(self.zones)
        self.lists.spawn(
            [self.rbldnsd, "-n", "-q", "-c", "1s", "-r", self.lists.folder, "-t",
             str(self.ttl or 1), "-u",
             "nobody:nogroup" if os.geteuid() == 0 else "", "-b", f"127.0.0.1/{LISTS_PORT}",
             *(f"{zone}:ip4set:{zone}" for zone in self.zones)]
        )
        until(lambda: _udp_listens(self.net, LISTS_PORT), "rbldnsd", words=self.lists.words)

    def settings(self):
        """The section dns of a postern.conf that asks these and nobody else."""
        stubs = "".join(
            f'  stub "{zone}" {{ servers = {{ "127.0.0.1@{LISTS_PORT}" }} }}\n' for zone in self.zones
        )
        reverse = "".join(
            f'  stub "{zone}" {{ servers = {{ "127.0.0.1@{self.port}" }} }}\n' for zone in REVERSE
        )
        return (
            f'dns {{\n  forwarders = {{ "127.0.0.1@{self.port}" }}\n  trust_anchor = ""\n'
            f"{stubs}{reverse}}}\n"
        )


class Daemon(Part):
    """posternd. `settings` are sections of its configuration; sockets, state and log are given."""

    def __init__(self, net, settings="", door="", daemon="", start=True, group=EXIM_GROUP,
                 level="debug"):
        super().__init__(net, f"posternd{sum(1 for p in net.path.glob('posternd*'))}")
        self.state, self.log_file = self.folder / "state", self.folder / "log"
        self.conf = self.folder / "postern.conf"
        self.state.mkdir()
        shutil.chown(self.state, "nobody", "nogroup")
        self.door_settings, self.daemon_settings = door, daemon
        self.group, self.level = group, level
        self.write(settings)
        if start:
            self.start()

    def write(self, settings):
        self.conf.write_text(
            f"""daemon {{
  user = "nobody"
  group = "nogroup"
  log = "{self.log_file}"
  log_level = "{self.level}"
  state = "{self.state}"
  metrics = "127.0.0.1:9725"
  {self.daemon_settings}
}}
door {{
  socket = "{self.net.door}"
  group = "{self.group}"
  mode = 0660
  {self.door_settings}
}}
control {{
  socket = "{self.net.run}/control"
}}
{settings}
"""
        )
        self.conf.chmod(0o644)

    def start(self):
        # a socket that a killed one left behind is there before the new one listens
        started = self.log().count("started ")
        self.spawn([POSTERND, "--foreground", "-c", self.conf])
        until(lambda: self.log().count("started ") > started or self.process.poll() is not None,
              "posternd", words=lambda: self.words() + self.log())
        if self.process.poll() is not None:
            raise InboundError(f"posternd ended:\n{self.words()}\n{self.log()}")
        return self

    def reload(self, settings):
        self.write(settings)
        before = self.log().count(" reloaded ")
        self.send(signal.SIGHUP)
        until(lambda: self.log().count(" reloaded ") > before, "the reload", words=self.log)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def logged(self, *texts, seconds=10):
        """Waits for a log line that has all these texts, and returns it."""
        def find():
            return [line for line in self.log().splitlines() if all(t in line for t in texts)]

        return until(find, f"a line with {texts}", seconds, self.log)[-1]

    def decisions(self, *texts):
        return [line for line in self.log().splitlines()
                if " decision " in f" {line}" and all(t in line for t in texts)]

    def postern(self, *args, check=True):
        """Runs postern in the Net against this daemon's control socket."""
        done = subprocess.run(
            [*self.net.enter(), "--", str(POSTERN), args[0], "--socket", str(self.net.run / "control"),
             *map(str, args[1:])], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )
        if check and done.returncode != 0:
            raise InboundError(f"postern {args} ended with {done.returncode}: {done.stderr}")
        return done

    def json(self, *args):
        return json.loads(self.postern(*args, "--json").stdout)

    def metrics(self):
        """What Prometheus would get: each line's name and labels, and its value."""
        with self.net.socket(("127.0.0.1", 9725)) as sock:
            sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        head, _, body = answer.partition("\r\n\r\n")
        assert " 200 " in head.splitlines()[0], answer
        lines = [line.rpartition(" ") for line in body.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def ask(self, timeout=30, **attributes):
        """One request as Exim sends it: half-closed, read to the end. Returns the action."""
        return request(self.net, attributes, timeout)


def encode(attributes):
    lines = [f"{name}={value}\n" for name, value in attributes.items()]
    return ("request=smtpd_access_policy\n" + "".join(lines) + "\n").encode()


def request(net, attributes, timeout=30):
    import socket

    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(str(net.door))
        s.sendall(encode(attributes))
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := s.recv(4096):
            answer += piece
    text = answer.decode()
    assert text.startswith("action=") and text.endswith("\n\n"), text
    return text[len("action="):].rstrip("\n")
