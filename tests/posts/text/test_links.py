"""Which addresses are safe, also with invisible characters in them."""

import pytest

from posts.text.html import clean
from posts.text.links import safe_url


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://x.org/a?b=c:d#e", "https://x.org/a?b=c:d#e"),
        ("HTTPS://x.org/", "HTTPS://x.org/"),
        ("mailto:desk@x.org", "mailto:desk@x.org"),
        ("tel:+1-555-0100", "tel:+1-555-0100"),
        ("/articles/night/", "/articles/night/"),
        ("#part", "#part"),
        ("?page=2", "?page=2"),
        ("//x.org/a", "//x.org/a"),
        ("a/b:c", "a/b:c"),
        ("  /a b/ \n", "/a b/"),
        ("/a\tb\u2028c", "/abc"),
        ("\u200b\u00a0\ufeffhttps://x.org/\u200b", "https://x.org/"),
        ("/خانه\u200cها/", "/خانه\u200cها/"),
    ],
)
def test_a_safe_address_is_kept(url: str, safe: str) -> None:
    assert safe_url(url) == safe
    assert safe_url(safe) == safe


SCRIPT = "javascript:alert(1)"
HIDDEN = [chr(code) for code in [*range(0x21), *range(0x7F, 0xA1), 0xAD, 0x61C, 0x1680, 0x180E]]
HIDDEN += [chr(code) for code in [*range(0x2000, 0x2010), *range(0x2028, 0x2030)]]
HIDDEN += [chr(code) for code in [0x205F, *range(0x2060, 0x2065), 0x3000, 0xFEFF, 0xFFF9, 0xD800]]


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda character: f"U+{ord(character):04X}")
def test_no_invisible_character_hides_a_scheme(hidden: str) -> None:
    for url in (
        hidden + SCRIPT,
        hidden * 3 + SCRIPT,
        f"java{hidden}script:alert(1)",
        f"javascript{hidden}:alert(1)",
    ):
        assert safe_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://x.org/1",
        "java\u3164script:x",
        "ja\u0301vascript:x",
        ":x",
        "",
        " \u2028 ",
    ],
)
def test_an_empty_address_or_another_scheme_is_refused(url: str) -> None:
    assert safe_url(url) is None


@pytest.mark.parametrize(
    "hidden", ["&#x2028;", "&#x2029;", "&#x85;", "&#x200b;", "&nbsp;", "&#11;"]
)
def test_cleaning_removes_links_with_a_hidden_scheme(hidden: str) -> None:
    for address in (hidden + SCRIPT, f"java{hidden}script:alert(1)"):
        link = f'<p><a href="{address}">link</a><img src="{address}" alt="x"></p>'
        assert clean(link) == "<p>link</p>"


def test_cleaning_removes_invisible_characters_from_addresses() -> None:
    link = '<p><a href="&#x2028;/a/\x85b/ ">link</a></p>'
    assert clean(link) == '<p><a href="/a/b/">link</a></p>'
