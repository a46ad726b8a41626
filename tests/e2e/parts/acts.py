# SPDX-License-Identifier: BSD-2-Clause
"""What people and programs do in a world: request a page, send mail, log in, run a job.

Each act goes the way it goes in life: over HTTP and SMTP from the client's own address, or as a
local user. An act returns when it has been done; World.arrival() then finds its message in Exim's
log by the subject.
"""

import json

from .world import (
    MAIL_CLIENT,
    MAIL_READER,
    OUTSIDER,
    RELAY_CLIENT,
    SERVER_IP,
    WEB_CLIENT,
    WorldError,
)

FRED = "fred@foobar.com"

# Runs inside: all requests of a list at once, each from its own client address.
VISITS = """
import http.client, json, sys, threading, urllib.parse
def visit(v):
    c = http.client.HTTPConnection(v['server'], 80, timeout=30, source_address=(v['client'], 0))
    body = urllib.parse.urlencode(v['fields']) if v['fields'] is not None else None
    c.request('POST' if body else 'GET', urllib.parse.quote(v['path']), body,
              {'Host': v['site'], 'User-Agent': v['agent'],
               'Content-Type': 'application/x-www-form-urlencoded'})
    r = c.getresponse()
    v['status'], v['answer'] = r.status, r.read().decode()
visits = json.load(sys.stdin)
threads = [threading.Thread(target=visit, args=(v,)) for v in visits]
[t.start() for t in threads]
[t.join() for t in threads]
json.dump([(v.get('status'), v.get('answer')) for v in visits], sys.stdout)
"""


def request(site, path, fields=None, client=WEB_CLIENT):
    """One HTTP request, for visit(): POST with fields, else GET."""
    return {
        "server": SERVER_IP,
        "site": site,
        "path": path,
        "fields": fields,
        "client": client,
        "agent": "Mozilla/5.0 (X11; Linux x86_64)",
    }


def visit(world, *requests, check=True):
    """Makes all the requests at once. With check, raises WorldError if a page does not answer or
    does not send."""
    answers = json.loads(
        world.run(["/usr/bin/python3", "-c", VISITS], text=json.dumps(requests)).stdout
    )
    for asked, (status, answer) in zip(requests, answers):
        if check and (status != 200 or "not sent" in answer):
            raise WorldError(f"{asked['site']}{asked['path']} answered {status}: {answer}")


def mail_by_page(site, path, subject, to=FRED, client=WEB_CLIENT, **fields):
    """A request that makes the script of that path send mail."""
    return request(site, path, {"to": to, "subject": subject, **fields}, client)


def swaks(world, *options, check=True):
    return world.run(["/usr/bin/swaks", "--timeout", "20", "--hide-all", *options], check=check)


def send(world, subject, *options, sender, to, client, server=SERVER_IP, body="Buy now!"):
    """One message over SMTP from a client address."""
    source = [] if server.startswith("127.") else ["--local-interface", client]
    return swaks(
        world,
        "--server",
        server,
        *source,
        "--from",
        sender,
        "--to",
        to,
        "--header",
        f"Subject: {subject}",
        "--body",
        body,
        *options,
    )


def login_and_send(
    world,
    subject,
    to=FRED,
    mailbox="bob@barfoo.com",
    client=MAIL_CLIENT,
    mechanism="PLAIN",
    *options,
):
    """A mail client that logs in to a mailbox with its password, and sends."""
    tls = ["--tls"] if world.tls else []
    return send(
        world,
        subject,
        "--auth",
        mechanism,
        "--auth-user",
        mailbox,
        "--auth-password",
        "secret",
        "--helo",
        "laptop",
        *tls,
        *options,
        sender=mailbox,
        to=to,
        client=client,
    )


def webmail_send(world, subject, to=FRED, mailbox="carol@barfoo.com"):
    """A webmail on the server: logs in over 127.0.0.1 and names the reader's address in a Received
    line."""
    return send(
        world,
        subject,
        "--auth",
        "PLAIN",
        "--auth-user",
        mailbox,
        "--auth-password",
        "secret",
        "--helo",
        "webmail.barfoo.com",
        "--add-header",
        f"Received: from [{MAIL_READER}] by webmail.barfoo.com with HTTP (HTTP/1.1 POST); "
        "Mon, 23 Nov 2026 10:00:00 +0000",
        "--add-header",
        "User-Agent: Roundcube Webmail/1.6.5",
        sender=mailbox,
        to=to,
        client="127.0.0.1",
        server="127.0.0.1",
    )


def localhost_send(world, subject, to=FRED, helo="forum.example.com"):
    """A program on the server that speaks SMTP to 127.0.0.1 and logs in to nothing."""
    return send(
        world,
        subject,
        "--helo",
        helo,
        sender="shop@barfoo.com",
        to=to,
        client="127.0.0.1",
        server="127.0.0.1",
    )


def relay_send(world, subject, to=FRED):
    """A host whose mail we relay."""
    return send(
        world,
        subject,
        "--helo",
        "fax.customer.example",
        sender="fax@customer.example",
        to=to,
        client=RELAY_CLIENT,
    )


def outsider_send(world, subject, to, sender="stranger@far.example", *options, client=OUTSIDER):
    """A mail server somewhere sends to one of our addresses."""
    return send(
        world, subject, "--helo", "mail.far.example", *options, sender=sender, to=to, client=client
    )


def sendmail(world, subject, *args, user, cwd, to=FRED):
    """A local user hands a message to sendmail, as a job or a shell does."""
    text = f"To: {to}\nSubject: {subject}\n\nBuy now!\n"
    return world.run(["/usr/sbin/sendmail", *(args or ("-t", "-i"))], cwd=cwd, user=user, text=text)


def cron_job(world, user, command, mailto=FRED):
    """A real cron daemon runs one job of a user's crontab; cron mails what the job printed."""
    world.write(
        f"var/spool/cron/crontabs/{user}", f"MAILTO={mailto}\n@reboot {command}\n", user, 0o600
    )
    world.run(["rm", "-f", "/run/crond.reboot", "/var/run/crond.reboot"])
    done = world.spawn(["/usr/sbin/cron", "-f"])
    return done


def run_queue(world):
    """Delivers what waits, deferred mail too."""
    world.run(["/usr/sbin/exim4", "-qff"])
