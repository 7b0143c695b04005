"""Lists every page type of a site with the demo.

`python -m audit.pages` runs in the audited installation. It adds the few rows that the demo does
not have, and prints the page types as JSON.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from posts.models.image import Image

ROOT = Path(__file__).resolve().parent.parent
# A body with every element that the allowlist allows (posts/text/html.py). Two pictures are
# filled in.
EVERYTHING = ROOT / "audit" / "everything.html"
EVERYTHING_PUBLISHED = datetime(2020, 3, 1, 12, tzinfo=UTC)
# Sizes in px that no picture of the demo has: a portrait, and a panorama.
TALL, LOW = (1200, 1800), (2400, 400)


@dataclass(frozen=True)
class PageType:
    """One kind of page, and an address that shows it."""

    name: str
    path: str
    status: int = 200
    indexed: bool = True
    """Whether search engines are meant to list it."""


def page_types(env: Mapping[str, str]) -> list[PageType]:
    """Return every page type of the installation with this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "audit.pages"],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "alarmroom.settings", **env},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"The page types could not be found:\n{done.stderr}")
    return [PageType(**found) for found in json.loads(done.stdout)]


def find() -> list[PageType]:
    """Return every page type of the installation that this process runs in."""
    from django.urls import reverse
    from django.utils import timezone
    from django.utils.html import escape

    from newsletter.models import Issue
    from posts.models import Page, Post, RelatedPost
    from subscribers.models import Subscriber

    posts = Post.objects.published().newest_first()
    ours = ("everything-for-the-audit", "shapes-for-the-audit", "withdrawn-for-the-audit")
    illustrated = (
        posts.filter(cover__isnull=False).exclude(slug__in=ours).select_related("author", "cover")
    )
    # The one with the longest text.
    post = max(illustrated, key=lambda post: len(post.body))
    withdrawn, _ = Post.objects.get_or_create(
        slug="withdrawn-for-the-audit",
        defaults={
            "title": "An article that was withdrawn",
            "summary": "It is not to be read any more.",
            "body": "<p>Nobody sees this.</p>",
            "author": post.author,
            "withdrawn_at": timezone.now(),
            "was_published_at": timezone.now(),
        },
    )
    authors = [other.author for other in illustrated]
    other_author = next((author for author in authors if author != post.author), post.author)
    pictures = [
        f'<img src="{other.cover.file.url}" alt="{escape(other.cover_alt)}">'
        for other in illustrated
    ]
    everything, is_new = Post.objects.get_or_create(
        slug="everything-for-the-audit",
        defaults={
            "title": "Everything that an article may hold: pictures, quotations, tables and notes",
            "summary": "A page for whoever looks after the type, and for the programs that do.",
            "body": EVERYTHING.read_text("utf-8").format(wide=pictures[0], picture=pictures[-1]),
            "author": post.author,
            "cover": post.cover,
            "cover_alt": post.cover_alt,
            "cover_caption": post.cover_caption,
            "cover_credit": post.cover_credit,
            # Older than all others, so that it does not appear on the other page types.
            "published_at": EVERYTHING_PUBLISHED,
            "revised_at": timezone.now(),
        },
    )
    if is_new:
        everything.tags.set(post.tags.all())
    tall, low = (_reshaped(post.cover, size) for size in (TALL, LOW))
    figure, wide, last = (
        f'<figure{kind}><img src="{picture.file.url}" alt="{escape(post.cover_alt)}">'
        "<figcaption>A part of the cover.</figcaption></figure>"
        for kind, picture in (("", tall), (' class="wide"', tall), (' class="wide"', low))
    )
    words = "<p>A picture may be higher than a screen, or hardly as high as a line is long.</p>"
    shapes, is_new = Post.objects.get_or_create(
        slug="shapes-for-the-audit",
        defaults={
            "title": "Pictures that are much higher than wide, or much wider than high",
            "summary": "Each of them is seen whole at a desk.",
            "body": f"{words}{figure}{words}{wide}{words}{last}{words}",
            "author": other_author,
            "cover": tall,
            "cover_alt": post.cover_alt,
            "cover_caption": post.cover_caption,
            "cover_credit": post.cover_credit,
            "published_at": EVERYTHING_PUBLISHED - timedelta(days=1),
        },
    )
    if is_new:
        # Two related articles share a row.
        for other in illustrated[:2]:
            RelatedPost.objects.create(post=shapes, related=other)
    people = {
        state: Subscriber.objects.get_or_create(
            address=f"{state}@audit.example", defaults={"state": state}
        )[0]
        for state in Subscriber.State.values
    }
    pending, confirmed = people["pending"], people["confirmed"]
    published_at = post.published_at
    assert published_at
    year = reverse("posts:year", args=[published_at.year])
    search = reverse("posts:search")
    # With a slip, so that the results are those of another spelling.
    author_slip = post.author.name.split()[-1][:-1]
    types = [
        PageType("front", reverse("posts:front")),
        PageType("article", post.get_absolute_url()),
        PageType("article, everything", everything.get_absolute_url()),
        PageType("article, tall", shapes.get_absolute_url()),
        PageType("topic", post.tags.all()[0].get_absolute_url()),
        PageType("author", post.author.get_absolute_url()),
        PageType("topics", reverse("posts:topics")),
        PageType("archive", reverse("posts:archive")),
        PageType("year", year),
        PageType("month", f"{year}{published_at:%m}/"),
        PageType("search, empty", search, indexed=False),
        PageType("search, results", f"{search}?q=dispatch", indexed=False),
        PageType("search, an author", f"{search}?q={quote(author_slip)}", indexed=False),
        PageType("search, nothing", f"{search}?q=zzzzqqqq", indexed=False),
        PageType("feeds", reverse("posts:feeds")),
        PageType("reading list", reverse("posts:saved"), indexed=False),
        *(
            PageType(f"page: {page.slug}", page.get_absolute_url())
            for page in Page.objects.order_by("slug")
        ),
        PageType("weekly alarm", reverse("newsletter:archive")),
        PageType("issue", Issue.objects.published().newest_first()[0].get_absolute_url()),
        PageType("subscribe", reverse("subscribers:subscribe")),
        PageType("check your mail", reverse("subscribers:check-mail"), indexed=False),
        PageType(
            "confirm", reverse("subscribers:confirm", args=[pending.confirm_key]), indexed=False
        ),
        PageType(
            "confirmed", reverse("subscribers:confirm", args=[confirmed.confirm_key]), indexed=False
        ),
        PageType(
            "unsubscribe", reverse("subscribers:unsubscribe", args=[confirmed.key]), indexed=False
        ),
        PageType(
            "unsubscribed",
            reverse("subscribers:unsubscribe", args=[people["unsubscribed"].key]),
            indexed=False,
        ),
        PageType(
            "dead link",
            reverse("subscribers:confirm", args=["x" * 24]),
            status=404,
            indexed=False,
        ),
        PageType("404", "/articles/the-quiet-dispatch-room/", status=404, indexed=False),
        PageType("410", withdrawn.get_absolute_url(), status=410, indexed=False),
    ]
    return types


def _reshaped(cover: Image, size: tuple[int, int]) -> Image:
    """Return the middle of a cover as a picture of this size, with its copies."""
    from django.core.files.base import ContentFile
    from PIL import Image as Pillow
    from PIL import ImageOps

    from alarmroom.images import clean_picture
    from posts import copying
    from posts.models.image import Image

    out = io.BytesIO()
    with cover.file.open() as file, Pillow.open(file) as picture:
        ImageOps.fit(picture.convert("RGB"), size).save(out, "JPEG")
    shape = "Tall" if size[0] < size[1] else "Wide"
    picture = clean_picture(ContentFile(out.getvalue(), "reshaped.jpg"))
    image = Image.keep(picture, title=f"{shape}: {cover.title}")
    # Not the middle: a picture that is shown whole must not be moved by its focal point.
    image.focal_x, image.focal_y = 20, 30
    image.save()

    copying.make(image.pk)
    image.refresh_from_db()
    return image


def main() -> None:
    import django

    django.setup()
    print(json.dumps([asdict(each) for each in find()]))


if __name__ == "__main__":
    main()
