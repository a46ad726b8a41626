# SPDX-License-Identifier: BSD-2-Clause
"""Chapter "inbound": a real Exim as Debian configures it, the kit put in by `postern setup`,
posternd as it runs in life, rbldnsd as the block list. Then clients come, good ones and others.

Each step that shows a reply also insists on it: a demo in which nothing is refused must fail.
"""

import contextlib
import shutil

from parts.eximpair import Net
from parts.inbound import POSTERN, POSTERND, Dns, until

from .screen import DemoError

SERVER = "barfoo.com"
GOOD, LISTED, RELAY = "198.51.100.25", "203.0.113.66", "203.0.113.5"
LIAR, FORGER, ATTACKER = "203.0.113.70", "203.0.113.80", "203.0.113.120"
LIST = "bl.example.net"
NAMES = "adam anna bert carl dave emma fred gary harry iris jack kate liam mary".split()

SETTINGS = """daemon {
    log = "/var/log/postern/posternd.log"
    pid_file = "/run/postern.pid"
}
host {
    contact = "https://barfoo.com/refused"
}
dnsbl {
    zone "bl.example.net" {
        list = "bl.example.net"
    }
}
"""
EXAMPLE = (
    "a stranger tries out names at `barfoo.com`, an Exim as Debian configures it, with the kit. "
    "`>` is the client, `<` is Exim; its answers to EHLO and MAIL are left out."
)


def play(screen):
    screen.chapter(
        "Inbound: spam is refused at RCPT, inside Exim",
        f"A server, {SERVER}, with Debian's exim4-daemon-light as it is installed, and a block list,",
        "served by rbldnsd; all on this machine's loopback, in a private namespace. In the sessions,",
        "> is what the client says and < what Exim answers; its 250 to EHLO and MAIL is left out.",
    )
    with Net() as net, Dns(net) as dns:
        dns.list(LIST, LISTED, text="https://bl.example.net/$")
        dns.host("mx.foobar.com", GOOD)
        dns.add("foobar.com. MX 10 mx.foobar.com.")
        Inbound(screen, net, dns).play()


