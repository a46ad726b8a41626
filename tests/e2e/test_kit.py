# SPDX-License-Identifier: BSD-2-Clause
"""The kit on real Exims, light and heavy: they ask, and do what they are told.

A tiny policy server answers whatever a test wants. Then everything goes wrong that can go wrong at the
socket, and mail has to flow, in time, with a line in the log; and clients say whatever bytes Exim
takes, which must stay one value of one request.
"""

import contextlib
import socket
import time

import pytest

from conftest import POSTERN
from parts.eximpair import FLAVOURS, Net
from parts.policyserver import DUNNO, PolicyServer

TIMEOUT = 2  # seconds that these Exims wait for an answer


@pytest.fixture(scope="module")
def net():
    with Net() as made:
        yield made


@pytest.fixture(scope="module")
def running(net):
    """Gives the plain Exim of a flavour with the kit; it runs from the first time that it is wanted."""
    made = {}

    def get(flavour):
        if flavour not in made:
            address = f"192.0.2.{25 + list(FLAVOURS).index(flavour)}"
            exim = net.exim(flavour, "plain", address=address)
            exim.setup("--apply", "--timeout", f"{TIMEOUT}s", program=POSTERN)
            made[flavour] = exim.start()
        return made[flavour]

    return get


@pytest.fixture(params=list(FLAVOURS))
def mx(request, running):
    """Both flavours in turn."""
    return running(request.param)


@pytest.fixture
def light(running):
    """One is enough where both run the same code and there are many cases."""
    return running("light")


@pytest.fixture
def server(net):
    with PolicyServer(net.door) as made:
        yield made


def test_attributes(mx, net, server):
    with net.smtp(mx, source="203.0.113.9") as client:
        client.hello("[203.0.113.9]", "a=b@sender.example").rcpt("Alice@here.test")
        port = client.sock.getsockname()[1]
    asked = server.of("RCPT")[0]
    assert dict(asked) == {
        "request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
        "instance": asked["instance"], "client_address": "203.0.113.9", "client_port": str(port),
        "server_address": mx.address, "server_port": "25", "helo_name": "[203.0.113.9]",
        "sender": "a=b@sender.example", "sasl_username": "", "recipient": "alice@here.test",
        "rcpt_verified": "yes",
    }
    assert asked.raw.endswith(b"\n\n") and asked.raw.count(b"\n\n") == 1
    assert server.wait("NOTQUIT")[0]["smtp_notquit_reason"] == "connection-lost"


def test_verify_that_is_deferred_is_told(mx, net, server):
    with net.smtp(mx) as client:
        assert client.hello().rcpt("later@here.test").startswith("451")
    assert server.of("RCPT")[0]["rcpt_verified"] == "defer"


LONG = "550 5.7.1 " + " ".join(["a long text that goes on and on"] * 12)

# answer, the reply's lines, whether the connection is closed then
ACTIONS = [
    (b"action=DUNNO\n\n", ["250 Accepted"], False),
    (b"action=OK\n\n", ["250 Accepted"], False),
    (b"action=550 5.7.1 HELO/EHLO set to my IP address\n\n",
     ["550 5.7.1 HELO/EHLO set to my IP address"], False),
    (b"action=554 5.7.1 no\n\n", ["554 5.7.1 no"], False),
    (b"action=450 4.7.1 come back later\n\n", ["450 4.7.1 come back later"], False),
    (b"action=451 4.3.0 later\n\n", ["451 4.3.0 later"], False),
    (b"action=521 5.7.1 go away\n\n", ["521 5.7.1 go away"], True),
    (b"action=421 4.7.0 too much\n\n", ["421 4.7.0 too much"], False),
    (b"action=550 no enhanced code\n\n", ["550 no enhanced code"], False),
    (b"action=550 5.7.1 $tod_log ${run{/bin/true}} \\n \\t {} $1\n\n",
     ["550 5.7.1 $tod_log ${run{/bin/true}} \\n \\t {} $1"], False),
    (b"action=550 5.7.1 100%s %n\n\n", ["550 5.7.1 100%s %n"], False),
    ("action=550 5.7.1 für Sie nicht\n\n".encode(), ["550 5.7.1 für Sie nicht"], False),
    (LONG.encode().join([b"action=", b"\n\n"]), None, False),
]


