"""An issue that counts clicks: its mails lead through our site, and nothing else changes."""

import re
from html import escape, unescape
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from newsletter.clicks import targets
from newsletter.delivery import starting
from newsletter.mail import clicks
from newsletter.mail import rendering as mail
from newsletter.mail.mime import MessageTemplate
from newsletter.models import Issue, IssueLink
from tests.factories import make_issue, make_post
from tests.newsletter.mail.reading import KEY, NOON, finish, part_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("example_org", "no_tasks")]

OUT = "https://other.example/a?b=1&c=2"
INTRO = (
    f'<p>See <a href="{escape(OUT)}">their report</a>, <a href="{escape(OUT)}">again</a>, '
    '<a href="https://plain.example/x">https://plain.example/x</a> and '
    '<a href="mailto:a@b.example">write</a>.</p>'
)
CLICK = re.compile(r"https://www\.example\.org/c/([0-9]+)/([0-9]+)/([a-z2-7]+)")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    targets.forget()


def counted(**fields: Any) -> Issue:
    posts = [make_post(title=f"Story {number}") for number in range(5)]
    return make_issue(posts=posts, intro=INTRO, count_clicks=True, **fields)


def hrefs(html: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'<a\b[^<>]* href="([^"]*)"', html)]


def test_a_new_issue_counts_nothing_and_its_mail_is_as_ever() -> None:
    issue = counted()
    plain = Issue.objects.get(pk=issue.pk)
    assert not make_issue().count_clicks
    plain.count_clicks = False
    rendered = mail.render(plain)
    assert rendered.links == []
    assert b"/c/" not in rendered.mime
    assert b"{{click" not in rendered.mime
    # Whoever switches it on and off again has the same bytes.
    mail.render(issue)
    assert mail.render(plain).mime == rendered.mime


def test_each_target_has_one_number_in_both_parts() -> None:
    issue = counted()
    rendered = mail.render(issue)
    by_url = {link.url: link for link in rendered.links}
    direct = mail.render(Issue(**{**vars_of(issue), "count_clicks": False}))
    message = finish(issue)
    html, text = part_of(message, "html"), part_of(message, "plain")
    for subtype, part in (("html", html), ("plain", text)):
        for number, token in {(int(n), token) for _, n, token in CLICK.findall(part)}:
            assert rendered.links[number - 1].number == number
            assert len(token) == clicks.TOKEN_LENGTH
            back = part.replace(clicks.address(issue.number, number, token), "")
            assert back != part, subtype
    # With each address put back, the parts are those of an issue that counts nothing.
    tokens = {token for *_, token in CLICK.findall(html + text)}
    assert len(tokens) == 1
    token = tokens.pop()
    restored_html, restored_text = html, text
    for link in rendered.links:
        through = clicks.address(issue.number, link.number, token)
        restored_html = restored_html.replace(f'"{through}"', f'"{escape(link.url)}"')
        restored_text = re.sub(
            rf"{re.escape(through)}(?![0-9a-z])", lambda _, u=link.url: u, restored_text
        )
    assert restored_html == direct.html.replace("{{key}}", KEY)
    assert restored_text.strip() == direct.text.replace("{{key}}", KEY).strip()
    posts = list(issue.posts.all())
    for post in posts:
        link = by_url[f"https://www.example.org{post.get_absolute_url()}"]
        assert (link.name, link.thing) == (post.title, f"article-{post.pk}")
    assert by_url[OUT].name == "other.example/a?b=1&c=2"
    assert by_url[f"https://www.example.org{issue.get_absolute_url()}"].thing == f"issue-{issue.pk}"


def vars_of(issue: Issue) -> dict[str, Any]:
    return {field.attname: getattr(issue, field.attname) for field in Issue._meta.concrete_fields}


def test_what_is_personal_or_shows_its_address_stays_direct() -> None:
    issue = counted()
    found = hrefs(part_of(finish(issue), "html"))
    assert f"https://www.example.org/unsubscribe/{KEY}/?issue={issue.number}" in found
    assert "https://www.example.org/subscribe/" in found
    assert "https://plain.example/x" in found
    assert "mailto:a@b.example" in found
    assert OUT not in found


