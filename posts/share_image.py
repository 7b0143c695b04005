"""The picture that is shown with a shared link: the title, 1200 by 630 pixels.

It is drawn at the first request and stored under a hash of everything that it shows. So a changed
title makes a new picture, and the old one of that post is deleted.
"""

import contextlib
import hashlib
import io
import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from alarmroom.images import flatten
from alarmroom.methods import require_safe
from posts import models
from posts.models import Post
from posts.models.addresses import find_or_moved
from posts.models.image import Image

# The answer to a request for an older version: the picture of today, which may be cached briefly.
FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=3600"

logger = logging.getLogger(__name__)

WIDTH, HEIGHT = 1200, 630
# To be raised after a change of the drawing, so that all pictures are drawn again.
DESIGN = 1

PARTS = Path(__file__).resolve().parent / "share"
MARGIN = 76
# Where the title may stand: below the topic, above the name of the publication.
TITLE_TOP, TITLE_BOTTOM = 140, 488
SIZES = (108, 96, 84, 78, 72, 66, 60, 54, 48, 42, 36, 32)
LEADING = 1.14

# The dark colours of static/css/site/tokens.css.
NIGHT = (18, 27, 42)
INK = (244, 239, 230)
SOFT = (179, 188, 203)
RULE = (52, 67, 91)
AMBER = (240, 164, 94)
LAMP = (229, 57, 45)

# The tape of templates/_tape.html: nine, one, one.
STROKES = (*range(0, 54, 6), 63)
LAST_STROKE = 78


