"""The values of the templates that show an article: as a card in a list, and as a page.

The templates are stencils (alarmroom/stencil.py), which print values and decide nothing.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

import segno
from django.conf import settings
from django.utils import timezone
from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe

from alarmroom import kept
from alarmroom.site_url import absolute_url
from alarmroom.stencil import PATH, Stencil, Value
from posts import linked_data, share_image
from posts.models import Correction, Post, Tag, address
from posts.pictures import places
from posts.pictures.element import first_at_once, markup
from posts.pictures.places import Place
from posts.text.structure import contents

# A tuple, because calendar.month_name formats a name at each access.
MONTHS = tuple(calendar.month_name)
CARD = Stencil("posts/_post_card.html")
LEAD = Stencil("posts/_lead.html")
# A longer title has four lines or more on a phone. The picture below it is lower, so that the text
# begins on the first screen (static/css/site/article.css).
LONG_TITLE = 60
# The footer, the feeds and the sign-up box are part of the layout.
PAGE = Stencil("posts/article.html", *kept.EVERY_PAGE)


class Topic(NamedTuple):
    """A tag as an article's page shows it."""

    name: str
    url: str


class Corrected(NamedTuple):
    """A correction as an article's page tells of it."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Connected:
    """An article under "Connecting the dots"."""

    pk: int
    card: SafeString


def day(moment: datetime | None, css: str = "") -> SafeString:
    """Return a date in a <time> element, such as "June 3, 2026"; a draft has none."""
    if moment is None:
        return mark_safe("<span>Not published yet</span>")
    # Django's `date` filter takes ten times as long, and a page has ten dates.
    local = timezone.localtime(moment)
    attribute = f' class="{css}"' if css else ""
    return mark_safe(  # noqa: S308  (made of numbers, and of a name in a template)
        f'<time{attribute} datetime="{local.isoformat(timespec="seconds")}">'
        f"{MONTHS[local.month]} {local.day}, {local.year}</time>"
    )


def card(
    post: Post,
    *,
    level: int = 2,
    dek: bool = False,
    first: bool = False,
    place: Place = places.CARD,
) -> SafeString:
    """Return the card of a post that for_listing() brought; `level` is its heading's.

    `dek` says whether it has its summary, `first` whether its picture is seen without scrolling.
    """
    picture = markup(post.cover, place, first=first) if post.cover else ""
    summary = post.summary if dek else ""
    return CARD.render({**_in_a_list(post), "level": level, "summary": summary, "picture": picture})


def lead(post: Post) -> SafeString:
    """Return a post that for_listing() brought as the front page's first story."""
    picture = markup(post.cover, places.LEAD, first=True) if post.cover else ""
    return LEAD.render({**_in_a_list(post), "picture": picture})


def _in_a_list(post: Post) -> dict[str, Value]:
    return {
        "url": post.get_absolute_url(),
        "title": post.title,
        "summary": post.summary,
        "topic": post.topic,
        "author": post.author.name,
        "day": day(post.published_at),
        "minutes": str(post.reading_minutes),
    }


def cards(posts: Iterable[Post], *, level: int = 2, first: bool = False) -> SafeString:
    """Return the cards of posts, one after the other.

    `first` says that no large picture stands above them: then the first of theirs is fetched
    at once.
    """
    return _cards(posts, level=level, dek=False, first=first, place=places.CARD)


def _cards(
    posts: Iterable[Post], *, level: int, dek: bool, first: bool, place: Place
) -> SafeString:
    made: list[SafeString] = []
    for post in posts:
        made.append(card(post, level=level, dek=dek, first=first, place=place))
        first = first and post.cover is None
    return mark_safe("".join(made))  # noqa: S308  (cards are safe)


def seconds(posts: Iterable[Post], *, first: bool = False) -> SafeString:
    """Return the two stories beside the first one of the front page; `first` as in cards()."""
    return _cards(posts, level=2, dek=True, first=first, place=places.SECOND)


def as_topic(tag: Tag) -> Topic:
    return Topic(tag.name, tag.get_absolute_url())


def as_correction(correction: Correction) -> Corrected:
    return Corrected(correction.at, correction.text)


def as_card(post: Post) -> Connected:
    """Return a post of posts/views/article_queries.py as its card in an article."""
    return Connected(post.pk, card(post, level=3))