def test_each_mail_has_a_token_of_its_own_that_nobody_can_relate_to_it() -> None:
    """The same delivery sent twice has two: it is drawn when the mail is made, and not kept."""
    template = MessageTemplate(mail.render(counted()).mime)
    who = {"address": "dana@psap.example", "message_id": "<7.1.abc@example.org>", "key": KEY}
    raws = [template.for_recipient(**who, date=NOON) for _ in range(2)]
    first, second = (set(re.findall(rb"\n([a-z2-7]{20})=\r\n", raw)) for raw in raws)
    assert len(first) == len(second) == 1
    assert first != second
    # Its size is that of the template, so that no limit is passed.
    assert len(raws[0]) == len(raws[1])


def test_the_web_edition_has_direct_links_and_a_test_mail_too() -> None:
    issue = counted()
    rendered = mail.render(issue)
    assert "/c/" not in rendered.web_html
    assert b"/c/" not in mail.render(issue, test=True).mime


def test_the_preview_of_an_issue_that_is_not_sent_leads_straight_on() -> None:
    issue = counted()
    shown = mail.preview(issue, mail.render(issue))
    assert OUT in hrefs(shown.html)
    assert OUT in shown.text
    assert "/c/" not in shown.html + shown.text


def test_starting_freezes_the_links() -> None:
    issue = counted()
    shown = starting.rehearse(issue)
    starting.start(issue, shown=shown.sha256)
    stored = list(IssueLink.objects.values_list("number", "url", "name", "thing"))
    assert stored == [(link.number, link.url, link.name, link.thing) for link in shown.links]
    assert [number for number, *_ in stored] == list(range(1, len(stored) + 1))
    frozen = mail.preview(issue, issue.content)
    assert CLICK.search(frozen.html)


def test_switching_it_on_after_the_confirmation_was_shown_is_a_change() -> None:
    issue = make_issue()
    shown = starting.rehearse(issue)
    Issue.objects.update(count_clicks=True)
    with pytest.raises(starting.Changed):
        starting.start(issue, shown=shown.sha256)


def test_an_address_is_short_enough_not_to_be_broken() -> None:
    assert len(clicks.address(99_999, 999, clicks.new_token("99999"))) <= 72


def test_a_mail_of_ten_thousand_links_is_rewritten_in_linear_time() -> None:
    """By its counts: each of 10,000 addresses once, with prefixes of each other among them."""
    urls = [f"https://x.example/{number}" for number in range(10_000)]
    html = "".join(f'<p><a style="a" href="{url}">words</a></p>' for url in urls)
    text = "\n".join(f"words <{url}>" for url in urls)
    new_html, new_text, links = clicks.through_us(
        html, text, issue=7, token="t", known={}, direct=()
    )
    assert [link.url for link in links] == urls
    assert hrefs(new_html) == [clicks.address(7, number, "t") for number in range(1, 10_001)]
    assert new_text.split("\n")[9_999] == f"words <{clicks.address(7, 10_000, 't')}>"


@pytest.mark.parametrize(
    "words",
    ["https://bank.example/", "www.bank.example", "bank.example/login", "<b>Bank.Example</b>"],
)
def test_a_link_whose_words_are_an_address_stays_what_it_says(words: str) -> None:
    html = f'<a href="https://bank.example/login">{words}</a>'
    assert clicks.through_us(html, "", issue=7, token="t", known={}, direct=())[0] == html


# Tokens


def test_a_token_is_of_its_issue_and_cannot_be_made_up(settings: Settings) -> None:
    token = clicks.new_token("7")
    chance = clicks.chance_of(token, "7")
    assert chance is not None
    assert clicks.chance_of(token.upper(), "7") == chance
    assert clicks.chance_of(f"{token}>.", "7") == chance
    assert clicks.chance_of(token, "8") is None
    assert clicks.chance_of(token[:-2], "7") is None
    assert clicks.chance_of(clicks.SAMPLE_TOKEN, "7") is None
    assert clicks.chance_of("é" * 20, "7") is None
    assert clicks.chance_of("1" * 20, "7") is None
    for at in range(19):  # The last letter has bits that mean nothing.
        other = "a" if token[at] != "a" else "b"
        assert clicks.chance_of(f"{token[:at]}{other}{token[at + 1 :]}", "7") is None
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new" * 20
    assert clicks.chance_of(token, "7") == chance
    settings.SECRET_KEY_FALLBACKS = []
    assert clicks.chance_of(token, "7") is None
