"""A figure with data in an introduction: what is kept, the mail's table and the text's lines."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from newsletter.mail import rendering as mail
from newsletter.mail.figures import MOST_DRAWN, MOST_ROWS
from newsletter.mail.markup import to_mail_html
from newsletter.mail.text import to_text
from posts.text.html import clean
from tests.factories import make_issue, make_post
from tests.newsletter.mail.reading import finish, part_of

BASE = "https://www.example.org/weekly-alarm/3/"
ROWS = (
    ("<strong>2024</strong>", "12 %"),
    ("2025", '<a href="/about/">6.5 %</a>'),
    ("Before that, and in every center that has answered us", "0"),
    ("Unknown", ""),
)
SOURCE = '<tfoot><tr><td colspan="2">Source: our survey</td></tr></tfoot>'


def figure(*rows: tuple[str, str], caption: str = "Who leaves", rest: str = SOURCE) -> str:
    body = "".join(f'<tr><th scope="row">{name}</th><td>{one}</td></tr>' for name, one in rows)
    return f'<table class="figures"><caption>{caption}</caption><tbody>{body}</tbody>{rest}</table>'


def mail_of(html: str) -> str:
    cleaned = clean(html, short=True)
    made = to_mail_html(cleaned, base=BASE)
    ElementTree.fromstring(f"<body>{made.replace('&#160;', ' ')}</body>")  # MJML is XML.
    return made


def text_of(html: str) -> str:
    text = to_text(clean(html, short=True), base=BASE)
    assert [line for line in text.split("\n") if len(line) > 72 and " " in line.strip()] == []
    return text


def test_an_introduction_keeps_figures_and_makes_paragraphs_of_other_tables() -> None:
    whole = f"<p>a</p>{figure(*ROWS)}<p>b</p>"
    assert clean(whole, short=True) == whole
    head = "<thead><tr><th>Year</th><th>Share</th></tr></thead>"
    plain = f"<table>{head}<tr><td>2024</td><td>12 %</td></tr></table>"
    assert clean(plain, short=True) == "<p>Year Share</p><p>2024 12 %</p>"
    around = f'<table class="x"><tr><td>a{figure(*ROWS[:1], rest="")}</td></tr></table>'
    assert clean(around, short=True) == (
        "<p>a</p><p>Who leaves</p><p><strong>2024</strong> 12 %</p>"
    )
    blocks = (
        '<table class="x figures"><tr><td><h2>a</h2><p>b</p><ul><li>c</li></ul></td>'
        "<td><table><tr><td>d</td><td>e</td></tr></table></td></tr></table>"
    )
    assert clean(blocks, short=True) == (
        '<table class="figures"><tbody><tr><td>a<br>b<br>c</td><td>d e</td></tr></tbody></table>'
    )
    assert clean('<table class="figures"></table>', short=True) == ""


def test_a_figure_is_a_table_of_data_in_the_mail() -> None:
    html = mail_of(figure(*ROWS))
    tables = re.findall("<table([^>]*)>", html)
    of_data = [one for one in tables if "presentation" not in one]
    assert len(of_data) == 1 and ">Who leaves</caption>" in html
    assert html.count("<th ") == html.count('scope="row"') == len(ROWS)
    # Beside each number its bar, as long as it is large; the marked one has its own colour.
    assert re.findall(r'width="(\d+)%"><tr><td class="bar( marked)?"', html) == [
        ("100", " marked"),
        ("54", ""),
    ]
    assert html.count('bgcolor="#b3261e"') == html.count('bgcolor="#51678a"') == 1
    assert html.count('aria-hidden="true"') == 3, "a zero has room for a bar, and none"
    assert ">12 %</td>" in html and f'<a href="{BASE.partition("/weekly")[0]}/about/">6.5 %' in html
    # The others take the room of a bar.
    assert re.findall(r'colspan="(\d)"[^>]*>([^<]*)<', html) == [
        ("2", "&#160;"),
        ("3", "Source: our survey"),
    ]


def test_a_figure_is_lines_in_the_text() -> None:
    link = f"6.5 % <{BASE.partition('/weekly')[0]}/about/>"
    assert text_of(f"<p>Read this.</p>{figure(*ROWS)}<p>And on.</p>") == (
        "Read this.\n\nWho leaves\n\n"
        f"2024     12 %\n2025     {link}\n"
        "Before that, and in every center that has answered us  0\nUnknown\n\n"
        "Source: our survey\n\nAnd on."
    )
    assert text_of(figure(("2024", "12 %"), ("2025", "6 %"), ("2026", "1,034 %"), rest="")) == (
        "Who leaves\n\n2024     12 %\n2025      6 %\n2026  1,034 %"
    )
    head = "<thead><tr><th>Year</th><th>Day</th><th>Night</th></tr></thead>"
    wide = figure(rest="").replace("<tbody>", f"{head}<tbody><tr><td>1999</td>{{}}</tr>")
    assert text_of(wide.format("<td>4</td><td>11</td>")) == (
        "Who leaves\n\nYear  Day  Night\n1999    4     11"
    )
    assert text_of(wide.format(f"<td>{'nine words ' * 9}</td><td>11</td>")) == (
        f"Who leaves\n\nYear  Day  Night\n1999  {'nine words ' * 6}".rstrip()
        + f"\n    {'nine words ' * 3} 11"
    )
    in_list = f"<ul><li>a{figure(('2024', '1'), caption='b', rest='')}</li></ul>"
    assert text_of(in_list) == "- a\n\n  b\n\n  2024  1"


class Seen(HTMLParser):
    """The elements of a mail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


