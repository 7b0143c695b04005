"""Makes the objects of the tests. A test passes only the fields that it is about."""

import io
from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Pillow

from alarmroom.images import encode
from newsletter.models import Issue, IssuePost
from posts import copying
from posts.models import Author, Page, Post, RelatedPost, Tag
from posts.models.image import Image
from subscribers.models import Resource, Subscriber, Suppression

_number = count(1)


def make_author(**fields: Any) -> Author:
    return Author.objects.create(**{"name": f"Author {next(_number)}", **fields})


def make_tag(name: str = "", **fields: Any) -> Tag:
    return Tag.objects.create(name=name or f"Tag {next(_number)}", **fields)


def make_post(*, tags: list[Tag] | None = None, **fields: Any) -> Post:
    """A post published an hour ago; `published_at=None` makes a draft."""
    number = next(_number)
    defaults = {
        "title": f"Post {number}",
        "summary": f"What post {number} says.",
        "body": "<p>Answer the call.</p>",
        "published_at": timezone.now() - timedelta(hours=1),
        **fields,
    }
    if "author" not in defaults:
        defaults["author"] = Author.objects.first() or make_author()
    post = Post.objects.create(**defaults)
    if tags:
        post.tags.set(tags)
    return post


def make_subscriber(address: str = "", **fields: Any) -> Subscriber:
    """A confirmed subscriber."""
    return Subscriber.objects.create(
        **{
            "address": address or f"reader{next(_number)}@example.org",
            "state": Subscriber.State.CONFIRMED,
            "confirmed_at": timezone.now(),
            **fields,
        }
    )


def make_suppression(address: str, reason: str = Suppression.Reason.COMPLAINT) -> Suppression:
    return Suppression.objects.create(address=address, reason=reason)


def make_issue(*, posts: list[Post] | None = None, **fields: Any) -> Issue:
    """A draft issue, of one published post unless told otherwise."""
    issue = Issue.objects.create(**{"subject": "The week on the floor", **fields})
    for position, post in enumerate([make_post()] if posts is None else posts, start=1):
        IssuePost.objects.create(issue=issue, post=post, position=position)
    return issue


def make_image(width: int = 60, height: int = 40, *, mode: str = "RGB") -> Image:
    """A stored picture, a different one each time; `mode="RGBA"` makes a see-through PNG."""
    number = next(_number)
    colour = (*distinct_colour(number), 90)
    picture = Pillow.new(mode, (width, height), colour[: len(mode)])
    return Image.keep(encode(picture), title=f"Picture {number}")


def distinct_colour(number: int) -> tuple[int, int, int]:
    """Return a colour that differs much from the colours of the numbers before and after.

    Two similar colours give the same JPEG, and so the same image.
    """
    mixed = number * 0x9E3779 % 0x1000000
    return mixed >> 16, mixed >> 8 & 0xFF, mixed & 0xFF


def make_pending(address: str = "", **fields: Any) -> Subscriber:
    """Somebody who signed up and has not confirmed."""
    return make_subscriber(
        address, **{"state": Subscriber.State.PENDING, "confirmed_at": None, **fields}
    )


def make_resource(
    title: str = "", content: bytes = b"%PDF-1.4 checklist", **fields: Any
) -> Resource:
    """A free resource with a small file in the private storage."""
    number = next(_number)
    defaults = {
        "title": title or f"Resource {number}",
        "description": f"What resource {number} is for.",
        "file": ContentFile(content, name="checklist.pdf"),
        **fields,
    }
    return Resource.objects.create(**defaults)


def connect(post: Post, *others: Post) -> None:
    """Pick the others as the post's related posts, in this order."""
    for position, other in enumerate(others, start=1):
        RelatedPost.objects.create(post=post, related=other, position=position)


def make_editor(*permissions: str, **fields: Any) -> User:
    """A staff account with these permissions ("posts.add_image"), or a superuser."""
    defaults = {
        "username": f"editor{next(_number)}",
        "is_staff": True,
        "is_superuser": not permissions,
        **fields,
    }
    user = User.objects.create(**defaults)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


def picture_file(
    width: int = 60,
    height: int = 40,
    *,
    mode: str = "RGB",
    kind: str = "PNG",
    colour: Any = None,
    name: str = "console.png",
    extra: bytes = b"",
    **options: Any,
) -> SimpleUploadedFile:
    """A picture as a browser sends it; `extra` bytes are appended to the file."""
    if colour is None:
        number = next(_number)
        colour = distinct_colour(number) if mode == "RGB" else number * 53 % 250
    out = io.BytesIO()
    Pillow.new(mode, (width, height), colour).save(out, kind, **options)
    return SimpleUploadedFile(name, out.getvalue() + extra)


def make_page(title: str = "", **fields: Any) -> Page:
    """A page about the publication, linked to in the footer."""
    number = next(_number)
    defaults = {"title": title or f"Page {number}", "body": "<p>Who we are.</p>", **fields}
    return Page.objects.create(**defaults)


def with_copies(image: Image) -> Image:
    """The picture, once a worker has made its copies."""
    assert copying.make(image.pk)
    image.refresh_from_db()
    return image
