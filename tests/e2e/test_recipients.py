# SPDX-License-Identifier: BSD-2-Clause
"""The recipient tables against the real Exim: the same alias file, the same addresses, and for each
the reply that Exim gives at RCPT and what our tables say."""

import os
import pathlib
import re
import subprocess

import pytest
from parts.world import TOP

TOOL = pathlib.Path(
    os.environ.get("RECIPIENTS")
    or pathlib.Path(os.environ.get("POSTERN", TOP / "build" / "postern")).parent
    / "bench"
    / "recipients"
)

CONFIG = """
primary_hostname = mail.test.example
qualify_domain = test.example
domainlist local_domains = test.example
local_interfaces = 127.0.0.1
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
keep_environment =
allow_domain_literals = true
smtp_max_synprot_errors = 1000

begin acl

acl_rcpt:
  require verify = recipient
  accept

begin routers

far:
  driver = manualroute
  domains = ! +local_domains
  transport = away
  route_list = * 127.0.0.1
  self = pass
  no_more

aliases:
  driver = redirect
  allow_fail
  allow_defer
  %(forbid)s
  data = ${lookup{$local_part}lsearch{/etc/recipients/aliases}}
  file_transport = away
  pipe_transport = away
  directory_transport = away

users:
  driver = accept
  local_parts = lsearch;/etc/recipients/users
  transport = away

begin transports

away:
  driver = appendfile
  file = /dev/null
  user = mail
"""

USERS = ("joe", "ann", "root", "selfuser", "declined")

# key, value; each key is asked as key@test.example
ALIASES = (
    ("one", "joe"),
    ("upper", "JOE@Test.Example"),
    ("comma", "joe,"),
    ("many", "joe, ann"),
    ("many-bad", "joe, nobody"),
    ("dead", "nobody"),
    ("dead-qualified", "nobody@test.example"),
    ("far", "x@far.example"),
    ("far2", "x@far.example, nobody"),
    ("backslash", "\\joe"),
    ("backslash-far", "\\joe@far.example"),
    ("selfuser", "selfuser"),
    ("selfnone", "selfnone"),
    ("ring1", "ring2"),
    ("ring2", "ring1"),
    ("chain1", "chain2"),
    ("chain2", "chain3"),
    ("chain3", "joe"),
    ("to-fail", "fail-text"),
    ("to-hole", "hole"),
    ("comment-after", "joe # no comment"),
    ("comment-item", "joe, # a comment, really"),
    ("parens", "joe (comment, with a comma)"),
    ("phrase", '"Smith, Joe" <joe@test.example>'),
    ("phrase-open", "Joe <joe@test.example"),
    ("quoted", '"joe"'),
    ("quoted-local", '"joe"@test.example'),
    ("only-comment", "(nobody)"),
    ("two-words", "joe smith"),
    ("at-end", "joe@"),
    ("second-bad", "joe, ann smith"),
    ("route", "@a.example,@b.example:joe@far.example"),
    ("pipe", "|/bin/true"),
    ("pipe-quoted", '"|/bin/true with, comma"'),
    ("pipe-comma", "|/bin/true a, b c"),
    ("file", "/tmp/mailbox"),
    ("folder", "/tmp/maildir/"),
    ("null", "/dev/null"),
    ("null-joe", "/dev/null, joe"),
    ("null-dead", "/dev/null, nobody"),
    ("x400", "/X=x/Y=y/@far.example"),
    ("fail-text", ":fail: gone fishing, really"),
    ("fail-empty", ":fail:"),
    ("fail-tight", ":fail:tight"),
    ("fail-later", "joe, :fail: later in the list"),
    ("fail-quoted", '":fail: No Such User Here"'),
    ("fail-upper", ":FAIL: no"),
    ("user20", ":fail: No code"),
    ("user21", ":fail: 590 Main code"),
    ("user22", ":fail: 590 5.4.3 Main and extended code"),
    ("user23", ":fail: 490 4.5.6 Wrong code"),
    ("user24", ":fail: 590 5.4321.3 Too long"),
    ("user25", ":fail: 590"),
    ("user26", ":fail: 5901 years"),
    ("user27", ":fail: 551 User not local; please try <x@far.example>"),
    ("user30", ":defer: No code"),
    ("user31", ":defer: 490 Main code"),
    ("user32", ":defer: 490 4.4.3 Main and extended code"),
    ("user33", ":defer: 390 3.5.6 Wrong code"),
    ("defer-empty", ":defer:"),
    ("hole", ":blackhole:"),
    ("hole-later", "joe, :blackhole: , ann"),
    ("unknown", ":unknown:"),
    ("declined", ":unknown:"),
    ("unk", ":unk"),
    ("colon", ":"),
    ("unknown-more", ":unknown: joe"),
    ("unknown-comma", ":unknown:, joe"),
    ("empty-quotes", '""'),
    ("empty", ""),
    ("continued", "joe,\n   ann"),
    ("continued-fail", ":fail: first\n   second"),
    ("continued-comment", "joe,\n# comment\n   nobody"),
    ('"quoted key"', "joe"),
    ("include", ":include:/etc/recipients/included"),
    ("include-two", ":include:/etc/recipients/included, ann"),
    ("include-missing", ":include:/etc/recipients/missing"),
    ("include-relative", ":include:included"),
    ("include-nothing", ":include:"),
    ("twice", ":fail: the first"),
    ("twice", "joe"),
    ("TwiceCase", "joe"),
    ("spaces   ", "joe"),
)

