# SPDX-License-Identifier: BSD-2-Clause
"""Recipients in odd forms through a real Exim and a real Postfix: quoted, with a source route, in UTF-8
(SMTPUTF8), and longer than anything posternd reads as one line.

However an address is written, posternd judges the recipient that it means: a form is no way around the
check of recipients, it is one name for the dictionary check, and no reason to refuse one that exists.
"""

import contextlib
import re

import pytest

from parts.eximpair import Net
from parts.inbound import Daemon, Dns
from parts.postfixpart import POSTFIX_GID, Postfix

CHECKS = """
dnsbl { mode = off }
sender { domain = off null_mx = off bogus_mx = off }
helo { own = off no_dot = off bare_ip = off literal = off evasion = off }
dictionary { client_unknown = 90 net_unknown = 200 }
"""
TABLE = """
recipient { layout = "files" table "%s" { format = "list" domain = "here.test" } }
"""


class Server:
    """An Exim, whose own verification says who exists; or a Postfix, and a table that does."""

    def __init__(self, kind):
        self.kind = kind
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            dns = self.stack.enter_context(Dns(self.net))
            settings = dns.settings() + CHECKS
            if self.kind == "postfix":
                table = self.net.path / "recipients"
                table.write_text("alice\nbob\npostmaster\n")
                self.mx = Postfix(self.net, more="line_length_limit = 8192\nrecipient_delimiter = +\n")
                settings += TABLE % table
                self.daemon = self.stack.enter_context(
                    Daemon(self.net, settings, group=POSTFIX_GID))
            else:
                self.daemon = self.stack.enter_context(Daemon(self.net, settings))
                self.mx = self.net.exim("heavy", "plain")
                self.mx.setup("--apply")
            self.mx.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()


@pytest.fixture(scope="module", params=["exim", "postfix"])
def server(request):
    with Server(request.param) as made:
        yield made


@pytest.fixture
def ask(server, sources=iter(range(20, 250))):
    """One recipient in a session from an address of its own: (reply, the line of our log or None)."""
    def ask(recipient):
        source = f"203.0.113.{next(sources)}"
        with server.net.smtp(server.mx, source) as smtp:
            assert "250-SMTPUTF8" in smtp.say("EHLO mail.sender.example")
            more = "" if recipient.isascii() else " SMTPUTF8"
            assert smtp.say(f"MAIL FROM:<a@sender.example>{more}").startswith("250")
            reply = smtp.say(f"RCPT TO:<{recipient}>".encode())
        lines = server.daemon.decisions("stage=rcpt", f"client={source}")
        return reply, lines[-1] if lines else None

    return ask


@pytest.mark.parametrize("recipient", [
    "alice@here.test", "Alice@HERE.test", '"alice"@here.test', r'"al\ice"@here.test',
    "@one.example:alice@here.test", "@one.example,@two.example:alice@here.test",
])
def test_forms_of_one_that_exists(ask, recipient):
    reply, line = ask(recipient)
    assert reply.startswith("250"), reply
    assert "action=pass" in line and "recipient=pass/" in line
    assert re.search(r" to=alice@here\.test ", line, re.I), line


@pytest.mark.parametrize("recipient, logged", [
    ("nobody-r@here.test", "nobody-r@here.test"), ('"no body"@here.test', '"no body@here.test"'),
    (r'"no\body-r"@here.test', "nobody-r@here.test"),
    ("@one.example:nobody-r@here.test", "nobody-r@here.test"),
    ("@alice.here.test,@here.test:nobody-r@here.test", "nobody-r@here.test"),
    ("ünknown@here.test", "ünknown@here.test"), ("аlice@here.test", "аlice@here.test"),  # Cyrillic a
])
def test_forms_of_one_that_does_not_exist(ask, recipient, logged):
    reply, line = ask(recipient)
    assert reply.startswith("550") and "No Such User Here" in reply, reply
    assert "action=refuse" in line and "by=recipient" in line
    assert f" to={logged} " in line, line
    assert 'dictionary-words="1 unknown, 0 good"' in line


@pytest.mark.parametrize("recipient", [
    '"postmaster@x"@here.test', "alice@hère.test", "@here.test:alice@far.test",
    "postmaster@" + "x" * 5000 + "@here.test",
])
def test_forms_that_reach_nobody(ask, recipient):
    """Not ours, or nonsense: the server refuses them, and none is an exempt postmaster for us."""
    reply, line = ask(recipient)
    assert reply[:1] in "45", reply
    assert line is None or "exempt" not in line, line


@pytest.mark.parametrize("fill", [500, 1900, 4050, 4100, 6000])
def test_too_long(server, ask, fill):
    """This Exim takes no such address; a Postfix that is told to take long lines does."""
    reply, line = ask("nobody-l+" + "x" * fill + "@here.test")
    if server.kind == "exim" and line is None:
        assert reply.startswith("501"), reply
        return
    assert reply.startswith("550") and "by=recipient" in line and "@here.test " in line, (reply, line)
    assert " to=nobody-l+xxx" in line


def test_long_tags_hide_no_guess(server):
    """Names with tags of six thousand bytes are so many names, not one."""
    if server.kind == "exim":
        pytest.skip("it takes no such address")
    source = "203.0.113.251"
    with server.net.smtp(server.mx, source) as smtp:
        smtp.hello("mail.sender.example", "a@sender.example")
        for i in range(8):
            assert smtp.rcpt(f"name{i}+{'x' * 6000}@here.test").startswith("550")
    line = server.daemon.decisions("stage=rcpt", f"client={source}")[-1]
    assert 'dictionary-words="8 unknown, 0 good"' in line