@pytest.mark.parametrize(
    "html",
    [
        figure(*ROWS),
        figure(("<script>alert(1)</script>a", '<img src="x" onerror="alert(1)">1'), ("b", "2")),
        figure(*[(f"Row {n}", f"{n:,}") for n in range(500)]),
        "".join(figure(*ROWS) for _ in range(10)),
        figure(("Telecommunicator" * 40, "1" * 3_000), ("&lt;b&gt; & “c”", "9" * 40)),
        figure(("", ""), ("", "")),
        figure(("a", "-1 %"), ("b", ".5"), ("c", "1,2,3.4.5"), ("d", "0")),
        '<table class="figures"><tr><td colspan="99999" rowspan="99999">1<td>2<tr></table>',
        '<table class="figures" lang="es" dir="rtl"><caption>x<tr><th scope="rowgroup">a<td>1',
        '<ul class="checklist"><li>' + figure(*ROWS) + "</li></ul></table></td>x",
        '<table class="figures"><tfoot></tfoot></table><tr><td>1</td></tr></caption>',
    ],
)
@pytest.mark.django_db
def test_every_figure_makes_a_mail(example_org: None, html: str) -> None:
    mail_of(html)
    text_of(html)
    to_mail_html(html, base=BASE)
    to_text(html, base=BASE)
    issue = make_issue(intro=html, posts=[make_post()])
    rendered = mail.render(issue)
    found = Seen(rendered.html).found
    assert not {"script", "figure", "svg"} & set(found) and found.count("h1") == 1
    assert "alert" not in rendered.html + rendered.text + rendered.web_html
    assert mail.preview(issue, rendered).html_size < 60_000


@pytest.mark.django_db
def test_a_figure_has_bars_on_the_web_too_and_long_ones_have_none_in_mails(
    example_org: None,
) -> None:
    issue = make_issue(intro=figure(*ROWS), posts=[make_post()])
    web = mail.render(issue).web_html
    assert '<div class="box figures" role="region" tabindex="0" aria-label="Who leaves">' in web
    assert web.count("<svg") == 3
    assert "2024     12 %" in part_of(finish(issue), "plain")
    longest = figure(*[(f"Row {n}", "9") for n in range(MOST_DRAWN)])
    assert mail_of(longest).count('class="bar"') == MOST_DRAWN
    both = mail_of(longest + figure(*ROWS))
    assert both.count('class="bar"') == MOST_DRAWN and "marked" not in both
    assert both.count("<caption") == 2 and "on the web" not in both
    endless = mail_of(figure(*[(f"Row {n}", "9") for n in range(500)]))
    assert endless.count("<th ") == MOST_ROWS and "bar" not in endless
    assert f'<a href="{BASE}">400 more rows are on the web</a>' in endless
    assert endless.index("more rows") < endless.index("Source: our survey")
