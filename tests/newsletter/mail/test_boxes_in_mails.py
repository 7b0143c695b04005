"""Key points, case examples, pull quotes and checklists of an introduction, in every form of it."""

import pytest

from newsletter.mail import rendering as mail
from newsletter.mail.markup import to_mail_html
from newsletter.mail.text import to_text
from posts.text.html import clean
from tests.factories import make_issue, make_post
from tests.newsletter.mail.reading import finish, part_of

BASE = "https://www.example.org/weekly-alarm/3/"
BOXES = (
    '<section class="key-points"><ul><li>Count the <strong>chairs</strong>.</li>'
    "<li>Ask twice.</li></ul></section>"
    '<section class="case-example"><h3>A quiet night</h3><p>Nobody rang until four.</p></section>'
    '<blockquote class="pull"><p>Nobody told me that I was allowed to ask.</p></blockquote>'
    '<ul class="checklist"><li>Headset<ul><li>Spare foam</li></ul></li><li>Coffee</li></ul>'
    "<p>And on.</p>"
)


def test_an_introduction_keeps_its_boxes_and_nothing_more() -> None:
    assert clean(BOXES, short=True) == BOXES
    other = '<section class="other"><p class="x">a</p></section><table class="figures"></table>'
    assert clean(other, short=True) == "<p>a</p>"


def test_boxes_are_tables_in_the_mail() -> None:
    html = to_mail_html(BOXES, base=BASE)
    assert "<section" not in html and "<blockquote" not in html and "checklist" not in html
    assert html.count("<table") == html.count("</table>") == html.count('role="presentation"') == 4
    assert html.count("&#9744;") == 2, "one box for each item, none for those below it"
    assert html.count("<ul>") == html.count("</ul>") == 2
    assert ">Key points</p><ul><li>Count" in html
    assert ">Case example</p><h3>A quiet night</h3>" in html
    assert html.endswith("<p>And on.</p>")


def test_boxes_say_what_they_are_in_the_text() -> None:
    assert to_text(BOXES, base=BASE) == (
        "KEY POINTS\n\n- Count the chairs.\n- Ask twice.\n\n"
        "CASE EXAMPLE\n\nA quiet night\n-------------\n\nNobody rang until four.\n\n"
        "> Nobody told me that I was allowed to ask.\n\n"
        "[ ] Headset\n    - Spare foam\n[ ] Coffee\n\nAnd on."
    )


@pytest.mark.django_db
def test_boxes_are_in_the_mail_in_its_text_and_on_the_web(example_org: None) -> None:
    issue = make_issue(intro=BOXES, posts=[make_post()])
    message = finish(issue)
    assert "Count the <strong" in part_of(message, "html")
    assert "[ ] Coffee" in part_of(message, "plain")
    web = mail.render(issue).web_html
    assert '<div class="panel panel--key-points"><p class="panel__name">' in web
    assert '<ul class="checklist">' in web and '<blockquote class="pull">' in web


@pytest.mark.parametrize(
    "html",
    [
        "</section></ul></blockquote></li><p>x</p>",
        '<ul class="checklist"><li>a<section class="key-points"><p>b</p></section></li></ul>',
        '<blockquote class="pull"><ul class="checklist"><li value="3" dir="rtl">a</li></ul>',
        '<section class="key-points">' * 200 + "deep",
        '<ul class="checklist"></ul>',
    ],
)
@pytest.mark.django_db
def test_wrong_boxes_still_make_a_mail(example_org: None, html: str) -> None:
    to_mail_html(html, base=BASE)
    to_text(html, base=BASE)
    issue = make_issue(intro=html, posts=[make_post()])
    assert part_of(finish(issue), "html").count("<h1") == 1
