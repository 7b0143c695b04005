"""Mails that come back, in the shapes in which servers write them."""

from __future__ import annotations

import base64
import textwrap
from dataclasses import dataclass

from newsletter.mail import traces
from newsletter.models import Delivery


@dataclass(frozen=True)
class Sent:
    """What a server has of a mail of ours."""

    message_id: str
    return_path: str
    address: str
    key: str

    @classmethod
    def of(cls, delivery: Delivery) -> Sent:
        assert delivery.subscriber
        return cls(
            traces.message_id(delivery.pk, delivery.issue.number),
            traces.return_path(delivery.pk),
            delivery.subscriber.address,
            delivery.subscriber.key,
        )

    @property
    def header(self) -> str:
        return (
            "Received: from mail.example.org by mx.agency.example;\n"
            "\tSat, 28 Nov 2026 10:00:00 +0000\n"
            f"From: The Weekly Alarm <weekly@example.org>\n"
            f"To: {self.address}\n"
            f"Subject: The third shift\n"
            f"Message-ID: {self.message_id}\n"
            f"MIME-Version: 1.0\n"
            f"Content-Type: text/plain; charset=utf-8\n"
        )


def mail(head: str, body: str = "") -> bytes:
    """Return a mail as it comes in, with CRLF."""
    head = textwrap.dedent(head).strip("\n")
    return f"{head}\n\n{body}".replace("\n", "\r\n").encode()


def report(
    sent: Sent,
    recipients: str,
    *,
    to: str = "",
    returned: str = "text/rfc822-headers",
    encoding: str = "7bit",
    words: str = "Your message could not be delivered.",
) -> bytes:
    """A delivery status notification; `recipients` are the groups for each."""
    status = (
        "Reporting-MTA: dns; mx.agency.example\nArrival-Date: Sat, 28 Nov 2026 10:00:00 +0000\n\n"
    )
    status += textwrap.dedent(recipients).strip("\n") + "\n"
    if encoding == "base64":
        status = base64.encodebytes(status.encode()).decode()
    body = (
        f"This is a MIME-encapsulated message.\n\n--XX\nContent-Description: Notification\n"
        f"Content-Type: text/plain; charset=us-ascii\n\n{words}\n\n"
        f"--XX\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n"
        f"Content-Transfer-Encoding: {encoding}\n\n{status}\n"
        f"--XX\nContent-Description: Undelivered Message\nContent-Type: {returned}\n\n"
        f"{sent.header}\nThe text of the issue.\n\n--XX--\n"
    )
    return mail(
        f"""
Return-Path: <>
From: MAILER-DAEMON@mx.agency.example (Mail Delivery System)
To: {to or sent.return_path}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="XX"
Message-Id: <20261128100001.4F2E12A@mx.agency.example>
""",
        body,
    )


def failed(address: str, status: str = "5.1.1", said: str = "550 5.1.1 User unknown") -> str:
    return (
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n"
    )


def postfix(sent: Sent) -> bytes:
    return report(
        sent,
        f"Final-Recipient: rfc822; {sent.address}\n"
        f"Original-Recipient: rfc822;{sent.address}\n"
        "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.agency.example\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{sent.address}>: Recipient address rejected:\n"
        "    User unknown in virtual mailbox table\n",
    )


def exchange(sent: Sent) -> bytes:
    """As Exchange Online writes it: in reply to our mail, which comes back whole."""
    words = f"Your message to {sent.address} couldn't be delivered.\nreader wasn't found at agency."
    raw = report(
        sent,
        f"Final-Recipient: rfc822;{sent.address}\nAction: failed\nStatus: 5.1.10\n"
        "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by"
        " SMTP address lookup\n",
        returned="message/rfc822",
        words=words,
    )
    return raw.replace(
        b"Message-Id:",
        f"In-Reply-To: {sent.message_id}\r\nReferences: {sent.message_id}\r\n"
        "X-MS-Exchange-Message-Is-Ndr:\r\nMessage-Id:".encode(),
    )