class Inbound:
    """The server and its administrator's terminal."""

    def __init__(self, screen, net, dns):
        self.screen, self.net = screen, net
        self.exim = net.exim("light", layout="debian", host=SERVER)
        self.etc, self.var = self.exim.etc, self.exim.var
        self._configure(dns)
        self._install()
        self.exim.run(["exim4", "-bd"])
        until(self.wake, "Exim", words=self.exim.log)

    def _configure(self, dns):
        conf = self.etc / "exim4/update-exim4.conf.conf"
        conf.write_text(conf.read_text().replace("here.test", SERVER))
        for name, line in (("passwd", "postern:x:61030:61030::/:/usr/sbin/nologin\n"),
                           ("group", "postern:x:61030:\n")):
            kept = [text for text in (self.etc / name).read_text().splitlines(keepends=True)
                    if not text.startswith("postern:")]
            (self.etc / name).write_text("".join(kept) + line)
        (self.etc / "postern").mkdir()
        (self.etc / "postern/postern.conf").write_text(SETTINGS + dns.settings())
        (self.var / "log/postern").mkdir()
        shutil.chown(self.var / "log/postern", 61030, 61030)
        self.before = self.exim_files()

    def _install(self):
        for program in (POSTERN, POSTERND):
            shutil.copy(program, self.var / program.name)
            self.exim.run(["install", f"/var/{program.name}", f"/usr/sbin/{program.name}"])
        self.exim.run(["install", "-d", "-o", "Debian-exim", "/run/exim4"])
        self.exim.run(["update-exim4.conf"])

    def play(self):
        self.start_daemon()
        self.set_up()
        self.good_mail()
        self.listed_host()
        self.helo_lies()
        self.forged_sender()
        self.dictionary_attack()
        self.logs()
        self.questions()
        self.without_daemon()
        self.undo()

    # --- the terminal ----------------------------------------------------------------------------

    def show(self, *argv, status=0, filter=str, limit=None):
        """Runs a command on the server, prints it and what it said."""
        self.screen.command(*argv)
        done = self.exim.run(argv, check=False)
        self.screen.output(filter(done.stdout), limit)
        if done.returncode != status:
            raise DemoError(f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}")

    def shell(self, line):
        self.screen.command(line)
        self.screen.output(self.exim.run(["/bin/sh", "-c", line]).stdout)

    def session(self, source):
        return Session(self.screen, self.net, self.exim, source)

    def daemon_log(self):
        return (self.var / "log/postern/posternd.log").read_text(errors="backslashreplace")

    def exim_files(self):
        """Every file of Exim's configuration, with its bytes."""
        return {
            str(path.relative_to(self.etc)): path.read_bytes()
            for path in sorted((self.etc / "exim4").rglob("*")) if path.is_file()
        }

    # --- the steps -------------------------------------------------------------------------------

    def start_daemon(self):
        self.screen.heading(
            "The daemon",
            "All other settings are defaults. (Only here, a section dns sends all questions to this",
            "loopback.)",
        )
        self.screen.command("cat /etc/postern/postern.conf")
        self.screen.output(SETTINGS)
        self.show("posternd", "--check")
        self.show("posternd")
        until(lambda: "started " in self.daemon_log(), "posternd", words=self.daemon_log)
        self.shell("grep started /var/log/postern/posternd.log")

    def set_up(self):
        self.screen.heading(
            "Exim is told to ask it",
            "First what would change; the files of the kit are left out here. Then it is written, and",
            "tested on Exim itself.",
        )
        self.show("postern", "setup", "exim", filter=diff_shorten)
        self.show("postern", "setup", "exim", "--apply")
        self.reload()

    def reload(self):
        started = self.exim.log().count("daemon started")
        self.shell("kill -HUP $(cat /run/exim4/exim.pid)    # systemctl reload exim4")
        # a signal just before Exim waits for clients is seen with the next client
        until(lambda: self.exim.log().count("daemon started") > started or self.wake(),
              "the reload of Exim", words=self.exim.log)
        until(self.wake, "Exim", words=self.exim.log)

    def wake(self):
        """A session of a host that Exim relays for. True if Exim took it."""
        with contextlib.suppress(OSError, AssertionError), self.net.smtp(self.exim, RELAY) as smtp:
            return smtp.say("QUIT").startswith("221")
        return False

    def good_mail(self):
        self.screen.heading("Good mail")
        with self.session(GOOD) as smtp:
            smtp.hello("mx.foobar.com", "fred@foobar.com")
            smtp.rcpt("alice@barfoo.com", "250")
            smtp.data("Subject: lunch?\r\n\r\nAt noon.")
            smtp.say("QUIT", "221")
        self.exim.mail("alice", "Subject: lunch?")

    def listed_host(self):
        self.screen.heading(
            "A listed host", f"{LISTED} is on {LIST}. It still reaches postmaster, to complain.",
        )
        with self.session(LISTED) as smtp:
            smtp.hello("mail.example.com", "offers@foobar.com")
            smtp.rcpt("alice@barfoo.com", "550")
            smtp.rcpt("postmaster@barfoo.com", "250")

    def helo_lies(self):
        self.screen.heading(
            "HELO lies", "The server's own address, its own name; then a name without a dot.",
        )
        for helo in ("192.0.2.25", "barfoo.com", "localhost"):
            with self.session(LIAR) as smtp:
                smtp.hello(helo, "fred@foobar.com")
                smtp.rcpt("alice@barfoo.com", "550")

    def forged_sender(self):
        self.screen.heading("A forged sender", "No such domain: nobody could answer to this mail.")
        with self.session(FORGER) as smtp:
            smtp.hello("mail.example.com", "winner@no-such-domain.example")
            smtp.rcpt("alice@barfoo.com", "550")

    def dictionary_attack(self):
        self.screen.heading("A dictionary attack")
        with self.screen.example("example inbound", EXAMPLE):
            self.try_names()
            self.screen.say("   It comes back:")
            with self.session(ATTACKER) as smtp:
                smtp.greeting("5")
            self.exim.logged("is banned until")
            self.shell("grep ' ban ' /var/log/postern/posternd.log")
            self.shell("grep 'is banned' /var/log/exim4/mainlog")
            self.show("postern", "bans", "list")

    def try_names(self):
        with self.session(ATTACKER) as smtp:
            smtp.hello("mail.example.com", "offers@foobar.com")
            for name in NAMES[:2]:
                smtp.rcpt(f"{name}@barfoo.com", "550")
            self.screen.say("     ... and so on")
            for name in NAMES[2:8]:
                smtp.rcpt(f"{name}@barfoo.com", "550", quiet=True)
            for name in NAMES[8:]:
                if smtp.rcpt(f"{name}@barfoo.com", "5").startswith("521"):
                    return
        raise DemoError("the dictionary attack was not ended")

    def logs(self):
        self.screen.heading(
            "What the logs say",
            "Exim's, of what was refused; then posternd's, of good mail and of a lie.",
        )
        self.shell("grep postern: /var/log/exim4/mainlog | grep -v 'No Such User'")
        self.shell("grep -m 1 from=fred@foobar.com /var/log/postern/posternd.log")
        self.shell("grep -m 1 by=helo /var/log/postern/posternd.log")

    def questions(self):
        self.screen.heading(
            "What would be decided, and why", "Asked by the administrator; it counts as no attack.",
        )
        self.show("postern", "ask", "--client", LISTED, "--helo", "mail.example.com",
                  "--from", "offers@foobar.com", "--to", "alice@barfoo.com")
        self.show("postern", "status", limit=25)

    def without_daemon(self):
        self.screen.heading("posternd is gone", "Mail flows as before, and Exim's log says so.")
        self.shell("kill $(cat /run/postern.pid)    # systemctl stop postern")
        until(lambda: "ended" in self.daemon_log(), "the end of posternd", words=self.daemon_log)
        with self.session(LISTED) as smtp:
            smtp.hello("mail.example.com", "offers@foobar.com")
            smtp.rcpt("alice@barfoo.com", "250")
        self.shell("grep 'postern did not answer' /var/log/exim4/mainlog")

    def undo(self):
        self.screen.heading("Taken out again")
        self.show("postern", "setup", "exim", "--undo", limit=3)
        self.reload()
        if self.exim_files() != self.before:
            raise DemoError("undo left another configuration than there was")
        files = len(self.before)
        self.screen.say(f"   All {files} files below /etc/exim4 have the bytes that they had before.")


