# SPDX-License-Identifier: BSD-2-Clause
"""Callouts to a real Exim that plays every outcome: what is decided, what is remembered, who is spared.

The mail server of all the senders here is one Exim on many addresses, whose ACLs differ by address and
domain; its log tells how many sessions there were. posternd is asked as an MTA asks it, and once through
another Exim with the kit.
"""

import concurrent.futures
import contextlib
import itertools
import re
import time

import pytest

from parts.eximpair import Net
from parts.inbound import Daemon, Dns
from parts.servers import RawServer

CLIENT, EXEMPT, OURS = "203.0.113.9", "203.0.113.77", "198.51.100.200"
LIMIT, SLACK = 4, 10  # seconds that callouts have; of a slow machine

# domain: the address of its mail server
SERVERS = {
    "good.example": "198.51.100.25", "other.example": "198.51.100.25", "all.example": "198.51.100.25",
    "plain.example": "198.51.100.25", "later.example": "198.51.100.25",
    "skipped.example": "198.51.100.25", "mail.skipped.example": "198.51.100.25",
    "stranger.example": "198.51.100.25",
    "connect.example": "198.51.100.31", "busy.example": "198.51.100.32",
    "null.example": "198.51.100.33", "silent.example": "198.51.100.34",
    "hangs.example": "198.51.100.35", "drops.example": "198.51.100.36",
    "flight.example": "198.51.100.37",
    "closes.example": "198.51.100.41", "nonsense.example": "198.51.100.42",
}
FLOOD = [f"forged{i}.example" for i in range(40)]
FLOOD_SERVER = "198.51.100.50"

FAR = """
primary_hostname = mx.far.example
local_interfaces = %(addresses)s
log_selector = +smtp_connection +incoming_interface
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 200
keep_environment =
acl_smtp_connect = connect
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt

begin acl

connect:
  drop   condition = ${if eq{$received_ip_address}{198.51.100.31}}
         message = 554 5.7.1 you are not welcome
  defer  condition = ${if eq{$received_ip_address}{198.51.100.32}}
         message = 421 4.3.2 too busy
  accept condition = ${if eq{$received_ip_address}{198.51.100.34}}
         delay = 20s
  accept

mail:
  deny   condition = ${if eq{$received_ip_address}{198.51.100.33}}
         message = 550 5.7.1 we take no bounces
  accept

rcpt:
  accept condition = ${if eq{$received_ip_address}{198.51.100.35}}
         delay = 20s
  drop   condition = ${if eq{$received_ip_address}{198.51.100.36}}
         local_parts = ^postern-
         message = 550 5.1.1 unknown user
  accept condition = ${if eq{$received_ip_address}{198.51.100.37}}
         local_parts = fred
         delay = 1s
  accept domains = all.example
  deny   domains = plain.example
         message = 550 5.7.1 we do not like you
  defer  domains = later.example
         message = 451 4.3.0 try again later
  accept local_parts = fred : flood
         condition = ${if eq{$received_ip_address}{198.51.100.50}{no}{yes}}
  accept condition = ${if eq{$received_ip_address}{198.51.100.50}}
         delay = 200ms
  deny   message = 550 5.1.1 unknown user
"""

SETTINGS = """
dnsbl {{ mode = off }}
dictionary {{ mode = off }}
helo {{ memory = 0 }}
exempt {{ clients = {{ "{exempt}" }} }}
host {{ names = {{ "mx.here.test" }} addresses = {{ "{ours}" }} }}
callout {{
  mode = refuse
  helo = "mx.here.test"
  timeout = "{limit}s"
  connect = "1s"
  command = "2s"
  skip = {{ "skipped.example" }}
  per_minute = {per_minute}
  domain_per_minute = {domain_per_minute}
  mx_per_minute = {mx_per_minute}
  mx_connections = {mx_connections}
  self_watch = "{watch}"
}}
"""


