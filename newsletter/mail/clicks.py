"""Links that lead through our site, so that how often each is followed can be counted.

For issues that an editor chose it for. A link is `/c/<issue>/<number>/<token>`: its target is a row
that was frozen with the issue (IssueLink), and nothing in the address can change it. The token is
the same in all links of one mail. It is drawn at random when the mail is finished, and written
down nowhere: nobody, we included, can find out which reader's mail had it. It is signed, so that
nobody can make up others (docs/decisions/counting-clicks.md).
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape

from django.conf import settings
from django.utils.crypto import salted_hmac

# Of 6 bytes each; together 20 letters and digits, which no program breaks or takes for
# punctuation, in lower case or not.
CHANCE, PROOF = 6, 6
TOKEN_LENGTH = 20
SAMPLE_TOKEN = "a" * TOKEN_LENGTH  # Its signature is wrong: it counts nothing.
LONGEST_NAME = 200  # characters

_LINK = re.compile(r'(<a\b[^<>]{0,4000}? href=")(https?://[^"<>]*)("[^<>]*>)')
_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"https?://[^\s<>]+")
_LOOKS_LIKE_ADDRESS = re.compile(r"://|^\s*www\.|^\s*[a-z0-9.-]+\.[a-z]{2,12}(?:/\S*)?\s*$")


@dataclass(frozen=True)
class Target:
    """What a link leads to: the name an editor knows it by, and which page of ours it is."""

    name: str
    thing: str = ""


@dataclass(frozen=True)
class CountedLink:
    number: int
    url: str
    name: str
    thing: str


# Tokens


def new_token(issue: str) -> str:
    """Return a new random token for a mail of an issue (its number)."""
    chance = secrets.token_bytes(CHANCE)
    signed = chance + _proof(settings.SECRET_KEY, issue, chance)
    return base64.b32encode(signed).decode().rstrip("=").lower()


def chance_of(token: str, issue: str) -> bytes | None:
    """Return the random part of a token, or None if it was not signed here for this issue.

    What a program put behind the token does not matter.
    """
    token = token[:TOKEN_LENGTH].upper()
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b32decode(f"{token}====")
    except ValueError:
        return None
    chance, proof = raw[:CHANCE], raw[CHANCE:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [hmac.compare_digest(proof, _proof(key, issue, chance)) for key in keys]
    return chance if any(known) else None


def _proof(secret: str, issue: str, chance: bytes) -> bytes:
    said = issue.encode("ascii", "replace") + b"." + chance
    return hmac.digest(_key(secret), said, "sha256")[:PROOF]


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return salted_hmac("newsletter.click", "", secret=secret, algorithm="sha256").digest()


# Links


def through_us(
    html: str,
    text: str,
    *,
    issue: int,
    token: str,
    known: Mapping[str, Target],
    direct: Collection[str],
) -> tuple[str, str, list[CountedLink]]:
    """Return the parts of a mail with links that lead through our site, and what they lead to.

    Each target has one number, however often it is linked. Links that hold something personal, or
    stand in `direct`, stay as they are, and so do those whose words are their address: a reader
    must get what he sees. `token` stands for the token of the mail. Linear time.
    """
    found: dict[str, None] = {}
    shown: set[str] = set(direct)
    for match in _LINK.finditer(html):
        url = unescape(match[2])
        found.setdefault(url)
        if _is_address(html, match.end()):
            shown.add(url)
    links = {
        url: CountedLink(number, url, *_named(url, known))
        for number, url in enumerate((url for url in found if url not in shown), start=1)
    }

    def through(url: str) -> str:
        return address(issue, links[url].number, token) if url in links else url

    html = _LINK.sub(lambda m: f"{m[1]}{_replaced(m[2], through)}{m[3]}", html)
    text = _ADDRESS.sub(lambda match: through(match[0]), text)
    return html, text, list(links.values())


def directly(part: str, links: Collection[CountedLink], issue: int, *, escaped: bool) -> str:
    """Return a part of a preview with the links as they were; nobody counts those."""
    for link in links:
        url = escape(link.url) if escaped else link.url
        part = part.replace(address(issue, link.number, SAMPLE_TOKEN), url)
    return part


def address(issue: int, number: int, token: str) -> str:
    """Return the address of a link. The view is in newsletter/clicks/redirecting.py."""
    return f"{settings.SITE_URL}/c/{issue}/{number}/{token}"


def _replaced(escaped: str, through: Callable[[str], str]) -> str:
    url = unescape(escaped)
    new = through(url)
    return escaped if new == url else escape(new)


def _is_address(html: str, start: int) -> bool:
    """Return whether the words of the link that begins before `start` are an address."""
    end = html.find("</a>", start, start + 1_000)
    words = unescape(_TAG.sub("", html[start : end if end >= 0 else start]))
    return _LOOKS_LIKE_ADDRESS.search(words[:300].strip().lower()) is not None


def _named(url: str, known: Mapping[str, Target]) -> tuple[str, str]:
    target = known.get(url) or Target(url.partition("://")[2].rstrip("/"))
    return target.name[:LONGEST_NAME], target.thing