def page_context(
    post: Post,
    topics: Sequence[Topic],
    related: Sequence[Connected],
    corrections: Sequence[Corrected] = (),
    *,
    is_preview: bool = False,
) -> dict[str, Value]:
    """Return the context of `posts/article.html` for a post of posts/views/article_queries.py.

    A preview has the article's own address.
    """
    path = post.get_absolute_url()
    url = f"{settings.SITE_URL}{path}"
    body = post.body_html if post.cover else first_at_once(post.body_html)
    author, cover = post.author, post.cover
    share_picture = absolute_url(share_image.address(post, topics[0].name if topics else ""))
    # A correction is an update, whose day is not said twice.
    is_told = corrections and post.revised_at and _is_day_of(corrections[-1].at, post.revised_at)
    revised = day(post.revised_at, "dt-updated") if post.was_revised and not is_told else ""
    context: dict[str, Value] = {
        PATH: path,
        "canonical_url": url,
        "title": post.title,
        "is_long": len(post.title) > LONG_TITLE,
        "search_title": post.search_title or post.title,
        "summary": post.summary,
        "topics": _topics(topics),
        "published": day(post.published_at, "dt-published"),
        "revised": revised,
        "corrected": _corrected(corrections, "" if revised else "dt-updated"),
        "corrections": _corrections(corrections),
        "minutes": str(post.reading_minutes),
        "author": author.name,
        "author_url": author.get_absolute_url(),
        "role": author.role,
        "bio": mark_safe(linebreaks(author.bio, autoescape=True)) if author.bio else "",  # noqa: S308  (linebreaks escapes)
        "photo": "",
        "about_photo": "",
        "cover": "",
        "caption": "",
        "credit": "",
        "contents": contents(body),
        "body": body,
        # The address of a draft leads nowhere yet.
        "code": "" if is_preview else code(url),
        "related": mark_safe("".join(one.card for one in related)),  # noqa: S308  (cards are safe)
        "share_url": quote(url, safe=""),
        "share_title": quote(post.title, safe=""),
        "share_summary": quote(post.summary, safe=""),
        "share_picture": share_picture,
        "linked_data": ""
        if is_preview
        else (linked_data.of_article(post, topics, share_picture, corrections)),
        "metadata": _metadata(post, topics, corrections),
        "is_preview": is_preview,
    }
    if author.photo:
        context["photo"] = markup(
            author.photo, places.PORTRAIT, css="byline__photo u-photo", eager=True
        )
        context["about_photo"] = markup(author.photo, places.PORTRAIT, css="about__photo")
    if cover:
        context["cover"] = markup(
            cover, places.COVER, alt=post.cover_alt, css="u-featured", first=True
        )
        context["caption"], context["credit"] = post.cover_caption, post.cover_credit
    shown = {one.pk for one in related}
    for name in ("older", "newer"):
        link = getattr(post, name)
        # What "Connecting the dots" offers is not offered again below it.
        link = None if link and link["pk"] in shown else link
        context[name] = link["title"] if link else ""
        context[f"{name}_url"] = address("posts:article", link["slug"]) if link else ""
    return context


@lru_cache(maxsize=1_000)
def code(url: str) -> SafeString:
    """Return an address as a QR code in SVG, for the printed page.

    It is a part of the page: as a file, it would be fetched for every reader on a screen, too.
    Making one takes as long as the rest of the page, so the last ones are cached.

    It is one line that runs to and fro through all rows, and whose dashes are the dark cells: four
    fifths of the bytes of a path with a piece for each of them.
    """
    # M: readable with up to 15 % of it damaged.
    rows = [bytes(row) for row in segno.make_qr(url, error="m").matrix]
    size = len(rows)
    # Between two rows is one step outside of the picture.
    cells = b"\0".join(row[::-1] if odd % 2 else row for odd, row in enumerate(rows))
    dashes = " ".join(str(len(list(run))) for _, run in groupby(cells))
    line = f"M0 .5{f'h{size}v1h-{size}v1' * (size // 2)}h{size}"
    return mark_safe(  # noqa: S308  (made of numbers)
        f'<svg viewBox="0 0 {size} {size}" class="on-paper__code">'
        f'<path stroke="#000" stroke-dasharray="{dashes}" d="{line}"/></svg>'
    )


def _topics(topics: Sequence[Topic]) -> SafeString:
    items = [
        f'<li><a class="tags__link p-category" href="{topic.url}">{escape(topic.name)}</a></li>'
        for topic in topics
    ]
    return mark_safe("".join(items))  # noqa: S308  (each name is escaped)


def _is_day_of(one: datetime, other: datetime) -> bool:
    return timezone.localdate(one) == timezone.localdate(other)


def _corrected(corrections: Sequence[Corrected], css: str) -> SafeString | str:
    return day(corrections[-1].at, css) if corrections else ""


def _corrections(corrections: Sequence[Corrected]) -> SafeString:
    items = [f"<p>{day(one.at)}: {escape(one.text)}</p>" for one in corrections]
    return mark_safe("".join(items))  # noqa: S308  (each text is escaped)


def _metadata(post: Post, topics: Sequence[Topic], corrections: Sequence[Corrected]) -> SafeString:
    """Return the properties of an article in the Open Graph (https://ogp.me/#type_article)."""
    modified = linked_data.modified(post, corrections)
    moments = {"published_time": post.published_at, "modified_time": modified}
    found = [
        (name, timezone.localtime(moment).isoformat(timespec="seconds"))
        for name, moment in moments.items()
        if moment
    ]
    found.append(("author", f"{settings.SITE_URL}{post.author.get_absolute_url()}"))
    found += [("tag", topic.name) for topic in topics]
    return mark_safe(  # noqa: S308  (each value is escaped)
        "".join(
            f'<meta property="article:{name}" content="{escape(value)}">' for name, value in found
        )
    )
