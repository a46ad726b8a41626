# SPDX-License-Identifier: BSD-2-Clause
"""What posternd decides, seen through a real Exim: each refusal with its reply, Exim's line and ours.

Both Debian flavours run with the kit as `postern setup exim --apply` leaves it; the lists are rbldnsd.
"""

import contextlib
import re

import pytest

from parts.eximpair import Net
from parts.inbound import Daemon, Dns

GOOD, LISTED, SCORED = "203.0.113.9", "203.0.113.66", "203.0.113.67"
RELAY = "203.0.113.5"

CHECKS = """
dnsbl {
  timeout = "3s"
  threshold = 1.0
  zone "bl.here.test" { list = "bl.here.test" weight = 1.0 }
  zone "half.here.test" { list = "half.here.test" weight = 0.5 }
}
sender { timeout = "2s" }
"""


class Server:
    """One Exim with the kit, its posternd, and the DNS around them."""

    def __init__(self, flavour, layout):
        self.flavour, self.layout = flavour, layout
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            self.dns.list("bl.here.test", LISTED, text="Listed, see http://bl.here.test/$")
            self.dns.list("half.here.test", LISTED, SCORED)
            self.dns.add("sender.example. MX 10 mx.sender.example.",
                         "mx.sender.example. A 198.51.100.25",
                         "null.example. MX 0 .")
            self.daemon = self.stack.enter_context(
                Daemon(self.net, self.dns.settings() + CHECKS)
            )
            self.exim = self.net.exim(self.flavour, layout=self.layout)
            self.exim.setup("--apply")
            self.exim.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def session(self, source=GOOD, helo="mail.sender.example", sender="fred@sender.example"):
        return self.net.smtp(self.exim, source).hello(helo, sender)


@pytest.fixture(scope="module", params=[("light", "debian"), ("heavy", "plain")],
                ids=["light-debian", "heavy-plain"])
def server(request):
    with Server(*request.param) as made:
        yield made


def refused(server, reply, *words, source=GOOD, by):
    """The reply is a refusal with these words, which stand in Exim's log and in ours too."""
    assert reply[:1] == "5", reply
    flat = re.sub(r"\s*\n\d\d\d[- ]([245]\.\d+\.\d+ )?", " ", reply)
    for word in words:
        assert word in flat, reply
        server.exim.logged(word)
    return server.daemon.logged("decision ", "action=refuse", f"client={source}", f"by={by}")


def test_good_mail_passes(server):
    with server.session() as smtp:
        assert smtp.rcpt("alice@here.test").startswith("250")
        assert smtp.data("Subject: hello\r\n\r\nhello").startswith("250")
        smtp.say("QUIT")
    server.exim.mail("alice", "Subject: hello")
    line = server.daemon.logged("decision ", "action=pass", "to=alice@here.test", f"client={GOOD}")
    for check in ("ban=pass/", "recipient=pass/", "helo=pass/", "dnsbl=pass/", "sender=pass/"):
        assert check in line
    line = server.daemon.logged("session ", f"client={GOOD}")
    assert "recipients=1 good=1 unknown=0 deferred=0 refused=0 mta-recipients=1 mta-failed=0" in line


def test_listed_host(server):
    with server.session(LISTED) as smtp:
        line = refused(server, smtp.rcpt("alice@here.test"), "550", "is in an RBL",
                       f"see Listed, see http://bl.here.test/{LISTED}", source=LISTED, by="dnsbl")
        assert "bl.here.test" in line
        # postmaster is reachable from anywhere
        assert smtp.rcpt("postmaster@here.test").startswith("250")


def test_half_a_weight_is_not_enough(server):
    with server.session(SCORED) as smtp:
        assert smtp.rcpt("alice@here.test").startswith("250")
    assert "dnsbl=pass/" in server.daemon.logged("decision ", "stage=rcpt", f"client={SCORED}")


@pytest.mark.parametrize("helo, words", [
    ("192.0.2.25", "HELO/EHLO set to my IP address"),
    ("[192.0.2.25]", "HELO/EHLO set to my IP address"),
    ("localhost", "EHLO/HELO does not contain a dotted address"),
])
def test_helo_lies(server, helo, words):
    source = f"203.0.113.{70 + len(helo)}"
    with server.session(source, helo=helo) as smtp:
        refused(server, smtp.rcpt("alice@here.test"), words, source=source, by="helo")


def test_a_long_name_is_no_way_in(server):
    """Longer than any line that posternd takes: it is cut, and judged like every other."""
    source = "203.0.113.60"
    with server.session(source, helo="x" * 6000) as smtp:
        refused(server, smtp.rcpt("alice@here.test"), "does not contain a dotted address",
                source=source, by="helo")


def test_refused_helo_is_remembered(server):
    source = "203.0.113.90"
    with server.session(source, helo="localhost") as smtp:
        assert smtp.rcpt("alice@here.test").startswith("550")
        for command in ("HELO mail.sender.example", "MAIL FROM:<fred@sender.example>"):
            assert smtp.say(command).startswith("250")
        refused(server, smtp.rcpt("alice@here.test"), "was refused before", source=source, by="helo")


def test_unknown_recipient(server):
    with server.session("203.0.113.10") as smtp:
        reply = smtp.rcpt("nobody-here@here.test")
        assert reply.startswith("550")
        smtp.say("QUIT")
        line = server.daemon.logged("session ", "client=203.0.113.10")
        assert "recipients=1 good=0 unknown=1 deferred=0 refused=1" in line
        line = server.daemon.logged("decision ", "to=nobody-here@here.test")
        assert "recipient=hit/" in line and "by=recipient" in line


@pytest.mark.parametrize("sender, words", [
    ("a@gone.example", "gone.example does not exist"),
    ("a@null.example", "null.example takes no mail"),
])
def test_unverifiable_sender(server, sender, words):
    source = f"203.0.113.{100 + len(sender)}"
    with server.session(source, sender=sender) as smtp:
        refused(server, smtp.rcpt("alice@here.test"), words, source=source, by="sender")


def test_null_sender_passes(server):
    with server.session("203.0.113.11", sender="") as smtp:
        assert smtp.rcpt("alice@here.test").startswith("250")


def test_relay_hosts_are_not_asked_about(server):
    with server.session(RELAY, helo="localhost", sender="x@gone.example") as smtp:
        assert smtp.rcpt("someone@far.example").startswith("250")
    assert not server.daemon.decisions(f"client={RELAY}")


def test_dictionary_attack_in_one_session(server):
    source = "203.0.113.120"
    with server.session(source) as smtp:
        replies = []
        for i in range(30):
            replies.append(smtp.rcpt(f"user{i}@here.test"))
            if not replies[-1] or replies[-1].startswith("521"):
                break
        assert len(replies) < 30, replies
        assert all(reply[:3] in ("550", "521") for reply in replies if reply)
    # at the next connection, before it has said a word
    with server.net.smtp(server.exim, source, greet=False) as smtp:
        reply = smtp.reply()
        assert reply.startswith("5") and "is banned until" in reply
    bans = server.daemon.json("bans", "list")
    assert source in str(bans)
    server.daemon.logged("ban ", f"net={source}")
