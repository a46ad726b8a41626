# SPDX-License-Identifier: BSD-2-Clause
"""Clients with IPv6 addresses, through a real Exim: the same checks, by nibbles and by /64.

Also addresses in forms that mean an IPv4 address, which an MTA that listens on both may tell.
"""

import contextlib
import ipaddress

import pytest

from parts.eximpair import PLAIN, Net
from parts.inbound import Daemon, Dns

MX, GOOD, LISTED = "2001:db8::25", "2001:db8:1::9", "2001:db8:2::66"
SETTINGS = """
sender { domain = off null_mx = off bogus_mx = off }
helo { literal = refuse evasion = off }
dnsbl { zone "six" { list = "six.example" } }
dictionary { client_unknown = 5 net_unknown = 6 ban = "1h" }
"""


def nibbles(address):
    return ".".join(reversed(ipaddress.ip_address(address).exploded.replace(":", "")))


class Server:
    def __init__(self):
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            for name in (nibbles(LISTED), "66.113.0.203", "2.0.0.127"):
                self.dns.add(f"{name}.six.example. A 127.0.0.2",
                             f'{name}.six.example. TXT "see http://six.example/"')
            self.daemon = self.stack.enter_context(
                Daemon(self.net, self.dns.settings() + SETTINGS)
            )
            conf = PLAIN % {"address": f"<; {MX}", "host": "mx.here.test"}
            self.exim = self.net.exim("light", layout="plain", address=MX, conf=conf)
            self.exim.setup("--apply")
            self.exim.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def rcpt(self, source, recipient="alice@here.test", helo="mail.sender.example"):
        with self.net.smtp(self.exim, source).hello(helo) as smtp:
            return smtp.rcpt(recipient)

    def banned(self, source):
        with self.net.smtp(self.exim, source, greet=False) as smtp:
            return not smtp.reply().startswith("220")


@pytest.fixture(scope="module")
def server():
    with Server() as made:
        yield made


def test_listed_host(server):
    assert server.rcpt(GOOD).startswith("250")
    reply = server.rcpt(LISTED)
    assert reply.startswith("550") and f"[{LISTED}] is in an RBL" in reply, reply
    server.daemon.logged(f"client={LISTED}", "by=dnsbl")
    server.exim.logged(f"[{LISTED}]")


@pytest.mark.parametrize("helo, words", [
    (f"[IPv6:{MX}]", "my IP address"),
    (f"[IPv6:{ipaddress.ip_address(MX).exploded}]", "my IP address"),
    (f"[IPv6:{LISTED}]", "not your address"),
    (f"[IPv6:{GOOD}]", None),
])
def test_helo(server, helo, words):
    reply = server.rcpt(GOOD, helo=helo)
    assert reply.startswith("250") if words is None else words in reply, reply


@pytest.mark.parametrize("client", ["::ffff:203.0.113.66", "::FFFF:cb00:7142", "203.0.113.66"])
def test_mapped(server, client):
    """All of these are one client: for lists, for bans, and in the log."""
    answer = server.daemon.ask(
        protocol_state="RCPT", client_address=client, helo_name="mail.sender.example",
        sender="a@sender.example", recipient="alice@here.test", rcpt_verified="yes",
    )
    assert answer.startswith("550") and "[203.0.113.66]" in answer, answer


def test_dictionary_attack_from_a_network(server):
    """Whoever has a /64 has 2^64 addresses: one for each name that is tried."""
    for i in range(6):
        server.rcpt(f"2001:db8:3:4:{i}::7", f"user{i}@here.test")
    assert server.banned("2001:db8:3:4:ffff::1")
    assert not server.banned("2001:db8:3:5::1")
    shown = server.daemon.postern("bans", "show", "2001:db8:3:4::99").stdout
    assert "2001:db8:3:4::/64" in shown, shown
    server.daemon.postern("bans", "remove", "2001:db8:3:4::/64")
    assert not server.banned("2001:db8:3:4:ffff::1")
