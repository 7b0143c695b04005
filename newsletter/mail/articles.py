"""An issue's articles and corrections as a mail shows them: plain text, absolute links."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Model, Prefetch, QuerySet
from django.utils import timezone

from alarmroom import mail_text
from alarmroom.facts import facts
from newsletter import corrections
from newsletter.mail import text
from newsletter.mail.errors import RenderError
from newsletter.models import Issue, IssuePost
from posts.models import Correction, Post
from posts.models.image import Image
from posts.pictures.renditions import PictureMissing, rendition
from posts.text.outgoing_links import whole_url

# The widths of the first article's picture and of the two after it. Their copies have twice as many
# pixels, for screens of twice the density. The articles after them are text.
WHOLE, HALF = 552, 264
HALVES = range(2, 4)
HALF_SHAPE = 16 / 9
# A higher picture would fill the screen of a phone, and the title would be below it.
HIGHEST_SHAPE = 4 / 3
# What is before a title's colon must be at least so long to stand for the title.
SHORTEST_TITLE = 12


@dataclass(frozen=True)
class Cover:
    """An article's picture: a copy for the mail, and the picture itself for the web edition."""

    url: str
    """Empty for an article without a picture in the mail."""
    whole_url: str
    width: int
    """In the mail, in CSS pixels."""
    alt: str


@dataclass(frozen=True)
class Article:
    """An article as an issue shows it: plain text and absolute links."""

    pk: int | None
    number: int
    title: str
    short_title: str
    title_as_text: str
    url: str
    path: str
    topic: str
    author: str
    minutes: int
    blurb: list[str]
    blurb_as_text: str
    cover: Cover | None


@dataclass(frozen=True)
class Told:
    """A correction as an issue tells it: plain text and an absolute link."""

    post: int
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
    """The issue's articles in order, without their long texts. Two queries."""
    posts = Post.objects.with_topic().select_related("author", "cover")
    posts = posts.defer("body", "body_served")
    return issue.issue_posts.order_by("position", "pk").prefetch_related(Prefetch("post", posts))


def article(row: IssuePost, number: int, warnings: list[str], *, alone: bool = False) -> Article:
    """Return an article as it stands at this number, or as the only one of an issue.

    Adds to `warnings`. Raises RenderError.
    """
    post = row.post
    if not post.is_published:
        warnings.append(f"“{post.title}” is not published yet: its link leads nowhere.")
    title = mail_text.one_line(post.title)
    path = post.get_absolute_url()
    blurb = text.paragraphs(row.blurb) or text.paragraphs(post.summary)
    return Article(
        pk=post.pk,
        number=number,
        title=title,
        short_title=short(title),
        title_as_text=mail_text.wrap(title, first=f"{number}. ", rest=" " * len(f"{number}. ")),
        url=site(path),
        path=path,
        # One that was never saved has no topics yet.
        topic=mail_text.one_line(post.topic) if post.pk else "",
        author=mail_text.one_line(post.author.name),
        minutes=post.reading_minutes,
        blurb=blurb,
        blurb_as_text="\n\n".join(mail_text.wrap(part) for part in blurb),
        cover=_cover(post, 1 if alone else number),
    )


def short(title: str) -> str:
    """Return a title without what follows its colon, where that leaves enough of it."""
    before = title.partition(": ")[0].rstrip()
    return before if len(before) >= SHORTEST_TITLE else title


def _cover(post: Post, number: int) -> Cover | None:
    if post.cover is None:
        return None
    url, width = "", 0
    if number == 1 or number in HALVES:
        wanted = HALF if number in HALVES else WHOLE
        shape = HALF_SHAPE if number in HALVES else _lower(post.cover)
        try:
            picture = rendition(post.cover, 2 * wanted, shape)
        except PictureMissing as error:
            raise _missing(post) from error
        if not re.search(r"\.(jpe?g|png|gif)$", picture.url.partition("?")[0].lower()):
            raise RenderError(
                f"The cover of “{post.title}” is no JPEG, PNG or GIF: upload it again."
            )
        url, width = site(picture.url), min(wanted, picture.width)
    elif not post.cover.file.storage.exists(str(post.cover.file.name)):
        # The web edition shows it.
        raise _missing(post)
    alt = mail_text.one_line(post.cover_alt)
    return Cover(url=url, whole_url=post.cover.file.url, width=width, alt=alt)


def _lower(cover: Image) -> float:
    """Return the shape to cut a high picture to; 0 for the others."""
    return HIGHEST_SHAPE if cover.width / cover.height < HIGHEST_SHAPE else 0


def _missing(post: Post) -> RenderError:
    return RenderError(
        f"The cover of “{post.title}” is missing from the storage. "
        "Choose another one, or upload it again."
    )


def layout(shown: list[Article]) -> dict[str, object]:
    """Return the places of an issue's articles, for its templates.

    The first one leads. The second stands alone if there is no third, and else beside it; the rest
    is text. Where one of two that share a row has no picture, neither has.
    """
    lead, others = shown[:1], shown[1:]
    places: dict[str, object] = {"articles": shown, "lead": lead[0] if lead else None}
    if len(others) >= 2:
        pair, others = others[:2], others[2:]
        if not all(each.cover for each in pair):
            pair = [replace(each, cover=None) for each in pair]
        places["pair"] = pair
    elif others and others[0].cover:
        places["second"], others = others[0], []
    # Below halves of a row is room already.
    halves_last = len(places) > 2 and not others
    return {**places, "rest": others, "after": "4px" if halves_last else "28px"}


def told_in(issue: Issue) -> list[Told]:
    """Return the corrections that an issue tells now. One query."""
    return [_told(correction) for correction in corrections.told_by(issue)]


def _told(correction: Correction) -> Told:
    path = correction.post.get_absolute_url()
    title, words = mail_text.one_line(correction.post.title), mail_text.one_line(correction.text)
    return Told(
        post=correction.post_id,
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
    texts = (issue.number, issue.subject, issue.preheader, issue.intro, issue.count_clicks)
    read: list[object] = []
    for row in rows(issue):
        for found in (row, row.post, row.post.author, row.post.cover):
            read.append(found and {name: found.__dict__.get(name) for name in _columns(found)})
        read.append(row.post.topic)
    # The names and the postal address stand in the mail, too.
    return (*texts, issue.started_at, read, told_in(issue), facts())


def _columns(row: Model) -> list[str]:
    return [field.attname for field in row._meta.concrete_fields]


def site(path: str) -> str:
    """Return an address of the site, or of a storage that is elsewhere, in full.

    Raises RenderError.
    """
    url = whole_url(path, f"{settings.SITE_URL}/")
    if url is None:
        raise RenderError(f"The address {path} cannot stand in a mail.")
    return url
