"""Addresses in mails and feeds are absolute, percent-encoded (RFC 3986) and safe."""

import pytest

from posts.text.outgoing_links import whole_picture_url, whole_url
from posts.views.feed_entries import absolute

BASE = "https://www.example.org/articles/fatigue/"


@pytest.mark.parametrize(
    ("typed", "leaves"),
    [
        ("/a b", "https://www.example.org/a%20b"),
        ("/straße/x", "https://www.example.org/stra%C3%9Fe/x"),
        ("/消防/", "https://www.example.org/%E6%B6%88%E9%98%B2/"),
        ("/x?q=ä b&c=[1]", "https://www.example.org/x?q=%C3%A4%20b&c=%5B1%5D"),
        ('/"x"<y>{z}|^`', "https://www.example.org/%22x%22%3Cy%3E%7Bz%7D%7C%5E%60"),
        ("/wiki/911_(film)", "https://www.example.org/wiki/911_(film)"),
        ("/a%20b/%41", "https://www.example.org/a%20b/%41"),
        ("/100%", "https://www.example.org/100%25"),
        ("/x#the “end”", "https://www.example.org/x#the%20%E2%80%9Cend%E2%80%9D"),
        ("#note", f"{BASE}#note"),
        ("?page=2", f"{BASE}?page=2"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://BÜCHER.example:8080/", "https://xn--bcher-kva.example:8080/"),
        ("HTTPS://Example.org/A", "https://example.org/A"),
        ("//cdn.example/x y", "https://cdn.example/x%20y"),
        ("/\\cdn.example/x", "https://cdn.example/x"),
        ("https://example.org\\@evil.example", "https://example.org/@evil.example"),
        ("https://my_host.example/", "https://my_host.example/"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://me:a b@example.org/", "https://me:a%20b@example.org/"),
        ("mailto:a@b.example?subject=New York", "mailto:a@b.example?subject=New%20York"),
        ("mailto:?subject=x&body=y", "mailto:?subject=x&body=y"),
        ("tel:+1 (555) 0100", "tel:+1(555)0100"),
    ],
)
def test_an_address_becomes_absolute_and_percent_encoded(typed: str, leaves: str) -> None:
    assert whole_url(typed, BASE) == leaves
    assert leaves.isascii()
    assert whole_url(leaves, BASE) == leaves


BAD = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java\r\nscript:alert(1)",
    "java\u2028script:alert(1)",
    "java\u200bscript:alert(1)",
    "\u2028javascript:alert(1)",
    "\u2029\u00a0\u3000javascript:alert(1)",
    "\x01\x1f javascript:alert(1)",
    "\x85javascript:alert(1)",
    "\ufeff\u00adjavascript:alert(1)",
    "javascript\u2028:alert(1)",
    "vbscript:x",
    "data:text/html,x",
    "file:///etc/passwd",
    "blob:x",
    "cid:x",
    "x-unknown:x",
]


@pytest.mark.parametrize("typed", BAD)
def test_no_spelling_of_another_scheme_is_allowed(typed: str) -> None:
    assert whole_url(typed, BASE) is None
    written = typed.replace("\u2028", "&#x2028;").replace("\t", "&Tab;").replace(":", "&colon;")
    for value in (typed, written, written.replace("j", "&#106;")):
        assert absolute(f'<p><a href="{value}" title="t">words</a></p>', BASE) == (
            '<p><a title="t">words</a></p>'
        )
        assert "src" not in absolute(f'<img src="{value}" alt="about it">', BASE)


@pytest.mark.parametrize(
    "typed",
    ["http://[", "https://[bad", "http:x", "http://", "https://a b.example/", "https://x:99999/",
     "https://x:port/", "https://☃.example/", "mailto:", "tel:", "", " "],
)  # fmt: skip
def test_an_invalid_address_is_refused(typed: str) -> None:
    assert whole_url(typed, BASE) is None


def test_the_address_of_a_picture_must_be_http() -> None:
    assert whole_picture_url("/media/ä.jpg", BASE) == "https://www.example.org/media/%C3%A4.jpg"
    assert whole_picture_url("mailto:a@b.example", BASE) is None
    assert whole_picture_url("tel:911", BASE) is None
