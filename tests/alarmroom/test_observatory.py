"""The public side under production settings: what MDN's HTTP Observatory checks, and more.

https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from alarmroom import theme
from tests.alarmroom.observatory import HOST
from tests.helpers import python
from tests.production import collect_static, environment, migrate

# The site under production settings always uses SQLite.
Answer = dict[str, Any]
SIX_MONTHS = 15_768_000


def observe(data_dir: Path, *arguments: str, **changes: str) -> dict[str, Any]:
    env = environment(str(data_dir), LOG_LEVEL="CRITICAL", **changes)
    migrate(env)
    collect_static(env)
    done = python("-m", "tests.alarmroom.observatory", *arguments, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The responses of a site under production settings."""
    return observe(tmp_path_factory.mktemp("observatory"))


@pytest.fixture(scope="module")
def pages(found: dict[str, Any]) -> list[Answer]:
    """Every page type, rendered and kept."""
    return found["pages"]


def header(answer: Answer, name: str) -> str:
    """Return the value of a header that occurs exactly once."""
    values = [value for header, value in answer["headers"] if header == name]
    assert len(values) == 1, f"{answer['address']} has {name}: {values}"
    return values[0]


def headers(answer: Answer) -> dict[str, str]:
    return dict(answer["headers"])


def policy(answer: Answer) -> dict[str, list[str]]:
    directives = (part.split() for part in header(answer, "content-security-policy").split(";"))
    return {name: sources for name, *sources in filter(None, directives)}


def test_every_page_type_is_covered(pages: list[Answer]) -> None:
    assert len(pages) > 40
    for page in pages:
        assert page["status"] == page["expected"], page["name"]


# The Observatory's checks


def test_the_policy_denies_by_default_and_allows_nothing_unsafe(
    pages: list[Answer],
) -> None:
    for page in pages:
        found = policy(page)
        assert found["default-src"] == ["'none'"], page["name"]
        assert found["frame-ancestors"] == ["'none'"]
        assert found["base-uri"] == ["'none'"]
        assert found["form-action"] == ["'self'"]
        assert set(found.get("object-src", ["'none'"])) == {"'none'"}
        for name, sources in found.items():
            assert not [source for source in sources if "unsafe" in source], (page["name"], name)
            assert not {"*", "http:", "https:", "blob:"} & set(sources), (page["name"], name)
        # The theme's script is inline and allowed by its hash.
        assert set(found.get("script-src", [])) <= {"'self'", theme.CSP_SOURCE}, page["name"]
        for name in ("style-src", "connect-src"):
            assert set(found.get(name, [])) <= {"'self'"}, (page["name"], name)


def test_hsts_lasts_at_least_six_months(pages: list[Answer]) -> None:
    for page in pages:
        age = re.search(r"max-age=(\d+)", header(page, "strict-transport-security"))
        assert age, page["name"]
        assert int(age[1]) >= SIX_MONTHS


def test_http_redirects_to_https_on_the_same_host(found: dict[str, Any]) -> None:
    for answer in found["http"]:
        assert answer["status"] == 301, answer["address"]
        assert header(answer, "location") == f"https://{HOST}{answer['address']}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ],
)
def test_every_response_has_the_header(pages: list[Answer], name: str, value: str) -> None:
    for page in pages:
        assert header(page, name) == value, page["name"]


def test_the_referrer_policy_is_strict(pages: list[Answer]) -> None:
    for page in pages:
        # Personal pages send no referrer at all, because their address contains a key.
        personal = page["address"].startswith(("/confirm/", "/unsubscribe/"))
        expected = "no-referrer" if personal else "strict-origin-when-cross-origin"
        assert header(page, "referrer-policy") == expected, page["name"]


def test_the_permissions_policy_denies_sensitive_features(pages: list[Answer]) -> None:
    for page in pages:
        parts = dict(
            part.strip().split("=", 1) for part in header(page, "permissions-policy").split(",")
        )
        assert {"camera", "microphone", "geolocation", "payment", "usb"} <= parts.keys()
        assert set(parts.values()) == {"()"}


def test_no_page_sets_a_cookie_or_allows_cross_origin_access(pages: list[Answer]) -> None:
    for page in pages:
        assert "set-cookie" not in headers(page), page["name"]
        assert not [name for name in headers(page) if name.startswith("access-control-")]
        assert "cookie" not in headers(page).get("vary", "").lower()


class Parts(HTMLParser):
    """Collects the sources of a page's scripts, sheets, frames and forms, and its inline code.

    `inline` has the names of attributes and of elements, but the text of a script.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.inline: list[str] = []
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "script" and not found.get("src") and found.get("type") != "application/ld+json":
            self.inline.append("")
            self._in_script = True
        if tag == "style" or "style" in found:
            self.inline.append(tag)
        self.inline += [name for name in found if name.startswith("on")]
        if tag in {"script", "img", "iframe", "source", "video", "audio", "embed", "object"}:
            self.sources += [found[name] or "" for name in ("src", "data") if name in found]
        if tag == "link" and found.get("rel") in {"stylesheet", "icon", "preload", "manifest"}:
            self.sources.append(found.get("href") or "")
        if tag == "form":
            self.sources.append(found.get("action") or "/")

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.inline[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


def test_all_resources_are_own_and_only_the_theme_is_inline(
    pages: list[Answer],
) -> None:
    """So no file needs subresource integrity, and the policy above blocks nothing."""
    for page in pages:
        if not headers(page)["content-type"].startswith("text/html"):
            continue
        parts = Parts(page["body"])
        assert set(parts.inline) <= {theme.SCRIPT}, page["name"]
        for source in parts.sources:
            split = urlsplit(source)
            own = not split.netloc or split.netloc == HOST
            assert own or split.scheme == "data", (page["name"], source)
            assert split.scheme in {"", "https", "data"}


def test_no_header_names_the_server_software(pages: list[Answer]) -> None:
    for page in pages:
        assert not {"server", "x-powered-by", "x-aspnet-version", "via"} & headers(page).keys()


# Hosts and proxies


def test_an_unknown_host_is_refused(found: dict[str, Any]) -> None:
    for answer in found["hosts"]:
        assert answer["status"] == 400, (answer["host"], answer["address"])
        assert "evil.example" not in answer["body"]


def test_a_forwarded_host_is_ignored(found: dict[str, Any]) -> None:
    for answer in found["forwarded host"]:
        assert answer["status"] in {200, 302}
        assert "evil.example" not in answer["body"]
        assert "evil.example" not in str(answer["headers"])


def test_a_forwarded_scheme_is_trusted_only_if_configured(
    found: dict[str, Any], tmp_path: Path
) -> None:
    assert found["plain"]["status"] == 301
    assert found["forwarded"]["status"] == 301
    behind = observe(tmp_path, "--only-proxy", BEHIND_TLS_PROXY="on")
    assert behind["plain"]["status"] == 301
    assert behind["forwarded plain"]["status"] == 301
    assert behind["forwarded"]["status"] == 200


def test_no_redirect_leads_to_another_host(found: dict[str, Any]) -> None:
    for answer in found["detours"]:
        assert answer["status"] < 500, answer["address"]
        location = headers(answer).get("location")
        if location is None:
            continue
        assert not location.startswith(("//", "/\\", "\\")), answer["address"]
        assert "\r" not in location
        assert "\n" not in location
        split = urlsplit(location)
        assert split.netloc in {"", HOST}, answer["address"]


def test_only_get_and_head_are_allowed(found: dict[str, Any]) -> None:
    for answer in found["methods"]:
        assert answer["status"] == 405, (answer["method"], answer["address"])
        assert "GET" in header(answer, "allow")
