"""Loads the demo: creates what is missing, and does not change what exists."""

import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from alarmroom.images import MAX_SIDE, SMALL_SIDE, Picture, clean_picture
from newsletter import preflight
from newsletter.mail import rendering as mail
from newsletter.models import Content, Issue, IssuePost
from posts.models import Author, Post, RelatedPost, Tag
from posts.models.image import Image
from subscribers.models import Resource

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
DOCUMENTS = HERE / "documents"


@dataclass
class Summary:
    """How many objects of each kind one load created; empty if none was missing."""

    created: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str) -> None:
        self.created[kind] = self.created.get(kind, 0) + 1

    def __str__(self) -> str:
        if not self.created:
            return "The demo is already there; nothing was changed."
        counts = ", ".join(f"{count} {kind}" for kind, count in self.created.items())
        return f"Created {counts}."


@cache
def content() -> dict[str, Any]:
    """Return content.toml: authors, tags, resources and issues."""
    return tomllib.loads((HERE / "content.toml").read_text("utf-8"))


@cache
def articles() -> list[dict[str, Any]]:
    """Return each article's front matter, with its HTML as `body`; the oldest first."""
    found = []
    for path in sorted((HERE / "articles").glob("*.html")):
        _, front, body = path.read_text("utf-8").split("+++\n", 2)
        found.append({**tomllib.loads(front), "body": body.strip()})
    return sorted(found, key=lambda article: -article["days_ago"])


def load() -> Summary:
    """Create the missing parts of the demo, by slug and number; never overwrite anything.

    Nobody is mailed: the sent issues are rendered and stored as every issue is, but they have no
    deliveries.
    """
    summary = Summary()
    missing = Missing.find()
    # Decoding and encoding pictures takes seconds, so it is done before the transaction.
    pictures = missing.pictures()
    with transaction.atomic():
        for row in missing.authors:
            photo = Image.keep(pictures[row["picture"]], title=f"Portrait of {row['name']}")
            Author.objects.create(**_fields(row), photo=photo)
            summary.add("authors")
        for row in missing.tags:
            Tag.objects.create(**row)
            summary.add("topics")
        for article in missing.articles:
            _create_post(article, pictures[article["cover"]["picture"]])
            summary.add("articles")
        # Only now do all articles exist to which the new ones may refer.
        for article in missing.articles:
            _relate(article)
        for row in missing.resources:
            _create_resource(row, pictures[row["picture"]])
            summary.add("resources")
        for row in missing.issues:
            _create_issue(row)
            summary.add("issues")
    return summary


@dataclass
class Missing:
    """The parts of the demo that are not in the database."""

    authors: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    articles: list[dict[str, Any]]
    resources: list[dict[str, Any]]
    issues: list[dict[str, Any]]

    @classmethod
    def find(cls) -> "Missing":
        def without(rows: list[dict[str, Any]], key: str, known: Any) -> list[dict[str, Any]]:
            there = set(known.values_list(key, flat=True))
            return [row for row in rows if row[key] not in there]

        names = set(Tag.objects.values_list("name", flat=True))
        tags = without(content()["tags"], "slug", Tag.objects)
        return cls(
            authors=without(content()["authors"], "slug", Author.objects),
            # A topic's name is unique too: if an editor has made one of that name, it is used.
            tags=[tag for tag in tags if tag["name"] not in names],
            articles=without(articles(), "slug", Post.objects),
            resources=without(content()["resources"], "slug", Resource.objects),
            issues=without(content()["issues"], "number", Issue.objects),
        )

    def pictures(self) -> dict[str, Picture]:
        """Return the pictures that are needed, cleaned as an upload is, by name."""
        names = {row["picture"]: MAX_SIDE for row in self.authors}
        names |= {row["cover"]["picture"]: MAX_SIDE for row in self.articles}
        names |= {row["picture"]: SMALL_SIDE for row in self.resources}
        # Pillow releases the GIL while it works, so threads use every core.
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            return dict(zip(names, pool.map(_picture, names, names.values()), strict=True))


def _picture(name: str, max_side: int) -> Picture:
    with (PICTURES / f"{name}.jpg").open("rb") as file:
        return clean_picture(File(file), max_side=max_side)


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of content.toml without the name of its picture."""
    return {name: value for name, value in row.items() if name != "picture"}


def _days_ago(days: int, hour: int) -> datetime:
    """Return the full hour of the day that many days ago, in the site's time zone."""
    day = timezone.localtime() - timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def _create_post(article: dict[str, Any], picture: Picture) -> None:
    cover = article["cover"]
    post = Post.objects.create(
        title=article["title"],
        slug=article["slug"],
        summary=article["summary"],
        body=article["body"],
        author=Author.objects.get(slug=article["author"]),
        cover=Image.keep(picture, title=article["title"]),
        cover_alt=cover["alt"],
        cover_caption=cover["caption"],
        cover_credit=cover["credit"],
        published_at=_days_ago(article["days_ago"], 9),
    )
    tags = {tag.slug: tag for tag in Tag.objects.filter(slug__in=article["tags"])}
    post.tags.set(tags.values())
    post.first_topic = tags.get(article["tags"][0])
    post.save(update_fields=["first_topic"])


def _relate(article: dict[str, Any]) -> None:
    post = Post.objects.get(slug=article["slug"])
    for position, slug in enumerate(article["related"], start=1):
        related = Post.objects.get(slug=slug)
        RelatedPost.objects.create(post=post, related=related, position=position)


def _create_resource(row: dict[str, Any], picture: Picture) -> None:
    document = (DOCUMENTS / f"{row['slug']}.pdf").read_bytes()
    resource = Resource(**_fields(row), position=Resource.objects.count() + 1)
    resource.cover.save(f"{row['slug']}.jpg", picture.content, save=False)
    resource.file.save(f"{row['slug']}.pdf", ContentFile(document), save=False)
    resource.save()


def _create_issue(row: dict[str, Any]) -> None:
    issue = Issue.objects.create(
        number=row["number"],
        subject=row["subject"],
        preheader=row["preheader"],
        intro=row["intro"].strip(),
    )
    for position, entry in enumerate(row["posts"], start=1):
        IssuePost.objects.create(
            issue=issue,
            post=Post.objects.get(slug=entry["slug"]),
            position=position,
            blurb=entry.get("blurb", ""),
        )
    # If an editor has unpublished one of its articles, the issue stays a draft.
    if "sent_days_ago" in row and not preflight.problems(issue):
        _mark_sent_without_recipients(issue, _days_ago(row["sent_days_ago"], 11))


def _mark_sent_without_recipients(issue: Issue, when: datetime) -> None:
    """Store the finished issue as delivery.start does, but without deliveries, and mark it as sent.

    It does not call delivery.start, because that would mail readers who have already signed up.
    """
    issue.state = Issue.State.SENT
    issue.started_at = issue.sent_at = when
    issue.recipients = 0
    issue.save()
    rendered = mail.render(issue)
    Content.objects.create(
        issue=issue,
        mime=rendered.mime,
        sha256=rendered.sha256,
        web_html=rendered.web_html,
        text=rendered.text,
        frozen_at=when,
    )
