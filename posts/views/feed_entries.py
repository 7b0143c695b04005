"""What an article is in a feed: its id, its dates, its full text and its picture."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

from django.conf import settings
from django.utils import feedgenerator, timezone
from django.utils.formats import date_format

from alarmroom.characters import without_controls
from posts.models import Post
from posts.models.image import Image
from posts.pictures.renditions import stem
from posts.text.body import standalone
from posts.text.outgoing_links import whole_picture_url, whole_url
from posts.text.own_links import Goal

PICTURE_WIDTH = 1200  # px, at most
# The date of a feed without articles: Atom requires one.
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
# A link or a picture in clean HTML: attributes in double quotes.
_LINKED = re.compile(r'<(a|img)((?: [^\s="<>]+="[^"]*")+)')
_ATTRIBUTE = re.compile(r' ([^\s="<>]+)="([^"]*)"')


def entry(
    post: Post, images: dict[str, Image], addresses: Mapping[Goal, str] | None = None
) -> dict[str, Any]:
    """Return what Django's `add_item()` takes for a post, and what our formats add to it.

    The post comes with its author, their photo, its cover, its tags and its corrections. `images`
    are our own among the pictures of its text, `addresses` those of its numbered links.
    """
    published_at = post.published_at or NEVER  # Never that: these posts are published.
    url = site(post.get_absolute_url())
    author = post.author
    picture = Picture.of(post)
    return {
        "title": plain(post.title),
        "link": url,
        "description": plain(post.summary),
        "unique_id": entry_id(post),
        "unique_id_is_permalink": False,
        "author_name": plain(author.name),
        "author_link": site(author.get_absolute_url()),
        "author_photo": site(author.photo.file.url) if author.photo else None,
        "pubdate": published_at,
        "updateddate": revised(post, published_at),
        "categories": [plain(tag.name) for tag in post.topics()],
        "enclosures": [picture.enclosure()] if picture else [],
        "picture": picture,
        "full_text": full_text(post, url, picture, images, addresses),
    }


def revised(post: Post, published_at: datetime) -> datetime:
    """Return when an editor last told readers of a change (RFC 4287 4.2.15 asks no more).

    Feed readers may show an article with a new date as unread, so small corrections change none.
    """
    return max(published_at, post.revised_at or published_at)


def entry_id(post: Post) -> str:
    """Return the permanent id of a post; it does not depend on the slug (RFC 4151)."""
    return f"tag:{settings.SITE_HOST},{post.created_at.astimezone(UTC):%Y-%m-%d}:post/{post.pk}"


def full_text(
    post: Post,
    url: str,
    picture: Picture | None,
    images: dict[str, Image],
    addresses: Mapping[Goal, str] | None = None,
) -> str:
    """Return the whole article as HTML: the cover first, and no relative address.

    `images` are our own among its pictures. The links of its footnotes lead to the page.
    """
    body = without_controls(post.body)
    text = standalone(body, images, width=PICTURE_WIDTH, addresses=addresses)
    text = absolute(text, url) + _corrections(post)
    if not picture:
        return text
    about = " ".join(filter(None, [post.cover_caption, post.cover_credit]))
    caption = f"<figcaption>{escape(plain(about), quote=False)}</figcaption>" if about else ""
    return (
        f'<figure><img src="{escape(picture.url)}" alt="{escape(picture.alt)}" '
        f'width="{picture.width}" height="{picture.height}">{caption}</figure>\n{text}'
    )


def _corrections(post: Post) -> str:
    """Return what readers are told of corrections."""
    told = [one for one in post.corrections.all() if one.taken_back_at is None]
    return "".join(
        f"\n<p><strong>Correction, {date_format(timezone.localtime(one.at), 'F j, Y')}:</strong> "
        f"{escape(plain(one.text), quote=False)}</p>"
        for one in sorted(told, key=lambda one: (one.at, one.pk))
    )


def absolute(html: str, base: str) -> str:
    """Return HTML of the allowlist in which every link and picture has a whole address.

    Of a link that leads nowhere, or has a scheme that is not allowed, only the words stay.
    """

    def whole(tag: re.Match[str]) -> str:
        made = f"<{tag[1]}"
        for name, value in _ATTRIBUTE.findall(tag[2]):
            if name in {"href", "src"}:
                to = whole_url if name == "href" else whole_picture_url
                address = to(unescape(value), base)
                if address is None:
                    continue
                value = escape(address)
            made += f' {name}="{value}"'
        return made

    return _LINKED.sub(whole, html)


def plain(text: str) -> str:
    """Return text in one line, without characters that XML does not allow."""
    return " ".join(without_controls(text).split())


def site(path: str) -> str:
    """Return the absolute address of a path. One that is absolute stays (pictures on a CDN)."""
    return whole_url(path, f"{settings.SITE_URL}/") or settings.SITE_URL


@dataclass(frozen=True)
class Picture:
    """A post's cover, as a feed names it."""

    url: str
    mime_type: str
    bytes: int
    width: int
    height: int
    alt: str
    credit: str

    @classmethod
    def of(cls, post: Post) -> Picture | None:
        cover: Image | None = post.cover
        if cover is None:
            return None
        url, width, size = copy_of(cover)
        return cls(
            url=site(url),
            mime_type=mimetypes.guess_type(url)[0] or "image/jpeg",
            bytes=size,
            width=width,
            height=max(1, round(cover.height * width / cover.width)),
            alt=plain(post.cover_alt),
            credit=plain(post.cover_credit),
        )

    def enclosure(self) -> feedgenerator.Enclosure:
        return feedgenerator.Enclosure(self.url, str(self.bytes), self.mime_type)


def copy_of(image: Image) -> tuple[str, int, int]:
    """Return the address, width and bytes of a copy that is large enough for a feed reader.

    While there are no copies, that of the picture itself. Bytes are 0 if its file is missing.
    """
    record = image.renditions
    if not record:
        try:
            return image.file.url, image.width, image.file.size
        except OSError:
            return image.file.url, image.width, 0  # In RSS, 0 has to mean "not known".
    kind = "jpg" if "jpg" in record else "png"  # Not every reader knows AVIF and WebP.
    widths: list[int] = record["widths"]
    width = max((each for each in widths if each <= PICTURE_WIDTH), default=widths[0])
    name = f"{stem(image, record['recipe'])}-{width}.{kind}"
    return image.file.storage.url(name), width, record[kind][widths.index(width)]
