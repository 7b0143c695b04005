"""The editors' guide on the desk: docs/editors-guide.md, a chapter a page, beside what it explains.

A model admin names its chapters in `guide`, by the page that they explain:
`guide = {"changelist": "articles", "": "write"}`; "" stands for all of its other pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image

from alarmroom.environment import BASE_DIR
from alarmroom.methods import require_safe

GUIDE = BASE_DIR / "docs" / "editors-guide.md"
PICTURES = BASE_DIR / "docs" / "guide"
FIRST = "start"
# The desk's own pages, and the chapter of each.
OWN_PAGES = {
    **dict.fromkeys(("bin", "bin_empty", "bin_delete"), "the-bin"),
    **dict.fromkeys(
        ("signing_in", "second_factor_set_up", "passkey_add", "recovery_codes"), "signing-in"
    ),
    **dict.fromkeys(("index", "find"), "find-your-way"),
    "log": "who-did-what",
    "left_behind": "people",
}
# The pages that every versioned model has.
SHARED_PAGES = {"history": "history", "compare": "history"}


@dataclass(frozen=True)
class Chapter:
    """A part of the guide, under a heading of the second level."""

    key: str
    name: str
    html: SafeString
    sections: frozenset[str]
    """The ids of its headings of the third level."""

    @property
    def url(self) -> str:
        return reverse("admin:guide", args=[self.key])


def chapters() -> dict[str, Chapter]:
    """Return the chapters by their keys, in the guide's order; read again when the file changes."""
    return _read(GUIDE.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(version: int) -> dict[str, Chapter]:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    parts = dict(_parts(markdown.parse(GUIDE.read_text("utf-8"))))
    places = {key: key for key in parts}
    for key, (_, inside) in parts.items():
        places.update(dict.fromkeys(_name_sections(inside), key))
    return {
        key: Chapter(
            key,
            name,
            # Our own file, and no HTML in it is let through.
            mark_safe(_render(inside, places)),  # noqa: S308  (our own guide)
            frozenset(section for section, home in places.items() if home == key != section),
        )
        for key, (name, inside) in parts.items()
    }


def _parts(tokens: list[Token]) -> Iterator[tuple[str, tuple[str, list[Token]]]]:
    """Yield key, name and tokens of each chapter; what stands before the first is the start."""
    starts = [at for at, token in enumerate(tokens) if token.type == "heading_open"]
    chapters = [at for at in starts if tokens[at].tag in {"h1", "h2"}]
    for at, following in zip(chapters, [*chapters[1:], len(tokens)], strict=True):
        name = tokens[at + 1].content
        key = FIRST if tokens[at].tag == "h1" else slugify(name)
        yield key, (name, tokens[at + 3 : following])


def _name_sections(tokens: list[Token]) -> Iterator[str]:
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            section = slugify(tokens[at + 1].content)
            token.attrSet("id", section)
            yield section


def _render(tokens: list[Token], places: dict[str, str]) -> str:
    for token in tokens:
        for part in token.children or []:
            if part.type == "image":
                _place_picture(part)
            elif part.type == "link_open":
                part.attrSet("href", _address(str(part.attrGet("href")), places))
    markdown = MarkdownIt("commonmark", {"html": False})
    html = str(markdown.renderer.render(tokens, markdown.options, {}))
    # A wide table moves in its own box, which the keyboard reaches.
    return html.replace("<table>", '<div class="guide__table" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )


def _address(href: str, places: dict[str, str]) -> str:
    """Return where a link of the guide leads on the desk: "#bin" becomes its chapter's page."""
    target = href.removeprefix("#")
    if target == href or target not in places:
        return href
    page = reverse("admin:guide", args=[places[target]])
    return page if places[target] == target else f"{page}#{target}"


def _place_picture(token: Token) -> None:
    name = Path(str(token.attrGet("src"))).name
    with Image.open(PICTURES / name) as picture:
        width, height = picture.size
    token.attrs = {
        "src": reverse("admin:guide_picture", args=[name]),
        "alt": "",
        "width": width,
        "height": height,
        "loading": "lazy",
    }


def urls(site: admin.AdminSite) -> list[URLPattern]:
    @require_safe
    def page(request: HttpRequest, key: str = FIRST) -> HttpResponse:
        found = chapters()
        if key not in found:
            raise Http404
        keys = list(found)
        at = keys.index(key)
        context = {
            **site.each_context(request),
            "title": found[key].name,
            "chapter": found[key],
            "chapters": found.values(),
            "before": found[keys[at - 1]] if at else None,
            "after": found[keys[at + 1]] if at + 1 < len(keys) else None,
        }
        return TemplateResponse(request, "admin/guide/chapter.html", context)

    return [
        path("guide/", site.admin_view(page), name="guide_start"),
        path("guide/pictures/<str:name>", site.admin_view(picture), name="guide_picture"),
        path("guide/<slug:key>/", site.admin_view(page), name="guide"),
    ]


@require_safe
def picture(request: HttpRequest, name: str) -> FileResponse:
    """Return a screenshot of the guide; 404 for any other name."""
    if name not in {each.name for each in PICTURES.glob("*.webp")}:
        raise Http404
    return FileResponse((PICTURES / name).open("rb"), content_type="image/webp")


def chapter_of(site: admin.AdminSite, request: HttpRequest) -> str:
    """Return the key of the chapter that explains the page of this request."""
    view = request.resolver_match.url_name if request.resolver_match else None
    if not view:
        return FIRST
    return OWN_PAGES.get(view) or _named_by_admin(site, view) or FIRST


def _named_by_admin(site: admin.AdminSite, view: str) -> str:
    for model, model_admin in site._registry.items():
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        if view.startswith(prefix):
            named: dict[str, str] = getattr(model_admin, "guide", {})
            page = view.removeprefix(prefix)
            return named.get(page) or SHARED_PAGES.get(page) or named.get("", "")
    return ""


def all_named(site: admin.AdminSite) -> set[str]:
    """Return every chapter that a page of the desk names."""
    found: set[str] = {FIRST, *OWN_PAGES.values(), *SHARED_PAGES.values()}
    for model_admin in site._registry.values():
        named: dict[str, Any] = getattr(model_admin, "guide", {})
        found.update(named.values())
    return found
