# SPDX-License-Identifier: BSD-2-Clause
"""Logs that were rotated, compressed, cut, moved or removed between the submission and the
complaint."""

import bz2
import gzip
import lzma
import subprocess
import time

import pytest
from conftest import FOUND, LOG_TROUBLE, NO_MATCH, top, trace
from parts import acts, complaint, stories
from parts.world import World

PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: subprocess.run(
        ["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True
    ).stdout,
}


def rotate(world, name, pack=bytes):
    """Moves the main log away under another name, packed, as logrotate does. Exim makes a new one.
    """
    old = world.mainlog.with_name("being-rotated")
    world.mainlog.rename(old)
    (world.mainlog.parent / name).write_bytes(pack(old.read_bytes()))
    old.unlink()


def later(world, subject):
    """Another message, in another second, so that the new log begins after the old one."""
    time.sleep(1.1)
    return stories.login(world, subject)


def test_rotated_and_compressed(fresh):
    """One message in each of four rotated files, each packed in another way, and one in the plain
    log."""
    played = []
    for number, (suffix, pack) in enumerate(PACK.items()):
        played.append(stories.script_shared(fresh, f"In the {suffix} file"))
        time.sleep(1.1)
        rotate(fresh, f"mainlog.{4 - number}.{suffix}", pack)
    played.append(stories.script_shared(fresh, "In the plain file"))
    for story in played:
        for answer in (
            trace("-", stdin=complaint.arf(story.message), inside=fresh),
            trace("--log", fresh.mainlog.parent, "--root", fresh.server, story.ident),
            trace("--log", f"{fresh.mainlog}*", "--root", fresh.server, story.ident),
        ):
            assert answer.status == FOUND, answer
            assert (answer.one["id"], answer.one["verdict"]) == (story.ident, "script")
            assert answer.one["source"]["cwd"] == story.source["cwd"]


def test_suffix_that_lies(fresh):
    """Compression is told by the first bytes, order by the times inside, never by the name."""
    first = stories.script_shared(fresh, "In a file called .1")
    time.sleep(1.1)
    rotate(fresh, "mainlog.1", gzip.compress)
    second = later(fresh, "In a file called .2.gz")
    rotate(fresh, "mainlog.2.gz", lzma.compress)
    later(fresh, "After it")
    for story in (first, second):
        assert trace(story.ident, inside=fresh).one["verdict"] == story.verdict


def test_removed(fresh):
    """The log that held the message is gone: the id is ours by its shape, and expired."""
    story = stories.script_shared(fresh, "Soon forgotten")
    fresh.mainlog.unlink()
    later(fresh, "Still known")
    answer = trace("-", stdin=complaint.arf(story.message), inside=fresh)
    assert answer.status == NO_MATCH, answer
    assert answer.one["verdict"] == "expired", answer


def test_rotated_between_arrival_and_delivery(fresh):
    """The arrival is in the rotated file, the delivery in the new one: one transaction."""
    acts.sendmail(
        fresh,
        "Over midnight",
        "-odq",
        "-t",
        "-i",
        user="ClientX",
        cwd="/home/ClientX/public_html/phpBB",
    )
    ident = fresh.arrival("Over midnight")
    rotate(fresh, "mainlog.1.gz", gzip.compress)
    fresh.run(["/usr/sbin/exim4", "-qff"])
    fresh.completed(ident)
    answer = trace(ident, inside=fresh)
    assert answer.status == FOUND, answer
    assert [d["outcome"] for d in answer.one["deliveries"]] == ["delivered"]
    assert answer.one["source"]["cwd"] == "/home/ClientX/public_html/phpBB"


def test_gzip_cut_in_the_middle(fresh):
    """What can be read is used, the rest is said, and the status tells."""
    story = stories.script_shared(fresh, "Before the cut")
    acts.visit(
        fresh,
        acts.mail_by_page(
            "blog.example.net",
            "/wp-content/uploads/cache.php",
            "Filler",
            to=",".join(f"filler{number}@foobar.com" for number in range(20)),
        ),
    )
    fresh.received("filler19@foobar.com", "Filler")
    rotate(
        fresh, "mainlog.1.gz", lambda data: gzip.compress(data)[: -len(gzip.compress(data)) // 3]
    )
    later(fresh, "After the cut")
    answer = trace(story.ident, inside=fresh)
    assert answer.one["id"] == story.ident
    assert answer.one["verdict"] == "script"
    assert answer.status == LOG_TROUBLE, answer
    assert "mainlog.1.gz" in answer.err, answer
    assert top("--by", "login", inside=fresh).status == LOG_TROUBLE


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_log_in_local_time(zone):
    """The log has local time without a zone; postern is told the zone, or runs where it is the
    zone."""
    with World("pids", timezone=zone) as world:
        story = stories.script_shared(world, "Local time")
        for answer in (
            trace(
                "--timezone",
                zone,
                "--root",
                world.server,
                "--host",
                "barfoo.com",
                "-",
                stdin=complaint.arf(story.message),
            ),
            trace("--root", world.server, story.ident, env={"TZ": zone}),
        ):
            assert answer.status == FOUND, answer
            assert (answer.one["verdict"], answer.one["confidence"]) == ("script", "certain")
            assert answer.one["requests"][0]["path"] == "/phpBB/profile.php"


def test_log_from_standard_input(fixed):
    """zcat mainlog*.gz | postern trace --log - ID"""
    story = stories.script_shared(fixed, "Through a pipe")
    fixed.completed(story.ident)
    for pack in (bytes, gzip.compress):
        answer = trace("--log", "-", story.ident, stdin=pack(fixed.mainlog.read_bytes()))
        assert answer.status == FOUND, answer
        assert answer.one["source"]["cwd"] == story.source["cwd"]
