# SPDX-License-Identifier: BSD-2-Clause
"""Spool files as input: what waits in the queue can be traced before anybody complains, even
without a log."""

import pytest
from conftest import FOUND, trace
from parts import acts
from parts.world import SELECTORS, World


@pytest.fixture(params=list(SELECTORS))
def queue(request):
    """A server that queues; two messages of two sources wait."""
    with World(request.param, queue_only="true") as world:
        acts.visit(world, acts.mail_by_page("forum.example.com", "/phpBB/profile.php", "Waits"))
        acts.login_and_send(world, "Waits too")
        yield world, world.arrival("Waits"), world.arrival("Waits too")


def test_header_file(queue):
    world, ident, _ = queue
    answer = trace(world.spool / "input" / f"{ident}-H", "--root", world.server)
    assert answer.status == FOUND, answer
    said = answer.one
    assert (said["id"], said["verdict"]) == (ident, "script")
    assert said["source"]["cwd"] == "/home/ClientX/public_html/phpBB"
    assert said["subject"] == "Waits"


def test_queue_folder(queue):
    world, script, login = queue
    answer = trace(world.spool / "input", "--root", world.server)
    assert {said["id"]: said["verdict"] for said in answer.objects} == {
        script: "script",
        login: "login",
    }


def test_split_queue_folder(queue):
    """With split_spool_directory the files are one folder further down."""
    world, script, login = queue
    for ident in (script, login):
        folder = world.spool / "input" / ident[5]
        folder.mkdir(exist_ok=True)
        for kind in "HD":
            (world.spool / "input" / f"{ident}-{kind}").rename(folder / f"{ident}-{kind}")
    answer = trace(world.spool / "input", "--root", world.server)
    assert {said["id"] for said in answer.objects} == {script, login}


def test_without_a_log(queue, tmp_path):
    """The spool alone names the user and the mailbox."""
    world, script, login = queue
    (tmp_path / "mainlog").write_text("2020-01-01 00:00:00 Start queue run: pid=1\n")
    by_id = {
        said["id"]: said
        for ident in (script, login)
        for said in trace(
            "--log", tmp_path / "mainlog", world.spool / "input" / f"{ident}-H"
        ).objects
    }
    assert by_id[login]["verdict"] == "login"
    assert by_id[login]["source"]["login"] == "bob@barfoo.com"
    assert by_id[login]["source"]["client_ip"] == "203.0.113.77"
    assert by_id[script]["source"]["user"] == "nobody"