class Session:
    """A client's session with that Exim, printed: > the client, < the server."""

    def __init__(self, screen, net, exim, source):
        self.screen, self.source = screen, source
        self.smtp = net.smtp(exim, source, greet=False)

    def __enter__(self):
        self.screen.say(f"   {self.source} connects")
        return self

    def __exit__(self, *exc):
        self.smtp.close()

    def _heard(self, reply, wanted, what):
        if not reply.startswith(wanted):
            raise DemoError(f"{self.source}: {what}: {reply!r}, not {wanted}")
        return reply

    def _print(self, mark, text):
        for line in text.splitlines():
            self.screen.say(f"     {mark} {line}")

    def greeting(self, wanted):
        self._print("<", self._heard(self.smtp.reply(), wanted, "the greeting"))

    def say(self, command, wanted):
        self._print(">", command)
        self._print("<", self._heard(self.smtp.say(command), wanted, command))

    def hello(self, helo, sender):
        """EHLO and MAIL, which must succeed; Exim's answers to them are no news."""
        self._heard(self.smtp.reply(), "220", "the greeting")
        for command in (f"EHLO {helo}", f"MAIL FROM:<{sender}>"):
            self._print(">", command)
            self._heard(self.smtp.say(command), "250", command)

    def rcpt(self, recipient, wanted, quiet=False):
        reply = self._heard(self.smtp.rcpt(recipient), wanted, recipient)
        if not quiet:
            self._print(">", f"RCPT TO:<{recipient}>")
            self._print("<", reply)
        return reply

    def data(self, text):
        self._print(">", "DATA")
        self._print(">", f"{text}\n.")
        self._print("<", self._heard(self.smtp.data(text), "250", "DATA"))


def diff_shorten(text):
    """A diff over many files, without those of the kit."""
    head, *parts = text.split("--- ")
    last, _, foot = parts[-1].rpartition("\n\n")
    parts[-1] = last + "\n"
    shown = [part for part in parts if "/postern/" not in part.splitlines()[1]]
    left_out = len(parts) - len(shown)
    return (head + "".join("--- " + part for part in shown)
            + f"... and {left_out} new files in /etc/exim4/postern\n\n" + foot)
