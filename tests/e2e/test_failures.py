# SPDX-License-Identifier: BSD-2-Clause
"""Whatever happens to posternd, mail flows: late by no more than the time that was set, and the logs
say why."""

import contextlib
import signal
import socket
import subprocess
import time

import pytest

from parts.eximpair import Net
from parts.inbound import Daemon, Dns
from parts.policyserver import PolicyServer

TIMEOUT = 2  # seconds, in the kit
SLACK = 8  # for a machine that is busy
QUIET = """
dnsbl { mode = off }
sender { domain = off null_mx = off bogus_mx = off }
"""


class Server:
    def __init__(self, settings=QUIET, **how):
        self.settings, self.how, self.stack = settings, how, contextlib.ExitStack()

    def __enter__(self):
        try:
            self.net = self.stack.enter_context(Net())
            self.dns = self.stack.enter_context(Dns(self.net))
            self.daemon = self.stack.enter_context(
                Daemon(self.net, self.dns.settings() + self.settings, **self.how)
            )
            self.exim = self.net.exim("light", layout="plain")
            self.exim.setup("--apply", "--timeout", f"{TIMEOUT}s")
            self.exim.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def deliver(self, subject, source="203.0.113.9", helo="mail.sender.example"):
        """One mail, from connecting to 250. Returns the seconds that it took."""
        began = time.monotonic()
        with self.net.smtp(self.exim, source) as smtp:
            smtp.hello(helo)
            assert smtp.rcpt("alice@here.test").startswith("250")
            assert smtp.rcpt("bob@here.test").startswith("250")
            assert smtp.data(f"Subject: {subject}\r\n\r\nx").startswith("250")
            smtp.say("QUIT")
        self.exim.mail("alice", f"Subject: {subject}")
        return time.monotonic() - began


@pytest.fixture
def server():
    with Server() as made:
        yield made


def test_stopped(server):
    server.deliver("before")
    server.daemon.stop()
    assert server.deliver("stopped") < SLACK
    server.exim.logged("postern did not answer")
    server.daemon.start()
    with server.net.smtp(server.exim) as smtp:  # and it is asked again at once
        smtp.hello("localhost")
        assert smtp.rcpt("alice@here.test").startswith("550")


def test_hung(server):
    server.daemon.send(signal.SIGSTOP)
    try:
        # once for the session, not for each recipient
        assert server.deliver("hung") < TIMEOUT + SLACK
        server.exim.logged("postern did not answer")
    finally:
        server.daemon.send(signal.SIGCONT)
    with server.net.smtp(server.exim) as smtp:
        smtp.hello("localhost")
        assert smtp.rcpt("alice@here.test").startswith("550")


@pytest.mark.parametrize("answer", [
    b"", b"\n\n", b"action=", b"action=\n\n", b"550 no\n\n", b"action=550 no", b"\0" * 5000,
    b"action=REJECT ${run{/bin/false}}\n\n", b"action=DUNNO\naction=550 no\n\n",
], ids=lambda answer: repr(answer[:20]))
def test_nonsense(server, answer):
    server.daemon.stop()
    with PolicyServer(server.net.door, answer):
        assert server.deliver("nonsense") < TIMEOUT + SLACK


