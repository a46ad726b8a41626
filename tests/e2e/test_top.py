# SPDX-License-Identifier: BSD-2-Clause
"""`postern top` on the log of a server where every source has sent."""

import pytest
from conftest import FOUND, top, trace
from parts import acts, stories
from parts.world import OUTSIDER, SELECTORS, SERVER_IP, World

PHPBB, GALLERY = "/home/ClientX/public_html/phpBB", "/home/ClientX/public_html/gallery"


@pytest.fixture(scope="module", params=list(SELECTORS))
def busy(request):
    with World(request.param) as world:
        for number in range(3):
            acts.visit(
                world,
                acts.mail_by_page(
                    "forum.example.com",
                    "/phpBB/profile.php",
                    f"Top {number}",
                    to="gone@foobar.com,ann@freemail.example,later@foobar.com",
                ),
            )
        acts.visit(
            world, acts.mail_by_page("forum.example.com", "/gallery/upload.php", "Top gallery")
        )
        for client in ("203.0.113.77", "203.0.113.67"):
            acts.login_and_send(world, f"Top login {client}", client=client)
        acts.sendmail(
            world,
            'a" A=fixed_plain:eve@barfoo.com U=root P=local S=1 T="b',
            user="ClientY",
            cwd="/home/ClientY",
        )
        for name in ("nosuch1", "nosuch2", "nosuch2"):
            acts.swaks(
                world,
                "--server",
                SERVER_IP,
                "--local-interface",
                OUTSIDER,
                "--from",
                "x@far.example",
                "--helo",
                "mail.far.example",
                "--to",
                f"{name}@barfoo.com",
                check=False,
            )
        world.run(["/usr/sbin/exim4", "-bp"], cwd=PHPBB, user="nobody", check=False)
        stories.bounce(world, "Top bounce")
        acts.sendmail(world, "The last", user="ClientY", cwd="/home/ClientY")
        world.completed(world.arrival("The last"))
        yield world


def rows(world, *args):
    answer = top(*args, inside=world)
    assert answer.status == FOUND, answer
    return {row["key"]: row for row in answer.objects}


def test_by_script(busy):
    said = rows(busy, "--by", "script")
    assert list(said)[0] == PHPBB
    assert said[PHPBB]["messages"] == 9  # three requests, three mail() calls each
    assert said[GALLERY]["messages"] == 1
    assert "/var/spool/exim4" not in said, "the bounces of our own Exim are no script's"
    assert (said[PHPBB]["delivered"], said[PHPBB]["failed"], said[PHPBB]["deferred"]) == (3, 3, 3)


def test_by_login(busy):
    """Two messages from two clients; the subject that imitates a login is no login."""
    said = rows(busy, "--by", "login")
    assert list(said) == ["bob@barfoo.com"]
    assert (said["bob@barfoo.com"]["messages"], said["bob@barfoo.com"]["client_ips"]) == (2, 2)


def test_by_user(busy):
    said = rows(busy, "--by", "user")
    assert said["nobody"]["messages"] == 10
    assert said["ClientY"]["messages"] == 2
    assert "root" not in said


def test_by_sender(busy):
    said = rows(busy, "--by", "sender")
    assert said["bob@barfoo.com"]["messages"] == 2
    assert said["nobody@barfoo.com"]["messages"] == 10


def test_by_host(busy):
    said = rows(busy, "--by", "host")
    assert {"203.0.113.77", "203.0.113.67"} <= set(said)


def test_by_subject(busy):
    assert rows(busy, "--by", "subject")["Top 0"]["messages"] == 3


def test_by_recipient_domain(busy):
    said = rows(busy, "--by", "recipient-domain")
    assert {"foobar.com", "freemail.example"} <= set(said)
    assert (said["foobar.com"]["failed"], said["foobar.com"]["deferred"]) == (3, 3)


def test_rejected(busy):
    said = rows(busy, "--rejected")
    assert list(said)[0] == OUTSIDER


def test_limit_and_span(busy):
    assert [key for key in rows(busy, "--by", "script", "--limit", "1") if "own" not in key] == [
        PHPBB
    ]
    assert rows(busy, "--by", "script", "--since", "1h")[PHPBB]["messages"] == 9
    assert not top("--by", "script", "--until", "2020-01-01", inside=busy).objects


