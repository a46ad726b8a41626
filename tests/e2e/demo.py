#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The demo: plays every story on a real Exim, Apache and PHP, and shows what `postern trace` says
of each.

All of it happens in a temporary folder and in namespaces of its own. When it ends, also by Ctrl-C,
nothing is left running, nothing mounted, and the folder is gone.
"""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from parts import acts, complaint, stories  # noqa: E402
from parts.world import TOP, World, WorldError  # noqa: E402

POSTERN = pathlib.Path(os.environ.get("POSTERN", TOP / "build" / "postern"))
BOLD, PLAIN = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")


def say(text=""):
    print(text, flush=True)


def heading(number, title):
    say()
    say(f"{BOLD}{number}. {title}{PLAIN}")


def show(world, *args):
    """Runs postern in the world as its administrator would, and prints the command and its output.
    """
    say(f"   # {shlex.join(['postern', *args])}")
    done = subprocess.run(
        world.admin(["/mnt/postern", *args], cwd="/root/complaints"),
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    for line in done.stdout.splitlines():
        say("     " + line)
    if done.returncode not in (0, 1, 4):
        raise WorldError(f"postern ended with {done.returncode}")


def keep(world, name, form, message):
    """Puts a complaint where the administrator keeps them. Returns its name."""
    (world.path / "complaints" / name).write_bytes(form(message))
    return name


def play_stories(world):
    """One story after the other, each as another kind of complaint where that makes a difference.
    """
    forms = (
        complaint.arf,
        complaint.quoted,
        complaint.forwarded,
        complaint.arf_microsoft,
        complaint.dsn,
    )
    plays = [
        play
        for play in stories.ALL
        if play not in (stories.script_spaces, stories.script_completed, stories.cron_args)
    ]
    stories.burst(world)
    for number, play in enumerate(plays, 1):
        story = play(world)
        form = forms[number % len(forms)]
        heading(number, story.title)
        say(f"   {story.told}")
        name = f"{play.__name__}.eml"
        show(world, "trace", keep(world, name, form, story.message))
    return len(plays)


def play_same_second(world, number):
    heading(number, "Two scripts of one user in the same second")
    say("   A page in phpBB and one in the gallery, both run by nobody, send twelve mails at once.")
    say("   The id of each names the process that took it; with pids in the log that settles it.")
    found = stories.same_second(world)
    for ident, folder in (found[0], found[1]):
        say(f"   the truth: {folder}")
        show(world, "trace", "--no-run", ident)


def play_forged(world, number):
    story = stories.login(world, "Not me, look there")
    old = stories.id_in(stories.script_shared(world, "An older mail").message)
    heading(number, "A complaint with forged Received lines")
    say("   The sender wrote Received lines below the true ones; one names a real old id of ours.")
    report = keep(
        world, "forged.eml", complaint.raw, complaint.forge_older_hops(story.message, old)
    )
    show(world, "trace", report)


def play_rotation(world, number):
    story = stories.script_shared(world, "Two weeks ago")
    time.sleep(1.1)
    log = world.mainlog
    log.rename(log.with_name("mainlog.1"))
    subprocess.run(["gzip", str(log.with_name("mainlog.1"))], check=True)
    stories.login(world, "Today")
    report = keep(world, "late.eml", complaint.arf, story.message)
    heading(number, "The log was rotated and compressed before the complaint came")
    say("   The id says when the message came, and so which file to open.")
    show(world, "trace", "--no-run", report)
    log.with_name("mainlog.1.gz").unlink()
    heading(number + 1, "... and then removed")
    say("   The id is ours by its shape and its clock, but the logs do not reach back so far.")
    show(world, "trace", report)


def play_top(world, number):
    heading(number, "Who sends most?")
    say("   A page of phpBB sends to many, some of whom do not exist; then the ranking.")
    acts.visit(
        world,
        acts.mail_by_page(
            "forum.example.com",
            "/phpBB/profile.php",
            "One of many",
            to=",".join(f"{n}@foobar.com" for n in ("fred", "gone1", "gone2", "ann")),
        ),
    )
    world.received("ann@foobar.com", "One of many")
    show(world, "top", "--by", "script")
    show(world, "top", "--by", "login")


def main():
    # ends like Ctrl-C does, so that the world is taken down
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    say(
        "A server, barfoo.com, with Exim, Apache, PHP and cron, and the Internet around it, all on"
    )
    say(
        "this machine's loopback, in a private namespace. log_selector = +arguments +subject +pid "
        "+received_recipients"
    )
    with World("pids") as world:
        (world.path / "complaints").mkdir()
        shutil.copy(POSTERN, world.path / "postern")
        world.run(["mount", "-t", "tmpfs", "tmpfs", "/root"])
        world.run(["ln", "-s", "/mnt/complaints", "/root/complaints"])
        number = play_stories(world)
        play_same_second(world, number + 1)
        play_forged(world, number + 2)
        play_top(world, number + 3)
        play_rotation(world, number + 4)
    say()
    say(f"Done in {time.monotonic() - began:.0f} seconds. Everything that was started has ended.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (WorldError, OSError) as trouble:
        sys.exit(f"demo: {trouble}")
