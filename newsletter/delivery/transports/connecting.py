"""Opens connections to mail servers: with TLS where it is asked for, verified, and signed in.

    opened = connect("bulk", size=45_000)
    opened.sock      # ready for MAIL FROM
    opened.offers    # what the server can do: PIPELINING, SIZE …

Where TLS is asked for, nothing is ever said in the clear instead: a server without STARTTLS, or
with a certificate that is not its own, is refused. The settings of a mailer are those of Django's
SMTP backend (MAILERS).
"""

from __future__ import annotations

import contextlib
import hmac
import smtplib
import socket
import ssl
from base64 import b64decode, b64encode
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.utils import DNS_NAME

from newsletter.delivery.answers import ServerAway, ServerRefuses, one_reply

# Where the server of a mailer is set, for who has to mend it.
SET_BY = {"bulk": "BULK_SMTP_URL, or SMTP_URL where that is not set", "default": "SMTP_URL"}


@dataclass(frozen=True)
class Offers:
    """What a mail server said that it can do, in its last answer to EHLO."""

    pipelining: bool = False  # RFC 2920
    size: int = 0  # octets of a message (RFC 1870); 0: it names no limit
    names_size: bool = False  # Whether MAIL may have SIZE=
    eight_bit: bool = False  # RFC 6152
    utf8: bool = False  # RFC 6531


@dataclass
class Opened:
    """A connection that is ready for MAIL FROM."""

    smtp: smtplib.SMTP
    sock: socket.socket
    offers: Offers


def backend(alias: str) -> BaseEmailBackend:
    """Return the mailer of an alias. Raises ServerRefuses where MAILERS has none that works."""
    try:
        return mailers[alias]
    except (ImproperlyConfigured, TypeError, ValueError) as error:
        raise ServerRefuses(
            f"The mailer “{alias}” of MAILERS cannot be used: {one_reply(error)}"
        ) from error


def connect(alias: str = "bulk", *, size: int = 0) -> Opened:
    """Return a new connection, over which a message of `size` octets may go.

    Raises ServerAway when it cannot be had now, ServerRefuses when it never will until somebody has
    mended something. In both cases nobody was mailed anything.
    """
    mailer = backend(alias)
    if not isinstance(mailer, EmailBackend):
        raise ServerRefuses(
            f"The mailer “{alias}” is {type(mailer).__module__}, which does not speak SMTP."
        )
    where = f"{mailer.host}:{mailer.port}"
    try:
        with contextlib.ExitStack() as failing:
            smtp = _reach(mailer)
            failing.callback(smtp.close)
            offers = _sign_in(smtp, mailer, where, alias)
            if size and offers.size and size > offers.size:
                raise ServerRefuses(
                    f"A message of this issue has {size:,} bytes, and {where} takes "
                    f"{offers.size:,} at most. Nobody was mailed. Make the issue shorter, or let "
                    "the server take more."
                )
            if smtp.sock is None:
                raise ServerAway("No connection was opened.")
            failing.pop_all()
    except (OSError, ValueError) as error:
        raise _meaning(error, where) from error
    # A message and its final dot leave in one piece: do not wait for an ACK between.
    with contextlib.suppress(OSError):
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Opened(smtp, smtp.sock, offers)


def _reach(mailer: EmailBackend) -> smtplib.SMTP:
    """Return a connection that the server has greeted."""
    timeout = settings.SMTP_TIMEOUT if mailer.timeout is None else mailer.timeout
    name = DNS_NAME.get_fqdn()
    host, port = str(mailer.host), int(mailer.port)
    if mailer.use_ssl:
        context = mailer.ssl_context
        return smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=timeout, context=context)
    return smtplib.SMTP(host, port, local_hostname=name, timeout=timeout)


def _sign_in(smtp: smtplib.SMTP, mailer: EmailBackend, where: str, alias: str) -> Offers:
    """Say EHLO, STARTTLS and AUTH, as far as the settings ask for them."""
    smtp.ehlo_or_helo_if_needed()
    if mailer.use_tls:
        if not smtp.has_extn("starttls"):
            raise ServerRefuses(
                f"{where} offers no STARTTLS, and the settings ask for it. Nothing was said in the "
                f"clear. See {_set_by(alias)}: smtp+tls:// is for port 587, smtp+ssl:// for 465."
            )
        smtp.starttls(context=mailer.ssl_context)
        # What it said before may come from somebody in between (RFC 3207 4.2).
        smtp.ehlo_or_helo_if_needed()
    if mailer.username and mailer.password:
        _authenticate(smtp, str(mailer.username), str(mailer.password), where, alias)
    limit = smtp.esmtp_features.get("size", "").strip()
    return Offers(
        pipelining=smtp.has_extn("pipelining"),
        size=int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 19 else 0,
        names_size=smtp.has_extn("size"),
        eight_bit=smtp.has_extn("8bitmime"),
        utf8=smtp.has_extn("smtputf8"),
    )


def _authenticate(smtp: smtplib.SMTP, user: str, password: str, where: str, alias: str) -> None:
    """Sign in (RFC 4954). Name and password may have letters beyond ASCII (RFC 4616)."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    # Without TLS the password itself is the last thing to say.
    ways = ["PLAIN", "LOGIN", "CRAM-MD5"]
    if not isinstance(smtp.sock, ssl.SSLSocket):
        ways = ["CRAM-MD5", "PLAIN", "LOGIN"]
    way = next((way for way in ways if way in offered), None)
    if way is None:
        says = f"offers none of {', '.join(ways)}" if offered else "offers no AUTH"
        raise ServerRefuses(
            f"{where} {says}, and the settings have a name and a password for it. "
            f"See {_set_by(alias)}."
        )
    if way == "PLAIN":
        code, reply = smtp.docmd("AUTH PLAIN", _base64(f"\0{user}\0{password}"))
    elif way == "LOGIN":
        code, reply = smtp.docmd("AUTH LOGIN", _base64(user))
        if code == 334:
            code, reply = smtp.docmd(_base64(password))
    else:
        code, reply = smtp.docmd("AUTH CRAM-MD5")
        if code == 334:
            proof = hmac.new(password.encode(), b64decode(reply), "md5").hexdigest()
            code, reply = smtp.docmd(_base64(f"{user} {proof}"))
    if code in (235, 503):  # 503: signed in already
        return
    if code // 100 == 5:
        raise ServerRefuses(
            f"{code} {one_reply(reply)} It was not content with our name and password: see "
            f"{_set_by(alias)}."
        )
    raise smtplib.SMTPAuthenticationError(code, reply)


def _meaning(error: OSError | ValueError, where: str) -> ServerAway | ServerRefuses:
    """Return what an error while connecting means for the issue."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = one_reply(error.verify_message).rstrip(".")
        return ServerRefuses(
            f"The certificate of {where} cannot be trusted: {why}. Nothing was sent. Who runs that "
            "server has to renew it; or the settings call the server by another name than it has."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        # The greeting, EHLO, STARTTLS or the login; each may be refused for the moment.
        said = f"{error.smtp_code} {one_reply(error.smtp_error)}"
        return ServerRefuses(said) if error.smtp_code // 100 == 5 else ServerAway(said)
    return ServerAway(one_reply(error) or type(error).__name__)


def _set_by(alias: str) -> str:
    return SET_BY.get(alias, f"MAILERS[{alias!r}]")


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