def test_each_by_agrees_on_the_total(busy):
    """Every arrival is one message for each key that covers all mail."""
    arrivals = sum(" <= " in line and "-E" not in line for line in busy.log_lines())
    assert (
        sum(row["messages"] for row in rows(busy, "--by", "sender", "--limit", "0").values())
        <= arrivals
    )


def test_for_people(busy):
    from conftest import postern

    answer = postern("top", "--by", "script", inside=busy)
    assert answer.status == FOUND
    assert PHPBB in answer.out


EVIL, SHOP = "/home/ClientY/public_html/evil", "/home/ClientX/public_html/shop"
ANSWERS = 5  # of hide()


def hide(world):
    """ClientY calls his mail answers to a message of ClientX, in every way that Exim has, and goes
    to other places before he sends. Returns an id of each of both, and of a true bounce."""
    world.mkdir("home/ClientX/public_html/shop", "ClientX")
    world.mkdir("home/ClientY/public_html/evil", "ClientY")
    acts.sendmail(world, "Order", user="ClientX", cwd=SHOP)
    order = world.arrival("Order")
    world.completed(order)
    session = "EHLO x\r\n" + "".join(
        "MAIL FROM:<>\r\nRCPT TO:<fred@foobar.com>\r\nDATA\r\n"
        f"Subject: Hidden {number}\r\n\r\nBuy!\r\n.\r\n"
        for number in (2, 3)
    )
    for options, cwd, subject in (
        (("-t", "-i", f"-E{order}", "-f", "<>"), EVIL, "Hidden 0"),
        (("-t", "-i", f"-E{order}", "-oMt", "Debian-exim"), EVIL, "Hidden 1"),
        ((f"-E{order}", "-bs"), EVIL, "Hidden 3"),
        (("-t", "-i", "-Enothing"), EVIL, "Hidden 4"),
        (("-t", "-i", f"-E{order}", "-f", "<>"), "/var/spool/exim4", "Hidden 5"),
        (("-t", "-i"), SHOP, "Hidden 6"),
        (("-t", "-i"), "/", "Hidden 7"),
    ):
        if "-bs" in options:
            world.run(
                ["/usr/sbin/sendmail", *options], cwd=cwd, user="ClientY", text=session + "QUIT\r\n"
            )
        else:
            acts.sendmail(world, subject, *options, user="ClientY", cwd=cwd)
        world.completed(world.arrival(subject))
    return order, world.arrival("Hidden 6"), stories.bounce(world, "A true bounce").ident


def test_nobody_hides_among_our_bounces(fresh):
    """What a customer calls an answer is his; where he stood does not make it his neighbour's."""
    order, stranger, bounce = hide(fresh)
    messages = {
        by: {key: row["messages"] for key, row in rows(fresh, *by).items()}
        for by in ((), ("--by", "script"), ("--by", "user"), ("--by", "sender"))
    }
    for said in messages.values():
        assert said["(own bounces)"] == 1, messages
    assert (messages[()][EVIL], messages[()]["ClientY"], messages[()][SHOP]) == (ANSWERS, 3, 1)
    places = messages[("--by", "script")]
    assert (places[EVIL], places[SHOP], places["/"]) == (ANSWERS, 2, 1), places
    assert places["/var/spool/exim4"] == 1
    assert messages[("--by", "user")]["ClientY"] == ANSWERS + 3
    assert messages[("--by", "sender")]["<>"] == 4
    assert trace(order, inside=fresh).one["run"]["messages"] == messages[()][SHOP]
    assert trace(bounce, inside=fresh).one["verdict"] == "bounce"
    said = trace(stranger, inside=fresh).one
    assert said["source"]["account"] == "ClientY", said
    assert said["run"]["messages"] == messages[("--by", "user")]["ClientY"], said
    for number in range(8):
        ident = fresh.arrival(f"Hidden {number}")
        said = trace(ident, inside=fresh).one
        assert said["verdict"] != "bounce" and said["source"]["account"] == "ClientY", said