# What only the syntax of an address decides.
ADDRESSES = (
    "joe@test.example",
    "JOE@TEST.EXAMPLE",
    '"joe"@test.example',
    '"j\\oe"@test.example',
    "nobody@test.example",
    "a..b@far.example",
    ".a@far.example",
    "a.@far.example",
    '"a b"@far.example',
    '"a@b"@far.example',
    "a\\ b@far.example",
    "a@[192.0.2.1]",
    "a@[ipv6:2001:db8::1]",
    "a b@far.example",
    "a@",
    "@far.example",
    "a@b@far.example",
    "a@-far.example",
    "a@far..example",
    "a@.example",
    "a@[192.0.2.1",
    "a,b@far.example",
    "a;b@far.example",
    "a:b@far.example",
    '"open@far.example',
    "a!b%c#d$e&f'g*h+i-j/k=l?m^n_o`p{q|r}s~@far.example",
)


# The routers by which Hestia's own exim4.conf verifies an address.
HESTIA_ROUTERS = """
aliases:
  driver = redirect
  data = ${extract{1}{:}{${lookup{$local_part@$domain}lsearch{HERE/aliases}}}}
  require_files = HERE/aliases
  redirect_router = far
  pipe_transport = away
  file_transport = away
  unseen

localuser:
  driver = accept
  transport = away
  condition = ${lookup{$local_part}lsearch{HERE/passwd}{true}{false}}

catchall:
  driver = redirect
  require_files = HERE/aliases
  data = ${extract{1}{:}{${lookup{*@$domain}lsearch{HERE/aliases}}}}
  file_transport = away
  redirect_router = far

terminate_alias:
  driver = accept
  transport = away
  condition = ${lookup{$local_part@$domain}lsearch{HERE/aliases}{true}{false}}
"""

HESTIA_FILES = {
    "a.example/passwd": "info:x:joe:mail::/home/joe\nboth:x:joe:mail::/home/joe\n",
    "a.example/aliases": "web@a.example:info@a.example\nfar@a.example:x@far.example\n"
    "dead@a.example:nobody@b.example\nodd@a.example::fail:\nboth@a.example:x@far.example\n"
    "*@a.example:info@a.example\n",
    "b.example/passwd": "info:x:joe:mail::/home/joe\n",
    "b.example/aliases": "*@b.example::fail:\n",
    "c.example/passwd": "info:x:joe:mail::/home/joe\n",
    "c.example/aliases": "*@c.example:nobody@b.example\n",
    "d.example/passwd": "",
    "d.example/aliases": "*@d.example:x@far.example\n",
    "e.example/passwd": "info:x:joe:mail::/home/joe\n",
}

HESTIA_ADDRESSES = (
    *(f"{local}@{name}.example" for name in "abcde" for local in ("info", "nobody", "web")),
    "far@a.example",
    "dead@a.example",
    "odd@a.example",
    "both@a.example",
    "INFO@A.example",
)


def replies(world, config, addresses):
    """Exim's reply to RCPT for each address: (code, text)."""
    world.write("etc/recipients/exim.conf", config)
    script = "HELO far.example\r\nMAIL FROM:<sender@far.example>\r\n"
    script += "".join(f"RCPT TO:<{a}>\r\n" for a in addresses) + "QUIT\r\n"
    done = world.run(
        ["/usr/sbin/exim4", "-C", "/etc/recipients/exim.conf", "-bh", "203.0.113.9"], text=script
    )
    lines = [line for line in done.stdout.splitlines() if re.match(r"[2-5]\d\d ", line)]
    assert len(lines) == len(addresses) + 4, done.stdout[-3000:]
    return [(int(line[:3]), line[4:]) for line in lines[3:-1]]


