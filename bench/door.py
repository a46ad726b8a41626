# SPDX-License-Identifier: BSD-2-Clause
"""door - what posternd takes for a request, beside a policy server that does nothing

The real posternd runs in a network of its own, as the end-to-end tests have it: its lists are an
rbldnsd, its DNS an unbound. doorbench asks, doornull is the peer. They take turns in short runs,
and what is printed is the median of these. Before anything is measured each kind of request is
asked, and its answer must be the expected one; in the measured runs doorbench looks at every
answer.
"""
import contextlib
import os
import shutil
import statistics
import subprocess
import time

LIST = "bl.here.test"
GOOD = "203.0.113.9"
BANNED = "203.0.113.66"
EXEMPT = "198.51.100.7"
CPU_US, RATE = 40, 20000           # the goals of a request that is answered from memory
TTL_S = 300                        # of what lists and name servers say, as real ones have it
LISTED_S = 0.08                    # of 1000 listed clients
MEMORY_MIB, LOOK_US = 400, 5

CHECKS = """
dnsbl {
  zone "%(list)s" { list = "%(list)s" page = "http://lists.example/%%s" }
}
exempt {
  clients = { "198.51.100.0/24" }
  loopback = no
}
recipient {
  layout = files
  table "%(folder)s/recipients" { format = list }
}
"""


class BenchError(Exception):
    """Something is wrong, so that there is nothing to measure. The text says what."""


class Row:
    """One line of the table. Figures are in microseconds and MiB; None is left out."""

    def __init__(self, name, **figures):
        self.name = name
        self.count = figures.get("count")
        self.rate, self.median, self.p99 = (figures.get(k) for k in ("rate", "median", "p99"))
        self.cpu, self.mib = figures.get("cpu"), figures.get("mib")
        self.times = figures.get("times")          # CPU, against the peer of this row
        self.goal, self.met = figures.get("goal", ""), figures.get("met")
        self.note = figures.get("note", "")


class Group:
    def __init__(self, title, rows):
        self.title, self.rows = title, rows


def table(groups):
    yield ("| job | server | requests | a second | median | 99 % | CPU each | MiB | times peer | "
           "goal | met |")
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for group in groups:
        for row in group.rows:
            cells = [
                group.title if row is group.rows[0] else "", row.name + row.note,
                form(row.count, "{:,}"), form(row.rate, "{:,.0f}"), usec(row.median),
                usec(row.p99), usec(row.cpu), form(row.mib, "{:.0f}"), form(row.times, "{:.1f}"),
                row.goal, "" if row.met is None else "yes" if row.met else "**no**",
            ]
            yield "| " + " | ".join(cells) + " |"


def form(value, how):
    return "" if value is None else how.format(value)


def usec(value):
    if value is None:
        return ""
    if value >= 10000:
        return f"{value / 1000:.0f} ms"
    if value >= 1000:
        return f"{value / 1000:.2f} ms"
    return f"{value:.1f} us" if value < 100 else f"{value:.0f} us"


# ---- asking ---------------------------------------------------------------------------------

