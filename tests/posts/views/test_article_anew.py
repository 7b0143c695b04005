"""An article at an address that is not kept is rendered for each request, from current rows.

The process remembers rendered articles by the rows they were made from. The changes below are
written without signals, as another host would write them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from alarmroom.stencil import BoundStencil, Stencil
from posts.models import Author, Correction, Post, RelatedPost, Tag
from posts.models.image import Image
from posts.views import article_values
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


def update_without_signals(model: type, **changes: object) -> Callable[[], object]:
    # Not PostQuerySet.update(), which drops kept pages.
    return lambda: model._base_manager.update(**changes)  # type: ignore[attr-defined]  # a model


CHANGES = {
    "title": (update_without_signals(Post, title="Day & night"), "Day &amp; night"),
    "search title": (update_without_signals(Post, search_title="Nights"), "<title>Nights · "),
    "summary": (update_without_signals(Post, summary="Another dek."), "Another dek."),
    "body": (update_without_signals(Post, body="<p>New words.</p>"), "<p>New words.</p>"),
    "cover text": (update_without_signals(Post, cover_alt="A headset"), 'alt="A headset"'),
    "cover": (update_without_signals(Image, focal_x=90), "focus-x9"),
    "author": (update_without_signals(Author, name="R. Hale"), "R. Hale"),
    "role": (update_without_signals(Author, role="Chief"), "Chief"),
    "tag": (update_without_signals(Tag, name="Smoke"), "Smoke"),
    "tag's address": (update_without_signals(Tag, slug="smoke"), "/tags/smoke/"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_a_row_is_shown_at_once(client: Client, post: Post, what: str) -> None:
    change, shown = CHANGES[what]
    assert shown not in page(client)
    assert shown not in page(client)
    change()
    assert shown in page(client)


def test_another_first_topic_stands_first_at_once(client: Client, post: Post) -> None:
    post.tags.add(night := make_tag("Night", slug="night"))
    assert re.findall(r'href="/tags/([^/]*)/"', page(client))[:2] == ["fire", "night"]
    Post._base_manager.update(first_topic=night)
    assert re.findall(r'href="/tags/([^/]*)/"', page(client))[:2] == ["night", "fire"]


def test_a_correction_is_shown_and_gone_at_once(client: Client, post: Post) -> None:
    assert "Corrected" not in page(client)
    Correction.objects.bulk_create([Correction(post=post, text="It was <i>four</i>.", key="k")])
    assert "It was &lt;i&gt;four&lt;/i&gt;." in page(client)
    Correction.objects.update(text="It was five.")
    assert "It was five." in page(client)
    Correction.objects.update(taken_back_at=timezone.now())
    assert "Corrected" not in page(client)


def test_a_card_shows_the_current_row(client: Client, post: Post) -> None:
    assert "Picked" in page(client)
    picked = Post._base_manager.filter(title="Picked")
    picked.update(title="Dropped & found")
    assert "Dropped &amp; found" in page(client)
    RelatedPost.objects.all().delete()
    Post._base_manager.filter(title="Dropped & found").update(published_at=None)
    assert "Dropped" not in page(client)


def test_the_next_article_is_linked_only_while_it_is_published(client: Client, post: Post) -> None:
    assert "Zebra" not in page(client)
    make_post(title="Zebra", author=post.author, published_at=timezone.now())
    assert "Zebra" in page(client)
    Post._base_manager.filter(title="Zebra").update(published_at=timezone.now() + timedelta(days=1))
    assert "Zebra" not in page(client)


def test_an_unchanged_article_is_not_rendered_again(
    client: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[Stencil] = []
    bind = Stencil.bind

    def counted(stencil: Stencil, context: Mapping[str, Any]) -> BoundStencil:
        rendered.append(stencil)
        return bind(stencil, context)

    monkeypatch.setattr(Stencil, "bind", counted)
    page(client)
    page(client)
    assert rendered.count(article_values.PAGE) == 1
    Post._base_manager.filter(pk=post.pk).update(title="Day shift")
    page(client)
    assert rendered.count(article_values.PAGE) == 2


def test_a_body_without_copies_is_rendered_each_time(client: Client, post: Post) -> None:
    image = make_image()
    fresh = Post.objects.get(pk=post.pk)
    fresh.body = f'<p><img src="{image.file.url}" alt="A map"></p>'
    fresh.save()
    assert "<picture>" not in page(client).split('class="prose e-content"')[1].split("</div>")[0]
    Image.objects.filter(pk=image.pk).update(renditions=with_copies(image).renditions)
    assert "<picture>" in page(client).split('class="prose e-content"')[1].split("</div>")[0]


def test_the_page_takes_three_queries(
    client: Client, post: Post, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page(client)
    for _ in range(2):
        with django_assert_num_queries(3):
            page(client)
