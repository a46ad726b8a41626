# SPDX-License-Identifier: BSD-2-Clause
"""Servers in a Net that misbehave as a test tells them, as no real one can be made to.

    with ListServer(net, 5355) as server:
        server.answer = lambda name, kind: ["127.0.0.2"]   # everything is listed
        server.delay = 10                                  # ... ten seconds too late
        server.answer = None                               # not a word

    with RawServer(net, "198.51.100.42", b"no SMTP at all\r\n"):
        ...

The lists of all other tests are rbldnsd, the mail servers Exim and Postfix.
"""

import contextlib
import ctypes
import os
import select
import socket
import struct
import threading
import time

from .eximpair import CLONE_NEWNET

A, NXDOMAIN = 1, 3


def well(name, kind):
    """An empty list as RFC 5782 wants it: 127.0.0.2 is in it and nothing else."""
    return ["127.0.0.2"] if kind == A and name.startswith("2.0.0.127.") else []


def enter(net):
    """Takes the thread that calls it into the Net, for good: its sockets are there from now on."""
    with open(f"/proc/{net._holder.pid}/ns/net", "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class ListServer:
    """`answer` is called with the name and the type and returns addresses; none: NXDOMAIN."""

    def __init__(self, net, port, answer=well):
        self.net, self.port, self.answer = net, port, answer
        self.delay = 0
        self.asked = []
        self._sock = self._stop = None
        self._waiting = []  # (when, client, answer)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def start(self):
        self._stop = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10) and self._sock is not None, "the list server did not start"
        return self

    def stop(self):
        if self._sock is not None:
            self._stop.set()
            self._thread.join(10)
            self._sock.close()
            self._sock = None

    def _run(self, ready):
        enter(self.net)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", self.port))
        ready.set()
        while not self._stop.is_set():
            if select.select([self._sock], [], [], 0.02)[0]:
                self._take(*self._sock.recvfrom(4096))
            now = time.monotonic()
            due = [one for one in self._waiting if one[0] <= now]
            self._waiting = [one for one in self._waiting if one[0] > now]
            for _, client, answer in due:
                self._sock.sendto(answer, client)

    def _take(self, question, client):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
            at += 1 + question[at]
        kind = struct.unpack("!H", question[at + 1 : at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append(name)
        if self.answer is None:
            return
        addresses = self.answer(name, kind) if kind == A else []
        head = struct.pack("!2sHHHHH", question[:2], 0x8400 | (0 if addresses else NXDOMAIN), 1,
                           len(addresses), 0, 0)
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 1, 4) + socket.inet_aton(one)
            for one in addresses
        )
        answer = head + question[12 : at + 5] + records
        self._waiting.append((time.monotonic() + self.delay, client, answer))


class RawServer:
    """Listens on port 25 of this address, says these bytes to whoever connects, and closes."""

    def __init__(self, net, address, says):
        self.net, self.address, self.says = net, address, says
        self.sessions = 0
        self._listener = None

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10) and self._listener is not None, "the raw server did not start"
        return self

    def __exit__(self, *exc):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _run(self, ready):
        enter(self.net)
        self._listener = socket.create_server((self.address, 25))
        ready.set()
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.sessions += 1
            with client, contextlib.suppress(OSError):
                client.sendall(self.says)
