"""The newest articles for feed readers, in full: Atom 1.0, RSS 2.0 and JSON Feed 1.1.

Django's feed generators write the XML; what they leave out (full text, pictures, a channel's
picture) and JSON Feed are added here. `feed()` says once what an article is in a feed.
"""

from __future__ import annotations

import json
import mimetypes
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from io import BytesIO
from typing import IO, Any
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import feedgenerator
from django.utils.feedgenerator import rfc3339_date
from django.utils.xmlutils import SimplerXMLGenerator

from alarmroom import kept
from alarmroom.methods import require_safe
from posts import freshness
from posts.models import Author, Post, PostQuerySet, Tag
from posts.models.addresses import find_or_moved
from posts.models.body import images_in
from posts.models.image import Image
from posts.pictures.renditions import stem
from posts.text.body import alone
from posts.text.markup import characters
from posts.text.outgoing_links import whole_picture_url, whole_url

NEWEST = 20
PICTURE_WIDTH = 1200  # px, at most
SITE_NAME = "The Alarm Room"
SITE_DESCRIPTION = "A publication for 911 dispatchers and the people who train and lead them."
# The date of a feed without articles: Atom requires one.
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
# A link or a picture as posts/text/html.py writes it: attributes in double quotes.
_LINKED = re.compile(r'<(a|img)((?: [^\s="<>]+="[^"]*")+)')
_ATTRIBUTE = re.compile(r' ([^\s="<>]+)="([^"]*)"')


# What a feed is about


@dataclass(frozen=True)
class About:
    """What the articles of a feed have in common."""

    title: str
    text: str
    name: str
    """Its permanent name: `site`, `tag/7`, `author/3`."""
    path: str
    """Of the page that shows the same articles."""
    feeds: str
    """The path under which its feeds stand; their file names follow."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are dropped when the feed changes (posts/freshness.py)."""
        kind, _, pk = self.name.partition("/")
        return (f"feed-{kind}-{pk}",) if pk else ("feeds",)


def about_site() -> About:
    return About(
        SITE_NAME, SITE_DESCRIPTION, "site", reverse("posts:front"), reverse("posts:feeds")
    )


def about_tag(tag: Tag) -> About:
    text = tag.description or f"Articles on {tag.name} in {SITE_NAME}."
    path = tag.get_absolute_url()
    return About(f"{tag.name} · {SITE_NAME}", text, f"tag/{tag.pk}", path, path)


def about_author(author: Author) -> About:
    text = f"Articles by {author.name} in {SITE_NAME}."
    path = author.get_absolute_url()
    return About(f"{author.name} · {SITE_NAME}", text, f"author/{author.pk}", path, path)


