"""Embedded things and pictures of a foreign text: they become links, or their loss is counted."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qs, unquote, urlsplit

from posts.text.foreign_links import is_admin
from posts.text.links import safe_url
from posts.text.losses import Losses
from posts.text.tree import COUNTED, EMBEDS, TEXT_BLOCKS, Element

_SHOWN = frozenset({"img", "table", "pre", "a"})
_NOT_A_PICTURE = re.compile(r"\.(?:emf|wmf)(?:[?#]|$)", re.IGNORECASE)


def web_address(address: str) -> str:
    """Return an address that a reader can follow, or an empty string."""
    address = "".join((safe_url(address) or "").split())
    if address.startswith("//"):
        address = f"https:{address}"
    if address.startswith("/"):
        return "" if is_admin(address) else address
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme.lower() in {"http", "https"} and parts.netloc else ""


def film_address(address: str) -> str:
    """Return the page of a film whose player was embedded."""
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.strip("/").split("/")
    if host in {"youtube.com", "youtube-nocookie.com"} and len(path) == 2 and path[0] == "embed":
        if path[1] != "videoseries":
            return f"https://www.youtube.com/watch?v={path[1]}"
        series = parse_qs(parts.query).get("list", [""])[0]
        return f"https://www.youtube.com/playlist?list={series}" if series else address
    if host == "player.vimeo.com" and len(path) == 2 and path[0] == "video":
        return f"https://vimeo.com/{path[1]}"
    return address


def _is_film(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host.endswith(("youtube.com", "vimeo.com", "youtu.be", "dailymotion.com"))


def _source(element: Element) -> str:
    """Return the address of an embedded thing, its own or that of what stands in it."""
    for one in (element, *element.walk()):
        if one.name in EMBEDS or one.name == "source":
            address = web_address(one.attributes.get("src") or one.attributes.get("data") or "")
            if address:
                return film_address(address)
    return ""


def translate_embeds(root: Element, losses: Losses) -> None:
    figures: dict[Element, tuple[list[Element], bool]] = {}
    for element in root.walk():
        if element.name in COUNTED:
            losses.add(COUNTED[element.name], element.attributes.get("title", ""))
            element.take_away()
            continue
        if element.name not in EMBEDS:
            continue
        address = _source(element)
        words = element.attributes.get("title") or element.attributes.get("aria-label") or ""
        figure = next((one for one in element.ancestors() if one.name == "figure"), None)
        if figure is not None:
            if figure not in figures:
                inside = list(figure.walk())
                captions = [one for one in inside if one.name == "figcaption"]
                figures[figure] = captions, any(one.name == "img" for one in inside)
            captions, has_picture = figures[figure]
            words = " ".join(caption.words() for caption in captions) or words
            # Once: with every thing in the figure, a caption would be as long as both multiplied.
            figures[figure] = [], has_picture
            if not has_picture:
                # The caption's words become the link's, so no caption is left.
                figure.unwrap()
                for caption in captions:
                    caption.take_away()
        words = " ".join(words.split()) or address.partition("//")[2] or address
        film = element.name == "video" or _is_film(address)
        kind = "sound" if element.name == "audio" else "film" if film else "embed"
        losses.add(kind if address else "lost", words)
        element.take_away()
        if not address:
            # The words in it stay: they are shown where the thing itself cannot be.
            element.children = [escape(words, quote=False)] if figure else []
        else:
            _become_link(element, address, words)


def _become_link(element: Element, address: str, words: str) -> None:
    around = {one.name for one in element.ancestors()}
    element.attributes = {}
    if "a" in around:
        element.children = [escape(words, quote=False)]
        return
    link = Element("a", element, {"href": address})
    link.children = [escape(words, quote=False)]
    element.children = [link]
    if not around & TEXT_BLOCKS:
        element.name = "p"


def drop_missing_pictures(root: Element, losses: Losses, *, short: bool) -> None:
    left: dict[Element, int] = {}  # How many things a figure shows, besides its caption.
    for image in root.walk():
        if image.name != "img":
            continue
        source = "".join(image.attributes.get("src", "").split())
        scheme = source.partition(":")[0].lower() if ":" in source else ""
        known = scheme in {"", "http", "https"} and not _NOT_A_PICTURE.search(source)
        if source and known and not short:
            continue
        named = "" if scheme in {"data", "blob", "cid"} else unquote(re.split(r"[/\\]", source)[-1])
        name = image.attributes.get("alt", "").strip() or named
        figure = next((one for one in image.ancestors() if one.name == "figure"), None)
        if figure is not None and figure not in left:
            left[figure] = sum(one.name in _SHOWN for one in figure.walk())
        image.take_away()
        if figure is not None:
            left[figure] -= 1
            if not left[figure]:
                # A caption without a picture means nothing.
                name = figure.words() or name
                figure.take_away()
        losses.add("picture", name)