def gmail(sent: Sent) -> bytes:
    return report(
        sent,
        f"Final-Recipient: rfc822; {sent.address}\nAction: failed\nStatus: 5.1.1\n"
        "Remote-MTA: dns; gmail-smtp-in.l.google.com. (2607:f8b0::1a, the server for gmail.com.)\n"
        "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist."
        "\n 550-5.1.1 Please try double-checking the recipient's email address for typos or\n"
        " 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser a1si123 - gsmtp\n"
        "Last-Attempt-Date: Sat, 28 Nov 2026 02:00:00 -0800 (PST)\n",
        returned="message/rfc822",
        words="Address not found",
    )


def sendmail(sent: Sent) -> bytes:
    return report(
        sent,
        f"Final-Recipient: RFC822; {sent.address}\nAction: failed\nStatus: 5.0.0\n"
        "Remote-MTA: DNS; mx.agency.example\nDiagnostic-Code: SMTP; 550 5.1.1 User unknown\n"
        "Last-Attempt-Date: Sat, 28 Nov 2026 10:00:00 GMT\n",
        words=f"   -- The following addresses had permanent fatal errors --\n<{sent.address}>",
    )


def qmail(sent: Sent) -> bytes:
    """From before there were reports (QSBMF)."""
    return mail(
        f"""
Return-Path: <>
From: MAILER-DAEMON@agency.example
To: {sent.return_path}
Subject: failure notice
""",
        "Hi. This is the qmail-send program at agency.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{sent.address}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\n{sent.header}\nText.\n",
    )


def exim(sent: Sent) -> bytes:
    return mail(
        f"""
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@agency.example>
To: {sent.return_path}
X-Failed-Recipients: {sent.address}
Subject: Mail delivery failed: returning message to sender
Auto-Submitted: auto-replied
""",
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its recipients.\n\n"
        f"  {sent.address}\n    host mx.agency.example [192.0.2.1]\n"
        "    SMTP error from remote mail server after RCPT TO: 550 No such user here\n\n"
        f"------ This is a copy of the message, including all headers. ------\n\n{sent.header}\n",
    )


def complaint(sent: Sent, kind: str = "abuse") -> bytes:
    return mail(
        """
From: <complaints@provider.example>
To: <fbl@example.org>
Subject: FW: The third shift
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1_boundary"
""",
        "--part1_boundary\nContent-Type: text/plain; charset=US-ASCII\n\n"
        "This is an email abuse report for a message received from 192.0.2.1.\n\n"
        "--part1_boundary\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
        "Original-Mail-From: <weekly@example.org>\n"
        "Arrival-Date: Sat, 28 Nov 2026 10:00:00 +0000\n\n"
        f"--part1_boundary\nContent-Type: message/rfc822\n\n{sent.header}\nThe text.\n\n"
        "--part1_boundary--\n",
    )


def out_of_office(sent: Sent, automatic: str = "Auto-Submitted: auto-replied (vacation)") -> bytes:
    return mail(
        f"""
Return-Path: <{sent.address}>
From: Reader <{sent.address}>
To: weekly@example.org
Subject: Out of office: The third shift
In-Reply-To: {sent.message_id}
{automatic}
""",
        "I am away until Monday.\n",
    )


def wish_to_leave(key: str, issue: str = "") -> bytes:
    return mail(
        f"""
Return-Path: <reader@agency.example>
From: reader@agency.example
To: unsubscribe@example.org
Subject: {f"unsubscribe {key} {issue}".strip()}
""",
    )


def reply(sent: Sent) -> bytes:
    return mail(
        f"""
Return-Path: <{sent.address}>
From: Reader <{sent.address}>
To: weekly@example.org
Subject: Re: =?utf-8?q?The_third_shift_=E2=80=93_thanks?=
In-Reply-To: {sent.message_id}
""",
        "Thank you. More of that, please.\n",
    )
