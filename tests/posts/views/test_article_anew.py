"""An article's page under an address that is not kept: rendered anew, and never of yesterday.

Words are remembered by the rows they were made of, so each change below is written past
every signal, as another host does it: nothing but the row can tell.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from posts.models import Author, Post, RelatedPost, Tag
from posts.models.image import Image
from posts.views import lists
from tests.factories import connect, make_author, make_image, make_post, make_tag, with_copies

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.fixture
def post(settings: Settings) -> Post:
    settings.KEPT_PAGES_SECONDS = 300
    author = make_author(name="Ruth Hale", slug="ruth", role="Editor", photo=make_image())
    post = make_post(
        title="Night shift",
        slug="night-shift",
        author=author,
        cover=with_copies(make_image()),
        cover_alt="A console",
        tags=[make_tag("Fire")],
    )
    long_ago = timezone.now() - timedelta(days=9)
    connect(post, make_post(title="Picked", author=author, published_at=long_ago))
    return post


def page(client: Client) -> str:
    answer = client.get("/articles/night-shift/?from=a-friend")
    assert answer.status_code == 200
    return answer.content.decode()


def past_the_signals(model: type, **changes: object) -> Callable[[], object]:
    # As SQL of somebody else's: not PostQuerySet.update(), which tells who is to be dropped.
    return lambda: model._base_manager.update(**changes)  # type: ignore[attr-defined]  # a model


CHANGES = {
    "title": (past_the_signals(Post, title="Day & night"), "Day &amp; night"),
    "summary": (past_the_signals(Post, summary="Another dek."), "Another dek."),
    "body": (past_the_signals(Post, body="<p>New words.</p>"), "<p>New words.</p>"),
    "cover text": (past_the_signals(Post, cover_alt="A headset"), 'alt="A headset"'),
    "cover": (past_the_signals(Image, focal_x=90), "focus-x9"),
    "author": (past_the_signals(Author, name="R. Hale"), "R. Hale"),
    "role": (past_the_signals(Author, role="Chief"), "Chief"),
    "tag": (past_the_signals(Tag, name="Smoke"), "Smoke"),
    "tag's address": (past_the_signals(Tag, slug="smoke"), "/tags/smoke/"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_shows_at_once(client: Client, post: Post, what: str) -> None:
    change, shown = CHANGES[what]
    assert shown not in page(client)
    assert shown not in page(client)
    change()
    assert shown in page(client)


def test_a_card_shows_what_its_post_says_now(client: Client, post: Post) -> None:
    assert "Picked" in page(client)
    picked = Post._base_manager.filter(title="Picked")
    picked.update(title="Dropped & found")
    assert "Dropped &amp; found" in page(client)
    RelatedPost.objects.all().delete()
    Post._base_manager.filter(title="Dropped & found").update(published_at=None)
    assert "Dropped" not in page(client)


def test_the_next_article_is_linked_while_there_is_one(client: Client, post: Post) -> None:
    assert "Zebra" not in page(client)
    make_post(title="Zebra", author=post.author, published_at=timezone.now())
    assert "Zebra" in page(client)
    Post._base_manager.filter(title="Zebra").update(published_at=timezone.now() + timedelta(days=1))
    assert "Zebra" not in page(client)


def test_what_did_not_change_is_not_made_again(
    client: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(client)
    monkeypatch.setattr(lists, "page_context", lambda *_: pytest.fail("Made again."))
    page(client)


def test_a_body_that_waits_for_its_pictures_is_looked_at_each_time(
    client: Client, post: Post
) -> None:
    image = make_image()
    post.body = f'<p><img src="{image.file.url}" alt="A map"></p>'
    post.save()
    assert "<picture>" not in page(client).split('class="prose e-content"')[1].split("</div>")[0]
    Image.objects.filter(pk=image.pk).update(renditions=with_copies(image).renditions)
    assert "<picture>" in page(client).split('class="prose e-content"')[1].split("</div>")[0]


def test_it_takes_three_queries(
    client: Client, post: Post, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page(client)
    for _ in range(2):
        with django_assert_num_queries(3):
            page(client)
