# SPDX-License-Identifier: BSD-2-Clause
"""csource - just enough of C to check our own: comments and strings blanked, functions found

The checks in this folder need to know where code is, not what it means. So this is no parser: it
counts brackets in text whose comments, strings and preprocessor lines have been turned into blanks
of the same length, which keeps every offset and line number true. It relies on our layout (a block
opens with " {", a compound literal with "){") and on nothing outside of Python's standard library.
"""
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent

# A comment, a string or a character constant: whichever begins first wins.
LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:\\\n|[^\n])*', re.M)


def tracked(*suffixes, under=()):
    """Paths (relative to the top) of the project's files: what git has or would take."""
    listing = subprocess.run(['git', '-c', f'safe.directory={TOP}', 'ls-files', '-z', '--cached',
                              '--others', '--exclude-standard', *under],
                             cwd=TOP, capture_output=True, check=True).stdout
    paths = (Path(p) for p in listing.decode().split('\0') if p)
    return sorted(p for p in paths
                  if (not suffixes or p.suffix in suffixes) and (TOP / p).is_file())


def c_files(*under):
    return [Source(p) for p in tracked('.c', '.h', under=under)]


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def closing(code, at):
    """Offset of the bracket that closes the one at `at`, or the end of the text."""
    pairs = {'{': '}', '(': ')'}
    opens, closes, depth = code[at], pairs[code[at]], 0
    for i in range(at, len(code)):
        depth += (code[i] == opens) - (code[i] == closes)
        if depth == 0:
            return i
    return len(code)


class Function:
    """One function definition: where it stands and what can be counted of it."""

    def __init__(self, source, start, name, parens, body):
        self.name = name
        self.line = source.line_at(start)
        self.params = self._params(source.code[parens[0] + 1:parens[1]])
        self.lines = source.line_at(body[1]) - self.line + 1
        self.nesting = 0
        self._walk(source, *body)

    @staticmethod
    def _params(text):
        while (inner := re.sub(r'\([^()]*\)', '', text)) != text:  # parameters of callbacks
            text = inner
        names = [p.strip() for p in text.split(',')]
        return len([p for p in names if p not in ('', 'void', '...')])

    def _walk(self, source, begin, end):
        """Depth of blocks; the lines of tables inside the function do not count."""
        depth, i = 0, begin + 1
        while i < end:
            char = source.code[i]
            if char == '{' and source.is_initialiser(i):
                close = closing(source.code, i)
                self.lines -= source.line_at(close) - source.line_at(i)
                i = close
            elif char in '{}':
                depth += 1 if char == '{' else -1
                self.nesting = max(self.nesting, depth)
            i += 1


class Source:
    """One C file."""

    def __init__(self, path):
        self.path = path
        self.text = (TOP / path).read_text(encoding='utf-8', errors='replace')
        self.lines = self.text.split('\n')
        self.code = DIRECTIVE.sub(blank, LITERAL.sub(blank, self.text))
        self._ends = [m.start() for m in re.finditer('\n', self.text)]

    def line_at(self, offset):
        low, high = 0, len(self._ends)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._ends[middle] < offset else (low, middle)
        return low + 1

    def is_initialiser(self, at):
        before = self.code[:at].rstrip()
        return self.code[at - 1] == ')' or before.endswith(('=', ',', '(', '{', '['))

    def functions(self):
        """Every function definition: a block at the outermost level right behind `)`."""
        start, i = 0, 0
        while i < len(self.code):
            char = self.code[i]
            if char == ';':
                start = i + 1
            elif char == '{':
                end = closing(self.code, i)
                head = self.code[start:i]
                if not self.is_initialiser(i) and head.rstrip().endswith(')'):
                    yield from self._function(start, head, i, end)
                if self.code[end + 1:].lstrip()[:1] not in (';', ',', '='):
                    start = end + 1
                i = end
            i += 1

    def _function(self, start, head, begin, end):
        name = re.search(r'(\w+)\s*\(', head)
        if name is None:
            return
        start += len(head) - len(head.lstrip())
        opens = begin - len(head) + name.end() - 1
        yield Function(self, start, name.group(1), (opens, closing(self.code, opens)),
                       (begin, end))


def finish(name, problems, counted):
    """Print what was found, one `file:line: message` each, and leave with the right status."""
    for problem in problems:
        print(problem)
    if problems:
        print(f'{name}: {len(problems)} problem{"s" * (len(problems) != 1)} in {counted}')
    else:
        print(f'{name}: {counted}, all well')
    sys.exit(1 if problems else 0)
