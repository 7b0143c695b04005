"""The three formats of a feed: Atom 1.0, RSS 2.0 and JSON Feed 1.1.

Django's feed generators write the XML. What they leave out (full text, pictures, a channel's
picture) and JSON Feed are added here. Each takes the same entries (posts/views/feed_entries.py).
"""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import IO, Any
from xml.sax.xmlreader import AttributesImpl

from django.utils import feedgenerator
from django.utils.feedgenerator import rfc3339_date
from django.utils.xmlutils import SimplerXMLGenerator

from posts.views.feed_entries import NEVER, Picture


class ArticleFeed(feedgenerator.SyndicationFeed):
    """The base of the three formats."""

    content_type: str

    def latest_post_date(self) -> datetime:
        """Return the date of the newest entry; Django would say 'now' for an empty feed."""
        return max((item["updateddate"] for item in self.items), default=NEVER)


def add_media(handler: SimplerXMLGenerator, picture: Picture) -> None:
    """Write the picture as elements of Media RSS, which Atom may contain, too."""
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
    """Return an item with its summary escaped as HTML: both XML formats declare it to be HTML."""
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
        # The specification wants the title and the link of the channel here.
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
