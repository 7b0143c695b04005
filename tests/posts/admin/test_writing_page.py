"""What the page of a text shows: its state, its main action, its sections, to whoever may what."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alarmroom.desk.models import Revision
from posts.models import Post
from tests.factories import connect, make_editor, make_image, make_page, make_post, make_tag
from tests.posts.admin.desk import ADD, change, form, when

pytestmark = pytest.mark.django_db


def buttons(page: str) -> list[str]:
    """The names of the buttons that send the form, in the order of the document."""
    names = [part.split('"')[0] for part in page.split('name="_')[1:]]
    return [name for name in names if name in {"save", "continue", "publish", "update"}]


def in_state(state: str) -> Post | None:
    now = timezone.now()
    dates: dict[str, dict[str, Any]] = {
        "draft": {"published_at": None},
        "scheduled": {"published_at": now + timedelta(days=3)},
        "published": {"published_at": now - timedelta(days=3)},
        "withdrawn": {"published_at": None, "withdrawn_at": now, "was_published_at": now},
    }
    return make_post(**dates[state]) if state in dates else None


@pytest.mark.parametrize(
    ("state", "says", "action"),
    [
        ("new", "New", "publish"),
        ("draft", "Draft", "publish"),
        ("scheduled", "Scheduled", "publish"),
        ("published", "Published", "update"),
        ("withdrawn", "Withdrawn", "publish"),
    ],
)
def test_the_header_names_the_state_and_the_main_action(
    desk: Client, state: str, says: str, action: str
) -> None:
    post = in_state(state)
    page = desk.get(change(post) if post else ADD).content.decode()
    assert f'class="state state-{state}">{says}</span>' in page
    assert f'data-state="{state}"' in page
    # The first button is what Enter presses without a script: it never publishes.
    assert buttons(page)[0] == "continue"
    assert action in buttons(page)
    assert ("publish" in buttons(page)) == (action == "publish")
    assert '<span id="desk-saving"' in page
    assert '<div id="desk-notices"></div>' in page


def test_what_could_not_be_published_is_not_called_published(desk: Client) -> None:
    post = make_post(published_at=None)
    response = desk.post(change(post), form(summary="", _publish="1"))
    frame = response.context["desk"]
    assert (frame.state, frame.state_name) == ("draft", "Draft")
    assert [problem[1] for problem in frame.problems] == ["id_summary"]
    assert not Post.objects.published().exists()


def test_a_published_article_is_updated_by_its_main_button(desk: Client) -> None:
    post = make_post()
    sent = form(title="Mended", **{"published_at_0": "2026-01-02", "published_at_1": "9 am"})
    assert desk.post(change(post), {**sent, "_update": "1"}).status_code == 302
    post.refresh_from_db()
    assert post.title == "Mended"


def test_closed_sections_say_what_they_hold(desk: Client) -> None:
    post = make_post(slug="night-shift", tags=[make_tag(), make_tag()], cover=make_image(),
                     cover_alt="The floor")  # fmt: skip
    connect(post, make_post())
    rail = desk.get(change(post)).context["desk"].rail
    assert {section.name: section.line for section in rail} == {
        "State and publishing": "Published",
        "Checks": "",  # static/js/desk/checks.js fills it in.
        "Author and topics": f"{post.author}, 2 topics",
        "Cover": "With alternative text",
        "Related": "1 article",
        "Address and search title": "/night-shift/",
        "Comments": "None yet",
        "History": "",
    }


def test_the_title_in_search_results_is_its_own_and_follows_the_checks(desk: Client) -> None:
    post = make_post(title="T" * 70, slug="long")
    sent = {**form(title="T" * 70, slug="long"), **when(post.published_at)}
    asked = desk.post(change(post).replace("/change/", "/checks/"), sent).content.decode()
    assert "The title is 70 characters" in asked
    sent["search_title"] = "  Short \n and good "
    asked = desk.post(change(post).replace("/change/", "/checks/"), sent).content.decode()
    assert "The title is" not in asked
    desk.post(change(post), {**sent, "_update": "1"})
    post.refresh_from_db()
    assert post.search_title == "Short and good"
    page = Client().get("/articles/long/").content.decode()
    assert "<title>Short and good · " in page
    assert f'<meta property="og:title" content="{"T" * 70}">' in page
    # The history has it, and an earlier revision, which has none, can be compared and restored.
    revision = Revision.objects.of(post).newest_first().first()
    assert revision
    assert revision.content["fields"]["search_title"] == "Short and good"
    del revision.content["fields"]["search_title"]
    revision.save()
    compare = change(post).replace("/change/", f"/compare/?from={revision.pk}&to=now")
    assert "itle in search results" in desk.get(compare).content.decode()
    restore = change(post).replace("/change/", "/restore/")
    assert desk.post(restore, {"revision": revision.pk}).status_code == 302
    assert desk.get(change(post)).context["adminform"].form["search_title"].value() == ""


def test_an_error_in_a_row_is_named_and_its_section_is_open(desk: Client) -> None:
    post, other = make_post(), make_post()
    rows = [{"related": other.pk}, {"related": other.pk}]
    frame = desk.post(change(post), form(rows)).context["desk"]
    [(name, control, sentence)] = frame.problems
    assert (name, control) == ("related post 2", "id_related_to-1-related")
    assert "is picked twice" in sentence
    assert [section.name for section in frame.rail if section.is_wrong] == ["Related"]
    assert all(section.is_open for section in frame.rail if section.is_wrong)


def test_whoever_may_only_look_gets_the_text_and_no_button() -> None:
    client = Client()
    client.force_login(make_editor("posts.view_post"))
    post = make_post(title="Only to look at", body="<p>Read <em>this</em>.</p>")
    page = client.get(change(post)).content.decode()
    assert "Only to look at" in page
    assert "Answer" not in page
    assert buttons(page) == []
    assert "/delete/" not in page
    assert "/history/" in page


def test_in_a_popup_there_is_one_button_and_no_way_out(desk: Client) -> None:
    page = desk.get(f"{ADD}?_popup=1").content.decode()
    assert buttons(page) == ["save", "save"]
    assert "eh__back" not in page
    assert '<input type="hidden" name="_popup" value="1">' in page


def test_the_menu_of_the_site_leaves_a_writing_page_and_stays_elsewhere(desk: Client) -> None:
    assert 'class="bar__menu"' not in desk.get(ADD).content.decode()
    assert 'class="bar__menu"' in desk.get("/admin/posts/post/").content.decode()


def test_a_page_of_the_publication_has_the_same_frame(desk: Client) -> None:
    page = make_page("Write us", slug="write-us", body="<p>One two three.</p>")
    response = desk.get(f"/admin/posts/page/{page.pk}/change/")
    assert response.context["desk"].words == 3
    assert buttons(response.content.decode()) == ["continue", "save", "continue"]
    sent = {"title": "Contact\nus", "slug": "write-us", "summary": "", "body": "", "position": "0"}
    response = desk.post(f"/admin/posts/page/{page.pk}/change/", sent)
    assert [problem[1] for problem in response.context["desk"].problems] == ["id_body"]
    assert (
        desk.post(
            f"/admin/posts/page/{page.pk}/change/", {**sent, "body": "<p>By mail.</p>"}
        ).status_code
        == 302
    )
    page.refresh_from_db()
    assert page.title == "Contact us"


def test_the_page_of_a_long_text_takes_no_more_queries(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    post = make_post(body="<p>word</p>" * 5_000, tags=[make_tag()])
    connect(post, *(make_post() for _ in range(5)))
    with django_assert_max_num_queries(15):
        desk.get(change(post))
