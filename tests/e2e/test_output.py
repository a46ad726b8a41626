# SPDX-License-Identifier: BSD-2-Clause
"""Searches, and the forms of output: for people, raw, redacted, explained."""

import pytest
from conftest import FOUND, NO_MATCH, postern, trace
from parts import stories


@pytest.fixture(scope="module")
def story(fixed):
    stories.login(fixed, "Some other mail")
    return stories.script_shared(fixed, "Unmistakable")


def test_report_for_people(fixed, story):
    answer = postern("trace", story.ident, inside=fixed)
    assert answer.status == FOUND, answer
    for text in (
        story.ident,
        "web script (certain)",
        "/home/ClientX/public_html/phpBB",
        "nobody",
        "forum.example.com",
        "POST /phpBB/profile.php",
        "203.0.113.66",
        "fred@foobar.com",
    ):
        assert text in answer.out, f"no {text} in\n{answer}"


def test_raw(fixed, story):
    answer = postern("trace", "--raw", story.ident, inside=fixed)
    log = [line.rstrip("\n") for line in fixed.log_lines()]
    lines = answer.out.splitlines()
    assert lines and all(line in log for line in lines), answer
    assert [line for line in log if story.ident in line and "-Mc" not in line] == [
        line for line in lines if story.ident in line and "-Mc" not in line
    ]
    assert any("cwd=/home/ClientX/public_html/phpBB " in line for line in lines), answer


def test_redact(fixed, story):
    for form in ([], ["--json"], ["--raw"], ["--explain"]):
        answer = postern("trace", "--redact", *form, story.ident, inside=fixed)
        assert answer.status == FOUND
        assert "fred" not in answer.out, answer
        assert "/home/ClientX/public_html/phpBB" in answer.out


def test_explain(fixed, story):
    answer = postern("trace", "--explain", story.ident, inside=fixed)
    assert answer.status == FOUND
    assert "mainlog" in answer.out + answer.err


@pytest.mark.parametrize(
    "search",
    [
        ["--subject", "Unmistakable"],
        ["--from", "nobody@barfoo.com", "--subject", "Unmistakable"],
        ["--to", "fred@foobar.com", "--subject", "Unmistakable", "--since", "1h"],
        ["--to", "fred@foobar.com", "--subject", "Unmistakable", "--since", "today"],
    ],
    ids=lambda args: " ".join(args[::2]),
)
def test_search(fixed, story, search):
    answer = trace(*search, inside=fixed)
    assert answer.status == FOUND, answer
    assert [said["id"] for said in answer.objects] == [story.ident]


def test_search_by_client(fixed, story):
    answer = trace("--ip", "203.0.113.77", inside=fixed)
    assert answer.status == FOUND, answer
    assert {said["verdict"] for said in answer.objects} == {"login"}


def test_search_that_finds_nothing(fixed, story):
    for search in (
        ["--subject", "Nobody sent this"],
        ["--subject", "Unmistakable", "--until", "2020-01-01"],
    ):
        answer = trace(*search, inside=fixed)
        assert answer.status == NO_MATCH, answer
        assert answer.err.strip(), "nothing was found and nobody says so"
