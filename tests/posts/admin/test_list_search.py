"""Searching the list of articles: words of the text, drafts too, and only what one may see."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_author, make_editor, make_post

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

LIST = "/admin/posts/post/"


@pytest.fixture
def editor() -> User:
    return make_editor()


@pytest.fixture
def desk(client: Client, editor: User) -> Client:
    client.force_login(editor)
    return client


def found(desk: Client, query: str, **more: str) -> list[str]:
    page = desk.get(LIST, {"q": query, **more})
    assert page.status_code == 200
    return [post.title for post in page.context["cl"].result_list]


def test_words_of_the_text_are_found_in_drafts_too_and_marked(desk: Client) -> None:
    make_post(
        title="Nights",
        body="<p>Long ago.</p><p>The <b>telecommunicator</b> &amp; the caller.</p>",
        published_at=None,
    )
    make_post(title="Days", body="<p>Nothing of it.</p>")
    assert found(desk, "telecommunicators") == ["Nights"]
    page = desk.get(LIST, {"q": "telecommunicators"}).content.decode()
    assert "<mark>telecommunicator</mark> &amp; the caller." in page
    assert found(desk, '"the caller"') == ["Nights"]
    assert found(desk, '"caller the"') == []
    assert found(desk, "nothing -ago") == ["Days"]


def test_the_best_comes_first_unless_another_order_is_asked_for(desk: Client) -> None:
    make_post(title="One word", body="<p>A dispatcher.</p>", published_at=timezone.now())
    make_post(title="Dispatcher, dispatcher", body="<p>Dispatcher.</p>", published_at=None)
    make_post(title="Alpha", summary="For a dispatcher.", published_at=None)
    assert found(desk, "dispatcher")[0] == "Dispatcher, dispatcher"
    by_title = found(desk, "dispatcher", o="1")
    assert by_title == sorted(by_title)


def test_a_title_is_found_while_it_is_typed(desk: Client) -> None:
    make_post(title="Quiet hours")
    make_post(title="Loud hours", summary="Of noise.")
    for typed in ("Q", "qu", "quiet h", "Quiet hours"):
        assert found(desk, typed) == ["Quiet hours"], typed


def test_a_slip_is_mended_and_said(desk: Client) -> None:
    make_post(title="Wellness", body="<p>Dispatchers sleep.</p>")
    page = desk.get(LIST, {"q": "dispacthers"})
    assert [post.title for post in page.context["cl"].result_list] == ["Wellness"]
    assert "Nothing is found for “dispacthers”. Shown is “dispatchers”." in page.content.decode()


def test_a_search_within_a_view_offers_the_whole_list(desk: Client) -> None:
    make_post(title="Published word")
    page = desk.get(LIST, {"q": "published", "state": "draft"}).content.decode()
    assert "Nothing is found for “published”." in page
    assert f'href="{LIST}?q=published"' in page


def test_nobody_finds_what_he_or_she_may_not_see(client: Client) -> None:
    writer = make_editor("posts.change_post")
    other = make_post(title="Of others", body="<p>Confidential zymurgy.</p>", published_at=None)
    own = make_post(title="Own", body="<p>My own words.</p>", published_at=None)
    own.owner = writer
    own.save()
    client.force_login(writer)
    assert found(client, "zymurgy") == []
    # Nor by a word that is nearly it: what would be shown is a word of that draft.
    page = client.get(LIST, {"q": "zymurgyy"})
    assert "Shown is" not in page.content.decode()
    assert other.title not in page.content.decode()
    assert found(client, "words") == ["Own"]


@pytest.mark.parametrize(
    "odd",
    ["", " ", "-", '"', '""', "%", "\x00", "a" * 5000, "NEAR(a b)", "👩‍🚒", "<b>", "' OR 1=1"],
)
def test_odd_searches_cause_no_error(desk: Client, odd: str) -> None:
    make_post(author=make_author())
    assert desk.get(LIST, {"q": odd}).status_code == 200
