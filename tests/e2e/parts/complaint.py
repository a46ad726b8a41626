# SPDX-License-Identifier: BSD-2-Clause
"""Complaints: a message as its recipient got it, in each of the wrappings in which abuse desks send
it on."""

import base64
import re

BOUNDARY = b"=_report_1"


def headers_of(message):
    """The header section of a message, LF line ends, with its last newline."""
    return message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0] + b"\n"


def _mail(subject, content_type, body, encoding=b"8bit"):
    return (
        b"From: abuse@foobar.com\nTo: postmaster@barfoo.com\nSubject: "
        + subject
        + b"\nDate: Mon, 23 Nov 2026 12:00:00 +0000\n"
        + b"Message-ID: <report.1@foobar.com>\nMIME-Version: 1.0\n"
        b"Content-Type: "
        + content_type
        + b"\nContent-Transfer-Encoding: "
        + encoding
        + b"\n\n"
        + body
    )


def _multipart(subject, kind, *parts):
    """A multipart mail; each part is its own header lines and its body, in bytes."""
    body = b"".join(
        b"--" + BOUNDARY + b"\n" + head + b"\n\n" + text + b"\n" for head, text in parts
    )
    return _mail(
        subject,
        b"multipart/" + kind + b'; boundary="' + BOUNDARY + b'"',
        body + b"--" + BOUNDARY + b"--\n",
    )


def arf(
    message,
    fields=b"Feedback-Type: abuse\nUser-Agent: FoobarFeedback/2.0\nVersion: 1\n"
    b"Original-Rcpt-To: fred@foobar.com\nSource-IP: 192.0.2.10\n",
    inner=b"message/rfc822",
):
    """A feedback report of RFC 5965 with the whole message."""
    return _multipart(
        b"FW: spam",
        b"report; report-type=feedback-report",
        (b"Content-Type: text/plain", b"This is an email abuse report.\n"),
        (b"Content-Type: message/feedback-report", fields),
        (b"Content-Type: " + inner, message),
    )


def arf_microsoft(message):
    """As Microsoft sends them: a report part that says nothing. All must come from the message
    inside."""
    return arf(message, b"Feedback-Type: abuse\nUser-Agent: JMRP/1.0\nVersion: 1.0\n")


def arf_headers(message):
    """A feedback report with the header section only."""
    return arf(headers_of(message), inner=b"text/rfc822-headers")


def dsn(message):
    """A delivery status notification of RFC 3464 from the recipient's server."""
    status = (
        b"Reporting-MTA: dns; foobar.com\n\nFinal-Recipient: rfc822; fred@foobar.com\n"
        b"Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 spam\n"
    )
    return _multipart(
        b"Undelivered Mail Returned to Sender",
        b"report; report-type=delivery-status",
        (b"Content-Type: text/plain", b"Your message could not be delivered.\n"),
        (b"Content-Type: message/delivery-status", status),
        (b"Content-Type: message/rfc822", message),
    )


def forwarded(message):
    """Forwarded as an attachment by a mail client, in base64 against the RFC, as some do."""
    head = (
        b'Content-Type: message/rfc822; name="spam.eml"\nContent-Transfer-Encoding: base64\n'
        b'Content-Disposition: attachment; filename="spam.eml"'
    )
    return _multipart(
        b"Fwd: spam",
        b"mixed",
        (b"Content-Type: text/plain", b"Please stop this!\n"),
        (head, base64.encodebytes(message)),
    )


def nested(message):
    """A forward of a feedback report."""
    return forwarded(arf(message))


def quoted(message):
    """The headers pasted into a mail with "> " before each line."""
    text = (
        b"You spammers! I got this:\n\n"
        + b"".join(b"> " + line + b"\n" for line in headers_of(message).splitlines())
        + b">\n> Buy now!\n"
    )
    return _mail(b"your spam", b"text/plain; charset=us-ascii", text)


def pasted_base64(message):
    """The headers pasted into a text part that the mail client then encoded in base64."""
    return _mail(
        b"spam",
        b"text/plain; charset=utf-8",
        base64.encodebytes(b"Look:\n\n" + headers_of(message)),
        b"base64",
    )


def mbox(message):
    """An mbox folder with the message, and one before it that has nothing to do with us."""
    other = (
        b"Received: from a.example by b.example with ESMTP; Mon, 23 Nov 2026 10:00:00 +0000\n"
        b"Subject: nothing\n\nhello\n"
    )
    return b"".join(
        b"From someone Mon Nov 23 10:00:00 2026\n" + one.replace(b"\nFrom ", b"\n>From ") + b"\n"
        for one in (other, message)
    )


def raw(message):
    """The message itself, as exported by a mail client."""
    return message


def crlf(message):
    return message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


FORMS = (
    raw,
    crlf,
    arf,
    arf_microsoft,
    arf_headers,
    dsn,
    forwarded,
    nested,
    quoted,
    pasted_base64,
    mbox,
)


def forge_older_hops(message, ident, host="barfoo.com"):
    """The message with sender-made Received lines below the true ones; one names a real id of ours
    with a time that is not the id's."""
    head, body = message.replace(b"\r\n", b"\n").split(b"\n\n", 1)
    forged = (
        f"Received: from nobody by {host} with local (Exim 4.96)\n"
        f"\tid {ident}\n\tfor fred@foobar.com;\n"
        "\tFri, 01 Jan 2027 03:04:05 +0000\n"
        "Received: from [10.9.8.7] by mail.innocent.example with esmtp id 1aaaaa-000000-00;\n"
        "\tMon, 23 Nov 2026 00:00:00 +0000\n"
    ).encode()
    last = [m for m in re.finditer(rb"(?m)^Received:.*\n(?:[ \t].*\n)*", head + b"\n")][-1]
    whole = head + b"\n"
    return whole[: last.end()] + forged + whole[last.end() :] + b"\n" + body
