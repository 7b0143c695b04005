"""Settings: one page for what the publication says about itself, seen everywhere at once."""

import json
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from alarmroom import facts, mail
from alarmroom.desk.models import Act, Revision
from alarmroom.publication.models import Publication, SignUpWords
from newsletter.delivery import starting
from newsletter.mail import rendering
from newsletter.models import Content
from subscribers import wording
from subscribers.models import SignUpRequest
from tests.factories import (
    make_editor,
    make_issue,
    make_page,
    make_post,
    make_subscriber,
    make_tag,
    picture_file,
)
from tests.helpers import at_once
from tests.newsletter.mail import every_mail
from tests.posts.views.feeds import ALL
from tests.smtp import MailServer

PAGE = "/admin/publication/publication/1/change/"
ADDRESS = "The Alarm Room, 100 Main Street, Springfield, IL 62701"
WORDS = "One mail a week, and nothing else. Every mail has a link that ends it."

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_editor(username="chief"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    """The data of the form as it stands, and what is typed into it."""
    row = Publication.objects.get()
    kept = {name: getattr(row, name) for name in Publication.content_shape.fields}
    return {**kept, "_continue": "1", **fields}


def errors(client: Client, **fields: Any) -> dict[str, list[str]]:
    response = client.post(PAGE, form(**fields))
    assert response.status_code == 200, "The form was accepted."
    found: dict[str, list[str]] = dict(response.context["adminform"].form.errors)
    return found


def base_of(page: str) -> str:
    return unescape(page.split('name="_base" value="')[1].split('"')[0])


def test_a_change_is_seen_on_every_page_in_feeds_mails_and_for_search_engines(
    desk: Client, client: Client, settings: Settings
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    post = make_post()
    paths = ("/", post.get_absolute_url(), "/archive/", "/weekly-alarm/", "/nothing/here/")
    for path in paths:  # They are kept now, and their layouts remembered.
        assert "The Alarm Room" in client.get(path).content.decode()
    saved = desk.post(
        PAGE,
        form(
            name="The <Night> Room",
            tagline="For those who sit up.",
            description="Read at 3 am.",
            postal_address=ADDRESS,
            profiles="https://social.example/@room\nhttps://other.example/room",
        ),
    )
    assert saved.status_code == 302
    for path in paths:
        page = client.get(path).content.decode()
        assert "The &lt;Night&gt; Room" in page, path
        assert "<Night>" not in page
        assert "The Alarm Room" not in page.replace("The Alarm Room, 100 Main", ""), path
        assert ADDRESS in page and "For those who sit up." in page
        assert 'rel="me" href="https://other.example/room"' in page
    front = client.get("/").content.decode()
    assert 'name="description" content="Read at 3 am."' in front
    data = json.loads(front.split('<script type="application/ld+json">')[1].split("</script>")[0])
    publisher = next(each for each in data["@graph"] if each["@type"] == "Organization")
    assert publisher["name"] == "The <Night> Room"
    assert publisher["sameAs"] == ["https://social.example/@room", "https://other.example/room"]
    assert "The &lt;Night&gt; Room" in client.get("/feeds/atom.xml").content.decode()
    _, text, html = mail.render(
        "welcome", {"resources": [], "unsubscribe_url": "https://x.example"}
    )
    assert ADDRESS in text and ADDRESS in html
    assert ADDRESS in rendering.render(make_issue(posts=[post])).text


OLD = ("The Alarm Room", "For the people who answer", "A publication for 911", "Anytown")


def test_nothing_of_before_stands_on_any_page_or_in_any_feed(
    desk: Client, client: Client, settings: Settings
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    tag = make_tag("Fire")
    post = make_post(tags=[tag])
    issue = make_issue(posts=[post])
    make_subscriber()
    starting.start(issue)
    found = [post, tag, post.author, issue, make_page()]
    pages = [each.get_absolute_url() for each in found]
    pages += ["/", "/archive/", "/topics/", "/search/", "/search/?q=answer", "/weekly-alarm/"]
    pages += ["/subscribe/", "/feeds/", "/nothing/here/"]
    for path in (*pages, *ALL):  # They are kept now.
        assert "The Alarm Room" in client.get(path).content.decode(), path
    words = {"name": "Night Room", "tagline": "For sitting up.", "description": "Read at 3 am."}
    address, profile = "9 Dark Lane, Springfield, IL 62701", "https://social.example/@room"
    desk.post(PAGE, form(**words, postal_address=address, profiles=profile, sign_up_words=WORDS))
    for path in pages:
        page = client.get(path).content.decode()
        assert [old for old in OLD if old in page] == [], path
        for new in (words["name"], words["tagline"], address, profile):
            assert new in page, (path, new)
        if 'name="wording"' in page:
            assert WORDS in page, path
    for path in ALL:
        feed = client.get(path).content.decode()
        assert [old for old in OLD if old in feed] == [], path
        assert words["name"] in feed and words["description"] in feed, path


@pytest.mark.parametrize("kind", every_mail.EVERY_KIND)
def test_each_mail_has_the_name_and_the_address_of_now(
    desk: Client, mail_server: MailServer, kind: str
) -> None:
    address = "9 Dark Lane, Springfield, IL 62701"
    desk.post(PAGE, form(name="Night Room", postal_address=address))
    message = every_mail.receive(mail_server, kind).message
    assert "Alarm Room" not in str(message["Subject"])
    for subtype in ("plain", "html"):
        part = message.get_body((subtype,))
        assert part
        text = " ".join(part.get_content().split())
        assert [old for old in OLD if old in text] == []
        assert "Night Room" in text
        assert address in text or kind in every_mail.TO_EDITORS


def test_what_is_left_empty_is_what_the_environment_says(
    desk: Client, client: Client, settings: Settings
) -> None:
    settings.POSTAL_ADDRESS = "The environment, 1 Street, Town 12345"
    settings.SITE_PROFILES = ["https://environment.example/us"]
    desk.post(PAGE, form(postal_address=ADDRESS, profiles="https://own.example/us"))
    assert "environment" not in client.get("/").content.decode()
    desk.post(PAGE, form(postal_address="", profiles=""))
    page = client.get("/").content.decode()
    assert "The environment, 1 Street" in page and "https://environment.example/us" in page


def test_a_started_issue_stays_as_it_was_confirmed(desk: Client) -> None:
    make_subscriber()
    issue = make_issue()
    starting.start(issue)
    before = bytes(Content.objects.get(issue=issue).mime)
    desk.post(PAGE, form(postal_address=ADDRESS, name="Another name"))
    assert bytes(Content.objects.get(issue=issue).mime) == before


def test_an_issue_that_changed_by_it_is_not_sent_as_it_was_confirmed(desk: Client) -> None:
    make_subscriber()
    issue = make_issue()
    shown = rendering.render(issue).sha256
    desk.post(PAGE, form(postal_address=ADDRESS))
    with pytest.raises(starting.NotReady):
        starting.start(issue, shown=shown)


def test_no_page_asks_the_database_for_it_once_it_is_known(
    client: Client, desk: Client, django_assert_num_queries: Any
) -> None:
    desk.post(PAGE, form(name="Another name"))
    assert facts.facts().name == "Another name"
    with django_assert_num_queries(0):
        assert facts.facts().name == "Another name"


def test_what_is_rolled_back_was_never_known(desk: Client) -> None:
    desk.post(PAGE, form(name="Before"))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Publication.objects.update(name="Never")
        facts.page_store().drop([facts.KEY])  # As if another process had saved meanwhile.
        assert facts.facts().name == "Never"
        raise ZeroDivisionError
    assert facts.facts().name == "Before"


def test_without_a_row_or_a_database_there_is_still_a_name(monkeypatch: Any) -> None:
    Publication.objects.all().delete()
    facts.page_store().clear()
    assert facts.facts() == facts.Facts()

    def away() -> None:
        raise facts.DatabaseError

    monkeypatch.setattr(facts, "_load", away)
    facts.page_store().clear()
    assert facts.facts().name == "The Alarm Room"


def test_two_people_who_change_different_fields_both_keep_theirs(desk: Client) -> None:
    mine, theirs = (base_of(desk.get(PAGE).content.decode()) for _ in range(2))
    first, second = form(tagline="Theirs."), form(name="Mine")
    desk.post(PAGE, {**first, "_base": theirs})
    desk.post(PAGE, {**second, "_base": mine})
    row = Publication.objects.get()
    assert (row.name, row.tagline) == ("Mine", "Theirs.")


def test_two_people_who_change_the_same_field_are_asked(desk: Client) -> None:
    base = base_of(desk.get(PAGE).content.decode())
    first, second = form(tagline="Nightingales"), form(tagline="Sparrowhawks")
    desk.post(PAGE, {**first, "_base": base})
    asked = desk.post(PAGE, {**second, "_base": base}).content.decode()
    assert "Nightingales" in asked and "Sparrowhawks" in asked
    assert Publication.objects.get().tagline == "Nightingales"


@pytest.mark.postgresql
def test_saves_at_the_same_moment_lose_nothing() -> None:
    editor = make_editor()
    base = form()
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(editor)
    signed = [base_of(client.get(PAGE).content.decode()) for client in clients]
    changes = [{"name": "Mine"}, {"tagline": "Theirs."}]

    def save(number: int) -> int:
        data = {**base, **changes[number], "_base": signed[number]}
        return clients[number].post(PAGE, data).status_code

    assert at_once(lambda: save(0), lambda: save(1)) == [302, 302]
    row = Publication.objects.get()
    assert (row.name, row.tagline) == ("Mine", "Theirs.")
    assert facts.facts() == row.facts()


def test_the_history_says_who_changed_what_and_brings_it_back(desk: Client) -> None:
    desk.post(PAGE, form(postal_address=ADDRESS))
    picture = picture_file(1200, 630, name="share.png")
    desk.post(PAGE, form(share_file=picture))
    own = Publication.objects.get().share_picture
    desk.post(PAGE, form(postal_address="Wrong, 1", share_removed="on"))
    assert Publication.objects.get().share_picture == ""
    history = desk.get("/admin/publication/publication/1/history/").content.decode()
    assert "chief" in history
    with_picture = Revision.objects.filter(content__fields__share_picture=own).get()
    compared = desk.get(f"/admin/publication/publication/1/compare/?from={with_picture.pk}&to=now")
    assert "Wrong" in compared.content.decode()
    desk.post("/admin/publication/publication/1/restore/", {"revision": with_picture.pk})
    row = Publication.objects.get()
    assert (row.postal_address, row.share_picture) == (ADDRESS, own)


def test_the_log_says_in_words_what_was_and_what_is(desk: Client) -> None:
    desk.post(PAGE, form(name="The Night Room", issue_weekday="1", issue_time="06:30"))
    desk.post(PAGE, form(postal_address=ADDRESS))
    desk.post(PAGE, form())  # Nothing was changed.
    errors(desk, name="")
    lines = Act.objects.filter(kind=Act.Kind.SETTINGS).order_by("pk")
    assert [(line.name, line.label, line.detail) for line in lines] == [
        ("chief", "Name", "Was: The Alarm Room · Now: The Night Room"),
        ("chief", "Weekday of the issue", "Was: Thursday · Now: Tuesday"),
        ("chief", "Time of the issue", "Was: 09:00 · Now: 06:30"),
        ("chief", "Postal address", f"Was: – · Now: {ADDRESS}"),
    ]
    desk.post(PAGE, form(sign_up_words="a" * 500))
    desk.post(PAGE, form(sign_up_words="b" * 500))
    detail = Act.objects.latest("pk").detail
    assert "aaa… · Now: bbb" in detail and detail.endswith("b…")
    page = desk.get("/admin/log/").content.decode()
    assert f'href="{PAGE}">Weekday of the issue</a>' in page
    assert "Was: Thursday · Now: Tuesday" in page
    history = desk.get("/admin/publication/publication/1/history/").content.decode()
    assert "cover" not in history.split("<main")[1].split("</main>")[0]


def test_an_older_state_leaves_what_it_did_not_know(desk: Client) -> None:
    desk.post(PAGE, form(name="The Night Room"))
    older = Revision.objects.order_by("pk").first()
    assert older
    del older.content["fields"]["issue_time"]
    Revision.objects.filter(pk=older.pk).update(content=older.content)
    desk.post(PAGE, form(issue_time="06:30"))
    desk.post("/admin/publication/publication/1/restore/", {"revision": older.pk})
    row = Publication.objects.get()
    assert (row.name, f"{row.issue_time:%H:%M}") == ("The Alarm Room", "06:30")


def test_the_share_picture_is_ours_and_in_the_right_size(desk: Client, client: Client) -> None:
    small = errors(desk, share_file=picture_file(600, 400))
    assert "1200 by 630" in small["share_file"][0]
    broken = errors(desk, share_file=picture_file(extra=b"", kind="BMP"))
    assert "share_file" in broken
    desk.post(PAGE, form(share_file=picture_file(1600, 1200, extra=b"<script>")))
    name = Publication.objects.get().share_picture
    with default_storage.open(name) as file:
        content = file.read()
    assert content.startswith(b"\xff\xd8") and b"<script>" not in content
    assert f'content="http://localhost:8000/media/{name}"' in client.get("/").content.decode()
    # A name that somebody makes up is not taken.
    for made_up in ("../settings.py", "images/x.jpg", f"publication/{'0' * 64}.jpg"):
        desk.post(PAGE, form(share_picture=made_up))
        assert Publication.objects.get().share_picture == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 61),
        ("tagline", ""),
        ("tagline", "x" * 161),
        ("description", "x" * 201),
        ("postal_address", "x" * 301),
        ("postal_address", "P.O. Box, Anytown"),
        ("postal_address", "911"),
        ("profiles", "http://social.example/@room"),
        ("profiles", "javascript:alert(1)"),
        ("profiles", "https://good.example@evil.example/"),
        ("profiles", "https://social.example/" + "x" * 200),
        ("profiles", " ".join(f"https://s{number}.example/" for number in range(11))),
        ("sign_up_words", "x" * 501),
        ("issue_weekday", "7"),
        ("issue_weekday", ""),
        ("issue_time", ""),
        ("issue_time", "25:00"),
    ],
)
def test_what_cannot_stand_there_is_refused_at_its_field(
    desk: Client, field: str, value: str
) -> None:
    assert set(errors(desk, **{field: value})) == {field}
    assert Publication.objects.get().facts() == facts.Facts()