def test_requests_of_nonsense_get_dunno(server):
    for raw in (b"", b"\n", b"junk\n\n", b"=\n\n", b"\0\0\0\n\n", b"request=other\n\n", b"x=" + b"y" * 70000,
                b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=999.1.1.1\n\n"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(str(server.net.door))
            with contextlib.suppress(OSError):
                s.sendall(raw)
                s.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := s.recv(4096):
                    answer += piece
        assert answer in (b"", b"action=DUNNO\n\n"), (raw[:40], answer)
    server.deliver("after nonsense")


def test_out_of_descriptors():
    with Server(daemon="descriptors = 256") as server:
        idle = []
        with contextlib.ExitStack() as stack:
            for _ in range(400):
                s = stack.enter_context(socket.socket(socket.AF_UNIX))
                s.settimeout(5)
                with contextlib.suppress(OSError):
                    s.connect(str(server.net.door))
                    idle.append(s)
            assert server.deliver("crowded") < 2 * TIMEOUT + SLACK
        assert server.deliver("later") < SLACK
        with server.net.smtp(server.exim) as smtp:
            smtp.hello("localhost")
            assert smtp.rcpt("alice@here.test").startswith("550")


def test_slow_peers_are_cut_off():
    with Server(door='request = "1s"') as server, contextlib.ExitStack() as stack:
        slow = []
        for _ in range(20):
            s = stack.enter_context(socket.socket(socket.AF_UNIX))
            s.settimeout(20)
            s.connect(str(server.net.door))
            s.sendall(b"request=smtpd_acc")
            slow.append(s)
        server.deliver("beside slow ones")
        for s in slow:
            assert s.recv(100) in (b"", b"action=DUNNO\n\n")


def test_a_thousand_connections(server):
    """As many as the setting allows, all kept open, each asked twice."""
    request = (b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=198.51.100.%d\n"
               b"client_port=%d\nhelo_name=mail.sender.example\nsender=\nrecipient=alice@here.test\n"
               b"rcpt_verified=yes\n\n")
    with contextlib.ExitStack() as stack:
        all_ = []
        for i in range(950):
            s = stack.enter_context(socket.socket(socket.AF_UNIX))
            s.settimeout(30)
            s.connect(str(server.net.door))
            all_.append(s)
        for _ in range(2):
            for i, s in enumerate(all_):
                s.sendall(request % (i % 200 + 1, 1000 + i))
            for s in all_:
                assert s.recv(100) == b"action=DUNNO\n\n"


def test_disk_full():
    with Server() as server:
        server.daemon.stop()
        subprocess.run(
            [*server.net.enter(), "--", "mount", "-t", "tmpfs", "-o", "size=96k,uid=65534,gid=65534",
             "tmpfs", str(server.daemon.state)], check=True,
        )
        server.daemon.start()
        for i in range(3000):
            if i % 500 == 0:
                server.deliver(f"full {i}", source=f"198.51.100.{i // 500 + 1}")
            server.daemon.ask(protocol_state="RCPT", client_address=f"20.{i >> 8}.{i & 255}.1",
                              client_port=str(1000 + i), helo_name="mail.sender.example", sender="",
                              recipient=f"user{i}@here.test", rcpt_verified="no")
        time.sleep(2.5)
        server.deliver("still")
        server.daemon.logged("state-not-written")
        status = server.daemon.json("status")["state"]
        assert status["failures"] > 0 and status["pending_bytes"] > 100_000, status
        metrics = server.daemon.metrics()
        assert metrics["postern_state_pending_bytes"] > 100_000


def test_state_file_damaged(server):
    server.daemon.postern("bans", "add", "198.51.100.9", "--for", "1h", "--reason", "x")
    time.sleep(1.5)
    server.daemon.stop(signal.SIGKILL)
    for file in server.daemon.state.iterdir():
        if file.is_file() and file.stat().st_size > 8192:
            data = bytearray(file.read_bytes())
            data[:] = b"\xa5" * len(data)
            file.write_bytes(data)
    server.daemon.start()
    assert server.deliver("after damage") < SLACK
    assert any("damaged" in file.name for file in server.daemon.state.iterdir())
    server.daemon.logged("damaged")


def test_terminates_in_order(server):
    server.deliver("before")
    server.daemon.stop(signal.SIGTERM)
    assert "ended" in server.daemon.log().splitlines()[-1]


def test_reload_keeps_going(server):
    with server.net.smtp(server.exim) as smtp:
        smtp.hello("localhost")
        assert smtp.rcpt("alice@here.test").startswith("550")
    server.daemon.reload(server.dns.settings() + QUIET + "helo { no_dot = off }\n")
    with server.net.smtp(server.exim, "203.0.113.10") as smtp:
        smtp.hello("localhost")
        assert smtp.rcpt("alice@here.test").startswith("250")
    # all that was counted is still there, and what is only observed is counted as that
    server.daemon.reload(server.dns.settings() + QUIET + "helo { no_dot = observe }\n")
    with server.net.smtp(server.exim, "203.0.113.11") as smtp:
        smtp.hello("localhost")
        assert smtp.rcpt("alice@here.test").startswith("250")
    status = server.daemon.json("status")["decisions"]
    helo = status["checks"]["helo"]
    assert (helo["hit"], helo["refuse"], helo["would"], status["would"]) == (2, 1, 1, 1), status
    metrics = server.daemon.metrics()
    assert metrics['postern_check_decisions_total{check="helo",action="would"}'] == 1
    assert metrics['postern_check_decisions_total{check="helo",action="refuse"}'] == 1
    assert "would" in server.daemon.postern("status").stdout
    # a mistake in the file: the former settings go on
    server.daemon.write("nonsense {\n")
    server.daemon.send(signal.SIGHUP)
    line = server.daemon.logged("not-reloaded")
    assert str(server.daemon.conf) in line
    server.deliver("after a mistake", source="198.51.100.4")


def test_reload_of_the_log_level_and_what_needs_a_restart(server):
    daemon, settings = server.daemon, server.dns.settings() + QUIET
    daemon.level, daemon.daemon_settings = "notice", "state_max = 64M"
    daemon.reload(settings)
    daemon.logged("needs-restart", "daemon.state_max")
    before = len(daemon.decisions())
    server.deliver("nothing is said of it", source="198.51.100.5")
    assert len(daemon.decisions()) == before
    # as it was at the start: nothing is left to say
    daemon.level, daemon.daemon_settings = "debug", ""
    daemon.reload(settings)
    assert daemon.log().count("needs-restart") == 1
    server.deliver("it is said again", source="198.51.100.6")
    daemon.logged("decision ", "client=198.51.100.6")
