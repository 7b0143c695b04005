"""Rendering an issue to one message, for any input of an editor."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.utils import timezone as django_timezone
from pytest_django import DjangoAssertNumQueries, Settings

from newsletter.mail import rendering as mail
from newsletter.mail.mime import HeaderError
from newsletter.models import Issue
from posts.pictures.renditions import rendition
from posts.text.html import clean
from tests.factories import make_image, make_issue, make_post, make_tag
from tests.newsletter.mail.reading import finish, part_of

pytestmark = pytest.mark.usefixtures("example_org")

NASTY = (
    '<script>alert(1)</script> & “quotes” "\'" {{key}} {% now %} 🚨👩🏽‍🚒 ‏مرحبا‏ '
    "</mj-text><mj-raw> ]]> <!-- &nbsp; =?utf-8?q?x?= %s"
)


class Words(HTMLParser):
    """The text a reader sees, with the elements that hold it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.data: list[str] = []
        self.feed(html.partition("<body")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.data.append(data)


# What an editor may type


def test_anything_in_a_title_arrives_as_typed(db: None) -> None:
    post = make_post(
        title=NASTY,
        summary=NASTY,
        cover=make_image(600, 300),
        cover_alt=NASTY,
    )
    issue = make_issue(subject=NASTY[:150], preheader=NASTY[:150], posts=[post])
    issue.issue_posts.update(blurb=f"{NASTY}\n\nSecond <b>paragraph</b>.")
    message = finish(issue)
    words = Words(part_of(message, "html"))
    seen = " ".join(words.data)
    assert message["Subject"] == NASTY[:150]
    assert NASTY in seen
    assert "Second <b>paragraph</b>." in seen
    assert "script" not in words.tags
    assert "b" not in words.tags
    assert not any(tag.startswith("mj") for tag in words.tags)
    assert NASTY in part_of(message, "plain").replace("\n   ", " ").replace("\n", " ")
    assert "<script" not in mail.render(issue).web_html


INTROS = [
    "a<br>b<br/>c",
    "<p>&nbsp;x&nbsp;y &copy; &lt;mj-raw&gt; &amp;amp; &#x1F6A8;</p>",
    "text without an element & <strong>bold",
    "<p>one<p>two<ul><li>a<li>b<ol start=3><li>c</ol></ul>",
    "<p><em>unclosed <a href='https://example.org/?a=1&b=2&copy=3' title='<x>\"'>link</p>",
    "<blockquote class='pull'><p>q</p></blockquote><h2 id='mj-body'>h</h2><h3>hh</h3>",
    "</mj-text></mj-column><mj-raw><script>x</script></mj-raw>",
    "<![CDATA[ x ]]> <!-- y --> <?php z ?>",
    "<table><tr><td>cell</td></tr></table><img src=x onerror=alert(1)><h4>four</h4>",
    "<p>control \x01\x0b\x0c\x1f\x7f\x85 end</p>",
    "<ol start='99999999999999999999'><li>x</li></ol>",
    "<a href='javascript:alert(1)'>j</a><a href='//evil.example/a b'>r</a><a href=''>e</a>",
    "<a href='https://[bad'>x</a><a href='mailto:a@b.example?subject=1&body=2'>m</a>",
    "{% include 'x' %}{{ settings.SECRET_KEY }}",
    "‏مرحبا <strong>بكم</strong> 🚒",
    "<p>" * 300 + "deep",
]


@pytest.mark.parametrize("intro", INTROS)
def test_every_introduction_can_be_rendered(db: None, intro: str) -> None:
    issue = make_issue(intro=intro)
    message = finish(issue)
    html, text = part_of(message, "html"), part_of(message, "plain")
    assert "<mj-" not in html
    assert "<script" not in html
    assert "javascript:" not in html
    assert html.count("unsubscribe") >= 2
    assert [part.defects for part in message.walk()] == [[], [], []]
    # Introduction, mail and web edition have the same words.
    said = "".join(re.findall(r"\w+", "".join(Words(f"<body>{clean(intro, short=True)}").data)))
    for form in (html.partition("<body")[2], mail.render(issue).web_html):
        words = "".join(re.findall(r"\w+", "".join(Words(f"<body {form}").data)))
        assert said in words
    assert text.isprintable() or not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\x00"])
@pytest.mark.parametrize("where", ["A{}Bcc: all@psap.example", "{}A", "A{}"])
def test_a_subject_with_a_line_break_is_refused(db: None, newline: str, where: str) -> None:
    issue = make_issue()
    issue.subject = where.format(newline)
    with pytest.raises(mail.RenderError, match="subject contains a line break"):
        mail.render(issue)


def test_a_lone_surrogate_in_a_subject_is_refused(db: None) -> None:
    issue = make_issue()
    issue.subject = "A \ud83d B"
    with pytest.raises(mail.RenderError, match="half a character"):
        mail.render(issue)


@pytest.mark.parametrize("subject", ["", "   "])
def test_an_issue_needs_a_subject(db: None, subject: str) -> None:
    issue = make_issue()
    issue.subject = subject
    with pytest.raises(mail.RenderError, match="no subject"):
        mail.render(issue)


@pytest.mark.parametrize(
    "subject",
    [
        "x" * 150,
        "a " * 75,
        "Über " * 30,
        "🚨" * 150,
        "👩🏽‍🚒 " * 25,
        "comma, semicolon; colon: " * 6,
        'say "hello" <you@example.org>, (comment)',
        "=?utf-8?q?fake?=",
        "‏عاجل: البلاغ الثاني على الراديو‏",
    ],
)
def test_a_long_or_foreign_subject_arrives_as_typed(db: None, subject: str) -> None:
    message = finish(make_issue(subject=subject))
    assert message["Subject"] == subject.strip()
    assert message["Subject"].defects == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEWSLETTER_FROM_EMAIL", "The Weekly Alarm"),
        ("NEWSLETTER_FROM_EMAIL", "a@example.org, b@example.org"),
        ("FEEDBACK_ID", "a\r\nBcc: all@psap.example"),
        ("UNSUBSCRIBE_MAILTO", "a@b.example>\r\nX: y"),
    ],
)
def test_a_setting_that_would_break_the_message_is_refused(
    db: None, settings: Settings, name: str, value: str
) -> None:
    setattr(settings, name, value)
    with pytest.raises((mail.RenderError, HeaderError)):
        mail.render(make_issue())