def test_no_control_character_gets_into_a_page_or_a_header(desk: Client) -> None:
    desk.post(PAGE, form(name="Two\r\nlines\x00\x1b", tagline="a\tb\u2028c"))
    row = Publication.objects.get()
    assert (row.name, row.tagline) == ("Two lines", "a b c")


def test_the_record_of_a_consent_has_the_words_that_were_shown(
    desk: Client, client: Client, settings: Settings
) -> None:
    settings.KEPT_PAGES_SECONDS = 300

    def shown() -> tuple[str, str]:
        page = client.get("/subscribe/").content.decode()
        version = page.split('name="wording" value="')[1].split('"')[0]
        return version, unescape(page.split('signup__consent">')[1].split("<")[0])

    def sign_up(name: str, version: str) -> str:
        client.post(
            "/subscribe/", {"address": f"{name}@example.org", "source": "/", "wording": version}
        )
        return SignUpRequest.objects.get(address=f"{name}@example.org").wording

    first = shown()
    desk.post(PAGE, form(sign_up_words=WORDS))
    second = shown()
    assert second[1] == WORDS
    desk.post(PAGE, form(sign_up_words="Other words."))
    third = shown()
    desk.post(PAGE, form(sign_up_words=""))
    assert shown() == first == (wording.CURRENT, wording.WORDINGS[wording.CURRENT])
    # Pages that were open all the time.
    assert sign_up("one", second[0]) == WORDS
    assert sign_up("two", third[0]) == "Other words."
    assert sign_up("three", "f" * 16) == first[1]
    with pytest.raises(TypeError):
        SignUpWords.objects.all().delete()


