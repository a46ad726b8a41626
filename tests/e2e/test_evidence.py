# SPDX-License-Identifier: BSD-2-Clause
"""From the directory to the site, its access log and the request, on the layouts of the panels."""

import json
import shutil

import pytest
from conftest import FOUND, trace
from parts import acts, stories
from parts.world import WEB_CLIENT, WEB_VISITOR

USERDATA = """---
documentroot: /home/ClientX/public_html
homedir: /home/ClientX
servername: forum.example.com
serveralias: www.forum.example.com
user: ClientX
customlog:
  -
    format: combined
    target: /usr/local/apache/domlogs/forum.example.com
"""


def put(text_or_path, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text_or_path, str):
        target.write_text(text_or_path)
    else:
        shutil.copy(text_or_path, target)


def access_log(world, site):
    return world.server / f"var/log/apache2/{site}-access.log"


def as_cpanel(world, root):
    put(world.mainlog, root / "var/log/exim_mainlog")
    put(USERDATA, root / "var/cpanel/userdata/ClientX/forum.example.com")
    put("main_domain: forum.example.com\n", root / "var/cpanel/userdata/ClientX/main")
    put("forum.example.com: ClientX\n", root / "etc/userdomains")
    put("forum.example.com: ClientX\n", root / "etc/trueuserdomains")
    put(access_log(world, "forum.example.com"), root / "usr/local/apache/domlogs/forum.example.com")
    return stories.script_shared, "forum.example.com", "ClientX"


def as_directadmin(world, root):
    put(world.mainlog, root / "var/log/exim/mainlog")
    put("da.example.com\n", root / "usr/local/directadmin/data/users/ClientX/domains.list")
    put("da.example.com: ClientX\n", root / "etc/virtual/domainowners")
    put(access_log(world, "da.example.com"), root / "var/log/httpd/domains/da.example.com.log")


def as_hestia(world, root):
    put(world.mainlog, root / "var/log/exim4/mainlog")
    (root / "usr/local/hestia/data/users/ClientY").mkdir(parents=True)
    (root / "home/ClientY/web/hestia.example.com/public_html").mkdir(parents=True)
    put(
        access_log(world, "hestia.example.com"),
        root / "var/log/apache2/domains/hestia.example.com.log",
    )


PANELS = {
    "cpanel": (as_cpanel, "forum.example.com", "/phpBB/profile.php", "ClientX"),
    "directadmin": (as_directadmin, "da.example.com", "/form.php", "ClientX"),
    "hestia": (as_hestia, "hestia.example.com", "/form.php", "ClientY"),
}


@pytest.mark.parametrize("panel", PANELS)
def test_copied_panel(world, panel, tmp_path):
    """Logs and panel files of a server, copied to another machine, are enough."""
    lay_out, site, path, account = PANELS[panel]
    subject = f"On {panel}"
    acts.visit(world, acts.mail_by_page(site, path, subject))
    ident = world.arrival(subject)
    world.completed(ident)
    lay_out(world, tmp_path)
    answer = trace("--root", tmp_path, ident)
    assert answer.status == FOUND, answer
    assert answer.one["verdict"] == "script"
    assert (answer.one["source"]["site"], answer.one["source"]["account"]) == (
        site,
        account,
    ), answer
    request = answer.one["requests"][0]
    assert (request["method"], request["path"], request["client_ip"]) == ("POST", path, WEB_CLIENT)


def test_docroot_option(world, tmp_path):
    """Any log of any web server, told by hand."""
    story = stories.script_shared(world, "By hand")
    put(access_log(world, "forum.example.com"), tmp_path / "elsewhere.log")
    answer = trace(
        "--log",
        world.mainlog,
        "--docroot",
        f"/home/ClientX/public_html={tmp_path / 'elsewhere.log'}",
        story.ident,
    )
    assert answer.status == FOUND, answer
    assert answer.one["requests"][0]["path"] == "/phpBB/profile.php", answer


def test_run_of_a_script(fresh):
    """All that one source sent, and the request that explains it, among other visitors of the same
    site."""
    subjects = [f"Offer {n}" for n in range(6)]
    to = [
        "fred@foobar.com",
        "ann@freemail.example",
        "gone@foobar.com",
        "later@foobar.com",
        "eve@foobar.com",
        "tim@freemail.example",
    ]
    for subject, address in zip(subjects, to):
        acts.visit(
            fresh, acts.request("forum.example.com", "/phpBB/viewtopic.php", client=WEB_VISITOR)
        )
        acts.visit(
            fresh, acts.mail_by_page("forum.example.com", "/phpBB/profile.php", subject, to=address)
        )
    stories.login(fresh, "Not of the run")
    said = trace(fresh.arrival(subjects[0]), inside=fresh).one
    run = said["run"]
    assert (run["messages"], run["recipients"], run["subjects"]) == (6, 6, 6), said
    assert (run["delivered"], run["failed"], run["deferred"]) == (4, 1, 1), said
    request = said["requests"][0]
    assert (request["path"], request["client_ip"]) == ("/phpBB/profile.php", WEB_CLIENT), said
    assert request["messages"] == 6
    assert trace("--no-run", said["id"], inside=fresh).one["run"] is None


def test_script_headers_and_php_log(fresh):
    """PHP's own log gives the full path and line; the header of the complaint agrees but could be
    forged."""
    story = stories.script_shared(fresh, "Full path")
    assert b"X-PHP-Originating-Script: 61001:profile.php" in story.message
    answer = trace("--root", fresh.server, "--host", "barfoo.com", "-", stdin=story.message)
    said = answer.one
    assert said["source"]["script"] == "/home/ClientX/public_html/phpBB/profile.php", answer
    by_text = {w["says"] + w["text"]: w["trust"] for w in said["witnesses"]}
    assert any("profile.php" in text and trust == "ours" for text, trust in by_text.items()), answer
    assert all(
        trust == "forgeable"
        for text, trust in by_text.items()
        if "Originating-Script" in text and "php-mail" not in text
    ), answer


def test_forged_script_header(world):
    """A script header on a message that came by login accuses nobody."""
    acts.login_and_send(
        world,
        "Blame another",
        "fred@foobar.com",
        "bob@barfoo.com",
        "203.0.113.77",
        "PLAIN",
        "--add-header",
        "X-PHP-Originating-Script: 61002:innocent.php",
        "--add-header",
        "X-PHP-Script: blog.example.net/innocent.php for 203.0.113.1",
    )
    message = world.received("fred@foobar.com", "Blame another")
    said = trace("-", stdin=message, inside=world).one
    assert said["verdict"] == "login"
    assert said["source"]["script"] is None
    assert said["source"]["login"] == "bob@barfoo.com"
    assert "innocent" not in json.dumps(said["source"])