# The views


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The page that says what feeds are, with the addresses of all of them."""
    context = {"tags": Tag.objects.in_use(), "authors": writers()}
    response = render(request, "posts/feeds.html", context)
    return kept.keep(response, "tags", "feeds", *kept.EVERY_PAGE, until=freshness.next_moment)


def writers() -> QuerySet[Author]:
    """The authors who have a published article."""
    return Author.objects.filter(pk__in=Post.objects.published().values("author"))


@require_safe
def site_feed(request: HttpRequest, file_name: str) -> HttpResponse:
    return respond(about_site(), Post.objects.published(), file_name)


@require_safe
def tag_feed(request: HttpRequest, slug: str, file_name: str) -> HttpResponse:
    tag = find_or_moved(request, Tag.objects.all(), slug)
    if isinstance(tag, HttpResponse):
        return tag
    return respond(about_tag(tag), Post.objects.published().filter(tags=tag), file_name)


@require_safe
def author_feed(request: HttpRequest, slug: str, file_name: str) -> HttpResponse:
    author = find_or_moved(request, Author.objects.all(), slug)
    if isinstance(author, HttpResponse):
        return author
    posts = Post.objects.published().filter(author=author)
    return respond(about_author(author), posts, file_name)


def respond(about: About, posts: PostQuerySet, file_name: str) -> HttpResponse:
    """Return the newest of the posts as a feed. Raises Http404 for an unknown file name.

    alarmroom/kept/ answers with 304 by the ETag alone. There is no Last-Modified: no date changes
    when an article is withdrawn or a topic renamed.
    """
    if file_name not in FORMATS:
        raise Http404
    newest = posts.newest_first().select_related("author__photo", "cover").defer("body_served")
    made = feed(about, list(newest.prefetch_related("tags")[:NEWEST]), file_name)
    out = BytesIO()
    made.write(out, "utf-8")
    response = HttpResponse(out.getvalue(), content_type=made.content_type)
    return kept.keep(response, *about.keys, until=freshness.next_moment)


# What is in a feed


def feed(about: About, posts: list[Post], file_name: str) -> ArticleFeed:
    """Return the feed of these posts, which come with author, photo, cover and tags."""
    made = FORMATS[file_name](
        title=plain(about.title),
        link=site(about.path),
        description=plain(about.text),
        subtitle=plain(about.text),
        language="en-us",
        feed_url=site(about.feeds + file_name),
        feed_guid=f"tag:{settings.SITE_HOST},2026:{about.name}",
        icon=site(static("img/touch-icon.png")),
        favicon=site(static("img/favicon.png")),
    )
    images = images_in("".join([post.body for post in posts]))
    for post in posts:
        published_at = post.published_at or NEVER  # Never that: these posts are published.
        url = site(post.get_absolute_url())
        author = post.author
        picture = Picture.of(post)
        made.add_item(
            title=plain(post.title),
            link=url,
            description=plain(post.summary),
            unique_id=entry_id(post),
            unique_id_is_permalink=False,
            author_name=plain(author.name),
            author_link=site(author.get_absolute_url()),
            author_photo=site(author.photo.file.url) if author.photo else None,
            pubdate=published_at,
            updateddate=revised(post, published_at),
            categories=[plain(tag.name) for tag in post.tags.all()],
            enclosures=[picture.enclosure()] if picture else [],
            picture=picture,
            full_text=full_text(post, url, picture, images),
        )
    return made


def revised(post: Post, published_at: datetime) -> datetime:
    """Return when readers were last told of a change (RFC 4287 4.2.15 asks no more).

    A reader's program may show an article as unread again for it: no corrected comma does.
    """
    return max(published_at, post.revised_at or published_at)


def entry_id(post: Post) -> str:
    """Return the permanent id of a post; it does not depend on the slug (RFC 4151)."""
    return f"tag:{settings.SITE_HOST},{post.created_at.astimezone(UTC):%Y-%m-%d}:post/{post.pk}"


def full_text(post: Post, url: str, picture: Picture | None, images: dict[str, Image]) -> str:
    """Return the article as HTML that stands by itself: the cover first, no relative address.

    `images` are our own among its pictures. The links of its footnotes lead to the page.
    """
    text = absolute(alone(characters(post.body), images, width=PICTURE_WIDTH), url)
    if not picture:
        return text
    about = " ".join(filter(None, [post.cover_caption, post.cover_credit]))
    caption = f"<figcaption>{escape(plain(about), quote=False)}</figcaption>" if about else ""
    return (
        f'<figure><img src="{escape(picture.url)}" alt="{escape(picture.alt)}" '
        f'width="{picture.width}" height="{picture.height}">{caption}</figure>\n{text}'
    )


def absolute(html: str, base: str) -> str:
    """Return HTML of the allowlist in which every link and picture has a whole address.

    A link that leads nowhere, or to a scheme that readers must not follow, keeps its words alone.
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
    """Return text in one line, without what cannot stand in XML."""
    return " ".join(characters(text).split())


def site(path: str) -> str:
    """Return the whole address of a path, or of what is one already (pictures on a CDN)."""
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

    Of the picture itself while its copies are being made. Bytes are 0 if nobody knows.
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


# The formats


class ArticleFeed(feedgenerator.SyndicationFeed):
    """What the three formats have in common."""

    content_type: str

    def latest_post_date(self) -> datetime:
        """Return the date of the newest entry; Django would say 'now' for an empty feed."""
        return max((item["updateddate"] for item in self.items), default=NEVER)