def test_the_day_of_the_issue_is_proposed_for_the_next_one(desk: Client) -> None:
    desk.post(PAGE, form(issue_weekday="1"))

    def next_after(*moment: int) -> str:
        at = datetime(*moment, tzinfo=timezone.get_current_timezone())  # type: ignore[arg-type, misc]  # year to minute
        return f"{facts.facts().next_issue_at(at):%A %Y-%m-%d %H:%M}"

    assert next_after(2026, 11, 27, 12, 0) == "Tuesday 2026-12-01 09:00"
    assert next_after(2026, 12, 1, 8, 59) == "Tuesday 2026-12-01 09:00"
    assert next_after(2026, 12, 1, 9, 0) == "Tuesday 2026-12-08 09:00"
    # Across the change of the clocks.
    assert next_after(2026, 10, 31, 12, 0) == "Tuesday 2026-11-03 09:00"
    desk.post(PAGE, form(issue_weekday="1", issue_time="06:30"))
    assert next_after(2026, 12, 1, 6, 29) == "Tuesday 2026-12-01 06:30"
    assert next_after(2026, 12, 1, 6, 30) == "Tuesday 2026-12-08 06:30"
    issue = make_issue()
    page = desk.get(f"/admin/newsletter/issue/{issue.pk}/send/").content.decode()
    proposed = facts.facts().next_issue_at()
    assert f'value="{proposed:%Y-%m-%d}T06:30' in page
    assert f"{proposed:%A, %B} {proposed.day}, at 06:30" in desk.get("/admin/").content.decode()


def test_who_may_only_see_them_has_no_form_and_no_environment(client: Client) -> None:
    client.force_login(make_editor("publication.view_publication"))
    assert client.get("/admin/publication/publication/")["Location"] == PAGE
    page = client.get(PAGE).content.decode()
    assert "For the people who answer" in page
    assert "Save settings" not in page and "SMTP_URL" not in page
    assert client.post(PAGE, form(name="Mine")).status_code == 403
    client.force_login(
        make_editor("publication.view_publication", "auth.change_user", username="administrator")
    )
    page = client.get(PAGE).content.decode()
    assert "SMTP_URL" in page and "SECRET_KEY" not in page


def test_there_is_one_row_whatever_happens() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Publication.objects.create(pk=2)
    assert Publication.objects.count() == 1
    assert connection.is_usable()
