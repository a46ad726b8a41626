# SPDX-License-Identifier: BSD-2-Clause
"""posternd behind a real Postfix, with the lines that postern-exim(7) gives for it.

Postfix says no more than "check_policy_service": what is refused, closed, deferred or tagged is what
posternd answered, and its connection is kept open.
"""

import contextlib
import signal
import time

import pytest

from parts.eximpair import Net
from parts.inbound import Daemon, Dns
from parts.postfixpart import DOOR, POSTFIX_GID, Postfix

GOOD, LISTED, RELAY = "203.0.113.9", "203.0.113.66", "203.0.113.5"
TCP = "127.0.0.1:9724"

SETTINGS = """
host {{ names = {{ "mx.here.test" }} }}
dnsbl {{
  timeout = "3s"
  zone "bl.here.test" {{ list = "bl.here.test" }}
}}
recipient {{
  layout = "files"
  mode = {recipient}
  table "{table}" {{ format = "list" domain = "here.test" }}
}}
dictionary {{ mode = {dictionary} client_unknown = {unknown} }}
"""


class Server:
    """A Postfix, its posternd with a table of recipients, and the DNS around them."""

    def __init__(self):
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            self.dns.list("bl.here.test", LISTED, text="Listed, see http://bl.here.test/$")
            self.dns.add("sender.example. MX 10 mx.sender.example.",
                         "mx.sender.example. A 198.51.100.25")
            (self.net.path / "recipients").write_text("alice\nbob\npostmaster\n")
            self.postfix = Postfix(self.net)
            below = self.postfix.var / "spool/postfix/postern"  # where a chrooted smtpd looks
            below.mkdir(mode=0o755)
            self.daemon = self.stack.enter_context(
                Daemon(self.net, self.settings(), door=f'listen = {{ "{TCP}", "{below}/door" }}',
                       group=POSTFIX_GID)
            )
            self.postfix.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def settings(self, recipient="refuse", dictionary="refuse", unknown=10):
        return self.dns.settings() + SETTINGS.format(
            table=self.net.path / "recipients", recipient=recipient, dictionary=dictionary,
            unknown=unknown,
        )

    def session(self, source=GOOD, helo="mail.sender.example", sender="fred@sender.example"):
        return self.net.smtp(self.postfix, source).hello(helo, sender)

    @contextlib.contextmanager
    def other(self, **how):
        """Settings for the time of one test."""
        self.daemon.reload(self.settings(**how))
        try:
            yield
        finally:
            self.daemon.reload(self.settings())


@pytest.fixture(scope="module")
def server():
    with Server() as made:
        yield made


def refused(server, reply, words, source, by):
    """Refused with these words, which are in Postfix's log and in ours."""
    assert reply.startswith("5") and words in reply, reply
    server.postfix.logged("NOQUEUE: reject: RCPT", source, words)
    return server.daemon.logged("decision ", "action=refuse", f"client={source}", f"by={by}")


def closed(smtp):
    """The server has closed, and said no more."""
    return smtp.reply() == ""


def test_good_mail_passes(server):
    with server.session() as smtp:
        assert smtp.rcpt("alice@here.test").startswith("250")
        assert smtp.data("Subject: good one\r\n\r\nhello").startswith("250")
    box = server.postfix.mail("alice", "Subject: good one")
    assert "X-Postern" not in box
    line = server.daemon.logged("decision ", "action=pass", f"client={GOOD}", "to=alice@here.test")
    for check in ("ban=pass/", "recipient=pass/", "helo=pass/", "dnsbl=pass/", "sender=pass/"):
        assert check in line


def test_listed_host(server):
    with server.session(LISTED) as smtp:
        refused(server, smtp.rcpt("alice@here.test"), f"http://bl.here.test/{LISTED}", LISTED, "dnsbl")
        assert smtp.rcpt("postmaster@here.test").startswith("250")


@pytest.mark.parametrize("source, helo, words", [
    ("203.0.113.71", "[192.0.2.26]", "HELO/EHLO set to my IP address"),
    ("203.0.113.72", "mx.here.test", "HELO/EHLO set to my IP address or name"),
    ("203.0.113.73", "localhost", "does not contain a dotted address"),
])
def test_helo_lies(server, source, helo, words):
    with server.session(source, helo=helo) as smtp:
        refused(server, smtp.rcpt("alice@here.test"), words, source, "helo")


def test_unknown_recipient(server):
    """posternd's table is asked before Postfix's own, so its words are those that the client hears."""
    source = "203.0.113.21"
    with server.session(source) as smtp:
        reply = smtp.rcpt("nobody-here@here.test")
        assert reply.startswith("550 5.1.1"), reply
        refused(server, reply, "No Such User Here", source, "recipient")
        assert smtp.rcpt("bob@here.test").startswith("250")


def test_relay_hosts_are_not_asked_about(server):
    with server.session(RELAY, helo="localhost", sender="x@gone.example") as smtp:
        assert smtp.rcpt("alice@here.test").startswith("250")
    assert not server.daemon.decisions(f"client={RELAY}")


def test_dictionary_attack_is_cut_off_and_banned(server):
    source = "203.0.113.120"
    with server.session(source) as smtp:
        replies = [smtp.rcpt(f"user{i}@here.test") for i in range(10)]
        assert [reply[:3] for reply in replies] == ["550"] * 9 + ["521"], replies
        assert closed(smtp)
    server.daemon.logged("ban ", f"net={source}")
    assert source in server.daemon.postern("bans", "list").stdout
    # Postfix asks at RCPT only: there a ban is told, with its end, and the session closed
    with server.session(source) as smtp:
        reply = smtp.rcpt("alice@here.test")
        assert reply.startswith("521") and "is banned until" in reply, reply
        refused(server, reply, "is banned until", source, "ban")
        assert closed(smtp)


