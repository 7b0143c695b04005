"""The context processor that gives every template the names and the address of the site."""

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import mark_safe

from alarmroom import theme
from alarmroom.environment import BASE_DIR
from alarmroom.facts import facts

THEME_SCRIPT = mark_safe(theme.SCRIPT)  # noqa: S308  (our own file)
# The icon has 300 bytes. Inside the page it needs no request that would delay the page's text.
_DRAWING = (BASE_DIR / "static/img/favicon.svg").read_text("utf-8")
# Without line breaks, and with as little escaped as an address allows: every page carries it.
_SHORT = "".join(map(str.strip, _DRAWING.splitlines())).replace('"', "'")
ICON = mark_safe(f"data:image/svg+xml,{quote(_SHORT, safe="'/:=,.")}")  # noqa: S308  (our own file)
# The views that the menu of every page links to (templates/_nav.html).
MENU = frozenset({"posts:front", "posts:topics", "newsletter:archive", "posts:search"})
# Views of the pages below an entry of the menu.
BELOW = {"newsletter:issue": "below newsletter:archive", "posts:tag": "below posts:topics"}


def site(request: HttpRequest) -> dict[str, object]:
    """Return the names and the address of the publication; nothing about the visitor.

    `here` is the page's entry in the menu: the name of its view, or "" if it is not in the menu.
    A page below an entry has "below " and the name of that.
    """
    view = request.resolver_match.view_name if request.resolver_match else ""
    now = facts()
    return {
        "SITE_NAME": now.name,
        "TAGLINE": now.tagline,
        "DESCRIPTION": now.description,
        "SHARE_PICTURE": now.share_picture_url,
        "NEWSLETTER_NAME": "The Weekly Alarm",
        "SITE_URL": settings.SITE_URL,
        "SITE_PROFILES": now.profiles,
        "THEME_SCRIPT": THEME_SCRIPT,
        "ICON": ICON,
        "POSTAL_ADDRESS": now.postal_address,
        "here": view if view in MENU else BELOW.get(view, ""),
        "canonical_url": f"{settings.SITE_URL}{request.path}",
    }