@require_safe
def view(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture of a published article; its address carries the version as `v`."""
    posts = Post.objects.published().select_related("author", "cover").with_topic()
    post = find_or_moved(request, posts.defer("body", "body_served"), slug)
    if isinstance(post, HttpResponse):
        return post
    now = version(post, post.topic)
    response = HttpResponse(content_type="image/jpeg")
    response["ETag"] = f'"{now}"'
    response["Cache-Control"] = FOR_EVER if request.GET.get("v") == now else FOR_NOW
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # It is made for other sites.
    known = get_conditional_response(request, etag=response["ETag"], response=response)
    if known and known.status_code == 304:
        return known
    response.content = share_image(post)
    return response


def version(post: Post, topic: str) -> str:
    """Return a hash of everything that the post's picture shows (12 hex digits)."""
    shown = [str(DESIGN), post.title, post.author.name, topic]
    if cover := post.cover:
        shown += [cover.sha256, str(cover.focal_x), str(cover.focal_y)]
    return hashlib.sha256("\0".join(shown).encode()).hexdigest()[:12]


def address(post: Post, topic: str) -> str:
    """Return the path of the post's picture, which changes when the picture does.

    `topic` is the name of the post's first topic, or empty.
    """
    return f"{models.address('posts:share-image', post.slug)}?v={version(post, topic)}"


def share_image(post: Post) -> bytes:
    """Return the post's picture as a JPEG, drawn if it is not there yet."""
    folder, name = f"share/{post.pk}", f"{version(post, post.topic)}.jpg"
    path = f"{folder}/{name}"
    try:
        with default_storage.open(path) as file:
            return bytes(file.read())
    except OSError:
        content = draw(post.title, post.topic, post.author.name, post.cover)
    # With a full disk it is not stored, and is drawn again for the next request.
    with contextlib.suppress(OSError):
        for former in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{former}")
    try:
        default_storage.save(path, ContentFile(content))
    except OSError:
        logger.exception("The picture for sharing %s could not be kept", post.slug)
    return content


def draw(title: str, topic: str, author: str, cover: Image | None) -> bytes:
    """Return the picture's bytes. Characters that the typeface lacks are left out."""
    canvas = ground(cover)
    pen = ImageDraw.Draw(canvas)
    if topic := legible(topic):
        text = fitted(topic.upper(), 28, WIDTH - 2 * MARGIN, spacing=3)
        spaced(pen, (MARGIN, 76), text, 28, AMBER, spacing=3)
    lines, size = set_in_type(legible(title))
    top = TITLE_TOP if topic else TITLE_TOP - 60
    for number, line in enumerate(lines):
        pen.text((MARGIN, top + round(number * size * LEADING)), line, INK, face(size))
    if lines:
        sign(canvas, pen, legible(author))
    else:
        # A title in a script that the typeface lacks: the name of the publication instead.
        name = wordmark(2)
        canvas.paste(name, ((WIDTH - name.width) // 2, (HEIGHT - name.height) // 2), name)
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=86, optimize=True, progressive=True)
    return out.getvalue()


def sign(canvas: Pillow.Image, pen: ImageDraw.ImageDraw, author: str) -> None:
    """Draw the names of the publication and the author at the foot."""
    pen.rectangle((MARGIN, 520, WIDTH - MARGIN, 521), fill=RULE)
    pen.rectangle((MARGIN, 519, MARGIN + 72, 522), fill=LAMP)
    name = wordmark(1)
    canvas.paste(name, (MARGIN, 556), name)
    if author:
        text = fitted(author, 28, WIDTH - 3 * MARGIN - name.width)
        pen.text((WIDTH - MARGIN, 556 + name.height), text, SOFT, face(28), anchor="rs")


def ground(cover: Image | None) -> Pillow.Image:
    """Return the background: the darkened cover, or stripes on dark."""
    if cover:
        try:
            with cover.file.open() as file, Pillow.open(file) as opened:
                whole = flatten(opened if opened.mode in {"RGB", "RGBA"} else opened.convert("RGB"))
                at = (cover.focal_x / 100, cover.focal_y / 100)
                picture = ImageOps.fit(whole, (WIDTH, HEIGHT), centering=at)
        except (OSError, UnidentifiedImageError, Pillow.DecompressionBombError):
            logger.warning("The cover %s cannot be read", cover.file.name)
        else:
            night = Pillow.new("RGB", (WIDTH, HEIGHT), NIGHT)
            return Pillow.composite(night, picture, shade(picture))
    canvas = Pillow.new("RGB", (WIDTH, HEIGHT), NIGHT)
    pen = ImageDraw.Draw(canvas)
    for stroke in STROKES:
        pen.rectangle((640 + stroke * 7, 0, 640 + stroke * 7 + 13, HEIGHT), fill=(24, 35, 53))
    left = 640 + LAST_STROKE * 7 - 30
    pen.rectangle((left, 0, left + 13, HEIGHT), fill=(58, 30, 40))
    return canvas


def shade(picture: Pillow.Image) -> Pillow.Image:
    """Return a mask that darkens a cover: least at the right edge, most at the bottom.

    It is strong enough for a contrast of 6 to 1 with the words (WCAG asks for 3), so a dark cover
    gets less of it.
    """
    histogram = picture.convert("L").histogram()
    bright, seen = 255, 0
    while bright and seen < WIDTH * HEIGHT // 20:  # The brightest twentieth does not count.
        seen += histogram[bright]
        bright -= 1
    least = min(170, max(90, round(255 * (1 - 78 / max(bright, 1)))))
    across = Pillow.linear_gradient("L").rotate(90).resize((WIDTH, HEIGHT))
    down = Pillow.linear_gradient("L").resize((WIDTH, HEIGHT))
    return Pillow.blend(across, down, 0.45).point(lambda value: least + value * 75 // 255)


def set_in_type(title: str) -> tuple[list[str], int]:
    """Return the title's lines and their size in pixels; a title too long ends in an ellipsis."""
    width = WIDTH - 2 * MARGIN
    for size in SIZES:
        lines = wrapped(title, size, width)
        if len(lines) * size * LEADING <= TITLE_BOTTOM - TITLE_TOP:
            return balanced(title, size, width, len(lines)), size
    most = int((TITLE_BOTTOM - TITLE_TOP) / (size * LEADING))
    return [*lines[: most - 1], fitted(" ".join(lines[most - 1 :]), size, width)], size


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Return the text in lines no wider than that; only a word too long for one is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if face(size).getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = broken(word, size, width)
        lines += whole
    return [*lines, line] if line else lines


def broken(word: str, size: int, width: int) -> Iterator[str]:
    """Yield a word in pieces that fit; the last one may go on."""
    piece = ""
    for character in word:
        if piece and face(size).getlength(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def balanced(text: str, size: int, width: int, count: int) -> list[str]:
    """Return the text in this many lines, as equal in length as possible."""
    low, high = width // 3, width
    while high - low > 8:
        middle = (low + high) // 2
        low, high = (low, middle) if len(wrapped(text, size, middle)) <= count else (middle, high)
    return wrapped(text, size, high)


def fitted(text: str, size: int, width: int, *, spacing: int = 0) -> str:
    """Return the text, cut off with an ellipsis where it is wider than that."""

    def fits(text: str) -> bool:
        return face(size).getlength(text) + spacing * len(text) <= width

    if fits(text):
        return text
    while text and not fits(f"{text}…"):
        text = text[:-1]
    return f"{text.rstrip(' ,.;:')}…"


def spaced(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    colour: tuple[int, int, int],
    *,
    spacing: int,
) -> None:
    """Draw capitals with extra space between them."""
    x: float = at[0]
    for character in text:
        pen.text((x, at[1]), character, colour, face(size))
        x += face(size).getlength(character) + spacing


def legible(text: str) -> str:
    """Return the characters of a text that the typeface has, in one line.

    Empty if they are too few: a part of a title in another script would make no sense.
    """
    shown = "".join(character if has_glyph(character) else " " for character in text)
    wanted = sum(character.isalnum() for character in text)
    left = sum(character.isalnum() for character in shown)
    return " ".join(shown.split()) if left * 2 >= wanted else ""


@lru_cache(maxsize=4096)
def has_glyph(character: str) -> bool:
    """Return whether the typeface draws a character as itself and not as an empty box."""
    if character.isspace():
        return True
    if not character.isprintable():
        return False
    mask, missing = face(32).getmask(character), face(32).getmask("\U0010fffd")
    return mask.size != missing.size or bytes(mask) != bytes(missing)


@lru_cache(maxsize=len(SIZES) + 2)
def face(size: int) -> ImageFont.FreeTypeFont:
    """Return Charis SIL Bold, Charter's free descendant, in that many pixels."""
    return ImageFont.truetype(PARTS / "CharisSIL-Bold.ttf", size)


@lru_cache(maxsize=2)
def wordmark(scale: int) -> Pillow.Image:
    """Return the publication's name as static/img/wordmark.svg draws it, in light ink."""
    with Pillow.open(PARTS / "wordmark.png") as opened:
        size = (415 * scale, 32 * scale)
        return opened.convert("RGBA").resize(size, Pillow.Resampling.LANCZOS)