@pytest.mark.parametrize("answer, lines, closes", ACTIONS)
def test_actions(mx, net, server, answer, lines, closes):
    server.answer = answer
    with net.smtp(mx) as client:
        got = client.hello().rcpt("alice@here.test")
        if lines is None:
            assert "".join(line[10:] + " " for line in got.split("\n")).strip() == LONG[10:]
            assert all(line.startswith(("550-5.7.1 ", "550 5.7.1 ")) for line in got.split("\n"))
        else:
            assert got.split("\n") == lines
        if closes:
            assert client.reply() == ""
            mine = server.of("RCPT")[0]["instance"]
            reasons = [one["smtp_notquit_reason"] for one in server.wait("NOTQUIT") if one["instance"] == mine]
            assert reasons == ["acl-drop"]
        elif not got.startswith("421"):
            server.answer = DUNNO
            assert client.rcpt("bob@here.test") == "250 Accepted"
            assert client.data().startswith("250 ")


def test_refusals_are_in_exims_log(mx, net, server):
    server.answer = b"action=550 5.7.1 in the log of a test\n\n"
    with net.smtp(mx) as client:
        client.hello().rcpt("alice@here.test")
    mx.logged("rejected RCPT <alice@here.test>: postern: 550 5.7.1 in the log of a test")


def test_421_holds_for_the_session_and_is_asked_once(mx, net, server):
    server.answer = b"action=421 4.7.0 slow down\n\n"
    with net.smtp(mx) as client:
        assert client.hello().rcpt("alice@here.test", "bob@here.test") == ["421 4.7.0 slow down"] * 2
        client.say("RSET")
        client.say("MAIL FROM:<>")
        assert client.rcpt("alice@here.test") == "421 4.7.0 slow down"
    assert server.states().count("RCPT") == 1


@pytest.mark.parametrize("answer", [b"421 4.7.0 you are banned", b"521 5.7.1 you are banned",
                                    b"554 5.7.1 you are banned"])
def test_at_connect_everything_closes(mx, net, server, answer):
    server.answer = lambda request: b"action=%s\n\n" % (
        answer if request.state == "CONNECT" else b"DUNNO")
    with net.smtp(mx, greet=False) as client:
        assert client.reply() == answer.decode()
        assert client.reply() == ""


def test_prepend_adds_a_header(mx, net, server):
    server.answer = b"action=PREPEND X-Postern: $sender_host ${run{/bin/id}}\n\n"
    with net.smtp(mx) as client:
        client.hello().rcpt("alice@here.test")
        assert client.data(f"Subject: tagged by {mx.flavour}\r\n\r\ntext").startswith("250 ")
    assert "X-Postern: $sender_host ${run{/bin/id}}\n" in mx.mail("alice", f"tagged by {mx.flavour}")


@pytest.mark.parametrize("source, auth", [("203.0.113.5", False), ("203.0.113.9", True)])
def test_relay_hosts_and_who_has_logged_in_are_not_asked_about(mx, net, server, source, auth):
    server.answer = b"action=550 5.7.1 never\n\n"
    with net.smtp(mx, source=source) as client:
        client.say("EHLO customer.example")
        if auth:
            assert server.states() == ["CONNECT"]  # nobody can know yet
            server.requests.clear()
            assert client.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==").startswith("235")
        client.say("MAIL FROM:<alice@here.test>")
        assert client.rcpt("bob@here.test").startswith("250")
        client.say("QUIT")
    time.sleep(0.2)
    assert server.states() == []