class Server:
    """The far Exim, the names, and a posternd that calls."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.numbers = itertools.count(1)

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            for domain, address in SERVERS.items():
                vouch = CLIENT if domain != "stranger.example" else "203.0.113.200"
                self.dns.data += self.records(domain, address, vouch)
            for domain in FLOOD:
                self.dns.data += self.records(domain, FLOOD_SERVER, CLIENT)
            self.dns.list("watch.example", "203.0.113.1")
            self.dns.add()
            addresses = sorted({*SERVERS.values(), FLOOD_SERVER})
            ours = [one for one in addresses if one not in ("198.51.100.41", "198.51.100.42")]
            self.far = self.net.exim("heavy", address="198.51.100.25",
                                     conf=FAR % {"addresses": " : ".join(ours)}).start()
            self.daemon = self.stack.enter_context(Daemon(self.net, self.settings()))
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    @staticmethod
    def records(domain, address, vouch):
        return [f"{domain}. MX 10 mx.{domain}.", f"mx.{domain}. A {address}",
                f'{domain}. TXT "v=spf1 ip4:{vouch} -all"']

    def settings(self, per_minute=600, domain_per_minute=60, mx_per_minute=600, mx_connections=5,
                 watch=""):
        return self.dns.settings() + SETTINGS.format(
            exempt=EXEMPT, ours=OURS, limit=LIMIT, per_minute=per_minute, watch=watch,
            domain_per_minute=domain_per_minute, mx_per_minute=mx_per_minute,
            mx_connections=mx_connections,
        )

    @contextlib.contextmanager
    def other(self, **how):
        self.daemon.reload(self.settings(**how))
        try:
            yield
        finally:
            self.daemon.reload(self.settings())

    def ask(self, sender, client=CLIENT, **more):
        """The action for a mail of this sender to one of our users."""
        number = next(self.numbers)
        asked = {
            "protocol_state": "RCPT", "client_address": client, "client_port": 1024 + number,
            "helo_name": "mail.client.example", "sender": sender, "recipient": "alice@here.test",
            "rcpt_verified": "yes", "instance": f"callouts.{number}", **more,
        }
        return self.daemon.ask(**asked)

    def words(self, sender):
        """What our log has of the callout of the last mail of this sender: its state and its words."""
        line = self.daemon.logged("decision ", f"from={sender} ")
        found = re.search(r' callout=([a-z-]+)/\d+(?: callout-words=("[^"]*"|\S+))?', line)
        return found[1], (found[2] or "").strip('"')

    def sessions(self, address=None):
        """The connections that the far Exim has had, to one of its addresses or to all."""
        return len([line for line in self.far.log().splitlines()
                    if "SMTP connection from" in line and "connection count" in line
                    and (address is None or f"I=[{address}]" in line)])

    def settle(self, seconds=0.5):
        """Time for a session that should not be to come."""
        time.sleep(seconds)


@pytest.fixture(scope="module")
def server():
    with Server() as made:
        yield made


ROWS = {
    "accepts": ("fred@good.example", "DUNNO", "pass", "the sender exists"),
    "refuses": ("nobody@good.example", "550 5.", "hit", "550 5.1.1 unknown user"),
    "accepts everything": ("x@all.example", "DUNNO", "pass", "takes every address"),
    "refuses whom it dislikes": ("fred@plain.example", "DUNNO", "pass", "not because of the mailbox"),
    "refuses the null sender": ("fred@null.example", "DUNNO", "pass", "refuses bounces"),
    "refuses at connect": ("fred@connect.example", "DUNNO", "pass", "refuses us"),
    "4xx": ("fred@later.example", "DUNNO", "broken", "cannot say now"),
    "421": ("fred@busy.example", "DUNNO", "broken", "its server is busy"),
    "hangs at connect": ("fred@silent.example", "DUNNO", "broken", "did not answer"),
    "hangs at RCPT": ("fred@hangs.example", "DUNNO", "broken", "did not answer"),
    "drops after the random address": ("fred@drops.example", "DUNNO", "broken", "did not answer"),
}


@pytest.mark.parametrize("outcome", ROWS)
def test_outcomes(server, outcome):
    """What is decided; and a second mail is answered from memory: there is one session, not two."""
    sender, action, state, words = ROWS[outcome]
    address = SERVERS[sender.partition("@")[2]]
    before = server.sessions(address)
    began = time.monotonic()
    assert server.ask(sender).startswith(action)
    assert time.monotonic() - began < LIMIT + SLACK
    said = server.words(sender)
    assert said[0] == state and words in said[1], said
    assert server.sessions(address) == before + 1
    assert server.ask(sender).startswith(action)
    said = server.words(sender)
    assert said[0] == state and said[1].startswith("remembered: ") and words in said[1], said
    assert server.sessions(address) == before + 1


def test_the_reply_has_the_words_of_the_server(server):
    reply = server.ask("nobody2@good.example")
    assert reply.startswith("550 5.7.1 Sender verify failed: the server of good.example says of "
                            "<nobody2@good.example>: 550 5.1.1 unknown user"), reply


def test_the_dialogue(server):
    """A null sender, a random address once for the domain, and the address; never DATA."""
    before = server.far.log()
    for sender in ("one@other.example", "two@other.example"):
        server.ask(sender)
    log = server.far.log()[len(before):]
    asked = re.findall(r"H=\(mx\.here\.test\).* F=<> rejected RCPT <([^>]*)>", log)
    random = [one for one in asked if one.startswith("postern-")]
    assert len(random) == 1 and random[0].endswith("-verify@other.example"), log
    assert [one for one in asked if one not in random] == ["one@other.example", "two@other.example"]
    assert server.sessions("198.51.100.25") >= 2


def test_a_whole_domain_is_remembered(server):
    """What holds for all its addresses is not asked for each, in whatever case they are written."""
    for domain, words in (("all.example", "every address"), ("null.example", "bounces"),
                          ("connect.example", "refuses us")):
        server.ask(f"first@{domain.title()}")
        before = server.sessions()
        assert server.ask(f"second@{domain}") == "DUNNO"
        assert words in server.words(f"second@{domain}")[1]
        assert server.sessions() == before


@pytest.mark.parametrize("domain, says", [
    ("closes.example", b""),
    ("nonsense.example", b"this is no mail server\r\n" * 3),
])
def test_servers_that_are_none(server, domain, says):
    with RawServer(server.net, SERVERS[domain], says) as raw:
        assert server.ask(f"fred@{domain}") == "DUNNO"
        state, words = server.words(f"fred@{domain}")
        assert state == "broken" and "did not answer" in words
        assert server.ask(f"fred@{domain}") == "DUNNO"
        assert server.words(f"fred@{domain}")[1].startswith("remembered: ")
        assert raw.sessions == 1


def test_many_who_wait_share_one_call(server):
    """Twenty recipients at once: one session."""
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: server.ask("fred@flight.example"), range(20)))
    assert answers == ["DUNNO"] * 20
    assert server.sessions(SERVERS["flight.example"]) == 1


NEVER = {
    "does not vouch": {"sender": "u1@stranger.example"},
    "null sender": {"sender": ""},
    "postmaster": {"sender": "postmaster@good.example"},
    "mailer-daemon": {"sender": "MAILER-DAEMON@good.example"},
    "unknown recipient": {"sender": "u2@good.example", "rcpt_verified": "no"},
    "recipient not verified": {"sender": "u3@good.example", "rcpt_verified": "defer"},
    "to postmaster": {"sender": "u4@good.example", "recipient": "postmaster@here.test"},
    "exempt client": {"sender": "u5@good.example", "client": EXEMPT},
    "logged in": {"sender": "u6@good.example", "sasl_username": "alice"},
    "relay host": {"sender": "u7@good.example", "relay": "yes"},
    "HELO lie": {"sender": "u8@good.example", "helo_name": "mx.here.test"},
    "skipped domain": {"sender": "u9@skipped.example"},
    "below a skipped domain": {"sender": "u10@mail.skipped.example"},
}


@pytest.mark.parametrize("why", NEVER)
def test_never_called(server, why):
    before = server.sessions()
    action = server.ask(**NEVER[why])
    assert action[:3] == ("550" if why in ("unknown recipient", "HELO lie") else "DUN"), action
    server.settle(0.2)
    assert server.sessions() == before


def test_a_question_of_the_administrator_calls_nobody(server):
    before = server.sessions()
    asked = server.daemon.json("ask", "--client", CLIENT, "--helo", "mail.client.example",
                               "--from", "u10@good.example", "--to", "alice@here.test")
    callout = next(one for one in asked["checks"] if one["check"] == "callout")
    assert callout["state"] == "skipped", callout
    server.settle()
    assert server.sessions() == before


def flood(server, name):
    """One mail for each forged domain, sixteen at a time. All must pass, in time."""
    def one(domain):
        began = time.monotonic()
        return server.ask(f"{name}@{domain}"), time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, FLOOD))
    assert all(action == "DUNNO" and took < LIMIT + SLACK for action, took in answers), answers
    server.settle()


def counts(server, address):
    """How many connections there were at a time, for each connection."""
    return [int(number) for number in re.findall(
        rf"SMTP connection from .*I=\[{re.escape(address)}\]\S* .*connection count = (\d+)",
        server.far.log())]


def test_budget_of_all_callouts(server):
    with server.other(per_minute=5):
        before, told = server.sessions(FLOOD_SERVER), server.daemon.json("status")["callouts"]
        flood(server, "total")
        calls = server.sessions(FLOOD_SERVER) - before
        assert 1 <= calls <= 6  # one more may have been earned meanwhile
        status = server.daemon.json("status")["callouts"]
        assert status["made"] - told["made"] <= 6
        assert status["refused"] - told["refused"] >= len(FLOOD) - 6
        # whoever reads the settings again has no new budget, and loses no count
        asked = server.daemon.metrics()["postern_dns_questions_total"]
        assert asked > len(FLOOD)
        server.daemon.reload(server.settings(per_minute=5))
        flood(server, "again")
        assert server.sessions(FLOOD_SERVER) - before <= 7
        assert server.daemon.json("status")["callouts"]["made"] >= status["made"]
        assert server.daemon.metrics()["postern_dns_questions_total"] > asked


def test_budget_of_one_server(server):
    with server.other(mx_per_minute=4):
        before = server.sessions(FLOOD_SERVER)
        flood(server, "server")
        assert 1 <= server.sessions(FLOOD_SERVER) - before <= 5


def test_connections_at_a_time(server):
    with server.other(mx_connections=2):
        before = len(counts(server, FLOOD_SERVER))
        flood(server, "narrow")
        after = counts(server, FLOOD_SERVER)[before:]
        # Exim counts one until it has reaped the process that served it
        assert len(after) >= 2 and max(after) <= 2 + 1, after


def test_budget_of_one_domain(server):
    with server.other(domain_per_minute=2):
        before = server.sessions()
        for i in range(8):
            assert server.ask(f"many{i}@other.example")[:3] in ("DUN", "550")
        assert server.sessions() - before <= 2


def test_our_own_address_on_the_list_suspends(server):
    server.dns.list("watch.example", OURS)
    with server.other(watch="watch.example"):
        server.daemon.logged("callouts-suspended ", "watch.example", seconds=20)
        before = server.sessions()
        assert server.ask("u11@good.example") == "DUNNO"
        server.settle()
        assert server.sessions() == before
        assert server.daemon.json("status")["callouts"]["suspended"] is True
        assert server.daemon.metrics()["postern_callouts_suspended"] == 1
        server.daemon.reload(server.settings(watch="watch.example"))
        assert server.daemon.json("status")["callouts"]["suspended"] is True
    assert server.ask("u11@good.example").startswith("550")


def test_through_exim(server):
    """The whole way: a client, an Exim with the kit, posternd, and the sender's server."""
    front = server.net.exim("light", layout="plain", address="192.0.2.25")
    front.setup("--apply")
    front.start()
    with server.net.smtp(front, CLIENT).hello("mail.client.example", "gone@good.example") as smtp:
        reply = smtp.rcpt("alice@here.test")
    assert reply.startswith("550"), reply
    flat = re.sub(r"\n\d\d\d[- ]5\.7\.1 ", " ", reply)
    assert "the server of good.example says of <gone@good.example>: 550 5.1.1 unknown user" in flat
    front.logged("says of <gone@good.example>: 550 5.1.1 unknown user")
