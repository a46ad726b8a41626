#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The demo: demo.py [--readme] [inbound] [outbound]

Plays two chapters on real servers and shows what Postern does: inbound, an Exim that asks posternd;
outbound, complaints and where they lead. Each happens in a temporary folder and in namespaces of
its own. When it ends, also by Ctrl-C, nothing is left running, nothing mounted, and the folders are
gone.

With --readme the examples in README.md are written anew, from this run.
"""

import argparse
import pathlib
import re
import signal
import sys
import textwrap
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from chapters import inbound, outbound  # noqa: E402
from chapters.screen import DemoError, Screen  # noqa: E402
from parts.debs import DebError  # noqa: E402
from parts.eximpair import PairError  # noqa: E402
from parts.inbound import InboundError  # noqa: E402
from parts.world import TOP, WorldError  # noqa: E402

CHAPTERS = {"inbound": inbound.play, "outbound": outbound.play}
TROUBLE = (DemoError, DebError, InboundError, PairError, WorldError, OSError)


def readme_write(examples):
    """Puts each example between its marks in README.md, a day and an introduction before it."""
    path = TOP / "README.md"
    text = path.read_text()
    for name, (introduction, lines) in examples.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        if begin not in text or end not in text:
            raise DemoError(f"README.md has no {begin.strip()} ... {end.strip()}")
        day = time.strftime("%Y-%m-%d", time.gmtime())
        first = textwrap.fill(f"From `make demo`, {day}: {introduction}", 130)
        body = "\n".join((" " + line).rstrip() for line in lines)
        text = re.sub(
            f"{re.escape(begin)}.*?{re.escape(end)}",
            lambda _: f"{begin}{first}\n\n{body}\n{end}",
            text,
            flags=re.DOTALL,
        )
    path.write_text(text)


def main():
    options = argparse.ArgumentParser(description="Plays Postern on real servers.")
    options.add_argument(
        "--readme", action="store_true", help="write the examples of README.md anew"
    )
    options.add_argument("chapters", nargs="*", metavar="|".join(CHAPTERS))
    args = options.parse_args()
    if set(args.chapters) - set(CHAPTERS):
        options.error(f"no such chapter: {' '.join(args.chapters)}")
    # ends like Ctrl-C does, so that the servers are taken down
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    screen = Screen()
    for name in args.chapters or CHAPTERS:
        CHAPTERS[name](screen)
    screen.say()
    took = time.monotonic() - began
    screen.say(f"Done in {took:.0f} seconds. Everything that was started has ended.")
    if args.readme:
        readme_write(screen.examples)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except TROUBLE as trouble:
        sys.exit(f"demo: {trouble}")