def test_helo_and_mail_where_wanted(net, server):
    """Two files of the kit that are not used unless somebody does; and the submission port, where
    nobody is asked about before he could log in."""
    exim = net.exim("light", "plain", address="192.0.2.98")
    conf = exim.etc / "exim4/exim4.conf"
    conf.write_text(
        "acl_smtp_helo = /etc/exim4/postern/helo\nacl_smtp_mail = /etc/exim4/postern/mail\n"
        + conf.read_text()
    )
    exim.setup("--apply", program=POSTERN)
    exim.start("25 : 587")
    server.requests.clear()
    server.answer = lambda request: (
        b"action=550 5.7.1 no such name\n\n" if request.get("helo_name") == "bad"
        else b"action=451 4.7.1 not now\n\n" if request.get("sender") == "x@later.example"
        else DUNNO
    )
    with net.smtp(exim) as client:
        assert client.say("EHLO bad") == "550 5.7.1 no such name"
        assert client.say("EHLO good").startswith("250")
        assert client.say("MAIL FROM:<x@later.example>") == "451 4.7.1 not now"
        assert client.say("MAIL FROM:<x@sender.example>").startswith("250")
        assert client.rcpt("alice@here.test") == "250 Accepted"
        client.say("QUIT")
    server.wait("QUIT")
    assert server.states() == ["CONNECT", "HELO", "HELO", "MAIL", "MAIL", "RCPT", "QUIT"]
    assert "sender" not in server.of("HELO")[0] and "recipient" not in server.of("MAIL")[0]
    server.requests.clear()
    with net.smtp(exim, port=587) as client:
        client.say("EHLO good")
        assert server.states() == []
        client.say("MAIL FROM:<x@sender.example>")
        client.rcpt("alice@here.test")
    assert server.states()[:2] == ["MAIL", "RCPT"]


# --- nothing that breaks stops mail --------------------------------------------------------------


def mail_flows(mx, net, seconds, recipients=3):
    """Sends a message to several recipients. The time that all of it took."""
    began = time.monotonic()
    with net.smtp(mx) as client:
        client.hello()
        for _ in range(recipients):
            assert client.rcpt("alice@here.test") == "250 Accepted"
        assert client.data().startswith("250 ")
        client.say("QUIT")
    took = time.monotonic() - began
    assert took < seconds, f"{took:.1f} s"
    return took


SILENT = "postern did not answer at"


def silent_lines(mx):
    return mx.log().count(SILENT)


def test_no_socket(mx, net):
    with contextlib.suppress(FileNotFoundError):
        net.door.unlink()
    said = silent_lines(mx)
    mail_flows(mx, net, 2)
    assert silent_lines(mx) == said + 1
    mx.logged("postern did not answer at CONNECT; the session goes on without it")


def test_dead_socket(mx, net):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(net.door))
    dead.close()
    try:
        said = silent_lines(mx)
        mail_flows(mx, net, 2)
        assert silent_lines(mx) == said + 1
    finally:
        net.door.unlink()


def test_hung_while_it_answers(mx, net, server):
    """As with SIGSTOP: the connection is made, no answer comes. One wait a session, not one a
    recipient."""
    server.answer = lambda request: None
    said = silent_lines(mx)
    assert mail_flows(mx, net, TIMEOUT + 2) >= TIMEOUT - 0.5
    assert silent_lines(mx) == said + 1


def test_hung_with_a_full_queue(mx, net):
    """Stopped for so long that not even connections are taken."""
    full = socket.socket(socket.AF_UNIX)
    full.bind(str(net.door))
    net.door.chmod(0o666)
    full.listen(0)
    waiting = []
    try:
        while True:
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            waiting.append(one)
            if one.connect_ex(str(net.door)) != 0:
                break
        said = silent_lines(mx)
        mail_flows(mx, net, TIMEOUT + 2)
        assert silent_lines(mx) == said + 1
    finally:
        for one in (*waiting, full):
            one.close()
        net.door.unlink()


def forever():
    while True:
        time.sleep(0.05)
        yield b"action=DUNNO "


