"""The environment, read by type. A value that is wrong is one line, never a traceback.

The settings and `gunicorn.conf.py` read every variable here. A reader that meets a wrong value
notes it and returns something to go on with; `stop_if_wrong()` then says all of it at once.
"""

import importlib.util
import json
import os
import re
import sys
import zoneinfo
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import environ
import idna

from alarmroom.characters import CONTROLS, SURROGATES

BASE_DIR = Path(__file__).resolve().parent.parent
SWITCHES = {
    **dict.fromkeys(("on", "true", "yes", "1"), True),
    **dict.fromkeys(("off", "false", "no", "0"), False),
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# With the port that each is spoken on (RFC 5321, RFC 8314).
SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
DATABASES = ("sqlite", "postgres", "postgresql")
HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
IPV6 = re.compile(r"\[[0-9a-fA-F:.]+\]")
# What Django compares the Host header with: no scheme, no port.
ALLOWED_HOST = re.compile(rf"\*|\.?{HOST.pattern}|{IPV6.pattern}")
# One address as our own mails can carry it (RFC 5322 3.4.1): the part before the @ in ASCII, no
# quotes, no braces (newsletter/mail/mime.py keeps them for itself).
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`|~-]+"
MAIL_ADDRESS = re.compile(rf"({ATOM}(?:\.{ATOM})*)@([\w-]+(?:\.[\w-]+)*)")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
NOT_IN_A_NAME = re.compile(rf"[{CONTROLS}{SURROGATES}<>@]|=\?")
# What RFC 5322 3.2.3 gives a meaning of its own in a name.
NEEDS_QUOTES = re.compile(r'[()\[\]:;\\,."]')
# Commas in a quoted name part nothing.
BETWEEN_COMMAS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,])+')


class Environment:
    """The variables of this process, and those of `.env` that it does not have itself.

    A variable that is set to nothing is refused, lest it be taken for a decision: it may
    be left out instead. Only where nothing is the default does it mean that.
    """

    def __init__(self) -> None:
        self.wrong: list[str] = []
        named = os.environ.get("ENV_FILE")
        file = BASE_DIR / ".env" if named is None else Path(named)
        # ENV_FILE= (empty) reads none.
        if named == "" or (named is None and not file.exists()):
            return
        try:
            with file.open(encoding="utf-8") as lines:
                environ.Env.read_env(lines)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            self.refuse("ENV_FILE", f"({file}) cannot be read ({reason})", "a file that can be")

    def stop_if_wrong(self) -> None:
        """End the process, with a line for each thing that is wrong."""
        if self.wrong:
            sys.exit("\n".join(self.wrong))

    def refuse(self, name: str, problem: str, what: str) -> None:
        """Note what is wrong with a variable, and what to set it to."""
        self.wrong.append(f"{name} {problem}: set it to {what}.")

    def text(self, name: str, default: str = "", what: str = "") -> str:
        """Return the value without the space around it."""
        value = os.environ.get(name, default).strip()
        if not value and default:
            self.refuse(
                name, "is empty", f"{what or f'a value such as {default}'}, or leave it out"
            )
            return default
        return value

    def required(self, name: str, what: str, *, development: str | None) -> str:
        """Return what production must be given; development, where it is not None, need not."""
        value = self.text(name) or development
        if value is None:
            self.refuse(name, "is not set", what)
        return value or ""

    def number(
        self,
        name: str,
        default: int,
        *,
        least: int = 0,
        most: int = 2**31 - 1,
        unit: str = "",
        why: str = "",
    ) -> int:
        """Return a whole number; `why` says to the operator why it is limited."""
        upper = f" to {most}" if most < 2**31 - 1 else " on"
        what = f"a whole number{unit and f' of {unit}'} from {least}{upper}, such as {default}"
        what += why and f" ({why})"
        value = self.text(name, str(default), what)
        if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
            self.refuse(name, f"is {value!r}", what)
            return default
        return int(value)

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, least=1, most=65535)

    def switch(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "on" if default else "off", "on or off")
        if value.lower() not in SWITCHES:
            self.refuse(name, f"is {value!r}", "on or off")
        return SWITCHES.get(value.lower(), default)

    def listed(self, name: str) -> list[str]:
        """Return what stands between commas."""
        return [entry.strip() for entry in self.text(name).split(",") if entry.strip()]

    def folder(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default), "the path of a folder"))

    def hosts(self, name: str, what: str, *, development: str | None) -> list[str]:
        """Return the host names that a request may be for."""
        value = self.required(name, what, development=development)
        found = [host.strip() for host in value.split(",") if host.strip()]
        wrong = [host for host in found if not ALLOWED_HOST.fullmatch(host)]
        if wrong or (value and not found):
            self.refuse(name, f"has {wrong[0]!r}" if wrong else f"is {value!r}", what)
        return found

    def host(self, name: str, default: str, what: str) -> str:
        value = self.text(name, default, what)
        if value == default:
            return value
        try:
            written = ascii_host(value)
        except ValueError:
            written = ""
        if not HOST.fullmatch(written) and not IPV6.fullmatch(written):
            self.refuse(name, f"is {value!r}", what)
        return written

    def site(self, name: str, what: str, *, development: str | None) -> str:
        """Return a website's address without a slash at the end; it has no path."""
        value = self.required(name, what, development=development).rstrip("/")
        if not value:
            return value
        split, problem = parts(value, ("https", "http"))
        if not problem and (split.path or split.query or split.fragment):
            problem = "has more in it than a host"
        if not problem and split.username is not None:
            problem = "has a user in it"
        if not problem and not value.isascii():
            try:
                port = f":{split.port}" if split.port else ""
                value = f"{split.scheme}://{ascii_host(split.hostname or '')}{port}"
            except ValueError:
                problem = "has a host that cannot be one"
        if problem:
            self.refuse(name, f"is {value!r}, which {problem}", what)
            return ""
        return value

    def pages(self, name: str) -> list[str]:
        """Return addresses of pages on the web."""
        found = self.listed(name)
        for page in found:
            _, problem = parts(page, ("https", "http"))
            if problem:
                what = "addresses that start with https://, separated by commas"
                self.refuse(name, f"has {page!r}, which {problem}", what)
        return found

    def mail_address(self, name: str, default: str, *, parameter: str = "") -> str:
        """Return a bare address, such as hello@example.org; `parameter` may match behind it."""
        what = "a mail address, such as hello@example.org"
        value = self.text(name, default, what)
        if value in ("", default):
            return value
        address, semicolon, behind = value.partition(";")
        written = ascii_address(address)
        if written is None or not re.fullmatch(parameter, f"{semicolon}{behind}"):
            self.refuse(name, f"is {value!r}", what)
        return f"{written}{semicolon}{behind}"

    def verp(self, name: str, envelope_sender: str, local_part: int) -> str:
        """Return what parts a mailbox from a mark behind it; empty: there is none.

        `local_part` characters are needed behind the sender's own before the @ (RFC 5321 4.5.3.1).
        """
        value = self.text(name)
        if value not in ("", "+", "-", "="):
            self.refuse(name, f"is {value!r}", "+, - or =, or leave it out")
            return ""
        if value and len(envelope_sender.rpartition("@")[0]) > 64 - local_part:
            self.refuse(
                name,
                f"needs {local_part} characters, and {envelope_sender} leaves no room for them",
                f"nothing, or NEWSLETTER_ENVELOPE_FROM to one with at most {64 - local_part} "
                "before the @",
            )
            return ""
        return value

    def sender(self, name: str, default: str) -> str:
        """Return an address that may have a name, such as The Alarm Room <hello@example.org>."""
        what = "one mail address, such as The Alarm Room <hello@example.org>"
        value = self.text(name, default, what)
        if value == default:
            return value
        mailbox = one_mailbox(value)
        if mailbox is None:
            self.refuse(name, f"is {value!r}", what)
        return mailbox or value

    def senders(self, name: str) -> list[str]:
        found = []
        for value in BETWEEN_COMMAS.findall(self.text(name)):
            mailbox = one_mailbox(value)
            if mailbox is None and value.strip():
                self.refuse(name, f"has {value.strip()!r}", "mail addresses, separated by commas")
            found += [mailbox] if mailbox else []
        return found

    # A URL of a server may hold a password, so it is never repeated.

    def smtp_url(self, name: str, default: str) -> str:
        what = (
            "an address such as `smtp+tls://user:password@smtp.example.org:587`, with special "
            "characters in the password percent-encoded"
        )
        value = self.text(name, default, what)
        _, problem = parts(value, tuple(SMTP_PORTS))
        if problem:
            self.refuse(name, problem, what)
            return default
        return value

    def json_object(self, name: str) -> dict[str, Any]:
        """Return named options. They may hold a key, so they are never repeated."""
        try:
            found = json.loads(self.text(name, "{}", "{}"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            self.refuse(name, "is no JSON object", 'options such as {"api_key": "…"}')
            return {}
        return found

    def webhooks(self, name: str, known: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the options of each mail service that may report, by its name."""
        found = self.json_object(name)
        if any(each not in known or not isinstance(found[each], dict) for each in found):
            what = 'one or more of the services in docs/feedback.md, such as {"postmark": {}}'
            self.refuse(name, "names what is none", what)
            return {}
        return found

    def basic_auth(self, name: str, *, needed: bool) -> str:
        """Return a user and a long password; needed, it may not be left out."""
        value = self.text(name)
        user, _, password = value.partition(":")
        if (value or needed) and not (user and len(password) >= 20 and value.isascii()):
            what = "a name, a colon and a password of at least 20 characters, in ASCII"
            self.refuse(name, "is no user and password" if value else "is not set", what)
            return ""
        return value

    def broker_url(self, name: str, default: str) -> str:
        what = (
            "an address such as `redis://:password@localhost:6379/0`, with special characters in "
            "the password percent-encoded"
        )
        value = self.text(name, default, what)
        split, problem = parts(value, ("redis", "rediss"))
        if not problem and not re.fullmatch(r"/?|/[0-9]{1,3}", split.path):
            problem = "has more behind its host than the number of a database"
        if problem:
            self.refuse(name, problem, what)
            return default
        return value

    def imap_url(self, name: str) -> str:
        what = (
            "an address such as `imaps://user:password@imap.example.org/INBOX`, with special "
            "characters in the password percent-encoded"
        )
        value = self.text(name)
        if not value:
            return ""
        split, problem = parts(value, ("imaps", "imap+tls"))
        if not problem and not (split.username and split.password):
            problem = "has no user and password"
        if not problem and not unquote(f"{split.username}{split.password}{split.path}").isascii():
            problem = "has more than ASCII in it"
        if problem:
            self.refuse(name, problem, what)
            return ""
        return value

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's configuration of a database, from its URL."""
        what = (
            "an address such as `postgres://user:password@localhost:5432/alarmroom`, or leave it "
            "out for SQLite"
        )
        value = self.text(name, default, what)
        scheme, _, rest = value.partition("://")
        problem = ""
        if scheme not in DATABASES:
            problem = f"does not start with {alternatives(DATABASES)}"
        elif scheme == "sqlite" and not rest.strip("/").strip():
            problem = "names no file"
        elif scheme == "sqlite" and not rest.startswith("/"):
            problem = "needs three slashes before a file (four before a path from the root)"
        else:
            try:
                config: dict[str, Any] = environ.Env.db_url_config(value)
            except ValueError:
                problem = "cannot be read as an address"
            else:
                if config["NAME"]:
                    return config
                problem = "names no database"
        self.refuse(name, problem, what)
        fallback: dict[str, Any] = environ.Env.db_url_config(default)
        return fallback

    def time_zone(self, name: str, default: str) -> str:
        what = f"a name of the time zone database, such as {default}"
        value = self.text(name, default, what)
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            self.refuse(name, f"is {value!r}", what)
            return default
        return value

    def log_level(self, name: str, default: str) -> str:
        what = f"one of {', '.join(LOG_LEVELS)}"
        value = self.text(name, default, what).upper()
        if value not in LOG_LEVELS:
            self.refuse(name, f"is {value!r}", what)
            return default
        return value

    def dotted_path(self, name: str, default: str) -> str:
        """Return the path of something in a module that can be found."""
        what = f"a dotted path that can be imported, such as {default}"
        value = self.text(name, default, what)
        module, _, attribute = value.rpartition(".")
        try:
            found = bool(module and attribute) and importlib.util.find_spec(module) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            self.refuse(name, f"is {value!r}", what)
            return default
        return value

    def tasks_backend(self, name: str, default: str) -> str:
        """Return the path of a backend of django.tasks; Celery is a package of its own."""
        value = self.dotted_path(name, default)
        if value.startswith("alarmroom.celery.") and not importlib.util.find_spec("celery"):
            self.refuse(
                name, "needs Celery, which is not there", f"{default}, or install `celery[redis]`"
            )
            return default
        return value


def alternatives(schemes: tuple[str, ...]) -> str:
    *most, last = (f"{scheme}://" for scheme in schemes)
    return f"{', '.join(most)} or {last}"


def parts(address: str, schemes: tuple[str, ...]) -> tuple[SplitResult, str]:
    """Return the parts of an absolute address, and what is wrong with it, if anything."""
    try:
        split = urlsplit(address)
        split.port  # noqa: B018  (raises when it is no number, or none that a port may have)
    except ValueError:
        return SplitResult("", "", "", "", ""), "cannot be read as an address"
    if "://" not in address or split.scheme not in schemes:
        return split, f"does not start with {alternatives(schemes)}"
    if not split.hostname:
        return split, "names no host"
    if not (HOST.fullmatch(split.hostname) or "[" in split.netloc):
        return split, "has a host that cannot be one"
    return split, ""


def ascii_host(host: str) -> str:
    """Return a host's name as mails and the Host header have it: beyond ASCII, in Punycode.

    Raises ValueError when it can be none.
    """
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def ascii_address(address: str) -> str | None:
    """Return a mail address as our mails can carry it, or None if it is not one."""
    found = MAIL_ADDRESS.fullmatch(address)
    if not found:
        return None
    try:
        return f"{found[1]}@{ascii_host(found[2])}"
    except ValueError:
        return None


def one_mailbox(value: str) -> str | None:
    """Return an address with its name, quoted where mail needs that; None if it is not one.

    A name such as Exa:mple stands in quotes, or mail programs would read only a part of it
    (RFC 5322 3.4). Quotes that are there already may stay.
    """
    name, opened, address = value.strip().rpartition("<")
    name = name.strip()
    if opened:
        closed = address.endswith(">")
        address = address.removesuffix(">")
    else:
        name, closed = "", True
    if QUOTED.fullmatch(name):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    written = ascii_address(address)
    # A second address, an encoded word (RFC 2047) or a line break is no name.
    if not closed or written is None or NOT_IN_A_NAME.search(name):
        return None
    if NEEDS_QUOTES.search(name):
        escaped = re.sub(r'([\\"])', r"\\\1", name)
        name = f'"{escaped}"'
    return f"{name} <{written}>" if name else written