def answers(root, layout, addresses):
    """What the tables say of each: (state, code, extended code, text)."""
    done = subprocess.run(
        [TOOL, "ask", root, layout, *addresses],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == list(addresses)
    return [(state, int(code), status, text) for _, state, code, status, text in rows]


@pytest.fixture(scope="module")
def files(fixed, tmp_path_factory):
    """The same files for Exim, and below a root for the tables."""
    if not TOOL.exists():
        pytest.skip(f"no {TOOL}: build it")
    root = tmp_path_factory.mktemp("root")
    aliases = "".join(f"{key}: {value}\n" for key, value in ALIASES)
    included = "joe\n# nobody else\n"
    fixed.write("etc/recipients/aliases", aliases)
    fixed.write("etc/recipients/users", "".join(f"{user}\n" for user in USERS))
    fixed.write("etc/recipients/included", included)
    for folder in ("etc/exim4", "etc/recipients"):
        (root / folder).mkdir(parents=True)
    (root / "etc/aliases").write_text(aliases)
    (root / "etc/recipients/included").write_text(included)
    (root / "etc/passwd").write_text("".join(f"{user}:x:1:1::/:/bin/sh\n" for user in USERS))
    (root / "etc/exim4/update-exim4.conf.conf").write_text("dc_other_hostnames='test.example'\n")
    return fixed, root


def as_reply(answer, reply):
    """The reply that our answer comes to; texts that are Exim's own are taken from its reply."""
    state, code, status, text = answer
    own = reply[1]
    if state in ("valid", "catch-all", "blackhole", "foreign"):
        return (250, own)
    if state == "unknown":
        return (550, own)
    if state == "syntax":
        return (501, own)
    if state == "no-table":
        return (451, own)
    default = 550 if state == "fail" else 451
    return (code or default, " ".join(filter(None, (status, text))) or own)


def compare(said, found):
    """said: address and Exim's reply; found: what the tables say, in the same order."""
    differ = []
    for (address, (code, text)), answer in zip(said, found):
        reply = (code, text.rstrip('"'))  # the quote that ends a quoted item is no part of our text
        if as_reply(answer, reply) != reply:
            differ.append((address, reply, answer))
    assert not differ, "\n".join(map(str, differ))


def compare_debian(files, addresses):
    world, root = files
    said = zip(addresses, replies(world, CONFIG % {"forbid": ""}, addresses))
    compare(said, answers(root, "debian", addresses))


def test_aliases(files):
    """Every alias, in one SMTP session."""
    keys = dict.fromkeys(key.strip() for key, _ in ALIASES)
    compare_debian(files, [f"{key}@test.example" for key in keys])


def test_addresses(files):
    compare_debian(files, ADDRESSES)


def test_forbidden_codes(files):
    """forbid_smtp_code: Exim's replies are those that test_aliases.c has in its table."""
    world, _ = files
    addresses = [f"user2{n}@test.example" for n in range(4)]
    assert replies(world, CONFIG % {"forbid": "forbid_smtp_code"}, addresses) == [
        (550, "No code"),
        (550, "Main code"),
        (550, "Main and extended code"),
        (550, "Wrong code"),
    ]


def test_hestia(files, tmp_path):
    world, _ = files
    for name, text in HESTIA_FILES.items():
        world.write(f"etc/recipients/domains/{name}", text)
        (tmp_path / "etc/exim4/domains" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "etc/exim4/domains" / name).write_text(text)
    head, _, rest = CONFIG.partition("aliases:\n")
    head = head.replace("local_domains = test.example", "local_domains = dsearch;DOMAINS")
    config = "DOMAINS = /etc/recipients/domains\n"
    config += "HERE = DOMAINS/${lookup{$domain}dsearch{DOMAINS}}\n" + head + HESTIA_ROUTERS
    config += "begin transports\n" + rest.partition("begin transports\n")[2]
    said = zip(HESTIA_ADDRESSES, replies(world, config, HESTIA_ADDRESSES))
    compare(said, answers(tmp_path, "hestia", HESTIA_ADDRESSES))
