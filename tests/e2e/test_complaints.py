# SPDX-License-Identifier: BSD-2-Clause
"""Complaints in every wrapping lead to the same message, and forged ones lead nowhere."""

import re

import pytest
from conftest import FOUND, NO_MATCH, trace
from parts import complaint, stories


@pytest.fixture(scope="session")
def story(world):
    return stories.script_shared(world, "For every wrapping")


@pytest.mark.parametrize("form", complaint.FORMS, ids=lambda form: form.__name__)
def test_form(world, story, form, tmp_path):
    report = tmp_path / "report"
    report.write_bytes(form(story.message))
    answer = trace("--root", world.server, "--host", "barfoo.com", report)
    assert answer.status == FOUND, answer
    # an mbox holds another message too, which gets an answer of its own
    (said,) = [said for said in answer.objects if said["verdict"] != "not-ours"]
    assert (said["id"], said["verdict"]) == (story.ident, "script")
    assert len(answer.objects) == (2 if form is complaint.mbox else 1), answer


def test_several_at_once(world, story, tmp_path):
    other = stories.login(world, "The second of two")
    reports = []
    for number, (form, one) in enumerate(((complaint.arf, story), (complaint.quoted, other))):
        reports.append(tmp_path / f"{number}.eml")
        reports[-1].write_bytes(form(one.message))
    answer = trace("--root", world.server, "--host", "barfoo.com", *reports, story.ident)
    assert answer.status == FOUND
    assert [said["id"] for said in answer.objects][:2] == [story.ident, other.ident]
    assert {said["verdict"] for said in answer.objects} == {"script", "login"}


def test_forged_hops_with_a_real_old_id(world, story):
    """A true spam of ours whose lower Received lines, made by the sender, name an old message of
    ours."""
    spam = stories.login(world, "Forged hops")
    answer = trace("-", stdin=complaint.forge_older_hops(spam.message, story.ident), inside=world)
    assert answer.status == FOUND, answer
    assert answer.objects[0]["id"] == spam.ident
    assert answer.objects[0]["verdict"] == "login"
    assert story.ident not in [said["id"] for said in answer.objects if said["verdict"] == "script"]


def test_not_ours_with_a_forged_line(world, story):
    """Spam from elsewhere that claims an id of ours: the clock of its line is not the clock of the
    id."""
    elsewhere = (
        b"Received: from [203.0.113.200] by foobar.com with esmtp id 1aaaaa-000000-00;\n"
        b"\tFri, 01 Jan 2027 03:04:06 +0000\n"
        b"From: bob@barfoo.com\nTo: fred@foobar.com\nSubject: not from you\n\nBuy\n"
    )
    answer = trace("-", stdin=complaint.forge_older_hops(elsewhere, story.ident), inside=world)
    assert answer.status == NO_MATCH, answer
    assert answer.one["verdict"] == "not-ours"
    assert any(w["trust"] == "forgeable" for w in answer.one["witnesses"]), answer


def test_replayed_line_is_never_certain(world, story):
    """The whole Received line of an old message of ours, its true clock included, under spam from
    elsewhere."""
    line = story.message.split(b"Received:")[2].split(b"\nTo:")[0]
    spam = (
        b"Received: from [203.0.113.200] (helo=elsewhere.example) by foobar.com with esmtp\n"
        b"\tid 1aaaaa-000000-00 for ann@foobar.com; Fri, 01 Jan 2027 03:04:06 +0000\n"
        b"Received:" + line + b"\nFrom: eve@far.example\nTo: ann@foobar.com\nSubject: another\n"
        b"Message-ID: <1@far.example>\n\nBuy\n"
    )
    answer = trace("-", stdin=spam, inside=world)
    assert answer.status != FOUND or answer.one["confidence"] != "certain", answer


def test_host_from_outside(world):
    """A message that never passed our Exim has nothing to find."""
    answer = trace(
        "-",
        stdin=b"Received: from a.example by b.example with ESMTP id 77;\n"
        b"\tMon, 23 Nov 2026 10:00:00 +0000\nSubject: x\n\nx\n",
        inside=world,
    )
    assert answer.status == NO_MATCH, answer


@pytest.mark.parametrize(
    "play", [stories.script_shared, stories.login], ids=lambda play: play.__name__
)
def test_received_lines_were_cut_off(world, play):
    """The reporter sent no Received line, but the Message-ID is one that we gave, or that our log
    has."""
    story = play(world, f"Cut off, {play.__name__}")
    head, body = story.message.split(b"\n\n", 1)
    head = re.sub(
        rb"(?m)^(Received|Return-path|Envelope-to|Delivery-date):.*\n(?:[ \t].*\n)*",
        b"",
        head + b"\n",
    )
    assert b"Message-Id:" in head and b"Received:" not in head
    answer = trace("-", stdin=head + b"\n" + body, inside=world)
    assert answer.status == FOUND, answer
    assert (answer.one["id"], answer.one["verdict"]) == (story.ident, story.verdict)
