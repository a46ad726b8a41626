# SPDX-License-Identifier: BSD-2-Clause
"""rcpt - what Exim takes for RCPT: as it is, with posternd asked, with its own dnslists

Three of the same Exim run side by side in one network, with the same configuration but for that.
The list is one rbldnsd for all; Exim's own lookups go through an unbound on port 53, as on a real
host. Sessions take turns between them, each from an address that no cache knows yet, with several
recipients; what is measured is the time from the end of RCPT to the end of its reply.
"""
import contextlib
import statistics
import time

import door

TITLE = "RCPT in Exim"
RCPT_GOAL_US = 2000
RCPTS = 5                          # in a session
SPOKEN = "deny dnslists = %s\n       message = listed at $dnslist_domain\n\n" % door.LIST

UNBOUND = """server:
  interface: 127.0.0.1@53
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "%(folder)s"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  qname-minimisation: no
  local-zone: test. nodefault
stub-zone:
  name: "%(list)s"
  stub-addr: 127.0.0.1@%(port)d
remote-control:
  control-enable: no
"""


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()


class Served:
    """One Exim that runs in the foreground, so that its CPU time is known."""

    def __init__(self, exim):
        self.exim = exim
        self.process = exim.spawn(["/usr/sbin/exim4", "-bdf", "-oX", "25"])
        end = time.monotonic() + 20
        while not exim.net.listens(exim.address, 25):
            if time.monotonic() > end:
                raise door.BenchError(f"no Exim on {exim.address}:\n{exim.log()}")
            time.sleep(0.02)
        self.pid = int(children(self.process.pid)[0])       # nsenter has started it as its child

    def cpu(self):
        """Seconds of the daemon and of all its sessions, once these have ended."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            ticks = f.read().rpartition(")")[2].split()[11:15]
        return sum(map(int, ticks)) / 100

    def settle(self):
        """Waits until no session is left."""
        end = time.monotonic() + 20
        while children(self.pid) and time.monotonic() < end:
            time.sleep(0.01)


@contextlib.contextmanager
def resolver(world):
    """The unbound that Exim's own lookups go through."""
    _, inbound = world.parts
    part = inbound.Part(world.net, "resolver")
    conf = part.folder / "unbound.conf"
    conf.write_text(UNBOUND % {"folder": part.folder, "list": door.LIST,
                               "port": inbound.LISTS_PORT})
    part.spawn([world.dns.program, "-c", conf])
    inbound.until(lambda: inbound._udp_listens(world.net, 53), "unbound", words=part.words)
    with part:
        yield part


def native(world, address):
    """An Exim whose ACL looks into the list itself, before it verifies the recipient."""
    eximpair, _ = world.parts
    conf = eximpair.PLAIN % {"host": "mx.here.test", "address": address}
    before = "  require verify = recipient\n"
    assert before in conf
    return world.net.exim("light", layout="plain", address=address,
                          conf=conf.replace(before, f"  {SPOKEN}{before}", 1))


def session(world, exim, source, count, expect="250"):
    """The seconds of each RCPT."""
    took = []
    with world.net.smtp(exim, source).hello("mail.sender.example", "fred@sender.example") as smtp:
        for _ in range(count):
            begin = time.perf_counter()
            reply = smtp.rcpt("alice@here.test")
            took.append(time.perf_counter() - begin)
            if not reply.startswith(expect):
                raise door.BenchError(f"RCPT from {source}: expected {expect}, got {reply}")
        smtp.sock.sendall(b"QUIT\r\n")
    return took


def warm(world, one, expect):
    """A few sessions of a listed client before anything is measured: a daemon that has just begun
    to listen is not done with its own affairs."""
    for _ in range(5):
        session(world, one.exim, "203.0.113.250", 1, expect)
    time.sleep(0.5)
    one.settle()


def groups(opt, world, say):
    if opt.only not in TITLE:
        return
    with resolver(world), world.daemon() as daemon:
        servers = start_all(world)
        for name, one in servers.items():           # who asks the list, hears it
            warm(world, one, "250" if name == "alone" else "550")
        took = {name: [] for name in servers}
        sessions = 30 if opt.small else 200
        before = {name: one.cpu() for name, one in servers.items()}
        names = list(servers)
        for i in range(sessions):
            say(f"{TITLE}: session {i + 1} of {sessions}")
            for name in names[i % 3:] + names[:i % 3]:
                took[name].append(session(world, servers[name].exim, f"198.51.100.{i + 1}", RCPTS))
        for one in servers.values():
            one.settle()
        cpu = {name: (one.cpu() - before[name]) / sessions * 1e6 for name, one in servers.items()}
        if len(daemon.decisions("stage=rcpt", "client=198.51.100.")) != sessions * RCPTS:
            raise door.BenchError("posternd was not asked at every RCPT")
        for one in servers.values():
            one.process.terminate()
    yield door.Group(TITLE, list(rows(took, cpu)))


def start_all(world):
    plain = world.net.exim("light", layout="plain", address="192.0.2.25")
    kit = world.net.exim("light", layout="plain", address="192.0.2.26")
    kit.setup("--apply")
    return {"alone": Served(plain), "posternd": Served(kit),
            "dnslists": Served(native(world, "192.0.2.27"))}


def rows(took, cpu):
    says = {"alone": "Exim as it is", "posternd": "Exim that asks posternd",
            "dnslists": "Exim with dnslists"}
    base = {}
    for which, chosen in (("", slice(None)), (", first RCPT of a session", slice(1))):
        for name, sessions in took.items():
            all_took = sorted(one * 1e6 for each in sessions for one in each[chosen])
            median = statistics.median(all_took)
            base.setdefault(which, median)
            more = median - base[which]
            row = door.Row(says[name] + which, count=len(all_took), median=median,
                           p99=all_took[len(all_took) * 99 // 100],
                           cpu=None if which else cpu[name] / RCPTS)
            if name != "alone":
                row.note = f": {more / 1000:+.2f} ms"
            if name == "posternd":
                row.goal, row.met = f"{RCPT_GOAL_US // 1000} ms more", more < RCPT_GOAL_US
            yield row


# ---- listed clients -----------------------------------------------------------------------------

def listed_rows(opt, world, say):
    """Native dnslists: a session each, of which the listed clients are refused at RCPT."""
    sessions = 20 if opt.small else 100
    with resolver(world) as dns:
        served = Served(native(world, "192.0.2.28"))
        plain = Served(world.net.exim("light", layout="plain", address="192.0.2.29"))
        cpu = {}
        for name, one, expect in (("dnslists", served, "550"), ("alone", plain, "250")):
            warm(world, one, expect)
            before = one.cpu() + door.cpu_of(dns.pid())
            for i in range(sessions):
                say(f"listed clients: Exim, session {i + 1} of {sessions}")
                session(world, one.exim, f"203.0.113.{128 + i}", 1, expect)
            one.settle()
            cpu[name] = (one.cpu() + door.cpu_of(dns.pid()) - before) / sessions * 1e6
            one.process.terminate()
    return [
        door.Row("Exim with dnslists and unbound, whole session", count=sessions,
                 cpu=cpu["dnslists"]),
        door.Row("Exim that does not look, whole session", count=sessions, cpu=cpu["alone"]),
    ]
