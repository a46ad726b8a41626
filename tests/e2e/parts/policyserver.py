# SPDX-License-Identifier: BSD-2-Clause
"""A tiny policy server, to see what an MTA asks and to answer whatever a test wants.

It speaks Postfix's policy delegation protocol as far as Exim's ${readsocket} does: a connection is
one request, which ends where the client closes its half.
"""

import contextlib
import os
import socket
import threading
import time

DUNNO = b"action=DUNNO\n\n"


class Request(dict):
    """The attributes of one request as text; raw has its bytes."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("utf-8", "surrogateescape").split("\n")
        super().__init__(line.split("=", 1) for line in lines if "=" in line)

    @property
    def state(self):
        return self.get("protocol_state")


class PolicyServer:
    """Listens on a Unix socket in a thread. Use as a context manager.

    `answer` is the bytes of the answer to RCPT (others get DUNNO), or a function that makes it of the
    Request. None never answers; an iterable is sent piece by piece until the client goes away. It may
    be changed at any time.
    """

    def __init__(self, path, answer=DUNNO, backlog=64):
        self.path, self.answer = str(path), answer
        self.requests = []
        self._held = []
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self._listener.listen(backlog)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for held in self._held:
            held.close()
        self._thread.join(10)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def states(self):
        return [request.state for request in self.requests]

    def of(self, state):
        return [request for request in self.requests if request.state == state]

    def wait(self, state, seconds=10):
        """The requests of that state, once there is one."""
        end = time.monotonic() + seconds
        while not self.of(state):
            assert time.monotonic() < end, f"no {state} after {seconds} s: {self.states()}"
            time.sleep(0.01)
        return self.of(state)

    def _run(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._serve(client)

    def _serve(self, client):
        raw = b""
        while part := client.recv(65536):
            raw += part
        request = Request(raw)
        self.requests.append(request)
        answer = self.answer
        if callable(answer):
            answer = answer(request)
        elif request.state != "RCPT":
            answer = DUNNO
        if answer is None:
            self._held.append(client)
            return
        with contextlib.suppress(OSError):
            for piece in [answer] if isinstance(answer, bytes) else answer:
                client.sendall(piece)
        client.close()
