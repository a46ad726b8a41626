# SPDX-License-Identifier: BSD-2-Clause
"""Dictionary attacks in every disguise, on a real Exim; and who must not be taken for one.

Scenario tests on a virtual clock have the windows, the doubling and the ends to the second; here is that
the sessions of a real MTA add up, and that a ban holds and ends.
"""

import contextlib
import time

import pytest

from parts.eximpair import Net
from parts.inbound import Daemon, Dns

DICTIONARY = """
dictionary {
  client_unknown = 5
  net_unknown = 12
  domain_unknown = 15
  domain_clients = 6
  attacked_unknown = 1
  bounce_unknown = 8
  window = "1h"
  ban = "3s"
  ban_max = "1min"
  good_recipients = 5
  good_percent = 50
  slow_percent = 20
  %s
}
"""
QUIET = """
dnsbl { mode = off }
sender { domain = off null_mx = off bogus_mx = off }
"""


class Server:
    def __init__(self, more=""):
        self.more, self.stack = more, contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            self.daemon = self.stack.enter_context(
                Daemon(self.net, self.dns.settings() + QUIET + DICTIONARY % self.more)
            )
            self.exim = self.net.exim("light", layout="plain")
            self.exim.setup("--apply")
            self.exim.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def session(self, source):
        return self.net.smtp(self.exim, source).hello("mail.sender.example", "a@sender.example")

    def banned(self, source):
        """Is this client turned away at its next connection?"""
        with self.net.smtp(self.exim, source, greet=False) as smtp:
            reply = smtp.reply()
        assert reply[:3] in ("220", "521", "550", "554"), reply
        return not reply.startswith("220")


@pytest.fixture
def server():
    with Server() as made:
        yield made


def test_one_session(server):
    with server.session("203.0.113.9") as smtp:
        replies = [smtp.rcpt(f"user{i}@here.test") for i in range(5)]
        assert all(reply.startswith("550") for reply in replies[:4]), replies
        assert replies[4].startswith("521"), replies
        assert smtp.reply() == ""  # and the connection is closed
    assert server.banned("203.0.113.9")
    assert not server.banned("203.0.113.10")


def test_one_recipient_a_session(server):
    for i in range(5):
        assert not server.banned("203.0.113.9")
        with server.session("203.0.113.9") as smtp:
            if not smtp.rcpt(f"user{i}@here.test").startswith("521"):
                smtp.say("QUIT")
    assert server.banned("203.0.113.9")


def test_reset_between(server):
    with server.session("203.0.113.9") as smtp:
        for i in range(5):
            reply = smtp.rcpt(f"user{i}@here.test")
            if not reply.startswith("521"):
                assert smtp.say("RSET").startswith("250")
                assert smtp.say("MAIL FROM:<a@sender.example>").startswith("250")
    assert reply.startswith("521")
    assert server.banned("203.0.113.9")


def test_the_same_unknown_one_again_is_no_attack(server):
    for _ in range(3):
        with server.session("203.0.113.9") as smtp:
            for _ in range(5):
                assert smtp.rcpt("gone-employee@here.test").startswith("550")
    assert not server.banned("203.0.113.9")


def test_from_a_network(server):
    for i in range(12):
        with server.session(f"203.0.113.{100 + i}") as smtp:
            smtp.rcpt(f"user{i}@here.test")
    # a neighbour that has done nothing yet
    assert server.banned("203.0.113.200")
    assert not server.banned("198.51.100.200")
    assert "203.0.113.0/24" in str(server.daemon.json("bans", "list"))


def test_many_sources_against_one_domain(server):
    sources = [f"{net}.{10 * i}" for i in range(1, 8) for net in ("198.51.100", "203.0.113", "192.0.2")]
    for i, source in enumerate(sources[:15]):
        with server.session(source) as smtp:
            smtp.rcpt(f"user{i}@here.test")
    server.daemon.logged("domain=here.test")
    # from now on one is enough
    with server.session("198.51.100.222") as smtp:
        assert smtp.rcpt("another@here.test").startswith("521")
    assert server.banned("198.51.100.222")


def test_a_provider_is_never_banned(server):
    """An outgoing host of a big provider: mail to fifty mailboxes, 2 % to people who have left."""
    source, deferred = "198.51.100.7", 0
    for i in range(80):
        with server.session(source) as smtp:
            for j in range(5):
                number = 5 * i + j
                unknown = number % 50 == 49
                reply = smtp.rcpt(f"left{i}@here.test" if unknown else f"box{number % 50}@here.test")
                deferred += reply.startswith("4")
                assert reply.startswith("550" if unknown else "250"), reply
            smtp.say("QUIT")
    assert deferred == 0
    assert not server.banned(source)


