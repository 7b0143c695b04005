"""An issue becomes one message, whatever its editor typed; per reader only tokens change."""

import base64
import hashlib
import quopri
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone as django_timezone
from pytest_django import DjangoAssertNumQueries, Settings

from newsletter import mail
from newsletter.mime import HeaderError, MessageTemplate, Personal, quoted_printable, serialise
from newsletter.models import Issue
from newsletter.text import to_mail_html, to_text, wrap
from posts.html import clean
from posts.renditions import rendition
from tests.factories import make_image, make_issue, make_post

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = "k" * 24
BASE = "https://www.example.org/weekly-alarm/3/"
NASTY = (
    '<script>alert(1)</script> & “quotes” "\'" {{key}} {% now %} 🚨👩🏽‍🚒 ‏مرحبا‏ '
    "</mj-text><mj-raw> ]]> <!-- &nbsp; =?utf-8?q?x?= %s"
)


@pytest.fixture(autouse=True)
def publication(settings: Settings) -> None:
    settings.SITE_URL = "https://www.example.org"
    settings.MAIL_DOMAIN = "example.org"


def finish(issue: Issue, key: str = KEY) -> EmailMessage:
    raw = MessageTemplate(mail.render(issue).mime).for_recipient(
        address="dana@psap.example", message_id="<7.1.abc@example.org>", key=key, date=NOON
    )
    return message_from_bytes(raw, policy=policy.default)


def part_of(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


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


# Tokens


def recipients() -> Iterator[Personal]:
    """Many keys, addresses, Message-IDs and dates, of every length that is allowed."""
    for n in range(1, 61):
        digest = hashlib.sha512(str(n).encode()).digest()
        name = base64.b32encode(digest).decode().lower()
        yield Personal.checked(
            address=f"{name[: 1 + n]}+x{{y}}={n}@{'very-' * (n % 20)}long.example",
            message_id=f"<{n}.{n**9}.{digest.hex()[:n]}@example.org>",
            key=(base64.urlsafe_b64encode(digest).decode().rstrip("=") * 2)[:n],
            date=NOON + timedelta(days=n * 37, seconds=n),
        )


TOKEN_PLACES = [
    "@@KEY@@",
    "@@KEY@@@@KEY@@",
    "at the end @@KEY@@\n@@KEY@@ at the start\n\n@@KEY@@\n",
    "https://www.example.org/unsubscribe/@@KEY@@/ and on",
    "x" * 500 + "@@KEY@@" + "y" * 500,
    "ends with a space @@KEY@@ \n.\n.@@KEY@@.\nFrom @@KEY@@ From\n",
    "{{key}} {{to}} { } =7B @@KEY@@ {{date}}",
    "\t🚨@@KEY@@é" + "🚨" * 90,
]


@pytest.mark.parametrize("body", TOKEN_PLACES)
def test_replacing_tokens_gives_the_bytes_of_writing_the_values_directly(body: str) -> None:
    message = EmailMultiAlternatives(
        "A {{key}} subject", body, "Ünï {{to}} <weekly@example.org>", ["x@example.org"],
        headers={"List-Id": "The {{message-id}} <weekly.example.org>"},
    )  # fmt: skip
    message.attach_alternative(f"<p>{body}</p>\n<style>p {{ color: red }}</style>", "text/html")
    uris = "<https://www.example.org/unsubscribe/@@KEY@@/>, <mailto:u@example.org?subject=@@KEY@@>"
    template = MessageTemplate(serialise(message, marker="@@KEY@@", list_unsubscribe=uris))
    for who in recipients():
        raw = template.for_recipient(
            address=who.to,
            message_id=who.message_id,
            key=who.key,
            date=datetime.strptime(who.date, "%a, %d %b %Y %H:%M:%S %z"),
        )
        assert raw == serialise(message, marker="@@KEY@@", list_unsubscribe=uris, who=who)
        assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        parsed = message_from_bytes(raw, policy=policy.default)
        assert parsed["Subject"] == "A {{key}} subject"
        assert parsed["From"].addresses[0].display_name == "Ünï {{to}}"
        assert parsed["To"].addresses[0].addr_spec == who.to
        text = part_of(parsed, "plain")
        assert text == body.removesuffix("\n").replace("@@KEY@@", who.key)
        assert [part.defects for part in parsed.walk()] == [[], [], []]


def test_an_editor_cannot_type_a_token(db: None) -> None:
    issue = make_issue(
        subject="{{key}} and {{to}}",
        preheader="{{key}}",
        intro="<p>{{key}} {{message-id}}</p>",
        posts=[make_post(title="{{key}}", summary="{{date}}")],
    )
    message = finish(issue)
    assert message["Subject"] == "{{key}} and {{to}}"
    assert "{{key}} {{message-id}}" in part_of(message, "plain")
    assert "{{key}} {{message-id}}" in part_of(message, "html")
    assert part_of(message, "plain").count(KEY) == 1
    assert part_of(message, "html").count(KEY) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "dana@psap.example\r\nBcc: all@psap.example"},
        {"address": "dana@psap.example, mo@psap.example"},
        {"address": "Dana <dana@psap.example>"},
        {"address": "dänä@psap.example"},
        {"address": "dana@psäp.example"},
        {"address": "dana@psap.example\n"},
        {"address": ""},
        {"address": "a" * 250 + "@psap.example"},
        {"key": ""},
        {"key": "a/b"},
        {"key": "k" * 61},
        {"key": "k\r\n"},
        {"message_id": "no-brackets@example.org"},
        {"message_id": "<a@example.org>\r\nX: y"},
        {"date": datetime(2026, 11, 22, 12, 0)},  # noqa: DTZ001 - the point of the test
    ],
)
def test_a_value_that_could_change_the_message_around_it_is_refused(
    db: None, wrong: dict[str, object]
) -> None:
    template = MessageTemplate(mail.render(make_issue()).mime)
    good = {"address": "d@e.example", "message_id": "<a@b.c>", "key": KEY, "date": NOON}
    template.for_recipient(**good)
    with pytest.raises(ValueError, match=r"address|key|Message-ID|time zone"):
        template.for_recipient(**{**good, **wrong})


