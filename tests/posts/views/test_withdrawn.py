"""Withdrawn articles: their address answers 410, and no list contains them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from newsletter import preflight
from posts.models import Post
from posts.search import finding
from tests.factories import connect, make_author, make_editor, make_issue, make_post, make_tag
from tests.posts.admin import desk
from tests.posts.admin.desk import said

pytestmark = pytest.mark.django_db


def withdraw(post: Post) -> Post:
    assert Post.objects.filter(pk=post.pk).withdraw() == 1
    post.refresh_from_db()
    return post


def test_a_withdrawn_article_is_a_410_that_lists_topics(
    client: Client,
) -> None:
    make_post(tags=[make_tag("Fire")])
    withdraw(make_post(slug="wrong", title="All wrong", body="<p>Untrue.</p>"))
    response = client.get("/articles/wrong/")
    html = response.content.decode()
    assert response.status_code == 410
    assert "We no longer publish this article" in html
    assert 'href="/tags/fire/"' in html
    assert "noindex" in html
    assert "All wrong" not in html
    assert "Untrue" not in html


def test_a_withdrawn_article_is_in_no_list(client: Client) -> None:
    author, fire = make_author(slug="ruth"), make_tag("Fire")
    other = make_post(slug="other", author=author, tags=[fire])
    gone = make_post(title="Wrongly said", author=author, tags=[fire])
    connect(other, gone)
    withdraw(gone)
    published = timezone.localtime(other.published_at)
    for address in (
        "/",
        "/articles/other/",
        "/tags/fire/",
        "/authors/ruth/",
        "/feeds/",
        f"/archive/{published:%Y/%m}/",
        f"/sitemaps/articles-{published:%Y}.xml",
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert "Wrongly said" not in response.content.decode(), address
        assert gone.get_absolute_url() not in response.content.decode(), address
    assert not finding.search("Wrongly said").hits
    assert gone not in Post.objects.published()
    assert gone not in Post.objects.drafts()


def test_a_restored_article_keeps_its_date(client: Client) -> None:
    old = timezone.now() - timedelta(days=90)
    post = withdraw(make_post(slug="back", title="Back again", published_at=old))
    assert Post.objects.all().bring_back() == 1
    post.refresh_from_db()
    assert post.published_at == old
    assert not post.is_withdrawn
    assert client.get("/articles/back/").status_code == 200
    assert finding.search("Back again").hits


def test_only_published_articles_can_be_withdrawn() -> None:
    make_post(published_at=None)
    make_post(published_at=timezone.now() + timedelta(days=1))
    assert Post.objects.all().withdraw() == 0
    assert Post.objects.all().bring_back() == 0


def test_withdrawing_again_keeps_the_date() -> None:
    post = withdraw(make_post())
    assert Post.objects.all().withdraw() == 0
    assert Post.objects.get(pk=post.pk).withdrawn_at == post.withdrawn_at


@pytest.mark.parametrize("way", ["save", "publish"])
def test_publishing_again_ends_the_withdrawal(client: Client, way: str) -> None:
    post = withdraw(make_post(slug="again"))
    if way == "save":
        post.published_at = timezone.now() - timedelta(minutes=1)
        post.save(update_fields=["published_at"])
    else:
        Post.objects.all().publish()
    assert client.get("/articles/again/").status_code == 200
    post.refresh_from_db()
    assert (post.withdrawn_at, post.was_published_at) == (None, None)


def test_a_withdrawn_article_made_a_draft_is_a_404(client: Client) -> None:
    withdraw(make_post(slug="draft"))
    assert Post.objects.all().back_to_draft() == 1
    assert client.get("/articles/draft/").status_code == 404
    assert Post.objects.drafts().count() == 1


def test_a_deleted_article_is_a_404(client: Client) -> None:
    withdraw(make_post(slug="deleted")).delete()
    assert client.get("/articles/deleted/").status_code == 404


def test_the_database_refuses_a_published_withdrawn_article() -> None:
    post = withdraw(make_post())
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(pk=post.pk).update(published_at=timezone.now())


def test_an_issue_with_a_withdrawn_article_is_not_ready() -> None:
    issue = make_issue(posts=[withdraw(make_post(title="All wrong"))])
    assert preflight.problems(issue) == ["“All wrong” was withdrawn. Take it out of the issue."]


# In the admin


def act(client: Client, action: str, *posts: Post) -> str:
    return said(desk.act(client, action, *posts))


def test_the_admin_actions_withdraw_and_restore(client: Client) -> None:
    client.force_login(make_editor())
    post = make_post(slug="said")
    assert "1 article withdrawn" in act(client, "withdraw", post)
    assert client.get("/articles/said/").status_code == 410
    page = client.get("/admin/posts/post/?state=withdrawn").content.decode()
    assert "state-withdrawn" in page
    assert "Nothing to withdraw" in act(client, "withdraw", post)
    assert "1 article back on the site" in act(client, "bring_back", post)
    assert client.get("/articles/said/").status_code == 200
    assert "None of the chosen articles is withdrawn" in act(client, "bring_back", post)


def test_withdrawing_needs_the_permission_to_change(client: Client) -> None:
    client.force_login(make_editor("posts.view_post"))
    post = make_post(slug="said")
    act(client, "withdraw", post)
    assert client.get("/articles/said/").status_code == 200


def test_the_preview_shows_the_withdrawal(client: Client) -> None:
    client.force_login(make_editor())
    post = withdraw(make_post())
    assert "Withdrawn on" in client.get(f"/preview/{post.pk}/").content.decode()
