"""Static files: ours are joined, and most of the editor's are left out.

The styles and scripts of public pages are written as small files and served as one style sheet
and one script (JOINED), so that a page needs two requests for them. The desk's style sheets are
joined too.

CKEditor has 1,250 files, and our pages use about a hundred of them. The others are left out in
production and in development, so that nothing works in development that production lacks.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Joined file -> the files of static/ that it consists of, in this order.
JOINED = {
    "css/site.css": [
        f"css/site/{name}.css"
        for name in (
            *("typeface", "tokens", "base", "layout", "components", "cards", "article", "signup"),
            *("prose", "narrow", "print"),
        )
    ],
    # What no article needs: an article must be small (tests/browser/test_pictures.py).
    "css/pages.css": [f"css/site/{name}.css" for name in ("lists", "front")],
    "css/desk.css": [
        f"css/desk/{name}.css"
        for name in (
            "tokens",
            "base",
            "bar",
            "home",
            "coming-up",
            "panels",
            "reads",
            "reports",
            "bin",
            "log",
            "sign-in",
            "focal-point",
            "forms",
            "plain-forms",
            "writing",
            "rail",
            "pickers",
            "chips",
            "rows",
            "header",
            "editor",
            "toolbar",
            "pasted",
            "ask",
            "saving",
            "history",
            "left-behind",
            "preview",
            "share",
            "review",
            "settings",
            "comments",
            "checks",
            "list",
            "list-rows",
            "bulk",
            "library",
            "uploads",
            "picture",
            "guide",
            "narrow",
        )
    ],
    "js/site.js": [
        f"js/{name}.js" for name in ("menu", "share", "contents", "boxes", "slash", "returning")
    ],
}
# This file defines JOINED, so a joined file is also made again when this file is newer.
THIS_FILE = "alarmroom/staticfiles.py"
# Where a line of a style sheet may be followed by the next one without a break.
_ENDS = ("{", "}", ";", ",", ":")
_COMMENT = {".css": re.compile(r"/\*.*?\*/\s*", re.DOTALL), ".js": re.compile(r"^ *//.*\n", re.M)}

EDITOR = ("ckeditor", "ckeditor")
# The loader and the files that it always loads; posts/text/editor.py sets skin and language.
EDITOR_FILES = frozenset({"ckeditor.js", "config.js", "contents.css", "styles.js", "LICENSE.md"})
EDITOR_PLUGINS = frozenset(
    {
        "a11yhelp",
        "clipboard",
        "copyformatting",
        "dialog",
        "find",
        "link",
        "liststyle",
        "magicline",
        "notification",
        "notificationaggregator",
        "pastefromgdocs",
        "pastefromlibreoffice",
        "pastefromword",
        "pastetools",
        "showblocks",
        "specialchar",
        "table",
        "tableselection",
        "tabletools",
        "uploadimage",
        "uploadwidget",
        "widget",
    }
)


def is_served(path: str) -> bool:
    """Return whether this file (a path below STATIC_URL) is served."""
    parts = PurePosixPath(path).parts
    if parts[0] == "django_otp_webauthn":
        return False  # Scripts of pages that are not used: ours is static/js/desk/passkey.js.
    if parts[0] != "ckeditor" or len(parts) == 2:
        return True
    if parts[:2] != EDITOR:
        return (
            False  # A gallery and icons for django-ckeditor's own upload pages, which are not used.
        )
    match parts[2:]:
        case [name]:
            return name in EDITOR_FILES
        case ["lang", name] | ["plugins", _, *_, "lang", name] if name != "en.js":
            return False
        case ["lang", _] | ["plugins", "icons.png" | "icons_hidpi.png"]:
            return True
        case ["skins", "moono-lisa", *_, name]:
            return "_ie" not in name
        case ["plugins", plugin, *_]:
            return plugin in EDITOR_PLUGINS
    return False


def needs_plain_name(path: str) -> bool:
    """Return whether the file keeps its name: CKEditor builds its address without a hash."""
    return PurePosixPath(path).parts[:2] == EDITOR and not path.endswith("/ckeditor.js")


class ServedFilesFinder(AppDirectoriesFinder):
    """The apps' static files without those that no page uses."""

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        finder: Any = super()
        return finder.find(path, find_all=find_all, **kwargs) if is_served(path) else []

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for path, storage in super().list(ignore_patterns):
            if is_served(path):
                yield path, storage


def joined(path: str) -> str:
    """Return the text of a file of JOINED, without comments and indentation.

    Each script is put in braces, so that its names do not clash with those of another. None of
    them has imports or exports, or text of several lines.
    """
    ending = PurePosixPath(path).suffix
    texts = [_source(name).read_text("utf-8") for name in JOINED[path]]
    texts = [_COMMENT[ending].sub("", text) for text in texts]
    if ending == ".css":
        return "".join(map(_squeezed, texts))
    return "\n".join(f"{{\n{_without_indentation(text)}}}" for text in texts)


def _without_indentation(text: str) -> str:
    return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())


def _squeezed(sheet: str) -> str:
    """Return a style sheet of ours with only the spaces that mean something."""
    lines = []
    for line in _without_indentation(sheet).splitlines():
        short = line.replace(": ", ":").replace(", ", ",").removesuffix(" {")
        short += "{" if line.endswith(" {") else ""
        lines.append(short if short.endswith(_ENDS) else f"{short}\n")
    text = "".join(lines).replace(";}", "}")
    # A number below one needs no zero.
    for before in " :(,-":
        text = text.replace(f"{before}0.", f"{before}.")
    return text


def _source(name: str) -> Path:
    return Path(settings.BASE_DIR) / "static" / name


class JoinedFilesFinder(BaseFinder):
    """Finds the files of JOINED, and makes them again when one of their parts is newer.

    They are written to the data directory when they are needed, in development and in
    production. There is no build step.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.JOINED_ROOT)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in JOINED:
            return []
        self.make(path)
        found = self.storage.path(path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for path in JOINED:
            self.make(path)
            yield path, self.storage

    def make(self, path: str) -> None:
        file = Path(self.storage.path(path))
        newest = max(
            _source(name).stat().st_mtime_ns for name in (*JOINED[path], "../" + THIS_FILE)
        )
        if file.is_file() and file.stat().st_mtime_ns > newest:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(joined(path), "utf-8")
        temporary.replace(file)


class PrunedManifestStorage(CompressedManifestStaticFilesStorage):
    """Stores files under names with a content hash, each with a Brotli and a gzip copy.

    Files for which needs_plain_name() is true keep their plain name. A file is compressed under
    one name only. Imports of a script name the hashed files too, so that a browser never has two
    versions of one module.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Any:
        plain = {path for path in paths if needs_plain_name(path)}
        hashed = {path: found for path, found in paths.items() if path not in plain}
        yield from super().post_process(hashed, dry_run=dry_run, **options)
        if not dry_run:
            for name, compressed in self.compress_files(plain):
                yield name, compressed, True

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        return super().compress_files(
            path for path in paths if self.hash_key(path) not in self.hashed_files
        )
