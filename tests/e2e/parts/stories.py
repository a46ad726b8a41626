# SPDX-License-Identifier: BSD-2-Clause
"""The stories: each makes one message leave (or enter) the server in its own way, and knows the
truth about it.

The end-to-end tests play them and compare what `postern trace` says with the truth; the demo plays
them and prints it. A story returns when its message has arrived where the complaint about it would
come from.
"""

import dataclasses
import pathlib
import re

from . import acts
from .acts import FRED
from .world import MAIL_CLIENT, OUTSIDER, RELAY_CLIENT, WEB_CLIENT, WEB_VISITOR


@dataclasses.dataclass
class Story:
    """What was played, and the truth that trace has to find."""

    title: str
    told: str  # what happened, in one sentence
    ident: str  # the id on our server
    message: bytes  # as its recipient got it
    verdict: str
    source: dict = dataclasses.field(default_factory=dict)
    request: tuple = None  # (method, path, client address)
    sure: bool = True  # False: the log alone cannot make it certain
    mentions: tuple = ()  # text that the report must have somewhere: a parent's id, a candidate


def _script(world, title, told, page, subject, *, source, request):
    """A page sends one mail to fred@foobar.com while somebody else reads another page of the site.
    """
    site, path = page
    acts.visit(
        world, acts.request(site, path.rsplit("/", 1)[0] + "/", client=WEB_VISITOR), check=False
    )
    acts.visit(world, acts.mail_by_page(site, path, subject))
    return Story(
        title,
        told,
        world.arrival(subject),
        world.received(FRED, subject),
        "script",
        source,
        request,
    )


def script_shared(world, subject="Buy Me!"):
    return _script(
        world,
        "A web script, run by the shared user of the web server",
        f"{WEB_CLIENT} posts to a hacked phpBB page of ClientX; PHP runs as nobody and mails "
        "fred@foobar.com, who complains.",
        ("forum.example.com", "/phpBB/profile.php"),
        subject,
        source={
            "user": "nobody",
            "account": "ClientX",
            "cwd": "/home/ClientX/public_html/phpBB",
            "script": "/home/ClientX/public_html/phpBB/profile.php",
            "site": "forum.example.com",
        },
        request=("POST", "/phpBB/profile.php", WEB_CLIENT),
    )


def burst(world):
    """What goes before the mail that somebody complains about: one page sends to many, others read
    the site."""
    to = (
        "ann@freemail.example",
        "tim@freemail.example",
        "gone@foobar.com",
        "eve@foobar.com",
        "later@foobar.com",
    )
    for number, address in enumerate(to * 2):
        acts.visit(
            world,
            acts.request("forum.example.com", "/phpBB/viewtopic.php", client=WEB_VISITOR),
            acts.mail_by_page(
                "forum.example.com", "/phpBB/profile.php", f"Offer {number % 3}", to=address
            ),
        )


def script_fpm(world, subject="Cheap watches"):
    return _script(
        world,
        "A web script, run as the account's own user by php-fpm",
        f"{WEB_CLIENT} posts to a file that was uploaded to ClientY's blog; PHP runs as ClientY.",
        ("blog.example.net", "/wp-content/uploads/cache.php"),
        subject,
        source={
            "user": "ClientY",
            "account": "ClientY",
            "cwd": "/home/ClientY/public_html/wp-content/uploads",
            "script": "/home/ClientY/public_html/wp-content/uploads/cache.php",
            "site": "blog.example.net",
        },
        request=("POST", "/wp-content/uploads/cache.php", WEB_CLIENT),
    )


def script_suexec(world, subject="Cheap pills"):
    return _script(
        world,
        "A web script, run as the account's own user under suexec",
        f"{WEB_CLIENT} posts to the contact form of ClientX's shop; php-cgi runs as ClientX.",
        ("shop.example.net", "/contact/send.php"),
        subject,
        source={
            "user": "ClientX",
            "account": "ClientX",
            "cwd": "/home/ClientX/shop/contact",
            "script": "/home/ClientX/shop/contact/send.php",
            "site": "shop.example.net",
        },
        request=("POST", "/contact/send.php", WEB_CLIENT),
    )


def script_spaces(world, subject="Odd folder"):
    return _script(
        world,
        "A folder that imitates the log",
        'The script is in a folder called "my shop 3 args: x".',
        ("blog.example.net", "/my shop 3 args: x/order.php"),
        subject,
        source={"user": "ClientY", "cwd": "/home/ClientY/public_html/my shop 3 args: x"},
        request=("POST", None, WEB_CLIENT),
    )


def script_completed(world, subject="Order Completed"):
    story = script_shared(world, subject)
    story.title, story.told = (
        "A subject that imitates the log",
        'The subject holds the word "Completed".',
    )
    return story


def login(world, subject="Invoice overdue"):
    acts.login_and_send(world, subject)
    return Story(
        "A stolen mailbox",
        f"Somebody at {MAIL_CLIENT} logs in to bob@barfoo.com with Bob's password and sends.",
        world.arrival(subject),
        world.received(FRED, subject),
        "login",
        {"login": "bob@barfoo.com", "authenticator": "fixed_plain", "client_ip": MAIL_CLIENT},
    )


def webmail(world, subject="Sent from webmail"):
    acts.webmail_send(world, subject)
    return Story(
        "A stolen mailbox, through our own webmail",
        "Somebody logs in to carol@barfoo.com in Roundcube, which hands the mail to "
        "127.0.0.1 with her password.",
        world.arrival(subject),
        world.received(FRED, subject),
        "webmail",
        {"login": "carol@barfoo.com"},
        sure=False,
    )