def ask(opt, socket, pid, *args):
    """One run of doorbench: its figures by name. A wrong answer ends everything."""
    done = subprocess.run([os.path.join(opt.tools, "doorbench"), "--socket", str(socket), "--pid",
                           str(pid), *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"doorbench {' '.join(map(str, args))}:\n{done.stderr}{done.stdout}")
    pairs = (line.split() for line in done.stdout.splitlines())
    return {name: float(value) for name, value in pairs}


def medians(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


class Null:
    """doornull, the policy server that does nothing."""

    def __init__(self, opt, path):
        self.path = str(path)
        self.process = subprocess.Popen([os.path.join(opt.tools, "doornull"), self.path],
                                        stdin=subprocess.DEVNULL)
        while not os.path.exists(self.path) and self.process.poll() is None:
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()


# ---- a request answered from memory ------------------------------------------------------------

KINDS = {
    "good recipient, all checks": ("DUNNO", "--client", GOOD),
    "unknown recipient": ("550 ", "--client", GOOD, "--to", "nobody#@here.test", "--to-count", "5"),
    "banned client": ("521 ", "--client", BANNED),
    "exempt client": ("DUNNO", "--client", EXEMPT),
}
WAYS = {
    "one kept connection": ("--mode", "kept", "--poll"),
    "one kept connection, the asker sleeps": ("--mode", "kept"),
    "50 kept connections": ("--mode", "kept", "--connections", "50"),
    "a connection each, half-closed": ("--mode", "exim"),
}


def request_of(kind):
    expected, *args = KINDS[kind]
    return ["--expect", f"action={expected}", *args]


def door_groups(opt, world, say):
    with world.daemon() as daemon, Null(opt, world.net.run / "null") as null:
        daemon.postern("bans", "add", BANNED)
        for kind in KINDS:
            ask(opt, world.net.door, daemon.pid(), "--requests", 20, *request_of(kind))
        for way, flags in WAYS.items():
            title = f"door, {way}"
            if opt.only in title:
                yield Group(title, list(way_rows(opt, world, (daemon, null), flags, title, say)))


def way_rows(opt, world, servers, flags, title, say):
    daemon, null = servers
    count = 2000 if opt.small else 10000
    runs = {kind: [] for kind in [*KINDS, "peer"]}
    for i in range(opt.runs):
        for kind in [*KINDS, "peer"]:
            say(f"{title}: {kind}, run {i + 1}")
            if kind == "peer":
                one = ask(opt, null.path, null.process.pid, "--requests", count, *flags)
            else:
                one = ask(opt, world.net.door, daemon.pid(), "--requests", count, *flags,
                          *request_of(kind))
            runs[kind].append(one)
    peer = medians(runs.pop("peer"))
    for kind, made in runs.items():
        m = medians(made)
        met = m["cpu_us"] <= CPU_US
        goal = f"{CPU_US} us"
        if "--poll" in flags:
            goal += f", {RATE:,} a second"
            met = met and m["rate"] >= RATE
        yield Row(kind, **figures(m, count), times=m["cpu_us"] / peer["cpu_us"], goal=goal, met=met)
    yield Row("(a server that does nothing)", **figures(peer, count))


def figures(m, count):
    return {"count": count, "rate": m["rate"], "median": m["median_us"], "p99": m["p99_us"],
            "cpu": m["cpu_us"]}


# ---- listed clients, none of them known -------------------------------------------------------

def listed_groups(opt, world, say):
    """A thousand requests, each of a client of its own. The list says of each that it is on it."""
    title = "1000 listed clients, cold cache"
    if opt.only not in title:
        return
    rows = []
    for name, text in (("posternd, a page for the reply", False),
                       ("posternd, asks the list's text", True)):
        with world.daemon(text=text) as daemon:
            runs, lists = [], []
            ask(opt, world.net.door, daemon.pid(), "--requests", 20, "--expect", "action=550 ",
                "--client", "198.19.255.1+20")
            for i in range(opt.runs):
                say(f"{title}: {name}, run {i + 1}")
                first = f"198.{18 + 4 * i // 256}.{4 * i % 256}.1+1000"
                before = cpu_of(world.dns.lists.pid())
                runs.append(ask(opt, world.net.door, daemon.pid(), "--requests", 1000,
                                "--connections", 50, "--expect", "action=550 ", "--client", first))
                lists.append((cpu_of(world.dns.lists.pid()) - before) * 1e6 / 1000)
            m = medians(runs)
            goal = {} if text else {"goal": f"{LISTED_S} s for all",
                                    "met": m["cpu_seconds"] <= LISTED_S}
            rows.append(Row(name, **figures(m, 1000), **goal))
            rows.append(Row("(rbldnsd beside it)", count=1000, cpu=statistics.median(lists)))
    yield Group(title, rows)


def cpu_of(pid):
    """User and system seconds of a process."""
    return time.clock_gettime((~pid << 3) | 2)


# ---- a million of each -------------------------------------------------------------------------

def million_groups(opt, world, say):
    count = 100000 if opt.small else 1000000
    title = f"{count:,} bans, {count:,} recipients"
    if opt.only not in title:
        return
    say(f"{title}: making them")
    with world.daemon(start=False) as daemon:
        tool(opt, "storebench", "make", daemon.state, count)
        for path in [daemon.state, *daemon.state.iterdir()]:
            shutil.chown(path, "nobody", "nogroup")
        with open(world.folder / "recipients", "a", encoding="ascii") as f:
            f.writelines(f"user{i}.of.many@here.test\n" for i in range(count))
        daemon.start()
        rows = list(million_rows(opt, world, daemon, count, say))
        daemon.stop()
        say(f"{title}: the look alone")
        yield Group(title, rows + list(look_rows(opt, daemon.state, count)))


def million_rows(opt, world, daemon, count, say):
    requests = 5000 if opt.small else 100000
    kinds = {
        "banned clients, at random": ("521 ", "--client", f"bans:{count}"),
        "recipients, at random": ("DUNNO", "--client", GOOD, "--to", "user#.of.many@here.test",
                                  "--to-count", count),
        "unknown recipient": KINDS["unknown recipient"],
    }
    for kind, (expected, *args) in kinds.items():
        say(f"{count:,} of each: {kind}")
        m = ask(opt, world.net.door, daemon.pid(), "--requests", requests, "--poll", "--expect",
                f"action={expected}", *args)
        yield Row(kind, **figures(m, requests), goal=f"{CPU_US} us", met=m["cpu_us"] <= CPU_US)
    rss = memory_of(daemon.pid())
    full = not opt.small
    yield Row("posternd in all", mib=rss["VmRSS"],
              note=f" ({rss['RssAnon']:.0f} its own, {rss['RssFile']:.0f} of files)",
              goal=f"{MEMORY_MIB} MiB" if full else "",
              met=rss["VmRSS"] <= MEMORY_MIB if full else None)


def memory_of(pid):
    found = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssAnon", "RssFile"):
                found[name] = int(value.split()[0]) / 1024
    return found


def look_rows(opt, state, count):
    """What a look takes, without a daemon and a socket around it."""
    said = tool(opt, "storebench", "look", state, count)
    median, p99 = (float(line.split()[-2]) for line in said.splitlines()
                   if line.startswith(("look, median", "look, 99 %")))
    yield Row("look for a ban", median=median, p99=p99, goal=f"{LOOK_US} us", met=median < LOOK_US)
    said = tool(opt, "recipients", "bench", count)
    for kind in ("known", "guessed"):
        line = next(line for line in said.splitlines() if f"a question, {kind}" in line)
        mean = float(line.split("|")[2].split()[0])
        right, _, of = line.split(";")[1].partition(" of ")
        if int(right) != int(of.split()[0]):
            raise BenchError(f"the tables are wrong: {line}")
        yield Row(f"look for a recipient, {kind}", median=mean, note=" (mean)",
                  goal=f"{LOOK_US} us", met=mean < LOOK_US)


def tool(opt, name, *args):
    done = subprocess.run([os.path.join(opt.tools, name), *map(str, args)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise BenchError(f"{name} {' '.join(map(str, args))}:\n{done.stdout}")
    return done.stdout


# ---- the world ---------------------------------------------------------------------------------

class World:
    """A Net with lists and DNS, in which any number of daemons can be started."""

    def __init__(self):
        # the parts of the tests look at the environment for the programs under test
        from parts import eximpair, inbound
        self.parts = (eximpair, inbound)
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        eximpair, inbound = self.parts
        try:
            self.net = self.stack.enter_context(eximpair.Net())
            self.dns = self.stack.enter_context(inbound.Dns(self.net, ttl=TTL_S))
            self.dns.list(LIST, "198.18.0.0/15", "203.0.113.128/25")
            self.dns.add("sender.example. MX 10 mx.sender.example.",
                         "mx.sender.example. A 198.51.100.25")
            self.folder = self.net.path
            (self.folder / "recipients").write_text("alice@here.test\n")
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def daemon(self, text=False, start=True):
        settings = CHECKS % {"list": LIST, "folder": self.folder}
        if text:
            settings = settings.replace('page = "http://lists.example/%s"', "")
        return self.parts[1].Daemon(self.net, self.dns.settings() + settings,
                                    level="info", start=start)


def groups(opt, say):
    """All that is asked for, one after the other."""
    import rcpt

    titles = ["1000 listed clients, cold cache", "1,000,000 bans, 1,000,000 recipients",
              "100,000 bans, 100,000 recipients", rcpt.TITLE, *(f"door, {way}" for way in WAYS)]
    if not any(opt.only in title for title in titles):
        return
    with World() as world:
        if any(opt.only in f"door, {way}" for way in WAYS):
            yield from door_groups(opt, world, say)
        yield from rcpt.groups(opt, world, say)
        for group in listed_groups(opt, world, say):
            group.rows += rcpt.listed_rows(opt, world, say)
            yield group
        yield from million_groups(opt, world, say)