def test_no_header_is_folded_after_its_name(db: None, settings: Settings) -> None:
    settings.SITE_URL = f"https://{'a-long-name.' * 8}example"
    settings.MAIL_DOMAIN = f"{'a-long-name.' * 8}example"
    head = mail.render(make_issue(subject="x" * 150)).mime.partition(b"\r\n\r\n")[0].decode()
    assert not re.search(r"(?m)^[A-Za-z-]+: *\r?$", head)
    assert max(map(len, head.split("\r\n"))) <= 998


# Preview and content


def test_rendering_is_deterministic(db: None) -> None:
    issue = make_issue(
        intro="<p>Hello</p>", posts=[make_post(cover=make_image(1600, 900), cover_alt="x")]
    )
    first = mail.render(issue)
    again = mail.render(Issue.objects.get(pk=issue.pk))
    assert first == again
    assert first.sha256 == hashlib.sha256(first.mime).hexdigest()
    Issue.objects.filter(pk=issue.pk).update(intro="<p>Hello!</p>")
    assert mail.render(Issue.objects.get(pk=issue.pk)).sha256 != first.sha256


def test_the_preview_shows_what_is_sent(db: None) -> None:
    issue = make_issue(intro="<p>Hello</p>")
    rendered = mail.render(issue)
    message = finish(issue, key=mail.SAMPLE_KEY)
    preview = mail.preview(issue, rendered)
    assert preview.html == part_of(message, "html")
    assert preview.text == part_of(message, "plain")
    assert preview.subject == message["Subject"]
    assert rendered.html.replace("{{key}}", mail.SAMPLE_KEY).rstrip("\n") == part_of(
        message, "html"
    )


def test_articles_are_in_the_order_and_with_the_blurbs_of_the_editor(db: None) -> None:
    one, two = make_post(title="Alpha"), make_post(title="Beta", summary="Kept summary.")
    issue = make_issue(posts=[two, one])
    issue.issue_posts.filter(post=one).update(blurb="Own words.")
    rendered = mail.render(issue)
    for form in (rendered.html, rendered.text, rendered.web_html):
        assert form.index("Beta") < form.index("Kept summary.") < form.index("Alpha")
        assert form.index("Alpha") < form.index("Own words.")
        assert one.summary not in form


def test_the_masthead_has_number_and_local_date(db: None) -> None:
    # 03:00 UTC is still the day before in the configured time zone.
    issue = make_issue(number=12, started_at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    rendered = mail.render(issue)
    assert "No. 12 · November 22, 2026" in rendered.text
    assert "No. 12 · November 22, 2026" in rendered.html


def test_rendering_takes_three_queries_however_many_articles(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    topic = make_tag("Night shifts")
    posts = [make_post(tags=[topic]) for _ in range(6)]
    issue = make_issue(posts=posts)
    with django_assert_num_queries(3):
        mail.render(issue)


def test_unpublished_articles_and_missing_parts_are_warnings(db: None) -> None:
    draft = make_post(title="Half done", published_at=None)
    later = make_post(title="Too soon", published_at=django_timezone.now() + timedelta(days=1))
    said = " ".join(mail.render(make_issue(posts=[draft, later])).warnings)
    assert "“Half done” is not published yet" in said
    assert "“Too soon” is not published yet" in said
    assert "no preheader" in said
    assert "no articles" in " ".join(mail.render(make_issue(posts=[])).warnings)


def test_a_missing_cover_is_an_error_that_names_the_article(db: None, settings: Settings) -> None:
    cover = make_image(1600, 900)
    issue = make_issue(posts=[make_post(title="Lost", cover=cover, cover_alt="x")])
    (settings.MEDIA_ROOT / cover.file.name).unlink()
    with pytest.raises(mail.RenderError, match="cover of “Lost” is missing"):
        mail.render(issue)


# Copies of pictures


def test_a_copy_is_made_once_with_a_stable_address(db: None, settings: Settings) -> None:
    image = make_image(2000, 1000, mode="RGBA")
    first = rendition(image, 1104)
    assert (first.width, first.height) == (1104, 552)
    (settings.MEDIA_ROOT / image.file.name).unlink()
    assert rendition(image, 1104) == first
    assert len(list((settings.MEDIA_ROOT / "renditions").iterdir())) == 1


def test_a_small_picture_is_sent_as_it_is(db: None, settings: Settings) -> None:
    image = make_image(300, 200)
    assert rendition(image, 1104).url == image.file.url
    assert not (settings.MEDIA_ROOT / "renditions").exists()