def localhost_smtp(world, subject="From a plugin"):
    acts.localhost_send(world, subject)
    return Story(
        "SMTP on the server itself, without a password",
        "A program on the server speaks SMTP to 127.0.0.1 and logs in to nothing.",
        world.arrival(subject),
        world.received(FRED, subject),
        "localhost-smtp",
        {"client_ip": "127.0.0.1"},
        sure=False,
    )


def cron(world, subject="Cron <ClientX@barfoo> echo spam from a job"):
    acts.cron_job(world, "ClientX", "echo spam from a job")
    return Story(
        "A job of cron",
        "A crontab of ClientX runs a job; cron mails what it prints to fred@foobar.com.",
        world.arrival(subject),
        world.received(FRED, "spam from a job"),
        "cron",
        {"user": "ClientX"},
    )


def cron_args(world, subject="Nightly report"):
    acts.sendmail(
        world,
        subject,
        "-FCronDaemon",
        "-i",
        "-odi",
        "-oem",
        "-oi",
        "-t",
        "-f",
        "ClientY",
        user="ClientY",
        cwd="/home/ClientY",
    )
    return Story(
        "A job of another cron",
        "The same with the arguments of the cron of other systems.",
        world.arrival(subject),
        world.received(FRED, subject),
        "cron",
        {"user": "ClientY", "cwd": "/home/ClientY"},
    )


def relay(world, subject="Fax 17 pages"):
    acts.relay_send(world, subject)
    return Story(
        "A host that we relay for",
        f"{RELAY_CLIENT} may relay through us without a password, and does.",
        world.arrival(subject),
        world.received(FRED, subject),
        "relay",
        {"client_ip": RELAY_CLIENT},
    )


def forward(world, subject="You have won"):
    acts.outsider_send(world, subject, "sales@barfoo.com")
    return Story(
        "An alias that forwards out",
        f"{OUTSIDER} sends spam to sales@barfoo.com; the alias forwards it, and we are blamed.",
        world.arrival(subject),
        world.received("sales.barfoo@freemail.example", subject),
        "forward",
        {"client_ip": OUTSIDER},
        mentions=("sales@barfoo.com",),
    )


def mailing_list(world, subject="News of the week"):
    acts.outsider_send(world, subject, "news@barfoo.com")
    message = world.received(FRED, subject)
    return Story(
        "A mailing list",
        "A stranger writes to a list here; the list manager sends it on to the members.",
        id_in(message),
        message,
        "list",
        {"user": "list"},
    )


def bounce(world, subject="Nobody asked for this"):
    acts.outsider_send(world, subject, "closed@barfoo.com", "victim@foobar.com")
    parent = world.arrival(subject)
    return Story(
        "A bounce to a forged sender",
        "A stranger writes to a closed mailbox in the name of victim@foobar.com, "
        "who gets our bounce.",
        world.child_of(parent),
        world.received("victim@foobar.com", subject),
        "bounce",
        {},
        mentions=(parent, OUTSIDER),
    )


def autoreply(world, subject="Are you there"):
    acts.outsider_send(world, subject, "alice@barfoo.com", "curious@foobar.com")
    parent = world.arrival(subject)
    return Story(
        "An automatic reply",
        "A stranger writes to Alice, who is away, in the name of curious@foobar.com, "
        "who gets her reply.",
        world.child_of(parent),
        world.received("curious@foobar.com", "Away: " + subject),
        "autoreply",
        {},
        mentions=(parent,),
    )


def inbound(world, subject="To a mailbox here"):
    acts.outsider_send(world, subject, "carol@barfoo.com")
    ident = world.arrival(subject)
    world.completed(ident)
    return Story(
        "Nothing left the server",
        "A stranger's spam came in for carol@barfoo.com, who complains to us.",
        ident,
        local_message(world, "carol", subject),
        "inbound",
        {"client_ip": OUTSIDER},
    )


def local_message(world, mailbox, containing):
    """The message with this text in a mailbox of the server."""
    folder = world.server / "home/ClientX/mail/barfoo.com" / mailbox / "new"

    def find():
        for name in sorted(folder.glob("*")):
            data = pathlib.Path(name).read_bytes()
            if containing.encode() in data:
                return data
        return None

    return world.until(find, f"'{containing}' in {mailbox}'s mailbox")


def same_second(world, count=6):
    """Two scripts that both run as nobody send at once. Returns [(id, folder that it came from)].
    """
    pages = (
        ("/phpBB/profile.php", "/home/ClientX/public_html/phpBB"),
        ("/gallery/upload.php", "/home/ClientX/public_html/gallery"),
    )
    plays = [
        (f"At once {n} {path[1:4]}", path, folder) for n in range(count) for path, folder in pages
    ]
    acts.visit(
        world,
        *[acts.mail_by_page("forum.example.com", path, subject) for subject, path, _ in plays],
    )
    return [(world.arrival(subject), folder) for subject, _, folder in plays]


def id_in(message, host="barfoo.com"):
    """The id in the first Received line of a message that this host wrote."""
    return re.search(rf"by {re.escape(host)} .*?\bid ([\w-]+)".encode(), message, re.S)[1].decode()


ALL = (
    script_shared,
    script_fpm,
    script_suexec,
    script_spaces,
    script_completed,
    login,
    webmail,
    localhost_smtp,
    cron,
    cron_args,
    relay,
    forward,
    mailing_list,
    bounce,
    autoreply,
    inbound,
)