def test_the_date_is_the_moment_whatever_its_time_zone(db: None) -> None:
    template = MessageTemplate(mail.render(make_issue()).mime)
    there = NOON.astimezone(timezone(timedelta(hours=-5)))
    raw = template.for_recipient(address="d@e.example", message_id="<a@b.c>", key=KEY, date=there)
    assert b"\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n" in raw


@pytest.mark.parametrize("broken", [b"", b"Subject: x\r\n\r\nHello", b"{{to}} {{key}} {{date}}"])
def test_bytes_that_are_no_frozen_issue_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not a frozen issue"):
        MessageTemplate(broken)


def test_a_message_id_is_stable_and_cannot_be_guessed(settings: Settings) -> None:
    first = mail.message_id(5, 3)
    assert first == mail.message_id(5, 3)
    others = {mail.message_id(5, 4), mail.message_id(6, 3), mail.message_id(35, 3)}
    assert len({first, *others}) == 4
    settings.SECRET_KEY = "another"
    assert mail.message_id(5, 3) != first


# Quoted-printable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "plain",
        "trailing space \nand tab\t",
        "=3D {braces} = ?",
        "x" * 73, "x" * 74, "x" * 75, "x" * 76, "x" * 77, "x" * 1000,
        "x" * 72 + " ", "x" * 73 + " ", "x" * 74 + " ", " " * 200,
        "é" * 200, "x" + "é" * 200, "🚨" * 50, "x🚨" * 50,
        ".\n..\nFrom here\n" + "x" * 73 + ".y" + "\n" + "x" * 73 + "From",
        "a\r\nb\rc\nd",
    ],
)  # fmt: skip
def test_quoted_printable_decodes_to_the_text_in_lines_of_at_most_76(text: str) -> None:
    encoded = quoted_printable(text, {"@@": "k"})
    lines = encoded.split("\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.endswith((" ", "\t")) for line in lines)
    assert not any(line.startswith((".", "From")) for line in lines)
    assert "{" not in encoded
    unix = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    assert quopri.decodestring(encoded.replace("\r\n", "\n")).decode() == unix


def test_no_letter_is_torn_apart_at_the_end_of_a_line() -> None:
    for line in quoted_printable("é🚨" * 60, {"@@": "k"}).split("\r\n"):
        bytes.fromhex(line.removesuffix("=").replace("=", "")).decode()


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
def test_no_introduction_breaks_the_mail(db: None, intro: str) -> None:
    issue = make_issue(intro=intro)
    message = finish(issue)
    html, text = part_of(message, "html"), part_of(message, "plain")
    assert "<mj-" not in html
    assert "<script" not in html
    assert "javascript:" not in html
    assert html.count("Unsubscribe".lower()) >= 2
    assert [part.defects for part in message.walk()] == [[], [], []]
    # What is said is the same in all three.
    said = "".join(re.findall(r"\w+", "".join(Words(f"<body>{clean(intro, short=True)}").data)))
    for form in (html.partition("<body")[2], mail.render(issue).web_html):
        words = "".join(re.findall(r"\w+", "".join(Words(f"<body {form}").data)))
        assert said in words
    assert text.isprintable() or not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\x00"])
@pytest.mark.parametrize("where", ["A{}Bcc: all@psap.example", "{}A", "A{}"])
def test_a_subject_of_two_lines_is_refused_in_clear_words(
    db: None, newline: str, where: str
) -> None:
    issue = make_issue()
    issue.subject = where.format(newline)
    with pytest.raises(mail.RenderError, match="subject contains a line break"):
        mail.render(issue)


def test_half_a_character_in_a_subject_is_refused_in_clear_words(db: None) -> None:
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


# One content, one message


def test_the_same_issue_gives_the_same_bytes(db: None) -> None:
    issue = make_issue(intro="<p>Hello</p>", posts=[make_post(cover=make_image(), cover_alt="x")])
    first = mail.render(issue)
    again = mail.render(Issue.objects.get(pk=issue.pk))
    assert first == again
    assert first.sha256 == hashlib.sha256(first.mime).hexdigest()
    issue.intro = "<p>Hello!</p>"
    assert mail.render(issue).sha256 != first.sha256


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


def test_articles_stand_in_the_editors_order_with_the_editors_words(db: None) -> None:
    one, two = make_post(title="Alpha"), make_post(title="Beta", summary="Kept summary.")
    issue = make_issue(posts=[two, one])
    issue.issue_posts.filter(post=one).update(blurb="Own words.")
    rendered = mail.render(issue)
    for form in (rendered.html, rendered.text, rendered.web_html):
        assert form.index("Beta") < form.index("Kept summary.") < form.index("Alpha")
        assert form.index("Alpha") < form.index("Own words.")
        assert one.summary not in form


def test_the_masthead_says_number_and_date(db: None) -> None:
    # Three in the morning in London is still the day before in the publication's own time.
    issue = make_issue(number=12, started_at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    rendered = mail.render(issue)
    assert "No. 12 · November 22, 2026" in rendered.text
    assert "No. 12 · November 22, 2026" in rendered.html


def test_rendering_takes_one_query_however_many_articles(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issue = make_issue(posts=[make_post() for _ in range(6)])
    with django_assert_num_queries(1):
        mail.render(issue)


def test_what_an_editor_should_look_at_is_said(db: None) -> None:
    draft = make_post(title="Half done", published_at=None)
    later = make_post(title="Too soon", published_at=django_timezone.now() + timedelta(days=1))
    said = " ".join(mail.render(make_issue(posts=[draft, later])).warnings)
    assert "“Half done” is not published yet" in said
    assert "“Too soon” is not published yet" in said
    assert "no preheader" in said
    assert "no articles" in " ".join(mail.render(make_issue(posts=[])).warnings)


def test_a_cover_that_is_gone_is_named(db: None, settings: Settings) -> None:
    cover = make_image()
    issue = make_issue(posts=[make_post(title="Lost", cover=cover, cover_alt="x")])
    (settings.MEDIA_ROOT / cover.file.name).unlink()
    with pytest.raises(mail.RenderError, match="cover of “Lost” is missing"):
        mail.render(issue)


# Copies of pictures


def test_a_copy_is_made_once_and_keeps_its_address(db: None, settings: Settings) -> None:
    image = make_image(2000, 1000, mode="RGBA")
    first = rendition(image, 1104)
    assert (first.width, first.height) == (1104, 552)
    (settings.MEDIA_ROOT / image.file.name).unlink()
    assert rendition(image, 1104) == first
    assert len(list((settings.MEDIA_ROOT / "renditions").iterdir())) == 1


def test_a_small_picture_is_its_own_copy(db: None, settings: Settings) -> None:
    image = make_image(300, 200)
    assert rendition(image, 1104).url == image.file.url
    assert not (settings.MEDIA_ROOT / "renditions").exists()


# Plain text out of HTML


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b", "a\nb"),
        ("<p>  much \n\t space </p>", "much space"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<p>P</p><ul><li>One</li></ul><p>Q</p>", "P\n\n- One\n\nQ"),
        ('<ol start="9"><li>Nine</li><li>Ten</li></ol>', "9. Nine\n10. Ten"),
        ("<ul><li>A<ul><li>B</li></ul></li><li>C</li></ul>", "- A\n  - B\n- C"),
        ("<ul><li>A</li></ul><ol><li>B</li></ol>", "- A\n\n1. B"),
        ("<ul><li><p>A</p><p>B</p></li></ul>", "- A\n\n  B"),
        ("<blockquote><p>A</p><p>B</p></blockquote>", "> A\n>\n> B"),
        ("<blockquote><ul><li>A</li></ul></blockquote>", "> - A"),
        ("<h2>Head</h2><p>x</p>", "Head\n====\n\nx"),
        ("<h3>Head</h3><p>x</p>", "Head\n----\n\nx"),
        ('<a href="https://a.example/x">words</a>.', "words (https://a.example/x)."),
        ('<a href="https://a.example/">a.example</a>', "https://a.example/"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="tel:+1911">call</a>', "call (+1911)"),
        ('<a href="/x/">here</a>', "here (https://www.example.org/x/)"),
        ('<a href="https://a.example/"></a>', "https://a.example/"),
        ("&lt;b&gt; &amp; 5&nbsp;000", "<b> & 5 000"),
        ("", ""),
    ],
)
def test_an_introduction_reads_well_as_plain_text(html: str, text: str) -> None:
    assert to_text(html, base=BASE) == text


def test_lines_are_wrapped_but_addresses_are_not() -> None:
    address = "https://www.example.org/" + "long-" * 30
    text = to_text(f'<ul><li>{"word " * 40}<a href="{address}">there</a></li></ul>', base=BASE)
    lines = text.split("\n")
    assert all(len(line) <= 72 for line in lines if "https" not in line)
    assert all(line.startswith("  ") for line in lines[1:])
    assert f"({address})" in text


def test_wrapping_keeps_a_title_under_its_number() -> None:
    lines = wrap("word " * 30, first="12. ", rest="    ").split("\n")
    assert lines[0].startswith("12. word")
    assert all(line.startswith("    word") for line in lines[1:])


def test_links_of_an_introduction_are_absolute_in_a_mail() -> None:
    html = to_mail_html('<p><a href="/x/?a=1&amp;b=2">x</a><br><a href="#y">y</a></p>', base=BASE)
    assert html == (
        '<p><a href="https://www.example.org/x/?a=1&amp;b=2">x</a><br />'
        f'<a href="{BASE}#y">y</a></p>'
    )


def test_no_header_begins_with_an_empty_line(db: None, settings: Settings) -> None:
    settings.SITE_URL = f"https://{'a-long-name.' * 8}example"
    settings.MAIL_DOMAIN = f"{'a-long-name.' * 8}example"
    head = mail.render(make_issue(subject="x" * 150)).mime.partition(b"\r\n\r\n")[0].decode()
    assert not re.search(r"(?m)^[A-Za-z-]+: *\r?$", head)
    assert max(map(len, head.split("\r\n"))) <= 998
