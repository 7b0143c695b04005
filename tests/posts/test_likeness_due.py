"""A change of the compared fields of an article marks it as due for a comparison.

Each article is taken fresh from the database and changed as an editor changes it.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from posts import likeness
from posts.merging import merge
from posts.models import Likeness, Post, Tag
from tests.factories import make_post, make_tag
from tests.posts.admin.desk import LIST, act, form, when

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def form_of(pk: int, **fields: Any) -> dict[str, Any]:
    """The form of an article as it stands in the database, with some fields changed."""
    post = Post.objects.get(pk=pk)
    return form(
        **{
            "title": post.title,
            "slug": post.slug,
            "summary": post.summary,
            "body": post.body,
            "author": post.author_id,
            "tags": [tag.pk for tag in post.tags.all()],
            **(when(post.published_at) if post.published_at else {}),
            **fields,
        }
    )


def stored_likenesses(pk: int) -> set[int]:
    """Compare everything that is due; return the articles stored as similar to this one."""
    likeness.compare_due()
    return set(Likeness.objects.filter(post=pk).values_list("other", flat=True))


def test_a_compared_draft_that_is_published_by_its_form_is_compared_again(
    desk: Client,
) -> None:
    fire = make_tag("Fire")
    other = make_post(tags=[fire]).pk
    draft = make_post(tags=[fire], published_at=None).pk
    assert stored_likenesses(draft) == set()
    response = desk.post(f"{LIST}{draft}/change/", form_of(draft, _publish="Publish now"))
    assert response.status_code == 302
    assert Post.objects.get(pk=draft).is_published
    assert stored_likenesses(draft) == {other}


@pytest.mark.parametrize(
    "edit", [{"title": "Sleep and the night shift"}, {"summary": "Sleep and the night shift."}]
)
def test_a_new_title_or_summary_is_compared(desk: Client, edit: dict[str, str]) -> None:
    other = make_post(title="The night shift and sleep", summary="Night shift: sleep.").pk
    post = make_post(title="Budgets", summary="Money.").pk
    assert stored_likenesses(post) == set()
    assert desk.post(f"{LIST}{post}/change/", form_of(post, **edit)).status_code == 302
    assert stored_likenesses(post) == {other}


def test_changed_topics_are_compared(desk: Client) -> None:
    fire = make_tag("Fire")
    other = make_post(title="Hydrants", summary="Water.", tags=[fire]).pk
    post = make_post(title="Budgets", summary="Money.").pk
    assert stored_likenesses(post) == set()
    assert desk.post(f"{LIST}{post}/change/", form_of(post, tags=[fire.pk])).status_code == 302
    assert stored_likenesses(post) == {other}
    assert desk.post(f"{LIST}{post}/change/", form_of(post, tags=[])).status_code == 302
    assert stored_likenesses(post) == set()


def test_withdrawing_and_restoring_an_article_compares_it_again(
    desk: Client,
) -> None:
    fire = make_tag("Fire")
    other = make_post(tags=[fire]).pk
    post = make_post(tags=[fire])
    assert stored_likenesses(post.pk) == {other}
    act(desk, "withdraw", post)
    assert stored_likenesses(other) == set()
    act(desk, "bring_back", post)
    assert stored_likenesses(other) == {post.pk}


CHANGES: dict[str, Callable[[Post, Tag], object]] = {
    "its topics are set": lambda post, tag: post.tags.set([tag]),
    "a topic is added": lambda post, tag: post.tags.add(tag),
    "its topics are cleared": lambda post, tag: post.tags.clear(),
    "it is added to a topic": lambda post, tag: tag.posts.add(post),
    "a topic loses its articles": lambda post, tag: post.tags.get().posts.clear(),
    "a topic is deleted": lambda post, tag: post.tags.get().delete(),
    "topics are deleted at once": lambda post, tag: Tag.objects.filter(posts=post).delete(),
    "its topic is merged": lambda post, tag: merge([post.tags.get().pk], tag.pk),
    "only its title is saved": lambda post, tag: post.save(update_fields=["title"]),
    "a list's row is saved": lambda post, tag: Post.objects.for_listing().get(pk=post.pk).save(),
    "titles are updated": lambda post, tag: Post.objects.filter(pk=post.pk).update(title="New"),
    "rows are updated in bulk": lambda post, tag: Post.objects.bulk_update([post], ["summary"]),
}


@pytest.mark.parametrize("how", CHANGES)
def test_every_change_of_compared_fields_marks_the_article_as_due(how: str) -> None:
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    post, other = make_post(tags=[fire]).pk, make_post().pk
    likeness.compare_due()
    CHANGES[how](Post.objects.get(pk=post), blaze)
    assert Post.objects.get(pk=post).likeness_due
    assert not Post.objects.get(pk=other).likeness_due


def test_a_change_of_other_fields_marks_nothing_as_due() -> None:
    post = make_post().pk
    likeness.compare_due()
    found = Post.objects.get(pk=post)
    found.cover_credit = "A. Photographer"
    found.save(update_fields=["cover_credit"])
    Post.objects.filter(pk=post).update(cover_credit="", revised_at=timezone.now())
    assert not Post.objects.get(pk=post).likeness_due


def test_topics_changed_during_the_comparison_mark_the_article_as_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fire = make_tag("Fire")
    other, post = make_post(tags=[fire]).pk, make_post().pk
    compared = likeness.Compared

    def tagged_meanwhile(*found: Any) -> likeness.Compared:
        monkeypatch.setattr(likeness, "Compared", compared)
        Post.objects.get(pk=post).tags.add(fire)
        return compared(*found)

    monkeypatch.setattr(likeness, "Compared", tagged_meanwhile)
    likeness.compare(post)
    assert Post.objects.get(pk=post).likeness_due
    assert stored_likenesses(post) == {other}
