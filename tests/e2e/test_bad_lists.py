# SPDX-License-Identifier: BSD-2-Clause
"""Lists that have gone bad: good mail passes in time, the log says so once, and all ends by itself.

Four lists fail in their own way at once: one refuses to answer us, one is parked and gives the same
address for everything, one has no server any more, and one answers too late. The tests of this file are
steps of one story, in this order.
"""

import contextlib
import os
import subprocess
import time

import pytest

from parts.eximpair import Net
from parts.inbound import POSTERND, Daemon, Dns, until
from parts.servers import ListServer, well

GOOD, LISTED = "203.0.113.9", "203.0.113.66"
LIMIT = 2  # seconds that lists have
SLACK = 10  # of a slow machine
GONE_PORT, LATE_PORT = 5355, 5356
KEY = "abcdefghij0123456789klmnop"  # as long as those of Spamhaus DQS
KEYED = f"{KEY}.zen.dq.spamhaus.net"

SETTINGS = """
dnsbl {{
  timeout = "{limit}s"
  rest = "10s"
  rest_max = "10s"
  threshold = 1
  zone "refusing" {{ list = "refusing.example" }}
  zone "parked" {{ list = "parked.example!=127.0.0.9" }}
  zone "gone" {{ list = "gone.example" }}
  zone "late" {{ list = "late.example" }}
  zone "sound" {{ list = "sound.example" }}
  zone "paid" {{ list = "{keyed}" }}
}}
"""


class Server:
    """An Exim with the kit, posternd, and the lists."""

    def __init__(self):
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            self.dns.add("sender.example. MX 10 mx.sender.example.",
                         "mx.sender.example. A 198.51.100.25")
            self.dns.broken_list("refusing.example", "127.255.255.254")
            self.dns.broken_list("parked.example", "255.255.255.255")
            self.dns.list("sound.example", LISTED, text="Listed, see http://sound.example/$")
            self.dns.list(KEYED, "203.0.113.67", text=f"https://lists.example/{KEY}/$")
            self.gone = ListServer(self.net, GONE_PORT)
            self.late = self.stack.enter_context(ListServer(self.net, LATE_PORT))
            self.late.delay = LIMIT + 2
            stubs = "".join(
                f'  stub "{zone}" {{ servers = {{ "127.0.0.1@{port}" }} }}\n'
                for zone, port in (("gone.example", GONE_PORT), ("late.example", LATE_PORT))
            )
            settings = self.dns.settings().replace("dns {\n", f"dns {{\n{stubs}", 1)
            self.daemon = self.stack.enter_context(
                Daemon(self.net, settings + SETTINGS.format(limit=LIMIT, keyed=KEYED))
            )
            self.exim = self.net.exim("light", layout="plain")
            self.exim.setup("--apply")
            self.exim.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.gone.stop()
        self.stack.close()

    def rcpt(self, source):
        """What a good mail's RCPT is answered, and how long that took."""
        with self.net.smtp(self.exim, source).hello("mail.sender.example", "fred@sender.example") as smtp:
            began = time.monotonic()
            reply = smtp.rcpt("alice@here.test")
            return reply, time.monotonic() - began

    def lists(self):
        return {one["name"]: one for one in self.daemon.json("status")["lists"]}

    def trouble(self, zone):
        return [line for line in self.daemon.log().splitlines()
                if " dnsbl-zone " in line and f" zone={zone} " in line and "level=warning" in line]

    def ask(self, client):
        return self.daemon.json("ask", "--client", client)

    def words(self, client):
        """What the lists said of this client, and how long the check took."""
        dnsbl = next(one for one in self.ask(client)["checks"] if one["check"] == "dnsbl")
        return dnsbl["words"] or "", dnsbl["usec"] / 1e6


@pytest.fixture(scope="module")
def server():
    with Server() as made:
        yield made


def test_good_mail_passes_in_time(server):
    reply, took = server.rcpt(GOOD)
    assert reply.startswith("250"), reply
    assert took < LIMIT + SLACK
    line = server.daemon.logged("decision ", f"client={GOOD}", "to=alice@here.test")
    assert "action=pass" in line and "dnsbl=" in line
    assert server.exim.log().count("postern did not answer") == 0


def test_each_list_is_known_for_what_it_is(server):
    for zone, reason in (("refusing", "refuses"), ("parked", "strange")):
        line = server.daemon.logged("dnsbl-zone ", f"zone={zone} ", f"reason={reason}")
        assert "state=resting" in line and "text=" in line
        assert server.lists()[zone]["state"] == "resting"
    for zone in ("sound", "paid"):
        assert server.lists()[zone]["state"] == "well"
    metrics = server.daemon.metrics()
    assert metrics['postern_dnsbl_well{zone="refusing"}'] == 0
    assert metrics['postern_dnsbl_well{zone="sound"}'] == 1


