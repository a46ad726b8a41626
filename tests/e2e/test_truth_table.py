# SPDX-License-Identifier: BSD-2-Clause
"""The truth table of dnslists: the real Exim and posternd on the same names, in the same run.

Exim's own test 0139 has rows of answers and conditions. Here every condition meets every set of answers:
Exim says in an SMTP session what it makes of each, posternd in `postern ask`. With compat = exim both must
agree everywhere. Without it they may differ where an answer is none that a block list gives, and nowhere
else: there nobody is listed, and the log says why.
"""

import re

import pytest

from parts.eximpair import PLAIN, Net
from parts.inbound import Daemon, Dns

CLIENT = "203.0.113.9"

ANSWERS = {
    "nx": (),
    "one-two": ("127.0.0.1", "127.0.0.2"),
    "one": ("127.0.0.1",),
    "two": ("127.0.0.2",),
    "three": ("127.0.0.3",),
    "six": ("127.0.0.6",),
    "seven": ("127.0.0.7",),
    "zeros": ("0.0.0.0",),
    "below": ("126.255.255.255",),
    "above": ("128.0.0.0",),
    "ones": ("255.255.255.255",),
    "ones-twice": ("255.255.255.255", "255.255.255.254"),
    "ones-and-127": ("255.255.255.255", "127.0.0.0"),
    "refusal": ("127.255.255.254",),
}
STRANGE = {"zeros": "0.0.0.0", "below": "126.255.255.255", "above": "128.0.0.0",
           "ones": "255.255.255.255", "ones-twice": "255.255.255.25",
           "ones-and-127": "255.255.255.255"}

CONDITIONS = (
    "", "=127.0.0.1", "=127.0.0.3", "=127.0.0.128", "=127.0.0.1,127.0.0.3",
    "!=127.0.0.1", "!=127.0.0.3",
    "==127.0.0.1", "==127.0.0.1,127.0.0.2", "!==127.0.0.1", "!==127.0.0.3",
    "!==127.0.0.1,127.0.0.2",
    "&0.0.0.6", "&127.0.0.3", "!&0.0.0.7", "=&0.0.0.2", "!=&0.0.0.2", "!&0.255.255.0",
)

# What stands in Exim's stderr/0139: so that this test does not only compare two that may both be wrong.
KNOWN = {
    "nx": {condition: False for condition in CONDITIONS},
    "one-two": {"": True, "=127.0.0.1": True, "!=127.0.0.1": False, "!=127.0.0.3": True,
                "==127.0.0.1": False, "==127.0.0.1,127.0.0.2": True, "!==127.0.0.1": True,
                "!==127.0.0.3": True, "!==127.0.0.1,127.0.0.2": False},
    "two": {"=127.0.0.3": False, "!=127.0.0.3": True},
    "three": {"=127.0.0.3": True, "!=127.0.0.3": False},
    "six": {"&0.0.0.6": True, "&127.0.0.3": False, "!&0.0.0.7": True, "=127.0.0.128": False},
    "seven": {"&0.0.0.6": True, "&127.0.0.3": True, "!&0.0.0.7": False},
    "ones-and-127": {"": True, "=127.0.0.1": False, "!=127.0.0.1": True},
    # a bare list takes a refusal for an entry; the condition of the specification does not
    "refusal": {"": True, "!&0.255.255.0": False},
}
for _name in ("zeros", "below", "above", "ones", "ones-twice"):
    KNOWN[_name] = {"": False, "=127.0.0.1": False, "==127.0.0.1": False, "!=127.0.0.1": True,
                    "!==127.0.0.1": True}


def zone(answers):
    # not below "test": that is answered by resolvers themselves (RFC 6761)
    return f"{answers}.lists.example"


def item(answers, condition):
    return zone(answers) + condition


def exim_conf():
    """Exim's plain configuration, with one statement for each row."""
    rows = "".join(
        f"  deny local_parts = {answers}.{i}\n"
        f"       message = listed $dnslist_value\n"
        f"       dnslists = <; {item(answers, condition)}\n"
        for answers in ANSWERS for i, condition in enumerate(CONDITIONS)
    )
    conf = PLAIN % {"host": "mx.here.test", "address": "192.0.2.25"}
    return conf.replace("acl_check_rcpt:\n", f"acl_check_rcpt:\n{rows}  accept\n\n", 1)


