# SPDX-License-Identifier: BSD-2-Clause
"""What the demo prints: headings, commands as an administrator types them, what they say.

All of it goes to standard output line by line. What is printed inside of example() is kept as well:
README.md shows it word for word.
"""

import contextlib
import shlex
import sys
import textwrap

BOLD, PLAIN = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")


class DemoError(Exception):
    """Something that the demo shows did not happen. The text says what."""


class Screen:
    """Prints, and remembers the examples."""

    def __init__(self):
        self.examples = {}  # name -> (introduction, [line, ...])
        self.number = 0
        self._kept = None

    def say(self, text=""):
        print(text, flush=True)
        if self._kept is not None:
            self._kept.append(text)

    def chapter(self, title, *lines):
        self.number = 0
        self.say()
        self.say(f"{BOLD}=== {title}{PLAIN}")
        self.say()
        for line in lines:
            self.say(line)

    def heading(self, title, *lines):
        self.number += 1
        self.say()
        self.say(f"{BOLD}{self.number}. {title}{PLAIN}")
        for line in lines:
            self.say("   " + line)

    def command(self, *words):
        """A command, as root types it."""
        self.say(f"   # {words[0] if len(words) == 1 else shlex.join(map(str, words))}")

    def output(self, text, limit=None):
        """What a command said; of more than limit lines only the first, and how many there are."""
        lines = textwrap.dedent(text).splitlines()
        shown = lines if limit is None or len(lines) <= limit else lines[:limit]
        for line in shown:
            self.say(("     " + line).rstrip())
        if len(shown) < len(lines):
            self.say(f"     ... {len(lines) - len(shown)} more lines")

    @contextlib.contextmanager
    def example(self, name, introduction):
        """What is printed inside belongs between the marks of this name in README.md."""
        self._kept = []
        yield
        self.examples[name] = (introduction, self._kept)
        self._kept = None
