# SPDX-License-Identifier: BSD-2-Clause
"""Every way in which mail leaves a server, on real parts: trace names the source, with the proof.
"""

import json

import pytest
from conftest import AMBIGUOUS, FOUND, trace
from parts import complaint, stories


def check(story, answer, world):
    """The answer names the source of the story and nothing else."""
    assert answer.status == FOUND, answer
    said = answer.one
    assert said["id"] == story.ident
    assert said["verdict"] == story.verdict, answer
    sure = story.sure and world.variant == "pids"
    assert said["confidence"] in (("certain",) if sure else ("certain", "likely")), answer
    assert {key: said["source"][key] for key in story.source} == story.source, answer
    if story.request:
        check_request(said["requests"][0], story.request)
    for text in story.mentions:
        assert text in json.dumps(said), f"{text} is nowhere in {answer}"
    assert any(story.ident in line and " <= " in line for line in said["lines"]), answer


def check_request(said, truth):
    method, path, client = truth
    assert (said["method"], said["client_ip"]) == (method, client), said
    assert path is None or said["path"] == path, said


@pytest.mark.parametrize("play", stories.ALL, ids=lambda play: play.__name__)
def test_story(world, play, tmp_path):
    story = play(world)
    report = tmp_path / "complaint.eml"
    report.write_bytes(complaint.arf(story.message))
    check(story, trace("-", stdin=report.read_bytes(), inside=world), world)
    check(story, trace("--root", world.server, "--host", "barfoo.com", report), world)


def test_deliveries(world):
    story = stories.script_shared(world, "Deliveries")
    said = trace(story.ident, inside=world).one
    assert said["sender"] == "nobody@barfoo.com"
    assert said["subject"] == "Deliveries"
    assert said["size"] > 100
    (delivery,) = said["deliveries"]
    assert (delivery["address"], delivery["outcome"]) == ("fred@foobar.com", "delivered")
    assert (delivery["router"], delivery["transport"]) == ("lookuphost", "remote_smtp")
    assert (delivery["host"], delivery["ip"]) == ("foobar.com", "198.51.100.25")


def test_two_scripts_in_one_second(world):
    """Certain with pids; without them it may be ambiguous, but is never wrong."""
    for ident, folder in stories.same_second(world):
        answer = trace(ident, inside=world)
        said = answer.one
        assert said["verdict"] == "script", answer
        if world.variant == "pids":
            assert (answer.status, said["confidence"]) == (FOUND, "certain"), answer
        if said["confidence"] == "ambiguous":
            assert answer.status == AMBIGUOUS, answer
            assert folder in {candidate["cwd"] for candidate in said["candidates"]}, answer
        else:
            assert answer.status == FOUND
            assert said["source"]["cwd"] == folder, answer
            assert (said["source"]["script"] or folder).startswith(folder), answer


def test_bounce_and_parent_both_ways(world):
    """The parent's report names the bounce, as the bounce's names its parent."""
    story = stories.bounce(world, "Both ways")
    parent = story.mentions[0]
    said = trace(parent, inside=world).one
    assert said["verdict"] == "inbound", said
    assert story.ident in json.dumps(said)
