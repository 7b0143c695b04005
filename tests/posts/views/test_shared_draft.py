"""A link that shows a draft to somebody without an account."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django.utils.crypto import get_random_string
from pytest_django.fixtures import Settings

from alarmroom.desk.bin import move_to_bin, restore
from alarmroom.desk.models import Act
from posts.models import DraftLink, Post
from posts.models.draft_link import MOST_OPEN
from tests.factories import make_editor, make_post
from tests.posts.admin.desk import change, form

pytestmark = pytest.mark.django_db


def address(post: Post) -> str:
    return f"/admin/posts/post/{post.pk}/share/"


def share(desk: Client, post: Post, **fields: str) -> str:
    """Press "Make a link" as a browser does; return the path of the link."""
    sent = {"days": "7", "for_whom": "", "key": get_random_string(32), **fields}
    made = desk.post(address(post), sent).context["made"]
    assert made
    return urlsplit(made[1]).path


@pytest.fixture
def draft() -> Post:
    return make_post(title="Not yet", body="<p>Only for Kim.</p>", published_at=None)


def test_who_has_the_link_reads_the_draft_and_a_search_engine_does_not(
    desk: Client, draft: Post, client: Client, settings: Settings
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    response = client.get(share(desk, draft))
    page = response.content.decode()
    assert response.status_code == 200
    assert "Only for Kim." in page
    until = timezone.localtime(timezone.now() + timedelta(days=7))
    assert "A draft, shared by" in page and f"until {until:%B} {until.day}" in page
    assert '<meta name="robots" content="noindex">' in page
    assert 'rel="canonical"' not in page
    assert f"/articles/{draft.slug}/" not in page
    assert response["X-Robots-Tag"].startswith("noindex")
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers
    assert [*settings.KEPT_PAGES_ROOT.rglob("*.json")] == []


def test_it_shows_the_newest_saved_text_and_never_what_is_only_typed(
    desk: Client, client: Client
) -> None:
    post = make_post(title="As readers see it")
    path = share(desk, post)
    desk.post(change(post), form(title="Saved for later", slug=post.slug, _continue=""))
    desk.post(
        f"/admin/posts/post/{post.pk}/working-copy/",
        form(title="Only typed", slug=post.slug, _tab="tab", _number="1"),
    )
    page = client.get(path).content.decode()
    assert "Saved for later" in page
    assert "Only typed" not in page
    assert "Saved for later" not in client.get(post.get_absolute_url()).content.decode()


def test_a_link_that_is_wrong_expired_or_revoked_gets_one_and_the_same_404(
    desk: Client, draft: Post, client: Client
) -> None:
    revoked, expired, closed, wrong = (share(desk, draft) for _ in range(4))
    newest = DraftLink.objects.order_by("pk")
    assert newest[0].revoke()
    past = timezone.now() - timedelta(seconds=1)
    DraftLink.objects.filter(pk=newest[1].pk).update(
        made_at=past - timedelta(days=1), expires_at=past
    )
    gone = make_editor(username="gone", is_active=False)
    DraftLink.objects.filter(pk=newest[2].pk).update(made_by=gone)
    wrong = wrong[:-2] + ("a" if wrong[-2] != "a" else "b") + "/"
    said = set()
    for path in (revoked, expired, closed, wrong, "/draft/x/", f"/draft/{'é' * 43}/"):
        response = client.get(path)
        assert response.status_code == 404, path
        assert response["Cache-Control"] == "private, no-store"
        said.add(response.content.decode().replace(path, ""))
    assert len(said) == 1
    assert draft.title not in said.pop()


def test_a_moved_draft_is_shown_again_only_when_it_is_back(
    desk: Client, draft: Post, client: Client
) -> None:
    path = share(desk, draft)
    binned = move_to_bin(draft, None)
    assert client.get(path).status_code == 404
    restore(binned, None)
    assert client.get(path).status_code == 200


def test_it_is_counted_once_a_second_and_not_for_a_scanner_s_head(
    desk: Client, draft: Post, client: Client
) -> None:
    path = share(desk, draft)
    client.head(path)
    assert DraftLink.objects.get().opened == 0
    for _ in range(3):
        client.get(path)
    assert DraftLink.objects.get().opened == 1
    DraftLink.objects.update(last_opened_at=timezone.now() - timedelta(minutes=1))
    client.get(path)
    assert DraftLink.objects.get().opened == 2
    assert "Opened 2 times" in desk.get(address(draft)).content.decode()


def test_the_database_has_no_token_and_a_form_sent_twice_makes_one_link(
    desk: Client, draft: Post
) -> None:
    key = get_random_string(32)
    path = share(desk, draft, key=key)
    assert share(desk, draft, key=key) == path
    link = DraftLink.objects.get()
    token = path.split("/")[2]
    assert len(token) == 43
    assert token not in str(DraftLink.objects.values().get())
    assert link.expires_at - link.made_at == timedelta(days=7)
    # Another form of the same account gets another one, and the page never shows it again.
    assert share(desk, draft) != path
    assert token not in desk.get(address(draft)).content.decode()
    assert LogEntry.objects.filter(change_message__contains="Shared the draft").count() == 2


def test_a_revoked_link_is_not_made_again_by_its_old_form(desk: Client, draft: Post) -> None:
    key = get_random_string(32)
    path = share(desk, draft, key=key)
    desk.post(address(draft), {"revoke": DraftLink.objects.get().pk})
    again = desk.post(address(draft), {"days": "7", "key": key})
    assert again.context["made"] is None
    assert "revoked meanwhile" in again.content.decode()
    assert Client().get(path).status_code == 404
    # Pressed twice, or for a link of another article, nothing happens.
    desk.post(address(draft), {"revoke": DraftLink.objects.get().pk})
    other = make_post(published_at=None)
    share(desk, other)
    desk.post(address(draft), {"revoke": DraftLink.objects.get(post=other).pk})
    assert DraftLink.objects.open().filter(post=other).exists()
    assert desk.post(address(draft), {"revoke": "1" * 40}).status_code == 302
    # The log has each link that was made, and each that was revoked, once.
    acts = Act.objects.filter(kind__in=[Act.Kind.SHARED, Act.Kind.UNSHARED]).order_by("pk")
    assert [(act.kind, act.label) for act in acts] == [
        ("shared", str(draft)),
        ("unshared", str(draft)),
        ("shared", str(other)),
    ]
    assert all(path.split("/")[2] not in act.detail for act in acts)
    assert acts[0].detail.startswith("Until ")
    page = desk.get("/admin/log/").content.decode()
    assert "made a link to a draft" in page and "revoked a link to a draft" in page


def test_only_so_many_links_are_open_at_once(desk: Client, draft: Post) -> None:
    for _ in range(MOST_OPEN):
        share(desk, draft)
    refused = desk.post(address(draft), {"days": "1", "key": get_random_string(32)})
    assert f"{MOST_OPEN} links to this article are open" in refused.content.decode()
    assert DraftLink.objects.count() == MOST_OPEN


def test_other_days_and_keys_than_offered_are_refused(desk: Client, draft: Post) -> None:
    for wrong in ({"days": "365"}, {"days": ""}, {"key": "short"}, {"for_whom": "x" * 81}):
        sent = {"days": "1", "key": get_random_string(32), **wrong}
        assert desk.post(address(draft), sent).context["made"] is None
    assert not DraftLink.objects.exists()


def test_who_may_not_change_the_article_neither_makes_nor_sees_links(
    desk: Client, draft: Post, client: Client
) -> None:
    share(desk, draft, for_whom="Kim Reyes")
    client.force_login(make_editor("posts.view_post", username="viewer"))
    assert client.get(address(draft)).status_code == 403
    assert client.post(address(draft), {"days": "1"}).status_code == 403
    assert "share/" not in client.get(change(draft)).content.decode()
    assert "share/" in desk.get(change(draft)).content.decode()


def test_a_name_is_text(desk: Client, draft: Post) -> None:
    share(desk, draft, for_whom="<script>alert(1)</script>")
    assert "<script>alert" not in desk.get(address(draft)).content.decode()
