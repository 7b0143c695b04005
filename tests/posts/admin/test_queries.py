"""The pages of the desk take few queries, whatever they hold: at most MOST, as was promised."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from alarmroom.desk import roles
from alarmroom.desk.models import Revision
from newsletter.models import IssuePost
from posts import commenting, reviewing
from posts.models import Post, Review
from tests.factories import (
    connect,
    make_author,
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_subscriber,
    make_tag,
)
from tests.posts.admin.desk import ADD, LIST, change, form, when
from tests.posts.admin.members import member, signed_in

pytestmark = pytest.mark.django_db

MOST = 15


def full_article(size: int, writer: User, editor: User, *, published: bool) -> Post:
    """An article with all that its page shows, `size` times each."""
    at = timezone.now() if published else None
    tags = [make_tag() for _ in range(size)]
    cover = make_image()
    post = make_post(published_at=at, tags=tags, cover=cover, cover_alt="The floor", owner=writer)
    for _ in range(size):
        connect(post, make_post())
        said = commenting.add(post, editor, "Who says so?")
        commenting.add(post, writer, "The sheriff.", thread=said.comment)
        submitted = reviewing.submit(post, writer, "Is it clear?")
        reviewing.decide(submitted, Review.Verdict.CHANGES, editor, "Shorten it.")
    return Post.objects.get(pk=post.pk)


def keep_back(client: Client, post: Post) -> None:
    """Change what readers do not see yet."""
    sent = form(title="Changed", slug=post.slug, author=post.author_id, cover=post.cover_id,
                tags=list(post.tags.values_list("pk", flat=True)), cover_alt="The floor",
                **when(post.published_at), _continue="1")  # fmt: skip
    assert client.post(change(post), sent).status_code == 302
    assert Revision.objects.of(post).filter(waits=True).exists()


def opens(client: Client, address: str, most: Any) -> str:
    client.get(address)  # What a process keeps is asked for once.
    with most(MOST):
        page = client.get(address)
    assert page.status_code == 200
    return page.content.decode()


@pytest.mark.parametrize("size", [1, 6])
@pytest.mark.parametrize("published", [True, False], ids=["published", "draft"])
def test_the_page_of_an_article(
    django_assert_max_num_queries: Any, size: int, published: bool
) -> None:
    editor, writer = make_editor(), member(roles.WRITER, "ruth")
    users = [editor, writer, member(roles.EDITOR, "dele"), member(roles.PUBLISHER, "mara")]
    clients = [signed_in(user) for user in users]
    post = full_article(size, writer, editor, published=published)
    for client in clients:
        opens(client, change(post), django_assert_max_num_queries)
    if published:
        keep_back(clients[0], post)
    reviewing.submit(post, writer, "Now?")
    for client in clients:
        page = opens(client, change(post), django_assert_max_num_queries)
        # What was measured was all there.
        assert page.count("The sheriff.") == size
        if client is clients[0]:
            assert ("Changes waiting" in page) == published


def test_a_chosen_author_and_cover_are_shown_though_nobody_asks_for_them(client: Client) -> None:
    client.force_login(make_editor())
    cover, author = make_image(), make_author(name="Dele Mara")
    post = make_post(author=author, cover=cover, published_at=None)
    fields = client.get(change(post)).context["adminform"].form
    assert f'<option value="{author.pk}" selected>Dele Mara</option>' in str(fields["author"])
    assert f'<option value="{cover.pk}" selected>{cover}</option>' in str(fields["cover"])
    assert '<option value=""' in str(fields["cover"])
    bare = make_post(published_at=None, cover=None)
    assert "selected" not in str(client.get(change(bare)).context["adminform"].form["cover"])


@pytest.mark.parametrize("query", ["dispacher", "zzqx", "dispatchers", '"dispatch center"', ""])
def test_the_list_of_articles(django_assert_max_num_queries: Any, query: str) -> None:
    make_post(title="For dispatchers", body="<p>The dispatch center.</p>", tags=[make_tag()])
    for client in (signed_in(make_editor()), signed_in(member(roles.EDITOR, "dele"))):
        opens(client, f"{LIST}?q={query}", django_assert_max_num_queries)


def test_the_other_pages(django_assert_max_num_queries: Any) -> None:
    image, post = make_image(), make_post(title="Night shift")
    post.cover, post.cover_alt = image, "A console"
    post.save()
    issue = make_issue()
    for position in range(6):
        IssuePost.objects.create(issue=issue, post=make_post(), position=position)
    reader = make_subscriber()
    for client in (signed_in(make_editor()), signed_in(member(roles.ADMINISTRATOR, "mara"))):
        for address in (
            ADD,
            f"/admin/posts/page/{make_page().pk}/change/",
            f"/admin/posts/image/{image.pk}/change/",
            f"/admin/posts/author/{post.author_id}/change/",
            f"/admin/newsletter/issue/{issue.pk}/change/",
            f"/admin/subscribers/subscriber/{reader.pk}/change/",
        ):
            opens(client, address, django_assert_max_num_queries)