@pytest.mark.parametrize(
    "answer",
    [b"", b"\n\n", b"action=\n\n", b"action=DUNNO", b"action=DUNNO\n", b"nonsense\n\n",
     b"\0\xff\x1b[2J$tod_log${run{/bin/true}}\n\n", b"action=550 5.7.1 a\naction=DUNNO\n\n",
     b"action=550 5.7.1 a\r\n\r\n", b"A" * 1000000],
)
def test_nonsense(light, net, server, answer):
    server.answer = answer
    said = silent_lines(light)
    mail_flows(light, net, 2)
    assert silent_lines(light) == said + 1
    assert "\x1b" not in light.log()


def test_an_answer_without_end(mx, net, server):
    server.answer = lambda request: forever() if request.state == "RCPT" else DUNNO
    mail_flows(mx, net, TIMEOUT + 3)


@pytest.mark.parametrize("action", ["FOO", "99 x", "699 5.1.1 x", "55 x", "550", "REDIRECT a@b",
                                    "PREPEND no header", "PREPEND : x", "DISCARD"])
def test_an_action_that_means_nothing(light, net, server, action):
    server.answer = f"action={action}\n\n".encode()
    mail_flows(light, net, 2, recipients=1)


# --- hostile bytes -------------------------------------------------------------------------------

SENDERS = [
    b'"request=x"@sender.example',
    b'"a\\\rprotocol_state=QUIT"@sender.example',
    b'"a\rb"@sender.example',
    b'"${run{/bin/false}}$tod_log"@sender.example',
    b'"\x01\x02\x7f\x1b[2J"@sender.example',
    b'"\xff\xfe\x80"@sender.example',
    b"a=b%c|d`e@sender.example",
    b'"}{"@sender.example',
    b"<" * 3,
    b'"' + b"x" * 60 + b'"@' + b"y." * 90 + b"example",
]


@pytest.mark.parametrize("sender", SENDERS)
def test_hostile_senders(light, net, server, sender):
    """Whatever Exim takes as a sender is one value of one request, and harms nothing."""
    with net.smtp(light) as client:
        client.say("EHLO client.example")
        if not client.say(b"MAIL FROM:<%s>" % sender).startswith("250"):
            return
        assert client.rcpt("alice@here.test") == "250 Accepted"
    (asked,) = server.of("RCPT")
    assert asked.raw.count(b"\n\n") == 1 and asked.raw.endswith(b"\n\n")
    assert asked.raw.count(b"\nprotocol_state=") == 1 and b"\r" not in asked.raw
    assert asked.raw.count(b"\nrequest=") == 0 and asked.raw.startswith(b"request=smtpd_access_policy\n")
    got = asked["sender"].encode("utf-8", "surrogateescape")
    # what is not a line end arrives as it was, apart from how Exim quotes
    assert got.replace(b"\\", b"") == sender.replace(b"\r", b"?").replace(b"\\", b"")


HELOS = [b"x=y", b"$tod_log", b"${run{/bin/false}}", b"[1.2.3.4", b"a\x01b", b"\xff.example", b"a b",
         b"request=smtpd_access_policy", b"a\rprotocol_state=QUIT", b"x" * 255]


@pytest.mark.parametrize("helo", HELOS)
def test_hostile_helos(light, net, server, helo):
    with net.smtp(light, source="203.0.113.66") as client:  # who may say junk
        client.say(b"HELO %s" % helo)
        client.say("MAIL FROM:<someone@sender.example>")
        assert client.rcpt("alice@here.test") == "250 Accepted"
    (asked,) = server.of("RCPT")
    assert asked.raw.count(b"\n\n") == 1 and asked.raw.count(b"\nprotocol_state=") == 1
    assert asked["protocol_state"] == "RCPT"


def test_hostile_recipients(light, net, server):
    with net.smtp(light) as client:
        client.hello()
        client.say(b'RCPT TO:<"a\rb\\\"protocol_state=QUIT"@here.test>')
        client.say(b'RCPT TO:<"${run{/bin/false}}"@here.test>')
    for asked in server.of("RCPT"):
        assert asked.raw.count(b"\nprotocol_state=") == 1 and b"\r" not in asked.raw
        assert asked["rcpt_verified"] == "no"
