"""An issue's articles and corrections as a mail shows them: plain text, absolute links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from alarmroom import mail_text
from alarmroom.facts import facts
from newsletter import corrections
from newsletter.mail import text
from newsletter.mail.errors import RenderError
from newsletter.models import Issue, IssuePost
from posts.models import Correction, Post
from posts.pictures.renditions import PictureMissing, rendition
from posts.text.outgoing_links import whole_url

# The column of text, and the pixels of its pictures on a screen of twice the density.
PICTURE_WIDTH = 552
PICTURE_PIXELS = 2 * PICTURE_WIDTH


@dataclass(frozen=True)
class Cover:
    """An article's picture: a copy for the mail, and the picture itself for the web edition."""

    url: str
    whole_url: str
    width: int
    alt: str


@dataclass(frozen=True)
class Article:
    """An article as an issue shows it: plain text and absolute links."""

    number: int
    title: str
    title_as_text: str
    url: str
    path: str
    author: str
    minutes: int
    blurb: list[str]
    blurb_as_text: str
    cover: Cover | None


@dataclass(frozen=True)
class Told:
    """A correction as an issue tells it: plain text and an absolute link."""

    title: str
    title_as_text: str
    url: str
    path: str
    at: datetime
    text: str
    text_as_text: str


def articles(issue: Issue, warnings: list[str]) -> list[Article]:
    return [article(row, number, warnings) for number, row in enumerate(rows(issue), start=1)]


def rows(issue: Issue) -> QuerySet[IssuePost]:
    """The issue's articles in order, without their long texts."""
    rows = issue.issue_posts.select_related("post__author", "post__cover")
    return rows.defer("post__body", "post__body_served").order_by("position", "pk")


def _columns(row: Model) -> list[str]:
    return [field.attname for field in row._meta.concrete_fields]


def article(row: IssuePost, number: int, warnings: list[str]) -> Article:
    post = row.post
    if not post.is_published:
        warnings.append(f"“{post.title}” is not published yet: its link leads nowhere.")
    title = mail_text.one_line(post.title)
    path = post.get_absolute_url()
    blurb = text.paragraphs(row.blurb) or text.paragraphs(post.summary)
    return Article(
        number=number,
        title=title,
        title_as_text=mail_text.wrap(title, first=f"{number}. ", rest=" " * len(f"{number}. ")),
        url=site(path),
        path=path,
        author=mail_text.one_line(post.author.name),
        minutes=post.reading_minutes,
        blurb=blurb,
        blurb_as_text="\n\n".join(mail_text.wrap(part) for part in blurb),
        cover=_cover(post),
    )


def _cover(post: Post) -> Cover | None:
    if post.cover is None:
        return None
    try:
        picture = rendition(post.cover, PICTURE_PIXELS)
    except PictureMissing as error:
        raise RenderError(
            f"The cover of “{post.title}” is missing from the storage. "
            "Choose another one, or upload it again."
        ) from error
    if not re.search(r"\.(jpe?g|png|gif)$", picture.url.partition("?")[0].lower()):
        raise RenderError(f"The cover of “{post.title}” is no JPEG, PNG or GIF: upload it again.")
    return Cover(
        url=site(picture.url),
        whole_url=post.cover.file.url,
        width=min(PICTURE_WIDTH, picture.width),
        alt=mail_text.one_line(post.cover_alt),
    )


def told_in(issue: Issue) -> list[Told]:
    """Return the corrections that an issue tells now. One query."""
    return [_told(correction) for correction in corrections.told_by(issue)]


def _told(correction: Correction) -> Told:
    path = correction.post.get_absolute_url()
    title, words = mail_text.one_line(correction.post.title), mail_text.one_line(correction.text)
    return Told(
        title=title,
        title_as_text=mail_text.wrap(title),
        url=site(path),
        path=path,
        at=timezone.localtime(correction.at),
        text=words,
        text_as_text=mail_text.wrap(words),
    )


def source(issue: Issue) -> tuple[object, ...]:
    """Return what render() reads of the database, to see whether it is still the same.

    The issue's own texts are those of the instance.
    """
    texts = (issue.number, issue.subject, issue.preheader, issue.intro, issue.started_at)
    read: list[object] = []
    for row in rows(issue):
        for found in (row, row.post, row.post.author, row.post.cover):
            read.append(found and {name: found.__dict__.get(name) for name in _columns(found)})
    # The names and the postal address stand in the mail, too.
    return (*texts, read, told_in(issue), facts())


def site(path: str) -> str:
    """Return an address of the site, or of a storage that is elsewhere, in full.

    Raises RenderError.
    """
    url = whole_url(path, f"{settings.SITE_URL}/")
    if url is None:
        raise RenderError(f"The address {path} cannot stand in a mail.")
    return url