def test_who_names_one_known_address_between_the_guesses_is_banned(server):
    source, replies = "198.51.100.66", []
    for i in range(12):
        if server.banned(source):
            break
        with server.session(source) as smtp:
            for _ in range(10):
                replies.append(smtp.rcpt("alice@here.test"))
            replies.append(smtp.rcpt(f"user{i}@here.test"))
    assert i == 5, replies
    assert replies[-1].startswith("521"), replies
    shown = server.daemon.json("bans", "show", source)
    assert "5 unknown recipients" in str(shown)


def test_good_mail_and_many_unknown_is_slowed(server):
    """Half good, half unknown, from the start: 4xx by ratio, no ban."""
    source, replies = "198.51.100.8", []
    for i in range(30):
        with server.session(source) as smtp:
            replies.append(smtp.rcpt(f"box{2 * i}@here.test"))
            replies.append(smtp.rcpt(f"box{2 * i + 1}@here.test"))
            replies.append(smtp.rcpt(f"left{i}@here.test") if i > 4 else "")
    assert any(reply.startswith("4") for reply in replies), replies
    assert not any(reply.startswith("521") for reply in replies)
    assert not server.banned(source)


def test_backscatter_is_deferred_and_never_banned(server):
    """Somebody forged senders at our domain, and an honest server bounces what came."""
    source = "198.51.100.9"
    with server.net.smtp(server.exim, source).hello("mail.honest.example", "") as smtp:
        replies = [smtp.rcpt(f"forged{i}@here.test") for i in range(12)]
        assert all(reply.startswith("550") for reply in replies[:8]), replies
        assert all(reply.startswith("451") for reply in replies[8:]), replies
        # whoever guesses with the null sender learns nothing
        known = smtp.rcpt("alice@here.test")
        assert known == replies[-1], (known, replies[-1])
    assert not server.banned(source)
    with server.session(source) as smtp:  # its mail is taken as ever
        assert smtp.rcpt("alice@here.test").startswith("250")
        assert smtp.rcpt("typing-error@here.test").startswith("550")
    assert source not in server.daemon.postern("bans", "list").stdout


def test_a_ban_ends_when_it_says_and_doubles(server):
    source = "203.0.113.9"
    spans = []
    for round_ in range(2):
        with server.session(source) as smtp:
            for i in range(5):
                smtp.rcpt(f"user{round_}-{i}@here.test")
        assert server.banned(source)
        began = time.monotonic()
        while server.banned(source):
            assert time.monotonic() - began < 20
            time.sleep(0.2)
        spans.append(time.monotonic() - began)
    assert 1.5 < spans[0] < 5 and 4.5 < spans[1] < 9, spans


def test_an_administrator_bans_and_lifts(server):
    server.daemon.postern("bans", "add", "198.51.100.0/24", "--for", "1h", "--reason", "abuse desk")
    with server.net.smtp(server.exim, "198.51.100.33", greet=False) as smtp:
        reply = smtp.reply()
        assert "abuse desk" in reply and "is banned until" in reply
    shown = server.daemon.json("bans", "show", "198.51.100.33")
    assert "198.51.100.0/24" in str(shown)
    server.daemon.postern("bans", "remove", "198.51.100.0/24")
    assert not server.banned("198.51.100.33")


def test_bans_survive_kill_and_are_seen_without_the_daemon(server):
    source = "203.0.113.9"
    server.daemon.postern("bans", "add", source, "--for", "1h", "--reason", "test")
    with server.session("203.0.113.77") as smtp:
        for i in range(4):
            smtp.rcpt(f"user{i}@here.test")
    time.sleep(1.5)  # what is written behind is on disk after a second
    server.daemon.stop(9)
    down = server.daemon.postern("bans", "list", "--json", "-c", server.daemon.conf)
    assert source in down.stdout
    assert not server.banned(source)  # nobody is asked: mail flows
    server.daemon.start()
    assert server.banned(source)
    with server.session("203.0.113.77") as smtp:  # four before the crash, the fifth now
        assert smtp.rcpt("user4@here.test").startswith("521")


def test_lists_of_names_vouch():
    with Server('vouched = { ".provider.example" }') as server:
        server.dns.host("out7.provider.example", "198.51.100.7")
        with server.session("198.51.100.7") as smtp:
            replies = [smtp.rcpt(f"user{i}@here.test") for i in range(8)]
        assert not any(reply.startswith("521") for reply in replies), replies
        assert not server.banned("198.51.100.7")