def test_a_sound_list_counts_all_the_same(server):
    reply, took = server.rcpt(LISTED)
    assert reply.startswith("550") and "http://sound.example/" in reply
    assert took < LIMIT + SLACK


def test_resting_lists_are_not_asked(server):
    before = {zone: server.lists()[zone]["asked"] for zone in ("refusing", "parked")}
    words, _ = server.words("203.0.113.10")
    for zone in before:
        assert f"{zone} rests" in words
        assert server.lists()[zone]["asked"] == before[zone]


def test_silent_lists_rest_after_a_while(server):
    """Ten questions without an answer over ten seconds; each meanwhile ends in time."""
    clients = (f"198.51.100.{i}" for i in range(1, 250))

    def silent():
        words, took = server.words(next(clients))
        assert took < LIMIT + SLACK
        lists = server.lists()
        if all(lists[zone]["state"] == "resting" for zone in ("gone", "late")):
            return True
        assert "gone gave no answer" in words or "gone rests" in words, words
        return False

    until(silent, "the rest of silent lists", seconds=60, words=server.daemon.log)
    for zone in ("gone", "late"):
        assert server.lists()[zone]["reason"] == "silent"
        server.daemon.logged("dnsbl-zone ", f"zone={zone} ", "reason=silent")
    # and then nothing is waited for
    reply, _ = server.rcpt("203.0.113.11")
    assert reply.startswith("250")
    assert server.words("198.51.100.251")[1] < LIMIT


def test_the_log_says_it_once_an_hour(server):
    """The lists have been tried, and have failed, again since then."""
    for zone in ("refusing", "parked", "gone", "late"):
        assert len(server.trouble(zone)) == 1, server.trouble(zone)


def test_keys_are_never_shown(server):
    with server.net.smtp(server.exim, "203.0.113.67").hello("mail.sender.example",
                                                            "fred@sender.example") as smtp:
        reply = smtp.rcpt("alice@here.test")
    assert reply.startswith("550") and "is in an RBL" in reply, reply
    # a refusal, with its line in the log, tells no more than an entry
    server.dns.broken_list(KEYED, "127.255.255.252")
    assert "paid refused (127.255.255.252)" in server.words("203.0.113.68")[0]
    assert "reason=refuses" in server.trouble("paid")[0]
    texts = {
        "reply": reply,
        "Exim's log": server.exim.log() + server.exim.log("rejectlog"),
        "ask": server.daemon.postern("ask", "--client", "203.0.113.67").stdout,
        "ask --json": server.daemon.postern("ask", "--client", "203.0.113.67", "--json").stdout,
        "status": server.daemon.postern("status").stdout,
        "status --json": server.daemon.postern("status", "--json").stdout,
        "metrics": str(server.daemon.metrics()),
        "log": server.daemon.log() + server.daemon.words(),
    }
    for what, text in texts.items():
        assert KEY not in text.lower(), what
        assert "paid" in text or what in ("reply", "Exim's log"), what


def test_keys_are_not_shown_by_errors(server):
    """Neither where the key is the title, nor in what is wrong with the item, nor by a refusal."""
    for title, item in (("paid", f"{KEYED}=127.0.0.999"), (KEYED, f"{KEYED} x"), (KEYED, KEYED)):
        conf = server.net.path / "bad.conf"
        conf.write_text(f'dnsbl {{ zone "{title}" {{ list = "{item}" }} }}\n')
        done = subprocess.run([str(POSTERND), "--check", "-c", str(conf)], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": os.environ["PATH"]})
        assert KEY not in done.stdout.lower(), done.stdout
        assert done.returncode in ((0, 1, 2) if item == KEYED else (1, 2)), done.stdout


def test_lists_come_back(server):
    """Each is asked again once it is well. What had been silent comes back the same way."""
    server.dns.unlist("refusing.example")
    server.dns.unlist("parked.example")
    server.dns.unlist(KEYED)
    server.late.delay = 0
    server.gone.answer = server.late.answer = well
    server.gone.start()
    zones = ("refusing", "parked", "gone", "late", "paid")

    def all_well():
        lists = server.lists()
        return all(lists[zone]["state"] == "well" for zone in zones)

    until(all_well, "all lists", seconds=60,
          words=lambda: f"{server.lists()}\n{server.daemon.log()}")
    for zone in zones:
        server.daemon.logged("dnsbl-zone ", f"zone={zone} ", "state=well")
    words, _ = server.words("203.0.113.12")
    assert words == ""
