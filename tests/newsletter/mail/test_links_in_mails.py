"""Links in an issue are safe, absolute, percent-encoded and delimited."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from newsletter.mail import rendering as mail
from newsletter.mail.markup import to_mail_html
from newsletter.mail.text import to_text
from newsletter.models import Issue
from tests.factories import make_issue, make_post
from tests.newsletter.mail.reading import finish, part_of

BASE = "https://www.example.org/weekly-alarm/3/"
NOT_ASCII = '<p><a href="https://bücher.example/ü b?q=[“x”]">words</a></p>'
ENCODED = "https://xn--bcher-kva.example/%C3%BC%20b?q=%5B%E2%80%9Cx%E2%80%9D%5D"


def hrefs(html: str) -> list[str]:
    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attrs if name == "href")

    found: list[str] = []
    Links().feed(html)
    return found


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JAVAscript:alert(1)",
        "&#x2028;javascript:alert(1)",
        "&#x2029;&#160;javascript:alert(1)",
        "java&Tab;script:alert(1)",
        "java&NewLine;script:alert(1)",
        "java&#x2028;script&colon;alert(1)",
        "&#1;&#31;javascript:alert(1)",
        "&#x85;&#xfeff;javascript&#58;alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "http://[",
    ],
)
def test_an_unsafe_link_becomes_plain_text(db: None, href: str) -> None:
    html = f'<p>Read <a href="{href}">these <em>words</em></a>, please.</p>'
    # These functions check the addresses again, independently of clean().
    assert to_mail_html(html, base=BASE) == "<p>Read these <em>words</em>, please.</p>"
    assert to_text(html, base=BASE) == "Read these words, please."
    issue = Issue.objects.get(pk=make_issue(intro=html).pk)
    message = finish(issue)
    for part in (part_of(message, "html"), mail.render(issue).web_html):
        assert all(re.match(r"(https?|mailto):|/", link) for link in hrefs(part))
    assert "script" not in part_of(message, "plain")


@pytest.mark.parametrize("attribute", ["href", "src", "background"])
def test_a_rendered_mail_with_an_unsafe_link_is_refused(
    db: None, monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    """The last check also covers links that are made after clean()."""
    made = mail.mail.render

    def with_link(name: str, context: dict[str, object]) -> tuple[str, str, str]:
        subject, text, html = made(name, context)
        return subject, text, html.replace("</body>", f'<x {attribute}="java\nscript:x"></body>')

    monkeypatch.setattr(mail.mail, "render", with_link)
    with pytest.raises(mail.RenderError, match="cannot stand in a mail"):
        mail.render(make_issue())


def test_links_are_percent_encoded(db: None) -> None:
    message = finish(make_issue(intro=NOT_ASCII))
    assert ENCODED in hrefs(part_of(message, "html"))
    assert f"<{ENCODED}>" in part_of(message, "plain")
    assert all(link.isascii() and " " not in link for link in hrefs(part_of(message, "html")))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('(<a href="https://a.example/x">words</a>), and', "(words <https://a.example/x>), and"),
        ('see <a href="https://a.example/">a.example</a>.', "see <https://a.example/>."),
        ('“<a href="https://a.example">https://a.example</a>”', "“<https://a.example>”"),
        ('<a href="https://a.example/(x)">words</a>)', "words <https://a.example/(x)>)"),
        ('<a href="https://a.example/x,">words</a>,', "words <https://a.example/x,>,"),
        ('<a href="https://a.example/x"> </a>and on', "<https://a.example/x>and on"),
        ('a<br><a href="https://a.example/x">https://a.example/x</a><br>b',
         "a\nhttps://a.example/x\nb"),
        ('<ul><li><a href="https://a.example/x"></a></li></ul>', "- https://a.example/x"),
        ('<a href="https://bücher.example/">bücher.example</a>', "https://xn--bcher-kva.example/"),
        ('<a href="mailto:a@b.example?subject=x">write</a>, or', "write <a@b.example>, or"),
        ('<a href="mailto:?subject=x">share it</a>', "share it"),
        ('<a href="mailto:a@b.example%0D%0Ax">write</a>', "write <a@b.example x>"),
    ],
)  # fmt: skip
def test_addresses_in_the_text_are_delimited(html: str, text: str) -> None:
    assert to_text(html, base=BASE).lstrip() == text


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85", "\t"])
def test_an_unusual_line_separator_becomes_a_space(db: None, separator: str) -> None:
    html = f"<p>Call{separator}Taking</p>"
    assert to_mail_html(html, base=BASE) == "<p>Call Taking</p>"
    assert to_text(html, base=BASE) == "Call Taking"
    issue = make_issue(intro=html, posts=[make_post(summary=f"Call{separator}Taking")])
    message = finish(Issue.objects.get(pk=issue.pk))
    for subtype in ("html", "plain"):
        assert part_of(message, subtype).count("Call Taking") >= 2


def test_a_link_saved_in_the_admin_is_encoded_in_the_mail(admin_client: Client) -> None:
    issue = make_issue()
    form = {
        "number": issue.number, "subject": "S", "preheader": "P", "intro": NOT_ASCII,
        "issue_posts-TOTAL_FORMS": 0, "issue_posts-INITIAL_FORMS": 0,
    }  # fmt: skip
    admin_client.post(f"/admin/newsletter/issue/{issue.pk}/change/", form)
    assert ENCODED in hrefs(part_of(finish(Issue.objects.get(pk=issue.pk)), "html"))
