# SPDX-License-Identifier: BSD-2-Clause
"""launch - a small process that starts the measured ones

Linux counts as a child's peak memory at least that of the process that started it. bench/run holds
the truth of a gibibyte of log, so it lets a process start its tools that was made before any of
that was loaded. This file imports little for that reason.
"""
import marshal
import os
import sys
import time


def run(argv, env, out, err):
    """Wall seconds, CPU seconds, peak KiB and exit status of one command and its children."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for fd, path in ((1, out), (2, err)):
        actions.append((os.POSIX_SPAWN_OPEN, fd, path, flags, 0o600))
    start = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, env, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    return (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss,
            os.waitstatus_to_exitcode(status))


class Launcher:
    def __init__(self):
        ask_r, ask_w = os.pipe()
        say_r, say_w = os.pipe()
        if os.fork() == 0:
            os.close(ask_w)
            os.close(say_r)
            serve(os.fdopen(ask_r, "rb"), os.fdopen(say_w, "wb"))
        os.close(ask_r)
        os.close(say_w)
        self.ask, self.said = os.fdopen(ask_w, "wb"), os.fdopen(say_r, "rb")

    def run(self, argv, env, out, err):
        marshal.dump((argv, env, out, err), self.ask)
        self.ask.flush()
        answer = marshal.load(self.said)
        if isinstance(answer, str):
            raise OSError(answer)
        return answer


def serve(ask, say):
    """Until the other side closes its end."""
    while True:
        try:
            request = marshal.load(ask)
        except (EOFError, KeyboardInterrupt):
            os._exit(0)
        try:
            answer = run(*request)
        except OSError as e:
            answer = f"{request[0][0]}: {e.strerror}"
        marshal.dump(answer, say)
        say.flush()


if __name__ == "__main__":
    sys.exit("launch is a part of bench/run")
