# SPDX-License-Identifier: BSD-2-Clause
"""Chapter "outbound": every story on a real Exim, Apache and PHP, and what `postern trace` says of
each."""

import shutil
import subprocess
import time

from parts import acts, complaint, stories
from parts.inbound import POSTERN
from parts.world import World

from .screen import DemoError

LEFT_OUT = (stories.script_spaces, stories.script_completed, stories.cron_args)
# each story comes as another kind of complaint
FORMS = (
    complaint.arf,
    complaint.quoted,
    complaint.forwarded,
    complaint.arf_microsoft,
    complaint.dsn,
)
EXAMPLE = (
    "a page of a forum was taken over, PHP runs as `nobody`, and the complaint quotes the spam in "
    "the text of a mail."
)


def play(screen):
    screen.chapter(
        "Outbound: from a complaint to its source",
        "A server, barfoo.com, with Exim, Apache, PHP and cron, and the Internet around it, all on",
        "this machine's loopback, in a private namespace.",
        "log_selector = +arguments +subject +pid +received_recipients",
    )
    with World("pids") as world:
        Outbound(screen, world).play()


class Outbound:
    """The server, and who looks at it."""

    def __init__(self, screen, world):
        self.screen, self.world = screen, world
        (world.path / "complaints").mkdir()
        shutil.copy(POSTERN, world.path / "postern")
        world.run(["mount", "-t", "tmpfs", "tmpfs", "/root"])
        world.run(["ln", "-s", "/mnt/complaints", "/root/complaints"])

    def play(self):
        self.stories()
        self.same_second()
        self.forged()
        self.top()
        self.rotation()

    def show(self, *args):
        """Runs postern in the world as its administrator would, and prints the command and its
        output."""
        self.screen.command("postern", *args)
        done = subprocess.run(
            self.world.admin(["/mnt/postern", *args], cwd="/root/complaints"),
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.screen.output(done.stdout)
        if done.returncode not in (0, 1, 4):
            raise DemoError(f"postern ended with {done.returncode}")

    def keep(self, name, form, message):
        """Puts a complaint where the administrator keeps them. Returns its name."""
        (self.world.path / "complaints" / name).write_bytes(form(message))
        return name

    def stories(self):
        """One story after the other."""
        plays = [story for story in stories.ALL if story not in LEFT_OUT]
        stories.burst(self.world)
        for number, tell in enumerate(plays, 1):
            story = tell(self.world)
            form = FORMS[number % len(FORMS)]
            self.screen.heading(story.title, story.told)
            name = self.keep(f"{tell.__name__}.eml", form, story.message)
            if tell is stories.script_shared:
                with self.screen.example("example", EXAMPLE):
                    self.show("trace", name)
            else:
                self.show("trace", name)

    def same_second(self):
        self.screen.heading(
            "Two scripts of one user in the same second",
            "A page in phpBB and one in the gallery, both run by nobody, send twelve mails at once.",
            "The id of each names the process that took it; with pids in the log that settles it.",
        )
        found = stories.same_second(self.world)
        for ident, folder in (found[0], found[1]):
            self.screen.say(f"   the truth: {folder}")
            self.show("trace", "--no-run", ident)

    def forged(self):
        story = stories.login(self.world, "Not me, look there")
        old = stories.id_in(stories.script_shared(self.world, "An older mail").message)
        self.screen.heading(
            "A complaint with forged Received lines",
            "The sender wrote Received lines below the true ones; one names a real old id of ours.",
        )
        forged = complaint.forge_older_hops(story.message, old)
        self.show("trace", self.keep("forged.eml", complaint.raw, forged))

    def top(self):
        self.screen.heading(
            "Who sends most?",
            "A page of phpBB sends to many, some of whom do not exist; then the ranking.",
        )
        acts.visit(
            self.world,
            acts.mail_by_page(
                "forum.example.com",
                "/phpBB/profile.php",
                "One of many",
                to=",".join(f"{n}@foobar.com" for n in ("fred", "gone1", "gone2", "ann")),
            ),
        )
        self.world.received("ann@foobar.com", "One of many")
        self.show("top", "--by", "script")
        self.show("top", "--by", "login")

    def rotation(self):
        story = stories.script_shared(self.world, "Two weeks ago")
        time.sleep(1.1)
        log = self.world.mainlog
        log.rename(log.with_name("mainlog.1"))
        subprocess.run(["gzip", str(log.with_name("mainlog.1"))], check=True)
        stories.login(self.world, "Today")
        report = self.keep("late.eml", complaint.arf, story.message)
        self.screen.heading(
            "The log was rotated and compressed before the complaint came",
            "The id says when the message came, and so which file to open.",
        )
        self.show("trace", "--no-run", report)
        log.with_name("mainlog.1.gz").unlink()
        self.screen.heading(
            "... and then removed",
            "The id is ours by its shape and its clock, but the logs do not reach back so far.",
        )
        self.show("trace", report)
