# SPDX-License-Identifier: BSD-2-Clause
"""Every way in which mail leaves a server, on real parts: trace names the source, with the proof.
"""

import json

import pytest
from conftest import AMBIGUOUS, FOUND, top, trace
from parts import complaint, stories
from parts.world import EVERYTHING, World


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


def test_every_selector():
    """log_selector = +all, the log's clock in another zone and with that zone, localhost_number and
    8-bit subjects: every story is told as before."""
    options = {
        "log_timezone": "true",
        "timezone": "America/New_York",
        "localhost_number": "7",
        "print_topbitchars": "true",
    }
    with World(EVERYTHING, **options) as made:
        for play in stories.ALL:
            story = play(made)
            check(story, trace(story.ident, inside=made), made)
            check(story, trace("-", stdin=complaint.arf(story.message), inside=made), made)


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


# A directory whose name goes on, behind a line end, as an arrival of somebody else and as a cwd line
# of the same process in the folder of another customer. The first part of the name may look like a
# whole line, too; and all of it may be longer than a path may be, if one goes there step by step.
FORGER = """
import os, sys, time
pids, first, subject, steps = sys.argv[1:]
stamp = "\\n" + time.strftime("%Y-%m-%d %H:%M:%S") + (" [%d]" % os.getpid() if pids else "")
name = first + int(steps) * ("/" + 200 * "y") + (int(steps) > 0) * "/"
if " args:" not in first:
    name += stamp + " 1xVRGa-0005Ti-00 <= victim@barfoo.com H=(x) [203.0.113.7] P=esmtpa"
    name += " A=fixed_plain:victim@barfoo.com S=1"
name += stamp + " cwd=/home/ClientX/public_html/phpBB"
os.chdir("/home/ClientY")
for part in name.split("/"):
    os.makedirs(part, exist_ok=True)
    os.chdir(part)
end, begin = os.pipe()
os.write(begin, ("To: fred@foobar.com\\nSubject: " + subject + "\\n\\nBuy!\\n").encode())
os.close(begin)
os.dup2(end, 0)
os.execv("/usr/sbin/sendmail", ["/usr/sbin/sendmail", "-t", "-i"])
"""


@pytest.mark.parametrize(
    "name, steps, known",
    [("a", 0, True), ("c", 25, True), ("b 2 args: /usr/sbin/sendmail -bp", 0, False)],
    ids=["open", "deep", "whole"],
)
def test_directory_that_writes_log_lines(world, name, steps, known):
    """Exim does not escape the directory, so its owner can write lines into the log. They must not
    name his neighbour: never with certainty, and not at all where anything tells."""
    subject = f"Blame {name[:1]}"
    pids = "pids" if world.variant == "pids" else ""
    forge = ["/usr/bin/python3", "-c", FORGER, pids, name, subject, steps]
    world.run([str(word) for word in forge], user="ClientY", cwd="/home")
    ident = world.arrival(subject)
    forged = [line for line in world.log_lines() if "cwd=/home/ClientX/public_html/phpBB" in line]
    assert any("-t -i" in line for line in forged), forged
    said = trace(ident, inside=world).one
    logins = top("--by", "login", inside=world).objects
    assert "victim@barfoo.com" not in [row["key"] for row in logins]
    if known or pids:
        assert said["source"]["account"] == "ClientY", said
        assert said["source"]["cwd"].startswith(f"/home/ClientY/{name}"), said
        assert said["source"]["cwd"].endswith("/phpBB"), said
        assert said["run"]["messages"] >= 1, said
        scripts = top("--by", "script", inside=world).objects
        mine = [row for row in scripts if row["key"].startswith(f"/home/ClientY/{name}")]
        assert [row["messages"] for row in mine] == [1], scripts
    else:
        assert said["confidence"] != "certain", said


def test_bounce_and_parent_both_ways(world):
    """The parent's report names the bounce, as the bounce's names its parent."""
    story = stories.bounce(world, "Both ways")
    parent = story.mentions[0]
    said = trace(parent, inside=world).one
    assert said["verdict"] == "inbound", said
    assert story.ident in json.dumps(said)
