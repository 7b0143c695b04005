"""The data that describes a page to search engines, in schema.org's vocabulary (JSON-LD 1.1).

It says only what the page itself shows, and every address is absolute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from alarmroom.facts import facts
from alarmroom.site_url import absolute_url
from posts.models import Author, Post, Tag

Data = dict[str, Any]

# Inside <script> only "<" could end the element or begin a comment (HTML 13.2.5.4). ">" and "&"
# are escaped for programs that parse it as XML, and the line separators because they end a string
# in older JavaScript.
_NEEDS_ESCAPE = re.compile("[<>&\u2028\u2029]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def script(*things: Data) -> SafeString:
    """Return a data block. It is not executed, so a CSP without inline scripts allows it."""
    data: Data = {"@context": "https://schema.org"}
    data |= things[0] if len(things) == 1 else {"@graph": list(things)}
    text = _NEEDS_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", _encode(data))
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308  (every < is escaped in it)


def publisher() -> Data:
    now = facts()
    return _publisher(settings.SITE_URL, now.name, tuple(now.profiles))


@lru_cache(maxsize=2)
def _publisher(site: str, name: str, profiles: tuple[str, ...]) -> Data:
    return {
        "@type": "Organization",
        "@id": absolute_url("/#publisher"),
        "name": name,
        "url": absolute_url("/"),
        "logo": {
            "@type": "ImageObject",
            "url": absolute_url(static("img/touch-icon.png")),
            "width": 180,
            "height": 180,
        },
        **({"sameAs": list(profiles)} if profiles else {}),
    }


def website() -> Data:
    """The publication, and how to search it."""
    return {
        "@type": "WebSite",
        "@id": absolute_url("/#website"),
        "name": facts().name,
        "url": absolute_url("/"),
        "inLanguage": "en-US",
        "publisher": {"@id": absolute_url("/#publisher")},
        "potentialAction": {
            "@type": "SearchAction",
            "target": {
                "@type": "EntryPoint",
                "urlTemplate": f"{absolute_url(reverse('posts:search'))}?q={{search_term_string}}",
            },
            "query-input": "required name=search_term_string",
        },
    }


def person(author: Author) -> Data:
    url = absolute_url(author.get_absolute_url())
    data: Data = {"@type": "Person", "@id": f"{url}#person", "name": author.name, "url": url}
    if author.role:
        data["jobTitle"] = author.role
    if author.photo:
        data["image"] = absolute_url(author.photo.file.url)
    return data


def modified(post: Post, corrections: Sequence[tuple[datetime, str]]) -> datetime | None:
    """Return when readers were last told of a change, a correction of the same day included."""
    moments = [post.modified_at, *(at for at, _ in corrections)]
    return max((at for at in moments if at), default=None)


def article(
    post: Post,
    topics: Sequence[tuple[str, str]],
    picture: str,
    corrections: Sequence[tuple[datetime, str]] = (),
) -> Data:
    """A published article, its author and publisher included; `picture` is for sharing it."""
    url = absolute_url(post.get_absolute_url())
    data: Data = {
        "@type": "Article",
        "@id": f"{url}#article",
        "headline": post.title,
        "description": post.summary,
        "url": url,
        "mainEntityOfPage": url,
        "image": [picture],
        "author": person(post.author),
        "publisher": publisher(),
        "timeRequired": f"PT{post.reading_minutes}M",
        "inLanguage": "en-US",
        "isAccessibleForFree": True,
    }
    moments = {"datePublished": post.published_at, "dateModified": modified(post, corrections)}
    data |= {name: at.isoformat(timespec="seconds") for name, at in moments.items() if at}
    if post.cover:
        data["image"].insert(0, absolute_url(post.cover.file.url))
    if topics:
        names = [name for name, _ in topics]
        data["articleSection"], data["keywords"] = names[0], names
    if corrections:
        data["correction"] = [
            {
                "@type": "CorrectionComment",
                "text": text,
                "datePublished": at.isoformat(timespec="seconds"),
            }
            for at, text in corrections
        ]
    return data


def breadcrumbs(*steps: tuple[str, str]) -> Data:
    """The path from the front page to a page: `steps` are names and paths after the front page."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": absolute_url(path)}
            for number, (name, path) in enumerate([(facts().name, "/"), *steps], start=1)
        ],
    }


def of_front() -> SafeString:
    return script(website(), publisher())


def of_article(
    post: Post,
    topics: Sequence[tuple[str, str]],
    picture: str,
    corrections: Sequence[tuple[datetime, str]] = (),
) -> SafeString:
    """Return the data of an article; `picture` is the whole address of its picture for sharing."""
    way = topics[:1]
    return script(
        article(post, topics, picture, corrections),
        breadcrumbs(*way, (post.title, post.get_absolute_url())),
    )


def of_tag(tag: Tag) -> SafeString:
    url = absolute_url(tag.get_absolute_url())
    collection: Data = {
        "@type": "CollectionPage",
        "@id": url,
        "name": tag.name,
        "url": url,
        "isPartOf": {"@id": absolute_url("/#website")},
    }
    if tag.description:
        collection["description"] = tag.description
    return script(collection, breadcrumbs((tag.name, tag.get_absolute_url())))


def of_author(author: Author) -> SafeString:
    page: Data = {
        "@type": "ProfilePage",
        "@id": absolute_url(author.get_absolute_url()),
        "mainEntity": person(author),
    }
    return script(page, breadcrumbs((author.name, author.get_absolute_url())))
