"""The preview of an article for editors."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_editor, make_post

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor_client(client: Client) -> Client:
    client.force_login(make_editor("posts.view_post"))
    return client


def test_an_anonymous_visitor_cannot_tell_whether_a_draft_exists(client: Client) -> None:
    draft = make_post(published_at=None)
    existing = client.get(f"/preview/{draft.pk}/")
    unknown = client.get(f"/preview/{draft.pk + 1}/")
    assert existing.status_code == unknown.status_code == 404
    assert draft.title not in existing.content.decode()


def test_a_non_staff_account_gets_a_404(client: Client) -> None:
    draft = make_post(published_at=None)
    client.force_login(User.objects.create_user("reader"))
    assert client.get(f"/preview/{draft.pk}/").status_code == 404


def test_an_inactive_account_gets_a_404(editor_client: Client) -> None:
    draft = make_post(published_at=None)
    User.objects.update(is_active=False)
    assert editor_client.get(f"/preview/{draft.pk}/").status_code == 404


def test_the_preview_of_a_draft_is_the_article_page_with_a_ribbon(editor_client: Client) -> None:
    draft = make_post(title="Not yet", published_at=None)
    html = editor_client.get(f"/preview/{draft.pk}/").content.decode()
    ribbon = html.split('class="ribbon"')[1].split("</div>")[0]
    assert "Draft" in ribbon
    assert '<h1 class="article__title p-name">Not yet</h1>' in html
    assert "Not published yet" in html
    assert f'<link rel="canonical" href="http://localhost:8000/articles/{draft.slug}/">' in html
    assert '<meta name="robots" content="noindex">' in html


def test_the_preview_of_a_scheduled_article_shows_the_date(editor_client: Client) -> None:
    when = datetime(2199, 1, 2, 8, 30, tzinfo=timezone.get_current_timezone())
    post = make_post(published_at=when)
    html = editor_client.get(f"/preview/{post.pk}/").content.decode()
    assert "Scheduled for Wednesday, January 2, 2199, 08:30 EST" in html


def test_the_public_page_has_no_ribbon(editor_client: Client) -> None:
    post = make_post()
    assert "ribbon" in editor_client.get(f"/preview/{post.pk}/").content.decode()
    assert "ribbon" not in editor_client.get(post.get_absolute_url()).content.decode()


@pytest.mark.parametrize("when", [None, timedelta(days=1), timedelta(days=-1)])
def test_a_preview_is_not_cacheable(editor_client: Client, when: timedelta | None) -> None:
    post = make_post(published_at=when and timezone.now() + when)
    response = editor_client.get(f"/preview/{post.pk}/")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize("key", [0, 10**9, 10**30])
def test_an_unknown_number_is_a_404(editor_client: Client, key: int) -> None:
    assert editor_client.get(f"/preview/{key}/").status_code == 404


def test_a_preview_is_read_or_sent_a_form(editor_client: Client) -> None:
    path = f"/preview/{make_post().pk}/"
    assert editor_client.put(path).status_code == 405
    assert editor_client.delete(path).status_code == 405
    assert editor_client.get("/preview/new/").status_code == 405