def addresses(answers):
    name = ".".join(reversed(CLIENT.split(".")))
    return [f"{name}.{zone(answers)}. A {address}" for address in ANSWERS[answers]]


class Parts:
    """The names, the Exim, and what it said to each row."""

    def __init__(self, net, dns):
        self.net, self.dns = net, dns
        self.exim = net.exim("light", layout="plain", conf=exim_conf()).start()
        self.said = {}
        with net.smtp(self.exim, CLIENT).hello() as smtp:
            for answers in ANSWERS:
                for i, condition in enumerate(CONDITIONS):
                    reply = smtp.rcpt(f"{answers}.{i}@here.test")
                    assert reply.startswith(("250", "550 listed")), reply
                    self.said[answers, condition] = reply.startswith("550")

    def settings(self, answers, exim):
        sections = "".join(
            f'  zone "c{i}" {{ list = "{item(answers, condition)}" }}\n'
            for i, condition in enumerate(CONDITIONS)
        )
        return (f"{self.dns.settings()}dnsbl {{\n  compat = {'exim' if exim else 'safe'}\n"
                f"  timeout = \"10s\"\n{sections}}}\n")

    def posternd(self, daemon, answers, exim):
        """What posternd makes of each condition, all of them asked at once."""
        daemon.reload(self.settings(answers, exim))
        asked = daemon.json("ask", "--client", CLIENT)
        words = next(one for one in asked["checks"] if one["check"] == "dnsbl")["words"] or ""
        listed = {int(number) for number in re.findall(r"(?:^|; )c(\d+) [^;]* 1\.00", words)}
        assert "gave no" not in words and "not waited" not in words and "rests" not in words, words
        return {condition: i in listed for i, condition in enumerate(CONDITIONS)}, words


@pytest.fixture(scope="module")
def parts():
    with Net() as net, Dns(net, port=53) as dns:
        # a list that is well has its test entry, and not the other one (RFC 5782)
        dns.add(*(record for answers in ANSWERS
                  for record in (*addresses(answers), f"2.0.0.127.{zone(answers)}. A 127.0.0.2")))
        yield Parts(net, dns)


@pytest.fixture(scope="module")
def daemon(parts):
    with Daemon(parts.net, parts.settings("nx", True)) as made:
        yield made


@pytest.mark.parametrize("answers", ANSWERS)
def test_exim_says_what_its_own_test_says(parts, answers):
    for condition, expected in KNOWN.get(answers, {}).items():
        assert parts.said[answers, condition] == expected, (answers, condition)


@pytest.mark.parametrize("answers", ANSWERS)
def test_compatible_mode_agrees(parts, daemon, answers):
    said, words = parts.posternd(daemon, answers, exim=True)
    exim = {condition: parts.said[answers, condition] for condition in CONDITIONS}
    assert said == exim, words


@pytest.mark.parametrize("answers", [one for one in ANSWERS if one not in STRANGE and one != "refusal"])
def test_safe_mode_agrees_where_lists_are_lists(parts, daemon, answers):
    said, words = parts.posternd(daemon, answers, exim=False)
    exim = {condition: parts.said[answers, condition] for condition in CONDITIONS}
    assert said == exim, words


@pytest.mark.parametrize("answers, reason, code", [
    *((name, "strange", code) for name, code in STRANGE.items()),
    ("refusal", "refuses", "127.255.255.254"),
])
def test_safe_mode_lists_nobody_for_what_is_no_answer(parts, daemon, answers, reason, code):
    said, words = parts.posternd(daemon, answers, exim=False)
    assert not any(said.values()), words
    line = daemon.logged("dnsbl-zone", "zone=c0", f"reason={reason}", f"code={code}")
    assert "state=resting" in line
    # the names of sections stand for the zone: c0 is the first that asks it
    assert any(one["state"] == "resting" for one in daemon.json("status")["lists"])