def test_banned_clients_are_turned_away_at_connect(server):
    """With the client restrictions that the manual names."""
    source = "203.0.113.123"
    server.daemon.postern("bans", "add", source)
    server.postfix.configure(
        more=f"smtpd_delay_reject = no\nsmtpd_client_restrictions = check_policy_service {DOOR}\n"
    )
    server.postfix.reload()
    try:
        with server.net.smtp(server.postfix, source, greet=False) as smtp:
            reply = smtp.reply()
            assert reply[:3] in ("521", "554") and "is banned until" in reply, reply
        with server.session() as smtp:
            assert smtp.rcpt("alice@here.test").startswith("250")
    finally:
        server.postfix.configure()
        server.postfix.reload()


def test_dictionary_attack_over_many_sessions(server):
    source = "203.0.113.121"
    replies = []
    for i in range(10):
        with server.session(source) as smtp:
            replies.append(smtp.rcpt(f"name{i}@here.test"))
    assert [reply[:3] for reply in replies] == ["550"] * 9 + ["521"], replies


def test_421_closes_the_session(server):
    source = "203.0.113.122"
    with server.other(recipient="observe", dictionary="defer", unknown=3):
        with server.session(source) as smtp:
            replies = [smtp.rcpt(f"word{i}@here.test") for i in range(3)]
            # the two before are Postfix's own: posternd only looks
            assert [reply[:3] for reply in replies] == ["550", "550", "421"], replies
            assert "too many unknown recipients" in replies[-1]
            assert closed(smtp)
    assert source not in server.daemon.postern("bans", "list").stdout


def test_tagged_mail_has_the_header(server):
    source = "203.0.113.30"
    with server.session(source, helo="198.51.100.77") as smtp:
        assert smtp.rcpt("alice@here.test").startswith("250")
        assert smtp.data("Subject: tagged one\r\n\r\nhello").startswith("250")
    box = server.postfix.mail("alice", "Subject: tagged one")
    message = box[: box.index("Subject: tagged one")].rsplit("\nFrom ", 1)[-1]
    tags = [line for line in message.splitlines() if line.startswith("X-Postern:")]
    assert len(tags) == 1 and "helo: " in tags[0], message
    server.daemon.logged("decision ", "action=tag", f"client={source}")


def test_connection_is_kept(server):
    """Each smtpd of Postfix has one connection, whatever it asks."""
    before = server.daemon.metrics()
    for _ in range(5):
        with server.session() as smtp:
            smtp.rcpt("alice@here.test", "bob@here.test", "postmaster@here.test")
            for command in ("RSET", "MAIL FROM:<fred@sender.example>"):
                assert smtp.say(command).startswith("250")
            smtp.rcpt("alice@here.test", "bob@here.test")
            smtp.say("QUIT")
    after = server.daemon.metrics()

    def grown(name):
        return after[name] - before[name]

    assert grown("postern_requests_total") == 25
    assert grown("postern_connections_total") <= 2  # an smtpd may have been renewed meanwhile
    assert after["postern_connections"] >= 1


def test_stopped_posternd_lets_mail_flow(server):
    server.daemon.stop()
    try:
        began = time.monotonic()
        with server.session(LISTED, helo="localhost") as smtp:
            assert smtp.rcpt("alice@here.test").startswith("250")
            assert smtp.data("Subject: without it\r\n\r\nhello").startswith("250")
        assert time.monotonic() - began < 10
        server.postfix.mail("alice", "Subject: without it")
        server.postfix.logged("warning: problem talking to server", "/run/postern/door")
    finally:
        server.daemon.start()
    # the same smtpd processes find the new one by themselves
    with server.session(LISTED) as smtp:
        assert smtp.rcpt("alice@here.test").startswith("550")


def test_hung_posternd_delays_by_what_is_set(server):
    """Nothing is lost; each recipient waits for what the manual sets, or here for two seconds."""
    server.postfix.configure(timeout="2s")
    server.postfix.reload()
    server.daemon.send(signal.SIGSTOP)
    try:
        with server.session(LISTED) as smtp:
            began = time.monotonic()
            assert smtp.rcpt("alice@here.test").startswith("250")
            assert 2 <= time.monotonic() - began < 2 + 10
        server.postfix.logged("warning: problem talking to server", "timed out")
    finally:
        server.daemon.send(signal.SIGCONT)
        server.postfix.configure()
        server.postfix.reload()


def test_chroot_of_debian(server):
    """Debian's smtpd is in a chroot, where /run/postern is not: the door has to be below its spool, as
    the manual says, or one of TCP."""
    try:
        for where in ("unix:postern/door", f"inet:{TCP}"):
            server.postfix.configure(where=where, chroot=True)
            server.postfix.reload()
            with server.session(LISTED) as smtp:
                assert smtp.rcpt("alice@here.test").startswith("550"), where
        server.postfix.configure(where=DOOR, chroot=True)
        server.postfix.reload()
        with server.session(LISTED) as smtp:
            assert smtp.rcpt("alice@here.test").startswith("250")
        server.postfix.logged("warning: connect to /run/postern/door: No such file")
    finally:
        server.postfix.configure()
        server.postfix.reload()
    with server.session(LISTED) as smtp:
        assert smtp.rcpt("alice@here.test").startswith("550")