def add_media(handler: SimplerXMLGenerator, picture: Picture) -> None:
    """Write the picture in the words of Media RSS, which Atom may use, too."""
    attributes = {
        "url": picture.url,
        "type": picture.mime_type,
        "medium": "image",
        "width": str(picture.width),
        "height": str(picture.height),
        **({"fileSize": str(picture.bytes)} if picture.bytes else {}),
    }
    handler.startElement("media:content", AttributesImpl(attributes))
    if picture.alt:
        handler.addQuickElement("media:description", picture.alt, {"type": "plain"})
    if picture.credit:
        handler.addQuickElement("media:credit", picture.credit)
    handler.addQuickElement("media:thumbnail", attrs={"url": picture.url})
    handler.endElement("media:content")


MEDIA = {"xmlns:media": "http://search.yahoo.com/mrss/"}


def as_html(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item whose summary is HTML, as both XML formats say that it is."""
    return {**item, "description": escape(item["description"], quote=False)}


class Atom(ArticleFeed, feedgenerator.Atom1Feed):
    """Atom 1.0 (RFC 4287) with the full text as its content."""

    content_type = "application/atom+xml; charset=utf-8"

    def root_attributes(self) -> dict[str, str]:
        return {**super().root_attributes(), **MEDIA}

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        handler.addQuickElement("icon", self.feed["favicon"])
        handler.addQuickElement("logo", self.feed["icon"])

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, as_html(item))
        handler.addQuickElement(
            "content", item["full_text"], {"type": "html", "xml:base": item["link"]}
        )
        if item["picture"]:
            add_media(handler, item["picture"])


class RSS(ArticleFeed, feedgenerator.Rss201rev2Feed):
    """RSS 2.0 with the full text in content:encoded, as the RSS Advisory Board has it."""

    content_type = "application/rss+xml; charset=utf-8"

    def rss_attributes(self) -> dict[str, str]:
        return {
            **super().rss_attributes(),
            **MEDIA,
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
        }

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        handler.startElement("image", AttributesImpl({}))
        handler.addQuickElement("url", self.feed["icon"])
        # The title and the link of the channel, as the specification asks.
        handler.addQuickElement("title", self.feed["title"])
        handler.addQuickElement("link", self.feed["link"])
        handler.addQuickElement("width", "144")
        handler.addQuickElement("height", "144")
        handler.endElement("image")

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, as_html(item))
        handler.addQuickElement("atom:updated", rfc3339_date(item["updateddate"]))
        handler.addQuickElement("content:encoded", item["full_text"])
        if item["picture"]:
            add_media(handler, item["picture"])


class JSONFeed(ArticleFeed):
    """JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

    content_type = "application/feed+json; charset=utf-8"

    def write(self, outfile: IO[bytes], encoding: str) -> None:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.feed["title"],
            "home_page_url": self.feed["link"],
            "feed_url": self.feed["feed_url"],
            "description": self.feed["description"],
            "icon": self.feed["icon"],
            "favicon": self.feed["favicon"],
            "language": "en-US",
            "items": [self.item(item) for item in self.items],
        }
        outfile.write(json.dumps(feed, ensure_ascii=False, indent=1).encode(encoding))

    @staticmethod
    def item(item: dict[str, Any]) -> dict[str, Any]:
        author = {"name": item["author_name"], "url": item["author_link"]}
        if item["author_photo"]:
            author["avatar"] = item["author_photo"]
        made = {
            "id": item["unique_id"],
            "url": item["link"],
            "title": item["title"],
            "summary": item["description"],
            "content_html": item["full_text"],
            "date_published": rfc3339_date(item["pubdate"]),
            "date_modified": rfc3339_date(item["updateddate"]),
            "authors": [author],
            "tags": list(item["categories"]),
        }
        if picture := item["picture"]:
            made |= {"image": picture.url, "banner_image": picture.url}
        return made


FORMATS: dict[str, type[ArticleFeed]] = {
    "atom.xml": Atom,
    "rss.xml": RSS,
    "feed.json": JSONFeed,
}
